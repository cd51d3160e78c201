"""Counts the colours that janus-tiny draws for a prompt that names none, without and with a negative prompt.

    negative_prompts.py --janus build/release/bin/janus [--count 200]

reader.py tells the colour; "broken" are pictures that show no known shape. Seeds run from 42 on.
"""

import argparse
import collections
import subprocess
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image

import reader

PROMPT = "a large circle on a white background"
NEGATIVE = [None, *(f"a large {color} circle on a white background" for color in ("red", "blue", "brown"))]


def drawn_colors(program, negative, count):
    """-> Counter of colour names over `count` pictures."""
    colors = collections.Counter()
    with tempfile.TemporaryDirectory() as folder:
        command = [program, "generate", PROMPT, "-o", f"{folder}/%05d.png", "-b", str(count), "-q"]
        if negative:
            command += ["--negative-prompt", negative]
        subprocess.run(command, check=True)
        for path in sorted(Path(folder).glob("*.png")):
            sentence, _ = reader.read(np.asarray(Image.open(path).convert("RGB")))
            colors[sentence.objects[0][0] if sentence else "broken"] += 1
    return colors


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--janus", required=True, help="path of the janus program")
    parser.add_argument("--count", type=int, default=200)
    args = parser.parse_args()
    for negative in NEGATIVE:
        colors = drawn_colors(args.janus, negative, args.count)
        print(f"{negative}: " + ", ".join(f"{name} {times}" for name, times in colors.most_common()))


if __name__ == "__main__":
    main()
