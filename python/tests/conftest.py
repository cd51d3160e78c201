"""What the tests share: the model inside, pictures, and the program that is held against the package."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import janus_cpp as jc
import pytest

ROOT = Path(__file__).resolve().parents[2]
TINY = ROOT / "samples" / "janus-tiny" / "model"
PICTURES = ROOT / "samples" / "pictures"
NAMES = ["cross.png", "ring_below.jpg", "star.png", "two_shapes.png"]


@pytest.fixture(scope="session")
def model():
    with jc.load() as opened:
        yield opened


@pytest.fixture(scope="session")
def pictures():
    return [str(PICTURES / name) for name in NAMES]


@pytest.fixture(scope="session")
def star():
    return str(PICTURES / "star.png")


def wait_for(condition) -> None:
    """Fails where it does not come true; long before that it should."""
    for _ in range(10_000):
        if condition():
            return
        time.sleep(0.01)
    raise AssertionError("expected it to come true")


class Program:
    """The program janus, which gives JSON."""

    def __init__(self, path: str) -> None:
        self.path = path

    def run(self, *arguments: str) -> str:
        done = subprocess.run(
            [self.path, *arguments], capture_output=True, text=True, env={**os.environ, "JANUS_CONFIG_FILE": ""}
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def records(self, *arguments: str) -> list[dict]:
        return [json.loads(line) for line in self.run(*arguments, "--json").splitlines()]


@pytest.fixture(scope="session")
def program():
    path = os.environ.get("JANUS_PROGRAM")
    if not path:
        pytest.skip("JANUS_PROGRAM names no program to hold the package against")
    return Program(path)


@pytest.fixture
def python():
    """Runs a script in a process of its own, and gives how it ended."""

    def run(script: str, *arguments: str, cwd: Path | None = None, **environment: str) -> subprocess.CompletedProcess:
        return subprocess.run(
            [sys.executable, "-c", textwrap.dedent(script), *arguments],
            capture_output=True,
            text=True,
            timeout=300,
            cwd=cwd,
            env={**os.environ, **environment},
        )

    return run
