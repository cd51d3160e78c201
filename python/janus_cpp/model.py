"""The model: what it is opened with, and all that it can be asked."""

from __future__ import annotations

import logging
import os
import weakref
from collections.abc import Sequence
from typing import Any, Literal, overload

import numpy as np
from PIL import Image

from . import _core, ending, images, jobs, numbers, scoring, sources
from .answer import Score
from .asking import DEFAULT_QUESTION, Asking
from .drawing import Painter
from .generating import Generating
from .jobs import Job
from .typed import ImageLike, Images, Progress, Texts

Stage = Literal["pixels", "vision", "aligned", "latent"]
# Pictures that are looked at in one pass of `embed`: more gain little on a CPU, and hold up others for longer.
_EMBED_BATCH = 4
# What the program would say on stderr.
_log = logging.getLogger("janus_cpp")


def load(
    model: str | os.PathLike[str] | None = None,
    *,
    type: str = "native",
    threads: int | None = None,
    device: str = "auto",
    vae: str | os.PathLike[str] | None = None,
    batch_size: int | None = None,
    verify: bool = False,
    progress: Progress | None = None,
) -> Model:
    """Opens a model, ready for any number of calls from any thread.

    model: a folder, a GGUF file, or "owner/repo" (also "owner/repo@revision") of the hub's cache (`pull` fetches it);
      None is janus-tiny, a small model inside the package that knows drawn shapes.
    type: weights while loading, as the program's --type: "native", "f32", "f16", "bf16", "q8_0", "q6_k", "q4_k", ...
    threads: None takes the processors that this process may use.
    device: "auto", "cpu", or "cuda", "cuda:1" where the package was built with it.
    vae: where JanusFlow's autoencoder is: a folder, a file of weights, or owner/repo; None looks into the model, beside
      it and into the cache.
    batch_size: requests that make steps side by side; None lets the device say (8 on a CPU).
    verify: look for damaged weights first.
    progress: called with (phase, done, total) while it loads.

    Raises ModelError where there is no such model, it cannot be opened, or memory will not hold it. What is odd about
    it is told to the logger "janus_cpp".
    """
    return Model(
        {
            "model": model,
            "type": type,
            "threads": threads,
            "device": device,
            "vae": vae,
            "batch_size": batch_size,
            "verify": verify,
        },
        progress,
    )


