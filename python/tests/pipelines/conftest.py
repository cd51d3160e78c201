"""What the tests of pipelines share: the program `janus_cpp.caption`, the pictures that it is given, a cluster."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
PICTURES = ROOT / "samples" / "pictures"
NAMES = ["cross.png", "ring_below.jpg", "star.png", "two_shapes.png"]
# Of each node of the cluster: an actor takes all but one, so that no second one finds room there.
CPUS = 4


@pytest.fixture(scope="session")
def pictures():
    return [str(PICTURES / name) for name in NAMES]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder with the four pictures, "photos" in the test's folder."""
    monkeypatch.chdir(tmp_path)
    place = tmp_path / "photos"
    place.mkdir()
    for name in NAMES:
        shutil.copy(PICTURES / name, place / name)
    return place


@dataclass
class Ended:
    """stderr has one line of an error at most."""

    code: int
    stdout: str
    stderr: str

    @property
    def error(self) -> str:
        lines = [line for line in self.stderr.splitlines() if line.startswith("janus_cpp.caption: ")]
        assert len(lines) == 1, self.stderr
        return lines[0]


@pytest.fixture
def caption(tmp_path, monkeypatch, capsys):
    """Runs python -m janus_cpp.caption in the test's folder; expects an exit code. With `before`, a script that is to
    break something, in a process of its own."""
    pytest.importorskip("pyarrow")
    monkeypatch.chdir(tmp_path)

    def here(arguments: list[str]) -> Ended:
        from janus_cpp.caption import main

        capsys.readouterr()
        code = main(arguments)
        told = capsys.readouterr()
        return Ended(code, told.out, told.err)

    def apart(arguments: list[str], before: str) -> Ended:
        script = f"import sys\n{before}\nfrom janus_cpp.caption import main\nsys.exit(main())"
        done = subprocess.run([sys.executable, "-c", script, *arguments], capture_output=True, text=True, timeout=150)
        return Ended(done.returncode, done.stdout, done.stderr)

    def run(*arguments, code: int = 0, before: str = "") -> Ended:
        words = list(map(str, arguments))
        done = apart(words, before) if before else here(words)
        assert done.code == code, done.stderr
        assert done.stdout == "" and "Traceback" not in done.stderr, done.stderr
        return done

    return run


def rows_in(path) -> list[dict]:
    """All rows of a Parquet file, or of a folder of them."""
    import pyarrow.parquet as pq

    files = [path] if Path(path).is_file() else sorted(Path(path).glob("*.parquet"))
    return [row for file in files for row in pq.ParquetFile(file).read().to_pylist()]


def rows_of(path) -> list[dict]:
    """Rows of captions, by shard and key."""
    return sorted(rows_in(path), key=lambda row: (row["shard"], row["key"]))


def captions_of(path) -> dict[tuple[str, str], tuple[str, str]]:
    """What must not depend on who did a row; fails where a row is there twice."""
    rows = rows_of(path)
    found = {(row["shard"], row["key"]): (row["caption"], row["error"]) for row in rows}
    assert len(found) == len(rows)
    return found


@pytest.fixture
def program(tmp_path):
    """Runs the program janus; gives its JSON lines from a file."""
    path = os.environ.get("JANUS_PROGRAM")
    if not path:
        pytest.skip("JANUS_PROGRAM names no program to hold the package against")

    def run(*arguments) -> list[dict]:
        done = subprocess.run(
            [path, "caption", *map(str, arguments), "-o", "program.jsonl"], capture_output=True, text=True,
            cwd=tmp_path, env={**os.environ, "JANUS_CONFIG_FILE": ""},
        )  # fmt: skip
        assert done.returncode in (0, 3), done.stderr
        return [json.loads(line) for line in (tmp_path / "program.jsonl").read_text().splitlines()]

    return run


@pytest.fixture(scope="session")
def cluster():
    """Three nodes on this machine, which scripts of their own find too."""
    ray = pytest.importorskip("ray")
    pytest.importorskip("ray.data")
    from ray.cluster_utils import Cluster

    os.environ["RAY_DATA_DISABLE_PROGRESS_BARS"] = "1"
    settings = {"num_cpus": CPUS, "object_store_memory": 80_000_000, "include_dashboard": False}
    made = Cluster(initialize_head=True, head_node_args=settings)
    del settings["include_dashboard"]
    for _ in range(2):
        made.add_node(**settings)
    ray.init(made.address, log_to_driver=False, logging_level="ERROR")
    os.environ["RAY_ADDRESS"] = made.address
    yield made
    del os.environ["RAY_ADDRESS"]
    ray.shutdown()
    made.shutdown()
