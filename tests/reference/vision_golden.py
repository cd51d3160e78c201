"""Writes tests/data/vision/resize.txt, resample.txt and preprocess.txt: what Pillow and numpy make of seeded pictures.

    python tests/reference/vision_golden.py                      (Pillow 13, numpy, transformers)

Lines of resize.txt: width height new_width new_height kind seed hash-or-bytes; of resample.txt the same behind the
number of a filter, hashes alone. Lines of preprocess.txt: a word for
the function, its arguments, the hash. The pictures are those of tests/vision/seeded_image.h; hashes are FNV-1a, 64 bits.
"""
import pathlib
import random

import numpy as np
from PIL import Image
from transformers.image_transforms import normalize, rescale

DATA = pathlib.Path(__file__).parent.parent / "data" / "vision"
A, C = np.uint64(6364136223846793005), np.uint64(1442695040888963407)


def generator_bytes(seed, count):
    with np.errstate(over="ignore"):
        powers = np.multiply.accumulate(np.full(count, A))
        sums = np.add.accumulate(np.concatenate([np.ones(1, np.uint64), powers[:-1]]))
        return ((powers * np.uint64(seed) + C * sums) >> np.uint64(56)).astype(np.uint8)


def make_picture(width, height, kind, seed):
    noise = generator_bytes(seed, width * height * 3).reshape(height, width, 3)
    if kind == 0:
        return noise
    if kind == 1:
        return np.where(noise < 128, 0, 255).astype(np.uint8)
    y, x, c = np.indices(noise.shape)
    return ((x * 3 + y * 2 + c * 40 + noise // 16) % 256).astype(np.uint8)


def fnv1a(data):
    value = 14695981039346656037
    for byte in data:
        value = (value ^ byte) * 1099511628211 % 2**64
    return f"{value:016x}"


def resize(picture, width, height):
    return np.asarray(Image.fromarray(picture).resize((width, height), Image.BICUBIC))


def resize_lines():
    draw = random.Random(1)
    sizes = [(1, 1, 1, 1), (1, 1, 5, 7), (5, 7, 1, 1), (1, 2000, 1, 384), (2000, 1, 384, 14), (1, 3000, 14, 384),
             (3000, 1, 7, 1), (2, 2, 300, 3), (640, 480, 384, 288), (480, 640, 288, 384), (100, 260, 147, 384),
             (260, 100, 384, 147), (500, 200, 384, 384), (383, 385, 384, 384), (384, 384, 384, 384)]
    small = [(3, 2, 5, 4), (7, 5, 3, 2), (4, 9, 4, 3), (9, 4, 3, 4), (3, 20, 5, 4), (1, 1, 3, 2)]
    while len(sizes) < 230:
        limit = draw.choice([8, 40, 40, 150])
        sizes.append(tuple(draw.randint(1, limit) for _ in range(4)))
    for number, (width, height, new_width, new_height) in enumerate(small + sizes):
        kind, seed = number % 3, draw.randrange(2**32)
        result = resize(make_picture(width, height, kind, seed), new_width, new_height).tobytes()
        shown = result.hex() if number < len(small) else fnv1a(result)
        yield f"{width} {height} {new_width} {new_height} {kind} {seed} {shown}"


def resample_lines():
    draw = random.Random(3)
    sizes = [(1, 1, 5, 7), (5, 7, 1, 1), (1, 900, 14, 384), (900, 1, 384, 14), (640, 480, 384, 288), (100, 260, 147, 384),
             (383, 385, 384, 384), (384, 384, 384, 384), (384, 100, 384, 14), (100, 384, 50, 384)]
    while len(sizes) < 40:
        limit = draw.choice([8, 40, 150])
        sizes.append(tuple(draw.randint(1, limit) for _ in range(4)))
    for number, (width, height, new_width, new_height) in enumerate(sizes):
        kind, seed = number % 3, draw.randrange(2**32)
        picture = Image.fromarray(make_picture(width, height, kind, seed))
        for filter in list(Image.Resampling)[:6]:  # without the magic kernels, which no image settings name
            result = picture.resize((new_width, new_height), filter).tobytes()
            yield f"{filter.value} {width} {height} {new_width} {new_height} {kind} {seed} {fnv1a(result)}"


def preprocess(picture, image_size, min_size, do_normalize, mean, std):
    """The original VLMImageProcessor: resize, expand2square, rescale, normalize."""
    height, width = picture.shape[:2]
    longest = max(width, height)
    new_height = max(int(height / longest * image_size), min_size)
    new_width = max(int(width / longest * image_size), min_size)
    resized = Image.fromarray(picture).resize((new_width, new_height), Image.BICUBIC)
    side = max(new_width, new_height)
    square = Image.new("RGB", (side, side), (127, 127, 127))
    square.paste(resized, ((side - new_width) // 2, (side - new_height) // 2))
    values = rescale(np.asarray(square).transpose(2, 0, 1), 0.00392156862745098, input_data_format="channels_first")
    if do_normalize:
        values = normalize(values, mean, std, input_data_format="channels_first")
    assert values.dtype == np.float32
    return np.ascontiguousarray(values)


def preprocess_lines():
    draw = random.Random(2)
    half, clip_mean, clip_std = [0.5] * 3, [0.48145466, 0.4578275, 0.40821073], [0.26862954, 0.26130258, 0.27577711]
    shapes = [(1, 1), (1, 5000), (5000, 1), (384, 384), (384, 200), (200, 384), (47, 31), (535, 700), (97, 96), (96, 95)]
    shapes += [(draw.randint(1, 500), draw.randint(1, 500)) for _ in range(8)]
    for width, height in shapes:
        for image_size, min_size in [(384, 14), (80, 8), (56, 14)]:
            seed, style = draw.randrange(2**32), draw.randrange(3)
            mean, std = (clip_mean, clip_std) if style == 2 else (half, half)
            values = preprocess(make_picture(width, height, 0, seed), image_size, min_size, style != 0, mean, std)
            yield f"preprocess {width} {height} {image_size} {min_size} {style} {seed} {fnv1a(values.tobytes())}"


def to_image_line(width, height, seed):
    """Floats k / 16384 - 2 from pairs of bytes, as the decoder's unbounded output."""
    pairs = generator_bytes(seed, width * height * 6).astype(np.uint32)
    values = ((pairs[0::2] * 256 + pairs[1::2]).astype(np.float32) / np.float32(16384) - np.float32(2))
    planes = values.reshape(3, height, width).transpose(1, 2, 0)
    image = np.zeros((height, width, 3), dtype=np.uint8)
    image[:, :, :] = np.clip((planes + 1) / 2 * 255, 0, 255)
    return f"to_image {width} {height} {seed} {fnv1a(image.tobytes())}"


def main():
    DATA.mkdir(parents=True, exist_ok=True)
    (DATA / "resize.txt").write_text("\n".join(resize_lines()) + "\n")
    (DATA / "resample.txt").write_text("\n".join(resample_lines()) + "\n")
    lines = list(preprocess_lines()) + [to_image_line(37, 21, 5), to_image_line(64, 64, 6)]
    (DATA / "preprocess.txt").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
