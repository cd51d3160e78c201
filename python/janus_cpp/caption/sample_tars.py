"""Captions as WebDataset: a tar with KEY.txt and KEY.json of every row, to be read beside the pictures' tar."""

from __future__ import annotations

import io
import json
import os
import re
import tarfile
from collections.abc import Iterator
from typing import IO, Any

import pyarrow.parquet as pq

from .shards import PICTURES, Shard

_ROWS = 10_000
_COMMANDS = re.compile("[\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")


def write_tar(file: IO[bytes], table: str | IO[bytes], shard: Shard) -> None:
    """Writes the tar of the rows of a Parquet file, in their order. A row with an error has its KEY.json alone."""
    taken: set[str] = set()
    with tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for row in _rows(table):
            key = _key_of_sample(row["key"], shard, taken)
            if row["caption"] is not None:
                _add(archive, f"{key}.txt", row["caption"])
            _add(archive, f"{key}.json", _json(row))


def _json(row: dict[str, Any]) -> str:
    """As the program writes JSON: readable, but for what a terminal would obey and what turns the direction of text."""
    line = json.dumps(row, ensure_ascii=False)
    return _COMMANDS.sub(lambda found: f"\\u{ord(found[0]):04x}", line)


def _rows(table: str | IO[bytes]) -> Iterator[dict[str, Any]]:
    with pq.ParquetFile(table) as parquet:
        for batch in parquet.iter_batches(_ROWS):
            yield from batch.to_pylist()


def _key_of_sample(key: str, shard: Shard, taken: set[str]) -> str:
    """WebDataset cuts names at their first dot, and unpackers must not leave their folder. Keys of tars are such."""
    if shard.kind == "tar" and key not in taken:
        taken.add(key)
        return key
    folder, base = os.path.split(key)
    stem, extension = os.path.splitext(base)
    if shard.kind != "pictures" or extension.lower() not in PICTURES:
        stem = base
    parts = [part for part in folder.split("/") if part not in ("", ".", "..")]
    name = "/".join([*parts, stem.replace(".", "_")])
    if name in taken:  # a.jpg beside a.png
        name = "/".join([*parts, base.replace(".", "_")])
    while name in taken:  # a_jpg beside them
        name += "_"
    taken.add(name)
    return name


def _add(archive: tarfile.TarFile, name: str, text: str) -> None:
    data = text.encode()
    member = tarfile.TarInfo(name)
    member.size = len(data)
    archive.addfile(member, io.BytesIO(data))
