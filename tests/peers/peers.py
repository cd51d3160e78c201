"""Times janus, transformers with PyTorch, and llama.cpp in turns, on the same weights: random ones of a released size.

    tests/peers/setup.sh VENV                                   # once
    VENV/bin/python tests/peers/peers.py --janus build/release/bin/janus --work FOLDER
    VENV/bin/python tests/peers/peers.py --work FOLDER --table  # prints the last run's tables again

The first run makes the models in FOLDER, some 11 GB for janus-pro-1b. Each program is started anew in every round, with
threads pinned to processors, and measures what `janus bench` measures; the tables have medians over the rounds, three at
least. On a processor with AMX janus also runs with the vectors of AVX-512 alone. Needs some 10 GB of memory for float32, and
a machine that does nothing else.
"""

import argparse
import collections
import json
import os
import pathlib
import platform
import shlex
import statistics
import subprocess
import sys
from importlib.metadata import version

import measure

measure.require("torch", "transformers", "gguf", "llama_cpp", "numpy")

import numpy as np

import janus_file

HERE = pathlib.Path(__file__).parent
TYPES = ("bf16", "q8_0", "q4_k")
LLAMA_TYPES = TYPES[1:]
QUESTION = 32  # tokens beside the picture's, as in janus bench
FEWEST_ROUNDS = 3  # a median of fewer says nothing of what the machine gave meanwhile
VECTORS = "avx512vnni"  # JANUS_ISA of janus beside itself where it multiplies in tiles
# Of a round: rivals beside one another.
ORDER = (
    "janus bf16",
    "transformers bf16",
    "transformers f32",
    "janus q8_0",
    "llama.cpp q8_0",
    "janus q4_k",
    "llama.cpp q4_k",
    *(f"janus {type} {VECTORS}" for type in TYPES),
)
COLUMNS = tuple(sorted(ORDER, key=lambda name: ("janus", "transformers", "llama.cpp").index(name.split()[0])))
# Largest relative L2 of logits from those of transformers in float32: further away it is another model.
FAITHFUL = {"q8_0": 0.1, "q4_k": 0.5}
LINES = {
    "vision": "vision tower and aligner",
    "prefill": "prefill, {tokens} tokens",
    "first_token": "describe, to the first token",
    "text_decode": "text decode, a step of 1 row",
    "image_decode": "image decode, a step of 2 rows",
    "vq_decode": "VQ decode",
    "picture": "one picture: {codes} steps and VQ decode",
}
# (line, rivals of the same kind or of any, janus' types)
RATIOS = [
    ("first_token", "transformers", ("bf16", "q8_0", "q4_k")),
    ("picture", "transformers", ("bf16", "q8_0", "q4_k")),
    ("prefill", "llama.cpp", LLAMA_TYPES),
    ("text_decode", "llama.cpp", LLAMA_TYPES),
    ("image_decode", "llama.cpp", LLAMA_TYPES),
    ("first_token", "janus", TYPES),
    ("prefill", "janus", TYPES),
    ("image_decode", "janus", TYPES),
    ("vq_decode", "janus", TYPES),
]


def run(line, prefix=()):
    """Standard output of a command, which is shown; ends the program where it fails."""
    line = [*prefix, *map(str, line)]
    print("+", shlex.join(line), file=sys.stderr, flush=True)
    threads = {"OMP_PROC_BIND": "close", "OMP_PLACES": "cores"}  # janus pins its own
    done = subprocess.run(line, stdout=subprocess.PIPE, env={**os.environ, **threads})
    if done.returncode != 0:
        sys.exit(f"{line[0]}: expected exit 0, found {done.returncode}; its lines above say why")
    return done.stdout.decode()


class Models:
    def __init__(self, work):
        self.work = work

    def janus(self, type):
        return str(self.work / f"janus-{type}.gguf")

    def llama(self, type, head):
        return str(self.work / f"llama-{type}-{head}.gguf")

    def make(self, janus, source):
        """Whatever is not there yet. `source`: a model, or --config and its name."""
        for type in TYPES:
            if not os.path.exists(self.janus(type)):
                run([janus, "quantize", *source, "-o", self.janus(type), "--type", type])
        for type in LLAMA_TYPES:
            for head in ("text", "codes"):
                path = self.llama(type, head)
                if not os.path.exists(path):
                    janus_file.write_llama(self.janus(type), path + ".part", head == "codes")
                    os.rename(path + ".part", path)


