"""What type checkers make of calls: read by them alone (test_types.py)."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import janus_cpp as jc
import numpy as np
from PIL import Image
from typing_extensions import assert_type

model = jc.load(Path("model"), type="q8_0", progress=lambda phase, done, total: None)
pixels = np.zeros((8, 8, 3), np.uint8)

assert_type(model.describe("a.png"), jc.Answer)
assert_type(model.describe(pixels, "What is this?", max_tokens=5, seed=None), jc.Answer)
assert_type(model.describe(["a.png", "b.png"]), list[jc.Answer])
assert_type(model.describe((pixels, pixels)), list[jc.Answer])
assert_type(model.describe([b"", b""], ["one", "two"], errors="return"), list[jc.Answer | Exception])
assert_type(model.describe(Image.new("RGB", (8, 8)), ["one", "two"]), list[jc.Answer])
assert_type(model.describe(["a.png", "b.png"], "What has changed?", together=True), jc.Answer)
stream = model.describe("a.png", stream=True)
assert_type(stream, jc.Stream[str, jc.Answer])
assert_type([piece for piece in stream], list[str])
assert_type(stream.result(), jc.Answer)
assert_type(stream.result().ids, list[int])

assert_type(model.chat([{"role": "user", "content": "hello"}]), jc.Answer)
assert_type(model.chat([{"role": "user", "content": "hello"}], stream=True), jc.Stream[str, jc.Answer])

assert_type(model.generate("a star"), Image.Image)
assert_type(model.generate("a star", n=2, cfg_scale=3), list[Image.Image])
assert_type(model.generate(["a star", "a ring"]), list[Image.Image])
assert_type(model.generate(["a star", "a ring"], n=2), list[list[Image.Image]])
assert_type(model.generate(["a star", "a ring"], errors="return"), list[Image.Image | Exception])
assert_type(model.generate("a star", preview_every=4), jc.Stream[Image.Image, Image.Image])

assert_type(model.score("a.png", "a star"), jc.Score)
assert_type(model.score("a.png", ["a star", "a ring"]), list[jc.Score])
assert_type(model.tokenize("a star"), list[int])
assert_type(model.decode(model.encode("a.png")), Image.Image)
assert_type(jc.pull("owner/repo"), str)


async def ask() -> None:
    assert_type(await model.adescribe("a.png"), jc.Answer)
    assert_type(await model.adescribe(["a.png"]), list[jc.Answer])
    assert_type(await model.adescribe("a.png", stream=True), AsyncIterator[str])
    assert_type(await model.achat([{"role": "user", "content": "hello"}]), jc.Answer)
    assert_type(await model.agenerate(["a star"], n=2), list[list[Image.Image]])
    assert_type(await model.ascore("a.png", "a star"), jc.Score)


asyncio.run(ask())

# What is wrong is seen. Where it were not, the comments would be unused, which is an error of its own.
model.describe(3)  # type: ignore[call-overload]
model.describe("a.png", max_token=5)  # type: ignore[call-overload]
model.describe("a.png", seed="7")  # type: ignore[call-overload]
model.generate("a star", stream=True)  # type: ignore[call-overload]
jc.load(typ="q8_0")  # type: ignore[call-arg]
