"""The command line."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Sequence
from typing import Any, NoReturn, TypeVar

from .. import __version__, _core
from ..numbers import SEEDS
from .output import Policy
from .problems import Problem, UsageProblem
from .reading import Columns
from .rows import Asked
from .work import Opening

Number = TypeVar("Number", int, float)
# The name stands for the cluster that RAY_ADDRESS names, or the one of this machine.
AUTO = "auto"

_EPILOG = """\
The output is a folder with a Parquet file for every shard of the input, or a single file (NAME.parquet) where the input
is one shard: a tar, a Parquet file, or the pictures of a folder up to --shard-size. A file is put in place when its
shard is done, so the same command goes on after any stop. Every picture has a row; one that has no caption says why in
the column "error".

exit codes: 0 done; 1 the input, the model, the output or a node fails; 2 the command line is wrong; 3 pictures stand as
errors in the output; 130 interrupted, 143 terminated: finished shards stay.
"""


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise UsageProblem(f"{message}; see python -m janus_cpp.caption --help")


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """Raises UsageProblem."""
    options = _parser().parse_args(arguments)
    if options.prompt_file is not None:
        options.prompt = _read_prompt(options.prompt_file)
    if not options.prompt.strip():
        raise UsageProblem("option --prompt: expected a question, found none; write one")
    return options


def asked_of(options: argparse.Namespace) -> Asked:
    return Asked(
        options.prompt, options.max_tokens, options.temperature, options.top_k, options.top_p, options.seed
    )


def opening_of(options: argparse.Namespace) -> Opening:
    model = options.model
    if model is not None and os.path.exists(model):
        model = os.path.abspath(model)
    return Opening(model, options.type, options.threads, options.device, options.batch)


def columns_of(options: argparse.Namespace) -> Columns:
    return Columns(options.image_column, options.key_column)


def policy_of(options: argparse.Namespace) -> Policy:
    return Policy(options.retry_errors, options.overwrite)


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="python -m janus_cpp.caption",
        description="Captions every picture of folders, WebDataset tars or Parquet files into Parquet.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    add = parser.add_argument
    add("inputs", nargs="+", metavar="INPUT", help="a folder, a tar, a Parquet file, or a quoted pattern of these")
    add("-o", "--output", required=True, metavar="OUT", help="a folder, or NAME.parquet for one shard")
    add("--webdataset-out", metavar="DIR", help="also KEY.txt and KEY.json in a tar of the shard's name there")
    add("--shard-size", type=_whole(1, 1_000_000), default=1000, metavar="N",
        help="pictures of a folder in a shard (default %(default)s)")  # fmt: skip
    add("--image-column", metavar="NAME", help="of Parquet: bytes, paths or structs of both (default: usual names)")
    add("--key-column", metavar="NAME", help="of Parquet (default: the usual names, else the row's number)")
    add("-m", "--model", default=os.environ.get("JANUS_MODEL"), metavar="MODEL",
        help="a folder, a GGUF file or owner/repo (default: $JANUS_MODEL, else the small one inside)")  # fmt: skip
    add("--type", default="native", choices=_core.weight_types(), metavar="TYPE", help="of the weights while loading")
    add("--device", default="auto", help="auto, cpu, cuda or cuda:N")
    add("-t", "--threads", type=_whole(1, 4096), metavar="N", help="(default: the processors that may be used)")
    add("-b", "--batch", type=_whole(1, 4096), metavar="N", help="answers written side by side (default: the device's)")
    add("-p", "--prompt", default=Asked().prompt, metavar="TEXT", help='the question (default "%(default)s")')
    add("--prompt-file", metavar="FILE", help="a file with the question")
    add("-n", "--max-tokens", type=_whole(1, 10_000), default=512, metavar="N", help="(default %(default)s)")
    add("--temperature", type=_real(0), default=0.0, metavar="T", help="0: the likeliest words (default)")
    add("--top-k", type=_whole(0, 1 << 31), default=0, metavar="K", help="0: off (default)")
    add("--top-p", type=_real(0, 1, open_low=True), default=1.0, metavar="P", help="1: off (default)")
    add("-s", "--seed", type=_whole(0, SEEDS - 1), default=42, metavar="N", help="(default %(default)s)")
    add("--ray", nargs="?", const=AUTO, metavar="ADDRESS", help="work on the nodes of a Ray cluster")
    add("--keep-processors", type=_real(0), default=1.0, metavar="N",
        help="processors of every node that --ray leaves free (default %(default)s)")  # fmt: skip
    add("--retry-errors", action="store_true", help="do shards with errors again")
    add("--overwrite", action="store_true", help="do all shards again")
    add("-q", "--quiet", action="store_true", help="errors only")
    add("--version", action="version", version=f"janus_cpp {__version__}")
    return parser


def _whole(least: int, most: int) -> Callable[[str], int]:
    return _number(int, f"a whole number of {least} to {most}", lambda value: least <= value <= most)


def _real(least: float, most: float = float("inf"), open_low: bool = False) -> Callable[[str], float]:
    low = f"above {least:g}" if open_low else f"of {least:g} or more"
    words = f"a number {low}" + ("" if most == float("inf") else f", at most {most:g}")
    return _number(
        float, words, lambda value: (least < value if open_low else least <= value) and value <= min(most, 3.4e38)
    )


def _number(kind: Callable[[str], Number], words: str, holds: Callable[[Number], bool]) -> Callable[[str], Number]:
    def read(text: str) -> Number:
        try:
            value = kind(text)
        except ValueError:
            value = None
        if value is None or not holds(value):
            raise argparse.ArgumentTypeError(f'expected {words}, found "{text}"')
        return value

    return read


def _read_prompt(path: str) -> Any:
    try:
        with open(path, encoding="utf-8") as file:
            return file.read().strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "bytes that are not UTF-8"
        raise Problem(f"{path}: expected a text file with the question, found: {reason}; give another") from None
