"""What every peer measures, and how it says it: the lines of `janus bench --json`."""

import importlib.util
import json
import statistics
import sys
import time

RUNS = 2  # of a whole pass, after one that is not counted
STEPS = 16  # of a decode
CONTEXT = 300  # tokens before the middle step, as in janus bench
CHECKED = 16  # ids whose logits two peers compare


def require(*packages):
    """Ends the program where one is absent."""
    missing = [package for package in packages if importlib.util.find_spec(package) is None]
    if missing:
        sys.exit(
            f"packages, {sys.executable}: expected {', '.join(packages)}, found no {', '.join(missing)}; "
            "run tests/peers/setup.sh VENV and start with VENV/bin/python"
        )


def report(what, rows, times):
    print(json.dumps({"what": what, "rows": rows, "ms": round(statistics.median(times), 3)}), flush=True)


def time_of(action):
    """Milliseconds."""
    start = time.perf_counter()
    action()
    return (time.perf_counter() - start) * 1000


def whole_pass(what, action):
    action()
    report(what, 1, [time_of(action) for _ in range(RUNS)])


def decode(what, rows, step):
    """`step` takes one step; the caches hold CONTEXT - STEPS / 2 tokens before."""
    step()
    report(what, rows, [time_of(step) for _ in range(STEPS)])
