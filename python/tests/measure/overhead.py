#!/usr/bin/env python3
"""What Python costs: descriptions of many pictures by the package and by `janus caption`, in turn.

overhead.py JANUS [--count 1000] [--rounds 3] [--batch 8]: prints the seconds of wall clock and of all processors that
each took, the least of the rounds, and the ratios. Both read the same files, and write the same captions, which is
checked. On a machine that others use, the processors' seconds tell more.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from PIL import Image

PICTURES = Path(__file__).resolve().parents[3] / "samples" / "pictures"
QUESTION = "Describe this image."
# In a process of its own, as the program: its start and the loading count for both.
SCRIPT = """
import json, sys
import janus_cpp as jc
paths = json.load(sys.stdin)
with jc.load(batch_size=int(sys.argv[1])) as model:
    json.dump(model.describe(paths, sys.argv[2]), sys.stdout)
"""


def make_pictures(folder: Path, count: int) -> list[str]:
    sources = [Image.open(PICTURES / name).convert("RGB") for name in ("cross.png", "star.png", "two_shapes.png")]
    rng = np.random.default_rng(1)
    paths = []
    for k in range(count):
        pixels = np.asarray(sources[k % len(sources)]).astype(int) + rng.integers(-8, 9)
        path = folder / f"{k:05}.png"
        Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).save(path)
        paths.append(str(path))
    return paths


def timed(arguments: list[str], stdin: str = "") -> tuple[float, float, str]:
    used, begun = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    done = subprocess.run(arguments, input=stdin, capture_output=True, text=True, check=True)
    wall, now = time.monotonic() - begun, resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, now.ru_utime + now.ru_stime - used.ru_utime - used.ru_stime, done.stdout


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("janus")
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--batch", type=int, default=8)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as work:
        folder = Path(work) / "pictures"
        folder.mkdir()
        paths = make_pictures(folder, options.count)
        theirs, ours = [], []
        for _ in range(options.rounds):
            output = Path(work) / "captions.jsonl"
            output.unlink(missing_ok=True)
            caption = [options.janus, "caption", str(folder), "-o", str(output), "-p", QUESTION]
            theirs.append(timed([*caption, "--batch", str(options.batch), "-q"])[:2])
            records = [json.loads(line) for line in output.read_text().splitlines()]
            captions = {record["path"]: record["text"] for record in records if "text" in record}
            *times, answers = timed([sys.executable, "-c", SCRIPT, str(options.batch), QUESTION], json.dumps(paths))
            ours.append(tuple(times))
            assert json.loads(answers) == [captions[path] for path in paths]
    for name, at in (("wall clock", 0), ("processors", 1)):
        program, package = min(one[at] for one in theirs), min(one[at] for one in ours)
        print(f"{name}: janus caption {program:.2f} s, janus_cpp {package:.2f} s, ratio {package / program:.3f}")


if __name__ == "__main__":
    main()
