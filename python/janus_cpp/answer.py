"""What models answer: texts, and how likely texts are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np


class Answer(str):
    """An answer's text, and what is known of it beside.

    A str in every way: ``answer.strip()``, ``print(answer)``, ``json.dumps(answer)``.
    """

    #: The ids of its tokens, without the end token.
    ids: list[int]
    #: "stop": the model ended it; "length": ``max_tokens`` or the context did.
    finish_reason: str
    #: What it was sampled with; the same seed gives the same answer.
    seed: int
    #: Milliseconds of the parts that ran ("vision_ms", "prefill_ms", "decode_ms"), and "tokens_per_second".
    timings: dict[str, float]
    #: Where ``logprobs`` was asked for: (id, logprob, [(id, logprob), ...]) of every token, natural logarithms.
    logprobs: list[tuple[int, float, list[tuple[int, float]]]]

    def __new__(cls, text: str = "", **facts: Any) -> Answer:
        answer = super().__new__(cls, text)
        answer.__dict__.update(facts)
        return answer

    def __reduce__(self) -> tuple[Any, ...]:
        return _answer, (str(self), self.__dict__)


def _answer(text: str, facts: dict[str, Any]) -> Answer:
    return Answer(text, **facts)


@dataclass(frozen=True)
class Score:
    """How likely a model finds a text or an image: natural logarithms."""

    #: The sum of `logprobs`.
    total: float
    #: Tokens, or an image's codes in row order: int32 [N].
    ids: np.ndarray
    #: Of each of them, given all before: float64 [N].
    logprobs: np.ndarray

    def __float__(self) -> float:
        return self.total
