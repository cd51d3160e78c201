"""Captions and images in Ray Data: classes for `Dataset.map_batches`.

>>> from janus_cpp.ray import Captioner, one_actor_a_node
>>> pictures = ray.data.read_images("photos", include_paths=True)
>>> captions = pictures.map_batches(Captioner, fn_constructor_kwargs={"model": "/models/Janus-Pro-1B.gguf"},
...                                 batch_size=64, **one_actor_a_node())
>>> captions.drop_columns(["image"]).write_parquet("captions")

Neither class needs Ray: they take and give batches (a dict of numpy arrays, a pyarrow table or batch, a pandas frame),
so other engines call them as well.
"""

from __future__ import annotations

import math
import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

from . import model as models
from . import numbers, processors
from ._core import RequestError
from .asking import DEFAULT_QUESTION
from .batches import Column, values_of, with_columns
from .drawing import DrawingOptions, Painter
from .images import to_picture
from .jobs import Job
from .many import Caption, Captioning, Outcome, Request, run_each, seed_of
from .model import Model
from .questions import AnswerOptions

# Pictures are read and decoded on so many threads, beside those of the engine.
_MAKERS = 2
_PNG_QUALITY = 100  # not used; PNG has none


class _Actor:
    """A model, opened once an actor, that works through batches. May be called by several threads."""

    def __init__(self, model: Any, type: str, threads: int | None, rows: int | None, numa: bool, device: str) -> None:
        if numa:
            processors.take_domain()
        if threads is None:
            threads = processors.threads_given()
        self.model: Model = models.load(model, type=type, threads=threads, batch_size=rows, device=device)
        self._makers = ThreadPoolExecutor(_MAKERS, "janus-decode")
        self._ahead = self.model._ahead

    def run(self, requests: Sequence[Request[int]]) -> list[Outcome[int]]:
        return list(run_each(requests, self._ahead, self._makers))


class Captioner(_Actor):
    """Adds captions to batches of pictures.

    A row that cannot be captioned has the reason in its column of errors, and the others go on. The same seed gives
    the same captions, whatever batches, actors and nodes the rows come to, and those of `janus caption`.
    """

    def __init__(
        self,
        model: str | os.PathLike[str] | None = None,
        *,
        image: str = "image",
        prompt: str = DEFAULT_QUESTION,
        prompt_column: str | None = None,
        key: str | None = None,
        out: str = "caption",
        error: str = "error",
        keep_image: bool = True,
        max_tokens: int = 512,
        temperature: float = 0.0,
        top_k: int = 0,
        top_p: float = 1.0,
        seed: int = 42,
        type: str = "native",
        threads: int | None = None,
        rows: int | None = None,
        numa: bool = False,
        device: str = "auto",
    ) -> None:
        """Opens the model: what `janus_cpp.load` takes, on every node. Raises ModelError where it is missing.

        image: the column of pictures: bytes of files, paths, arrays [height, width, 3], or the structs {"bytes",
          "path"} of Hugging Face's datasets.
        prompt, prompt_column: the question, or the column that has one a row.
        key: a column whose value gives every row a seed of its own with `seed`; without it all rows have `seed`. Only
          for a temperature above 0.
        out, error: the columns that batches get, of texts: the caption, and what is wrong, each None in place of the
          other. Beside them come "finish_reason", "n_tokens", "width", "height" and "ms".
        keep_image: False leaves the column of pictures out of the results.
        threads: None takes what Ray gave the actor (num_cpus), else the processors that this process may use.
        rows: captions that are written side by side; None lets the device say (8 on a CPU).
        numa: take a NUMA domain of the machine that no other actor has taken.
        The rest as `Model.describe`.
        """
        super().__init__(model, type, threads, rows, numa, device)
        self._image, self._prompt, self._prompt_column, self._key = image, prompt, prompt_column, key
        self._out, self._error, self._keep_image = out, error, keep_image
        self._seed = numbers.whole("seed", seed)
        numbers.text("prompt", prompt)
        self._captioning = Captioning(self.model, AnswerOptions(max_tokens, temperature, top_k, top_p, self._seed))

    def __call__(self, batch: Any) -> Any:
        pictures = values_of(batch, self._image, "image")
        prompts = _column_or(batch, self._prompt_column, "prompt_column", self._prompt, len(pictures))
        seeds = _seeds(batch, self._key, self._seed, len(pictures))
        requests = [
            Request(row, partial(self._captioning.job, picture_of(pictures[row]), prompts[row], seeds[row]))
            for row in range(len(pictures))
        ]
        outcomes = self.run(requests)
        captions: list[Caption | None] = [outcome.result for outcome in outcomes]
        added = {
            self._out: Column("text", [one and str(one.answer) for one in captions]),
            "finish_reason": Column("text", [one and one.answer.finish_reason for one in captions]),
            "n_tokens": Column("int", [len(one.answer.ids) if one else 0 for one in captions]),
            "width": Column("int", [one.width if one else 0 for one in captions]),
            "height": Column("int", [one.height if one else 0 for one in captions]),
            "ms": Column("float", [one.ms if one else 0.0 for one in captions]),
            self._error: Column("text", [outcome.error for outcome in outcomes]),
        }
        return with_columns(batch, added, () if self._keep_image else (self._image,))


