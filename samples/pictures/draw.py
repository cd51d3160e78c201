"""Draws the sample pictures beside this file, which are ours (MIT): scenes of the world that janus-tiny knows.

    python samples/pictures/draw.py     (Pillow)

    two_shapes.png       a red circle left of a blue square on a white background
    star.png             a large yellow star on a black background
    ring_below.jpg       a green triangle above a purple ring on a gray background
    cross.png           a small orange cross on a white background
"""
import math
import pathlib

from PIL import Image, ImageDraw

FOLDER = pathlib.Path(__file__).parent
OVERSAMPLING = 8


def polygon(x, y, radii, first_angle):
    step = 2 * math.pi / len(radii)
    return [(x + r * math.sin(first_angle + i * step), y - r * math.cos(first_angle + i * step))
            for i, r in enumerate(radii)]


def draw_shape(draw, shape, x, y, r, color, background):
    if shape in ("circle", "ring"):
        draw.ellipse([x - r, y - r, x + r, y + r], fill=color)
    if shape == "ring":
        hole = 0.55 * r
        draw.ellipse([x - hole, y - hole, x + hole, y + hole], fill=background)
    if shape == "square":
        half = 0.85 * r
        draw.rectangle([x - half, y - half, x + half, y + half], fill=color)
    if shape == "triangle":
        draw.polygon(polygon(x, y, [r] * 3, 0), fill=color)
    if shape == "star":
        draw.polygon(polygon(x, y, [r, 0.42 * r] * 5, 0), fill=color)
    if shape == "cross":
        arm = r / 3
        draw.rectangle([x - r, y - arm, x + r, y + arm], fill=color)
        draw.rectangle([x - arm, y - r, x + arm, y + r], fill=color)


def draw_scene(name, size, background, shapes, **settings):
    """Places and radii are shares of the picture."""
    scale = size * OVERSAMPLING
    picture = Image.new("RGB", (scale, scale), background)
    for shape, x, y, r, color in shapes:
        draw_shape(ImageDraw.Draw(picture), shape, x * scale, y * scale, r * scale, color, background)
    picture.resize((size, size), Image.BOX).save(FOLDER / name, **settings)


def main():
    white, gray, black = (255, 255, 255), (128, 128, 128), (0, 0, 0)
    draw_scene("two_shapes.png", 384, white, [("circle", 0.27, 0.48, 0.17, (220, 40, 40)),
                                              ("square", 0.74, 0.53, 0.18, (40, 80, 220))])
    draw_scene("star.png", 80, black, [("star", 0.5, 0.52, 0.36, (240, 220, 50))])
    draw_scene("ring_below.jpg", 240, gray, [("triangle", 0.47, 0.27, 0.18, (40, 170, 60)),
                                             ("ring", 0.53, 0.75, 0.18, (140, 50, 180))], quality=92)
    draw_scene("cross.png", 160, white, [("cross", 0.62, 0.4, 0.13, (245, 140, 30))])


if __name__ == "__main__":
    main()
