"""Log-probabilities of texts and of images as jobs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from . import _core, numbers
from .answer import Score
from .images import to_picture
from .jobs import Job
from .questions import turn


def text_job(
    core: _core.Model, image: Any, texts: Sequence[str], prompt: str, special_tokens: bool
) -> Job[list[Score]]:
    question = numbers.text("prompt", prompt)

    def begin(key: int) -> Any:
        seen = core.prepare(to_picture(image))
        return core.score_answers([turn(question, 1)], [seen], list(texts), bool(special_tokens), key)

    return Job(begin, _scores)


def codes_job(
    core: _core.Model, prompt: str, codes: Any, cfg_scale: float, negative_prompt: str, special_tokens: bool
) -> Job[Score]:
    array = to_codes(codes)

    def begin(key: int) -> Any:
        return core.score_codes(
            numbers.text("prompt", prompt),
            numbers.text("negative_prompt", negative_prompt),
            array,
            numbers.real("cfg_scale", cfg_scale),
            bool(special_tokens),
            key,
        )

    return Job(begin, lambda ticket: _scores(ticket)[0])


def to_codes(codes: Any) -> np.ndarray:
    """int32 [h, w]. Raises TypeError for what is none."""
    array = np.asarray(codes)
    if array.ndim != 2 or not np.issubdtype(array.dtype, np.integer):
        raise TypeError(f"codes: expected whole numbers [height, width], found {array.dtype} {list(array.shape)}")
    if array.size and (array.min() < 0 or array.max() > 0x7FFFFFFF):
        raise _core.RequestError(
            f"codes: expected numbers of 0 or more, found {array.min()} to {array.max()}; give an image's codes"
        )
    return np.ascontiguousarray(array, dtype=np.int32)


def _scores(ticket: Any) -> list[Score]:
    return [Score(**score) for score in ticket.result()]
