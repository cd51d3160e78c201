"""What opening shared libraries costs a program: `dlopen` with all that comes along, and the memory that it takes.

    open_modules.py build/release/bin/libjanus_*.so libopencv_imgcodecs.so [--rounds 20]

Each is opened in a process of its own, in turns; the least time and the median growth of resident memory are printed.
"""

import argparse
import os
import statistics
import subprocess
import sys

PROBE = """
import ctypes, os, sys, time
def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGESIZE")
for own in ("libstdc++.so.6", "libfmt.so.9"):  # which the program has already
    ctypes.CDLL(own)
before, start = resident(), time.perf_counter()
ctypes.CDLL(sys.argv[1], mode=os.RTLD_NOW | os.RTLD_LOCAL)
print(time.perf_counter() - start, resident() - before)
"""


def open_once(library):
    """-> (seconds, bytes) of one process."""
    done = subprocess.run([sys.executable, "-c", PROBE, library], capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"library, {library}: expected one that opens, found: {done.stderr.strip().splitlines()[-1]}")
    seconds, size = done.stdout.split()
    return float(seconds), int(size)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("libraries", nargs="+")
    parser.add_argument("--rounds", type=int, default=20)
    args = parser.parse_args()
    paths = [os.path.abspath(name) if os.path.exists(name) else name for name in args.libraries]
    found = {path: [] for path in paths}
    for _ in range(args.rounds):
        for path in paths:
            found[path].append(open_once(path))
    for path, runs in found.items():
        seconds, size = min(run[0] for run in runs), statistics.median(run[1] for run in runs)
        print(f"{os.path.basename(path):28} {1e3 * seconds:6.1f} ms {size / 2**20:6.1f} MB")


if __name__ == "__main__":
    main()
