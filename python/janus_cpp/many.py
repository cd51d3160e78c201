"""Many requests at once, each with a result or an error of its own: what pipelines are made of."""

from __future__ import annotations

import hashlib
import itertools
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from . import _core, numbers
from .answer import Answer
from .images import to_picture
from .jobs import Job, run
from .model import Model
from .questions import AnswerOptions, describe_jobs

Label = TypeVar("Label")
# What is wrong with one item alone; all else ends the run.
_OF_ITEMS = (_core.ImageError, _core.RequestError, TypeError, ValueError, OSError)


def seed_of(seed: int, key: Any) -> int:
    """The seed of a row: of the run's seed and the row's key, whatever batch it comes in."""
    digest = hashlib.sha256(f"{seed}\n{key}".encode("utf-8", "surrogateescape")).digest()
    return int.from_bytes(digest[:4], "little")


def one_line(error: BaseException) -> str:
    return " ".join(str(error).split()) or type(error).__name__


@dataclass(frozen=True)
class Request(Generic[Label]):
    """One item: what it belongs to, and what makes its job. That may read and decode: it runs on a thread aside."""

    label: Label
    make: Callable[[], Job[Any]]


@dataclass(frozen=True)
class Outcome(Generic[Label]):
    """A request's result, or in its place what is wrong with it alone."""

    label: Label
    result: Any = None
    error: str | None = None


def run_each(requests: Iterable[Request[Label]], ahead: int, makers: Executor) -> Iterator[Outcome[Label]]:
    """The outcomes, in order. `ahead` requests are under way at once at most; who stops early cancels them."""
    under_way: deque[tuple[Label, Any]] = deque()
    remaining = iter(requests)
    try:
        while True:
            for request in itertools.islice(remaining, ahead - len(under_way)):
                under_way.append((request.label, makers.submit(_begin, request.make)))
            if not under_way:
                return
            label, begun = under_way[0]
            outcome = _outcome(label, begun)
            under_way.popleft()
            yield outcome
    finally:
        for _, begun in under_way:
            if not begun.cancel():
                begun.add_done_callback(_cancel)


def _begin(make: Callable[[], Job[Any]]) -> tuple[Job[Any], Any]:
    job = make()
    return job, job.begin(0)


def _outcome(label: Label, begun: Any) -> Outcome[Label]:
    try:
        job, ticket = begun.result()
        return Outcome(label, result=run(Job(lambda _: ticket, job.end)))
    except _OF_ITEMS as error:
        return Outcome(label, error=one_line(error))


def _cancel(begun: Any) -> None:
    if not begun.cancelled() and begun.exception() is None:
        begun.result()[1].cancel()


@dataclass(frozen=True)
class Caption:
    """An answer about a picture, the picture's size in pixels, and the time that the answer took."""

    answer: Answer
    width: int
    height: int
    ms: float


class Captioning:
    """Answers of one kind by one model."""

    def __init__(self, model: Model, options: AnswerOptions) -> None:
        """Raises RequestError for options that are out of range."""
        self._core = model._core
        self._options = options
        options.first_seed()

    def job(self, picture: Any, prompt: str, seed: int) -> Job[Caption]:
        """The job of any picture that `Model.describe` takes. Raises what is wrong with the picture."""
        seen = to_picture(picture)
        options = AnswerOptions(**{**self._options.__dict__, "seed": seed})
        asked = describe_jobs(self._core, seen, numbers.text("prompt", prompt), False, options, False)
        assert isinstance(asked, Job)

        def end(ticket: Any) -> Caption:
            answer = asked.end(ticket)
            ms = sum(value for name, value in answer.timings.items() if name.endswith("_ms"))
            return Caption(answer, seen.width, seen.height, ms)

        return Job(asked.begin, end)


