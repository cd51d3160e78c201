"""The world of janus-tiny: its sentences, which of them are held out, and how a scene is drawn.

Lengths are shares of the picture's side, the origin is the top left corner and y points down. Pictures are uint8 RGB arrays.
"""
import math
import zlib
from dataclasses import dataclass

import cv2
import numpy as np

cv2.setNumThreads(1)

COLORS = {
    "red": (220, 40, 40), "green": (40, 170, 60), "blue": (40, 80, 220), "yellow": (240, 220, 50),
    "purple": (140, 50, 180), "orange": (245, 140, 30), "cyan": (50, 210, 220), "brown": (130, 80, 40),
}
BACKGROUNDS = {"white": 255, "gray": 128, "black": 0}
SHAPES = ("circle", "square", "triangle", "star", "cross", "ring")
SIZES = {"small": (0.10, 0.15), "": (0.19, 0.29), "large": (0.33, 0.40)}
PAIR_SIZE = (0.13, 0.20)
# relation -> (axis, sign of the second centre minus the first along that axis)
RELATIONS = {"left of": (0, 1), "above": (1, 1), "right of": (0, -1), "below": (1, -1)}
SWAPPED = {"right of": "left of", "below": "above"}
BRIGHTNESS = (0.85, 1.1)
ROTATION = 0.12
ALONG, ACROSS, GAP = (0.38, 0.55), 0.14, 0.03
STAR_INNER = 0.42


@dataclass(frozen=True)
class Sentence:
    """What a sentence says. `objects` holds one (color, shape), or two with a `relation` from the first to the second."""
    objects: tuple
    background: str
    size: str = ""
    relation: str = ""

    def text(self):
        named = [f"{color} {shape}" for color, shape in self.objects]
        size = self.size + " " if self.size else ""
        middle = f"{size}{named[0]}" if not self.relation else f"{named[0]} {self.relation} a {named[1]}"
        return f"a {middle} on a {self.background} background"

    def canonical(self):
        """The same scene told with `left of` or `above`, as `describe` answers."""
        if self.relation not in SWAPPED:
            return self
        return Sentence(self.objects[::-1], self.background, self.size, SWAPPED[self.relation])

    def held_out(self):
        """Every tenth combination: CRC-32 of the canonical sentence in ASCII, modulo 10, is 0."""
        return zlib.crc32(self.canonical().text().encode()) % 10 == 0


@dataclass
class Placed:
    """One object as drawn."""
    color: str
    shape: str
    x: float
    y: float
    radius: float
    rotation: float
    brightness: float
    hole: float


def random_sentence(rng, held_out, pair_share=0.65, relations=tuple(RELATIONS)):
    """A sentence inside (True) or outside (False) the held-out tenth, or from all of them (None)."""
    while True:
        pair = rng.random() < pair_share
        objects = tuple((rng.choice(list(COLORS)), rng.choice(SHAPES)) for _ in range(2 if pair else 1))
        background = rng.choice(list(BACKGROUNDS))
        if pair:
            sentence = Sentence(objects, background, relation=rng.choice(relations))
        else:
            sentence = Sentence(objects, background, size=rng.choice(list(SIZES)))
        if held_out is None or sentence.held_out() == held_out:
            return sentence


def outline(obj):
    """Corners of the object's outer polygon -> [K, 2]; a circle is a 64-gon."""
    if obj.shape in ("circle", "ring"):
        angle = np.arange(64) * (2 * math.pi / 64)
        points = np.stack([np.cos(angle), np.sin(angle)], 1)
    elif obj.shape == "square":
        points = 0.85 * np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)], float)
    elif obj.shape == "triangle":
        angle = -math.pi / 2 + np.arange(3) * (2 * math.pi / 3)
        points = np.stack([np.cos(angle), np.sin(angle)], 1)
    elif obj.shape == "star":
        angle = -math.pi / 2 + np.arange(10) * (math.pi / 5)
        points = np.stack([np.cos(angle), np.sin(angle)], 1) * np.where(np.arange(10) % 2, STAR_INNER, 1.0)[:, None]
    else:
        a = 1 / 3
        points = np.array([(-a, -1), (a, -1), (a, -a), (1, -a), (1, a), (a, a),
                           (a, 1), (-a, 1), (-a, a), (-1, a), (-1, -a), (-a, -a)], float)
    cos, sin = math.cos(obj.rotation), math.sin(obj.rotation)
    turned = points @ np.array([[cos, sin], [-sin, cos]])
    return turned * obj.radius + (obj.x, obj.y)


def _boundary(points, per_edge):
    steps = np.arange(per_edge)[:, None, None] / per_edge
    return (points * (1 - steps) + np.roll(points, -1, 0) * steps).reshape(-1, 2)


