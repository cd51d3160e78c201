"""A run on a Ray cluster: Ray Data hands the shards to an actor on every node, which read and write them themselves.

A shard that is done twice, since its node was lost at the wrong moment, is put in place twice with the same rows; one
that is not done is asked for again. So no row is lost and none is there twice.
"""

from __future__ import annotations

import argparse
import contextlib
import logging
import socket
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from .. import processors
from .._core import Error
from ..many import one_line
from ..ray import processors_of_actors
from .options import AUTO, asked_of, columns_of, opening_of, policy_of
from .output import Output, Policy
from .problems import Full, Problem, ShardProblem
from .progress import Progress
from .reading import Columns
from .rows import Asked, Facts
from .shards import Shard
from .work import Captioner, Opening, complete_tar

# So often shards are asked for that come back unwritten.
_ROUNDS = 3
# Ray Data plans every block by itself; more of them than this slow it down.
_MOST_BLOCKS = 100_000
# A worker that cannot work waits so long before it gives a shard back: else it would take all from those that can.
PATIENCE_S = 10.0


@dataclass(frozen=True)
class Job:
    """What every worker is told."""

    opening: Opening
    asked: Asked
    columns: Columns
    output: Output
    policy: Policy
    fingerprint: str  # of the model that all of them must have

    def captioner(self) -> Captioner:
        """Opens the model. Raises Error, and Problem where it is another than that of the other workers."""
        threads = self.opening.threads or processors.threads_given()
        opening = replace(self.opening, threads=threads)
        captioner = Captioner(opening, self.asked, self.columns, self.output, self.policy)
        if captioner.fingerprint != self.fingerprint:
            raise ShardProblem(_other_model(self.fingerprint, captioner.fingerprint))
        return captioner


