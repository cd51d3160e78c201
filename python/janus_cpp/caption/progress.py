"""How far a run is, on standard error: a line that renews itself on a terminal, else a line now and then."""

from __future__ import annotations

import sys
import time

_TERMINAL_S = 0.2
_LOG_S = 5.0


class Progress:
    """Counts pictures, and weighs shards for the time that is left."""

    def __init__(self, total: int, shards: int, quiet: bool) -> None:
        self._total, self._shards, self._quiet = max(1, total), shards, quiet
        self._terminal = sys.stderr.isatty()
        self._start = self._last = time.monotonic()
        self._before = self._weight = 0.0
        self.captioned = self.errors = self.errors_before = self.done_before = self.shards_done = 0
        self._open = False

    def row(self, weight: int, done: float, is_error: bool) -> None:
        """A row of the shard that is under way, of which so much is done."""
        self._count(1, int(is_error))
        self._show(self._weight + weight * done)

    def shard(self, weight: int, rows: int, errors: int, before: bool) -> None:
        """A shard is done. rows, errors: those that `row` was not told of."""
        self.shards_done += 1
        if before:
            self.done_before += rows - errors
            self.errors_before += errors
            self._before += weight
        else:
            self._count(rows, errors)
        self._weight += weight
        self._show(self._weight)

    def say(self, text: str) -> None:
        """A line of its own, whatever is shown."""
        self._clear()
        print(f"janus_cpp.caption: {text}", file=sys.stderr, flush=True)

    def end(self, all_done: bool) -> None:
        self._clear()
        if self._quiet or (not all_done and self.captioned + self.errors + self.shards_done == 0):
            return
        parts = [f"{self.captioned} captioned"]
        if self.done_before:
            parts.append(f"{self.done_before} done before")
        errors = self.errors + self.errors_before
        if errors:
            parts.append(f"{errors} error{'s' if errors > 1 else ''}")
        shards = f"{self.shards_done} of {self._shards}" if not all_done else f"{self._shards}"
        print(f"{', '.join(parts)}, {shards} shard{'s' if self._shards > 1 else ''}", file=sys.stderr, flush=True)

    def _count(self, rows: int, errors: int) -> None:
        self.captioned += rows - errors
        self.errors += errors

    def _show(self, weight: float) -> None:
        now = time.monotonic()
        if self._quiet or now - self._last < (_TERMINAL_S if self._terminal else _LOG_S):
            return
        self._last = now
        seconds = now - self._start
        done, rest = weight - self._before, self._total - weight
        left = f", {_duration(seconds * rest / done)} left" if done > 0 and seconds > 2 else ""
        errors = f", {self.errors} errors" if self.errors else ""
        rate = (self.captioned + self.errors) / seconds
        line = (
            f"{100 * weight / self._total:3.0f} %, {self.captioned} captioned{errors}, {self.shards_done} of "
            f"{self._shards} shards, {rate:.3g} pictures a second{left}"
        )
        if self._terminal:
            print(f"\r\x1b[K{line}", end="", file=sys.stderr, flush=True)
            self._open = True
        else:
            print(line, file=sys.stderr, flush=True)

    def _clear(self) -> None:
        if self._open:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)
            self._open = False


def _duration(seconds: float) -> str:
    whole = int(seconds + 0.5)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    hours = whole // 3600
    return f"{hours} h {whole % 3600 // 60} min" if hours < 48 else f"{hours // 24} days {hours % 24} h"
