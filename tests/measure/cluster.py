"""Measures captions on a cluster, and says what larger ones would do. Needs janus_cpp, ray[data] and pyarrow.

    cluster.py actors [--pictures 400] [--rounds 3] [--threads 1]
    cluster.py shards [--shards 2000]
    cluster.py simulate [--nodes 1000] [--pictures 100000000] [--seconds 8.2] [--shard 100,1000,10000] [...]

`actors` captions drawn pictures with janus-tiny, by one process, by Ray Data with one actor and with two, in turn, and
prints the median of pictures a second. --threads is for each of them, so that two actors have twice the processors.
`shards` sends shards through Ray Data to actors that caption nothing, and reads as many finished files again as a
resumed run does: what a shard costs beside its pictures. `simulate` runs a model that sleeps, in a clock that is
made up: nodes take shard after shard, each picture takes --seconds on a node, give or take --spread, a dispatcher hands
out --dispatch shards a second, and every node is lost once in --mtbf days on average, with the shard it is at, and is
back after --back minutes.
"""
import argparse
import heapq
import logging
import os
import random
import shutil
import statistics
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
NAMES = ["cross.png", "ring_below.jpg", "star.png", "two_shapes.png"]


def start_ray(cpus):
    os.environ["RAY_DATA_DISABLE_PROGRESS_BARS"] = "1"
    import ray

    ray.init(num_cpus=cpus, include_dashboard=False, log_to_driver=False, logging_level=logging.ERROR,
             object_store_memory=100_000_000)
    ray.data.DataContext.get_current().enable_progress_bars = False
    logging.getLogger("ray.data").setLevel(logging.CRITICAL)
    return ray


def actors(options):
    import numpy as np

    from janus_cpp.ray import Captioner

    class Timed(Captioner):
        def __call__(self, batch):
            begun, done = time.monotonic(), super().__call__(batch)
            facts = {"begun": begun, "ended": time.monotonic(), "actor": os.getpid()}
            return done | {name: np.full(len(done["caption"]), value) for name, value in facts.items()}

    ray = start_ray(8)
    data = [(ROOT / "samples" / "pictures" / name).read_bytes() for name in NAMES]
    rows = [{"image": data[k % len(data)]} for k in range(options.pictures)]
    settings = {"threads": options.threads, "keep_image": False}

    def by_process():
        captioner = Captioner(**settings)
        image = np.empty(len(rows), object)
        image[:] = [row["image"] for row in rows]
        begun = time.monotonic()
        captioner({"image": image})
        return len(rows) / (time.monotonic() - begun)

    def by_actors(count):
        data = ray.data.from_items(rows, override_num_blocks=8 * count)
        captions = data.map_batches(
            Timed, fn_constructor_kwargs=settings, batch_size=16, num_cpus=1,
            compute=ray.data.ActorPoolStrategy(size=count, max_concurrent_calls_per_actor=2,
                                               enable_true_multi_threading=True),
        )
        done = captions.take_all()
        # From the latest of the actors' first batches on: before it lie their starts and their loading.
        first = {row["actor"]: row["begun"] for row in sorted(done, key=lambda row: -row["begun"])}
        begun = max(first.values())
        rest = [row for row in done if row["begun"] >= begun]
        return len(rest) / (max(row["ended"] for row in rest) - begun)

    ways = {"one process": by_process, "1 actor": lambda: by_actors(1), "2 actors": lambda: by_actors(2)}
    found = {name: [] for name in ways}
    for _ in range(options.rounds):
        for name, way in ways.items():
            found[name].append(way())
    for name, rates in found.items():
        every = ", ".join(f"{rate:.1f}" for rate in rates)
        print(f"{name}: {statistics.median(rates):.1f} pictures a second ({every})")


class Nothing:
    def __call__(self, batch):
        return batch


