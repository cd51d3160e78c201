"""How near decode steps come to the bandwidth of the machine, by weight type.

    decode.py [--janus build/release/bin/janus] [--threads N] [--rounds 3] [TYPE | TYPE=MODEL]...

Runs `janus bench --json` of every type in turn, as often as there are rounds, and prints the medians in Markdown.
TYPE alone has random weights of Janus-Pro-1B's size (--config names another); TYPE=MODEL is a folder or a file,
converted while loading where it is of another type. Without any: bf16 q8_0 q6_k q4_k.

"of the probe" is the record's `fraction`: `bytes` of a step over its `ms`, over the read-only bandwidth measured
between the steps.
"""
import argparse
import json
import statistics
import subprocess

TEXT, ONE_IMAGE, FOUR_IMAGES = ("text_decode", 1), ("image_decode", 2), ("image_decode", 8)


def command(options, weights):
    kind, _, model = weights.partition("=")
    source = ["-m", model] if model else ["--config", options.config]
    threads = ["-t", str(options.threads)] if options.threads else []
    return [options.janus, "bench", "--json", "-q", *source, "--type", kind, *threads,
            "--only", "text_decode", "--only", "image_decode"]


def measure(line):
    """-> {(what, rows): record} of one run."""
    output = subprocess.run(line, check=True, stdout=subprocess.PIPE, text=True).stdout
    records = [json.loads(record) for record in output.splitlines()]
    return {(record["what"], record["rows"]): record for record in records}


def row(kind, runs):
    def median(number):
        return statistics.median(number(run) for run in runs)

    def step(part):
        ms = median(lambda run: run[part]["ms"])
        return f"{ms:.1f} | {median(lambda run: run[part]['fraction']):.2f}"

    ratio = median(lambda run: run[FOUR_IMAGES]["ms"] / run[ONE_IMAGE]["ms"])
    return f"| {kind} | {step(TEXT)} | {step(ONE_IMAGE)} | {step(FOUR_IMAGES)} | {ratio:.2f} |"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("weights", nargs="*", default=["bf16", "q8_0", "q6_k", "q4_k"])
    parser.add_argument("--janus", default="build/release/bin/janus")
    parser.add_argument("--config", default="janus-pro-1b")
    parser.add_argument("--threads", type=int)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()

    runs = {weights: [] for weights in options.weights}
    for _ in range(options.rounds):
        for weights, done in runs.items():
            done.append(measure(command(options, weights)))

    for weights in runs:
        print(" ".join(command(options, weights)))
    bandwidths = [run[("read_bandwidth", 1)]["gb_per_s"] for done in runs.values() for run in done]
    print(f"\nMedians of {options.rounds} rounds; read bandwidth {min(bandwidths):.0f} to {max(bandwidths):.0f} GB/s.\n")
    print("| weights | text, 1 row: ms | of the probe | 1 image, 2 rows: ms | of the probe "
          "| 4 images, 8 rows: ms | of the probe | 4 images over 1 |")
    print("|---|" + "---|" * 7)
    for weights, done in runs.items():
        print(row(weights.partition("=")[0], done))


if __name__ == "__main__":
    main()