class Generator(_Actor):
    """Adds generated images, as PNG files with their settings, to batches of prompts.

    A row's image depends on its prompt, on the seed and on its key alone, not on batches, actors and nodes.
    """

    def __init__(
        self,
        model: str | os.PathLike[str] | None = None,
        *,
        prompt: str = "prompt",
        key: str | None = None,
        seed_column: str | None = None,
        out: str = "image",
        error: str = "error",
        negative_prompt: str = "",
        cfg_scale: float | None = None,
        steps: int | None = None,
        temperature: float | None = None,
        top_k: int | None = None,
        top_p: float | None = None,
        seed: int = 42,
        type: str = "native",
        threads: int | None = None,
        rows: int | None = None,
        numa: bool = False,
        device: str = "auto",
    ) -> None:
        """Opens the model, as `Captioner` does.

        prompt: the column of prompts.
        key: a column whose value gives every row a seed of its own with `seed`; without it all rows have `seed`.
        seed_column: a column of seeds, in place of both.
        out, error: the columns that batches get: bytes of a PNG file, and what is wrong, each None in place of the
          other. Beside them comes "seed": `janus generate --seed` makes the same image of it.
        The rest as `Captioner` and `Model.generate`.
        """
        super().__init__(model, type, threads, rows, numa, device)
        self._prompt, self._key, self._seed_column = prompt, key, seed_column
        self._out, self._error = out, error
        self._seed = numbers.whole("seed", seed)
        if key is not None and seed_column is not None:
            raise RequestError("seed_column: expected it or key, found both; give one")
        self._wish: dict[str, Any] = dict(
            negative_prompt=negative_prompt, cfg_scale=cfg_scale, steps=steps, temperature=temperature, top_k=top_k,
            top_p=top_p,
        )
        self._job("?", self._seed)  # raises what is wrong with the options

    def __call__(self, batch: Any) -> Any:
        prompts = values_of(batch, self._prompt, "prompt")
        if self._seed_column is None:
            seeds = _seeds(batch, self._key, self._seed, len(prompts))
        else:
            seeds = values_of(batch, self._seed_column, "seed_column")
        requests = [
            Request(row, partial(self._job, prompts[row], seeds[row])) for row in range(len(prompts))
        ]
        outcomes = self.run(requests)
        added = {
            self._out: Column("bytes", [outcome.result for outcome in outcomes]),
            self._error: Column("text", [outcome.error for outcome in outcomes]),
        }
        if self._seed_column != "seed":
            added["seed"] = Column("int", [_int_or_zero(seed) for seed in seeds])
        return with_columns(batch, added)

    def _job(self, prompt: Any, seed: Any) -> Job[bytes]:
        words = numbers.text("prompt", prompt)
        options = DrawingOptions(seed=numbers.whole("seed", seed), **self._wish)
        painter: Painter = self.model._painter
        drawn = painter.jobs(words, None, options)
        assert isinstance(drawn, Job)
        return Job(drawn.begin, lambda ticket: _png(drawn.end(ticket)))


def one_actor_a_node(keep: float = 1) -> dict[str, Any]:
    """Arguments of `map_batches` for an actor on every node of the cluster that has joined, with its processors.

    keep: processors of a node that stay free, for reading and for Ray itself: actors that took them all would leave
      none for the tasks that feed them. Nodes of several sizes count as the smallest. Two batches at a time are given
      to an actor, so that its engine does not run empty at a batch's end.
    """
    import ray

    nodes = [node["NodeID"] for node in ray.nodes() if node["Alive"] and node["Resources"].get("CPU", 0) > 0]
    if not nodes:
        raise RequestError("cluster: expected nodes with processors, found none; start some, or ray.init() first")
    strategy = ray.data.ActorPoolStrategy(
        min_size=1, max_size=len(nodes), max_concurrent_calls_per_actor=2, enable_true_multi_threading=True
    )
    return {"num_cpus": processors_of_actors(nodes, keep), "compute": strategy}


def processors_of_actors(nodes: Sequence[str], keep: float) -> float:
    """Processors for an actor on each of the nodes, by their ids, of which so many of each node stay free."""
    import ray

    least: float = min(node["Resources"].get("CPU", 0) for node in ray.nodes() if node["NodeID"] in nodes)
    return math.floor(least - keep) if least - keep >= 1 else least / 2


def picture_of(value: Any) -> Any:
    """What `Model.describe` takes, of a cell."""
    if isinstance(value, Mapping):
        return value["bytes"] if value.get("bytes") is not None else value.get("path")
    return value


def _column_or(batch: Any, column: str | None, argument: str, value: Any, count: int) -> list[Any]:
    return [value] * count if column is None else values_of(batch, column, argument)


def _seeds(batch: Any, key: str | None, seed: int, count: int) -> list[int]:
    if key is None:
        return [seed] * count
    return [seed_of(seed, value) for value in values_of(batch, key, "key")]


def _int_or_zero(value: Any) -> int:
    try:
        return numbers.whole("seed", value)
    except (TypeError, ValueError):
        return 0


def _png(image: Any) -> bytes:
    text = {name: image.info[name] for name in ("parameters", "janus") if isinstance(image.info.get(name), str)}
    return to_picture(image).encode("png", text, _PNG_QUALITY)