def shards(options):
    ray = start_ray(4)
    rows = [{"shard": f"{number:06d}" + "x" * 200} for number in range(options.shards)]
    data = ray.data.from_items(rows, override_num_blocks=len(rows)).map_batches(
        Nothing, batch_size=1, num_cpus=1, compute=ray.data.ActorPoolStrategy(size=2))
    begun, used = None, 0.0
    for _ in data.iter_rows():
        if begun is None:  # the actors have started
            begun, used = time.monotonic(), time.process_time()
    rate, work = len(rows) / (time.monotonic() - begun), 1000 * (time.process_time() - used) / len(rows)
    print(f"dispatched {rate:.0f} shards a second, for each of which the driver's process worked {work:.2f} ms")

    from janus_cpp.caption import main
    from janus_cpp.caption.output import Output

    with tempfile.TemporaryDirectory() as work:
        folder, out = Path(work) / "photos", Path(work) / "out"
        folder.mkdir()
        shutil.copy(ROOT / "samples" / "pictures" / NAMES[2], folder)
        if main([str(folder), "-o", str(out), "-q"]) != 0:
            sys.exit("cluster.py: expected a caption")
        made = out / "00000.parquet"
        for number in range(1, options.shards):
            shutil.copy(made, out / f"{number:05d}.parquet")
        output = Output(str(out), single=False)

        class Named:
            def __init__(self, name):
                self.name = name

        begun = time.monotonic()
        for number in range(options.shards):
            output.facts_of(Named(f"{number:05d}"))
        print(f"read the facts of {options.shards / (time.monotonic() - begun):.0f} finished shards a second")


def run_once(options, shard_size, rng, losses):
    """(days, days of work that was lost, lost nodes)."""
    shards = [shard_size] * (options.pictures // shard_size)
    if options.pictures % shard_size:
        shards.append(options.pictures % shard_size)
    mean_life = options.mtbf * 86400
    free = [(0.0, node) for node in range(options.nodes)]
    lives = [rng.expovariate(1 / mean_life) if losses else float("inf") for _ in range(options.nodes)]
    again, following = [], 0
    dispatched = lost = end = 0.0
    lost_nodes = 0
    while following < len(shards) or again:
        now, node = heapq.heappop(free)
        if again:
            pictures = again.pop()
        else:
            pictures, following = shards[following], following + 1
        dispatched = max(now, dispatched + 1 / options.dispatch)
        # The sum of many pictures: their spread shrinks with the root of their number.
        spread = options.spread * options.seconds * pictures**0.5
        done = dispatched + max(0.0, rng.gauss(pictures * options.seconds, spread))
        if lives[node] < done:
            lost_nodes += 1
            lost += max(0.0, lives[node] - dispatched)
            again.append(pictures)
            back = max(lives[node], dispatched) + options.back * 60
            lives[node] = back + rng.expovariate(1 / mean_life)
            heapq.heappush(free, (back, node))
            continue
        end = max(end, done)
        heapq.heappush(free, (done, node))
    return end / 86400, lost / 86400, lost_nodes


def simulate(options):
    ideal = options.pictures * options.seconds / options.nodes / 86400
    print(f"{options.pictures:,} pictures, {options.nodes} nodes, {options.seconds} s a picture on each: "
          f"{ideal:.2f} days without any loss")
    print("pictures in a shard | shards | one takes | days | of the ideal | with lost nodes | work lost a lost node | "
          "a stop of all costs")
    for size in map(int, options.shard.split(",")):
        days, _, _ = run_once(options, size, random.Random(1), losses=False)
        real, lost, count = run_once(options, size, random.Random(1), losses=True)
        minutes = size * options.seconds / 60
        print(f"{size} | {-(-options.pictures // size):,} | {minutes:.1f} min | {days:.2f} | {days / ideal:.3f} | "
              f"{real:.2f} ({count} lost) | {lost * 1440 / max(1, count):.1f} min | "
              f"{minutes / 2 * options.nodes / 1440:.1f} node days")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(required=True)

    def command(name, action, **numbers):
        one = commands.add_parser(name)
        one.set_defaults(action=action)
        for option, value in numbers.items():
            one.add_argument(f"--{option}", type=type(value), default=value)

    command("actors", actors, pictures=400, rounds=3, threads=1)
    command("shards", shards, shards=2000)
    command("simulate", simulate, nodes=1000, pictures=100_000_000, seconds=8.2, spread=0.5, dispatch=100.0,
            mtbf=60.0, back=10.0, shard="100,1000,10000")
    options = parser.parse_args()
    options.action(options)


if __name__ == "__main__":
    main()
