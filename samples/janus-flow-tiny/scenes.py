"""Drawn scenes with their sentences, kept in a file: `scenes.py FILE --count 20000 [--seed 1] [--calm]`.

Sentences are canonical and never of the held-out tenth. Scenes are still, or with `--calm` as janus-tiny draws them
(`world.place_calm`).
"""
import argparse
import random

import numpy as np

import tiny  # noqa: F401  (finds the modules of janus-tiny)
import world

IMAGE_SIZE = 64
# One object alone comes in three sizes, so it takes as many examples as two.
PAIR_SHARE = 0.55


def place_still(sentence, rng):
    """As `world.place_calm`, within its bounds, but with three places for a sentence: what one object has left or right of the
    middle, two have across the direction in which they stand beside each other."""
    shift = 0.5 + rng.choice((-1, 0, 1)) * world.CALM_STEP
    if not sentence.relation:
        radius = world.CALM_SIZES[sentence.size]
        return [world.Placed(*sentence.objects[0], shift, 0.5, radius, 0.0, 1.0, 0.55)]
    axis, sign = world.RELATIONS[sentence.relation]
    ends = [0.5 - 2 * sign * world.CALM_STEP, 0.5 + 2 * sign * world.CALM_STEP]
    return [world.Placed(*named, *((end, shift) if axis == 0 else (shift, end)), world.CALM_SIZES[""], 0.0, 1.0, 0.55)
            for named, end in zip(sentence.objects, ends)]


def draw(sentence, rng, place=place_still):
    """The sentence's picture -> uint8 [64, 64, 3]."""
    return world.draw(place(sentence, rng), sentence.background, IMAGE_SIZE, 8)


def make(count, seed, place=place_still):
    """-> pictures uint8 [count, 64, 64, 3], sentences as `pack` writes them."""
    rng = random.Random(seed)
    pictures, told = np.empty((count, IMAGE_SIZE, IMAGE_SIZE, 3), np.uint8), []
    for k in range(count):
        sentence = world.random_sentence(rng, held_out=False, pair_share=PAIR_SHARE).canonical()
        pictures[k] = draw(sentence, rng, place)
        told.append(pack(sentence))
    return pictures, told


def pack(sentence):
    """A sentence as one line, for `unpack`."""
    return "|".join([sentence.background, sentence.size, sentence.relation, *(f"{c},{s}" for c, s in sentence.objects)])


def unpack(line):
    background, size, relation, *objects = line.split("|")
    return world.Sentence(tuple(tuple(o.split(",")) for o in objects), background, size, relation)


def load(path):
    """-> pictures, list of Sentence."""
    stored = np.load(path)
    return stored["pictures"], [unpack(line) for line in stored["sentences"].tolist()]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out")
    parser.add_argument("--count", type=int, default=20000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--calm", action="store_true")
    args = parser.parse_args()
    pictures, told = make(args.count, args.seed, world.place_calm if args.calm else place_still)
    np.savez(args.out, pictures=pictures, sentences=np.array(told))


if __name__ == "__main__":
    main()
