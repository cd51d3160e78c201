"""py.typed keeps its promise: the package as it is installed, and a user's file, by mypy's strict rules."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from conftest import ROOT


def test_types_by_mypy(tmp_path):
    api = pytest.importorskip("mypy.api")
    import janus_cpp

    user = Path(__file__).with_name("typed_user.py")
    # A copy: what lies among the packages that are installed is not reported on.
    package = shutil.copytree(Path(janus_cpp.__file__).parent, tmp_path / "janus_cpp")
    settings = ["--config-file", str(ROOT / "pyproject.toml"), "--cache-dir", str(tmp_path / "cache"), "--no-error-summary"]
    out, err, code = api.run([*settings, str(package), str(user)])
    assert (out, err, code) == ("", "", 0)
