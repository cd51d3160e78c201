"""A run in this process, shard after shard."""

from __future__ import annotations

from collections.abc import Sequence

from .problems import ShardProblem
from .progress import Progress
from .shards import Shard
from .work import Captioner


def run_here(shards: Sequence[Shard], captioner: Captioner, progress: Progress) -> bool:
    """Whether all shards are written; of others the reason is said. Raises Problem where going on is no use."""
    whole = True
    for shard in shards:
        try:
            facts, before = captioner.run(shard, lambda done, error: progress.row(shard.weight, done, error))
        except ShardProblem as problem:
            progress.say(str(problem))
            whole = False
            continue
        told = facts.rows, facts.errors
        progress.shard(shard.weight, *(told if before else (0, 0)), before=before)
    return whole
