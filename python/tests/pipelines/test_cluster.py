"""Captions on a Ray cluster of three nodes on this machine, of which an actor and a node are killed meanwhile."""

from __future__ import annotations

import os
import shutil
import signal
import threading
import time
from pathlib import Path

import pytest

ray = pytest.importorskip("ray")
psutil = pytest.importorskip("psutil")
pytest.importorskip("ray.data")

from .conftest import CPUS, NAMES, PICTURES, captions_of  # noqa: E402

_PICTURES = 120


@pytest.fixture(scope="module")
def many(tmp_path_factory):
    """A folder with pictures, one of them broken, and its captions as one process makes them."""
    from janus_cpp.caption import main

    base = tmp_path_factory.mktemp("many")
    folder = base / "photos"
    folder.mkdir()
    for number in range(_PICTURES):
        name = NAMES[number % len(NAMES)]
        shutil.copy(PICTURES / name, folder / f"{number:04d}-{name}")
    (folder / "bad.jpg").write_text("no picture")
    assert main([str(folder), "-o", str(base / "wanted"), "--shard-size", "10", "-q"]) == 3
    return folder, captions_of(base / "wanted")


def actors_of(node) -> list:
    """The processes of Ray Data's actors on a node."""
    raylet = psutil.Process(node.all_processes["raylet"][0].process.pid)
    return [child for child in raylet.children(recursive=True) if "MapWorker" in " ".join(child.cmdline()[:1])]


def when(condition, action, over):
    """Does it on another thread as soon as it may be done, unless that is over; gives what waits for that."""

    def watch():
        while not over.is_set():
            if condition():
                action()
                done.set()
                return
            time.sleep(0.02)

    done = threading.Event()
    threading.Thread(target=watch, daemon=True).start()
    return done


def kill_during_captions(cluster, folder: Path, out: Path, tell) -> tuple[bool, bool]:
    """Captions, kills an actor of the head node and then another node that works; whether each came to that."""
    from janus_cpp.caption import main

    head = cluster.head_node

    def working_nodes():
        return [node for node in sorted(cluster.worker_nodes, key=lambda node: node.unique_id) if actors_of(node)]

    def kill_actor():
        actors_of(head)[0].send_signal(signal.SIGKILL)

    def kill_node():
        cluster.remove_node(working_nodes()[0], allow_graceful=False)

    def started(count):
        return len(list(out.glob("*.parquet"))) >= count

    over = threading.Event()
    actor_died = when(lambda: started(1) and actors_of(head), kill_actor, over)
    node_died = when(lambda: actor_died.is_set() and started(2) and working_nodes(), kill_node, over)
    try:
        code = main([str(folder), "-o", str(out), "--shard-size", "10", "--ray", cluster.address])
    finally:
        over.set()
    assert code == 3, tell()
    return actor_died.is_set(), node_died.is_set()


def test_an_actor_and_a_node_may_die(cluster, many, tmp_path, capsys):
    folder, wanted = many
    # A run may end before a node that is to die has begun.
    for attempt in range(5):
        out = tmp_path / f"out{attempt}"
        actor_died, node_died = kill_during_captions(cluster, folder, out, lambda: capsys.readouterr().err)
        assert captions_of(out) == wanted  # none is lost, none is there twice
        assert not list(out.glob(".*.part"))
        if node_died:
            cluster.add_node(num_cpus=CPUS, object_store_memory=80_000_000)
        if actor_died and node_died:
            return
    pytest.fail("expected an actor and a node to die while they worked, found five runs that ended before")


def hub_with_model(place: Path) -> Path:
    snapshot = place / "hub" / "models--tiny--janus" / "snapshots" / "abc"
    shutil.copytree(PICTURES.parent / "janus-tiny" / "model", snapshot)
    (snapshot.parents[1] / "refs").mkdir()
    (snapshot.parents[1] / "refs" / "main").write_text("abc")
    return place


def test_nodes_without_the_model_get_no_work(cluster, many, tmp_path, capsys):
    from janus_cpp.caption import main

    folder, wanted = many
    hub = hub_with_model(tmp_path / "hub_with")
    equipped = cluster.add_node(num_cpus=CPUS, object_store_memory=80_000_000, env_vars={"HF_HOME": str(hub)})
    cluster.wait_for_nodes()
    try:
        arguments = [str(folder), "--shard-size", "60", "-m", "tiny/janus", "--ray", cluster.address]
        code = main([*arguments, "-o", str(tmp_path / "out")])
        told = capsys.readouterr().err
        assert code == 3, told
        assert told.count("it gets no work") == 3 and "this model in the hub's cache" in told
        captions = {key: value for (_, key), value in captions_of(tmp_path / "out").items()}
        assert captions == {key: value for (_, key), value in wanted.items()}
    finally:
        cluster.remove_node(equipped)
    assert main([*arguments, "-o", str(tmp_path / "none")]) == 1
    told = capsys.readouterr().err
    assert "expected a node that has the model, found none of 3" in told
    assert not list((tmp_path / "none").glob("*.parquet"))


def test_captioner_in_ray_data(cluster, many):
    from janus_cpp.ray import Captioner, one_actor_a_node

    folder, wanted = many
    captions = ray.data.read_binary_files(str(folder), include_paths=True).map_batches(
        Captioner, fn_constructor_kwargs={"image": "bytes", "keep_image": False}, batch_size=16, **one_actor_a_node()
    )
    found = {os.path.basename(row["path"]): row["caption"] for row in captions.take_all()}
    assert found == {key: caption for (_, key), (caption, _) in wanted.items()}
