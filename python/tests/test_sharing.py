"""One model for many callers: threads, coroutines, cancelling."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor

import janus_cpp as jc
import pytest
from conftest import wait_for

LONG = {"max_tokens": 512, "prompt": "a", "temperature": 2.0}


def wait_until_idle(model):
    wait_for(lambda: model.status["running"] + model.status["waiting"] == 0)


def test_threads_get_what_each_gets_alone(model, pictures):
    questions = ["What is this?", "What colour is the object?", "Describe this image."]
    cases = [(picture, question, seed) for picture in pictures for question in questions for seed in (1, 2)]

    def ask(case):
        picture, question, seed = case
        return model.describe(picture, question, seed=seed, temperature=1.5, max_tokens=20)

    alone = [ask(case) for case in cases]
    drawn = model.generate("a star", seed=3).tobytes()
    with ThreadPoolExecutor(12) as threads:
        drawing = threads.submit(lambda: model.generate("a star", seed=3).tobytes())
        together = list(threads.map(ask, cases))
        assert drawing.result() == drawn
    assert [answer.ids for answer in together] == [answer.ids for answer in alone]


def test_others_run_while_one_waits(model):
    """The lock of Python is free while a model works."""
    counted = 0
    ended = threading.Event()

    def count():
        nonlocal counted
        while not ended.is_set():
            counted += 1

    thread = threading.Thread(target=count)
    thread.start()
    before = counted
    model.generate(["a star"] * 4)
    during = counted - before
    ended.set()
    thread.join()
    assert during > 1000


def test_closing_a_stream_cancels_its_request(model, star):
    whole = len(model.describe(star, **LONG).ids)
    before = model.status["tokens_sampled"]
    with model.describe(star, stream=True, **LONG) as stream:
        next(stream)
    # One that nobody holds any more is cancelled, too.
    next(model.describe(star, stream=True, **LONG))
    wait_until_idle(model)
    assert model.status["tokens_sampled"] - before < 2 * whole


def test_closed_model_refuses(star):
    model = jc.load()
    stream = model.generate("a star", preview_every=1)
    next(stream)
    waiting = threading.Thread(target=lambda: pytest.raises(jc.Error, stream.result))
    waiting.start()
    model.close()
    waiting.join()
    model.close()
    assert model.closed and "closed" in repr(model)
    for call in (
        lambda: model.describe(star),
        lambda: model.describe([star, star]),
        lambda: model.generate("a star"),
        lambda: model.embed(star),
        lambda: model.score(star, "x"),
        lambda: model.tokenize("x"),
        lambda: model.decode([[0] * 8] * 8),
        lambda: asyncio.run(model.adescribe(star)),
    ):
        with pytest.raises(jc.ModelError, match="expected an open one, found it closed; load it again"):
            call()
    # One broken item does not hide that the model is gone.
    with pytest.raises(jc.ModelError):
        model.describe([star, star], errors="return")


def test_coroutines(model, pictures, star):
    async def ask():
        answers, images, scored, embedded, chat = await asyncio.gather(
            asyncio.gather(*(model.adescribe(picture) for picture in pictures * 3)),
            model.agenerate(["a star", "a circle"], n=2, seed=1),
            model.ascore(star, ["a star", "x"]),
            model.aembed(pictures),
            model.achat([{"role": "user", "content": [{"type": "image", "image": star}]}]),
        )
        pieces = [piece async for piece in await model.adescribe(star, stream=True)]
        previews = [preview async for preview in await model.agenerate("a star", seed=1, preview_every=4)]
        codes = await model.aencode(star)
        decoded = await model.adecode(codes)
        mixed = await model.adescribe([star, None], errors="return")
        return answers, images, scored, embedded, chat, pieces, previews, codes, decoded, mixed

    answers, images, scored, embedded, chat, pieces, previews, codes, decoded, mixed = asyncio.run(ask())
    assert answers == model.describe(pictures) * 3
    for row, expected in zip(images, model.generate(["a star", "a circle"], n=2, seed=1)):
        assert [image.tobytes() for image in row] == [image.tobytes() for image in expected]
    assert scored[0].total == model.score(star, "a star").total
    assert (embedded == model.embed(pictures)).all()
    assert chat == "".join(pieces) == model.describe(star) == mixed[0]
    assert [preview.info["done"] for preview in previews] == [4]
    assert (codes == model.encode(star)).all() and decoded.tobytes() == model.decode(codes).tobytes()
    assert isinstance(mixed[1], TypeError)


def test_cancelled_coroutine_cancels_its_request(model, star):
    async def give_up():
        task = asyncio.create_task(model.agenerate(["a star"] * 50))
        await asyncio.sleep(0.1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return await model.adescribe(star)

    before = model.status["tokens_sampled"]
    assert asyncio.run(give_up()) == model.describe(star)
    wait_until_idle(model)
    assert model.status["tokens_sampled"] - before < 50 * model.info["codes_height"] * model.info["codes_width"]
