"""Captions of whole data sets as Parquet: ``python -m janus_cpp.caption INPUT -o OUTPUT``.

A picture gets a row, a shard of the input a file of the output. `main` is the program.
"""

from .main import main

__all__ = ["main"]
