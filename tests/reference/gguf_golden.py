"""GGUF as ggml's own Python package has it.

    python tests/reference/gguf_golden.py                                     writes tests/data/gguf/all_types.gguf
    python tests/reference/gguf_golden.py --janus build/release/bin/janus     checks files of janus quantize instead

The golden holds one tensor of every type and, under the same name behind `expected`, what the package makes of it in
f32. The check quantises a model to every type, opens the file with the package's reader, and holds each tensor against
the model's safetensors: exactly where the type keeps the numbers, exactly the package's own blocks for q8_0, and within
the error of the type for the others.
"""
import argparse
import subprocess
import tempfile
from pathlib import Path

import gguf
import numpy as np
from gguf import GGMLQuantizationType as Type
from weight_types import weight_types

ROOT = Path(__file__).parents[2]
TYPES = weight_types()
# Largest root mean square error over that of the numbers themselves; of the other types, of four bits, the last.
ERRORS = {Type.Q6_K: 0.02, Type.Q5_K: 0.04, Type.Q4_K: 0.08}
FOUR_BITS = 0.13


def blocks(kind, random):
    """Two rows of 256 numbers of `kind`: its own quantisation where the package has one, else random bytes that mean
    small numbers."""
    values = random.standard_normal((2, 256)).astype(np.float32)
    if kind == Type.F32:
        return values
    if kind == Type.F16:
        return values.astype(np.float16)
    try:
        return gguf.quants.quantize(values, kind)
    except NotImplementedError:
        pass
    block, size = gguf.GGML_QUANT_SIZES[kind]
    while True:
        rows = random.integers(0, 256, (2, 256 // block * size), dtype=np.uint8)
        with np.errstate(all="ignore"):
            if np.abs(gguf.quants.dequantize(rows, kind)).max() < 100:
                return rows


def has_quantizer(kind):
    try:
        gguf.quants.quantize(np.zeros((1, 256), np.float32), kind)
        return True
    except NotImplementedError:
        return False


def write_golden(path):
    writer = gguf.GGUFWriter(path, "janus")
    writer.add_uint32("general.quantization_version", 2)
    writer.add_float32("janus.number", 0.1)
    writer.add_string("janus.file.config.json", '{"model_type": "janus"}')
    writer.add_array("janus.file.tokenizer.model", b"\x00\xff\x80model")
    writer.add_string("janus.prefix.v", "model.vision_model")
    for name, kind in TYPES.items():
        data = blocks(kind, np.random.default_rng([1, int(kind)]))
        plain = kind in (Type.F32, Type.F16)
        writer.add_tensor(f"blocks.0.{name}", data, raw_dtype=None if plain else kind)
        expected = data.astype(np.float32) if plain else gguf.quants.dequantize(data, kind)
        writer.add_tensor(f"v.expected.{name}", expected.astype(np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def tensors_of(folder):
    import torch
    from safetensors import safe_open

    found = {}
    for path in sorted(folder.glob("*.safetensors")):
        with safe_open(path, "pt") as file:
            for name in file.keys():
                found[name] = file.get_tensor(name).to(torch.float32).numpy()
    return found


def check_tensor(tensor, name, original):
    values = gguf.quants.dequantize(tensor.data, tensor.tensor_type) if tensor.tensor_type != Type.F32 else tensor.data
    shape = tuple(reversed(tensor.shape.tolist()))
    assert shape == original.shape, f"{name}: expected {original.shape}, found {shape}"
    values = values.reshape(shape)
    kind = tensor.tensor_type
    if kind == Type.F32:
        assert np.array_equal(values, original), name
    elif kind == Type.F16:
        assert np.array_equal(values, original.astype(np.float16).astype(np.float32)), name
    elif kind == Type.BF16:
        assert np.array_equal(tensor.data.reshape(-1), gguf.quants.quantize(original, kind).reshape(-1)), name
    elif has_quantizer(kind) and kind not in ERRORS:
        assert np.array_equal(tensor.data.reshape(-1), gguf.quants.quantize(original, kind).reshape(-1)), name
    else:
        error = np.sqrt(np.mean((values - original) ** 2) / np.mean(original**2))
        assert error <= ERRORS.get(kind, FOUR_BITS), f"{name}: {kind.name} error {error}"
        return error
    return 0.0


def check_file(path, model):
    reader = gguf.GGUFReader(path)
    prefixes = {key.rsplit(".", 1)[1]: field.contents() for key, field in reader.fields.items() if key.startswith("janus.prefix.")}
    originals, seen, worst = tensors_of(model), set(), 0.0
    for tensor in reader.tensors:
        first, _, rest = tensor.name.partition(".")
        name = f"{prefixes[first]}.{rest}" if first in prefixes else tensor.name
        worst = max(worst, check_tensor(tensor, name, originals[name]))
        seen.add(name)
    for file in model.iterdir():
        field = reader.fields.get(f"janus.file.{file.name}")
        if field is None:
            continue
        content = field.contents()
        content = bytes(content) if isinstance(content, list) else content.encode()
        assert content == file.read_bytes(), file.name
    assert reader.fields["general.architecture"].contents() == "janus"
    assert "janus.file.config.json" in reader.fields
    kinds = sorted({tensor.tensor_type.name for tensor in reader.tensors})
    unused = sorted(set(originals) - seen)
    print(f"{model.name}: {len(seen)} tensors of {', '.join(kinds)}; largest error {worst:.4f}; left out: {unused or 'none'}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--janus", help="check files of this program in place of writing the golden")
    parser.add_argument("--model", type=Path, action="append", help="folders to quantise (default: janus-tiny and tests/data/models)")
    options = parser.parse_args()
    if not options.janus:
        path = ROOT / "tests/data/gguf/all_types.gguf"
        path.parent.mkdir(exist_ok=True)
        write_golden(path)
        return
    models = options.model or [ROOT / "samples/janus-tiny/model", *sorted((ROOT / "tests/data/models").iterdir())]
    with tempfile.TemporaryDirectory() as folder:
        for model in models:
            for name in ("native", *TYPES):
                out = Path(folder) / f"{name}.gguf"
                subprocess.run([options.janus, "quantize", str(model), "-o", str(out), "--type", name, "-q"], check=True)
                print(f"{name:7}", end="")
                check_file(out, model)


if __name__ == "__main__":
    main()
