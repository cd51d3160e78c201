"""Writes tests/data/vision/image_settings.json: what transformers' image processor makes of its settings.

    python tests/reference/image_settings_golden.py              (transformers 5, Pillow 13)

Each case: what stands in the file, the picture (kind 0 of tests/vision/seeded_image.h), and the hash of the pixels.
transformers rounds the short side where the original processor and janus truncate: the sizes here leave nothing to round.
"""
import json

import numpy as np
from PIL import Image
from transformers.models.janus.image_processing_pil_janus import JanusImageProcessorPil

from vision_golden import DATA, fnv1a, make_picture

SIDE = 16
BASE = {"size": {"height": SIDE, "width": SIDE}, "min_size": 4, "image_mean": [0.5] * 3, "image_std": [0.5] * 3}
ANY = [(64, 24), (24, 64), (32, 32), (16, 8)]
SQUARE = [(16, 16), (40, 40)]


def cases():
    for resample in range(6):
        yield {**BASE, "resample": resample}, ANY
    yield {**BASE, "image_mean": [0.3, 0.4, 0.6], "image_std": [0.2, 0.3, 0.25]}, ANY
    yield {key: BASE[key] for key in ("size", "min_size")}, ANY
    yield {**BASE, "rescale_factor": 1 / 127.5}, ANY
    yield {**BASE, "do_rescale": False}, ANY
    yield {**BASE, "do_normalize": False}, ANY
    yield {**BASE, "do_rescale": False, "do_normalize": False}, ANY
    yield {**BASE, "do_resize": False}, [(16, 8), (8, 16), (16, 16)]
    yield {**BASE, "do_pad": False}, SQUARE
    yield {**BASE, "do_pad": False, "do_rescale": False, "image_mean": [127.5] * 3, "image_std": [127.5] * 3}, SQUARE
    yield {**BASE, "do_resize": False, "do_pad": False}, [(16, 16)]
    yield {**BASE, "min_size": 10}, [(64, 16), (16, 64), (500, 3)]
    yield {**BASE, "do_convert_rgb": True, "default_to_square": True}, ANY


def main():
    written = []
    for settings, sizes in cases():
        processor = JanusImageProcessorPil(**settings)
        for width, height in sizes:
            picture = make_picture(width, height, 0, len(written))
            pixels = processor(Image.fromarray(picture), return_tensors="np")["pixel_values"][0].astype(np.float32)
            assert pixels.shape == (3, SIDE, SIDE)
            written.append({"settings": settings, "width": width, "height": height, "seed": len(written),
                            "pixels": fnv1a(np.ascontiguousarray(pixels).tobytes())})
    text = ",\n".join(json.dumps(case) for case in written)
    (DATA / "image_settings.json").write_text(f"[\n{text}\n]\n")


if __name__ == "__main__":
    main()