class Model(Asking, Generating):
    """An open model. `load` makes one.

    All methods may be called from any thread: the requests of all threads make their steps side by side in one engine,
    and each gets what it would get alone. Ctrl-C ends a call, and its requests, within a step. A pickled model is
    opened again where it is unpickled, with the same arguments. A fork of the process cannot use it (its threads stay
    behind): open models in the processes that use them, and start these by "spawn".
    """

    def __init__(self, opened_with: dict[str, Any], progress: Progress | None) -> None:
        model = opened_with["model"]
        settings = sources.settings(opened_with)
        self._core = _core.Model.open(settings, progress)
        name = os.fsdecode(model) if settings.path else sources.BUILTIN
        self._info: dict[str, Any] = {"name": name, "type": settings.type, **self._core.info()}
        # A process with another folder opens the same.
        self._opened_with = {**opened_with, "model": settings.path or None}
        self._painter = Painter(self._core, self._info)
        self._ahead = 2 * self._info["batch_size"] + 2
        self._bells = jobs.Bells(self._core)
        # Where nobody holds it any more; at Python's end ending.py closes it, when other threads can leave.
        weakref.finalize(self, _end, self._core, self._bells).atexit = False
        ending.close_at_end(self)
        for notice in self._core.notices():
            _log.warning("%s", notice)

    @property
    def info(self) -> dict[str, Any]:
        """Facts of the model: "name", "family", "fingerprint", "device", "image_size", "context_length", ..."""
        return dict(self._info)

    @property
    def status(self) -> dict[str, int]:
        """The requests that are "running" and "waiting", of all threads, and "tokens_sampled" since the loading, tokens
        and codes."""
        return self._core.status()

    @property
    def closed(self) -> bool:
        """Whether `close` was called."""
        return not self._core.is_open

    def close(self) -> None:
        """Ends what is under way with an error, and lets go of the memory. A closed model refuses all calls."""
        _end(self._core, self._bells)

    def __enter__(self) -> Model:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        state = ", closed" if self.closed else ""
        return f"<janus_cpp.Model {self._info['name']}: {self._info['family']} on {self._info['device']}{state}>"

    def __reduce__(self) -> tuple[Any, ...]:
        return _open_again, (dict(self._opened_with),)

    @overload
    def score(
        self, image: ImageLike, text: str, prompt: str = ..., *, special_tokens: bool = ...
    ) -> Score: ...

    @overload
    def score(
        self, image: ImageLike, text: Texts, prompt: str = ..., *, special_tokens: bool = ...
    ) -> list[Score]: ...

    def score(
        self,
        image: ImageLike,
        text: str | Texts,
        prompt: str = DEFAULT_QUESTION,
        *,
        special_tokens: bool = False,
    ) -> Score | list[Score]:
        """How likely the model finds a text as the answer about a picture.

        text: the answer, exactly as it would be written, or a list of answers, which share one look at the picture.

        Returns a `Score`, or a list of them: natural logarithms, none above 0.
        """
        texts = [text] if isinstance(text, str) else numbers.texts("text", text)
        scores = jobs.run(scoring.text_job(self._core, image, texts, prompt, special_tokens))
        return scores[0] if isinstance(text, str) else scores

    @overload
    async def ascore(
        self, image: ImageLike, text: str, prompt: str = ..., *, special_tokens: bool = ...
    ) -> Score: ...

    @overload
    async def ascore(
        self, image: ImageLike, text: Texts, prompt: str = ..., *, special_tokens: bool = ...
    ) -> list[Score]: ...

    async def ascore(
        self,
        image: ImageLike,
        text: str | Texts,
        prompt: str = DEFAULT_QUESTION,
        *,
        special_tokens: bool = False,
    ) -> Score | list[Score]:
        """`score` for coroutines."""
        texts = [text] if isinstance(text, str) else numbers.texts("text", text)
        scores = await jobs.arun(scoring.text_job(self._core, image, texts, prompt, special_tokens), self._bells)
        return scores[0] if isinstance(text, str) else scores

    def score_codes(
        self,
        prompt: str,
        codes: Any,
        *,
        cfg_scale: float = 1.0,
        negative_prompt: str = "",
        special_tokens: bool = False,
    ) -> Score:
        """How likely the model finds an image, int32 [h, w] of codes (`encode`), as that of a prompt."""
        return jobs.run(
            scoring.codes_job(self._core, prompt, codes, cfg_scale, negative_prompt, special_tokens)
        )

    def embed(self, image: ImageLike | Images, stage: Stage = "aligned") -> np.ndarray:
        """What the model sees in a picture.

        stage: "pixels", the prepared picture [3, h, w]; "vision", the tower's features [N, width]; "aligned", what the
          decoder reads [N, D]; "latent", the vectors that `encode` quantises [N, width].

        Returns float32, without a copy; of a list of pictures one array with the axis [pictures, ...] before these.
        """
        arrays = jobs.run_all(self._embed_jobs(image, stage), self._ahead, "raise")
        return _embedded(image, arrays)

    async def aembed(self, image: ImageLike | Images, stage: Stage = "aligned") -> np.ndarray:
        """`embed` for coroutines."""
        arrays = await jobs.arun_all(self._embed_jobs(image, stage), self._bells, self._ahead, "raise")
        return _embedded(image, arrays)

    def encode(self, image: ImageLike) -> np.ndarray:
        """A picture as the model draws: codes, int32 [h, w]; of JanusFlow a latent, float32 [channels, h, w]."""
        return jobs.run(self._encode_job(image))

    async def aencode(self, image: ImageLike) -> np.ndarray:
        """`encode` for coroutines."""
        return await jobs.arun(self._encode_job(image), self._bells)

    def decode(self, codes: Any) -> Image.Image:
        """The PIL image of codes, int32 [h, w], or of JanusFlow's latent, float32 [channels, h, w]."""
        return jobs.run(self._decode_job(codes))

    async def adecode(self, codes: Any) -> Image.Image:
        """`decode` for coroutines."""
        return await jobs.arun(self._decode_job(codes), self._bells)

    def tokenize(self, text: str) -> list[int]:
        """The ids of a text, as `janus tokenize` gives them: with the begin token where the model has one."""
        return self._core.tokenize(numbers.text("text", text), True)

    def detokenize(self, ids: Sequence[int]) -> str:
        """The text of ids, without special tokens; half a character at an end is U+FFFD."""
        return self._core.detokenize([numbers.whole("ids", one) for one in ids]).decode(errors="replace")

    def _embed_jobs(self, image: ImageLike | Images, stage: str) -> list[Job[list[np.ndarray]]]:
        numbers.text("stage", stage)
        pictures = list(image) if isinstance(image, (list, tuple)) else [image]

        def job(some: list[Any]) -> Job[list[np.ndarray]]:
            def begin(key: int) -> Any:
                return self._core.embed([images.to_picture(one) for one in some], stage, key)

            return Job(begin, lambda ticket: ticket.result())

        return [job(pictures[at : at + _EMBED_BATCH]) for at in range(0, len(pictures), _EMBED_BATCH)]

    def _encode_job(self, image: Any) -> Job[np.ndarray]:
        encode = self._core.encode_latent if self._info["latent_channels"] else self._core.encode_codes
        return Job(lambda key: encode(images.to_picture(image), key), lambda ticket: ticket.result())

    def _decode_job(self, codes: Any) -> Job[Image.Image]:
        if self._info["latent_channels"]:
            latent = np.ascontiguousarray(codes, dtype=np.float32)
            if latent.ndim != 3:
                raise TypeError(f"latent: expected floats [channels, h, w], found the shape {list(latent.shape)}")
            return Job(
                lambda key: self._core.decode_latent(latent, key),
                lambda ticket: images.to_pil(_core.to_picture(ticket.result(), True)),
            )
        array = scoring.to_codes(codes)
        return Job(
            lambda key: self._core.decode_codes(array, key),
            lambda ticket: images.to_pil(_core.to_picture(ticket.result(), False)),
        )


def _end(core: _core.Model, bells: jobs.Bells) -> None:
    core.close()
    if not core.is_open:  # as it stays on a fork
        bells.join()


def _open_again(opened_with: dict[str, Any]) -> Model:
    return Model(opened_with, None)


def _embedded(image: ImageLike | Images, batches: list[list[np.ndarray]]) -> np.ndarray:
    arrays = [array for batch in batches for array in batch]
    if not isinstance(image, (list, tuple)):
        return arrays[0]
    return np.stack(arrays) if arrays else np.zeros((0,), np.float32)
