"""How many passes reading guesses spares, and that the codes are the same.

    parallel.py JANUS [-m MODEL] [--count 250] [--windows 4 8 16 auto] [--side-by-side] [-- OPTION...]

Draws --count prompts, each with a seed of its own, at four pairs of guidance and temperature: with `--parallel off`, then
with each window. Prints, in Markdown, how many images have other codes (0, or the program is wrong), the codes of an image
over its passes, and the time of the steps over that of `off`. Images are drawn one at a time, with --side-by-side as many
as the device gains from. Options behind -- go to the program.

    parallel.py JANUS -m MODEL --replay 2.9 [--count 3] [--windows 8] [-- OPTION...]

Tells what images of MODEL's sizes would gain if a pass brought as many codes as --replay says, as it does with another model:
random weights guess next to nothing right, but a pass takes as long. Draws one image with `off`, then with each window, --count
times, and prints the medians of a pass and --replay times their ratio.
"""
import argparse
import json
import random
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

SETTINGS = ((5, 1.0), (3, 1.0), (1, 1.0), (5, 0.7))
COLOURS = "red green blue yellow purple cyan orange brown".split()
SHAPES = "circle square triangle star ring cross".split()
GROUNDS = "white black gray".split()


def prompts(count):
    rng = random.Random(1)
    for _ in range(count):
        things = [f"a {rng.choice(COLOURS)} {rng.choice(SHAPES)}" for _ in range(rng.choice((1, 2)))]
        relation = rng.choice(("left of", "right of", "above", "below"))
        yield f"{f' {relation} '.join(things)} on a {rng.choice(GROUNDS)} background"


def draw(options, window, guidance, temperature):
    """-> records of --json by seed."""
    with tempfile.TemporaryDirectory() as folder:
        lines = [
            json.dumps({"prompt": prompt, "seed": seed, "cfg_scale": guidance, "temperature": temperature})
            for seed, prompt in enumerate(prompts(options.count))
        ]
        work = Path(folder) / "prompts.jsonl"
        work.write_text("\n".join(lines) + "\n")
        runs = [work] if options.side_by_side else [work.with_name(f"{k}.jsonl") for k in range(len(lines))]
        if not options.side_by_side:
            for run, line in zip(runs, lines):
                run.write_text(line + "\n")
        records = []
        model = ["-m", options.model] if options.model else []
        for run in runs:
            line = [options.janus, "generate", *model, "--prompts", run, "-o", f"{run}.made/", "--json", "-q", "--parallel", window]
            output = subprocess.run([*line, *options.more], check=True, stdout=subprocess.PIPE, text=True).stdout
            records += [json.loads(record) for record in output.splitlines()]
    return {record["seed"]: record for record in records}


def ms_a_pass(records):
    return statistics.median(record["timings"]["decode_ms"] / record["timings"]["passes"] for record in records.values())


def replay(options):
    guidance, temperature = SETTINGS[0]
    made = {window: ms_a_pass(draw(options, window, guidance, temperature)) for window in ["off", *options.windows]}
    print(f"One image at a time, guidance {guidance}, {options.replay} codes a pass; medians of {options.count}.\n")
    print("| W | ms a pass | over a pass of one code | faster |\n|---|---|---|---|")
    for window, ms in made.items():
        over = ms / made["off"]
        print(f"| {window} | {ms:.1f} | {over:.2f} | {1 if window == 'off' else options.replay / over:.2f}x |")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("janus")
    parser.add_argument("-m", "--model")
    parser.add_argument("--count", type=int, default=250)
    parser.add_argument("--windows", nargs="+", default=["4", "8", "16", "auto"])
    parser.add_argument("--side-by-side", action="store_true")
    parser.add_argument("--replay", type=float, metavar="CODES", help="a pass, as another model has them")
    own = sys.argv[1:]
    end = own.index("--") if "--" in own else len(own)
    options = parser.parse_args(own[:end])
    options.more = own[end + 1 :]
    if options.replay:
        return replay(options)
    print("| guidance, temperature | W | other codes | codes a pass | passes, median | time of the steps over off's |")
    print("|---|---|---|---|---|---|")
    different = 0
    for guidance, temperature in SETTINGS:
        off = draw(options, "off", guidance, temperature)
        for window in options.windows:
            made = draw(options, window, guidance, temperature)
            others = sum(made[seed]["codes"] != record["codes"] for seed, record in off.items())
            different += others
            passes = [record["timings"]["passes"] for record in made.values()]
            codes = sum(record["timings"]["passes"] for record in off.values()) / sum(passes)
            ms = [sum(record["timings"]["decode_ms"] for record in records.values()) for records in (made, off)]
            print(f"| {guidance}, {temperature} | {window} | {others} of {len(off)} | {codes:.2f} | "
                  f"{statistics.median(passes):.0f} | {ms[0] / ms[1]:.2f} |", flush=True)
    if different:
        sys.exit(f"{different} images have other codes")


if __name__ == "__main__":
    main()
