"""What comparisons of the janus program with a reference share: the program, measures, limits, answers and the table."""

import dataclasses
import json
import random
import subprocess
import sys

import numpy as np

from pictures import random_picture
from tiny_tokenizer import SPACE

TENSOR_LIMIT = 2e-4  # relative L2, for a model of any depth
# For small random ones: rounding gives up to 5e-6, GELU by tanh or an epsilon of 1e-5 some 1e-4.
SMALL_TENSOR_LIMIT = 2e-5
OWN_ROUNDINGS = 4  # times the distance of the reference in float32 from itself in float64, where that is more
LOGPROB_LIMIT = 1e-3
CHOICE_MARGIN = 1e-3  # of logits; nearer choices may go either way
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
    """The table of one checkpoint. A family has a reference (`image_size`, `begin`, `pixels`, `vision`, `aligned`), its
    text tokenizer (`encode`, `decode`), what it makes of a question about the first picture (`score`, `greedy`), and
    the stages of its own images (`images`).
    """

    def __init__(self, reference, tokenizer, program, seed, work, tensor_limit):
        self.reference, self.tokenizer, self.janus, self.work = reference, tokenizer, program, work
        self.tensor_limit, self.rows = tensor_limit, []
        side = reference.image_size
        chance = random.Random(seed)
        sizes = [(chance.randint(side // 2, 4 * side), chance.randint(side // 2, 4 * side)) for _ in range(2)]
        self.pictures = [random_picture(*size, seed + k) for k, size in enumerate(sizes)]
        self.paths = [work / f"picture{k}.png" for k in range(len(sizes))]
        for picture, path in zip(self.pictures, self.paths):
            picture.save(path)
        self.pixels = [reference.pixels(picture) for picture in self.pictures]

    def score(self, answer):
        """Log-probabilities of ids as the answer to QUESTION."""
        raise NotImplementedError

    def greedy(self, count):
        """The most likely answer: ids, and for every step how far the best logit is above the second."""
        raise NotImplementedError

    def images(self):
        """Adds the stages of images that the model makes."""
        raise NotImplementedError

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
        self.text_ids()
        for k, picture in enumerate(self.pictures):
            size = "{}x{}".format(*picture.size)
            self.add(f"resized pixels ({size})", "largest", 0.0, lambda k=k: largest(self.embed(k, "pixels"), self.pixels[k]))
        features = self.reference.vision(self.pixels[0])[0]
        aligned = self.reference.aligned(features)
        self.add("vision features", "relative L2", self.tensor_limit, lambda: relative_l2(self.embed(0, "vision"), features))
        self.add("aligned embeddings", "relative L2", self.tensor_limit, lambda: relative_l2(self.embed(0, "aligned"), aligned))
        self.answers()
        self.images()
        return self.rows

    def text_ids(self):
        def ids():
            wrong = 0
            for text in TEXTS:
                expected = [self.reference.begin] + self.tokenizer.encode(text)
                wrong += self.janus.json("tokenize", text) != expected
            return float(wrong)

        self.add(f"tokenizer ids of {len(TEXTS)} texts", "wrong texts", 0.0, ids)

    def answers(self):
        answer = self.tokenizer.encode(ANSWER)
        expected = self.score(answer)

        def score():
            found = self.janus.json("score", "--image", self.paths[0], "-p", QUESTION, "--text", ANSWER)
            if found["ids"] != answer:
                raise RuntimeError(f"ids {found['ids']} in place of {answer}")
            return max(largest(found["logprobs"], expected), abs(found["total"] - sum(found["logprobs"])))

        self.add("text log-probabilities", "largest", LOGPROB_LIMIT, score)
        chosen, margins = self.greedy(GREEDY_STEPS)

        def describe():
            found = self.janus.json("describe", self.paths[0], "-p", QUESTION, "-n", GREEDY_STEPS, "--json")
            wrong, clear = clear_choices(found["ids"], chosen, margins, CHOICE_MARGIN)
            if found["ids"] == chosen and found["text"] != self.tokenizer.decode(chosen).strip(SPACE):
                wrong += 1
            return float(wrong), f"{clear} of {len(margins)} choices are clear"

        self.add("greedy text ids", "wrong ids", 0.0, describe)


def print_table(rows):
    width = max(len(row.stage) for row in rows)
    print(f"{'stage':{width}}  {'measure':12}  {'difference':>10}  {'limit':>7}")
    for row in rows:
        verdict = "ok" if row.holds else "DEPARTS"
        print(f"{row.stage:{width}}  {row.measure:12}  {row.difference:10.3g}  {row.limit:7.0e}  {verdict:7}  {row.note}".rstrip())
    sys.stdout.flush()
