"""How far a download is, of the bars that huggingface_hub would draw."""

from __future__ import annotations

import threading
from typing import Any

from .typed import Progress


def bars_for(base: Any, progress: Progress) -> Any:
    """A class of bars, derived of huggingface_hub's own, that draw nothing and tell `progress` of files and of bytes.
    Its `raised` is what `progress` raised, which ends the download."""
    lock = threading.Lock()

    class Bars(base):  # type: ignore[misc]
        raised: BaseException | None = None

        def __init__(self, *arguments: Any, **settings: Any) -> None:
            # Bytes come twice: as they are received, and as they are written.
            told = not str(settings.get("name")).endswith(".transfer")
            self._phase = ("bytes" if settings.get("unit") == "B" else "files") if told else None
            super().__init__(*arguments, **{**settings, "disable": True})

        def update(self, n: float | None = 1) -> None:
            with lock:
                self.n += n or 0
                if self._phase is None:
                    return
                try:
                    progress(self._phase, int(self.n), int(max(self.total or 0, self.n)))
                except BaseException as error:
                    Bars.raised = error
                    raise

    return Bars
