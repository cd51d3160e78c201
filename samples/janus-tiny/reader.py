"""Reads a picture of janus-tiny's world back into its sentence with contours and colours, without any model.

The background is the median of the border. What differs from it by more than half of what its surroundings differ by is
object. Each connected object's colour is compared with the palette over all brightness factors, its outline with drawn
templates of equal area and centre over all rotations; the best overlap names the shape.
"""
import math
from dataclasses import dataclass

import cv2
import numpy as np

import world

SIDE = 320
MIN_CONTRAST = 45
MIN_AREA = 0.003
MIN_OVERLAP = 0.70
SIZE_LIMITS = (0.17, 0.31)
ROTATIONS = (-0.10, -0.05, 0.0, 0.05, 0.10)


@dataclass
class Seen:
    color: str
    shape: str
    x: float
    y: float
    radius: float
    overlap: float


def _unit_areas():
    """Area of each shape of radius 1; a ring's hole is 0.55 of it."""
    areas = {}
    for shape in world.SHAPES:
        points = world.outline(world.Placed("red", shape, 0, 0, 1, 0, 1, 0.55)).astype(np.float32)
        areas[shape] = cv2.contourArea(points) * (1 - 0.55 ** 2 if shape == "ring" else 1)
    return areas


AREAS = _unit_areas()


def nearest_color(rgb):
    """Palette name whose color times some brightness factor comes nearest to `rgb`, and the distance."""
    best = ("", 1e9)
    for name, center in world.COLORS.items():
        for factor in np.linspace(world.BRIGHTNESS[0] - 0.03, world.BRIGHTNESS[1] + 0.03, 12):
            distance = float(np.linalg.norm(np.minimum(np.array(center) * factor, 255) - rgb))
            if distance < best[1]:
                best = (name, distance)
    return best


def _match_shape(mask, area, x, y):
    """Best (shape, radius, overlap) for a mask whose area and centre are known; the overlap is intersection over union."""
    best = ("", 0.0, 0.0)
    for shape in world.SHAPES:
        radius = math.sqrt(area / AREAS[shape])
        for rotation in ROTATIONS if shape not in ("circle", "ring") else (0.0,):
            template = world.coverage(world.Placed("red", shape, x, y, radius, rotation, 1, 0.55), SIDE, 1) > 0.5
            overlap = np.count_nonzero(mask & template) / max(1, np.count_nonzero(mask | template))
            if overlap > best[2]:
                best = (shape, radius, overlap)
    return best


def _objects(picture, difference):
    mask = difference > 0.5 * np.maximum(cv2.dilate(difference, np.ones((41, 41), np.uint8)), 2 * MIN_CONTRAST)
    count, labels, stats, centers = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=4)
    for k in range(1, count):
        area = stats[k, cv2.CC_STAT_AREA] / SIDE ** 2
        if area < MIN_AREA:
            continue
        inside = labels == k
        depth = cv2.distanceTransform(inside.astype(np.uint8), cv2.DIST_L2, 5)
        core = depth >= 0.6 * depth.max()
        color, _ = nearest_color(np.median(picture[core], axis=0))
        x, y = (centers[k] + 0.5) / SIDE
        shape, radius, overlap = _match_shape(inside, area, x, y)
        yield Seen(color, shape, float(x), float(y), radius, overlap)


def look(picture):
    """uint8 [h, w, 3] -> (background name, list of Seen)."""
    picture = cv2.resize(picture, (SIDE, SIDE), interpolation=cv2.INTER_CUBIC).astype(np.float32)
    edge = 5
    border = np.concatenate([picture[:edge].reshape(-1, 3), picture[-edge:].reshape(-1, 3),
                             picture[:, :edge].reshape(-1, 3), picture[:, -edge:].reshape(-1, 3)])
    ground = np.median(border, axis=0)
    background = min(world.BACKGROUNDS, key=lambda name: np.abs(ground - world.BACKGROUNDS[name]).max())
    difference = np.linalg.norm(picture - ground, axis=-1)
    return background, list(_objects(picture, difference))


def read(picture):
    """uint8 [h, w, 3] -> the canonical Sentence the picture shows, or None and why."""
    background, seen = look(picture)
    if len(seen) not in (1, 2):
        return None, f"{len(seen)} objects"
    if min(s.overlap for s in seen) < MIN_OVERLAP:
        return None, "no known shape"
    if len(seen) == 1:
        size = "small" if seen[0].radius < SIZE_LIMITS[0] else "large" if seen[0].radius > SIZE_LIMITS[1] else ""
        return world.Sentence(((seen[0].color, seen[0].shape),), background, size=size), ""
    horizontal = abs(seen[0].x - seen[1].x) > abs(seen[0].y - seen[1].y)
    first, second = sorted(seen, key=lambda s: s.x if horizontal else s.y)
    objects = ((first.color, first.shape), (second.color, second.shape))
    return world.Sentence(objects, background, relation="left of" if horizontal else "above"), ""


def compare(picture, sentence):
    """What of the sentence the picture fails to show: '' when all is confirmed."""
    wanted = sentence.canonical()
    found, why = read(picture)
    if found is None:
        return why
    if len(found.objects) != len(wanted.objects):
        return f"{len(found.objects)} objects"
    for part in ("background", "relation", "size"):
        if getattr(found, part) != getattr(wanted, part):
            return part
    if [o[0] for o in found.objects] != [o[0] for o in wanted.objects]:
        return "color"
    if [o[1] for o in found.objects] != [o[1] for o in wanted.objects]:
        return "shape"
    return ""
