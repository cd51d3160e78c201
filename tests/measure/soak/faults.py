"""What befalls a run of a job. Each fault is put right afterwards, so that the job can be gone on with."""
import os
import random
import resource
import shutil
import signal
import subprocess
import time
from dataclasses import dataclass
from typing import Callable

KINDS = ["kill", "disk", "inputs", "clients", "folders", "clock"]
DONE = {0, 3}


@dataclass
class Fault:
    kind: str
    name: str
    codes: set  # that a run may end with beside DONE
    before: Callable = lambda: None
    wrap: tuple = ()  # put before the command
    strike: Callable = None  # of the process, while it runs
    mend: Callable = lambda: None  # once it has ended


def none():
    return Fault("none", "none", set())


def catches(process, which):
    """Whether the process has a handler for the signal by now."""
    with open(f"/proc/{process.pid}/status") as file:
        caught = [int(line.split()[1], 16) for line in file if line.startswith("SigCgt:")]
    return any(mask >> (which - 1) & 1 for mask in caught)


def kill(job, rng):
    which = rng.choice([signal.SIGKILL, signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
    codes = {-which, 128 + which}

    def act(process):
        if catches(process, which):  # else the program has hardly begun
            codes.remove(-which)
        os.kill(process.pid, which)

    return Fault("kill", which.name, codes, strike=act)


def limited(option, value, name):
    return Fault("disk", name, {1}, wrap=("sh", "-c", f'ulimit -{option} "$0"; exec "$@"', str(value)))


def fill(job, rng):
    """Fills the job's disk, a small one of its own, but for a few pages, from the start or while it runs."""
    ballast = job.disk / "ballast"

    def act(process=None):
        with open(ballast, "wb", buffering=0) as file:
            try:
                while True:
                    file.write(bytes(4096))
            except OSError:
                pass
            file.truncate(max(0, file.tell() - 4096 * rng.choice([0, 1, 2, 4, 16])))

    return Fault("disk", "no space", {1}, mend=lambda: ballast.unlink(missing_ok=True),
                 **({"before": act} if rng.random() < 0.3 else {"strike": act}))


def disk(job, rng):
    choice = rng.random()
    if job.disk and choice < 0.5:
        return fill(job, rng)
    if choice < 0.75:
        return limited("f", rng.choice([1, 2, 4, 8, 16, 32]), "file size")
    if choice < 0.9:
        return limited("n", rng.randint(8, 20), "open files")
    # The files that it has open by then stay open.
    return Fault("disk", "open files later", {1}, strike=lambda process: resource.prlimit(
        process.pid, resource.RLIMIT_NOFILE, (rng.randint(3, 8),) * 2))


def inputs(job, rng):
    """Pictures go away, are cut short or are replaced while the job runs, and come back."""
    if rng.random() < 0.2:
        away = job.folder / "in-away"
        return Fault("inputs", "folder gone", {1}, strike=lambda process: (job.folder / "in").rename(away),
                     mend=lambda: away.exists() and away.rename(job.folder / "in"))
    name = rng.choice(["gone", "cut", "replaced"])
    files = rng.sample(job.good_files(), min(4, len(job.good_files())))
    contents = {path: path.read_bytes() for path in files}
    other = rng.choice(list(contents.values()))

    def put(path, data):
        new = path.with_name("." + path.name)
        new.write_bytes(data)
        new.replace(path)

    def act(process):
        for path in files:
            if name == "gone":
                path.unlink()
            elif name == "cut":
                os.truncate(path, path.stat().st_size // 2)
            else:
                put(path, other)

    def mend():
        for path, data in contents.items():
            put(path, data)

    return Fault("inputs", name, {1}, strike=act, mend=mend)


def folders(job, rng):
    """The folder of the outputs is removed, renamed or emptied while the job runs."""
    name = rng.choice(["removed", "renamed", "emptied"])
    out, away = job.folder / "out", job.folder / "out-away"

    def act(process):
        # What is missing while the process stands still has to be written afterwards, and there is no place for it.
        os.kill(process.pid, signal.SIGSTOP)
        while os.waitid(os.P_PID, process.pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT | os.WNOHANG) is None:
            time.sleep(0.001)
        job.to_write = not job.complete()
        if out.exists():
            if name == "renamed":
                out.rename(away)
            else:
                shutil.rmtree(out)
                if name == "emptied":
                    out.mkdir()
        os.kill(process.pid, signal.SIGCONT)

    def mend():
        if away.exists():
            shutil.rmtree(out, ignore_errors=True)
            away.rename(out)
        elif name != "renamed":
            job.forget()
        out.mkdir(exist_ok=True)

    return Fault("folders", name, {1}, before=job.begin_anew, strike=act, mend=mend)


def time_namespace():
    """Whether the clocks of a process can be set."""
    try:
        return subprocess.run(["unshare", "--time", "--monotonic", "100000", "--boottime", "100000", "true"],
                              capture_output=True).returncode == 0
    except OSError:
        return False


def clock(job, rng):
    """Times of change in the future and long ago; where that may be set, another time since the start, too."""
    def before():
        files = rng.sample(job.good_files(), min(6, len(job.good_files())))
        for path in files + [path for path in (job.folder / "out").iterdir() if path.is_file()]:
            when = rng.choice([0, 315532800, time.time() - 86400, time.time() + 3600, time.time() + 10 * 365 * 86400])
            os.utime(path, (when, when))

    wrap = ()
    if job.clocks and rng.random() < 0.5:
        uptime = time.clock_gettime(time.CLOCK_BOOTTIME)
        offset = rng.choice([-int(min(uptime, time.monotonic()) / 2), 3600, 10 ** 8])
        wrap = ("unshare", "--time", "--monotonic", str(offset), "--boottime", str(offset))
    return Fault("clock", "time since start" if wrap else "times of files", set(), before=before, wrap=wrap)


MAKERS = {"kill": kill, "disk": disk, "inputs": inputs, "folders": folders, "clock": clock}


def draw(job, kinds, rng: random.Random):
    # Kills twice as often as any other.
    kinds = [kind for kind in kinds if kind in MAKERS and kind not in job.spared]
    if not kinds:
        return none()
    return MAKERS[rng.choice(kinds + [kind for kind in kinds if kind == "kill"])](job, rng)
