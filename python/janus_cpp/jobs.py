"""Requests as the calls of `Model` make them, and how threads and coroutines wait for them.

The engine has a thread of its own, which never takes Python's lock. Whoever waits here does so without the lock, and
wakes now and then so that Ctrl-C is seen.
"""

from __future__ import annotations

import asyncio
import itertools
import threading
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, Generic, TypeVar

from . import _core
from .typed import Errors

Piece = TypeVar("Piece")
Result = TypeVar("Result")

# What one item may be at fault for; a ModelError is no item's.
ITEM_ERRORS = (_core.Error, TypeError, ValueError)
# The longest time that Ctrl-C waits for a thread that waits.
_SLICE_S = 0.05


@dataclass(frozen=True)
class Job(Generic[Result]):
    """A request that may be begun."""

    #: Submits it, with a key for `Bells` or 0; what is wrong with it, a broken picture too, is raised.
    begin: Callable[[int], Any]
    #: Makes the result of the ended ticket; raises what it ended with.
    end: Callable[[Any], Result]
    #: Makes what a stream yields of a ticket's piece.
    piece: Callable[[Any], Any] = lambda piece: piece


def run(job: Job[Result]) -> Result:
    return _finish(job, job.begin(0))


def run_all(jobs: Iterable[Job[Result]], ahead: int, errors: Errors) -> list[Any]:
    """The results in order; `ahead` jobs are under way at once at most. errors: "return" puts what a job raises in its
    place; "raise" raises the first, and cancels the others."""
    results: list[Any] = []
    under_way: deque[tuple[Job[Result], Any]] = deque()
    remaining = iter(jobs)
    try:
        while True:
            for job in itertools.islice(remaining, max(0, ahead - len(under_way))):
                under_way.append((job, _caught(partial(job.begin, 0), errors)))
            if not under_way:
                return results
            job, ticket = under_way[0]
            if isinstance(ticket, Exception):
                results.append(ticket)
            else:
                results.append(_caught(partial(_finish, job, ticket), errors))
            under_way.popleft()
    except BaseException:
        for _, ticket in under_way:
            if not isinstance(ticket, Exception):
                ticket.cancel()
        raise


def _caught(action: Callable[[], Any], errors: Errors) -> Any:
    try:
        return action()
    except ITEM_ERRORS as error:
        if errors == "raise" or isinstance(error, _core.ModelError):
            raise
        return error


def _finish(job: Job[Result], ticket: Any) -> Result:
    try:
        while not ticket.wait(_SLICE_S):
            pass
    except BaseException:
        ticket.cancel()
        raise
    return job.end(ticket)


def check_errors(errors: str) -> None:
    if errors not in ("raise", "return"):
        raise _core.RequestError(f'errors: expected "raise" or "return", found {errors!r}; give one of these')


def flat(asked: list[Any]) -> tuple[list[Job[Any]], Callable[[list[Any]], list[Any]]]:
    """All jobs of a list, or of a list of lists, and what gives their results that shape again."""
    if not asked or isinstance(asked[0], Job):
        return asked, lambda results: results
    lengths = [len(row) for row in asked]

    def shaped(results: list[Any]) -> list[list[Any]]:
        remaining = iter(results)
        return [[next(remaining) for _ in range(length)] for length in lengths]

    return [job for row in asked for job in row], shaped


