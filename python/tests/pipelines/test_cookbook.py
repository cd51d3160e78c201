"""The blocks of docs/pipelines.md, as a reader pastes them."""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys

import pytest

from .conftest import ROOT

PAGE = ROOT / "docs" / "pipelines.md"
BLOCK = re.compile(r"(?P<skip><!-- not run: [^\n]*-->\n)?```(?P<language>\w+)\n(?P<text>.*?)^```$", re.M | re.S)


def blocks(language, skipped):
    found = [block for block in BLOCK.finditer(PAGE.read_text(encoding="utf-8")) if block["language"] == language]
    return [block["text"] for block in found if bool(block["skip"]) == skipped]


def packages_of(script):
    return set(re.findall(r"^(?:import|from) (\w+)", script, re.M)) - {"os"}


@pytest.mark.parametrize("script", blocks("python", False), ids=lambda script: "-".join(sorted(packages_of(script))))
def test_python(script, folder, request):
    for package in packages_of(script):
        pytest.importorskip(package)
    if "import ray" in script:
        request.getfixturevalue("cluster")
    environment = {**os.environ, "HF_DATASETS_OFFLINE": "1", "HF_HOME": str(folder.parent / "hub")}
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=200, env=environment)
    assert done.returncode == 0, done.stderr
    if "write_parquet" in script:
        from .conftest import rows_in

        assert len(rows_in(next(iter(folder.parent.glob("*/*.parquet"))).parent)) == 4


def test_the_commands(folder):
    pytest.importorskip("pyarrow")
    script = next(text for text in blocks("sh", True) if text.startswith("tar "))
    place = os.path.dirname(sys.executable)
    environment = {**os.environ, "PATH": f"{place}:{os.environ['PATH']}"}
    done = subprocess.run(["bash", "-e", "-c", script], capture_output=True, text=True, timeout=100, env=environment)
    assert done.returncode == 0, done.stderr
    assert os.path.exists("captions.parquet") and os.path.exists("texts/photos-000.tar")
    if importlib.util.find_spec("webdataset"):
        script = next(text for text in blocks("python", True) if "import webdataset" in text)
        script += "print(key, text)\n"
        done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=100)
        assert done.returncode == 0 and "two_shapes a red circle" in done.stdout, done.stderr


def test_the_function_for_spark(folder, pictures):
    pa = pytest.importorskip("pyarrow")
    script = next(text for text in blocks("python", True) if "mapInArrow" in text)
    defined: dict = {}
    exec(script.split("\n\n\nphotos = ")[0].replace('model="/models/janus-pro-1b-q8_0.gguf", ', ""), defined)
    batch = pa.record_batch({"path": pictures, "content": [open(path, "rb").read() for path in pictures]})
    (done,) = defined["caption"]([batch])
    schema = re.search(r'schema = "(.*)"', script)[1]
    types = {"string": pa.string(), "long": pa.int64(), "double": pa.float64()}
    wanted = pa.schema([(part.split()[0], types[part.split()[1]]) for part in schema.split(", ")])
    assert done.schema == wanted and done.column("error").null_count == 4
