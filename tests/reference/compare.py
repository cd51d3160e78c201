"""Holds the janus program against the reference, stage by stage, on a checkpoint of random weights.

    python compare.py --janus build/release/bin/janus --seed 3 --layout original --hidden 96 --heads 3 --kv-heads 3
    python compare.py --janus build/release/bin/janus --random 20 --seed 100
    python compare.py --janus build/release/bin/janus --released all
    python compare.py --janus build/release/bin/janus --model samples/janus-tiny/model

The reference is transformers; JanusFlow's are the modules of deepseek-ai/Janus, of which PATH is a checkout, and
diffusers' autoencoder, in the environment of requirements-flow.txt (README.md says how it is made):

    flow/bin/python compare.py --flow PATH --janus build/release/bin/janus --seed 3 --hidden 72 --heads 4 --kv-heads 4
    flow/bin/python compare.py --flow PATH --janus build/release/bin/janus --random 20 --seed 100

Prints the largest difference of each stage in the order in which they are computed; exit code 1 when one is beyond
its limit: relative L2 2e-4 for tensors (2e-5 where the checkpoint is a random one, or four times what the reference
itself is off from float64 where an image is decoded), 1e-3 for log-probabilities, pixels and tokenizer ids the same,
chosen ids the same up to the first choice whose two best lie nearer than 1e-3 (logits) or 1e-4 (cosines, of codes).
JanusFlow: values of 8-bit images within one level, all but one in a thousand.
"""

import argparse
import dataclasses
import importlib
import pathlib
import random
import sys
import tempfile

import torch

from comparing import SMALL_TENSOR_LIMIT, TENSOR_LIMIT, Program, print_table


def compare(family, model, arguments, tensor_limit, seed):
    """One table. True where every stage holds."""
    with tempfile.TemporaryDirectory(prefix="janus-compare-") as work:
        program = Program(arguments.janus, model, arguments.threads)
        rows = family.comparison(model, program, seed, pathlib.Path(work), tensor_limit).run()
    print_table(rows)
    return all(row.holds for row in rows)


def compare_random(family, sizes, arguments, seed):
    print(f"seed {seed}: " + " ".join(f"{key}={value}" for key, value in dataclasses.asdict(sizes).items()))
    with tempfile.TemporaryDirectory(prefix="janus-model-") as model:
        family.build(model, sizes, seed)
        return compare(family, model, arguments, SMALL_TENSOR_LIMIT, seed)


def compare_many(family, arguments):
    seeds = range(arguments.seed, arguments.seed + arguments.random)
    results = {seed: compare_random(family, family.random_sizes(random.Random(seed)), arguments, seed) for seed in seeds}
    departing = [seed for seed, holds in results.items() if not holds]
    print(f"{len(results) - len(departing)} of {len(results)} checkpoints hold" + (f"; departing: {departing}" if departing else ""))
    return not departing


def main():
    # The two families need different versions of transformers, so only one of their modules can be imported.
    first = argparse.ArgumentParser(add_help=False)
    first.add_argument("--flow", metavar="PATH", help="JanusFlow, whose reference is this checkout of deepseek-ai/Janus")
    flow = first.parse_known_args()[0].flow
    if flow:
        importlib.import_module("make_flow").use_reference(flow)
    family = importlib.import_module("compare_flow" if flow else "compare_janus")

    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, parents=[first])
    parser.add_argument("--janus", required=True, help="the program")
    parser.add_argument("--model", help="an existing model folder instead of random weights")
    parser.add_argument("--random", type=int, metavar="N", help="N checkpoints of random sizes, of seeds from --seed on")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=2)
    if family.RELEASED:
        names = [*family.RELEASED, "all"]
        parser.add_argument("--released", choices=names, help="small copies of released checkpoints")
    family.add_arguments(parser)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    released = family.RELEASED and arguments.released
    if arguments.model:
        holds = compare(family, arguments.model, arguments, TENSOR_LIMIT, arguments.seed)
    elif released:
        names = family.RELEASED if released == "all" else [released]
        holds = all([compare_random(family, family.RELEASED[name], arguments, arguments.seed) for name in names])
    elif arguments.random:
        holds = compare_many(family, arguments)
    else:
        holds = compare_random(family, family.sizes_of(arguments), arguments, arguments.seed)
    return 0 if holds else 1


if __name__ == "__main__":
    sys.exit(main())