def peer_commands(models, tokens, threads):
    """By name, what times each peer."""
    common = ["--tokens", tokens, "--threads", threads]
    commands = {}
    for dtype in ("f32", "bf16"):
        script = [sys.executable, HERE / "transformers_peer.py", models.janus("bf16")]
        commands[f"transformers {dtype}"] = [*script, "--dtype", dtype, *common]
    for type in LLAMA_TYPES:
        script = [sys.executable, HERE / "llama_peer.py", models.llama(type, "text"), models.llama(type, "codes")]
        commands[f"llama.cpp {type}"] = [*script, *common]
    return commands


def janus_commands(janus, models, threads):
    bench = [janus, "bench", "--json", "-q", "-t", threads, "-m"]
    commands = {f"janus {type}": [*bench, models.janus(type)] for type in TYPES}
    if "amx_tile" in processor_features():
        for type in TYPES:
            commands[f"janus {type} {VECTORS}"] = ["env", f"JANUS_ISA={VECTORS}", *bench, models.janus(type)]
    return commands


def check_same_decoder(commands, work, prefix):
    """Ends the program where llama.cpp's logits are not those of transformers up to the type's rounding."""

    def logits(name):
        run([*commands[name], "--logits", work / "logits.npy"], prefix)
        return np.load(work / "logits.npy").astype(np.float64)

    expected = logits("transformers f32")
    for type, limit in FAITHFUL.items():
        distance = np.linalg.norm(logits(f"llama.cpp {type}") - expected) / np.linalg.norm(expected)
        print(f"logits of llama.cpp {type} from transformers f32: relative L2 {distance:.4f}", file=sys.stderr)
        if not distance <= limit:
            sys.exit(f"logits of llama.cpp {type}: expected within {limit}, found {distance:.3f}; not the same decoder")


def read_files(command):
    """Reads a command's models, so that it finds them in memory: it shall not wait for a disk."""
    for path in map(str, command):
        if path.endswith(".gguf"):
            with open(path, "rb") as file:
                while file.read(1 << 24):
                    pass


def measure_all(commands, rounds, prefix, out, append, codes):
    """Writes a line for each measurement, with the codes of a picture; programs take turns."""
    with open(out, "a" if append else "w") as file:
        for turn in range(rounds):
            for name, command in commands.items():
                read_files(command)
                for line in run(command, prefix).splitlines():
                    record = {"round": turn, "program": name, "codes": codes, **json.loads(line)}
                    file.write(json.dumps(record) + "\n")
                file.flush()


def medians(path):
    """{program: {what: milliseconds}}, with the sums that users wait for, and the codes of a picture."""
    times = collections.defaultdict(lambda: collections.defaultdict(list))
    wanted_rows = {"image_decode": 2}
    for line in open(path):
        record = json.loads(line)
        codes = record["codes"]
        if record["rows"] == wanted_rows.get(record["what"], record["rows"]):
            times[record["program"]][record["what"]].append(record["ms"])
    table = {}
    for program, found in times.items():
        row = {what: statistics.median(values) for what, values in found.items()}
        if "vision" in row:
            row["first_token"] = row["vision"] + row["prefill"]
            row["picture"] = codes * row["image_decode"] + row["vq_decode"]
        table[program] = row
    return table, codes


def print_table(head, rows):
    print("| " + " | ".join(head) + " |")
    print("|" + "---|" * len(head))
    for row in rows:
        print("| " + " | ".join(row) + " |")
    print()


def rivals(kind, type):
    """The programs of a kind that janus with a type is held against."""
    if kind == "transformers":
        return [name for name in ORDER if name.startswith(kind)]
    return [f"{kind} {type} {VECTORS}" if kind == "janus" else f"{kind} {type}"]


