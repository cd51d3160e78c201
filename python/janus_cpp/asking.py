"""What a model is asked about pictures, and how it chats."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, overload

from . import _core
from .answer import Answer
from .chat import chat_job
from .jobs import Stream
from .questions import AnswerOptions, describe_jobs
from .running import Running
from .typed import AnswerSettings, ChatSettings, Errors, ImageLike, Images, Texts

if TYPE_CHECKING:
    from typing_extensions import Unpack

DEFAULT_QUESTION: str = _core.DEFAULT_QUESTION


class Asking(Running):
    """The methods of `Model` that answer."""

    # fmt: off
    @overload
    def describe(
        self, image: ImageLike, prompt: str = ..., *, stream: Literal[False] = ..., together: Literal[False] = ...,
        errors: Errors = ..., **settings: Unpack[AnswerSettings]
    ) -> Answer: ...

    @overload
    def describe(
        self, image: ImageLike, prompt: str = ..., *, stream: Literal[True], together: Literal[False] = ...,
        errors: Errors = ..., **settings: Unpack[AnswerSettings]
    ) -> Stream[str, Answer]: ...

    @overload
    def describe(
        self, image: Images, prompt: str = ..., *, stream: Literal[False] = ..., together: Literal[True],
        errors: Errors = ..., **settings: Unpack[AnswerSettings]
    ) -> Answer: ...

    @overload
    def describe(
        self, image: Images, prompt: str | Texts = ..., *, stream: Literal[False] = ..., together: Literal[False] = ...,
        errors: Literal["raise"] = ..., **settings: Unpack[AnswerSettings]
    ) -> list[Answer]: ...

    @overload
    def describe(
        self, image: Images, prompt: str | Texts = ..., *, stream: Literal[False] = ..., together: Literal[False] = ...,
        errors: Literal["return"], **settings: Unpack[AnswerSettings]
    ) -> list[Answer | Exception]: ...

    @overload
    def describe(
        self, image: ImageLike, prompt: Texts, *, stream: Literal[False] = ..., together: Literal[False] = ...,
        errors: Literal["raise"] = ..., **settings: Unpack[AnswerSettings]
    ) -> list[Answer]: ...

    @overload
    def describe(
        self, image: ImageLike, prompt: Texts, *, stream: Literal[False] = ..., together: Literal[False] = ...,
        errors: Literal["return"], **settings: Unpack[AnswerSettings]
    ) -> list[Answer | Exception]: ...

    @overload
    def describe(
        self, image: ImageLike | Images, prompt: str | Texts = ..., *, stream: bool = ..., together: bool = ...,
        errors: Errors = ..., **settings: Unpack[AnswerSettings]
    ) -> Any: ...
    # fmt: on

    def describe(
        self,
        image: ImageLike | Images,
        prompt: str | Texts = DEFAULT_QUESTION,
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

    # fmt: off
    @overload
    async def adescribe(
        self, image: ImageLike, prompt: str = ..., *, stream: Literal[False] = ..., together: Literal[False] = ...,
        errors: Errors = ..., **settings: Unpack[AnswerSettings]
    ) -> Answer: ...

    @overload
    async def adescribe(
        self, image: ImageLike, prompt: str = ..., *, stream: Literal[True], together: Literal[False] = ...,
        errors: Errors = ..., **settings: Unpack[AnswerSettings]
    ) -> AsyncIterator[str]: ...

    @overload
    async def adescribe(
        self, image: Images, prompt: str = ..., *, stream: Literal[False] = ..., together: Literal[True],
        errors: Errors = ..., **settings: Unpack[AnswerSettings]
    ) -> Answer: ...

    @overload
    async def adescribe(
        self, image: Images, prompt: str | Texts = ..., *, stream: Literal[False] = ..., together: Literal[False] = ...,
        errors: Literal["raise"] = ..., **settings: Unpack[AnswerSettings]
    ) -> list[Answer]: ...

    @overload
    async def adescribe(
        self, image: Images, prompt: str | Texts = ..., *, stream: Literal[False] = ..., together: Literal[False] = ...,
        errors: Literal["return"], **settings: Unpack[AnswerSettings]
    ) -> list[Answer | Exception]: ...

    @overload
    async def adescribe(
        self, image: ImageLike, prompt: Texts, *, stream: Literal[False] = ..., together: Literal[False] = ...,
        errors: Literal["raise"] = ..., **settings: Unpack[AnswerSettings]
    ) -> list[Answer]: ...

    @overload
    async def adescribe(
        self, image: ImageLike, prompt: Texts, *, stream: Literal[False] = ..., together: Literal[False] = ...,
        errors: Literal["return"], **settings: Unpack[AnswerSettings]
    ) -> list[Answer | Exception]: ...

    @overload
    async def adescribe(
        self, image: ImageLike | Images, prompt: str | Texts = ..., *, stream: bool = ..., together: bool = ...,
        errors: Errors = ..., **settings: Unpack[AnswerSettings]
    ) -> Any: ...
    # fmt: on

    async def adescribe(
        self,
        image: ImageLike | Images,
        prompt: str | Texts = DEFAULT_QUESTION,
        *,
        stream: bool = False,
        together: bool = False,
        errors: Errors = "raise",
        **settings: Unpack[AnswerSettings],
    ) -> Any:
        """`describe` for coroutines. With stream=True it gives an async iterator of pieces."""
        asked = describe_jobs(self._core, image, prompt, together, AnswerOptions(**settings), stream)
        return await self._arun(asked, stream, errors)

    # fmt: off
    @overload
    def chat(
        self, messages: Sequence[Mapping[str, Any]], *, stream: Literal[False] = ..., **settings: Unpack[ChatSettings]
    ) -> Answer: ...

    @overload
    def chat(
        self, messages: Sequence[Mapping[str, Any]], *, stream: Literal[True], **settings: Unpack[ChatSettings]
    ) -> Stream[str, Answer]: ...

    @overload
    def chat(
        self, messages: Sequence[Mapping[str, Any]], *, stream: bool = ..., **settings: Unpack[ChatSettings]
    ) -> Any: ...
    # fmt: on

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

    # fmt: off
    @overload
    async def achat(
        self, messages: Sequence[Mapping[str, Any]], *, stream: Literal[False] = ..., **settings: Unpack[ChatSettings]
    ) -> Answer: ...

    @overload
    async def achat(
        self, messages: Sequence[Mapping[str, Any]], *, stream: Literal[True], **settings: Unpack[ChatSettings]
    ) -> AsyncIterator[str]: ...

    @overload
    async def achat(
        self, messages: Sequence[Mapping[str, Any]], *, stream: bool = ..., **settings: Unpack[ChatSettings]
    ) -> Any: ...
    # fmt: on

    async def achat(
        self, messages: Sequence[Mapping[str, Any]], *, stream: bool = False, **settings: Unpack[ChatSettings]
    ) -> Any:
        """`chat` for coroutines. With stream=True it gives an async iterator of pieces."""
        asked = chat_job(self._core, messages, AnswerOptions(**settings), stream)
        return await self._arun(asked, stream, "raise")
