"""Writes tests/data/vision/pictures/: a small picture in every kind of file, and expected.txt, what Pillow reads.

    python tests/reference/picture_golden.py     (Pillow 13, numpy)

Lines of expected.txt: file, width, height, the largest difference allowed with all libraries and with stb_image alone
(-1: this build refuses the file), the RGB bytes in hex. Where a difference is allowed or Pillow is not asked,
KINDS below says why.
"""
import pathlib
import struct
import zlib

import numpy as np
from PIL import Image, ImageOps

FOLDER = pathlib.Path(__file__).parent.parent / "data" / "vision" / "pictures"
WIDTH, HEIGHT = 13, 9
Y, X = np.mgrid[0:HEIGHT, 0:WIDTH]
RGB = np.stack([X * 19, Y * 28, (X + Y) * 11], -1).astype(np.uint8)
RGB[2:5, 3:6] = [250, 10, 20]
GREY = RGB[:, :, 2].copy()
ALPHA = np.clip(X * 22, 0, 255).astype(np.uint8)
RGBA = np.dstack([RGB, ALPHA])
RGB16 = np.maximum(RGB.astype(int) * 257 - (X * 19 + Y * 7)[:, :, None], 0).astype(np.uint16)
ALPHA16 = (ALPHA.astype(int) * 250 + 13).astype(np.uint16)
PICTURE = Image.fromarray(RGB)
PALETTE = PICTURE.quantize(16)
BITS = Image.fromarray(GREY).convert("1")


def save_png(name, samples, depth, color_type, transparent=None):
    """A PNG of kinds that Pillow does not write."""
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    rows = samples.astype(">u2") if depth == 16 else samples
    data = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", WIDTH, HEIGHT, depth, color_type, 0, 0, 0))
    if transparent:
        data += chunk(b"tRNS", struct.pack(f">{len(transparent)}H", *transparent))
    data += chunk(b"IDAT", zlib.compress(b"".join(b"\0" + row.tobytes() for row in rows))) + chunk(b"IEND", b"")
    (FOLDER / name).write_bytes(data)


def save_tiff(name, samples, photometric, extra=None):
    data = samples.tobytes()
    count = 1 if samples.ndim == 2 else samples.shape[2]
    tags = [(256, "I", [WIDTH]), (257, "I", [HEIGHT]), (258, "H", [samples.dtype.itemsize * 8] * count), (259, "H", [1]),
            (262, "H", [photometric]), (273, "I", [0]), (277, "H", [count]), (278, "I", [HEIGHT]), (279, "I", [len(data)])]
    tags += [(338, "H", [extra])] if extra is not None else []
    outside_at = 8 + 2 + 12 * len(tags) + 4
    packed = {tag: struct.pack(f"<{len(values)}{kind}", *values) for tag, kind, values in tags}
    packed[273] = struct.pack("<I", outside_at + sum(len(value) for value in packed.values() if len(value) > 4))
    entries, outside = b"", b""
    for tag, kind, values in tags:
        value = packed[tag]
        if len(value) > 4:
            value, outside = struct.pack("<I", outside_at + len(outside)), outside + value
        entries += struct.pack("<HHI", tag, 3 if kind == "H" else 4, len(values)) + value.ljust(4, b"\0")
    head = b"II*\0" + struct.pack("<IH", 8, len(tags)) + entries + struct.pack("<I", 0)
    (FOLDER / name).write_bytes(head + outside + data)


def save_bmp(name, header, rows, palette=b""):
    """`header` without its size; rows as they stand in the file."""
    start = 14 + 4 + len(header) + len(palette)
    head = b"BM" + struct.pack("<IHHI", start + len(rows), 0, 0, start) + struct.pack("<I", 4 + len(header))
    (FOLDER / name).write_bytes(head + header + palette + rows)


def bmp_rows(rows):
    return b"".join(row.tobytes() + b"\0" * (-len(row.tobytes()) % 4) for row in rows)


def bmp_info(bits, compression, size, colors=0, height=HEIGHT):
    return struct.pack("<iiHHIIiiII", WIDTH, height, 1, bits, compression, size, 0, 0, colors, 0)


