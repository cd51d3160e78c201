"""Counts what happened, and tells it."""
import statistics
import threading
import time
from collections import Counter, defaultdict

MOST_GROWTH = 0.05  # of the server's memory, under a load that stays the same, in a life of ten minutes or more
MUST_BE_NONE = ["lost", "doubled", "wrong", "signals", "hung"]


class Tally:
    def __init__(self):
        self.lock = threading.Lock()
        self.counts = defaultdict(Counter)  # kind of job -> what -> how often
        self.faults = defaultdict(Counter)  # kind of job -> kind of fault -> how often
        self.peaks = defaultdict(list)  # kind of job -> of memory, bytes, in order
        self.lives, self.problems, self.replies = [], [], Counter()

    def problem(self, column, job, text, kind=None, times=1):
        kind = kind or job.kind
        with self.lock:
            self.counts[kind][column] += times
            self.problems.append(f"{column}: {text}" if job is None else f"{column}: {job.folder.name}: {text}")
            print(f"  {time.strftime('%H:%M:%S')} {self.problems[-1]}", flush=True)

    def wrong(self, job, text, kind=None):
        self.problem("wrong", job, text, kind)

    def signal(self, job, text, kind=None):
        self.problem("signals", job, text, kind)

    def hung(self, job, text, kind=None):
        self.problem("hung", job, text, kind)

    def fault(self, kind, name):
        with self.lock:
            self.faults[kind][name] += 1

    def run(self, job, fault, ended):
        with self.lock:
            self.counts[job.kind]["runs"] += 1
            if fault.kind != "none":
                self.faults[job.kind][fault.kind] += 1
            elif not ended.hung:  # of whole runs alone, as a killed one has not taken all that it takes
                self.peaks[job.kind].append(ended.peak)

    def done(self, job, findings):
        with self.lock:
            self.counts[job.kind]["jobs"] += 1
        for column in ("lost", "doubled", "wrong"):
            if found := getattr(findings, column):
                more = f"; and {len(found) - 3} more" if len(found) > 3 else ""
                self.problem(column, job, "; ".join(found[:3]) + more, times=len(found))

    def life(self, samples):
        with self.lock:
            self.counts["serve"]["jobs"] += 1
            self.lives.append(samples)

    def failed(self):
        return any(counts[column] for counts in self.counts.values() for column in MUST_BE_NONE)

    def memory(self, kind):
        """At the start and at the end, bytes: medians of the first and the last fifth."""
        if kind == "serve":
            windows = life_windows(max(self.lives, key=lambda samples: samples[-1][0] if samples else 0, default=[]))
            return windows and (windows[0], windows[1])
        peaks = self.peaks[kind]
        fifth = max(1, len(peaks) // 5)
        return peaks and (statistics.median(peaks[:fifth]), statistics.median(peaks[-fifth:]))


def life_windows(samples):
    """Medians of resident bytes, descriptors and threads from 0.2 to 0.4 and from 0.8 to 1 of a life, and its
    seconds."""
    if len(samples) < 10:
        return None
    seconds = samples[-1][0]

    def median(column, low, high):
        return statistics.median(sample[column] for sample in samples if low <= sample[0] / seconds <= high)

    early, late = ([median(column, *window) for column in (1, 2, 3)] for window in ((0.2, 0.4), (0.8, 1.0)))
    return early[0], late[0], early[1:], late[1:], seconds


class Series:
    """Memory over time, as CSV."""

    def __init__(self, path):
        self.file, self.lock, self.began = open(path, "w", buffering=1), threading.Lock(), time.monotonic()
        self.file.write("seconds,kind,process,resident_bytes,descriptors,threads\n")

    def add(self, kind, process, resident, descriptors, threads):
        with self.lock:
            self.file.write(f"{time.monotonic() - self.began:.1f},{kind},{process},{resident},{descriptors},{threads}\n")


def print_table(tally, seconds):
    """Returns whether all held."""
    print(f"\n{seconds / 60:.1f} minutes; of serve, jobs are the server's lives and runs the replies held against the "
          f"commands' own; memory of jobs is the median peak of their whole runs\n")
    columns = ["jobs", "runs", "faults", *MUST_BE_NONE]
    print("| kind     |" + "".join(f" {column:>7} |" for column in columns) + " memory start, end |")
    print("|" + "-" * 10 + "|" + "--------:|" * len(columns) + "------------------:|")
    tally.counts["serve"]["runs"] = tally.replies["answers"] + tally.replies["images"]
    for kind in ("caption", "generate", "embed", "serve"):
        counts = tally.counts[kind]
        counts["faults"] = tally.faults[kind].total() + (
            sum(tally.replies[name] for name in ("vanished", "stalled", "rubbish")) if kind == "serve" else 0)
        memory = tally.memory(kind)
        told = f"{memory[0] / 1e6:.1f}, {memory[1] / 1e6:.1f} MB" if memory else "-"
        print(f"| {kind:8} |" + "".join(f" {counts[column]:7} |" for column in columns) + f" {told:>17} |")
    for kind, faults in tally.faults.items():
        print(f"faults of {kind}: " + ", ".join(f"{count} {name}" for name, count in sorted(faults.items())))
    if tally.replies:
        print("clients: " + ", ".join(f"{count} {name}" for name, count in sorted(tally.replies.items())))
    held = not tally.failed()
    for at, samples in enumerate(tally.lives):
        if (windows := life_windows(samples)) is None:
            continue
        early, late, few, more, length = windows
        grown = late / early - 1
        print(f"server {at + 1}, {length:.0f} s: {early / 1e6:.1f} MB, {few[0]:.0f} descriptors, {few[1]:.0f} threads early; "
              f"{late / 1e6:.1f} MB, {more[0]:.0f}, {more[1]:.0f} late: {100 * grown:+.2f} %")
        if length >= 600 and grown > MOST_GROWTH:
            print(f"  expected {100 * MOST_GROWTH:.0f} % at most")
            held = False
    return held
