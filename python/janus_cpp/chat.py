"""Messages in the shape of OpenAI's chat completions as jobs."""

from __future__ import annotations

import base64
import binascii
import os
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import unquote_to_bytes

from . import _core, numbers
from ._core import RequestError
from .answer import Answer
from .images import to_picture
from .jobs import Job
from .questions import AnswerOptions, answer_job


def chat_job(
    core: _core.Model, messages: Sequence[Mapping[str, Any]], options: AnswerOptions, streams: bool
) -> Job[Answer]:
    if isinstance(messages, (str, Mapping)) or not isinstance(messages, Sequence):
        raise TypeError(f"messages: expected a list of messages, found {type(messages).__name__}")

    def fill(question: _core.Question) -> None:
        turns = _core.turns_of([_message(core, one, f"messages[{at}]") for at, one in enumerate(messages)])
        question.turns = turns.turns
        question.images = turns.images

    return answer_job(core, fill, options, options.first_seed(), streams)


def _message(core: _core.Model, message: Any, path: str) -> tuple[str, str, list[Any]]:
    if not isinstance(message, Mapping):
        raise TypeError(f"{path}: expected a dict with role and content, found {type(message).__name__}")
    content = message.get("content")
    if content is None:
        parts: list[Any] = []
    elif isinstance(content, str):
        parts = [numbers.text(f"{path}.content", content)]
    elif isinstance(content, Sequence):
        parts = [_part(core, part, f"{path}.content[{at}]") for at, part in enumerate(content)]
    else:
        raise TypeError(f"{path}.content: expected a text or a list of parts, found {type(content).__name__}")
    return numbers.text(f"{path}.role", message.get("role")), path, parts


def _part(core: _core.Model, part: Any, path: str) -> Any:
    if isinstance(part, str):
        return numbers.text(path, part)
    if not isinstance(part, Mapping):
        raise TypeError(f"{path}: expected a text or a dict with a type, found {type(part).__name__}")
    kind = part.get("type")
    if kind in ("text", "input_text", "output_text"):
        return numbers.text(f"{path}.text", part.get("text"))
    if kind in ("image_url", "input_image"):
        url = part.get("image_url")
        if isinstance(url, Mapping):
            return core.prepare(to_picture(_of_url(url.get("url"), f"{path}.image_url.url")))
        return core.prepare(to_picture(_of_url(url, f"{path}.image_url")))
    if kind == "image":
        return core.prepare(to_picture(part.get("image")))
    raise RequestError(
        f"{path}.type: expected one of text, image_url, image, found {kind!r}; the model reads text and images alone"
    )


def _of_url(url: Any, path: str) -> bytes | str | os.PathLike[str]:
    """The bytes in a data URL; a file's path."""
    address = numbers.text(path, url)
    scheme = address.partition(":")[0].lower()
    if scheme == "file":
        return os.fsdecode(unquote_to_bytes(address[len("file:") :].removeprefix("//")))
    if scheme in ("http", "https"):
        raise RequestError(f"{path}: expected a data URL, found an address; download it, and give its bytes")
    if scheme != "data":
        return address
    head, comma, data = address.partition(",")
    if not comma:
        raise RequestError(f"{path}: expected data behind a comma in the data URL, found none; correct it")
    if not head.lower().endswith(";base64"):
        return unquote_to_bytes(data)
    try:
        return base64.b64decode(unquote_to_bytes(data), validate=True)
    except binascii.Error as error:
        raise RequestError(f"{path}: expected base64 in the data URL, found other text ({error}); correct it") from None
