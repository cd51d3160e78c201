"""The program ``python -m janus_cpp.caption``."""

from __future__ import annotations

import importlib.util
import signal
import sys
from collections.abc import Sequence
from types import FrameType

from .._core import Error
from .problems import Problem, UsageProblem

_INTERRUPTED = 130


class _Terminated(BaseException):
    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.code = 128 + number


def main(arguments: Sequence[str] | None = None) -> int:
    """Returns the exit code."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _terminate)
    try:
        return _run(sys.argv[1:] if arguments is None else arguments)
    except UsageProblem as problem:
        return _fail(str(problem), 2)
    except (Problem, Error, TypeError) as problem:
        return _fail(str(problem), 1)
    except KeyboardInterrupt:
        return _fail("interrupted; the same command goes on with the shards that are missing", _INTERRUPTED)
    except _Terminated as terminated:
        return _fail("terminated; the same command goes on with the shards that are missing", terminated.code)


def _run(arguments: Sequence[str]) -> int:
    if importlib.util.find_spec("pyarrow") is None:
        raise Problem(
            'package pyarrow: expected it, which writes Parquet, found it missing; pip install "janus-cpp[parquet]"'
        )
    from . import local
    from .options import asked_of, columns_of, opening_of, parse, policy_of
    from .output import choose_output
    from .progress import Progress
    from .reading import check_columns
    from .shards import find_shards
    from .work import Captioner

    options = parse(arguments)
    shards = find_shards(options.inputs, options.shard_size)
    output = choose_output(options.output, options.webdataset_out, shards)
    columns, policy = columns_of(options), policy_of(options)
    for shard in [shard for shard in shards if shard.kind == "parquet"][:1]:
        check_columns(shard, columns)
    output.prepare()
    progress = Progress(sum(shard.weight for shard in shards), len(shards), options.quiet)
    whole = False
    try:
        if options.ray is not None:
            from . import cluster

            whole = cluster.run_on_ray(shards, options, output, progress)
        else:
            captioner = Captioner(opening_of(options), asked_of(options), columns, output, policy)
            whole = local.run_here(shards, captioner, progress)
    finally:
        progress.end(whole)
    if not whole:
        return 1
    return 3 if progress.errors + progress.errors_before else 0


def _terminate(number: int, _: FrameType | None) -> None:
    raise _Terminated(number)


def _fail(message: str, code: int) -> int:
    print(f"janus_cpp.caption: {message}", file=sys.stderr, flush=True)
    return code
