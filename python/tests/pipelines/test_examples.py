"""The examples against the program's server."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from .conftest import ROOT

CAPTIONS = [
    "a green triangle above a purple ring on a gray background",
    "a large yellow star on a black background",
    "a red circle left of a blue square on a white background",
    "a small orange cross on a white background",
]


def test_both_examples_write_the_captions(cluster):
    for name in ("ray", "aiohttp", "daft", "openai", "duckdb"):
        pytest.importorskip(name)
    program = os.environ.get("JANUS_PROGRAM")
    if not program:
        pytest.skip("JANUS_PROGRAM names no program that serves")
    done = subprocess.run(
        ["bash", str(ROOT / "python" / "examples" / "run.sh"), program, sys.executable],
        capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == ["== ray_address.py", *CAPTIONS, "== daft_address.py", *CAPTIONS]
