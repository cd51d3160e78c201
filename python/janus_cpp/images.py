"""Pictures between Python and the models.

Every function that takes a picture takes a path, the bytes of a file, a PIL image, or an array [height, width, 3]:
numpy's, or anything with ``__array_interface__``, ``__array__`` or DLPack on the CPU. PNG, BMP, GIF and PNM files are
read by the readers of janus, others by Pillow, with the pixels that the program ``janus`` makes of them.
"""

from __future__ import annotations

import os
import re
from contextlib import suppress
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from . import _core, numbers
from ._core import ImageError, Picture

# Kinds of files that janus reads to the same pixels with no other library.
_OWN_KINDS = frozenset({"PNG", "BMP", "GIF", "PNM"})
_HEAD_BYTES = 2048
_ESCAPE_LIKE = re.compile(rb"\\(?=x[0-9a-f]{2})")
_PHOTOMETRIC = 262
_ACCEPTED = "a path, bytes of a file, a PIL image or an array [height, width, 3] of uint8"
# What a folder in memory would be called in a message.
_BYTES_NAME = "(bytes)"


def to_picture(image: Any) -> Picture:
    """Makes a picture of anything that is one. Raises ImageError, and TypeError for what is none."""
    if isinstance(image, Picture):
        return image
    if isinstance(image, Image.Image):
        return _of_pil(image, "(PIL image)")
    if isinstance(image, (str, os.PathLike)):
        path = os.fsdecode(image)
        return _of_file(read_path(path), shown_path(path))
    if isinstance(image, (bytes, bytearray, memoryview)):
        return _of_file(bytes(image), _BYTES_NAME)
    try:
        array = _as_array(image)
    except (ImageError, TypeError):
        raise
    except Exception as fault:  # of a class that is not ours
        raise ImageError(f"image: expected {_ACCEPTED}, found {_name_of(image)}, which fails: {fault!r}") from fault
    if array is None:
        raise TypeError(f"image: expected {_ACCEPTED}, found {_name_of(image)}")
    return Picture.from_array(np.ascontiguousarray(_as_rgb(array)))


def read_path(path: str) -> bytes:
    """The bytes of a picture's file, also of a name that is no UTF-8. Raises ImageError."""
    try:
        path.encode()
    except UnicodeEncodeError:  # the system has such names, and the core's texts have not
        try:
            return Path(path).read_bytes()
        except OSError as fault:
            raise ImageError(
                f"picture {shown_path(path)}: expected a file that can be read, found: {fault.strerror}"
            ) from None
    return _core.read_file(path)


def shown_path(path: str) -> str:
    r"""A path that need not be UTF-8 as a text that is, as the program has it: bytes that are none as ``\xff``, and a
    backslash that would read as the beginning of such a one as ``\x5c``: two paths have two texts."""
    name = path.encode("utf-8", "surrogateescape")
    return _ESCAPE_LIKE.sub(lambda _: rb"\x5c", name).decode("utf-8", "backslashreplace")


def to_pil(picture: Picture) -> Image.Image:
    """A PIL image, RGB, of the picture's pixels."""
    return Image.fromarray(picture.array())


def save(image: Image.Image, path: str | os.PathLike[str], quality: int = 95) -> None:
    """Writes an image as the program does: PNG, JPEG or WebP by the path's extension.

    The settings of a generated image (``image.info``) go into the file, where ``janus info``, ``janus generate --from``
    and many other programs find them. quality: of JPEG and WebP, 1 to 100. The path has the whole file, or what it had
    before. Raises ImageError for what cannot be written so, and OSError.
    """
    if not isinstance(image, Image.Image):
        raise TypeError(f"image: expected a PIL image, found {_name_of(image)}")
    name = numbers.path("path", path)
    text = {key: image.info[key] for key in ("parameters", "janus") if isinstance(image.info.get(key), str)}
    extension = os.path.splitext(name)[1].lower().lstrip(".")
    if extension == "webp":
        _put(_webp(image, text, quality), name)
    else:
        _put(to_picture(image).encode(extension, text, quality), name)


def _put(data: bytes, path: str) -> None:
    if os.path.exists(path) and not os.path.isfile(path):  # a pipe, a terminal
        with open(path, "wb") as file:
            file.write(data)
        return
    folder, name = os.path.split(os.path.realpath(path))
    aside = os.path.join(folder, f".{name}.{os.getpid()}.part")
    try:
        with open(aside, "xb") as file:
            file.write(data)
        os.replace(aside, os.path.join(folder, name))
    except BaseException:
        with suppress(OSError):
            os.unlink(aside)
        raise


def _name_of(value: Any) -> str:
    if value is None:
        return "None"
    kind = type(value)
    module = "" if kind.__module__ == "builtins" else kind.__module__ + "."
    return module + kind.__qualname__


def _of_file(data: bytes, name: str) -> Picture:
    kind = _core.kind_of(data[:_HEAD_BYTES])
    if kind is None or kind in _OWN_KINDS:
        # Also what is no picture: janus says what it is instead.
        return _core.decode(data, name)[0]
    try:
        with Image.open(BytesIO(data)) as image:
            if image.mode in ("I", "F"):
                raise ImageError(
                    f"picture {name}: expected whole numbers of 16 bits at most, found the mode {image.mode}, of which "
                    "readers do not agree what is white; convert it to 8 bits"
                )
            return _of_pil(image, name)
    except ImageError:
        raise
    except UnidentifiedImageError:
        hint = "; install pillow-heif, and register it" if kind in ("HEIC", "AVIF") else ""
        raise ImageError(
            f"picture {name}: expected a picture that Pillow opens, found {kind}, which it does not{hint}"
        ) from None
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise ImageError(
            f"picture {name}: expected a {kind} that decodes, found it damaged or of a rare kind ({error}); "
            "take another picture"
        ) from error


