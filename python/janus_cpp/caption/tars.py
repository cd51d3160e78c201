"""Tars as WebDataset makes them: samples are members side by side whose names differ behind the first dot alone."""

from __future__ import annotations

import bz2
import gzip
import lzma
import os
import tarfile
import zlib
from collections.abc import Iterator
from typing import Any

from .problems import Damage
from .shards import PICTURES

_OPENERS: dict[str, Any] = {".gz": gzip.open, ".tgz": gzip.open, ".bz2": bz2.open, ".xz": lzma.open}
_BROKEN = (tarfile.TarError, EOFError, OSError, zlib.error, lzma.LZMAError)


class _Member(tarfile.TarInfo):
    """tarfile takes a header that is cut or damaged for the archive's end, unless it is the first."""

    @classmethod
    def fromtarfile(cls, archive: tarfile.TarFile) -> Any:
        try:
            return super().fromtarfile(archive)
        except tarfile.EOFHeaderError:  # type: ignore[attr-defined]
            raise
        except tarfile.HeaderError as error:
            raise tarfile.ReadError(f"{error} at byte {archive.offset}") from None


def read_tar(path: str, name: str) -> Iterator[tuple[str, str, bytes, float]]:
    """(key, member, bytes, done) of its pictures; done: how far the file is read, 0 to 1. Raises Damage, which calls it
    by the name."""
    pictures = 0
    try:
        size = max(1, os.path.getsize(path))
        with open(path, "rb") as raw, _unpacked(path, raw) as file:
            archive = tarfile.open(fileobj=file, mode="r:", tarinfo=_Member)
            for member in archive:
                archive.members = []  # type: ignore[attr-defined]  # else it keeps them all
                if not member.isfile() or not _is_picture(member.name):
                    continue
                data = archive.extractfile(member).read()  # type: ignore[union-attr]
                pictures += 1
                yield _key_of(member.name), member.name.removeprefix("./"), data, min(1.0, raw.tell() / size)
    except _BROKEN as error:
        reason = " ".join(str(error).split())
        raise Damage(
            f"{name}: expected a whole tar, found it damaged or cut short behind {pictures} pictures ({reason}); get "
            "it again"
        ) from None


def _unpacked(path: str, raw: Any) -> Any:
    opener = _OPENERS.get(os.path.splitext(path)[1].lower())
    return raw if opener is None else opener(raw, "rb")


def _is_picture(name: str) -> bool:
    base = os.path.basename(name)
    return not base.startswith(".") and os.path.splitext(base)[1].lower() in PICTURES


def _key_of(name: str) -> str:
    """As WebDataset has it, "./" and all, so that samples of two tars meet."""
    folder, base = os.path.split(name)
    return os.path.join(folder, base.split(".", 1)[0])
