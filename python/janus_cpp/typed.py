"""Types of arguments, for type checkers."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import Any, Literal, Protocol, TypedDict, Union

import numpy as np
from PIL import Image

Errors = Literal["raise", "return"]
Progress = Callable[[str, int, int], Any]


class _HasArrayInterface(Protocol):
    @property
    def __array_interface__(self) -> dict[str, Any]: ...


class _HasArray(Protocol):
    def __array__(self) -> np.ndarray: ...


class _HasDLPack(Protocol):
    def __dlpack__(self) -> object: ...

    def __dlpack_device__(self) -> tuple[Any, Any]: ...


#: A picture: a path, the bytes of a file, a PIL image, or an array.
ImageLike = Union[
    str, "os.PathLike[str]", bytes, bytearray, memoryview, Image.Image, np.ndarray,
    _HasArrayInterface, _HasArray, _HasDLPack,
]  # fmt: skip
#: Several pictures, or texts. Not any sequence, of which a str is one.
Images = Union[list[Any], tuple[Any, ...]]
Texts = Union[list[str], tuple[str, ...]]


class ChatSettings(TypedDict, total=False):
    """How `Model.achat` writes an answer."""

    max_tokens: int
    temperature: float
    top_k: int
    top_p: float
    seed: int | None
    stop: str | Sequence[str]
    logprobs: int | None


class AnswerSettings(ChatSettings, total=False):
    """How `Model.describe` writes an answer."""

    special_tokens: bool


class ImageSettings(TypedDict, total=False):
    """How `Model.generate` generates an image."""

    negative_prompt: str
    cfg_scale: float | None
    steps: int | None
    temperature: float | None
    top_k: int | None
    top_p: float | None
    seed: int | None
    special_tokens: bool
