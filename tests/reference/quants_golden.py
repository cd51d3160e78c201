"""Writes tests/data/quants.safetensors: what the gguf package makes of blocks, and of numbers in q8_0.

    python tests/reference/quants_golden.py                      (gguf, safetensors, numpy)

TYPE.any.bytes are blocks of random bytes, TYPE.usual.bytes random blocks with scales as weights have them; TYPE.*.values
is what they mean. q8_0.quantize.values are numbers, q8_0.quantize.bytes their blocks.
"""
import pathlib

import numpy as np
from gguf import GGMLQuantizationType, GGML_QUANT_SIZES, quants
from safetensors.numpy import save_file

DATA = pathlib.Path(__file__).parent.parent / "data"
SCALES = {"Q8_0": [0], "Q6_K": [208], "Q5_K": [0, 2], "Q4_K": [0, 2]}  # where the f16 factors stand


def main():
    random = np.random.default_rng(1)
    tensors = {}
    for name, places in SCALES.items():
        kind = GGMLQuantizationType[name]
        count, size = GGML_QUANT_SIZES[kind]
        blocks = random.integers(0, 256, (2048 // count, size), dtype=np.uint8)
        usual = blocks.copy()
        for place in places:
            factors = (random.standard_normal(len(usual)) * 1e-3).astype(np.float16)
            usual[:, place:place + 2] = factors.view(np.uint8).reshape(-1, 2)
        for which, data in (("any", blocks), ("usual", usual)):
            with np.errstate(all="ignore"):
                values = quants.dequantize(data, kind)
            tensors[f"{name.lower()}.{which}.bytes"] = data
            tensors[f"{name.lower()}.{which}.values"] = np.ascontiguousarray(values, np.float32)

    values = random.standard_normal((64, 32)).astype(np.float32)
    values *= np.float32(10) ** random.integers(-12, 6, (64, 1)).astype(np.float32)
    values[0] = 0
    values[1] = -np.arange(32)
    values[2] = np.arange(-127, 127, 8)[:32] / 2  # halves
    values[3, 5:] = 0
    values[4] = 1e-30
    tensors["q8_0.quantize.values"] = values
    tensors["q8_0.quantize.bytes"] = quants.quantize(values, GGMLQuantizationType.Q8_0)
    save_file(tensors, DATA / "quants.safetensors")


main()
