"""The model: what it is opened with, and all that it can be asked."""

from __future__ import annotations

import logging
import os
import weakref
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

import numpy as np
from PIL import Image

from . import _core, ending, images, jobs, numbers, scoring, sources
from .answer import Answer, Score
from .drawing import DrawingOptions, Painter
from .chat import chat_job
from .jobs import Errors, Job, Stream
from .questions import AnswerOptions, describe_jobs

Progress = Callable[[str, int, int], Any]
Stage = Literal["pixels", "vision", "aligned", "latent"]
DEFAULT_QUESTION: str = _core.DEFAULT_QUESTION
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

    Raises ModelError where there is no such model, it cannot be opened, or memory will not hold it. What is odd about it
    is told to the logger "janus_cpp".
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


class Model:
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
        # So many pictures are made ready while others are looked at.
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

    def describe(
        self,
        image: Any,
        prompt: str | Sequence[str] = DEFAULT_QUESTION,
        *,
        stream: bool = False,
        together: bool = False,
        max_tokens: int = 512,
        temperature: float = 0.0,
        top_k: int = 0,
        top_p: float = 1.0,
        seed: int | None = 42,
        stop: str | Sequence[str] = (),
        logprobs: int | None = None,
        special_tokens: bool = False,
        errors: Errors = "raise",
    ) -> Any:
        """Answers a question about a picture, or about each of several.

        image: a path, bytes of a file, a PIL image, an array uint8 [height, width, 3] (floats are 0 to 1), or a list of
          these for a list of answers, in order; an empty list gives one.
        prompt: the question, or a list of questions: one a picture, or all of them about one picture.
        stream: return a `Stream` of pieces of the text, whose result() is the whole answer. Closing it cancels.
        together: one question about all pictures of the list.
        max_tokens: the longest answer.
        temperature: 0 takes the likeliest tokens. top_k, top_p: 0 and 1 are off.
        seed: of the sampling; item k of a list has seed + k. None: a random one, which `Answer.seed` tells.
        stop: texts that end the answer before them.
        logprobs: a number adds `Answer.logprobs`, with so many of the likeliest tokens in each place, 0 to 20.
        special_tokens: role, begin and end tokens in your text mean what they are; else they are text.
        errors: "return" puts the exception of a broken picture into its place of the list, and goes on.

        Returns an `Answer`, which is a str: what `janus describe` gives for the same seed. Raises ImageError for a
        picture that cannot be read, TypeError that names the type for what is none, RequestError for values out of
        range.
        """
        options = AnswerOptions(max_tokens, temperature, top_k, top_p, seed, stop, logprobs, special_tokens)
        return self._run(describe_jobs(self._core, image, prompt, together, options, stream), stream, errors)

    async def adescribe(
        self,
        image: Any,
        prompt: str | Sequence[str] = DEFAULT_QUESTION,
        *,
        stream: bool = False,
        together: bool = False,
        errors: Errors = "raise",
        **options: Any,
    ) -> Any:
        """`describe` for coroutines. With stream=True it gives an async iterator of pieces."""
        asked = describe_jobs(self._core, image, prompt, together, AnswerOptions(**options), stream)
        return await self._arun(asked, stream, errors)

    def chat(
        self,
        messages: Sequence[Mapping[str, Any]],
        *,
        stream: bool = False,
        max_tokens: int = 512,
        temperature: float = 0.0,
        top_k: int = 0,
        top_p: float = 1.0,
        seed: int | None = 42,
        stop: str | Sequence[str] = (),
        logprobs: int | None = None,
    ) -> Any:
        """Answers the last of messages in the shape of OpenAI's chat completions.

        messages: {"role": "system", "user" or "assistant", "content": a text or a list of parts}, as `janus serve`
          takes them: {"type": "text", "text": ...}, {"type": "image_url", "image_url": {"url": a data URL}}. Beside
          these, {"type": "image", "image": ...} holds a picture as `describe` takes it. Words are text, whatever
          special tokens they spell.
        The rest as `describe`.

        Returns an `Answer`, or with stream=True a `Stream`. Raises RequestError that names the place in the messages.
        """
        options = AnswerOptions(max_tokens, temperature, top_k, top_p, seed, stop, logprobs)
        return self._run(chat_job(self._core, messages, options, stream), stream, "raise")

    async def achat(
        self, messages: Sequence[Mapping[str, Any]], *, stream: bool = False, **options: Any
    ) -> Any:
        """`chat` for coroutines. With stream=True it gives an async iterator of pieces."""
        asked = chat_job(self._core, messages, AnswerOptions(**options), stream)
        return await self._arun(asked, stream, "raise")

    def generate(
        self,
        prompt: str | Sequence[str],
        *,
        n: int | None = None,
        negative_prompt: str = "",
        cfg_scale: float | None = None,
        steps: int | None = None,
        temperature: float | None = None,
        top_k: int | None = None,
        top_p: float | None = None,
        seed: int | None = 42,
        preview_every: int = 0,
        special_tokens: bool = False,
        errors: Errors = "raise",
    ) -> Any:
        """Generates an image of a prompt, or several.

        prompt: what it shows, or a list for a list of images.
        n: a number gives a list of so many images (a list of lists, of several prompts).
        negative_prompt: what guidance leads away from.
        cfg_scale: guidance; 1 is none. None: the model's, 5 of Janus and 2 of JanusFlow.
        steps: of JanusFlow, 30 unless given. temperature, top_k, top_p: of the others, 1, 0 (off) and 1 (off).
        seed: image k of all has seed + k. None: a random one, which ``image.info["seed"]`` tells.
        preview_every: return a `Stream` of the image as it grows, every so many lines of codes, or steps; its result()
          is the image. ``info["done"]`` of ``info["total"]`` are there. Only for one image.
        errors: as `describe`.

        Returns a PIL image. Its ``info`` has all that it was made with, as the program writes it: "prompt", "seed",
        "cfg_scale", ..., "parameters" (the text of Stable Diffusion's web UI), and beside them "codes", int32 [h, w],
        or "latent", float32 [channels, h, w], and "timings". `save` writes both into its file.
        """
        options = DrawingOptions(
            negative_prompt, cfg_scale, steps, temperature, top_k, top_p, seed, special_tokens, preview_every
        )
        return self._run(self._painter.jobs(prompt, n, options), preview_every != 0, errors)

    async def agenerate(
        self, prompt: str | Sequence[str], *, n: int | None = None, errors: Errors = "raise", **options: Any
    ) -> Any:
        """`generate` for coroutines. With preview_every it gives an async iterator of previews."""
        asked = DrawingOptions(**options)
        return await self._arun(self._painter.jobs(prompt, n, asked), asked.preview_every != 0, errors)

    def score(
        self,
        image: Any,
        text: str | Sequence[str],
        prompt: str = DEFAULT_QUESTION,
        *,
        special_tokens: bool = False,
    ) -> Any:
        """How likely the model finds a text as the answer about a picture.

        text: the answer, exactly as it would be written, or a list of answers, which share one look at the picture.

        Returns a `Score`, or a list of them: natural logarithms, none above 0.
        """
        texts = [text] if isinstance(text, str) else numbers.texts("text", text)
        scores = jobs.run(scoring.text_job(self._core, image, texts, prompt, special_tokens))
        return scores[0] if isinstance(text, str) else scores

    async def ascore(
        self,
        image: Any,
        text: str | Sequence[str],
        prompt: str = DEFAULT_QUESTION,
        *,
        special_tokens: bool = False,
    ) -> Any:
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

    def embed(self, image: Any, stage: Stage = "aligned") -> np.ndarray:
        """What the model sees in a picture.

        stage: "pixels", the prepared picture [3, h, w]; "vision", the tower's features [N, width]; "aligned", what the
          decoder reads [N, D]; "latent", the vectors that `encode` quantises [N, width].

        Returns float32, without a copy; of a list of pictures one array with the axis [pictures, ...] before these.
        """
        many = isinstance(image, (list, tuple))
        arrays = jobs.run_all(self._embed_jobs(list(image) if many else [image], stage), self._ahead, "raise")
        flat = [array for batch in arrays for array in batch]
        return _stacked(flat) if many else flat[0]

    async def aembed(self, image: Any, stage: Stage = "aligned") -> np.ndarray:
        """`embed` for coroutines."""
        many = isinstance(image, (list, tuple))
        asked = self._embed_jobs(list(image) if many else [image], stage)
        arrays = await jobs.arun_all(asked, self._bells, self._ahead, "raise")
        flat = [array for batch in arrays for array in batch]
        return _stacked(flat) if many else flat[0]

    def encode(self, image: Any) -> np.ndarray:
        """A picture as the model draws: codes, int32 [h, w]; of JanusFlow a latent, float32 [channels, h, w]."""
        return jobs.run(self._encode_job(image))

    async def aencode(self, image: Any) -> np.ndarray:
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

    def _run(self, asked: Any, streams: bool, errors: Errors) -> Any:
        if isinstance(asked, Job):
            return Stream(asked) if streams else jobs.run(asked)
        jobs.check_list(streams, errors)
        flat, shape = jobs.flat(asked)
        return shape(jobs.run_all(flat, self._ahead, errors))

    async def _arun(self, asked: Any, streams: bool, errors: Errors) -> Any:
        if isinstance(asked, Job):
            return jobs.astream(asked, self._bells) if streams else await jobs.arun(asked, self._bells)
        jobs.check_list(streams, errors)
        flat, shape = jobs.flat(asked)
        return shape(await jobs.arun_all(flat, self._bells, self._ahead, errors))

    def _embed_jobs(self, pictures: list[Any], stage: str) -> list[Job[list[np.ndarray]]]:
        numbers.text("stage", stage)

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


def _stacked(arrays: list[np.ndarray]) -> np.ndarray:
    return np.stack(arrays) if arrays else np.zeros((0,), np.float32)
