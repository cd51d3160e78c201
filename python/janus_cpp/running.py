"""What all requests of a model share."""

from __future__ import annotations

from typing import Any

from . import _core, jobs
from ._core import RequestError
from .jobs import Job, Stream
from .typed import Errors


class Running:
    """An engine that runs. `Model` opens it."""

    _core: _core.Model
    _bells: jobs.Bells
    # So many pictures are made ready while others are looked at.
    _ahead: int

    def _run(self, asked: Any, streams: bool, errors: Errors) -> Any:
        jobs.check_errors(errors)
        if isinstance(asked, Job):
            return Stream(asked) if streams else jobs.run(asked)
        _refuse_stream(streams)
        flat, shape = jobs.flat(asked)
        return shape(jobs.run_all(flat, self._ahead, errors))

    async def _arun(self, asked: Any, streams: bool, errors: Errors) -> Any:
        jobs.check_errors(errors)
        if isinstance(asked, Job):
            return jobs.astream(asked, self._bells) if streams else await jobs.arun(asked, self._bells)
        _refuse_stream(streams)
        flat, shape = jobs.flat(asked)
        return shape(await jobs.arun_all(flat, self._bells, self._ahead, errors))


def _refuse_stream(streams: bool) -> None:
    if streams:
        raise RequestError("stream: expected one answer or image to be streamed, found a list; ask for one")
