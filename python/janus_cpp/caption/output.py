"""Where the rows of each shard go, and which shards have theirs."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.parquet as pq

from .problems import Problem, UsageProblem, write_problem
from .rows import Facts
from .shards import Shard


@dataclass(frozen=True)
class Output:
    """The files of a run. Paths are absolute: workers of other nodes use them too."""

    target: str  # a folder, or a single file
    single: bool
    tars: str | None = None  # the folder of tars, where they are asked for

    def parquet_of(self, shard: Shard) -> str:
        return self.target if self.single else os.path.join(self.target, f"{shard.name}.parquet")

    def tar_of(self, shard: Shard) -> str | None:
        return None if self.tars is None else os.path.join(self.tars, f"{shard.name}.tar")

    def prepare(self) -> None:
        """Makes its folders. Raises Problem where nothing can be written there."""
        folders = [os.path.dirname(self.target) if self.single else self.target]
        for folder in filter(None, [*folders, self.tars]):
            try:
                os.makedirs(folder, exist_ok=True)
            except OSError as error:
                raise write_problem(folder, error) from None
            if not os.access(folder, os.W_OK | os.X_OK):
                raise Problem(f"{folder}: expected a folder to write into, found one that may not be; correct its mode")

    def facts_of(self, shard: Shard) -> Facts | None:
        """What stands there of a shard; None where nothing does. Raises Problem where something else does."""
        path = self.parquet_of(shard)
        try:
            facts = Facts.of_metadata(pq.read_metadata(path).metadata)
        except FileNotFoundError:
            return None
        except (pa.ArrowException, OSError) as error:
            reason = " ".join(str(error).split())
            raise Problem(f"{path}: expected captions of an earlier run, found: {reason}; move it away") from None
        if facts is None:
            raise Problem(f"{path}: expected captions of an earlier run, found another table; move it away")
        return facts


def choose_output(target: str, tars: str | None, shards: Sequence[Shard]) -> Output:
    """A name ending in .parquet is one file, where it is no folder. Raises UsageProblem where that is too few."""
    single = target.lower().endswith(".parquet") and not os.path.isdir(target)
    if single and len(shards) > 1:
        folder = target[: -len(".parquet")]
        more = " or a larger --shard-size" if all(shard.kind == "pictures" for shard in shards) else ""
        raise UsageProblem(
            f"option -o: expected a folder for {len(shards)} shards, found {target}; give -o {folder}/{more}"
        )
    sources = {os.path.realpath(shard.place) for shard in shards}
    output = Output(os.path.abspath(target), single, None if tars is None else os.path.abspath(tars))
    for shard in shards:
        for path in filter(None, (output.parquet_of(shard), output.tar_of(shard))):
            if os.path.realpath(path) in sources:
                raise UsageProblem(f"option -o: expected another folder than the input's, found {path}; give another")
    return output


@dataclass(frozen=True)
class Policy:
    """What is done anew."""

    retry_errors: bool = False
    overwrite: bool = False

    def is_done(self, output: Output, shard: Shard, wanted: Facts | None) -> Facts | None:
        """The facts of a shard that needs no work. wanted: what would be written; None: not known yet. Raises Problem
        where its rows are answers to another question."""
        if self.overwrite:
            return None
        found = output.facts_of(shard)
        if found is None:
            return None
        difference = None if wanted is None else wanted.differs(found)
        if difference is not None:
            raise Problem(f"{output.parquet_of(shard)}: {difference}; give another output, or --overwrite")
        changed = found.source != shard.source or not found.complete
        return None if changed or (self.retry_errors and found.errors) else found
