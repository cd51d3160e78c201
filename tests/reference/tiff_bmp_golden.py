"""Writes tests/data/vision/tiff_bmp/: TIFF and BMP of kinds that few programs write, and the pixels that they mean.

    python tests/reference/tiff_bmp_golden.py     (Pillow 13, numpy, imagecodecs)

Lines of expected.txt: file, PNG with its pixels, the largest difference allowed. The pixels are those that the files
were made of, not what another reader makes of them; only where a lossy codec is in between Pillow is asked.
"""
import pathlib
import struct
import zlib

import imagecodecs
import numpy as np
from PIL import Image

FOLDER = pathlib.Path(__file__).parent.parent / "data" / "vision" / "tiff_bmp"
WIDTH, HEIGHT = 37, 21
Y, X = np.mgrid[0:HEIGHT, 0:WIDTH]
RGB = np.stack([X * 6, Y * 12, (X * 5 + Y * 3)], -1).astype(np.uint8)
RGB[4:9, 6:13] = [250, 10, 20]
ALPHA = np.clip(X * 8 - 10, 0, 255).astype(np.uint8)
GREY = RGB[:, :, 2].copy()
LINES = []


def over_white(rgb, alpha):
    return ((rgb.astype(int) * alpha[:, :, None] + 255 * (255 - alpha[:, :, None].astype(int)) + 127) // 255).astype(np.uint8)


def grey_rgb(grey):
    return np.repeat(grey[:, :, None], 3, 2)


def expect(name, pixels, tolerance=0):
    """Pixels that several files share are stored once."""
    for truth in FOLDER.glob("pixels*.png"):
        if np.array_equal(np.asarray(Image.open(truth)), pixels):
            break
    else:
        truth = FOLDER / f"pixels{len(list(FOLDER.glob('pixels*.png')))}.png"
        Image.fromarray(pixels).save(truth, optimize=True)
    LINES.append(f"{name} {truth.name} {tolerance}")


# TIFF

COMPRESS = {
    1: lambda piece: piece,
    5: imagecodecs.lzw_encode,
    8: zlib.compress,
    32773: imagecodecs.packbits_encode,
    34925: lambda piece: imagecodecs.lzma_encode(piece),
    50000: imagecodecs.zstd_encode,
    50001: lambda piece: imagecodecs.webp_encode(np.frombuffer(piece, np.uint8).reshape(-1, WIDTH, 3), lossless=True),
}


def pack_rows(samples, bits, order):
    """[rows, numbers] -> bytes, each row filled up to whole bytes."""
    if bits in (8, 16, 32):
        return samples.astype(f"{order}u{bits // 8}").tobytes()
    if bits == 24:
        whole = samples.astype(f"{order}u4").view(np.uint8).reshape(*samples.shape, 4)
        return (whole[..., :3] if order == "<" else whole[..., 1:]).tobytes()
    places = np.arange(bits - 1, -1, -1)
    return np.packbits((samples[:, :, None] >> places & 1).reshape(len(samples), -1).astype(np.uint8), axis=1).tobytes()


def difference(samples, channels, bits):
    rows = samples.reshape(len(samples), -1, channels).astype(np.int64)
    rows[:, 1:] -= rows[:, :-1].copy()
    return (rows % (1 << bits)).reshape(len(samples), -1)


def pieces_of(planes, bits, order, strip, tile, predictor):
    """planes: [height, width, channels of the plane] each."""
    for plane in planes:
        channels = plane.shape[2]
        tile_height, tile_width = tile or (strip, plane.shape[1])
        for y in range(0, plane.shape[0], tile_height):
            for x in range(0, plane.shape[1], tile_width):
                part = plane[y : y + tile_height, x : x + tile_width].astype(np.int64)
                if tile:
                    missing = [(0, tile_height - part.shape[0]), (0, tile_width - part.shape[1]), (0, 0)]
                    part = np.pad(part, missing, constant_values=77 % (1 << bits))
                part = part.reshape(part.shape[0], -1)
                yield pack_rows(difference(part, channels, bits) if predictor else part, bits, order)


REVERSED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


def tiff_bytes(pieces, tags, order="<", big=False, counts_off=0):
    """A file of one image. tags: number -> (type, values); those of places and sizes are added."""
    mark, kind = ("II", "<") if order == "<" else ("MM", ">")
    offset_type, offset_code, entry_bytes = (16, "Q", 20) if big else (4, "I", 12)
    offsets_tag, counts_tag = (324, 325) if 322 in tags else (273, 279)
    tags = dict(tags)
    tags[offsets_tag] = (offset_type, [0] * len(pieces))
    tags[counts_tag] = (offset_type, [len(piece) + counts_off for piece in pieces])
    codes = {1: "B", 3: "H", 4: "I", 5: "II", 16: "Q"}
    head = mark.encode() + (struct.pack(kind + "HHHQ", 43, 8, 0, 16) if big else struct.pack(kind + "HI", 42, 8))
    inline = 8 if big else 4
    directory_bytes = (8 if big else 2) + entry_bytes * len(tags) + inline

    def packed(tag):
        number_type, values = tags[tag]
        code = codes[number_type]
        return struct.pack(kind + code * (len(values) // len(code)), *values)

    outside_at = len(head) + directory_bytes
    outside_size = sum(len(packed(tag)) for tag in tags if len(packed(tag)) > inline)
    at = outside_at + outside_size
    for i, piece in enumerate(pieces):
        tags[offsets_tag][1][i] = at
        at += len(piece)
    entries, outside = b"", b""
    for tag in sorted(tags):
        value = packed(tag)
        if len(value) > inline:
            value, outside = struct.pack(kind + offset_code, outside_at + len(outside)), outside + value
        count = len(tags[tag][1]) // len(codes[tags[tag][0]])
        entries += struct.pack(kind + "HH" + offset_code, tag, tags[tag][0], count) + value.ljust(inline, b"\0")
    count = struct.pack(kind + ("Q" if big else "H"), len(tags))
    return head + count + entries + struct.pack(kind + offset_code, 0) + outside + b"".join(pieces)


def save_tiff(name, samples, bits, photometric, pixels, *, separate=False, compression=1, predictor=False, strip=HEIGHT,
              tile=None, order="<", big=False, extra=None, palette=None, reversed_bits=False, counts_off=0, more=None,
              tolerance=0):
    samples = samples.reshape(HEIGHT, WIDTH, -1)
    channels = samples.shape[2]
    planes = [samples[:, :, c : c + 1] for c in range(channels)] if separate else [samples]
    pieces = [COMPRESS[compression](piece) for piece in pieces_of(planes, bits, order, strip, tile, predictor)]
    if reversed_bits:
        pieces = [piece.translate(REVERSED) for piece in pieces]
    tags = {256: (4, [WIDTH]), 257: (4, [HEIGHT]), 258: (3, [bits] * channels), 259: (3, [compression]), 262: (3, [photometric]),
            277: (3, [channels]), 284: (3, [2 if separate else 1])}
    if predictor:
        tags[317] = (3, [2])
    if reversed_bits:
        tags[266] = (3, [2])
    tags.update({322: (3, [tile[1]]), 323: (3, [tile[0]])} if tile else {278: (4, [strip])})
    if extra is not None:
        tags[338] = (3, extra)
    if palette is not None:
        tags[320] = (3, [int(value) for value in palette.T.reshape(-1)])
    tags.update(more or {})
    (FOLDER / name).write_bytes(tiff_bytes(pieces, {k: v for k, v in tags.items() if v}, order, big, counts_off))
    if pixels is not None:
        expect(name, pixels, tolerance)


def deep(samples, bits):
    """8-bit samples made longer, with noise below the high byte."""
    return samples.astype(np.int64) << (bits - 8) | (samples.astype(np.int64) * 37 + 11) % (1 << (bits - 8))


def shallow(samples, bits):
    """Samples of few bits, and the 8-bit ones that they mean."""
    few = samples >> (8 - bits)
    return few, (few.astype(int) * 255 // ((1 << bits) - 1)).astype(np.uint8)


def save_layouts():
    for bits, samples in [(8, RGB), (16, deep(RGB, 16))]:
        save_tiff(f"rgb{bits}_separate.tif", samples, bits, 2, RGB, separate=True)
        save_tiff(f"rgb{bits}_separate_strips_lzw.tif", samples, bits, 2, RGB, separate=True, strip=4, compression=5)
        save_tiff(f"rgb{bits}_separate_tiles.tif", samples, bits, 2, RGB, separate=True, tile=(16, 16), order=">")
        save_tiff(f"rgb{bits}_separate_tiles_zip.tif", samples, bits, 2, RGB, separate=True, tile=(16, 32), compression=8,
                  predictor=True)
        save_tiff(f"rgb{bits}_tiles.tif", samples, bits, 2, RGB, tile=(16, 16))
        save_tiff(f"rgb{bits}_tiles_lzw_big.tif", samples, bits, 2, RGB, tile=(32, 16), compression=5, predictor=True, big=True)
        save_tiff(f"rgb{bits}_strips.tif", samples, bits, 2, RGB, strip=5, order=">")
        rgba = np.dstack([samples, ALPHA if bits == 8 else deep(ALPHA, 16)])
        seen = over_white(RGB, ALPHA)
        save_tiff(f"rgba{bits}_separate.tif", rgba, bits, 2, seen, separate=True, extra=[2])
        save_tiff(f"rgba{bits}_separate_tiles_zip.tif", rgba, bits, 2, seen, separate=True, extra=[2], tile=(16, 16), compression=8)
        save_tiff(f"rgba{bits}_tiles.tif", rgba, bits, 2, seen, extra=[2], tile=(16, 16), order=">")
        save_tiff(f"rgba{bits}_undescribed.tif", rgba, bits, 2, seen)
        save_tiff(f"rgba{bits}_unspecified_separate.tif", rgba, bits, 2, RGB, extra=[0], separate=True, strip=3)
    save_tiff("rgb8_big_endian_big.tif", RGB, 8, 2, RGB, order=">", big=True, strip=7)
    save_tiff("rgb8_bits_reversed.tif", RGB, 8, 2, RGB, reversed_bits=True)
    save_tiff("rgb8_bits_reversed_lzw.tif", RGB, 8, 2, RGB, reversed_bits=True, compression=5)
    save_tiff("rgb8_packbits.tif", RGB, 8, 2, RGB, compression=32773, strip=2)
    save_tiff("rgb8_lzma.tif", RGB, 8, 2, RGB, compression=34925)
    save_tiff("rgb8_zstd.tif", RGB, 8, 2, RGB, compression=50000, strip=8)
    save_tiff("rgb8_webp.tif", RGB, 8, 2, RGB, compression=50001, strip=8)
    for off in (1, -1, 1000):
        save_tiff(f"rgb8_count_off_{off}.tif", RGB, 8, 2, RGB, counts_off=off, strip=6)
    save_tiff("rgb8_lzw_count_off_1.tif", RGB, 8, 2, RGB, counts_off=1, compression=5)
    save_tiff("rgb8_without_photometric.tif", RGB, 8, 2, RGB, more={262: None})


def save_depths():
    for bits in (1, 2, 4):
        few, pixels = shallow(GREY, bits)
        save_tiff(f"grey{bits}.tif", few, bits, 1, grey_rgb(pixels))
        save_tiff(f"grey{bits}_white_is_zero.tif", (1 << bits) - 1 - few, bits, 0, grey_rgb(pixels), strip=4, compression=5)
        save_tiff(f"grey{bits}_tiles.tif", few, bits, 1, grey_rgb(pixels), tile=(16, 16), compression=8)
        save_tiff(f"grey{bits}_bits_reversed.tif", few, bits, 1, grey_rgb(pixels), reversed_bits=True)
        few, pixels = shallow(RGB, bits)
        save_tiff(f"rgb{bits}.tif", few, bits, 2, pixels)
        save_tiff(f"rgb{bits}_separate.tif", few, bits, 2, pixels, separate=True, strip=6)
    for bits in (10, 12, 14, 16, 24, 32):
        for order in ("<", ">"):
            end = "big" if order == ">" else "little"
            save_tiff(f"grey{bits}_{end}.tif", deep(GREY, bits), bits, 1, grey_rgb(GREY), order=order)
        inverted = (1 << bits) - 1 - deep(GREY, bits)
        save_tiff(f"grey{bits}_white_is_zero.tif", inverted, bits, 0, grey_rgb(GREY), strip=9)
        save_tiff(f"rgb{bits}.tif", deep(RGB, bits), bits, 2, RGB, compression=8)
    save_tiff("grey12_tiles.tif", deep(GREY, 12), 12, 1, grey_rgb(GREY), tile=(16, 16))


def save_samples():
    """Grey with alpha, palettes, more samples than count, inks."""
    grey_alpha = np.dstack([GREY, ALPHA])
    seen = over_white(grey_rgb(GREY), ALPHA)
    save_tiff("grey_alpha8.tif", grey_alpha, 8, 1, seen, extra=[2])
    save_tiff("grey_alpha8_undescribed.tif", grey_alpha, 8, 1, seen)
    save_tiff("grey_alpha8_unspecified.tif", grey_alpha, 8, 1, grey_rgb(GREY), extra=[0])
    save_tiff("grey_alpha8_separate_lzw.tif", grey_alpha, 8, 1, seen, extra=[2], separate=True, compression=5)
    save_tiff("grey_alpha8_white_is_zero.tif", np.dstack([255 - GREY, ALPHA]), 8, 0, seen, extra=[2])
    save_tiff("grey_alpha16.tif", deep(grey_alpha, 16), 16, 1, seen, extra=[2], order=">")
    multiplied = (GREY.astype(int) * ALPHA // 255).astype(np.uint8)
    save_tiff("grey_alpha8_multiplied.tif", np.dstack([multiplied, ALPHA]), 8, 1, seen, extra=[1], tolerance=1)
    multiplied = (RGB.astype(int) * ALPHA[:, :, None] // 255).astype(np.uint8)
    save_tiff("rgba8_multiplied_separate.tif", np.dstack([multiplied, ALPHA]), 8, 2, over_white(RGB, ALPHA), extra=[1],
              separate=True, tolerance=1)

    noise = (X * 91 + Y * 57).astype(np.uint8)
    five = np.dstack([RGB, ALPHA, noise])
    save_tiff("five8_unspecified.tif", five, 8, 2, RGB, extra=[0, 0])
    save_tiff("five8_undescribed.tif", five, 8, 2, RGB)
    save_tiff("five8_alpha.tif", five, 8, 2, over_white(RGB, ALPHA), extra=[2, 0])
    save_tiff("five8_alpha_last.tif", np.dstack([RGB, noise, ALPHA]), 8, 2, over_white(RGB, ALPHA), extra=[0, 2])
    save_tiff("five16_alpha_separate.tif", deep(five, 16), 16, 2, over_white(RGB, ALPHA), extra=[2, 0], separate=True, strip=4)
    save_tiff("five16_tiles.tif", deep(five, 16), 16, 2, RGB, extra=[0, 0], tile=(16, 16), compression=5)

    for bits in (1, 2, 4, 8):
        size = 1 << bits
        palette = np.stack([np.arange(size) * 65535 // (size - 1), 65535 - np.arange(size) * 40000 // size,
                            (np.arange(size) * 7919 + 300) % 65536], -1)
        index = GREY >> (8 - bits)
        colors = (palette >> 8).astype(np.uint8)
        save_tiff(f"palette{bits}.tif", index, bits, 3, colors[index], palette=palette)
        save_tiff(f"palette{bits}_tiles_lzw.tif", index, bits, 3, colors[index], palette=palette, tile=(16, 16), compression=5)
    save_tiff("palette8_small_numbers.tif", GREY, 8, 3, colors[GREY], palette=palette >> 8)
    save_tiff("palette8_alpha.tif", np.dstack([GREY, ALPHA]), 8, 3, over_white(colors[GREY], ALPHA), palette=palette, extra=[2])

    black = (Y * 9).astype(np.uint8)
    inks = np.dstack([255 - RGB, black])
    seen = (((255 - inks[:, :, :3].astype(int)) * (255 - black[:, :, None].astype(int)) + 127) // 255).astype(np.uint8)
    save_tiff("cmyk8.tif", inks, 8, 5, seen)
    save_tiff("cmyk8_separate_tiles.tif", inks, 8, 5, seen, separate=True, tile=(16, 16))
    save_tiff("cmyk16.tif", deep(inks, 16), 16, 5, seen, order=">")
    save_tiff("cmyk16_separate_zip.tif", deep(inks, 16), 16, 5, seen, separate=True, compression=8)
    save_tiff("cmyk8_alpha.tif", np.dstack([inks, ALPHA]), 8, 5, over_white(seen, ALPHA), extra=[2])


def save_codecs():
    """What only codecs of images write, by Pillow; and YCbCr outside JPEG."""
    picture = Image.fromarray(RGB)
    for name, image, settings in [
        ("jpeg_rgb.tif", picture, {"compression": "jpeg", "quality": 95}),
        ("jpeg_grey.tif", Image.fromarray(GREY), {"compression": "jpeg", "quality": 95}),
        ("jpeg_cmyk.tif", picture.convert("CMYK"), {"compression": "jpeg", "quality": 95}),
        ("jpeg_strips.tif", picture, {"compression": "jpeg", "quality": 95, "tiffinfo": {278: 16}}),
    ]:
        image.save(FOLDER / name, **settings)
        expect(name, np.asarray(Image.open(FOLDER / name).convert("RGB")), 1 if image.mode == "CMYK" else 0)
    bits = Image.fromarray(((GREY > 60) * 255).astype(np.uint8)).convert("1")
    for compression in ("group3", "group4", "tiff_ccitt"):
        bits.save(FOLDER / f"{compression}.tif", compression=compression)
        expect(f"{compression}.tif", np.asarray(bits.convert("RGB")))

    ycbcr = np.asarray(picture.convert("YCbCr"))
    back = np.asarray(Image.fromarray(ycbcr, "YCbCr").convert("RGB"))
    full_range = {532: (5, [0, 1, 255, 1, 128, 1, 255, 1, 128, 1, 255, 1])}
    save_tiff("ycbcr_444.tif", ycbcr, 8, 6, back, more={530: (3, [1, 1]), **full_range}, tolerance=1)
    save_tiff("ycbcr_444_lzw.tif", ycbcr, 8, 6, back, more={530: (3, [1, 1])}, strip=4, compression=5, tolerance=1)
    save_tiff("ycbcr_444_separate.tif", ycbcr, 8, 6, back, more={530: (3, [1, 1])}, separate=True, tolerance=1)

    # Units of 2 x 2 brightnesses, then their two colours.
    padded = np.pad(ycbcr, [(0, HEIGHT % 2), (0, WIDTH % 2), (0, 0)], mode="edge")
    blocks = padded.reshape(padded.shape[0] // 2, 2, padded.shape[1] // 2, 2, 3).transpose(0, 2, 1, 3, 4)
    units = np.concatenate([blocks[..., 0].reshape(*blocks.shape[:2], 4), blocks[:, :, 0, 0, 1:]], -1)
    colors = np.repeat(np.repeat(blocks[:, :, 0, 0, 1:], 2, 0), 2, 1)[:HEIGHT, :WIDTH]
    back = np.asarray(Image.fromarray(np.dstack([ycbcr[:, :, 0], colors]), "YCbCr").convert("RGB"))
    for name, compression in [("ycbcr_420.tif", 1), ("ycbcr_420_zip.tif", 8)]:
        tags = {256: (4, [WIDTH]), 257: (4, [HEIGHT]), 258: (3, [8] * 3), 259: (3, [compression]), 262: (3, [6]),
                277: (3, [3]), 278: (4, [HEIGHT]), 530: (3, [2, 2])}
        (FOLDER / name).write_bytes(tiff_bytes([COMPRESS[compression](units.astype(np.uint8).tobytes())], tags))
        expect(name, back, 1)


def save_refused_tiffs():
    save_tiff("refused_int16.tif", deep(GREY, 16) >> 1, 16, 1, None, more={339: (3, [2])})
    save_tiff("refused_int8.tif", GREY >> 1, 8, 1, None, more={339: (3, [2])})
    save_tiff("refused_float16.tif", deep(GREY, 16), 16, 1, None, more={339: (3, [3])})
    save_tiff("refused_lab.tif", RGB, 8, 8, None)
    save_tiff("refused_mask.tif", GREY >> 7, 1, 4, None)
    save_tiff("refused_sensor.tif", GREY, 8, 32803, None)
    save_tiff("refused_inks.tif", np.dstack([RGB, GREY]), 8, 5, None, more={332: (3, [2])})
    save_tiff("refused_cmyk_multiplied.tif", np.dstack([RGB, GREY, ALPHA]), 8, 5, None, extra=[1])
    save_tiff("refused_four_without_photometric.tif", np.dstack([RGB, GREY]), 8, 2, None, more={262: None})
    save_tiff("refused_compression.tif", RGB, 8, 2, None, more={259: (3, [34712])})
    save_tiff("refused_palette_missing.tif", GREY, 8, 3, None)


# BMP

def save_bmp(name, header, rows, pixels, palette=b"", *, gap=b"", start=None, header_bytes=None, tolerance=0):
    """`header` without its size; rows as they stand in the file."""
    at = 14 + 4 + len(header) + len(palette) + len(gap)
    head = b"BM" + struct.pack("<IHHI", at + len(rows), 0, 0, at if start is None else start)
    head += struct.pack("<I", 4 + len(header) if header_bytes is None else header_bytes)
    (FOLDER / name).write_bytes(head + header + palette + gap + rows)
    if pixels is not None:
        expect(name, pixels, tolerance)


def oldest(bits, height=HEIGHT):
    return struct.pack("<HHHH", WIDTH, height, 1, bits)


def info(bits, compression=0, colors=0, height=HEIGHT, masks=(), size=40):
    """A header of `size` bytes, less the first four; masks stand behind 40 of them, behind the header where it ends there."""
    fields = struct.pack("<iiHHIIiiII", WIDTH, height, 1, bits, compression, 0, 2835, 2835, colors, 0)
    fields += b"".join(struct.pack("<I", mask) for mask in masks)
    return (fields if size == 40 else fields[: size - 4]).ljust(size - 4, b"\0")


def bmp_rows(rows):
    return b"".join(row.tobytes() + b"\0" * (-len(row.tobytes()) % 4) for row in rows)


def packed_rows(index, bits):
    places = np.arange(bits - 1, -1, -1)
    return bmp_rows(np.packbits((index[::-1, :, None] >> places & 1).reshape(HEIGHT, -1).astype(np.uint8), axis=1))


def palette_of(size, entry_bytes):
    colors = np.stack([np.arange(size) * 255 // max(size - 1, 1), 255 - np.arange(size) * 150 // size,
                       (np.arange(size) * 79 + 3) % 256], -1).astype(np.uint8)
    entries = colors[:, ::-1]
    if entry_bytes == 4:
        entries = np.hstack([entries, np.zeros((size, 1), np.uint8)])
    return colors, entries.tobytes()


def save_palette_bmps():
    for bits in (1, 2, 4, 8):
        index = GREY >> (8 - bits)
        rows = packed_rows(index, bits)
        colors, small = palette_of(1 << bits, 3)
        _, large = palette_of(1 << bits, 4)
        save_bmp(f"oldest_{bits}.bmp", oldest(bits), rows, colors[index], small)
        save_bmp(f"oldest_{bits}_gap.bmp", oldest(bits), rows, colors[index], small, gap=b"\xAA" * 11)
        for size in (16, 40, 52, 56, 64, 108, 124):
            save_bmp(f"palette{bits}_header{size}.bmp", info(bits, size=size), rows, colors[index], large)
        save_bmp(f"palette{bits}_gap.bmp", info(bits), rows, colors[index], large, gap=b"\xAA" * 30)
        save_bmp(f"palette{bits}_from_top.bmp", info(bits, height=-HEIGHT), packed_rows(index[::-1], bits), colors[index], large)
        save_bmp(f"palette{bits}_without_start.bmp", info(bits), rows, colors[index], large, start=0)
    few = GREY % 11
    colors, small = palette_of(11, 3)
    save_bmp("oldest_8_few.bmp", oldest(8), packed_rows(few, 8), colors[few], small)
    _, large = palette_of(11, 4)
    save_bmp("palette8_few.bmp", info(8, colors=11), packed_rows(few, 8), colors[few], large)
    colors, large = palette_of(300, 4)
    save_bmp("palette8_larger.bmp", info(8, colors=300), packed_rows(GREY, 8), colors[GREY], large)
    save_bmp("palette8_padding_missing.bmp", info(8, colors=300), packed_rows(GREY, 8)[:-3], colors[GREY], large)
    # A palette for screens of few colours.
    save_bmp("rgb24_palette.bmp", info(24, colors=300), bmp_rows(RGB[::-1, :, ::-1]), RGB, large)


def save_channel_bmps():
    rows = bmp_rows(RGB[::-1, :, ::-1])
    save_bmp("oldest_24.bmp", oldest(24), rows, RGB)
    save_bmp("oldest_24_gap.bmp", oldest(24), rows, RGB, gap=b"\xAA" * 7)
    for size in (16, 52, 56, 64, 108, 124):
        save_bmp(f"rgb24_header{size}.bmp", info(24, size=size), rows, RGB)
    save_bmp("rgb24_from_top.bmp", info(24, height=-HEIGHT), bmp_rows(RGB[:, :, ::-1]), RGB)
    save_bmp("rgb24_padding_missing.bmp", info(24), rows[:-1], RGB)

    def masked(name, bits, masks, pixels, size=40, compression=3, channels=None):
        values = np.zeros((HEIGHT, WIDTH), np.int64)
        for channel, mask in zip(channels if channels is not None else np.dsplit(RGB, 3), masks):
            if mask:
                low = (mask & -mask).bit_length() - 1
                width = bin(mask).count("1")
                wide = channel.reshape(HEIGHT, WIDTH).astype(np.int64)
                values |= (wide >> (8 - width) if width <= 8 else wide << (width - 8) | 1) << low
        data = values[::-1].astype("<u4").view(np.uint8).reshape(HEIGHT, WIDTH, 4)[:, :, : bits // 8]
        save_bmp(name, info(bits, compression, masks=masks if compression else (), size=size), bmp_rows(data), pixels,
                 header_bytes=size)

    def kept(widths):
        return np.dstack([(RGB[:, :, c] >> (8 - w)).astype(int) * 255 // ((1 << w) - 1) for c, w in enumerate(widths)]).astype(
            np.uint8)

    five = [0x7C00, 0x3E0, 0x1F]
    masked("rgb16_555.bmp", 16, five, kept([5, 5, 5]), compression=0)
    masked("rgb16_565.bmp", 16, [0xF800, 0x7E0, 0x1F], kept([5, 6, 5]))
    masked("rgb16_565_header52.bmp", 16, [0xF800, 0x7E0, 0x1F], kept([5, 6, 5]), size=52)
    masked("rgb16_231.bmp", 16, [0x30, 0xE, 0x1], kept([2, 3, 1]))
    masked("rgb24_masks.bmp", 24, [0xFF, 0xFF00, 0xFF0000], RGB)
    masked("rgb32.bmp", 32, [0xFF0000, 0xFF00, 0xFF], RGB, compression=0)
    for size in (40, 52, 56, 108, 124):
        masked(f"rgb32_masks_header{size}.bmp", 32, [0xFF000000, 0xFF0000, 0xFF00, 0], RGB, size=size)
    masked("rgb32_10_bits.bmp", 32, [0x3FF00000, 0xFFC00, 0x3FF], RGB)
    masked("rgb32_7_12_13_bits.bmp", 32, [0xFE000000, 0x1FFE000, 0x1FFF], np.dstack([kept([7, 8, 8])[:, :, 0], RGB[:, :, 1:]]))

    four = np.dsplit(np.dstack([RGB, ALPHA]), 4)
    seen = over_white(RGB, ALPHA)
    for size in (56, 108, 124):
        masked(f"rgba32_header{size}.bmp", 32, [0xFF0000, 0xFF00, 0xFF, 0xFF000000], seen, size=size, channels=four)
    masked("rgba32_alpha_masks.bmp", 32, [0xFF, 0xFF00, 0xFF0000, 0xFF000000], seen, compression=6, channels=four)
    clear = np.dsplit(np.dstack([RGB, ALPHA * 0]), 4)
    masked("rgba32_all_clear.bmp", 32, [0xFF0000, 0xFF00, 0xFF, 0xFF000000], RGB, size=124, channels=clear)
    masked("rgb32_without_masks_header124.bmp", 32, [0xFF0000, 0xFF00, 0xFF, 0xFF000000], RGB, size=124, compression=0,
           channels=four)
    hard = (ALPHA > 127) * 255
    bit = np.dsplit(np.dstack([RGB, hard]), 4)
    masked("rgba16_5551.bmp", 16, [*five, 0x8000], over_white(kept([5, 5, 5]), hard), size=56, channels=bit)


def save_run_bmps():
    colors, palette = palette_of(16, 4)
    index = (GREY >> 4).copy()
    index[:, 20:] = index[:, 20:21]  # long runs
    plain = b"".join(b"".join(bytes([1, value]) for value in row) + b"\0\0" for row in index[::-1])
    save_bmp("runs8_ones.bmp", info(8, 1, 16), plain[:-2] + b"\0\1", colors[index], palette)
    save_bmp("runs8_without_end.bmp", info(8, 1, 16), plain[:-2], colors[index], palette)

    def mixed(row):  # literal pixels in threes and more, then a run
        literal = bytes([0, 19]) + bytes(row[:19]) + b"\0"
        return literal + bytes([WIDTH - 19, row[20]]) + b"\0\0"

    same = index.copy()
    same[:, 19] = same[:, 20]
    save_bmp("runs8_literal.bmp", info(8, 1, 16, size=64), b"".join(mixed(row) for row in same[::-1]) + b"\0\1", colors[same],
             palette)
    save_bmp("runs8_from_top.bmp", info(8, 1, 16, height=-HEIGHT), b"".join(mixed(row) for row in same) + b"\0\1", colors[same],
             palette)

    def nibbles(row):
        pairs = [int(a) << 4 | int(b) for a, b in zip(row[:18:2], row[1:18:2])]
        return bytes([0, 18]) + bytes(pairs) + b"\0" + bytes([WIDTH - 18, int(row[18]) << 4 | int(row[19])]) + b"\0\0"

    turns = index.copy()
    turns[:, 18:] = np.where(np.arange(18, WIDTH) % 2 == 0, index[:, 18:19], index[:, 19:20])
    save_bmp("runs4.bmp", info(4, 2, 16), b"".join(nibbles(row) for row in turns[::-1]) + b"\0\1", colors[turns], palette)

    moved = np.full((HEIGHT, WIDTH, 3), 255, np.uint8)
    moved[HEIGHT - 1, :4] = colors[5]
    moved[HEIGHT - 4, 7:12] = colors[9]
    moved[HEIGHT - 5, 30:] = colors[3]  # a run that is longer than its row
    moved[HEIGHT - 7, :6] = colors[1]
    runs = bytes([4, 5, 0, 2, 3, 3, 5, 9, 0, 0, 0, 2, 30, 0, 99, 3, 0, 0, 0, 0, 6, 1, 0, 1])
    save_bmp("runs8_moves.bmp", info(8, 1, 16), runs, moved, palette)
    runs = bytes([4, 0x55, 0, 2, 3, 3, 5, 0x99, 0, 0, 0, 2, 30, 0, 99, 0x33, 0, 0, 0, 0, 6, 0x11, 0, 1])
    save_bmp("runs4_moves.bmp", info(4, 2, 16), runs, moved, palette)
    triples = b"".join(
        b"".join(bytes([1, *pixel[::-1]]) for pixel in row[:10]) + bytes([0, WIDTH - 10]) + row[10:, ::-1].tobytes() +
        b"\0" * (3 * (WIDTH - 10) % 2) + b"\0\0" for row in RGB[::-1])
    save_bmp("runs24.bmp", info(24, 4, size=64), triples + b"\0\1", RGB)


def save_refused_bmps():
    rows = bmp_rows(RGB[::-1, :, ::-1])
    colors, palette = palette_of(4, 4)
    save_bmp("refused_index.bmp", info(8, colors=4), packed_rows(GREY % 5, 8), None, palette)
    save_bmp("refused_start_in_header.bmp", info(24), rows, None, start=20)
    save_bmp("refused_header13.bmp", oldest(24) + b"\0", rows, None)
    save_bmp("refused_huffman.bmp", info(1, 3, size=64), rows, None, palette[:8])
    save_bmp("refused_jpeg.bmp", info(0, 4), rows, None)
    save_bmp("refused_png.bmp", info(0, 5), rows, None)
    save_bmp("refused_64_bits.bmp", info(64), rows * 3, None)
    wide = bmp_rows(np.dstack([RGB, ALPHA])[::-1])
    save_bmp("refused_no_masks.bmp", info(32, 3, masks=[0, 0, 0]), wide, None, header_bytes=40)
    save_bmp("refused_torn_mask.bmp", info(32, 3, masks=[0xFF0000, 0xF0F0, 0xFF]), wide, None, header_bytes=40)
    save_bmp("refused_shared_masks.bmp", info(32, 3, masks=[0xFF0000, 0xFFF00, 0xFF]), wide, None, header_bytes=40)
    save_bmp("refused_wide_mask.bmp", info(16, 3, masks=[0xFF0000, 0xFF00, 0xFF]), wide, None, header_bytes=40)


def main():
    FOLDER.mkdir(parents=True, exist_ok=True)
    for old in FOLDER.iterdir():
        old.unlink()
    save_layouts()
    save_depths()
    save_samples()
    save_codecs()
    save_palette_bmps()
    save_channel_bmps()
    save_run_bmps()
    save_refused_tiffs()
    save_refused_bmps()
    (FOLDER / "expected.txt").write_text("\n".join(sorted(LINES)) + "\n")


if __name__ == "__main__":
    main()