def print_tables(table, codes):
    tokens = codes + QUESTION

    def milliseconds(value):
        return "" if value is None else f"{value:,.0f}" if value >= 1000 else f"{value:.1f}"

    table = {name: table[name] for name in sorted(table, key=COLUMNS.index)}
    print_table(
        ["ms", *table],
        [
            [text.format(tokens=tokens, codes=codes), *(milliseconds(row.get(what)) for row in table.values())]
            for what, text in LINES.items()
        ],
    )
    rows = []
    for what, rival, types in RATIOS:
        for type in types:
            ours = table.get(f"janus {type}", {}).get(what)
            others = {
                name: row[what]
                for name, row in table.items()
                if name in rivals(rival, type) and what in row
            }
            if ours and others:
                best = min(others, key=others.get)
                text = LINES[what].format(tokens=tokens, codes=codes)
                rows.append([text, f"janus {type}", best, f"{others[best] / ours:.2f}x"])
    print_table(["what", "program", "against", "faster"], rows)


def processor_line(key):
    """The first line of /proc/cpuinfo with this key; None where there is none."""
    for line in open("/proc/cpuinfo") if os.path.exists("/proc/cpuinfo") else ():
        if line.split(":")[0].strip() == key:
            return line.split(":")[1].strip()
    return None


def processor():
    return processor_line("model name") or platform.machine()


def processor_features():
    return (processor_line("flags") or "").split()


def print_versions(janus, commands):
    packages = ", ".join(f"{name} {version(name)}" for name in ("torch", "transformers", "llama-cpp-python", "gguf"))
    print(f"{processor()}, {os.cpu_count()} processors; Python {platform.python_version()}, {packages}; "
          f"{run([janus, '--version']).splitlines()[0]}\n")
    for name, command in commands.items():
        print(f"    {name}: {shlex.join(map(str, command))}")
    print()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=pathlib.Path, required=True, help="folder for the models and the times")
    parser.add_argument("--janus", help="the program")
    parser.add_argument("--model", help="a Janus folder or file instead of random weights")
    parser.add_argument("--config", default="janus-pro-1b", help="the size of the random weights")
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--rounds", type=int, default=FEWEST_ROUNDS, help="%(default)s or more, with --append any number")
    parser.add_argument("--only", action="append", metavar="PROGRAM", help="as in the table's head; several times", choices=ORDER)
    parser.add_argument("--append", action="store_true", help="adds rounds to those of the last run")
    parser.add_argument("--prefix", default="", help="put before every command that is timed: 'flock -x FILE'")
    parser.add_argument("--table", action="store_true", help="measures nothing: prints the last run's tables")
    arguments = parser.parse_args()
    if not arguments.table and not arguments.janus:
        parser.error("--janus: expected the program, found none; build it and give its path")
    if arguments.rounds < (1 if arguments.append else FEWEST_ROUNDS):
        parser.error(f"--rounds: expected {FEWEST_ROUNDS} or more, found {arguments.rounds}; leave it out, or add to a run with --append")
    out, prefix = arguments.work / "times.jsonl", shlex.split(arguments.prefix)
    if not arguments.table:
        arguments.work.mkdir(parents=True, exist_ok=True)
        models = Models(arguments.work)
        models.make(arguments.janus, [arguments.model] if arguments.model else ["--config", arguments.config])
        codes = json.loads(run([arguments.janus, "info", "--json", "-m", models.janus("bf16")]))["image_tokens"]
        peers = peer_commands(models, codes + QUESTION, arguments.threads)
        if not arguments.append:
            check_same_decoder(peers, arguments.work, prefix)
        commands = {**janus_commands(arguments.janus, models, arguments.threads), **peers}
        wanted = arguments.only or ORDER
        for name in arguments.only or ():
            if name not in commands:
                sys.exit(f"--only {name}: expected a program that this processor runs, found one for AMX; name another")
        chosen = {name: commands[name] for name in ORDER if name in wanted and name in commands}
        measure_all(chosen, arguments.rounds, prefix, out, arguments.append, codes)
        print_versions(arguments.janus, chosen)
    print_tables(*medians(out))


if __name__ == "__main__":
    main()
