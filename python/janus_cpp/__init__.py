"""Janus models on the CPU: describe images, generate images, from Python.

>>> import janus_cpp as jc
>>> with jc.load() as model:  # janus-tiny, the small model inside
...     model.describe("photo.png", "What is this?")
...     model.generate("a red circle", seed=7).save("circle.png")

`load()` opens a model; everything else is a method of `Model`.
"""

from ._core import VERSION as __version__
from ._core import Cancelled, Error, ImageError, ModelError, RequestError
from .answer import Answer, Score
from .images import save
from .model import Model, load
from .jobs import Stream
from .quantizing import quantize
from .sources import pull

__all__ = [
    "Answer",
    "Cancelled",
    "Error",
    "ImageError",
    "Model",
    "ModelError",
    "RequestError",
    "Score",
    "Stream",
    "__version__",
    "load",
    "pull",
    "quantize",
    "save",
]

for _name in ("Cancelled", "Error", "ImageError", "ModelError", "RequestError"):
    # So that they are named, and pickled, as callers see them.
    globals()[_name].__module__ = __name__
del _name
