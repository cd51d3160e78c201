"""Pictures drawn from a seed."""

import numpy as np
from PIL import Image


def random_picture(width, height, seed):
    """A picture with smooth parts, edges and noise, drawn from a seed."""
    generator = np.random.default_rng(seed)
    y, x = np.mgrid[0:height, 0:width] / max(width, height)
    values = np.empty((height, width, 3))
    for channel in range(3):
        a, b, phase = generator.uniform(1, 9, 3)
        values[..., channel] = 127 + 90 * np.sin(a * x + phase) * np.cos(b * y)
    left, top = generator.uniform(0, 0.6, 2)
    values[(x > left) & (x < left + 0.3) & (y > top) & (y < top + 0.3)] = generator.uniform(0, 255, 3)
    values += generator.normal(0, 12, values.shape)
    return Image.fromarray(values.clip(0, 255).astype(np.uint8))