def save_bmps():
    PICTURE.save(FOLDER / "rgb.bmp")
    PALETTE.save(FOLDER / "palette.bmp")
    BITS.save(FOLDER / "bits.bmp")
    Image.fromarray(RGBA).save(FOLDER / "rgba.bmp")
    red, green, blue = (RGB[::-1, :, c].astype(int) for c in range(3))
    rows = bmp_rows(((red >> 3 << 10) | (green >> 3 << 5) | blue >> 3).astype("<u2"))
    save_bmp("rgb555.bmp", bmp_info(16, 0, len(rows)), rows)
    rows = bmp_rows(((red >> 3 << 11) | (green >> 2 << 5) | blue >> 3).astype("<u2"))
    save_bmp("rgb565.bmp", bmp_info(16, 3, len(rows)), rows, struct.pack("<III", 0xF800, 0x7E0, 0x1F))
    rows = np.dstack([RGB[:, :, ::-1], ALPHA]).tobytes()
    save_bmp("rgbx_top_down.bmp", bmp_info(32, 0, len(rows), height=-HEIGHT), rows)
    save_bmp("oldest_header.bmp", struct.pack("<HHHH", WIDTH, HEIGHT, 1, 24), bmp_rows(RGB[::-1, :, ::-1]))
    runs = b"".join(b"".join(bytes([1, index]) for index in row) + b"\0\0" for row in np.asarray(PALETTE)[::-1]) + b"\0\1"
    colors = np.array(PALETTE.getpalette()).reshape(-1, 3)
    palette = np.hstack([colors[:, ::-1], np.zeros((len(colors), 1))]).astype(np.uint8).tobytes()
    save_bmp("runs.bmp", bmp_info(8, 1, len(runs), len(colors)), runs, palette)


def save_animations():
    turned = PALETTE.transpose(Image.FLIP_LEFT_RIGHT)
    PALETTE.save(FOLDER / "animation.gif", save_all=True, append_images=[turned])
    PALETTE.save(FOLDER / "transparent.gif", transparency=3)
    PICTURE.save(FOLDER / "animation.webp", save_all=True, append_images=[turned.convert("RGB")], lossless=True)
    # The first frame's visible part is smaller than the canvas, so that libwebp stores it so.
    part = np.zeros((HEIGHT, WIDTH, 4), np.uint8)
    part[2:7, 4:9] = RGBA[2:7, 4:9] | np.array([0, 0, 0, 1], np.uint8)
    frames = [Image.fromarray(part), Image.fromarray(RGBA)]
    frames[0].save(FOLDER / "animation_part.webp", save_all=True, append_images=frames[1:], lossless=True)


