#!/usr/bin/env python3
"""What a process keeps: its memory while it makes many calls of each kind, which must stay flat.

memory.py [--calls 1000] [--most 1.0]: makes the calls of each kind one after the other on the built-in model, a
different picture, text or seed each, and prints the most resident memory of the second and third fifth and of the last
two, and how many descriptors and threads there are. (Between calls memory goes up and down by what the last images
took.) A kind whose memory grows by more than --most percent between the two is a failure, and the exit code 1.
"""

import argparse
import asyncio
import os
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np

import janus_cpp as jc

PICTURES = Path(__file__).resolve().parents[3] / "samples" / "pictures"


def resident() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def kinds(model: jc.Model) -> dict[str, Callable[[int], object]]:
    files = [str(PICTURES / name) for name in ("cross.png", "star.png", "two_shapes.png")]
    codes = model.encode(files[0])

    def picture(k: int) -> np.ndarray:
        return np.random.default_rng(k).integers(0, 256, (48, 64, 3), np.uint8)

    def broken(k: int) -> None:
        try:
            model.describe(k.to_bytes(4, "little") * 20)
        except jc.ImageError:
            return
        raise AssertionError("a broken picture was described")

    return {
        "describe": lambda k: model.describe(picture(k)),
        "describe_files": lambda k: model.describe(files, f"What is it, {k}?"),
        "describe_stream": lambda k: "".join(model.describe(files[k % 3], stream=True)),
        "describe_async": lambda k: asyncio.run(model.adescribe(picture(k))),
        "describe_broken": broken,
        "chat": lambda k: model.chat([{"role": "user", "content": f"What is {k}?"}]),
        "generate": lambda k: model.generate("a red circle", seed=k),
        "score": lambda k: model.score(picture(k), ["a red circle", "a blue star"]),
        "embed": lambda k: model.embed(picture(k)),
        "encode": lambda k: model.encode(picture(k)),
        "decode": lambda k: model.decode(np.roll(codes, k)),
        "tokenize": lambda k: model.detokenize(model.tokenize(f"{k} red circles left of {k} stars")),
        "load": lambda k: jc.load().close(),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--calls", type=int, default=1000)
    parser.add_argument("--most", type=float, default=1.0, help="percent")
    parser.add_argument("--only", action="append", help="a kind; may be repeated")
    options = parser.parse_args()
    grown = []
    with jc.load() as model:
        for name, call in kinds(model).items():
            if options.only and name not in options.only:
                continue
            early = late = 0
            for k in range(options.calls):
                call(k)
                fifth = 5 * k // options.calls
                if fifth in (1, 2):
                    early = max(early, resident())
                elif fifth > 2:
                    late = max(late, resident())
            percent = 100 * (late / early - 1)
            descriptors, threads = len(os.listdir("/proc/self/fd")), len(os.listdir("/proc/self/task"))
            print(
                f"{name:16} {options.calls} calls  {early / 1e6:7.1f} MB -> {late / 1e6:7.1f} MB  {percent:+.2f} %  "
                f"{descriptors} descriptors  {threads} threads",
                flush=True,
            )
            if percent > options.most:
                grown.append(name)
    if grown:
        sys.exit(f"memory grew by more than {options.most} % in: {', '.join(grown)}")


if __name__ == "__main__":
    main()
