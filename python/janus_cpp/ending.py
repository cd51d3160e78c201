"""Python's end: what is under way is ended before it, as Python may not end threads that are amid C++."""

from __future__ import annotations

import atexit
import os
import threading
import weakref
from typing import Protocol

from . import _core


class Closable(Protocol):
    def close(self) -> None: ...


_open: weakref.WeakSet[Closable] = weakref.WeakSet()


def close_at_end(model: Closable) -> None:
    _open.add(model)


def _end() -> None:
    """Daemon threads that wait for a model leave here; nothing is done for others."""
    _core.begin_end()
    for model in list(_open):
        model.close()
    _core.end_calls()
    # What daemon threads hold is never let go of, which is no leak of the binding's.
    if any(thread.daemon for thread in threading.enumerate()):
        _core.pass_over_leaks()


atexit.register(_end)
os.register_at_fork(after_in_child=_core.forget_calls)
