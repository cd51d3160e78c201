"""The jobs: a command over inputs of its own, run again and again under faults until it is done."""
import shutil
from pathlib import Path

from soak import checks, faults, inputs, program


class Job:
    """`disk`: a small file system of the job's own, or None; `clocks`: whether clocks can be set."""
    spared = set()  # kinds of faults that mean nothing to it

    def __init__(self, janus, made, folder, disk, clocks, rng):
        self.janus, self.made, self.folder, self.disk, self.clocks, self.rng = janus, made, Path(folder), disk, clocks, rng
        self.to_write = False
        self.folder.mkdir(parents=True)
        self.prepare()
        (self.folder / "out").mkdir()

    def choose_pictures(self):
        """Some of the pictures, all of the broken ones among them, and the archives in one of two jobs."""
        good = [name for name in self.made.pictures if not name.startswith("broken")]
        broken = [name for name in self.made.pictures if name.startswith("broken")]
        self.names = self.rng.sample(good, self.rng.randint(8, len(good))) + broken
        inputs.write_pictures(self.made, self.names, self.folder)
        self.of = ["in"]
        if self.rng.random() < 0.5:
            inputs.write_archives(self.made, self.folder)
            self.of += self.made.archives

    def expected_of(self, results):
        return {key: result for key, result in results.items()
                if key.split("/")[0] in self.of and (not key.startswith("in/") or key[3:] in self.names)}

    def good_files(self):
        return [self.folder / "in" / name for name in self.names if not name.startswith("broken")]

    def options(self):
        return ["-q", "-t", str(self.rng.choice([1, 2]))]

    def check(self):
        findings = checks.Findings()
        if (self.folder / "out").exists():
            self.hold_up(findings)
        else:
            findings.lost += list(self.expected)
        return findings

    def complete(self):
        return not self.check().lost

    def seconds(self):
        """What a run takes alone, from what it has still to do."""
        return 0.1 + self.made.seconds[self.kind] * len(self.check().lost)

    def begin_anew(self):
        """Before the folder of the outputs goes: where a run makes all of them, those of an earlier one go first."""

    def forget(self):
        """After the folder of the outputs has gone, what else tells that something was done."""


class Caption(Job):
    kind = "caption"

    def prepare(self):
        self.choose_pictures()
        self.expected = self.expected_of(self.made.captions)
        # Members of archives have no place for a file beside them.
        self.sidecars, self.table = len(self.of) == 1 and self.rng.random() < 0.7, self.rng.random() < 0.3
        self.command = [self.janus, "caption", *self.of, "-o", "out/c.jsonl", "-b", str(self.rng.choice([1, 4, 7])),
                        *(["--sidecar", ".txt"] if self.sidecars else []), *(["--csv", "out/c.csv"] if self.table else []),
                        *self.options()]

    def hold_up(self, findings):
        checks.captions(self, findings)

    def forget(self):
        # A picture with a sidecar and no record is passed over: someone may have written it by hand.
        for path in (self.folder / "in").glob("*.txt"):
            path.unlink()


class Generate(Job):
    kind = "generate"
    spared = {"inputs"}  # its list is read at once

    def prepare(self):
        lines = self.rng.sample(self.made.prompts[:-1], self.rng.randint(6, len(self.made.prompts) - 1))
        lines.insert(self.rng.randrange(len(lines)), self.made.prompts[-1])
        inputs.write_prompts(lines, self.folder)
        self.expected = {line["output"]: self.made.images[line["output"]] for line in lines}
        self.command = [self.janus, "generate", "--prompts", "prompts.jsonl", "-o", "out/", *self.options()]

    def good_files(self):
        return [self.folder / "prompts.jsonl"]

    def hold_up(self, findings):
        checks.images(self, findings)


class Embed(Job):
    kind = "embed"

    def prepare(self):
        self.choose_pictures()
        self.expected = self.expected_of(self.made.vectors)
        self.form = self.rng.choice(["npy", "jsonl"])
        self.command = [self.janus, "embed", *self.of, "-o", f"out/e.{self.form}", "--pool", "mean",
                        "-b", str(self.rng.choice([1, 4, 7])), *self.options()]

    def hold_up(self, findings):
        checks.vectors(self, findings)

    def seconds(self):
        return 0.1 + self.made.seconds[self.kind] * len(self.expected)

    def begin_anew(self):
        for path in (self.folder / "out").iterdir():
            path.unlink()


KINDS = [Caption, Generate, Embed]
MOST_KEPT = 20  # failed jobs


def told(errors):
    """Whether standard error has a line about anything but the broken inputs."""
    return any(line.startswith("janus: ") and "broken" not in line and "cut.tar" not in line
               for line in errors.splitlines())


def judge(job, fault, ended, tally):
    """What is wrong with the end of a run, before the fault is put right."""
    how = f"after {fault.kind}, {fault.name}: {program.ending(ended.code)}, {ended.errors[-200:]!r}"
    if ended.hung:
        tally.hung(job, f"no end in {program.PATIENCE} s {how}")
    elif ended.code < 0 and ended.code not in fault.codes:
        tally.signal(job, how)
    elif ended.code == 127 and fault.kind == "disk" and "loading shared libraries" in ended.errors:
        pass  # the system could not even start it
    elif ended.code not in faults.DONE | fault.codes:
        tally.wrong(job, f"exit code {how}")
    elif ended.code == 1 and not ended.errors.rstrip("\n").split("\n")[-1].startswith("janus: "):
        tally.wrong(job, f"no line that says why {how}")
    out = job.folder / "out"
    if job.kind == "generate" and out.exists():
        for name in checks.whole_images(out):
            tally.wrong(job, f"{name}: half an image {how}")
    if ended.code in faults.DONE:
        unseen = fault.kind in ("kill", "clock", "none") or (fault.kind == "folders" and job.to_write)
        if unseen and not job.complete() and not told(ended.errors):
            tally.wrong(job, f"done as it says, and {len(job.check().lost)} results are not there {how}")


def carry_out(job, kinds, tally, log, stopping):
    """Runs the job under up to nine faults, then without, and checks it."""
    for _ in range(job.rng.randint(2, 9)):
        if stopping():
            break
        fault = faults.draw(job, kinds, job.rng)
        job.to_write = False
        expected_seconds = job.seconds()
        fault.before()
        ended = program.run([*fault.wrap, *job.command], job.folder, fault.strike, job.rng.uniform(0, 1.1) * expected_seconds)
        judge(job, fault, ended, tally)
        fault.mend()
        tally.run(job, fault, ended)
        log(job, fault, ended)
    ended = program.run(job.command, job.folder)
    log(job, faults.none(), ended)
    tally.run(job, faults.none(), ended)
    judge(job, faults.none(), ended, tally)
    broken = any(result is None for result in job.expected.values())
    if ended.code != (3 if broken else 0):
        tally.wrong(job, f"exit code of the last run: {program.ending(ended.code)}, {ended.errors[-300:]!r}")
    findings = job.check()
    tally.done(job, findings)
    return findings


def keep(job, findings, folder):
    """Puts a failed job aside with what is wrong with it: of the first ones."""
    if len(list(folder.glob("failed-*"))) >= MOST_KEPT:
        return
    target = folder / f"failed-{job.folder.name}"
    shutil.copytree(job.folder, target, symlinks=True)
    (target / "findings.txt").write_text("\n".join([" ".join(job.command), *findings.all()]) + "\n")
