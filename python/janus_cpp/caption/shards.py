"""The input, cut into shards: what a file of the output is made of."""

from __future__ import annotations

import glob
import hashlib
import itertools
import json
import os
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Literal

from .problems import Problem

Kind = Literal["pictures", "tar", "parquet"]
PICTURES = frozenset(
    ".jpg .jpeg .jpe .jfif .png .apng .webp .gif .bmp .dib .tif .tiff .heic .heif .avif .jxl .jp2 .pbm .pgm .ppm .pnm"
    .split()
)
_TARS = (".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz")
_MISSING = "check the path"


@dataclass(frozen=True)
class Shard:
    """A part of the input that is read, written and done again as a whole."""

    name: str  # of its files in the output, without extensions
    kind: Kind
    path: str  # the tar, the Parquet file, or the folder of the pictures, as the caller spelled it
    base: str  # the folder that a relative path is relative to
    source: str  # tells other contents
    weight: int  # pictures, or bytes of the file
    members: tuple[str, ...] = ()  # the pictures' paths in the folder

    @property
    def place(self) -> str:
        return os.path.join(self.base, self.path)

    def to_json(self) -> str:
        return json.dumps(asdict(self))

    @staticmethod
    def of_json(text: str) -> Shard:
        facts = json.loads(text)
        return Shard(**{**facts, "members": tuple(facts["members"])})


def find_shards(inputs: Sequence[str], shard_size: int) -> list[Shard]:
    """All shards, in the order of the inputs. Raises Problem where one is missing, unreadable or of several kinds."""
    shards: list[Shard] = []
    for given in inputs:
        for path in _matches(given):
            shards += _shards_of_folder(path, shard_size) if os.path.isdir(path) else [_shard_of_file(path)]
    if not shards:
        raise Problem(f"{inputs[0]}: expected pictures, tars or Parquet files, found none; name another input")
    # Pictures lie in no file whose name theirs could have.
    numbers = itertools.count()
    shards = [shard if shard.name else replace(shard, name=f"{next(numbers):05d}") for shard in shards]
    _check_names(shards)
    return shards


def _matches(given: str) -> list[str]:
    if os.path.exists(given) or not glob.has_magic(given):
        return [given]
    found = sorted(glob.glob(given, recursive=True))
    if not found:
        raise Problem(f"{given}: expected files of this pattern, found none; {_MISSING}")
    return found


def _shard_of_file(path: str) -> Shard:
    try:
        status = os.stat(path)
        with open(path, "rb"):
            pass
    except OSError as error:
        raise Problem(f"{path}: expected to read it, found: {error.strerror}; {_MISSING}") from None
    kind: Kind | None = _kind_of(path)
    if kind is None:
        raise Problem(
            f"{path}: expected a folder, a tar ({', '.join(_TARS)}) or a .parquet file, found a file of another name; "
            "give the folder that it lies in"
        )
    source = f"{status.st_size}-{status.st_mtime_ns}"
    return Shard(_stem(path), kind, path, os.getcwd(), source, status.st_size)


def _kind_of(path: str) -> Kind | None:
    lower = path.lower()
    if lower.endswith(_TARS):
        return "tar"
    return "parquet" if lower.endswith(".parquet") else None


def _stem(path: str) -> str:
    name = os.path.basename(path)
    for extension in (*_TARS, ".parquet"):
        if name.lower().endswith(extension):
            return name[: -len(extension)]
    return name


def _shards_of_folder(folder: str, shard_size: int) -> list[Shard]:
    files: list[str] = []
    pictures: list[tuple[str, str]] = []
    for path, entry in _walk(folder, ""):
        if _kind_of(path) is not None:
            files.append(path)
        elif os.path.splitext(path)[1].lower() in PICTURES:
            status = entry.stat(follow_symlinks=entry.is_file())
            pictures.append((path, f"{status.st_size}-{status.st_mtime_ns}"))
    tars = [path for path in files if _kind_of(path) == "tar"]
    # What img2dataset writes beside its tars, a table of theirs, is no input.
    files = tars or files
    if files and pictures:
        raise Problem(
            f"{folder}: expected shards or pictures, found {len(files)} shards, as {files[0]}, and {len(pictures)} "
            f"pictures; name what is meant, as '{os.path.join(folder, '*' + os.path.splitext(files[0])[1])}'"
        )
    if files:
        return [_shard_of_file(os.path.join(folder, path)) for path in files]
    return [
        _shard_of_pictures(folder, pictures[at : at + shard_size]) for at in range(0, len(pictures), shard_size)
    ]


def _shard_of_pictures(folder: str, pictures: Sequence[tuple[str, str]]) -> Shard:
    source = hashlib.sha256()
    for path, state in pictures:
        source.update(f"{path}\n{state}\n".encode("utf-8", "surrogateescape"))
    members = tuple(path for path, _ in pictures)
    return Shard("", "pictures", folder, os.getcwd(), source.hexdigest()[:16], len(members), members)


def _walk(folder: str, below: str) -> Iterator[tuple[str, os.DirEntry[str]]]:
    """Files with their paths in the folder, in the order of names; hidden ones and linked folders are passed over.

    A link that leads nowhere counts as a file: whoever reads it says so."""
    place = os.path.join(folder, below)
    try:
        with os.scandir(place) as listing:
            entries = sorted(listing, key=lambda entry: entry.name)
    except OSError as error:
        raise Problem(f"{place}: expected to read the folder, found: {error.strerror}; {_MISSING}") from None
    for entry in entries:
        path = os.path.join(below, entry.name)
        if entry.name.startswith("."):
            continue
        if entry.is_dir(follow_symlinks=False):
            yield from _walk(folder, path)
        elif entry.is_file() or (entry.is_symlink() and not entry.is_dir()):
            yield path, entry


def _check_names(shards: Sequence[Shard]) -> None:
    counts = Counter(shard.name for shard in shards)
    name, count = counts.most_common(1)[0]
    if count > 1:
        paths = [shard.path for shard in shards if shard.name == name]
        raise Problem(
            f"{paths[1]}: expected a shard with a name of its own, found {paths[0]}, whose captions would have the "
            "same file; caption one of them into another folder"
        )
