"""Images of prompts as jobs."""

from __future__ import annotations

import json

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from PIL import Image

from . import _core, numbers
from ._core import RequestError
from .images import to_pil
from .jobs import Job
from .questions import sampling


# Of one prompt, as the program takes it.
_MOST_IMAGES = 1_000_000


@dataclass(frozen=True)
class DrawingOptions:
    """How an image is generated, as `Model.generate` tells. None: the model's default."""

    negative_prompt: str = ""
    cfg_scale: float | None = None
    steps: int | None = None
    temperature: float | None = None
    top_k: int | None = None
    top_p: float | None = None
    seed: int | None = 42
    special_tokens: bool = False
    preview_every: int = 0


@dataclass(frozen=True)
class Painter:
    """What all images of one model have in common."""

    core: _core.Model
    info: dict[str, Any]

    def jobs(
        self, prompt: str | Sequence[str], n: int | None, options: DrawingOptions
    ) -> Job[Image.Image] | list[Job[Image.Image]] | list[list[Job[Image.Image]]]:
        """A job, a list of them (of n images, or of several prompts), or lists of n of several prompts."""
        self._check(options)
        first = numbers.seed_number(options.seed)
        count = 1 if n is None else numbers.count("n", n, _MOST_IMAGES)
        if isinstance(prompt, str):
            jobs = [self._job(prompt, options, numbers.next_seed(first, k)) for k in range(count)]
            return jobs[0] if n is None else jobs
        if not isinstance(prompt, (list, tuple)):
            raise TypeError(f"prompt: expected a str or a list of them, found {_name_of_type(prompt)}")
        rows = [
            [self._job(words, options, numbers.next_seed(first, row * count + k)) for k in range(count)]
            for row, words in enumerate(prompt)
        ]
        return [row[0] for row in rows] if n is None else rows

    def _check(self, options: DrawingOptions) -> None:
        flows = self.info["steps"] > 0
        for name in ("temperature", "top_k", "top_p"):
            if flows and getattr(options, name) is not None:
                raise RequestError(
                    f"{name}: expected a model that draws code by code, found {self.info['family']}, which draws by "
                    "flow; leave it out"
                )
        if options.steps is not None and not flows:
            raise RequestError(
                f"steps: expected a model that draws by flow, as JanusFlow does, found {self.info['family']}, which "
                "draws code by code; leave it out"
            )

    def _job(self, prompt: str, options: DrawingOptions, seed: int) -> Job[Image.Image]:
        wish = _core.Wish()
        wish.prompt = numbers.text("prompt", prompt)
        wish.negative_prompt = numbers.text("negative_prompt", options.negative_prompt)
        if options.cfg_scale is not None:
            wish.cfg_scale = numbers.real("cfg_scale", options.cfg_scale)
        if options.steps is not None:
            wish.steps = numbers.whole("steps", options.steps)
        wish.sampling = sampling(
            1.0 if options.temperature is None else options.temperature,
            options.top_k or 0,
            1.0 if options.top_p is None else options.top_p,
            seed,
        )
        wish.special_tokens = bool(options.special_tokens)
        wish.preview_every = numbers.whole("preview_every", options.preview_every)
        wish.check()  # now: no single prompt is at fault

        def begin(key: int) -> Any:
            return self.core.draw(wish, key)

        def end(ticket: Any) -> Image.Image:
            made = ticket.result()
            image = to_pil(made["picture"])
            texts = self.core.text_of(wish, made["picture"], self.info["name"], self.info["type"])
            image.info.update(json.loads(texts["janus"]), **texts)
            for beside in ("codes", "latent", "timings"):
                if beside in made:
                    image.info[beside] = made[beside]
            return image

        def preview(piece: Any) -> Image.Image:
            image = to_pil(piece.picture)
            image.info.update(prompt=prompt, seed=seed, done=piece.done, total=piece.total)
            return image

        return Job(begin, end, preview)


def _name_of_type(value: Any) -> str:
    return "None" if value is None else type(value).__name__