class Stream(Iterator[Piece], Generic[Piece, Result]):
    """The pieces of a result as they come. Who lets go of it before its end cancels the request."""

    def __init__(self, job: Job[Result]) -> None:
        self._job = job
        self._ticket = job.begin(0)
        self._result: Result | None = None

    def __next__(self) -> Piece:
        if self._ticket is None:
            raise StopIteration
        while True:
            ended = self._ticket.ended()
            piece = self._ticket.next(0 if ended else _SLICE_S)
            if piece is not None:
                made: Piece = self._job.piece(piece)
                return made
            if ended:
                ticket, self._ticket = self._ticket, None
                self._result = self._job.end(ticket)
                raise StopIteration

    def result(self) -> Result:
        """The whole result; waits for it, and passes over pieces that nobody has taken."""
        deque(self, maxlen=0)
        if self._result is None:
            raise _core.Cancelled("request: expected its end, found that it was closed before; ask again")
        return self._result

    def close(self) -> None:
        """Cancels the request where it has not ended."""
        ticket, self._ticket = self._ticket, None
        if ticket is not None:
            ticket.cancel()

    def __enter__(self) -> Stream[Piece, Result]:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class Bells:
    """Wakes coroutines: one thread waits for news of all their requests, and sleeps without them."""

    def __init__(self, core: _core.Model) -> None:
        self._core = core
        self._keys = itertools.count(1)
        self._lock = threading.Lock()
        self._waiting: dict[int, tuple[asyncio.AbstractEventLoop, asyncio.Event]] = {}
        self._thread: threading.Thread | None = None

    def add(self) -> tuple[int, asyncio.Event]:
        """A key, and what is set whenever its request has news."""
        event = asyncio.Event()
        with self._lock:
            key = next(self._keys)
            self._waiting[key] = (asyncio.get_running_loop(), event)
            if self._thread is None:
                self._thread = threading.Thread(target=self._listen, name="janus-bells", daemon=True)
                self._thread.start()
        return key, event

    def remove(self, key: int) -> None:
        with self._lock:
            del self._waiting[key]

    def join(self) -> None:
        """Waits for the thread's end, once the model is closed: Python must not end before it."""
        with self._lock:
            thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join()

    def _listen(self) -> None:
        while (key := self._core.wait_for_rings()) is not None:
            with self._lock:
                waiting = self._waiting.get(key)
            if waiting is not None:
                try:
                    waiting[0].call_soon_threadsafe(waiting[1].set)
                except RuntimeError:  # the loop has been closed
                    pass


@asynccontextmanager
async def _begun(job: Job[Any], bells: Bells) -> AsyncIterator[tuple[Any, asyncio.Event]]:
    """The job's ticket, cancelled where the body ends early, and the event that is set whenever it may have news."""
    key, event = bells.add()
    ticket = None
    try:
        # Pictures are decoded on the way.
        ticket = await asyncio.get_running_loop().run_in_executor(None, job.begin, key)
        yield ticket, event
    except BaseException:
        if ticket is not None:
            ticket.cancel()
        raise
    finally:
        bells.remove(key)


async def arun(job: Job[Result], bells: Bells) -> Result:
    async with _begun(job, bells) as (ticket, event):
        while not ticket.ended():
            await event.wait()
            event.clear()
        return job.end(ticket)


async def arun_all(jobs: Sequence[Job[Result]], bells: Bells, ahead: int, errors: Errors) -> list[Any]:
    """As run_all."""
    results: list[Any] = [None] * len(jobs)
    remaining = iter(enumerate(jobs))

    async def work() -> None:
        for at, job in remaining:
            try:
                results[at] = await arun(job, bells)
            except ITEM_ERRORS as error:
                if errors == "raise" or isinstance(error, _core.ModelError):
                    raise
                results[at] = error

    # Not a task a job, of which there may be a million.
    tasks = [asyncio.ensure_future(work()) for _ in range(min(ahead, len(jobs)))]
    try:
        await asyncio.gather(*tasks)
        return results
    except BaseException:
        for task in tasks:
            task.cancel()
        raise


async def astream(job: Job[Result], bells: Bells) -> AsyncIterator[Any]:
    async with _begun(job, bells) as (ticket, event):
        while True:
            ended = ticket.ended()
            while (piece := ticket.next(0)) is not None:
                yield job.piece(piece)
            if ended:
                job.end(ticket)
                return
            await event.wait()
            event.clear()