def edge_distance(first, second):
    """Smallest distance between two outlines, to about 0.005."""
    a, b = (_boundary(p, max(1, 96 // len(p))) for p in (first, second))
    return float(np.sqrt(((a[:, None] - b[None]) ** 2).sum(-1).min()))


def _random_object(rng, color, shape, radii):
    return Placed(color, shape, 0.5, 0.5, rng.uniform(*radii), rng.uniform(-ROTATION, ROTATION),
                  rng.uniform(*BRIGHTNESS), rng.uniform(0.5, 0.6))


def _fits(points):
    return points.min() >= 0 and points.max() <= 1


def place(sentence, rng):
    """Draws sizes, places, rotations and brightness for a sentence -> list of Placed."""
    while True:
        if not sentence.relation:
            obj = _random_object(rng, *sentence.objects[0], SIZES[sentence.size])
            span = outline(obj) - 0.5
            low, high = -span.min(0), 1 - span.max(0)
            obj.x, obj.y = (rng.uniform(low[k], high[k]) for k in range(2))
            return [obj]
        objects = [_random_object(rng, color, shape, PAIR_SIZE) for color, shape in sentence.objects]
        axis, sign = RELATIONS[sentence.relation]
        along, across = rng.uniform(*ALONG) * sign, rng.uniform(-ACROSS, ACROSS)
        delta = np.array((along, across) if axis == 0 else (across, along))
        spans = np.concatenate([outline(objects[0]) - 0.5, outline(objects[1]) - 0.5 + delta])
        low, high = -spans.min(0), 1 - spans.max(0)
        if (low > high).any():
            continue
        start = np.array([rng.uniform(low[k], high[k]) for k in range(2)])
        (objects[0].x, objects[0].y), (objects[1].x, objects[1].y) = start, start + delta
        outlines = [outline(o) for o in objects]
        if edge_distance(*outlines) >= GAP:
            return objects


CALM_SIZES = {"small": 0.145, "": 0.195, "large": 0.36}
# Sizes that one object has too: of one object there are so few sentences that a model learns them by heart and fails on those
# held out, but of two there are thousands, and what it learns from them it then knows of one.
CALM_PAIR_SIZES = (CALM_SIZES["small"], CALM_SIZES[""], CALM_SIZES[""])
CALM_STEP = 1 / 8  # a patch, so that an object has the same patches wherever it stands


def place_calm(sentence, rng):
    """As `place`, within its bounds, but upright, at full brightness, in one size a name, with centres on a grid.

    It is what `generate` learns to draw: far fewer different patches, each of them met often. One object alone stands
    near the middle: were it to stand anywhere, each patch in raster order would have to begin it with a small chance,
    which guidance and temperature shrink further, and the object would come too late or never.
    """
    def upright(color, shape, radius):
        return Placed(color, shape, 0.5, 0.5, radius, 0.0, 1.0, 0.55)

    near_middle = [0.5 + k * CALM_STEP for k in (-1, 0, 1)]
    while True:
        if not sentence.relation:
            obj = upright(*sentence.objects[0], CALM_SIZES[sentence.size])
            obj.x, obj.y = rng.choice(near_middle), rng.choice(near_middle)
            if _fits(outline(obj)):
                return [obj]
            continue
        size = rng.choice(CALM_PAIR_SIZES)
        objects = [upright(color, shape, size) for color, shape in sentence.objects]
        axis, sign = RELATIONS[sentence.relation]
        along, across = 4 * CALM_STEP * sign, rng.choice((-1, 0, 0, 1)) * CALM_STEP
        objects[0].x, objects[0].y = (rng.randrange(1, round(1 / CALM_STEP)) * CALM_STEP for _ in range(2))
        objects[1].x = objects[0].x + (along if axis == 0 else across)
        objects[1].y = objects[0].y + (across if axis == 0 else along)
        outlines = [outline(o) for o in objects]
        if all(map(_fits, outlines)) and edge_distance(*outlines) >= GAP:
            return objects


def coverage(obj, pixels, supersampling):
    """Share of each pixel that the object covers -> float32 [pixels, pixels]."""
    side = pixels * supersampling
    mask = np.zeros((side, side), np.uint8)

    def fill(points, value):
        # fillPoly puts pixel centres on whole numbers; 8 fractional bits
        cv2.fillPoly(mask, [np.round((points * side - 0.5) * 256).astype(np.int32)], value, cv2.LINE_8, 8)

    points = outline(obj)
    fill(points, 255)
    if obj.shape == "ring":
        fill((points - (obj.x, obj.y)) * obj.hole + (obj.x, obj.y), 0)
    if supersampling > 1:
        mask = cv2.resize(mask, (pixels, pixels), interpolation=cv2.INTER_AREA)
    return mask.astype(np.float32) * (1 / 255)


def draw(objects, background, pixels, supersampling=4):
    """Draws placed objects on a background -> uint8 [pixels, pixels, 3]."""
    picture = np.full((pixels, pixels, 3), BACKGROUNDS[background], np.float32)
    for obj in objects:
        color = np.minimum(np.array(COLORS[obj.color], np.float32) * obj.brightness, 255)
        share = coverage(obj, pixels, supersampling)[..., None]
        picture += share * (color - picture)
    return np.round(picture).astype(np.uint8)
