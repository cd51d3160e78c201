"""Holds the janus program against transformers, stage by stage, on a checkpoint of random weights.

    python compare.py --janus build/release/bin/janus --seed 3 --layout original --hidden 96 --heads 3 --kv-heads 3
    python compare.py --janus build/release/bin/janus --random 20 --seed 100
    python compare.py --janus build/release/bin/janus --released all
    python compare.py --janus build/release/bin/janus --model samples/janus-tiny/model

Prints the largest difference of each stage in the order in which they are computed; exit code 1 when one is beyond
its limit: relative L2 2e-4 for tensors (2e-5 where the checkpoint is a random one, or four times what transformers
itself is off from float64 in the VQ decode), 1e-3 for log-probabilities,
pixels and tokenizer ids the same, chosen ids the same up to the first choice whose two best lie nearer than 1e-3
(logits) or 1e-4 (cosines, of codes).
"""

import argparse
import dataclasses
import json
import pathlib
import random
import subprocess
import sys
import tempfile

import numpy as np
from PIL import Image

import make_checkpoint
import make_released
from make_checkpoint import Sizes
from pictures import random_picture
from reference import SPACE, Reference, use_threads

TENSOR_LIMIT = 2e-4  # relative L2, for a model of any depth
# For small random ones: rounding gives up to 5e-6, GELU by tanh or an epsilon of 1e-5 some 1e-4.
SMALL_TENSOR_LIMIT = 2e-5
OWN_ROUNDINGS = 4  # times the distance of transformers in float32 from itself in float64, where that is more
LOGPROB_LIMIT = 1e-3
CHOICE_MARGIN = 1e-3  # of logits; nearer choices may go either way
CODE_MARGIN = 1e-4  # of cosines
QUESTION, ANSWER = "What is in the picture?", " A small red circle; 图片 and 3 stars, naïve café."
PROMPT = "a large blue star left of a green triangle"
TEXTS = [
    "Describe this image.",
    "  two  spaces,\ttab\r\nand lines\n\n",
    "图片里有什么？你好，世界！ Straße ÀÉÎÕÜ øþü",
    "x=12345; 🦊👨‍👩‍👧 ไทย العربية ﬁ Ω≈ç√",
    ANSWER,
]
GREEDY_STEPS = 24


class Program:
    """The janus program on one model, in float32."""

    def __init__(self, path, model, threads):
        self.path, self.model, self.threads = path, model, threads

    def __call__(self, command, *arguments):
        """Standard output of a command. Throws RuntimeError with the program's own line where it fails."""
        line = [self.path, command, *map(str, arguments), "-m", self.model, "--type", "f32", "-t", self.threads, "-q"]
        done = subprocess.run(list(map(str, line)), capture_output=True, timeout=900)
        if done.returncode != 0:
            raise RuntimeError(f"janus {command}: exit {done.returncode}: {done.stderr.decode(errors='replace').strip()}")
        return done.stdout.decode()

    def json(self, command, *arguments):
        return json.loads(self(command, *arguments))


@dataclasses.dataclass
class Row:
    stage: str
    measure: str
    difference: float
    limit: float
    note: str = ""

    @property
    def holds(self):
        return self.difference <= self.limit  # false for NaN


def relative_l2(found, expected):
    found, expected = np.asarray(found, np.float64), np.asarray(expected, np.float64)
    if found.shape != expected.shape:
        raise RuntimeError(f"shape {found.shape} in place of {expected.shape}")
    return float(np.linalg.norm(found - expected) / np.linalg.norm(expected))


def largest(found, expected):
    found, expected = np.asarray(found, np.float64), np.asarray(expected, np.float64)
    if found.shape != expected.shape:
        raise RuntimeError(f"shape {found.shape} in place of {expected.shape}")
    return float(np.abs(found - expected).max(initial=0.0))


def clear_choices(found, expected, margins, margin):
    """Wrong ids among those chosen before the first unclear choice, and how many those are."""
    clear = next((i for i, m in enumerate(margins) if m <= margin), len(margins))
    clear = min(clear, len(expected))
    wrong = sum(a != b for a, b in zip(found[:clear], expected[:clear])) + max(0, clear - len(found))
    if clear == len(margins):  # the end too was a clear choice
        wrong += len(found) != len(expected)
    return wrong, clear


