"""Which processors an actor may use: what its scheduler gave it, and domains of memory of which it takes one."""

from __future__ import annotations

import fcntl
import os
import sys
import tempfile
from pathlib import Path
from typing import IO

_NODES = "/sys/devices/system/node"
# The kernel's locks on domains that this process has taken; they go with it, however it ends.
_claims: dict[int, IO[bytes]] = {}


def threads_given() -> int | None:
    """Threads by what Ray gave the actor that runs here; None where the processors that are allowed decide (affinity
    and control groups, which the engine reads by itself)."""
    given = _cpus_of_ray()
    allowed = len(os.sched_getaffinity(0))
    return None if given is None or given >= allowed else max(1, int(given))


def take_domain(nodes: str = _NODES, locks: str | None = None) -> frozenset[int] | None:
    """Keeps this thread, and those that it starts from now on, on the processors of a NUMA domain that no other
    process took this way. Returns them; None where the machine has one domain, or all of them are taken."""
    domains = [(number, cpus & os.sched_getaffinity(0)) for number, cpus in _domains(Path(nodes))]
    domains = [(number, cpus) for number, cpus in domains if cpus]
    if len(domains) < 2:
        return None
    for number, cpus in domains:
        if number in _claims or _claim(number, locks or tempfile.gettempdir()):
            os.sched_setaffinity(0, cpus)
            return frozenset(cpus)
    return None


def _claim(number: int, folder: str) -> bool:
    file = open(os.path.join(folder, f"janus-numa-{os.getuid()}-{number}.lock"), "ab")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        return False
    _claims[number] = file
    return True


def _domains(nodes: Path) -> list[tuple[int, set[int]]]:
    found = []
    for path in nodes.glob("node[0-9]*"):
        try:
            found.append((int(path.name[4:]), _cpu_list((path / "cpulist").read_text())))
        except OSError:
            continue
    return sorted(found)


def _cpu_list(text: str) -> set[int]:
    """{0, 1, 2, 8} of "0-2,8"."""
    cpus: set[int] = set()
    for part in filter(None, text.strip().split(",")):
        first, _, last = part.partition("-")
        cpus.update(range(int(first), int(last or first) + 1))
    return cpus


def _cpus_of_ray() -> float | None:
    ray = sys.modules.get("ray")
    if ray is None or not ray.is_initialized():
        return None
    context = ray.get_runtime_context()
    if context.get_actor_id() is None:
        return None
    cpus: float | None = context.get_assigned_resources().get("CPU")
    return cpus
