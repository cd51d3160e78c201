"""Soaks the program: jobs and a server, on the built-in janus-tiny, that faults befall at random. Needs nothing but
Python, on Linux.

    soak.py build/release/bin/janus [--minutes 5] [--seed N] [--folder DIR] [--faults kill,disk,inputs,clients,folders,clock]

Two jobs at a time - `caption`, `generate --prompts`, `embed`, over inputs made for them - run under faults, are started
again with the same command until they are done, and are then held against a run without faults: each good input has one
good record (none lost, none doubled), with the same text or pixels or numbers, each broken one an error; no temporary or
half file is left; exit codes are those of the documents. Beside them a server answers clients, some of which go away,
stall or send rubbish; it is ended now and then.

    kill     SIGKILL, SIGTERM, SIGHUP, SIGINT
    disk     no space (on a file system of the soak's own, where it may mount one), files that may not grow, no descriptors
    inputs   pictures and their folder go away, are cut short or replaced during a run, and come back
    clients  of the server: they go away at any moment, stall, send rubbish
    folders  the folder of the outputs is removed, renamed or emptied during a run
    clock    files from the future and from long ago; another time since the start, where that may be set

Ends with a table, and with 1 if anything was lost, doubled or wrong, or ended by a signal that nobody sent. DIR holds
soak.log (each run), memory.csv (the server over time) and what a job left in which anything was wrong.
"""
import argparse
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import traceback
from pathlib import Path

from soak import faults, inputs, jobs, program, report, server

WORKERS = 2
SAMPLES = Path(__file__).resolve().parent.parent.parent / "samples" / "pictures"
DISK = "16m"


class Worker:
    """Does one job after the other."""

    def __init__(self, number, arguments, made, clocks, tally, log_file):
        self.number, self.arguments, self.made, self.clocks, self.tally, self.log_file = \
            number, arguments, made, clocks, tally, log_file
        self.rng = random.Random(arguments.seed * 1000 + number)
        self.folder = arguments.folder / f"worker-{number}"
        self.folder.mkdir()
        self.disk = None
        # A file system of its own can be filled without harm.
        if "disk" in arguments.faults and os.geteuid() == 0 and subprocess.run(
                ["mount", "-t", "tmpfs", "-o", f"size={DISK}", "janus-soak", self.folder], capture_output=True).returncode == 0:
            self.disk = self.folder

    def log(self, job, fault, ended):
        self.log_file.write(f"{time.strftime('%H:%M:%S')} {job.folder.name}: {fault.kind}, {fault.name}: "
                            f"{program.ending(ended.code)} after {ended.seconds:.2f} s; {' '.join(job.command[1:])}\n")

    def run(self, stopping):
        try:
            number = 0
            while not stopping():
                kind = jobs.KINDS[(self.number + number) % len(jobs.KINDS)]
                job = kind(self.arguments.program, self.made, self.folder / f"{kind.kind}-{self.number}-{number}", self.disk,
                           self.clocks, self.rng)
                number += 1
                findings = jobs.carry_out(job, self.arguments.faults, self.tally, self.log, stopping)
                if findings.any():
                    jobs.keep(job, findings, self.arguments.folder)
                shutil.rmtree(job.folder)
        except Exception:  # a soak that breaks off has shown nothing
            self.tally.problem("hung", None, f"soak.py itself: {traceback.format_exc()}", kind="caption")

    def close(self):
        if self.disk:
            subprocess.run(["umount", self.folder], check=True)
        shutil.rmtree(self.folder)


def kinds_of(text):
    kinds = text.split(",") if text else []
    if unknown := [kind for kind in kinds if kind not in faults.KINDS]:
        raise argparse.ArgumentTypeError(f"expected some of {','.join(faults.KINDS)}, found {','.join(unknown)}")
    return kinds


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program", type=lambda path: str(Path(path).resolve()))
    parser.add_argument("--minutes", type=float, default=5)
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 31), help="of what is drawn at random (default: random)")
    parser.add_argument("--folder", type=Path, help="an empty folder for all files (default: below the temporary one)")
    parser.add_argument("--faults", type=kinds_of, default=faults.KINDS, help="kinds of faults (default: all)")
    arguments = parser.parse_args()
    if arguments.folder is None:
        arguments.folder = Path(tempfile.mkdtemp(prefix="janus-soak-"))
    arguments.folder = arguments.folder.resolve()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    if any(arguments.folder.iterdir()):
        sys.exit(f"soak: {arguments.folder}: expected an empty folder")

    os.nice(10)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    interrupted = threading.Event()
    # What a handler takes has its default in what is started here; what nohup or a shell had ignored would stay so.
    for which in (signal.SIGINT, signal.SIGTERM):
        signal.signal(which, lambda number, frame: interrupted.set())
    signal.signal(signal.SIGHUP, lambda number, frame: None)

    print(f"soak: seed {arguments.seed}, {arguments.minutes:g} minutes, files in {arguments.folder}", flush=True)
    (arguments.folder / "reference").mkdir()
    made = inputs.make(arguments.program, SAMPLES, arguments.folder / "reference", arguments.seed)
    shutil.rmtree(arguments.folder / "reference")
    tally, series = report.Tally(), report.Series(arguments.folder / "memory.csv")
    began = time.monotonic()
    seconds = arguments.minutes * 60
    stopping = lambda: interrupted.is_set() or time.monotonic() - began > seconds

    with open(arguments.folder / "soak.log", "w", buffering=1) as log_file:
        clocks = "clock" in arguments.faults and faults.time_namespace()
        workers = [Worker(number, arguments, made, clocks, tally, log_file) for number in range(WORKERS)]
        print(f"soak: {len(made.pictures)} pictures, {len(made.archives)} archives, {len(made.prompts)} prompts; faults: "
              f"{','.join(arguments.faults) or 'none'}; {'a' if workers[0].disk else 'no'} file system to fill, "
              f"{'a' if clocks else 'no'} clock to set", flush=True)
        serving = server.ServerSoak(arguments.program, made, arguments.folder, arguments.faults,
                                    random.Random(arguments.seed * 1000 + 500), seconds, tally, series)
        streams = iter(range(501, 1000))
        threads = [threading.Thread(target=worker.run, args=(stopping,)) for worker in workers]
        threads.append(threading.Thread(target=serving.run, args=(
            lambda: random.Random(arguments.seed * 1000 + next(streams)),)))
        for thread in threads:
            thread.start()
        while any(thread.is_alive() for thread in threads):
            if interrupted.is_set():
                serving.until = 0
            time.sleep(0.2)
        for worker in workers:
            worker.close()
    held = report.print_table(tally, time.monotonic() - began)
    sys.exit(0 if held else 1)


if __name__ == "__main__":
    main()
