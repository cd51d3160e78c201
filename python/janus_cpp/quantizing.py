"""A whole model as one file with smaller weights."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from . import _core, numbers, sources
from ._core import RequestError
from .typed import Progress

_EXTENSION = ".gguf"


def quantize(
    model: str | os.PathLike[str] | None,
    output: str | os.PathLike[str],
    type: str = "q8_0",
    *,
    keep: Mapping[str, str] | None = None,
    vae: str | os.PathLike[str] | None = None,
    threads: int | None = None,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Writes a whole model as one GGUF file with smaller weights, which `load` opens.

    model: as `load` takes it. output: the file, which ends in .gguf; it is put in place in one step.
    type: of the decoder's weights. keep: other types for parts, {"vision": "bf16", "heads": "bf16"}; by default vision
      and heads are at least q8_0, and vq and vae are as stored below f32 and bf16.
    vae, threads: as `load`. progress: called with (phase, done, total).

    Returns "bytes" and "parameters" of the file, "parts" (part -> type -> bytes), and "vae", the path of the
    autoencoder that is in it, or None. The same file as `janus quantize` writes.
    """
    path = os.path.abspath(os.path.expanduser(numbers.path("output", output)))
    if not path.endswith(_EXTENSION):
        raise RequestError(f'output: expected a name that ends in {_EXTENSION}, found "{output}"; rename it')
    settings = sources.settings(
        {"model": model, "type": type, "device": "cpu", "threads": threads, "vae": vae}
    )
    if settings.path and os.path.exists(path) and os.path.samefile(settings.path, path):
        raise RequestError(f'output: expected another file than the model, found "{output}"; choose another')
    name = os.path.basename(settings.path).removesuffix(_EXTENSION) or sources.BUILTIN
    kept = {numbers.text("keep", part): numbers.text("keep", kind) for part, kind in (keep or {}).items()}
    return _core.quantize(settings, kept, name, path, progress)
