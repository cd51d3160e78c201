"""One shard: from its pictures to its file of the output."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import pyarrow.parquet as pq

from .._core import ImageError
from ..images import shown_path
from ..jobs import Job
from ..many import Captioning, Request, run_each
from ..model import Model, load
from .output import Output, Policy
from .problems import Damage
from .reading import Columns, Found, read_shard
from .rows import SCHEMA, Asked, Facts, tables
from .sample_tars import write_tar
from .shards import Shard
from .writing import Aside

_ROW_GROUP = 10_000
_MAKERS = 2

#: Is told of every row: the part of the shard that is done, 0 to 1, and whether it is an error.
Told = Callable[[float, bool], None]


@dataclass(frozen=True)
class Opening:
    """How workers open the model, as `janus_cpp.load` takes it. Paths are absolute: other nodes take them too."""

    model: str | None = None
    type: str = "native"
    threads: int | None = None
    device: str = "auto"
    rows: int | None = None

    def open(self) -> Model:
        return load(self.model, type=self.type, threads=self.threads, device=self.device, batch_size=self.rows)


@dataclass
class _Label:
    """What is known of a picture beside its answer."""

    found: Found
    sha256: str | None = None
    damage: bool = False


class Captioner:
    """Captions whole shards with one model."""

    #: Of the model.
    fingerprint: str

    def __init__(self, opening: Opening, asked: Asked, columns: Columns, output: Output, policy: Policy) -> None:
        """Raises Error where the model cannot be opened, or be asked so."""
        self._asked, self._columns, self._output, self._policy = asked, columns, output, policy
        self._model = opening.open()
        self._captioning = Captioning(self._model, asked.options())
        self._makers = ThreadPoolExecutor(_MAKERS, "janus-decode")
        info = self._model.info
        self.fingerprint = info["fingerprint"]
        self._type: str = info["type"]
        self._constants = {
            "model": info["name"],
            "prompt_hash": asked.hash(),
            "seed": asked.seed,
        }

    def run(self, shard: Shard, told: Told = lambda done, is_error: None) -> tuple[Facts, bool]:
        """Writes the shard's files. Returns what stands there now, and whether it was done before. Raises Problem."""
        wanted = Facts(shard.source, self.fingerprint, self._type, self._asked.hash())
        found = self._policy.is_done(self._output, shard, wanted)
        if found is not None:
            complete_tar(self._output, shard)
            return found, True
        return self._write(shard, wanted, told), False

    def _write(self, shard: Shard, wanted: Facts, told: Told) -> Facts:
        path = self._output.parquet_of(shard)
        counts: dict[str, Any] = {"rows": 0, "errors": 0, "complete": True}
        with Aside(path) as aside:
            with pq.ParquetWriter(aside.file, SCHEMA, compression="zstd") as writer:
                for table in tables(self._rows(shard, counts, told), _ROW_GROUP):
                    writer.write_table(table)
                facts = replace(wanted, **counts)
                writer.add_key_value_metadata(facts.to_metadata())
            aside.file.flush()
            tar = self._output.tar_of(shard)
            if tar is not None:
                aside.file.seek(0)
                with Aside(tar) as beside:
                    write_tar(beside.file, aside.file, shard)
                    beside.commit()
            aside.commit()  # last: it is what tells that the shard is done
        return facts

    def _rows(self, shard: Shard, counts: dict[str, Any], told: Told) -> Iterator[dict[str, Any]]:
        requests = self._requests(shard)
        for outcome in run_each(requests, self._model._ahead, self._makers):
            label, caption = outcome.label, outcome.result
            row = {
                "key": label.found.key,
                "path": label.found.path,
                "shard": shard.name,
                "n_tokens": 0,
                "width": 0,
                "height": 0,
                "sha256": label.sha256,
                "error": outcome.error,
                "ms": 0.0,
                **self._constants,
            }
            if caption is not None:
                answer = caption.answer
                row |= {
                    "caption": str(answer),
                    "finish_reason": answer.finish_reason,
                    "n_tokens": len(answer.ids),
                    "width": caption.width,
                    "height": caption.height,
                    "ms": caption.ms,
                }
            counts["rows"] += 1
            counts["errors"] += outcome.error is not None
            counts["complete"] = counts["complete"] and not label.damage
            told(label.found.done, outcome.error is not None)
            yield row

    def _requests(self, shard: Shard) -> Iterator[Request[_Label]]:
        keys: set[str] = set()
        try:
            for found in read_shard(shard, self._columns):
                label = _Label(found)
                if found.key in keys:
                    yield Request(label, _refusal(_twice(found.key)))
                    continue
                keys.add(found.key)
                yield Request(label, partial(self._job, label))
        except Damage as damage:
            # The shard has a row of its own, so that nobody takes what could be read for all.
            found = Found(shown_path(shard.path), shown_path(shard.path), lambda: None, 1.0)
            yield Request(_Label(found, damage=True), _refusal(str(damage)))

    def _job(self, label: _Label) -> Job[Any]:
        picture = label.found.load()
        if isinstance(picture, bytes):
            label.sha256 = hashlib.sha256(picture).hexdigest()
        return self._captioning.job(picture, self._asked.prompt, self._asked.seed)


def complete_tar(output: Output, shard: Shard) -> None:
    """Makes the tar of a shard that has rows already, where it is asked for and missing."""
    tar = output.tar_of(shard)
    if tar is not None and not os.path.exists(tar):
        with Aside(tar) as aside:
            write_tar(aside.file, output.parquet_of(shard), shard)
            aside.commit()


def _refusal(reason: str) -> Callable[[], Job[Any]]:
    def refuse() -> Job[Any]:
        raise ImageError(reason)

    return refuse


def _twice(key: str) -> str:
    return f"key {key}: expected it once in a shard, found it again; give each picture a key of its own"
