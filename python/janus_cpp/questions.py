"""Questions about pictures as jobs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from . import _core, numbers
from ._core import RequestError
from .answer import Answer
from .images import to_picture
from .jobs import Job

# Makes a picture ready, once.
Look = Callable[[], _core.Prepared]


@dataclass(frozen=True)
class AnswerOptions:
    """How an answer is written, as `Model.describe` tells."""

    max_tokens: int = 512
    temperature: float = 0.0
    top_k: int = 0
    top_p: float = 1.0
    seed: int | None = 42
    stop: str | Sequence[str] = ()
    logprobs: int | None = None
    special_tokens: bool = False

    def first_seed(self) -> int:
        """The seed of the first answer. Raises what is wrong with all of these: no single picture is at fault."""
        seed = numbers.seed_number(self.seed)
        self.question(seed).check()
        return seed

    def question(self, seed: int) -> _core.Question:
        """All of a question but its words and pictures."""
        question = _core.Question()
        question.max_tokens = numbers.whole("max_tokens", self.max_tokens)
        question.sampling = sampling(self.temperature, self.top_k, self.top_p, seed)
        question.stops = [self.stop] if isinstance(self.stop, str) else numbers.texts("stop", self.stop)
        question.special_tokens = bool(self.special_tokens)
        question.logprobs = self.logprobs is not None
        question.top_logprobs = numbers.whole("logprobs", self.logprobs or 0)
        return question


def sampling(temperature: float, top_k: int, top_p: float, seed: int) -> _core.Sampling:
    return _core.Sampling(
        numbers.real("temperature", temperature),
        numbers.real("top_p", top_p),
        numbers.whole("top_k", top_k),
        numbers.whole("seed", seed),
    )


def turn(question: str, images: int) -> _core.Turn:
    one = _core.Turn()
    one.question = numbers.text("prompt", question)
    one.images = images
    return one


def describe_jobs(
    core: _core.Model, image: Any, prompt: str | Sequence[str], together: bool, options: AnswerOptions, streams: bool
) -> list[Job[Answer]] | Job[Answer]:
    """One job, or a list of them where a list of answers is asked for."""
    first = options.first_seed()

    def look(picture: Any) -> Look:
        return cache(lambda: core.prepare(to_picture(picture)))

    def job(looks: Sequence[Look], words: str, k: int = 0) -> Job[Answer]:
        def fill(question: _core.Question) -> None:
            question.turns = [turn(words, len(looks))]
            question.images = [one() for one in looks]

        return answer_job(core, fill, options, numbers.next_seed(first, k), streams)

    many = isinstance(image, (list, tuple))
    if together:
        if not many or not image:
            raise RequestError("together: expected a list of pictures, found none; give two or more")
        return job([look(picture) for picture in image], numbers.text("prompt", prompt))
    if isinstance(prompt, str):
        return [job([look(one)], prompt, k) for k, one in enumerate(image)] if many else job([look(image)], prompt)
    prompts = numbers.texts("prompt", prompt)
    if not many:
        seen = look(image)  # once for all questions
        return [job([seen], words, k) for k, words in enumerate(prompts)]
    if len(prompts) != len(image):
        raise RequestError(
            f"prompt: expected one, or {len(image)}, one a picture, found {len(prompts)}; give as many"
        )
    return [job([look(one)], words, k) for k, (one, words) in enumerate(zip(image, prompts))]


def answer_job(
    core: _core.Model,
    fill: Callable[[_core.Question], None],
    options: AnswerOptions,
    seed: int,
    streams: bool,
) -> Job[Answer]:
    """fill: gives the question its turns and pictures."""

    def begin(key: int) -> Any:
        question = options.question(seed)
        question.streams = streams
        fill(question)
        return core.ask(question, key)

    def end(ticket: Any) -> Answer:
        answer = ticket.result()
        return Answer(
            answer["text"],
            ids=answer["ids"],
            finish_reason=answer["finish_reason"],
            seed=seed,
            timings=answer["timings"],
            **({"logprobs": answer["tokens"]} if options.logprobs is not None else {}),
        )

    return Job(begin, end)
