"""The pictures of a shard, one after the other."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from ..images import read_path, shown_path
from ..ray import picture_of
from .problems import Damage, Problem
from .shards import Shard
from .tars import read_tar

_IMAGE_COLUMNS = ("image", "jpg", "png", "webp", "bytes", "image_bytes")
_KEY_COLUMNS = ("key", "__key__", "id", "image_id", "file_name")
_ROWS = 32  # that are read at once: pictures are large


@dataclass(frozen=True)
class Columns:
    """Of a Parquet file; None: found by the usual names."""

    image: str | None = None
    key: str | None = None


@dataclass(frozen=True)
class Found:
    """A picture. `load` gives its file's bytes, or raises; it may be called on another thread."""

    key: str
    path: str
    load: Callable[[], Any]
    done: float  # of the shard, 0 to 1


def read_shard(shard: Shard, columns: Columns) -> Iterator[Found]:
    """Raises Damage, where the shard cannot be read further."""
    if shard.kind == "pictures":
        return _read_folder(shard)
    if shard.kind == "parquet":
        return _read_parquet(shard, columns)
    return _read_tar(shard)


def check_columns(shard: Shard, columns: Columns) -> None:
    """Raises Problem where a Parquet file has no such columns: a mistake of the caller that holds for all files."""
    try:
        with _open_parquet(shard) as file:
            _columns_of(shard, file, columns)
    except Damage:
        pass  # an error of this shard alone, which its rows tell


def _read_folder(shard: Shard) -> Iterator[Found]:
    for number, member in enumerate(shard.members):
        path = os.path.join(shard.path, member)
        place = os.path.join(shard.base, path)
        done = (number + 1) / len(shard.members)
        yield Found(shown_path(member), shown_path(path), partial(read_path, place), done)


def _read_tar(shard: Shard) -> Iterator[Found]:
    for key, name, data, done in read_tar(shard.place, shard.path):
        yield Found(shown_path(key), shown_path(f"{shard.path}/{name}"), partial(bytes, data), done)


def _read_parquet(shard: Shard, columns: Columns) -> Iterator[Found]:
    import pyarrow as pa

    with _open_parquet(shard) as file:
        try:
            image, key = _columns_of(shard, file, columns)
        except Problem as problem:
            raise Damage(str(problem)) from None
        total = max(1, file.metadata.num_rows)
        number = 0
        try:
            for batch in file.iter_batches(_ROWS, columns=[image] if key is None else [image, key]):
                keys = None if key is None else batch.column(key).to_pylist()
                for row, value in enumerate(batch.column(image).to_pylist()):
                    name = f"{number:09d}" if keys is None else str(keys[row])
                    number += 1
                    yield Found(name, _path_of(value), _loader(shard, value), number / total)
        except (pa.ArrowException, OSError) as error:
            raise Damage(
                f"{shard.path}: expected {total} rows, found it damaged behind {number} ({_one_line(error)}); get it "
                "again"
            ) from None


def _open_parquet(shard: Shard) -> Any:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return pq.ParquetFile(shard.place)
    except (pa.ArrowException, OSError) as error:
        raise Damage(f"{shard.path}: expected a Parquet file, found: {_one_line(error)}; get it again") from None


def _columns_of(shard: Shard, file: Any, columns: Columns) -> tuple[str, str | None]:
    names = file.schema_arrow.names

    def chosen(given: str | None, usual: tuple[str, ...]) -> str | None:
        if given is None:
            return next((name for name in usual if name in names), None)
        return given if given in names else None

    image = chosen(columns.image, _IMAGE_COLUMNS)
    key = chosen(columns.key, _KEY_COLUMNS)
    for option, given, column in (("--image-column", columns.image, image), ("--key-column", columns.key, key)):
        if column is None and (given is not None or option == "--image-column"):
            wish = f'a column "{given}"' if given is not None else f"a column of pictures ({', '.join(_IMAGE_COLUMNS)})"
            raise Problem(f"{shard.path}: expected {wish}, found {', '.join(names)}; give {option}")
    assert image is not None
    return image, key


def _loader(shard: Shard, value: Any) -> Callable[[], Any]:
    picture = picture_of(value)
    if isinstance(picture, str):  # relative to its table
        place = os.path.join(os.path.dirname(shard.place), picture)
        return lambda: read_path(place)
    return lambda: picture


def _path_of(value: Any) -> str:
    path = value.get("path") if isinstance(value, dict) else value
    return path if isinstance(path, str) else ""


def _one_line(error: BaseException) -> str:
    return " ".join(str(error).split())
