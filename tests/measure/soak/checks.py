"""Holds what a job left against what a run without faults made."""
import csv
from collections import Counter
from dataclasses import dataclass, field

from soak import inputs


@dataclass
class Findings:
    lost: list = field(default_factory=list)
    doubled: list = field(default_factory=list)
    wrong: list = field(default_factory=list)

    def any(self):
        return bool(self.lost or self.doubled or self.wrong)

    def all(self):
        return [f"{name}: {one}" for name in ("lost", "doubled", "wrong") for one in getattr(self, name)]


def compare(found, expected, findings):
    """`found`: (key, result) pairs, result None for an error; `expected`: one result a key."""
    times, results = Counter(), {}
    for key, result in found:
        times[key] += 1
        results[key] = result
    for key, result in expected.items():
        if key not in results or (results[key] is None and result is not None):
            findings.lost.append(f"{key}: {'an error' if key in results else 'nothing'} in place of a result")
        elif results[key] != result:
            findings.wrong.append(f"{key}: {short(results[key])} in place of {short(result)}")
    findings.doubled += [f"{key}: {count} records" for key, count in times.items() if count > 1]
    findings.wrong += [f"{key}: a record that nobody asked for" for key in times if key not in expected]


def short(result):
    return "an error" if result is None else repr(result)[:100]


def only(folder, expected, findings):
    """That nothing else lies there: no half file, no temporary one."""
    for path in sorted(folder.iterdir()):
        if path.name not in expected:
            findings.wrong.append(f"{path.name}: left in {folder.name}/")


def captions(job, findings):
    out = job.folder / "out"
    lines = inputs.records(out / "c.jsonl")
    compare([(record["key"], inputs.caption_of(record)) for record in lines], job.expected, findings)
    if job.table and lines:
        path = out / "c.csv"
        rows = []
        if path.exists():
            with open(path, newline="", encoding="utf-8") as file:
                rows = list(csv.DictReader(file))
        if sorted(row["key"] for row in rows) != sorted(record["key"] for record in lines):
            findings.wrong.append(f"c.csv: {len(rows)} rows in place of the {len(lines)} of c.jsonl")
    only(out, {"c.jsonl"} | ({"c.csv"} if job.table else set()), findings)
    sidecars = {}
    if job.sidecars:
        for key, result in job.expected.items():
            if key.startswith("in/") and result is not None:
                sidecars[key[3:].rsplit(".", 1)[0] + ".txt"] = result[0]
        for name, text in sidecars.items():
            path = job.folder / "in" / name
            found = path.read_text().rstrip("\n") if path.exists() else None
            if found != text:
                findings.wrong.append(f"in/{name}: {found!r} in place of {text!r}")
    only(job.folder / "in", set(job.names) | set(sidecars), findings)


def whole_images(folder):
    """What is no whole image there, under an image's name."""
    return [path.name for path in folder.glob("*.png") if inputs.pixels(path.read_bytes()) is None]


def images(job, findings):
    out = job.folder / "out"
    lines = inputs.records(out / "janus-records.jsonl")
    found = []
    for record in lines:
        path = out / record["output"].rsplit("/", 1)[1]
        found.append((path.name, None if "error" in record or not path.exists() else inputs.pixels(path.read_bytes())))
    compare(found, job.expected, findings)
    only(out, {"janus-records.jsonl"} | {name for name, image in job.expected.items() if image is not None}, findings)


def vectors(job, findings):
    out = job.folder / "out"
    try:
        found, more = inputs.vectors(out)
    except (ValueError, KeyError, IndexError) as fault:
        findings.wrong.append(f"e.npy or e.jsonl: {fault!r}")
        return
    compare(list(found.items()), job.expected, findings)
    if more:
        findings.doubled.append(f"e.jsonl: {more} records of keys that have one")
    only(out, {"e.jsonl", "e.npy"} if job.form == "npy" else {"e.jsonl"}, findings)
