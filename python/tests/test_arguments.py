"""Whatever callers hand over, a call gives its result or an exception that says why: never a crash, an endless call, or
an exception of the inside. JANUS_CALLS says how many calls are tried (400), JANUS_SEED which ones."""

from __future__ import annotations

import os
import random
from pathlib import Path

import janus_cpp as jc
import numpy as np
import pytest
from PIL import Image

CALLS = int(os.environ.get("JANUS_CALLS", "400"))
SEED = int(os.environ.get("JANUS_SEED", "1"))
# What the package's pages promise: its own errors, and Python's for wrong types and values.
PROMISED = (jc.Error, TypeError, ValueError, OverflowError, FileNotFoundError, NotImplementedError)


class Hostile:
    """An object whose methods fail."""

    def __array__(self, *_: object, **__: object):
        raise RuntimeError("no array")

    def __len__(self) -> int:
        raise RuntimeError("no length")

    def __iter__(self):
        raise RuntimeError("no items")


class Caller:
    """Makes arguments from a number, the same ones every time."""

    def __init__(self, seed: int, star: str) -> None:
        self.random = random.Random(seed)
        self.star = star

    def array(self) -> np.ndarray:
        pick = self.random
        shape = [pick.choice([0, 1, 2, 3, 4, 5, 16, 33]) for _ in range(pick.randrange(5))]
        kind = pick.choice(["u1", "i1", "i4", "i8", "f4", "f8", "f2", "?", "c8", ">f4", "U3", "O", "u8", "M8[s]"])
        generator = np.random.default_rng(pick.randrange(1 << 32))
        array = generator.integers(0, 300, size=shape).astype(kind)
        if array.dtype.kind == "f" and array.size and pick.random() < 0.3:
            array.flat[pick.randrange(array.size)] = pick.choice([np.nan, np.inf, -1e4])
        if array.ndim and pick.random() < 0.3:
            array = array[:: pick.choice([-1, 2])]
        return array.T if pick.random() < 0.2 else array

    def picture(self):
        pick = self.random
        data = bytearray(Path(self.star).read_bytes())
        for _ in range(pick.randrange(4)):
            data[pick.randrange(len(data))] = pick.randrange(256)
        mode = pick.choice(["RGB", "L", "1", "P", "CMYK", "LA", "RGBA", "I", "F", "I;16", "YCbCr", "HSV"])
        size = (pick.choice([1, 2, 17]), pick.choice([1, 3, 40]))
        return pick.choice([self.star, bytes(data), memoryview(data), Image.new(mode, size), self.array()])

    def word(self) -> str:
        return self.random.choice(
            ["", "a red circle", "\0", "\ud800", "<image_placeholder>", "\U0001f600" * 3, "x" * 5000, " \n", "../.."]
        )

    def number(self):
        return self.random.choice(
            [0, 1, 2, -1, 3.5, 1e30, float("nan"), float("inf"), 1 << 31, 1 << 64, -(1 << 70), True, np.int8(3), np.float16(1)]
        )

    def anything(self, depth: int = 0):
        pick = self.random
        kinds = [self.array, self.picture, self.word, self.number, lambda: None, Hostile, object, lambda: b"\x89PNG"]
        if depth < 3:
            kinds.append(lambda: [self.anything(depth + 1) for _ in range(pick.randrange(4))])
            kinds.append(lambda: {pick.choice(["role", "content", "type", "text", 1]): self.anything(depth + 1)})
        return pick.choice(kinds)()

    def or_anything(self, usual):
        return usual() if self.random.random() < 0.6 else self.anything()

    def message(self):
        part = {"type": self.random.choice(["text", "image", "image_url"]), "text": self.or_anything(self.word)}
        part["image"] = self.or_anything(self.picture)
        part["image_url"] = {"url": self.or_anything(self.word)}
        content = self.random.choice([self.word(), [part], self.anything()])
        return {"role": self.random.choice(["user", "assistant", "system", "tool"]), "content": content}

    def options(self, *names: str) -> dict:
        return {name: self.or_anything(self.number) for name in names if self.random.random() < 0.3}


def call(model: jc.Model, caller: Caller) -> None:
    """One of the calls that the package offers."""
    picture, word = caller.or_anything(caller.picture), caller.or_anything(caller.word)
    sampled = caller.options("temperature", "top_k", "top_p", "seed")
    calls = [
        lambda: model.describe(picture, word, max_tokens=2, **sampled, **caller.options("logprobs", "stop")),
        lambda: model.describe([picture, caller.picture()], word, max_tokens=1, errors="return"),
        lambda: model.chat([caller.message() for _ in range(caller.random.randrange(3))], max_tokens=1, **sampled),
        lambda: model.generate(word, n=caller.or_anything(lambda: 0), **sampled, **caller.options("cfg_scale", "steps")),
        lambda: model.score(picture, word, caller.or_anything(caller.word)),
        lambda: model.score_codes(word, caller.array()),
        lambda: model.embed(picture, caller.random.choice(["pixels", "vision", "aligned", "latent", word])),
        lambda: model.encode(picture),
        lambda: model.decode(caller.or_anything(caller.array)),
        lambda: model.tokenize(word),
        lambda: model.detokenize(caller.or_anything(lambda: [caller.number() for _ in range(4)])),
    ]
    caller.random.choice(calls)()


def test_arguments_of_any_kind(model, star):
    given = 0
    for number in range(CALLS):
        caller = Caller(SEED * 1_000_003 + number, star)
        try:
            call(model, caller)
            given += 1
        except PROMISED as error:
            assert str(error), f"call {number}: an exception without words: {error!r}"
        except RuntimeError as error:
            # What the caller's own object raised comes to the caller.
            assert str(error) in ("no array", "no length", "no items"), f"call {number}: {error!r}"
    assert given > CALLS / 20
    # And the model goes on as before.
    assert model.describe(star, max_tokens=4) == model.describe(star, max_tokens=4)
