"""Asks whether one seed gives one result. Needs nothing but Python.

    determinism.py build/release/bin/janus [--repeats 100] [--seed N]

Each command of janus-tiny is run REPEATS times, with settings drawn at random of those that may change nothing: one or
two threads, the size of batches, the order in which pictures and prompts come, and the container of the weights - those
in the program, the folder of safetensors, the same as a file of torch, as GGUF. Beside them stand the types f32 and bf16,
each while loading and as a file of GGUF. Prints how many results each command gave and how many of them were others than
the first; and with 1 if there was any.
"""
import argparse
import collections
import hashlib
import io
import itertools
import json
import math
import os
import pickle
import random
import shutil
import struct
import subprocess
import sys
import tempfile
import types
import zipfile
from pathlib import Path

from soak import inputs, program

SOURCES = Path(__file__).resolve().parent.parent.parent
MODEL = SOURCES / "samples" / "janus-tiny" / "model"
PROMPTS = ["a red circle on a white background", "a large blue square", "two green triangles", "a yellow star"]
STORAGES = {"F32": ("FloatStorage", 4), "BF16": ("BFloat16Storage", 2), "F16": ("HalfStorage", 2)}


def write_pickle(safetensors, target):
    """The same tensors as torch.save() writes them: a zip file of a pickle and an entry a tensor."""
    data = safetensors.read_bytes()
    (length,) = struct.unpack("<Q", data[:8])
    head, body = json.loads(data[8:8 + length]), data[8 + length:]
    torch, utils = types.ModuleType("torch"), types.ModuleType("torch._utils")
    for name, _ in STORAGES.values():
        setattr(torch, name, type(name, (), {"__module__": "torch"}))

    def _rebuild_tensor_v2(*_):
        """Named in the pickle, and called by nobody."""

    _rebuild_tensor_v2.__module__, _rebuild_tensor_v2.__qualname__ = "torch._utils", "_rebuild_tensor_v2"
    utils._rebuild_tensor_v2 = _rebuild_tensor_v2
    sys.modules |= {"torch": torch, "torch._utils": utils}

    class Storage:
        def __init__(self, *told):
            self.told = told

    class Tensor:
        def __init__(self, storage, shape):
            self.storage, self.shape = storage, shape

        def __reduce__(self):
            strides = [math.prod(self.shape[axis + 1:]) for axis in range(len(self.shape))]
            return _rebuild_tensor_v2, (self.storage, 0, tuple(self.shape), tuple(strides), False,
                                        collections.OrderedDict())

    class Pickler(pickle.Pickler):
        def persistent_id(self, thing):
            return thing.told if isinstance(thing, Storage) else None

    named = {}
    with zipfile.ZipFile(target, "w") as file:
        for at, (name, entry) in enumerate((name, entry) for name, entry in head.items() if name != "__metadata__"):
            storage, size = STORAGES[entry["dtype"]]
            begin, end = entry["data_offsets"]
            named[name] = Tensor(Storage("storage", getattr(torch, storage), str(at), "cpu", (end - begin) // size),
                                 entry["shape"])
            file.writestr(f"archive/data/{at}", body[begin:end])
        pickled = io.BytesIO()
        Pickler(pickled, protocol=2).dump(named)
        file.writestr("archive/data.pkl", pickled.getvalue())
        file.writestr("archive/version", "3\n")
    del sys.modules["torch"], sys.modules["torch._utils"]


class Commands:
    def __init__(self, janus, folder, rng):
        self.janus, self.folder, self.rng = janus, folder, rng
        (folder / "in").mkdir()
        for path in (SOURCES / "samples" / "pictures").iterdir():
            if path.suffix in (".png", ".jpg"):
                shutil.copy(path, folder / "in")
        for at in range(4):
            (folder / "in" / f"stripes-{at}.png").write_bytes(inputs.stripes(random.Random(at)))
        self.pictures = sorted(f"in/{path.name}" for path in (folder / "in").iterdir())
        write_pickle_folder(folder / "pickle")
        # Of each type of weights, what gives them.
        self.weights = {"native": [["-m", "janus-tiny"], ["-m", str(MODEL)], ["-m", "pickle"], ["-m", "native.gguf"]]}
        self.run("quantize", str(MODEL), "-o", "native.gguf")
        for kind in ("f32", "bf16"):
            self.run("quantize", str(MODEL), "-o", f"{kind}.gguf", "--type", kind)
            self.weights[kind] = [[*words, "--type", kind] for words in self.weights["native"][:3]]
            # The cache is f32 where that type is asked for, also of a file that holds it.
            self.weights[kind].append(["-m", f"{kind}.gguf", "--type", "f32" if kind == "f32" else "native"])

    def run(self, *words):
        ended = subprocess.run([self.janus, *words, "-q"], cwd=self.folder, env=program.clean_environment(),
                               capture_output=True)
        if ended.returncode:
            sys.exit(f"determinism: {' '.join(words)}: {program.ending(ended.returncode)}, {ended.stderr.decode()[-300:]}")
        return ended.stdout.decode()

    def common(self, kind):
        return [*self.rng.choice(self.weights[kind]), "-t", self.rng.choice("12"), "-s", "7"]

    def shuffled(self, things):
        return self.rng.sample(things, len(things))

    def batch(self):
        return ["-b", self.rng.choice(["1", "2", "4", "7"])]

    @staticmethod
    def of_lines(lines, *fields):
        found = {}
        for line in lines.splitlines():
            record = json.loads(line)
            found[record["key"]] = [record[field] for field in fields]
        return found

    # Each returns a result by what it is of.

    def describe(self, kind):
        image, at = self.pictures[0], self.rng.choice(["0", "1"])
        record = json.loads(self.run("describe", image, "--json", "--temperature", at, *self.common(kind)))
        return {f"{image}, temperature {at}": [record["text"], record["ids"]]}

    def caption(self, kind):
        out = self.run("caption", *self.shuffled(self.pictures), "--temperature", "0.8", *self.batch(), *self.common(kind))
        return self.of_lines(out, "text", "ids")

    def generate(self, kind):
        lines = [{"prompt": prompt, "seed": at, "output": f"{at}.png"} for at, prompt in enumerate(PROMPTS)]
        inputs.write_prompts(self.shuffled(lines), self.folder)
        self.run("generate", "--prompts", "prompts.jsonl", "-o", "made/", "--overwrite",
                 "--parallel", self.rng.choice(["auto", "off", "3"]), *self.common(kind))
        return {line["output"]: hashlib.sha256(inputs.pixels((self.folder / "made" / line["output"]).read_bytes())).hexdigest()
                for line in lines}

    def embed(self, kind):
        self.run("embed", *self.shuffled(self.pictures), "-o", "e.jsonl", "--pool", "mean", *self.batch(), *self.common(kind))
        return self.of_lines((self.folder / "e.jsonl").read_text(), "embedding")

    def score(self, kind):
        out = self.run("score", *itertools.chain.from_iterable(("--image", image) for image in self.shuffled(self.pictures)),
                       "--text", "a red circle", "--text", "a blue square", *self.common(kind))
        return self.of_lines(out, "scores")

    def encode(self, kind):
        self.run("encode", self.pictures[-1], "-o", "codes.json", *self.common(kind))
        self.run("decode", "codes.json", "-o", "decoded.npy", *self.common(kind))
        return {"codes": (self.folder / "codes.json").read_text(),
                "pixels": hashlib.sha256((self.folder / "decoded.npy").read_bytes()).hexdigest()}


def write_pickle_folder(folder):
    folder.mkdir()
    for path in MODEL.iterdir():
        if path.suffix != ".safetensors":
            shutil.copy(path, folder)
    write_pickle(MODEL / "model.safetensors", folder / "pytorch_model.bin")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program", type=lambda path: str(Path(path).resolve()))
    parser.add_argument("--repeats", type=int, default=100)
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 31), help="of what is drawn (default: random)")
    arguments = parser.parse_args()
    os.nice(10)
    print(f"determinism: seed {arguments.seed}, {arguments.repeats} runs of each command")
    others = 0
    with tempfile.TemporaryDirectory(prefix="janus-determinism-") as folder:
        commands = Commands(arguments.program, Path(folder), random.Random(arguments.seed))
        print("| command  | weights | results | different |\n|----------|---------|--------:|----------:|")
        for name in ("describe", "caption", "generate", "embed", "score", "encode"):
            # Other types have other results, and a share of the runs.
            for kind, runs in (("native", arguments.repeats), *((kind, max(2, arguments.repeats // 10)) for kind in ("f32", "bf16"))):
                first, count, different = {}, 0, []
                for _ in range(runs):
                    for what, result in getattr(commands, name)(kind).items():
                        count += 1
                        if first.setdefault(what, result) != result:
                            different.append(what)
                others += len(different)
                print(f"| {name:8} | {kind:7} | {count:7} | {len(different):9} |" + "".join(f" {one}" for one in set(different)),
                      flush=True)
    sys.exit(1 if others else 0)


if __name__ == "__main__":
    main()
