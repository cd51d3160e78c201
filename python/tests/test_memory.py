"""Models that memory will not hold are refused, with the numbers, before anything is loaded."""

from __future__ import annotations

import json
import logging
import shutil
import struct
from pathlib import Path

import janus_cpp as jc
import pytest
from conftest import TINY

WIDTH, FORWARD = 256, 1 << 22  # of the decoder: janus-tiny's own, and one that makes a layer 13 GB in float32
BYTES_A_LAYER = 3 * 4 * WIDTH * FORWARD


class Weights:
    """A safetensors file that is changed: of tensors that are made larger nothing is stored, their zeros are a hole."""

    def __init__(self, path: Path) -> None:
        file = path.read_bytes()
        length = struct.unpack("<Q", file[:8])[0]
        self.tensors = json.loads(file[8 : 8 + length])
        self.tensors.pop("__metadata__", None)
        for tensor in self.tensors.values():
            begin, end = (8 + length + offset for offset in tensor.pop("data_offsets"))
            tensor["data"] = file[begin:end]

    def write(self, path: Path) -> None:
        stored = sorted(self.tensors.items(), key=lambda named: named[1].get("data") is None)  # holes at the end
        header, at = {}, 0
        for name, tensor in stored:
            rows, columns = (*tensor["shape"], 1, 1)[:2]
            size = 2 * rows * columns if tensor.get("data") is None else len(tensor["data"])
            header[name] = {**tensor, "data_offsets": [at, at + size]}
            header[name].pop("data", None)
            at += size
        text = json.dumps(header).encode()
        text += b" " * (-len(text) % 8)
        with open(path, "wb") as file:
            file.write(struct.pack("<Q", len(text)) + text)
            file.write(b"".join(tensor["data"] for _, tensor in stored if tensor.get("data") is not None))
            file.truncate(8 + len(text) + at)


@pytest.fixture
def folder(tmp_path):
    return Path(shutil.copytree(TINY, tmp_path / "model"))


def memory_of_machine() -> int:
    with open("/proc/meminfo") as lines:
        return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith(("MemTotal", "SwapTotal")))


def grow(folder: Path, bytes_in_float32: int) -> None:
    """Makes the decoder so large."""
    layers = bytes_in_float32 // BYTES_A_LAYER + 1
    config = json.loads((folder / "config.json").read_text())
    config["text_config"] |= {"intermediate_size": FORWARD, "num_hidden_layers": layers}
    (folder / "config.json").write_text(json.dumps(config))
    weights = Weights(folder / "model.safetensors")
    begin = "model.language_model.layers."
    first = {name: tensor for name, tensor in weights.tensors.items() if name.startswith(begin + "0.")}
    for name in [name for name in weights.tensors if name.startswith(begin)]:
        del weights.tensors[name]
    for layer in range(layers):
        for name, tensor in first.items():
            if ".mlp." in name:
                shape = [WIDTH, FORWARD] if "down_proj" in name else [FORWARD, WIDTH]
                tensor = {"dtype": "BF16", "shape": shape}
            weights.tensors[name.replace(begin + "0.", f"{begin}{layer}.")] = dict(tensor)
    weights.write(folder / "model.safetensors")


def test_what_does_not_fit_is_refused_with_the_cure(folder, program, star):
    grow(folder, 2 * memory_of_machine())
    with pytest.raises(jc.ModelError) as refused:
        jc.load(folder, type="f32")
    text = str(refused.value)
    assert text.startswith(f"memory, model {folder}: expected ") and "weights in memory" in text and "\n" not in text
    assert " has left; " in text and "--" not in text
    assert text.endswith(('; use type="q8_0"', '; use type="q4_k"', "use a smaller model")), text
    with pytest.raises(AssertionError, match="memory, model .*; use --type q"):
        program.run("describe", star, "-m", str(folder), "--type", "f32")


def test_what_is_odd_about_a_model_is_logged(folder, caplog, star, model):
    weights = Weights(folder / "model.safetensors")
    weights.tensors = {"module." + name: tensor for name, tensor in weights.tensors.items()}
    weights.write(folder / "model.safetensors")
    with caplog.at_level(logging.WARNING, "janus_cpp"), jc.load(folder) as opened:
        assert opened.describe(star) == model.describe(star)
    assert [record.getMessage() for record in caplog.records] == ["tensor names: read without module."]
