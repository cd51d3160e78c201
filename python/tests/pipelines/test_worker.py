"""What a worker of a cluster answers, without a cluster."""

from __future__ import annotations

import errno
from contextlib import nullcontext
from dataclasses import replace

import pytest

pytest.importorskip("pyarrow")

from janus_cpp.caption import cluster, main  # noqa: E402
from janus_cpp.caption.output import Output, Policy  # noqa: E402
from janus_cpp.caption.reading import Columns  # noqa: E402
from janus_cpp.caption.rows import Asked  # noqa: E402
from janus_cpp.caption.shards import find_shards  # noqa: E402
from janus_cpp.caption.work import Opening  # noqa: E402
from janus_cpp.caption.writing import Aside  # noqa: E402


@pytest.fixture
def job(folder, tmp_path, model, monkeypatch):
    monkeypatch.setattr(cluster, "PATIENCE_S", 0)
    output = Output(str(tmp_path / "out"), single=False)
    output.prepare()
    return cluster.Job(Opening(), Asked(), Columns(), output, Policy(), model.info["fingerprint"])


def answers(job, folder, size=2):
    shards = find_shards([str(folder)], size)
    rows = cluster.Worker(job)({"shard": [shard.to_json() for shard in shards]})
    return [{name: value[0] for name, value in row.items()} for row in rows]


def test_a_worker_writes_shards_and_knows_them_again(job, folder):
    assert [(row["rows"], row["errors"], row["before"]) for row in answers(job, folder)] == [(2, 0, False)] * 2
    assert [(row["rows"], row["errors"], row["before"]) for row in answers(job, folder)] == [(2, 0, True)] * 2


def test_a_worker_without_the_model_or_with_another_says_so(job, folder):
    gone = answers(replace(job, opening=Opening(model="gone.gguf")), folder)
    assert all("gone.gguf: expected a model folder" in row["problem"] for row in gone)
    other = answers(replace(job, fingerprint="0123456789abcdef"), folder)
    assert all("expected the model 0123456789abcdef, found " in row["problem"] for row in other)


def test_a_full_disk_is_told_apart(job, folder, monkeypatch, capsys, tmp_path):
    def full(self):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Aside, "commit", full)
    rows = answers(job, folder)
    assert all(row["full"] and "expected room to write" in row["problem"] for row in rows)
    # The driver ends with it at once, without asking other nodes.
    monkeypatch.setattr(cluster, "_session", lambda address: nullcontext())
    monkeypatch.setattr(cluster, "_nodes_with_model", lambda job, progress: (job, cluster.Nodes(["a"], [])))
    asked = []
    monkeypatch.setattr(cluster, "_results", lambda *arguments: asked.append(1) or iter(rows))
    assert main([str(folder), "-o", str(tmp_path / "new"), "--shard-size", "2", "--ray"]) == 1
    assert "No space left on device" in capsys.readouterr().err and len(asked) == 1


def test_what_does_not_come_back_is_asked_for_again_and_told(job, folder, monkeypatch, capsys, tmp_path):
    monkeypatch.setattr(cluster, "_session", lambda address: nullcontext())
    monkeypatch.setattr(cluster, "_nodes_with_model", lambda job, progress: (job, cluster.Nodes(["a"], [])))
    asked = []

    def lost(shards, *_):
        asked.append(len(shards))
        yield {"name": shards[0].name, "rows": 1, "errors": 0, "before": False, "problem": "", "full": False}

    monkeypatch.setattr(cluster, "_results", lost)
    arguments = [str(folder), "-o", str(tmp_path / "new"), "--shard-size", "1", "--ray"]
    assert main(arguments) == 1
    assert asked == [4, 3, 2]
    assert "the workers at it were lost (1 shard not written)" in capsys.readouterr().err


