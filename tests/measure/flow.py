"""How fast JanusFlow draws, beside the reference's modules in PyTorch and beside prefill.

    flow.py --reference PATH/TO/Janus --python flow/bin/python [--janus build/release/bin/janus] [--threads 2]
            [--steps 10] [--rounds 3] [--types bf16 q8_0] [--folder /tmp/janusflow-1.3b] [--tiny]

Makes a checkpoint of random weights in FOLDER where it has none: JanusFlow-1.3B with SDXL's autoencoder, 4.3 GB. Each
round draws one image with the program in each type and one with the reference in bf16 and in f32, all by turns, the
one that begins changing by the round, and measures a step beside a prefill of the same rows (`janus bench`). Printed
are the seconds from the prompt to the pixels without loading, as medians, and ratios within a round: the better of the
reference's two over each of the program's; the rate of a step over prefill's. --python is the environment of
tests/reference/requirements-flow.txt.
"""

import argparse
import json
import os
import pathlib
import statistics
import subprocess
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
REFERENCE_TYPES = ("bf16", "f32")
PROMPT = "a large blue star left of a green triangle"


def run(line):
    """-> what a command prints, and the most memory that it took in bytes."""
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen([str(word) for word in line], stdout=output)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0:
            raise SystemExit(f"{' '.join(map(str, line))}: exit {process.returncode}")
        output.seek(0)
        return output.read().decode(), usage.ru_maxrss * 1024


class Measurements:
    def __init__(self, options):
        self.options = options
        self.script = [options.python, HERE / "flow_reference.py", options.reference]
        self.tiny = ["--tiny"] if options.tiny else []

    def make(self):
        if not (self.options.folder / "model.safetensors").exists():
            run([*self.script, "make", self.options.folder, *self.tiny])

    def program(self, kind):
        options = self.options
        with tempfile.TemporaryDirectory() as folder:
            output, memory = run([
                options.janus, "generate", PROMPT, "-m", options.folder, "--type", kind, "-t", options.threads, "--steps",
                options.steps, "-o", f"{folder}/image.png", "--json", "-q",
            ])
        timings = json.loads(output.splitlines()[-1])["timings"]
        seconds = sum(timings.get(part, 0) for part in ("prefill_ms", "decode_ms", "image_decode_ms")) / 1000
        return {"seconds": seconds, "step": timings["decode_ms"] / options.steps / 1000,
                "decode": timings["image_decode_ms"] / 1000, "memory": memory}

    def reference(self, kind):
        options = self.options
        output, memory = run([
            *self.script, "draw", options.folder, *self.tiny, "--type", kind, "--steps", options.steps, "--threads",
            options.threads, "--attention", options.attention,
        ])
        found = json.loads(output.splitlines()[-1])
        if not found["finite"]:
            raise SystemExit(f"the reference's image in {kind} is not finite")
        return found | {"memory": memory}

    def rates(self, kind):
        """-> operations a second of a step over those of a prefill of the same rows."""
        options = self.options
        output, _ = run([options.janus, "bench", "-m", options.folder, "--type", kind, "-t", options.threads, "--only",
                         "prefill", "--only", "flow_step", "--json", "-q"])
        records = [json.loads(line) for line in output.splitlines()]
        rate = {(record["what"], record["rows"]): record["gop_per_s"] for record in records}
        return rate[("flow_step", 2)], rate[("prefill", 2)]


def print_images(runs):
    print("| drawn by | seconds | a step | VAE decode | most memory, GB | faster than the better reference | lowest to highest |")
    print("|---|" + "---|" * 6)
    references = [runs[("reference", kind)] for kind in REFERENCE_TYPES]
    better = [min(together, key=lambda run: run["seconds"])["seconds"] for together in zip(*references)]
    for (who, kind), found in runs.items():
        middle = [statistics.median(run[key] for run in found) for key in ("seconds", "step", "decode")]
        ratios = [other / run["seconds"] for other, run in zip(better, found)]
        memory = max(run["memory"] for run in found) / 1e9
        row = [f"{who}, {kind}", *(f"{value:.2f}" for value in middle), f"{memory:.2f}"]
        row += [f"{statistics.median(ratios):.2f}", f"{min(ratios):.2f} to {max(ratios):.2f}"]
        print("| " + " | ".join(row) + " |")


def print_rates(rates):
    print("| type | a step, Gop/s | prefill of 2 rows, Gop/s | step over prefill | lowest to highest |\n|---|" + "---|" * 4)
    for kind, found in rates.items():
        steps, prefills = zip(*found)
        ratios = [step / prefill for step, prefill in found]
        print(f"| {kind} | {statistics.median(steps):.1f} | {statistics.median(prefills):.1f} "
              f"| {statistics.median(ratios):.2f} | {min(ratios):.2f} to {max(ratios):.2f} |")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--reference", required=True)
    parser.add_argument("--python", required=True)
    parser.add_argument("--janus", default="build/release/bin/janus")
    parser.add_argument("--folder", type=pathlib.Path)
    parser.add_argument("--types", nargs="+", default=["bf16", "q8_0"])
    parser.add_argument("--steps", type=int, default=10)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--attention", choices=["eager", "sdpa"], default="sdpa", help="of the reference")
    parser.add_argument("--tiny", action="store_true", help="small sizes, to try the script")
    options = parser.parse_args()
    options.folder = options.folder or pathlib.Path("/tmp/janusflow-tiny" if options.tiny else "/tmp/janusflow-1.3b")
    measurements = Measurements(options)
    measurements.make()
    measures = {("janus", kind): measurements.program for kind in options.types}
    measures |= {("reference", kind): measurements.reference for kind in REFERENCE_TYPES}
    runs, rates = {key: [] for key in measures}, {kind: [] for kind in options.types}
    for k in range(options.rounds):
        order = list(measures)
        for who, kind in order[k % len(order):] + order[:k % len(order)]:
            runs[who, kind].append(measures[who, kind](kind))
        for kind in options.types:
            rates[kind].append(measurements.rates(kind))
    print(f"{options.steps} steps, {options.threads} threads, medians of {options.rounds} rounds.\n")
    print_images(runs)
    print()
    print_rates(rates)


if __name__ == "__main__":
    main()
