"""Writes tests/data/quants.safetensors: what the gguf package makes of blocks, and of numbers where it can quantise.

    python tests/reference/quants_golden.py                      (gguf, safetensors, numpy)

TYPE.any.bytes are blocks of random bytes, TYPE.usual.bytes those of them that mean small numbers as weights are;
TYPE.*.values is what they mean. TYPE.quantize.values are numbers, TYPE.quantize.bytes their blocks.
"""
import pathlib

import numpy as np
from gguf import GGML_QUANT_SIZES, quants
from safetensors.numpy import save_file
from weight_types import weight_types

DATA = pathlib.Path(__file__).parent.parent / "data"


def dequantize(data, kind):
    with np.errstate(all="ignore"):
        return np.ascontiguousarray(quants.dequantize(data, kind), np.float32)


def usual_blocks(random, kind, count):
    size = GGML_QUANT_SIZES[kind][1]
    found = np.empty((0, size), np.uint8)
    while len(found) < count:
        blocks = random.integers(0, 256, (4 * count, size), dtype=np.uint8)
        sizes = np.abs(dequantize(blocks, kind)).max(axis=-1)
        found = np.concatenate([found, blocks[(sizes > 1e-3) & (sizes < 1e3)]])
    return found[:count]


def numbers(random):
    values = random.standard_normal((64, 32)).astype(np.float32)
    values *= np.float32(10) ** random.integers(-12, 6, (64, 1)).astype(np.float32)
    values[0] = 0
    values[1] = -np.arange(32)
    values[2] = np.arange(-127, 127, 8)[:32] / 2  # halves
    values[3, 5:] = 0
    values[4] = 1e-30
    return values


def main():
    tensors = {}
    for name, kind in weight_types().items():
        block, size = GGML_QUANT_SIZES[kind]
        if block == 1:
            continue
        random = np.random.default_rng([1, int(kind)])
        count = 2048 // block
        for which, data in (
            ("any", random.integers(0, 256, (count, size), dtype=np.uint8)),
            ("usual", usual_blocks(random, kind, count)),
        ):
            tensors[f"{name}.{which}.bytes"] = data
            tensors[f"{name}.{which}.values"] = dequantize(data, kind)
        values = numbers(random)
        try:
            tensors[f"{name}.quantize.bytes"] = quants.quantize(values, kind)
            tensors[f"{name}.quantize.values"] = values
        except (NotImplementedError, quants.QuantError):
            pass  # rows of 32 are no whole blocks, or the package has no code
    save_file(tensors, DATA / "quants.safetensors")


main()
