"""Holds janus' readers of pictures against Pillow's, on random pictures that Pillow writes; by hand, since each is a
process.

    python picture_random.py PICTURE_PIXELS [--pictures 500] [--seed 1]

PICTURE_PIXELS is the program of tests/support/picture_pixels.cc.

Lossless formats must have the same pixels; where samples of JPEG's chroma are enlarged, and of WebP's, libraries round
differently, so that a few levels are allowed. Prints a line a format; exit code 1 where any picture differs.
"""
import argparse
import collections
import io
import pathlib
import random
import subprocess
import sys
import tempfile

import numpy as np
from PIL import Image, ImageOps

# Format, modes, what Pillow may be asked for, and how far pixels may be apart.
FORMATS = [
    ("PNG", ["RGB", "RGBA", "L", "LA", "P", "1"], {"optimize": [False, True], "compress_level": [0, 1, 9]}, 0),
    ("BMP", ["RGB", "RGBA", "L", "P", "1"], {}, 0),
    ("GIF", ["P", "L", "RGB"], {"interlace": [0, 1]}, 0),
    ("TIFF", ["RGB", "RGBA", "L", "P", "1", "CMYK"], {"compression": [None, "tiff_lzw", "packbits", "tiff_adobe_deflate"]}, 1),
    ("PPM", ["RGB", "L", "1"], {}, 0),
    ("JPEG", ["RGB", "L"], {"quality": [30, 75, 95], "subsampling": [0, 1, 2], "progressive": [False, True]}, 3),
    ("WEBP", ["RGB", "RGBA"], {"lossless": [True], "quality": [0, 100], "exact": [False, True]}, 0),
    ("WEBP", ["RGB"], {"lossless": [False], "quality": [10, 90]}, 3),
]


def picture(pick, mode):
    height, width = pick.randint(1, 40), pick.randint(1, 40)
    generator = np.random.default_rng(pick.randrange(1 << 32))
    if pick.random() < 0.5:
        values = generator.integers(0, 256, (height, width, 4), np.uint8)
    else:  # smooth, with areas of one colour
        rows, columns = np.mgrid[0:height, 0:width]
        values = np.stack([rows * 6, columns * 6, (rows + columns) * 3, np.full_like(rows, 255)], 2).astype(np.uint8)
    if mode == "P":
        return Image.fromarray(values[:, :, :3]).quantize(pick.choice([2, 7, 16, 256]))
    if mode in ("RGBA", "LA"):
        return Image.fromarray(values, "RGBA").convert(mode)
    return Image.fromarray(values[:, :, :3]).convert(mode)


def over_white(image):
    """As janus has pictures: upright, 8-bit RGB, alpha over white."""
    image = ImageOps.exif_transpose(image)
    if image.mode in ("RGBA", "LA") or "transparency" in image.info:
        rgba = np.asarray(image.convert("RGBA")).astype(int)
        alpha = rgba[:, :, 3:]
        return (rgba[:, :, :3] * alpha + 255 * (255 - alpha) + 127) // 255
    return np.asarray(image.convert("RGB")).astype(int)


def pixels_of(program, data):
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "picture"
        path.write_bytes(data)
        done = subprocess.run([program, path], capture_output=True)
    if done.returncode != 0:
        raise SystemExit(done.stderr.decode())
    with Image.open(io.BytesIO(done.stdout)) as image:
        return np.asarray(image).astype(int)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("--pictures", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    pick = random.Random(options.seed)
    counts, different = collections.Counter(), collections.Counter()
    for number in range(options.pictures):
        name, modes, choices, tolerance = pick.choice(FORMATS)
        mode = pick.choice(modes)
        settings = {key: pick.choice(values) for key, values in choices.items()}
        if pick.random() < 0.3 and name in ("PNG", "JPEG", "WEBP"):
            exif = Image.Exif()
            exif[0x0112] = pick.randint(1, 8)
            settings["exif"] = exif
        file = io.BytesIO()
        picture(pick, mode).save(file, name, **settings)
        label = f"{name} {'lossless' if tolerance == 0 else f'within {tolerance}'}"
        counts[label] += 1
        with Image.open(io.BytesIO(file.getvalue())) as opened:
            expected = over_white(opened)
        found = pixels_of(options.program, file.getvalue())
        if found.shape != expected.shape or np.abs(found - expected).max() > tolerance:
            different[label] += 1
            apart = np.abs(found - expected).max() if found.shape == expected.shape else f"{found.shape}, {expected.shape}"
            print(f"picture {number}: {name} {mode} {settings}: {apart} apart")
    for label, count in sorted(counts.items()):
        print(f"{label}: {count} pictures, {different[label]} differ")
    sys.exit(bool(different))


if __name__ == "__main__":
    main()
