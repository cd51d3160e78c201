"""Arguments of callers as the numbers and texts that the binding takes: what is none is named."""

from __future__ import annotations

import operator
import os
import random
from typing import Any

from ._core import RequestError

SEEDS = 1 << 32


def whole(name: str, value: Any) -> int:
    """Any whole number, numpy's too. Raises TypeError for what is none."""
    if isinstance(value, bool):
        raise TypeError(f"{name}: expected a whole number, found {value}")
    try:
        number = operator.index(value)
    except TypeError:
        raise TypeError(f"{name}: expected a whole number, found {value!r}") from None
    if not -(1 << 63) <= number < 1 << 63:
        raise RequestError(f"{name}: expected a whole number of 64 bits, found {number}; give a smaller one")
    return number


def real(name: str, value: Any) -> float:
    if isinstance(value, (bool, str)) or not hasattr(value, "__float__"):
        raise TypeError(f"{name}: expected a number, found {value!r}")
    try:
        return float(value)
    except OverflowError:
        raise RequestError(f"{name}: expected a number in single precision, found {value}; give another") from None


def text(name: str, value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{name}: expected a str, found {'None' if value is None else type(value).__name__}")
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise RequestError(f"{name}: expected text, found half of a surrogate pair in it ({error.reason})") from None
    return str(value)


def path(name: str, value: Any) -> str:
    """A path as text, whatever bytes it has."""
    try:
        return os.fsdecode(value)
    except TypeError:
        raise TypeError(f"{name}: expected a path, found {'None' if value is None else type(value).__name__}") from None


def texts(name: str, values: Any) -> list[str]:
    if not isinstance(values, (list, tuple)):
        raise TypeError(f"{name}: expected a str or a list of them, found {'None' if values is None else type(values).__name__}")
    return [text(name, value) for value in values]


def seed_number(value: Any) -> int:
    """None: a random one."""
    return random.randrange(SEEDS) if value is None else whole("seed", value)


def next_seed(seed: int, step: int) -> int:
    """The seed of item `step`. One that is out of range stays as it is, for the message."""
    return (seed + step) % SEEDS if 0 <= seed < SEEDS else seed


def count(name: str, value: Any, most: int) -> int:
    """None: 0, which lets the other side choose."""
    if value is None:
        return 0
    number = whole(name, value)
    if not 1 <= number <= most:
        raise RequestError(f"{name}: expected a whole number of 1 to {most}, found {number}; give one of these")
    return number
