"""The images that a model generates."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any, Literal, overload

from PIL import Image

from .drawing import DrawingOptions, Painter
from .jobs import Stream
from .running import Running
from .typed import Errors, ImageSettings, Texts

if TYPE_CHECKING:
    from typing_extensions import Unpack


class Generating(Running):
    """The methods of `Model` that generate images."""

    _painter: Painter

    # fmt: off
    @overload
    def generate(  # type: ignore[overload-overlap]  # 0 is an int
        self, prompt: str, *, n: None = ..., preview_every: Literal[0] = ...,
        errors: Errors = ..., **settings: Unpack[ImageSettings]
    ) -> Image.Image: ...

    @overload
    def generate(
        self, prompt: str, *, n: int, preview_every: Literal[0] = ...,
        errors: Literal["raise"] = ..., **settings: Unpack[ImageSettings]
    ) -> list[Image.Image]: ...

    @overload
    def generate(
        self, prompt: str, *, n: int, preview_every: Literal[0] = ...,
        errors: Literal["return"], **settings: Unpack[ImageSettings]
    ) -> list[Image.Image | Exception]: ...

    @overload
    def generate(
        self, prompt: Texts, *, n: None = ..., preview_every: Literal[0] = ...,
        errors: Literal["raise"] = ..., **settings: Unpack[ImageSettings]
    ) -> list[Image.Image]: ...

    @overload
    def generate(
        self, prompt: Texts, *, n: None = ..., preview_every: Literal[0] = ...,
        errors: Literal["return"], **settings: Unpack[ImageSettings]
    ) -> list[Image.Image | Exception]: ...

    @overload
    def generate(
        self, prompt: Texts, *, n: int, preview_every: Literal[0] = ...,
        errors: Literal["raise"] = ..., **settings: Unpack[ImageSettings]
    ) -> list[list[Image.Image]]: ...

    @overload
    def generate(
        self, prompt: Texts, *, n: int, preview_every: Literal[0] = ...,
        errors: Literal["return"], **settings: Unpack[ImageSettings]
    ) -> list[list[Image.Image | Exception]]: ...

    @overload
    def generate(
        self, prompt: str, *, n: None = ..., preview_every: int, errors: Errors = ..., **settings: Unpack[ImageSettings]
    ) -> Stream[Image.Image, Image.Image]: ...

    @overload
    def generate(
        self, prompt: str | Texts, *, n: int | None = ..., preview_every: int = ..., errors: Errors = ...,
        **settings: Unpack[ImageSettings]
    ) -> Any: ...
    # fmt: on

    def generate(
        self,
        prompt: str | Texts,
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

    # fmt: off
    @overload
    async def agenerate(  # type: ignore[overload-overlap]
        self, prompt: str, *, n: None = ..., preview_every: Literal[0] = ...,
        errors: Errors = ..., **settings: Unpack[ImageSettings]
    ) -> Image.Image: ...

    @overload
    async def agenerate(
        self, prompt: str, *, n: int, preview_every: Literal[0] = ...,
        errors: Literal["raise"] = ..., **settings: Unpack[ImageSettings]
    ) -> list[Image.Image]: ...

    @overload
    async def agenerate(
        self, prompt: str, *, n: int, preview_every: Literal[0] = ...,
        errors: Literal["return"], **settings: Unpack[ImageSettings]
    ) -> list[Image.Image | Exception]: ...

    @overload
    async def agenerate(
        self, prompt: Texts, *, n: None = ..., preview_every: Literal[0] = ...,
        errors: Literal["raise"] = ..., **settings: Unpack[ImageSettings]
    ) -> list[Image.Image]: ...

    @overload
    async def agenerate(
        self, prompt: Texts, *, n: None = ..., preview_every: Literal[0] = ...,
        errors: Literal["return"], **settings: Unpack[ImageSettings]
    ) -> list[Image.Image | Exception]: ...

    @overload
    async def agenerate(
        self, prompt: Texts, *, n: int, preview_every: Literal[0] = ...,
        errors: Literal["raise"] = ..., **settings: Unpack[ImageSettings]
    ) -> list[list[Image.Image]]: ...

    @overload
    async def agenerate(
        self, prompt: Texts, *, n: int, preview_every: Literal[0] = ...,
        errors: Literal["return"], **settings: Unpack[ImageSettings]
    ) -> list[list[Image.Image | Exception]]: ...

    @overload
    async def agenerate(
        self, prompt: str, *, n: None = ..., preview_every: int, errors: Errors = ..., **settings: Unpack[ImageSettings]
    ) -> AsyncIterator[Image.Image]: ...

    @overload
    async def agenerate(
        self, prompt: str | Texts, *, n: int | None = ..., preview_every: int = ..., errors: Errors = ...,
        **settings: Unpack[ImageSettings]
    ) -> Any: ...
    # fmt: on

    async def agenerate(
        self,
        prompt: str | Texts,
        *,
        n: int | None = None,
        preview_every: int = 0,
        errors: Errors = "raise",
        **settings: Unpack[ImageSettings],
    ) -> Any:
        """`generate` for coroutines. With preview_every it gives an async iterator of previews."""
        asked = DrawingOptions(preview_every=preview_every, **settings)
        return await self._arun(self._painter.jobs(prompt, n, asked), asked.preview_every != 0, errors)
