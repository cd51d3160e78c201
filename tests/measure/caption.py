"""Measures janus caption as a whole process; reads /proc while it runs. Needs Pillow and numpy to make pictures.

    caption.py make FOLDER --count 1000 --side 1000        JPEGs of coloured shapes and grain, none like another
    caption.py make FOLDER --count 100000 --side 16 --same  one small PNG, many times
    caption.py run [--until SECONDS] build/release/bin/janus caption FOLDER -o captions.jsonl -q [...]
    caption.py compare [--rounds 5] BEFORE/janus AFTER/janus FOLDER [...]

`run` says when the first record stood in the output, how busy the processors were from then to the end, which threads
they worked for, and the most memory. --until ends the command, as Ctrl-C does, when that much time has passed.
`compare` captions FOLDER with two programs in turn, the one that begins changing by the round, and prints the seconds of
each whole process and the median of the rounds' ratios; [...] goes to both.
"""
import argparse
import io
import os
import random
import signal
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")


def make(folder, count, side, same):
    import numpy as np
    from PIL import Image, ImageDraw

    folder.mkdir(parents=True)
    rng = random.Random(1)

    def picture(k):
        image = Image.new("RGB", (side, side), tuple(rng.randrange(256) for _ in range(3)))
        draw = ImageDraw.Draw(image)
        for _ in range(6):
            x, y, size = rng.randrange(side), rng.randrange(side), rng.randrange(side // 8, side // 2)
            shape = draw.ellipse if rng.random() < 0.5 else draw.rectangle
            shape((x, y, x + size, y + size), fill=tuple(rng.randrange(256) for _ in range(3)))
        grain = np.random.default_rng(k).integers(-8, 9, (side, side, 1))
        return Image.fromarray(np.clip(np.asarray(image) + grain, 0, 255).astype(np.uint8))

    for k in range(count):
        if k == 0 or not same:
            file = io.BytesIO()
            picture(k).save(file, "PNG" if same else "JPEG", quality=90)
        (folder / f"{k:06d}.{'png' if same else 'jpg'}").write_bytes(file.getvalue())
    print(f"{count} pictures of {side} x {side}, {len(file.getvalue())} bytes each or so")


def busy_of_threads(pid):
    """Seconds of processor time by thread; those that ended since the last look are missing."""
    seconds = {}
    for task in Path(f"/proc/{pid}/task").iterdir():
        try:
            fields = (task / "stat").read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue
        seconds[int(task.name)] = (int(fields[11]) + int(fields[12])) / TICKS
    return seconds


def memory_peak(pid):
    """Anonymous and all resident bytes, as far as the kernel tells both."""
    found = {}
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        name, _, rest = line.partition(":")
        if name in ("VmHWM", "RssAnon"):
            found[name] = int(rest.split()[0]) * 1024
    return found


def run(command, until):
    output = Path(command[command.index("-o") + 1])
    begin = time.monotonic()
    process = subprocess.Popen(command)
    first = start_busy = None
    threads, anonymous, most = {}, 0, 0
    while process.poll() is None:
        now = time.monotonic() - begin
        try:
            threads.update(busy_of_threads(process.pid))
            memory = memory_peak(process.pid)
        except OSError:
            break
        most, anonymous = max(most, memory.get("VmHWM", 0)), max(anonymous, memory.get("RssAnon", 0))
        if first is None and output.exists() and output.stat().st_size > 0:
            first, start_busy = now, sum(threads.values())
        if until and now > until:
            process.send_signal(signal.SIGINT)
            until = None
        time.sleep(0.02)
    whole = time.monotonic() - begin
    code = process.wait()
    if first is None:
        raise SystemExit(f"no record in {output}; exit code {code}")
    records, processors = len(output.read_bytes().splitlines()), len(os.sched_getaffinity(0))
    busy = sum(threads.values()) - start_busy
    share = busy / ((whole - first) * processors)
    print(f"exit {code}, {records} records in {whole:.1f} s, {records / whole:.1f} pictures/s; first record after {first:.2f} s")
    print(f"processors busy from then on: {100 * share:.1f} % of {processors}")
    print(f"memory: most {most / 1e6:.0f} MB resident, {anonymous / 1e6:.0f} MB of its own")
    print("threads, seconds:", ", ".join(f"{s:.1f}" for s in sorted(threads.values(), reverse=True) if s >= 0.05))


def compare(programs, rounds, arguments):
    seconds = ([], [])
    for k in range(rounds):
        for which in (0, 1) if k % 2 == 0 else (1, 0):
            with tempfile.TemporaryDirectory() as folder:
                output = Path(folder) / "captions.jsonl"
                begin = time.monotonic()
                subprocess.run([programs[which], "caption", *arguments, "-o", str(output), "-q"], check=True)
                seconds[which].append(time.monotonic() - begin)
                count = len(output.read_bytes().splitlines())
    for name, times in zip(("before", "after"), seconds):
        middle = statistics.median(times)
        print(f"{name}: {count} records in {middle:.2f} s, {count / middle:.1f} pictures/s; {min(times):.2f} to {max(times):.2f} s")
    ratios = [after / before for before, after in zip(*seconds)]
    print(f"after / before: {statistics.median(ratios):.3f}, {min(ratios):.3f} to {max(ratios):.3f} in {rounds} rounds")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    verbs = parser.add_subparsers(dest="verb", required=True)
    making = verbs.add_parser("make")
    making.add_argument("folder", type=Path)
    making.add_argument("--count", type=int, default=1000)
    making.add_argument("--side", type=int, default=1000)
    making.add_argument("--same", action="store_true")
    running = verbs.add_parser("run")
    running.add_argument("--until", type=float)
    running.add_argument("command", nargs=argparse.REMAINDER)
    comparing = verbs.add_parser("compare")
    comparing.add_argument("--rounds", type=int, default=5)
    comparing.add_argument("before")
    comparing.add_argument("after")
    comparing.add_argument("arguments", nargs=argparse.REMAINDER)
    args = parser.parse_args()
    if args.verb == "make":
        make(args.folder, args.count, args.side, args.same)
    elif args.verb == "compare":
        compare((args.before, args.after), args.rounds, args.arguments)
    else:
        run(args.command, args.until)


if __name__ == "__main__":
    main()