class Comparison:
    def __init__(self, model, janus, seed, threads, work, tensor_limit):
        self.reference, self.janus, self.work = Reference(model), Program(janus, model, threads), work
        self.rows, self.tensor_limit = [], tensor_limit
        side = self.reference.image_size
        chance = random.Random(seed)
        sizes = [(chance.randint(side // 2, 4 * side), chance.randint(side // 2, 4 * side)) for _ in range(2)]
        self.pictures = [random_picture(*size, seed + k) for k, size in enumerate(sizes)]
        self.paths = []
        for k, picture in enumerate(self.pictures):
            self.paths.append(work / f"picture{k}.png")
            picture.save(self.paths[-1])
        self.pixels = [self.reference.pixels(picture) for picture in self.pictures]
        entries = self.reference.model.config.vq_config.num_embeddings
        self.codes = np.random.default_rng(seed).integers(0, entries, self.reference.tokens).tolist()
        self.codes_path = work / "codes.json"
        grid = self.reference.grid
        self.codes_path.write_text(json.dumps({"height": grid, "width": grid, "codes": self.codes}))

    def add(self, stage, measure, limit, compute):
        """One line of the table; a command that fails is a difference beyond every limit."""
        try:
            result = compute()
            difference, note = result if isinstance(result, tuple) else (result, "")
        except (RuntimeError, OSError, ValueError, KeyError, subprocess.TimeoutExpired) as error:
            difference, note = float("inf"), str(error)
        self.rows.append(Row(stage, measure, difference, limit, note))

    def embed(self, picture, stage):
        out = self.work / f"{stage}.npy"
        self.janus("embed", self.paths[picture], "--stage", stage, "-o", out)
        return np.load(out)

    def run(self):
        self.tokenizer()
        for k, picture in enumerate(self.pictures):
            size = "{}x{}".format(*picture.size)
            self.add(f"resized pixels ({size})", "largest", 0.0, lambda k=k: largest(self.embed(k, "pixels"), self.pixels[k]))
        features = self.reference.vision(self.pixels[0])[0]
        aligned = self.reference.aligned(features)
        self.add("vision features", "relative L2", self.tensor_limit, lambda: relative_l2(self.embed(0, "vision"), features))
        self.add("aligned embeddings", "relative L2", self.tensor_limit, lambda: relative_l2(self.embed(0, "aligned"), aligned))
        self.text()
        self.generation()
        self.image_tokenizer()
        return self.rows

    def tokenizer(self):
        def ids():
            wrong = 0
            for text in TEXTS:
                expected = [self.reference.begin] + self.reference.tokenizer.encode(text)
                wrong += self.janus.json("tokenize", text) != expected
            return float(wrong)

        self.add(f"tokenizer ids of {len(TEXTS)} texts", "wrong texts", 0.0, ids)

    def text(self):
        reference, pixels = self.reference, self.pixels
        ids, answer = reference.question_ids(QUESTION), reference.tokenizer.encode(ANSWER)
        expected = reference.score_text(ids, pixels[:1], answer)[1].numpy()

        def score():
            found = self.janus.json("score", "--image", self.paths[0], "-p", QUESTION, "--text", ANSWER)
            if found["ids"] != answer:
                raise RuntimeError(f"ids {found['ids']} in place of {answer}")
            return max(largest(found["logprobs"], expected), abs(found["total"] - sum(found["logprobs"])))

        self.add("text log-probabilities", "largest", LOGPROB_LIMIT, score)
        chosen, margins = reference.greedy_text(ids, pixels[:1], GREEDY_STEPS)

        def describe():
            found = self.janus.json("describe", self.paths[0], "-p", QUESTION, "-n", GREEDY_STEPS, "--json")
            wrong, clear = clear_choices(found["ids"], chosen, margins, CHOICE_MARGIN)
            if found["ids"] == chosen and found["text"] != reference.tokenizer.decode(chosen).strip(SPACE):
                wrong += 1
            return float(wrong), f"{clear} of {len(margins)} choices are clear"

        self.add("greedy text ids", "wrong ids", 0.0, describe)

    def generation(self):
        reference = self.reference
        ids = reference.picture_ids(PROMPT)
        for guidance in (1, 5):
            expected = reference.score_codes(ids, self.codes, float(guidance)).numpy()

            def score(guidance=guidance, expected=expected):
                found = self.janus.json("score", "-p", PROMPT, "--codes", self.codes_path, "--cfg-scale", guidance)
                if found["codes"] != self.codes:
                    raise RuntimeError("the codes differ from those given")
                return largest(found["logprobs"], expected)

            self.add(f"code log-probabilities, guidance {guidance}", "largest", LOGPROB_LIMIT, score)
        chosen, margins = reference.greedy_codes(ids, 5.0)

        def generate():
            out = self.work / "greedy.json"
            options = ["-o", self.work / "greedy.png", "--temperature", 0, "--cfg-scale", 5, "--codes-out", out]
            self.janus("generate", PROMPT, *options)
            found = json.loads(out.read_text())["codes"]
            wrong, clear = clear_choices(found, chosen, margins, CHOICE_MARGIN)
            return float(wrong), f"{clear} of {len(margins)} choices are clear"

        self.add("greedy codes, guidance 5", "wrong codes", 0.0, generate)

    def image_tokenizer(self):
        reference = self.reference
        image = reference.decode(self.codes)[0].numpy()
        # A picture of a few codes may amplify roundings so much that transformers' own exceed the limit.
        own = relative_l2(image, reference.decode_in_double(self.codes).numpy())
        limit = max(self.tensor_limit, OWN_ROUNDINGS * own)

        def decode(name):
            self.janus("decode", self.codes_path, "-o", self.work / name)
            return self.work / name

        def decoded():
            return relative_l2(np.load(decode("image.npy")), image), f"transformers from float64: {own:.2g}"

        self.add("VQ decode", "relative L2", limit, decoded)

        def eight_bits():
            values = np.load(decode("image.npy")).astype(np.float32).transpose(1, 2, 0)
            expected = ((values + 1) / 2 * 255).clip(0, 255).astype(np.uint8)
            return largest(np.asarray(Image.open(decode("image.png"))), expected)

        self.add("8-bit image of its decoded values", "largest", 0.0, eight_bits)
        latent = reference.latent(reference.pixels(self.pictures[0], normalize=True))[0]
        codes, margins = reference.nearest_codes(latent)

        def latent_difference():
            return relative_l2(self.embed(0, "latent"), latent.flatten(1).T)  # [N, d]

        self.add("latent before quantisation", "relative L2", self.tensor_limit, latent_difference)

        def encode():
            out = self.work / "encoded.json"
            self.janus("encode", self.paths[0], "-o", out)
            found = json.loads(out.read_text())
            if (found["height"], found["width"]) != (reference.grid, reference.grid) or len(found["codes"]) != len(codes):
                raise RuntimeError(f"{found['height']} x {found['width']} codes, {len(found['codes'])} in number")
            clear = [i for i, margin in enumerate(margins) if margin > CODE_MARGIN]
            wrong = sum(found["codes"][i] != codes[i] for i in clear)
            return float(wrong), f"{len(clear)} of {len(codes)} choices are clear"

        self.add("codes of the nearest rows", "wrong codes", 0.0, encode)


def print_table(rows):
    width = max(len(row.stage) for row in rows)
    print(f"{'stage':{width}}  {'measure':12}  {'difference':>10}  {'limit':>7}")
    for row in rows:
        verdict = "ok" if row.holds else "DEPARTS"
        print(f"{row.stage:{width}}  {row.measure:12}  {row.difference:10.3g}  {row.limit:7.0e}  {verdict:7}  {row.note}".rstrip())
    sys.stdout.flush()


def random_sizes(chance):
    """A checkpoint of any shape that both programs should take."""
    original = chance.random() < 0.5
    head_width = chance.choice([8, 12, 16, 20, 24, 32, 48, 64])
    heads = chance.randint(1, 6)
    kv_heads = chance.choice([n for n in range(1, heads + 1) if heads % n == 0])
    levels = chance.choice([3, 4, 5])
    patch = 2 ** (levels - 1)
    multipliers = [chance.choice([1, 1, 2]) for _ in range(levels)]
    vit_heads = chance.randint(1, 4)
    return Sizes(
        layout="original" if original else "transformers",
        family=chance.choice(["janus-pro", "janus-1.3b"]),
        dtype=chance.choice(["f32", "f16", "bf16", "mixed"]),
        shards=chance.choice([1, 1, 2, 3]),
        hidden=heads * head_width,
        intermediate=chance.randint(30, 300),
        layers=chance.randint(1, 4),
        heads=heads,
        kv_heads=kv_heads,
        base_vocab=chance.randint(256, 400),
        vocab=chance.randint(440, 600),
        rope_theta=chance.choice([10000.0, 1000.0, 500000.0]),
        rope_nested=not original and chance.random() < 0.5,
        rms_eps=chance.choice([1e-6, 1e-5]),
        tie=not original and chance.random() < 0.3,
        partial=original and chance.random() < 0.5,
        vit_width=64 * chance.randint(1, 3) if original else vit_heads * chance.choice([12, 16, 20, 32, 64]),
        vit_depth=chance.randint(1, 4),
        vit_heads=vit_heads,
        vit_mlp_ratio=chance.choice([1.5, 2, 4]),
        pool=chance.random() < 0.7,
        patch=patch,
        image=patch * chance.randint(max(2, 16 // patch), 96 // patch if patch > 4 else 12),
        vq_base=chance.choice([32, 32, 64]),
        vq_multipliers=tuple(multipliers),
        vq_res_blocks=chance.randint(1, 2),
        vq_latent=chance.choice([8, 24, 32, 40]),
        codebook=chance.randint(40, 500),
        code_dim=chance.choice([3, 4, 8, 12]),
        container=chance.choice(["safetensors", "pickle"]),
    )


def compare(model, arguments, seed, tensor_limit):
    """One table. True where every stage holds."""
    with tempfile.TemporaryDirectory(prefix="janus-compare-") as work:
        work = pathlib.Path(work)
        rows = Comparison(model, arguments.janus, seed, arguments.threads, work, tensor_limit).run()
    print_table(rows)
    return all(row.holds for row in rows)


def compare_random(sizes, arguments, seed):
    print(f"seed {seed}: " + " ".join(f"{key}={value}" for key, value in dataclasses.asdict(sizes).items()))
    with tempfile.TemporaryDirectory(prefix="janus-model-") as model:
        make_checkpoint.build(model, sizes, seed)
        return compare(model, arguments, seed, SMALL_TENSOR_LIMIT)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--janus", required=True, help="the program")
    parser.add_argument("--model", help="an existing model folder instead of random weights")
    parser.add_argument("--released", choices=[*make_released.RELEASED, "all"], help="small copies of released checkpoints")
    parser.add_argument("--random", type=int, metavar="N", help="N checkpoints of random sizes, of seeds from --seed on")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=2)
    make_checkpoint.add_arguments(parser)
    arguments = parser.parse_args()
    use_threads(arguments.threads)
    if arguments.model:
        holds = compare(arguments.model, arguments, arguments.seed, TENSOR_LIMIT)
    elif arguments.released:
        names = make_released.RELEASED if arguments.released == "all" else [arguments.released]
        holds = all([compare_random(make_released.RELEASED[name], arguments, arguments.seed) for name in names])
    elif arguments.random:
        seeds = range(arguments.seed, arguments.seed + arguments.random)
        results = {seed: compare_random(random_sizes(random.Random(seed)), arguments, seed) for seed in seeds}
        departing = [seed for seed, holds in results.items() if not holds]
        print(f"{len(results) - len(departing)} of {len(results)} checkpoints hold" + (f"; departing: {departing}" if departing else ""))
        holds = not departing
    else:
        holds = compare_random(make_checkpoint.sizes_of(arguments), arguments, arguments.seed)
    return 0 if holds else 1


if __name__ == "__main__":
    sys.exit(main())
