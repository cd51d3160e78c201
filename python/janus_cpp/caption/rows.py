"""The rows of the output."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from ..asking import DEFAULT_QUESTION
from ..questions import AnswerOptions

#: One row a picture. `error` says why one has no caption; of caption and error one is null.
SCHEMA = pa.schema(
    [
        ("key", pa.string()),  # unique in its shard
        ("path", pa.string()),
        ("shard", pa.string()),
        ("caption", pa.string()),
        ("finish_reason", pa.string()),  # "stop", or "length": cut off
        ("n_tokens", pa.int32()),
        ("width", pa.int32()),  # pixels, upright; 0 where the picture could not be read
        ("height", pa.int32()),
        ("sha256", pa.string()),  # of the picture's file
        ("model", pa.string()),
        ("prompt_hash", pa.string()),
        ("seed", pa.int64()),
        ("error", pa.string()),
        ("ms", pa.float32()),  # from the vision tower to the last token
    ]
)
# Under this name the file tells what it was made of and by.
_FACTS = b"janus_cpp.caption"


@dataclass(frozen=True)
class Asked:
    """What is asked of every picture: the arguments of `Model.describe`."""

    prompt: str = DEFAULT_QUESTION
    max_tokens: int = 512
    temperature: float = 0.0
    top_k: int = 0
    top_p: float = 1.0
    seed: int = 42

    def options(self) -> AnswerOptions:
        return AnswerOptions(self.max_tokens, self.temperature, self.top_k, self.top_p, self.seed)

    def hash(self) -> str:
        """As `janus caption` has it in "prompt_hash": tells questions, lengths and samplings apart."""
        facts: dict[str, Any] = {"asks": [["", self.prompt]], "max_tokens": self.max_tokens}
        if self.temperature > 0:
            facts["sampling"] = [_float32(self.temperature), self.top_k, _float32(self.top_p), self.seed]
        line = json.dumps(facts, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
        return hashlib.sha256(line.encode()).hexdigest()[:16]


@dataclass(frozen=True)
class Facts:
    """What a file of the output was made of and by."""

    source: str  # of the shard
    fingerprint: str  # of the model
    type: str  # of its weights
    prompt_hash: str
    rows: int = 0
    errors: int = 0
    complete: bool = False  # whether the shard could be read to its end

    def to_metadata(self) -> dict[bytes, bytes]:
        return {_FACTS: json.dumps(self.__dict__).encode()}

    @staticmethod
    def of_metadata(metadata: dict[bytes, bytes] | None) -> Facts | None:
        """None where the file is none of this program's."""
        try:
            return Facts(**json.loads((metadata or {})[_FACTS]))
        except (KeyError, TypeError, ValueError):
            return None

    def differs(self, other: Facts) -> str | None:
        """What keeps rows of both from standing beside each other, as "expected ..., found ...". A model that is not
        known yet, "", is any."""
        for name, words in (("fingerprint", "model"), ("type", "type"), ("prompt_hash", "prompt hash")):
            mine, found = getattr(self, name), getattr(other, name)
            if mine and mine != found:
                return f"expected captions of the {words} {mine}, found {found}"
        return None


def tables(rows: Iterator[dict[str, Any]], size: int) -> Iterator[pa.Table]:
    """`size` rows a table at most."""
    some: list[dict[str, Any]] = []
    for row in rows:
        some.append(row)
        if len(some) == size:
            yield pa.Table.from_pylist(some, SCHEMA)
            some = []
    if some:
        yield pa.Table.from_pylist(some, SCHEMA)


def _float32(value: float) -> float:
    """The shortest number that is the same in single precision, which the program keeps it in."""
    return float(str(np.float32(value)))
