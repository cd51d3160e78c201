"""What ends the run, or one shard of it."""

from __future__ import annotations

import errno
import os


class UsageProblem(Exception):
    """The command line alone is wrong."""


class Problem(Exception):
    """Something in the world is wrong: a file, a model, a disk."""


class ShardProblem(Problem):
    """A shard cannot be written here and now; another node, or another run, may do better."""


class Full(Problem):
    """No shard can be written any more: the disk is full."""


class Damage(Exception):
    """A shard of the input that cannot be read, or not to its end."""


_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def write_problem(path: str, error: OSError) -> Problem:
    """What an error while a file is written means."""
    if error.errno in _FULL:
        return Full(
            f"{path}: expected room to write, found: {os.strerror(error.errno)}; make room, and start the same command "
            "again: finished shards stay"
        )
    reason = os.strerror(error.errno) if error.errno else " ".join(str(error).split())
    return ShardProblem(f"{path}: expected to write it, found: {reason}; correct that, or give another output")