def _of_pil(image: Image.Image, name: str) -> Picture:
    """Upright, over white, 8 bits: as the program has files."""
    try:
        white_is_zero = getattr(image, "tag_v2", {}).get(_PHOTOMETRIC) == 0
        upright = ImageOps.exif_transpose(image)
        return Picture.from_array(np.asarray(_flat(upright, white_is_zero)))
    except (OSError, SyntaxError) as error:
        raise ImageError(f"picture {name}: expected one that decodes, found it damaged ({error})") from error


def _flat(image: Image.Image, white_is_zero: bool) -> Image.Image:
    """white_is_zero: of a TIFF, whose 16-bit samples Pillow leaves as they are."""
    if image.mode == "RGB":
        return image
    if image.mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in image.info:
        return Image.fromarray(_over_white(np.asarray(image.convert("RGBA"))))
    if image.mode.startswith("I;16") or image.mode in ("I", "F"):
        values = np.asarray(image)
        if image.mode == "F" or values.max(initial=0) > 0xFFFF or values.min(initial=0) < 0:
            raise ImageError(
                f"picture: expected samples of 8 or 16 bits, found the mode {image.mode} with values from "
                f"{values.min(initial=0)} to {values.max(initial=0)}; convert it to \"L\" or \"RGB\" first"
            )
        if white_is_zero:
            values = 0xFFFF - values
        image = Image.fromarray((values >> 8).astype(np.uint8))
    return image.convert("RGB")


def _as_array(image: Any) -> np.ndarray | None:
    if isinstance(image, np.ndarray):
        return image
    if hasattr(image, "__dlpack__") and not _is_on_cpu(image):
        raise TypeError(
            f"image: expected an array on the CPU, found a {_name_of(image)} on a GPU; move it with .cpu() first"
        )
    if hasattr(image, "__array_interface__") or hasattr(image, "__array__"):
        return np.asarray(image)
    if hasattr(image, "__dlpack__"):
        return np.from_dlpack(image)
    return None


def _is_on_cpu(image: Any) -> bool:
    device = getattr(image, "__dlpack_device__", None)
    return device is None or int(device()[0]) in (1, 3, 11, 13)  # CPU, or memory that it shares with a GPU


def _as_rgb(array: np.ndarray) -> np.ndarray:
    """uint8 [height, width, 3] of what an array means."""
    if array.dtype == object:
        raise TypeError("image: expected numbers in the array, found objects; give one picture at a time")
    if array.dtype.kind in "SU":
        raise TypeError(f"image: expected numbers in the array, found texts ({array.dtype}); give a list of paths")
    array = _as_channels_last(array)
    values = _as_bytes(array)
    channels = values.shape[2]
    if channels == 1:
        return np.repeat(values, 3, axis=2)
    if channels == 4:
        return _over_white(values)
    return values


def _over_white(layer: np.ndarray) -> np.ndarray:
    """RGBA -> RGB: to the nearest, as janus lays files over white (Pillow's own arithmetic may be one off)."""
    colour, alpha = layer[:, :, :3].astype(np.uint32), layer[:, :, 3:].astype(np.uint32)
    return np.asarray((colour * alpha + 255 * (255 - alpha) + 127) // 255, np.uint8)


def _as_channels_last(array: np.ndarray) -> np.ndarray:
    shape = list(array.shape)
    if array.ndim == 2:
        array = array[:, :, None]
    if array.ndim != 3 or 0 in array.shape:
        batch = "; give a list of pictures for a batch" if array.ndim == 4 else ""
        raise ImageError(f"image: expected an array [height, width, 3], found {shape}{batch}")
    channels = array.shape[2]
    if channels not in (1, 3, 4):
        if array.shape[0] in (1, 3, 4):
            raise ImageError(
                f"image: expected an array [height, width, 3], found {shape}, channels first it seems; "
                "give array.transpose(1, 2, 0)"
            )
        raise ImageError(f"image: expected an array of 1, 3 or 4 channels [height, width, 3], found {shape}")
    return array


def _as_bytes(array: np.ndarray) -> np.ndarray:
    if array.dtype == np.uint8:
        return array
    if array.dtype == np.bool_:
        return array.astype(np.uint8) * 255
    if not np.issubdtype(array.dtype, np.floating) and not np.issubdtype(array.dtype, np.integer):
        raise TypeError(f"image: expected an array of uint8, or floats from 0 to 1, found {array.dtype}")
    low, high = array.min(), array.max()
    if np.issubdtype(array.dtype, np.floating):
        if not (low >= 0 and high <= 1):  # also where one of them is no number
            raise ImageError(
                f"image: expected floats from 0 to 1, found {low} to {high}; scale them, or give uint8"
            )
        return np.asarray(np.rint(array * 255), np.uint8)
    if low < 0 or high > 255:
        raise ImageError(f"image: expected whole numbers from 0 to 255, found {low} to {high}; scale them")
    return array.astype(np.uint8)


def _webp(image: Image.Image, text: dict[str, str], quality: int) -> bytes:
    # The same block of EXIF as in a JPEG, which janus makes.
    with Image.open(BytesIO(to_picture(image).encode("jpeg", text, quality))) as made:
        exif = made.info.get("exif", b"")
    written = BytesIO()
    image.save(written, format="WEBP", quality=quality, lossless=quality == 100, exif=exif)
    return written.getvalue()