def save_pictures():
    grey, rgba = Image.fromarray(GREY), Image.fromarray(RGBA)
    for name, picture in [("rgb", PICTURE), ("grey", grey), ("rgba", rgba), ("palette", PALETTE), ("bits", BITS),
                          ("grey_alpha", Image.fromarray(np.dstack([GREY, ALPHA])))]:
        picture.save(FOLDER / f"{name}.png")
    PALETTE.save(FOLDER / "palette_alpha.png", transparency=bytes([0, 128, 255, 30]))
    save_png("rgb16.png", RGB16, 16, 2)
    save_png("rgba16.png", np.dstack([RGB16, ALPHA16]), 16, 6)
    save_png("grey16.png", RGB16[:, :, 2], 16, 0)
    save_png("grey_alpha16.png", np.dstack([RGB16[:, :, 2], ALPHA16]), 16, 4)
    save_png("grey_key.png", GREY, 8, 0, [int(GREY[3, 3])])
    save_png("rgb_key.png", RGB, 8, 2, [250, 10, 20])
    PICTURE.save(FOLDER / "rgb.jpg", quality=95)
    PICTURE.save(FOLDER / "rgb444.jpg", quality=95, subsampling=0)
    PICTURE.save(FOLDER / "progressive.jpg", quality=80, progressive=True)
    grey.save(FOLDER / "grey.jpg")
    PICTURE.convert("CMYK").save(FOLDER / "cmyk.jpg", quality=95)
    adobe = (FOLDER / "cmyk.jpg").read_bytes()
    at = adobe.index(b"\xff\xee")
    length = int.from_bytes(adobe[at + 2 : at + 4], "big")
    (FOLDER / "cmyk_unmarked.jpg").write_bytes(adobe[:at] + adobe[at + 2 + length :])
    save_bmps()
    for name, picture in [("rgb", PICTURE), ("grey", grey), ("rgba", rgba)]:
        picture.save(FOLDER / f"{name}.jp2")
    PICTURE.save(FOLDER / "rgb.j2k", no_jp2=True)
    PICTURE.save(FOLDER / "lossy.jp2", quality_mode="dB", quality_layers=[40], irreversible=True)
    Image.fromarray(RGB16[:, :, 2]).save(FOLDER / "grey16.jp2")
    PICTURE.save(FOLDER / "rgb.ppm")
    grey.save(FOLDER / "grey.pgm")
    BITS.save(FOLDER / "bits.pbm")
    (FOLDER / "rgb16.ppm").write_bytes(b"P6 13 9 65535\n" + RGB16.astype(">u2").tobytes())
    words = "\n".join(" ".join(map(str, row)) for row in RGB.reshape(HEIGHT, -1))
    (FOLDER / "words.ppm").write_text(f"P3\n# in words\n{WIDTH} {HEIGHT} 255\n{words}\n")
    for name, picture in [("rgb", PICTURE), ("grey", grey), ("palette", PALETTE), ("bits", BITS),
                          ("cmyk", PICTURE.convert("CMYK"))]:
        picture.save(FOLDER / f"{name}.tif")
    for compression in ["tiff_lzw", "tiff_adobe_deflate", "jpeg"]:
        PICTURE.save(FOLDER / f"{compression}.tif", compression=compression)
    BITS.save(FOLDER / "group4.tif", compression="group4")
    save_tiff("rgb16.tif", RGB16, 2)
    save_tiff("grey16.tif", RGB16[:, :, 2], 1)
    save_tiff("grey_alpha.tif", np.dstack([GREY, ALPHA]), 1, 2)
    save_tiff("grey16_inverted.tif", 65535 - RGB16[:, :, 2], 0)
    save_tiff("rgba_straight.tif", RGBA, 2, 2)
    save_tiff("rgba_unspecified.tif", RGBA, 2, 0)
    save_tiff("rgba16_straight.tif", np.dstack([RGB16, ALPHA16]), 2, 2)
    multiplied = (RGB.astype(int) * ALPHA[:, :, None] // 255).astype(np.uint8)
    save_tiff("rgba_multiplied.tif", np.dstack([multiplied, ALPHA]), 2, 1)
    PICTURE.save(FOLDER / "lossless.webp", lossless=True)
    PICTURE.save(FOLDER / "lossy.webp", quality=90)
    rgba.save(FOLDER / "alpha.webp", lossless=True, exact=True)
    save_animations()
    for orientation in range(1, 9):
        exif = Image.Exif()
        exif[274] = orientation
        PICTURE.save(FOLDER / f"orientation{orientation}.jpg", exif=exif, quality=95)
        PICTURE.save(FOLDER / f"orientation{orientation}.png", exif=exif)
        PICTURE.save(FOLDER / f"orientation{orientation}.webp", exif=exif, lossless=True)
        PICTURE.save(FOLDER / f"orientation{orientation}.tif", tiffinfo={274: orientation})


def save_refused():
    Image.fromarray(RGB.astype(np.float32)[:, :, 0]).save(FOLDER / "float.tif")
    Image.fromarray(RGB.astype(np.int32)[:, :, 0]).save(FOLDER / "int32.tif")


def reference_pixels(path):
    if path.name == "grey16_inverted.tif":  # Pillow does not invert it
        return np.repeat((RGB16[:, :, 2] >> 8).astype(np.uint8)[:, :, None], 3, 2)
    if path.name == "cmyk_unmarked.jpg":  # Pillow does not invert it; browsers do
        path = path.with_name("cmyk.jpg")
    picture = Image.open(path)
    picture.load()
    picture = ImageOps.exif_transpose(picture)
    if picture.mode.startswith("I;16"):
        return np.repeat((np.asarray(picture) >> 8).astype(np.uint8)[:, :, None], 3, 2)
    if picture.mode in ("RGBA", "LA", "PA") or "transparency" in picture.info:
        picture = picture.convert("RGBA")
        white = Image.new("RGB", picture.size, (255, 255, 255))
        white.paste(picture.convert("RGB"), mask=picture.getchannel("A"))
        picture = white
    return np.asarray(picture.convert("RGB"))


# Largest differences with all libraries and with stb_image alone, by file or by ending; everything else is exact.
KINDS = {
    "cmyk.jpg": (0, 2),             # stb_image has its own multiplication, too
    "cmyk_unmarked.jpg": (0, 2),
    "rgb16.ppm": (1, 1),            # Pillow scales 16 bits, we keep the high byte
    "rgba_multiplied.tif": (1, -1),  # Pillow divides, rounds, and multiplies again
    ".jpg": (0, 3),                 # libjpeg-turbo in both; stb_image has its own inverse DCT
    ".tif": (0, -1),
    ".webp": (0, -1),
    ".jp2": (0, -1),
    ".j2k": (0, -1),
}
REFUSED = ["float.tif", "int32.tif"]


def main():
    FOLDER.mkdir(parents=True, exist_ok=True)
    for old in FOLDER.iterdir():
        old.unlink()
    save_pictures()
    lines = []
    for path in sorted(FOLDER.iterdir()):
        pixels = reference_pixels(path)
        with_opencv, light = KINDS.get(path.name, KINDS.get(path.suffix, (0, 0)))
        lines.append(f"{path.name} {pixels.shape[1]} {pixels.shape[0]} {with_opencv} {light} {pixels.tobytes().hex()}")
    save_refused()
    lines += [f"{name} 0 0 -1 -1 -" for name in REFUSED]
    (FOLDER / "expected.txt").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