class Worker:
    """The class for `map_batches`: a row in is a shard, a row out what became of it."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self._captioner: Captioner | None = None

    def __call__(self, batch: dict[str, Any]) -> Iterator[dict[str, Any]]:
        for text in batch["shard"]:
            shard = Shard.of_json(str(text))
            row = {"name": shard.name, "rows": 0, "errors": 0, "before": False, "problem": "", "full": False}
            try:
                if self._captioner is None:
                    self._captioner = self._job.captioner()
                facts, before = self._captioner.run(shard)
                row |= {"rows": facts.rows, "errors": facts.errors, "before": before}
            except (Problem, Error) as problem:
                if not isinstance(problem, Full):
                    time.sleep(PATIENCE_S)
                row["problem"] = f"node {socket.gethostname()}: {one_line(problem)}"
                row["full"] = isinstance(problem, Full)
            yield {name: [value] for name, value in row.items()}


def run_on_ray(shards: Sequence[Shard], options: argparse.Namespace, output: Output, progress: Progress) -> bool:
    """Whether all shards are written; of others the reason is said. Raises Problem where going on is no use."""
    job = Job(opening_of(options), asked_of(options), columns_of(options), output, policy_of(options), "")
    remaining = {shard.name: shard for shard in shards}
    job = _pass_over_done(remaining, job, progress)
    if not remaining:
        return True
    with _session(options.ray):
        job, nodes = _nodes_with_model(job, progress)
        problems: dict[str, str] = {}
        for _ in range(_ROUNDS):
            problems = {}
            for row in _results(list(remaining.values()), job, nodes, options.keep_processors, progress):
                if row["full"]:
                    raise Full(row["problem"])
                if row["problem"]:
                    problems[row["name"]] = row["problem"]
                elif row["name"] in remaining:
                    weight = remaining.pop(row["name"]).weight
                    progress.shard(weight, row["rows"], row["errors"], row["before"])
            if not remaining:
                return True
    counts = Counter(problems.get(name, "the workers at it were lost") for name in remaining)
    for problem, count in sorted(counts.items()):
        progress.say(f"{problem} ({count} shard{'s' if count > 1 else ''} not written)")
    return False


def _pass_over_done(remaining: dict[str, Shard], job: Job, progress: Progress) -> Job:
    """Counts what needs no work. The job learns which model made what is there: the others must be by the same."""
    for shard in list(remaining.values()):
        wanted = Facts(shard.source, job.fingerprint, job.opening.type, job.asked.hash())
        found = job.policy.is_done(job.output, shard, wanted)
        if found is not None:
            job = replace(job, fingerprint=found.fingerprint)
            complete_tar(job.output, shard)
            progress.shard(shard.weight, found.rows, found.errors, True)
            del remaining[shard.name]
    return job


@contextlib.contextmanager
def _session(address: str) -> Iterator[None]:
    try:
        import ray
        import ray.data
    except ImportError:
        raise Problem('package ray: expected it, found it missing; pip install "ray[data]"') from None
    mine = not ray.is_initialized()
    if mine:
        try:
            ray.init(
                None if address == AUTO else address, log_to_driver=False, logging_level=logging.ERROR,
                configure_logging=True,
            )  # fmt: skip
        except (ConnectionError, ValueError, RuntimeError) as error:
            reason = one_line(error)
            raise Problem(f"cluster {address}: expected to join it, found: {reason}; check the address") from None
    context = ray.data.DataContext.get_current()
    context.enable_progress_bars = False
    context.print_on_execution_start = False
    logging.getLogger("ray.data").setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        if mine:
            ray.shutdown()


@dataclass(frozen=True)
class Nodes:
    """Of the cluster, by their ids."""

    good: list[str]
    bad: list[str]  # the model does not open there, or is another

    def selector(self) -> dict[str, str] | None:
        return {"ray.io/node-id": f"!in({','.join(self.bad)})"} if self.bad else None


def _nodes_with_model(job: Job, progress: Progress) -> tuple[Job, Nodes]:
    """Where workers may go; of other nodes the reason is said. All must have the same model."""
    import ray
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    @ray.remote(num_cpus=0, max_retries=0)  # type: ignore[untyped-decorator]
    def probe(opening: Opening) -> str:
        with replace(opening, threads=1).open() as model:
            return str(model.info["fingerprint"])

    alive = [node for node in ray.nodes() if node["Alive"] and node["Resources"].get("CPU", 0) > 0]
    asked = {
        node["NodeID"]: probe.options(
            scheduling_strategy=NodeAffinitySchedulingStrategy(node["NodeID"], soft=False)
        ).remote(job.opening)
        for node in alive
    }
    found: dict[str, str] = {}
    faults: list[tuple[str, str]] = []
    for node in alive:
        try:
            found[node["NodeID"]] = ray.get(asked[node["NodeID"]])
        except ray.exceptions.RayTaskError as error:
            faults.append((node["NodeManagerAddress"], one_line(error.cause)))
        except ray.exceptions.RayError as error:
            faults.append((node["NodeManagerAddress"], one_line(error).split(". ")[0]))
    fingerprint = job.fingerprint or (Counter(found.values()).most_common(1)[0][0] if found else "")
    good = [node for node, model in found.items() if model == fingerprint]
    for node in alive:
        if node["NodeID"] in found and node["NodeID"] not in good:
            faults.append((node["NodeManagerAddress"], _other_model(fingerprint, found[node["NodeID"]])))
    for address, fault in faults:
        progress.say(f"node {address}: {fault}; it gets no work")
    if not good:
        raise Problem(f"cluster: expected a node that has the model, found none of {len(alive)}; put it there first")
    bad = [node["NodeID"] for node in alive if node["NodeID"] not in good]
    return replace(job, fingerprint=fingerprint), Nodes(good, bad)


def _results(
    shards: Sequence[Shard], job: Job, nodes: Nodes, keep: float, progress: Progress
) -> Iterator[dict[str, Any]]:
    """What became of the shards. Those that were lost with their workers are missing."""
    import ray

    rows = ray.data.from_items(
        [{"shard": shard.to_json()} for shard in shards], override_num_blocks=min(len(shards), _MOST_BLOCKS)
    ).map_batches(
        Worker,
        fn_constructor_args=(job,),
        batch_size=1,
        num_cpus=processors_of_actors(nodes.good, keep),
        compute=ray.data.ActorPoolStrategy(min_size=1, max_size=len(nodes.good)),
        label_selector=nodes.selector(),
    )
    try:
        yield from rows.iter_rows()
    except ray.exceptions.RayError as error:
        reason = str(error).strip().splitlines()[-1]  # behind the stacks of both sides
        progress.say(f"cluster: expected it to work on, found: {reason}; what is missing is asked for again")


def _other_model(expected: str, found: str) -> str:
    return f"expected the model {expected}, found {found}; copy the same one to all nodes"
