"""NUMA domains, of a machine that is made up."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

SCRIPT = """
import os, sys
from janus_cpp.processors import take_domain
print(sorted(take_domain(sys.argv[1], sys.argv[2]) or []), sorted(os.sched_getaffinity(0)), flush=True)
sys.stdin.read()
"""


@pytest.fixture
def actor(tmp_path):
    started = []
    (tmp_path / "locks").mkdir()

    def start():
        process = subprocess.Popen(
            [sys.executable, "-c", SCRIPT, str(tmp_path), str(tmp_path / "locks")], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        started.append(process)
        return process, process.stdout.readline().strip()

    yield start
    for process in started:
        process.kill()
        process.wait()


def test_actors_take_a_domain_each(tmp_path, actor):
    cpus = sorted(os.sched_getaffinity(0))
    if len(cpus) < 2:
        pytest.skip("one processor has no domains to share")
    half = len(cpus) // 2
    for number, some in enumerate((cpus[:half], cpus[half:])):
        (tmp_path / f"node{number}").mkdir()
        (tmp_path / f"node{number}" / "cpulist").write_text(",".join(map(str, some)) + "\n")
    (tmp_path / "node2").mkdir()
    (tmp_path / "node2" / "cpulist").write_text("\n")  # memory without processors
    first, told = actor()
    assert told == f"{cpus[:half]} {cpus[:half]}"
    assert actor()[1] == f"{cpus[half:]} {cpus[half:]}"
    assert actor()[1] == f"[] {cpus}"
    first.kill()
    first.wait()
    assert actor()[1] == f"{cpus[:half]} {cpus[:half]}"  # the lock went with its process


def test_one_domain_is_left_alone(tmp_path, actor):
    (tmp_path / "node0").mkdir()
    (tmp_path / "node0" / "cpulist").write_text("0-1023\n")
    assert actor()[1] == f"[] {sorted(os.sched_getaffinity(0))}"
