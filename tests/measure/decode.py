"""How near decode steps come to the bandwidth of the machine, by weight type.

    decode.py [--janus build/release/bin/janus] [--threads N] [--rounds 3] [TYPE | TYPE=MODEL]...
    decode.py --before OTHER/janus [as above]

Runs `janus bench --json` of every type in turn, as often as there are rounds, and prints the medians in Markdown.
A program is a path, with environment before it where it takes some: on a processor with AMX
`--before "JANUS_ISA=avx512vnni build/release/bin/janus"` tells what its tiles gain.

TYPE alone has random weights of Janus-Pro-1B's size (--config names another); TYPE=MODEL is a folder or a file,
converted while loading where it is of another type. Without any: bf16 q8_0 q6_k q4_k.

"of the probe" is the record's `fraction`: `bytes` of a step over its `ms`, over the read-only bandwidth measured
between the steps.

--before compares two programs instead, by every part that bench measures: each round runs one, then the other, with the
one that begins changing by the round, and the table has the medians and the median of the rounds' ratios.
"""
import argparse
import json
import shlex
import statistics
import subprocess

TEXT, ONE_IMAGE, FOUR_IMAGES = ("text_decode", 1), ("image_decode", 2), ("image_decode", 8)
PEAKS = ("read_bandwidth", "f32_peak", "int8_peak", "matrix_peak")


def command(options, program, weights, parts):
    kind, _, model = weights.partition("=")
    source = ["-m", model] if model else ["--config", options.config]
    threads = ["-t", str(options.threads)] if options.threads else []
    only = [word for part in parts for word in ("--only", part)]
    words = shlex.split(program)
    return [*(["env"] if "=" in words[0] else []), *words, "bench", "--json", "-q", *source, "--type", kind, *threads, *only]


def measure(line):
    """-> {(what, rows): record} of one run."""
    output = subprocess.run(line, check=True, stdout=subprocess.PIPE, text=True).stdout
    records = [json.loads(record) for record in output.splitlines()]
    return {(record["what"], record["rows"]): record for record in records}


def medians(runs, part):
    """-> milliseconds and share of the probe."""
    return [statistics.median(run[part][key] for run in runs) for key in ("ms", "fraction")]


def row(kind, runs):
    ratio = statistics.median(run[FOUR_IMAGES]["ms"] / run[ONE_IMAGE]["ms"] for run in runs)
    steps = [f"{ms:.1f} | {fraction:.2f}" for ms, fraction in (medians(runs, part) for part in (TEXT, ONE_IMAGE, FOUR_IMAGES))]
    return f"| {kind} | {' | '.join(steps)} | {ratio:.2f} |"


def print_more_images(runs):
    """What steps of more images cost, where the device gains from them."""
    first = next(iter(runs.values()))[0]
    more = [part for part in first if part[0] == "image_decode" and part[1] > FOUR_IMAGES[1]]
    if not more:
        return
    print("\n| weights | " + " | ".join(f"{rows // 2} images: ms | of the probe | over 1 image" for _, rows in more) + " |")
    print("|---|" + "---|" * (3 * len(more)))
    for weights, done in runs.items():
        cells = []
        for part in more:
            ratio = statistics.median(run[part]["ms"] / run[ONE_IMAGE]["ms"] for run in done)
            ms, fraction = medians(done, part)
            cells.append(f"{ms:.1f} | {fraction:.2f} | {ratio:.2f}")
        print(f"| {weights.partition('=')[0]} | " + " | ".join(cells) + " |")


def compare(options):
    """Rows of a table: every part of bench with both programs, which run in turn."""
    programs = (options.before, options.janus)
    print("| weights | part | rows | before: ms | after: ms | after / before | lowest to highest |\n|---|" + "---|" * 6)
    for weights in options.weights:
        runs = {program: [] for program in programs}
        for k in range(options.rounds):
            for program in programs if k % 2 == 0 else programs[::-1]:
                runs[program].append(measure(command(options, program, weights, options.only)))
        first = [runs[program][0] for program in programs]
        for part in first[0] | first[1]:
            what, rows = part
            if what in PEAKS:
                continue
            if not all(part in run for run in first):
                print(f"| {weights.partition('=')[0]} | {what} | {rows} | measured by one program alone | | | |")
                continue
            before, after = ([run[part]["ms"] for run in runs[program]] for program in programs)
            ratios = [one / other for one, other in zip(after, before)]
            print(f"| {weights.partition('=')[0]} | {what} | {rows} | {statistics.median(before):.2f} "
                  f"| {statistics.median(after):.2f} | {statistics.median(ratios):.3f} "
                  f"| {min(ratios):.3f} to {max(ratios):.3f} |", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("weights", nargs="*", default=["bf16", "q8_0", "q6_k", "q4_k"])
    parser.add_argument("--janus", default="build/release/bin/janus")
    parser.add_argument("--config", default="janus-pro-1b")
    parser.add_argument("--threads", type=int)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--before", metavar="PROGRAM")
    parser.add_argument("--only", action="append", default=[], metavar="PART", help="with --before, as --only of bench")
    options = parser.parse_args()
    if options.before:
        return compare(options)

    steps = ("text_decode", "image_decode")
    runs = {weights: [] for weights in options.weights}
    for _ in range(options.rounds):
        for weights, done in runs.items():
            done.append(measure(command(options, options.janus, weights, steps)))

    for weights in runs:
        print(" ".join(command(options, options.janus, weights, steps)))
    bandwidths = [run[("read_bandwidth", 1)]["gb_per_s"] for done in runs.values() for run in done]
    print(f"\nMedians of {options.rounds} rounds; read bandwidth {min(bandwidths):.0f} to {max(bandwidths):.0f} GB/s.\n")
    print("| weights | text, 1 row: ms | of the probe | 1 image, 2 rows: ms | of the probe "
          "| 4 images, 8 rows: ms | of the probe | 4 images over 1 |")
    print("|---|" + "---|" * 7)
    for weights, done in runs.items():
        print(row(weights.partition("=")[0], done))
    print_more_images(runs)


if __name__ == "__main__":
    main()
