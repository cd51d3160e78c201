"""The HEIC, AVIF and JPEG XL files of tests/data/vision/modern, for tests/vision/modern_formats_test.cc.

Needs Pillow, numpy, pillow-heif, imagecodecs, and cjxl of libjxl-tools. Every file shows one of the pictures
NAME.truth.png. Each line of expected.txt: file, truth, the largest difference allowed from it, which is what the
file's own coding costs (0 where that is lossless); `refused` in place of the truth and the words that the message
holds, with _ for blanks, for what is not read.
"""
import pathlib
import struct
import subprocess
import tempfile

import imagecodecs
import numpy as np
import pillow_heif
from PIL import Image, ImageOps

FOLDER = pathlib.Path(__file__).parent.parent / "data" / "vision" / "modern"
pillow_heif.register_heif_opener()


def picture(width, height):
    y, x = np.mgrid[0:height, 0:width]
    rgb = np.stack([40 + x * 120 // width, 60 + y * 150 // height, 90 + (x + y) * 80 // (width + height)], -1)
    rgb[4:12, 8:20] = [220, 30, 40]
    rgb[16:22, 24:44] = [30, 60, 200]
    return rgb.astype(np.uint8)


WIDTH, HEIGHT = 72, 64  # libheif's encoder fills smaller sizes up and crops them again
RGB = picture(WIDTH, HEIGHT)
GREY = RGB[:, :, 1].copy()
ALPHA = np.clip(np.mgrid[0:HEIGHT, 0:WIDTH][1] * 4, 0, 255).astype(np.uint8)
RGBA = np.dstack([RGB, ALPHA])
PHOTO = picture(100, 72)
EXPECTED = []


def over_white(colors, alpha):
    alpha = alpha.astype(int)[:, :, None]
    return ((colors * alpha + 255 * (255 - alpha) + 127) // 255).astype(np.uint8)


TRUTHS = {
    "rgb": RGB,
    "grey": np.repeat(GREY[:, :, None], 3, 2),
    "rgba": over_white(RGB, ALPHA),
    "grey_alpha": over_white(np.repeat(GREY[:, :, None], 3, 2), ALPHA),
    "photo": PHOTO,
    "crop": RGB[3:23, 5:37],
    "odd": RGB[:33, :45],
}


def expect(name, truth, tolerance):
    EXPECTED.append(f"{name} {truth} {tolerance}")


def write(name, data, truth, tolerance):
    (FOLDER / name).write_bytes(data)
    expect(name, truth, tolerance)


def stored_for(orientation, image):
    """What is stored where `orientation` then shows `image`."""
    back = {5: 5, 6: 8, 7: 7, 8: 6}.get(orientation, orientation)
    exif = Image.Exif()
    exif[274] = back
    stored = Image.fromarray(image)
    stored.info["exif"] = exif.tobytes()
    return ImageOps.exif_transpose(stored)


def exif_of(orientation):
    exif = Image.Exif()
    exif[274] = orientation
    return exif


# ---- HEIF files of one's own making


def box(kind, data):
    return struct.pack(">I", 8 + len(data)) + kind.encode() + data


def full_box(kind, version, flags, data):
    return box(kind, struct.pack(">I", version << 24 | flags) + data)


def children(data):
    at = 0
    while at + 8 <= len(data):
        size = struct.unpack(">I", data[at : at + 4])[0] or len(data) - at
        yield data[at + 4 : at + 8].decode("latin-1"), data[at + 8 : at + size]
        at += size


def coded(pixels):
    """(kind, its property boxes, its data) of pixels coded as HEVC without loss."""
    options = {"chroma": "444", "matrix_coefficients": 0} if pixels.ndim == 3 else {}
    with tempfile.NamedTemporaryFile(suffix=".heic") as file:
        Image.fromarray(pixels).save(file.name, quality=-1, **options)
        data = pathlib.Path(file.name).read_bytes()
    top = dict(children(data))
    meta = dict(children(top["meta"][4:]))
    properties = dict(children(dict(children(meta["iprp"]))["ipco"]))
    kept = [box(kind, properties[kind]) for kind in ("hvcC", "colr") if kind in properties]
    assert meta["iloc"][:4] == b"\1\0\0\0" or meta["iloc"][:1] == b"\0"
    return "hvc1", kept + [ispe(pixels.shape[1], pixels.shape[0])], top["mdat"]


def ispe(width, height):
    return full_box("ispe", 0, 0, struct.pack(">II", width, height))


def aux(urn):
    return full_box("auxC", 0, 0, urn.encode() + b"\0")


ALPHA_URN = "urn:mpeg:mpegB:cicp:systems:auxiliary:alpha"


def irot(quarters):
    return box("irot", bytes([quarters]))


def imir(axis):
    return box("imir", bytes([axis]))


def clap(width, height, left, top, full_width, full_height):
    """Offsets are those of the middle, in halves."""
    return box("clap", struct.pack(">IIIIiIiI", width, 1, height, 1, 2 * left + width - full_width, 2,
                                   2 * top + height - full_height, 2))


def grid(rows, columns, width, height):
    return struct.pack(">BBBBHH", 0, 0, rows - 1, columns - 1, width, height)


def heif(items, links, primary=1, brands=("heic", "mif1"), hidden=(), tail=b""):
    """items: id -> (kind, property boxes, data or None for an item without any)."""
    properties, associations, infos = [], [], []
    for number, (kind, own, _) in items.items():
        places = []
        for one in own:
            if one not in properties:
                properties.append(one)
            places.append(properties.index(one) + 1)
        associations.append(struct.pack(">HB", number, len(places)) + bytes(places))
        infos.append(full_box("infe", 2, int(number in hidden), struct.pack(">HH", number, 0) + kind.encode() + b"\0"))
    links = b"".join(box(kind, struct.pack(f">HH{len(to)}H", source, len(to), *to)) for kind, source, to in links)
    with_data = {number: item[2] for number, item in items.items() if item[2] is not None}
    ftyp = box("ftyp", brands[0].encode() + b"\0\0\0\0" + "".join(brands).encode())

    def meta(start):
        places, at = b"", start
        for number, data in with_data.items():
            places += struct.pack(">HHHII", number, 0, 1, at, len(data))
            at += len(data)
        return full_box("meta", 0, 0, b"".join([
            full_box("hdlr", 0, 0, b"\0\0\0\0pict" + b"\0" * 13),
            full_box("pitm", 0, 0, struct.pack(">H", primary)),
            full_box("iinf", 0, 0, struct.pack(">H", len(infos)) + b"".join(infos)),
            full_box("iref", 0, 0, links),
            box("iprp", box("ipco", b"".join(properties))
                + full_box("ipma", 0, 0, struct.pack(">I", len(associations)) + b"".join(associations))),
            full_box("iloc", 0, 0, b"\x44\0" + struct.pack(">H", len(with_data)) + places),
        ]))

    head = ftyp + meta(0)
    return ftyp + meta(len(head) + 8) + box("mdat", b"".join(with_data.values())) + tail


def tiles_of(pixels, side):
    height, width = pixels.shape[:2]
    rows, columns = -(-height // side), -(-width // side)
    padded = np.pad(pixels, [(0, rows * side - height), (0, columns * side - width), (0, 0)], mode="edge")
    parts = [padded[r * side : (r + 1) * side, c * side : (c + 1) * side] for r in range(rows) for c in range(columns)]
    return rows, columns, parts


def phone_photo():
    """As a phone of 2024 writes: tiles, turned, with a thumbnail, EXIF, a gain map for a tone-mapped twin."""
    stored = np.ascontiguousarray(np.rot90(PHOTO))  # shown after a quarter turn clockwise
    rows, columns, parts = tiles_of(stored, 64)
    items = {1: ("grid", [ispe(stored.shape[1], stored.shape[0]), irot(3)],
                 grid(rows, columns, stored.shape[1], stored.shape[0]))}
    for part in parts:
        items[len(items) + 1] = coded(part)
    tiles = list(items)[1:]
    small = np.full((64, 64, 3), 99, np.uint8)
    kind, own, data = coded(small[:, :, 0])
    exif = b"\0\0\0\6Exif\0\0" + exif_of(6).tobytes().removeprefix(b"Exif\0\0")
    items |= {20: coded(small), 21: (kind, own + [aux("urn:com:apple:photo:2020:aux:hdrgainmap")], data),
              22: ("tmap", [ispe(100, 72)], b"\0" * 8), 23: ("Exif", [], exif), 24: ("uri ", [], b"x"),
              25: ("infx", [], None)}
    links = [("dimg", 1, tiles), ("thmb", 20, [1]), ("auxl", 21, [1, 22]), ("dimg", 22, [1, 21]),
             ("cdsc", 23, [1, 22]), ("cdsc", 24, [1])]
    return heif(items, links, brands=("heic", "mif1", "MiHE", "tmap"), hidden=tiles)


def save_heic():
    color, alpha = coded(RGB), coded(ALPHA)
    alpha = (alpha[0], alpha[1] + [aux(ALPHA_URN)], alpha[2])
    write("rgb.heic", heif({1: color}, []), "rgb", 0)
    write("grey.heic", heif({1: coded(GREY)}, []), "grey", 0)
    write("trailer.heic", heif({1: color}, [], tail=b"SEFHk\0\0\0\1\0\0\0SEFT"), "rgb", 0)
    write("second_is_primary.heic", heif({1: coded(RGB[:64, :64].copy()), 2: color}, [], primary=2), "rgb", 0)
    write("hidden_primary.heic", heif({1: color}, [], hidden=[1]), "rgb", 0)
    write("alpha.heic", heif({1: color, 2: alpha}, [("auxl", 2, [1])]), "rgba", 0)
    write("alpha_of_two.heic", heif({1: color, 2: alpha, 3: ("tmap", [], b"x")}, [("auxl", 2, [1, 3])]), "rgba", 0)
    multiplied = ((RGB * ALPHA.astype(int)[:, :, None] + 127) // 255).astype(np.uint8)
    write("alpha_multiplied.heic", heif({1: coded(multiplied), 2: alpha}, [("auxl", 2, [1]), ("prem", 1, [2])]), "rgba", 1)
    small = coded(ALPHA[:64, :64].copy())
    write("alpha_of_other_size.heic", heif({1: color, 2: (small[0], small[1] + [aux(ALPHA_URN)], small[2])},
                                           [("auxl", 2, [1])]), "refused", "transparency_of_72_x_64")
    for name, turns, mirrors in [("turned_90", 1, None), ("turned_180", 2, None), ("turned_270", 3, None),
                                 ("mirrored_0", 0, 0), ("mirrored_1", 0, 1), ("turned_90_mirrored", 1, 1)]:
        stored = RGB if mirrors is None else np.flip(RGB, 0 if mirrors == 0 else 1)
        stored = np.ascontiguousarray(np.rot90(stored, -turns))
        kind, own, data = coded(stored)
        own = own + ([irot(turns)] if turns else []) + ([imir(mirrors)] if mirrors is not None else [])
        write(f"{name}.heic", heif({1: (kind, own, data)}, []), "rgb", 0)
    kind, own, data = color
    write("crop.heic", heif({1: (kind, own + [clap(32, 20, 5, 3, WIDTH, HEIGHT)], data)}, []), "crop", 0)
    write("phone.heic", phone_photo(), "photo", 0)
    Image.fromarray(RGB[:33, :45].copy()).save(FOLDER / "odd.heic", quality=-1, chroma="444", matrix_coefficients=0)
    expect("odd.heic", "odd", 0)
    Image.fromarray(RGB).save(FOLDER / "lossy420.heic", quality=95, exif=exif_of(1))
    expect("lossy420.heic", "rgb", 60)
    for bits, twelve in ((10, False), (12, True)):
        pillow_heif.options.SAVE_HDR_TO_12_BIT = twelve
        pillow_heif.encode("RGB;16", (WIDTH, HEIGHT), (RGB.astype(np.uint16) * 257).tobytes(), FOLDER / f"deep{bits}.heic",
                           quality=-1, chroma="444", matrix_coefficients=0)
        expect(f"deep{bits}.heic", "rgb", 1)
    rings = {1: ("iden", [ispe(8, 8)], b"x"), 2: ("iden", [ispe(8, 8)], b"x")}
    write("ring.heic", heif(rings, [("dimg", 1, [2]), ("dimg", 2, [1])]), "refused", "it_is_damaged")
    write("h264.heic", heif({1: ("avc1", [ispe(8, 8)], b"x")}, []), "refused", "found_H.264_ones;_convert_it")
    sequence = box("ftyp", b"msf1\0\0\0\0msf1hevc") + box("moov", b"\0" * 16)
    write("sequence.heic", sequence, "refused", "image_sequence")


def save_avif():
    image = Image.fromarray(RGB)
    for chroma, tolerance in (("4:4:4", 3), ("4:2:2", 60), ("4:2:0", 60)):
        for range_ in ("full", "limited"):
            name = f"{chroma.replace(':', '')}_{range_}.avif"
            image.save(FOLDER / name, quality=100, subsampling=chroma, range=range_, speed=6)
            expect(name, "rgb", tolerance)
    for range_ in ("full", "limited"):
        Image.fromarray(GREY).convert("RGB").save(FOLDER / f"grey_{range_}.avif", quality=100, subsampling="4:0:0", range=range_)
        expect(f"grey_{range_}.avif", "grey", 1)
    Image.fromarray(RGBA).save(FOLDER / "alpha.avif", quality=100, subsampling="4:4:4")
    expect("alpha.avif", "rgba", 3)
    Image.fromarray(RGBA).save(FOLDER / "alpha_multiplied.avif", quality=100, subsampling="4:4:4", alpha_premultiplied=True)
    expect("alpha_multiplied.avif", "rgba", 3)
    for orientation in range(1, 9):
        name = f"orientation{orientation}.avif"
        stored_for(orientation, RGB).save(FOLDER / name, quality=100, subsampling="4:4:4", exif=exif_of(orientation))
        expect(name, "rgb", 3)
    Image.fromarray(RGB).save(FOLDER / "animation.avif", save_all=True, quality=100, subsampling="4:4:4",
                              append_images=[Image.fromarray(255 - RGB)])
    expect("animation.avif", "rgb", 3)
    for bits in (10, 12):
        for name, samples, truth in [("", RGB, "rgb"), ("_alpha", RGBA, "rgba"), ("_grey", GREY, "grey")]:
            deep = (samples.astype(int) * ((1 << bits) - 1) + 127) // 255
            data = imagecodecs.avif_encode(deep.astype(np.uint16), level=100, bitspersample=bits)
            write(f"deep{bits}{name}.avif", data, truth, 3)


def with_multiplied_alpha(jxl):
    """An RGBA codestream of cjxl, 8 bits and sRGB, whose alpha says that the colours are multiplied by it."""
    # Bits from the lowest of each byte: signature, size of multiples of 8, then metadata with an alpha channel in its
    # default form (1), which is written out in place of it.
    bits = "".join(f"{byte:08b}"[::-1] for byte in jxl)
    default_alpha = 16 + 14 + 1 + 1 + 3 + 1 + 2
    header_end = default_alpha + 1 + 1 + 17 + 2 + 1
    assert bits[16] == "1" and bits[default_alpha] == "1"
    bits_of_header = bits[:default_alpha] + "0" + "00" + "000" + "00" + "00" + "1" + bits[default_alpha + 1 : header_end]
    bits_of_header += "0" * (-len(bits_of_header) % 8)
    header = bytes(int(bits_of_header[at : at + 8][::-1], 2) for at in range(0, len(bits_of_header), 8))
    return header + jxl[-(-header_end // 8) :]


def cjxl(name, source, truth, tolerance, *options):
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / ("source" + source.suffix) if isinstance(source, pathlib.Path) else source
        subprocess.run(["cjxl", str(path), str(FOLDER / name), *options], check=True, capture_output=True)
    expect(name, truth, tolerance)


def save_jxl():
    with tempfile.TemporaryDirectory() as folder:
        def source(name, samples):
            path = f"{folder}/{name}.png"
            Image.fromarray(samples).save(path)
            return path

        rgb, rgba = source("rgb", RGB), source("rgba", RGBA)
        cjxl("rgb.jxl", rgb, "rgb", 0, "-d", "0")
        cjxl("boxes.jxl", rgb, "rgb", 0, "-d", "0", "--container=1")
        cjxl("lossy.jxl", rgb, "rgb", 40, "-d", "0.3")
        cjxl("grey.jxl", source("grey", GREY), "grey", 0, "-d", "0")
        cjxl("grey_lossy.jxl", source("grey", GREY), "grey", 8, "-d", "0.3")
        cjxl("alpha.jxl", rgba, "rgba", 0, "-d", "0")
        cjxl("grey_alpha.jxl", source("grey_alpha", np.dstack([GREY, ALPHA])), "grey_alpha", 0, "-d", "0")
        multiplied = ((RGB * ALPHA.astype(int)[:, :, None] + 127) // 255).astype(np.uint8)
        cjxl("alpha_multiplied.jxl", source("multiplied", np.dstack([multiplied, ALPHA])), "rgba", 1, "-d", "0")
        path = FOLDER / "alpha_multiplied.jxl"
        path.write_bytes(with_multiplied_alpha(path.read_bytes()))
        deep = f"{folder}/deep.ppm"
        pathlib.Path(deep).write_bytes(b"P6 %d %d 65535\n" % (WIDTH, HEIGHT) + (RGB.astype(">u2") * 257).tobytes())
        cjxl("deep16.jxl", deep, "rgb", 0, "-d", "0")
        scaled = RGB / 255
        light = np.where(scaled <= 0.04045, scaled / 12.92, ((scaled + 0.055) / 1.055) ** 2.4).astype("<f4")
        floats = f"{folder}/float.pfm"
        pathlib.Path(floats).write_bytes(b"PF\n%d %d\n-1.0\n" % (WIDTH, HEIGHT) + light[::-1].tobytes())
        linear = "color_space=RGB_D65_SRG_Rel_Lin"
        cjxl("linear.jxl", floats, "rgb", 1, "-d", "0", "-x", linear)
        cjxl("linear_lossy.jxl", floats, "rgb", 40, "-d", "0.3", "-x", linear)
        animation = f"{folder}/animation.png"
        Image.fromarray(RGB).save(animation, save_all=True, append_images=[Image.fromarray(255 - RGB)], duration=100)
        cjxl("animation.jxl", animation, "rgb", 0, "-d", "0")
        for orientation in range(1, 9):
            path = f"{folder}/{orientation}.jpg"
            stored_for(orientation, RGB).save(path, quality=100, subsampling=0, exif=exif_of(orientation))
            cjxl(f"orientation{orientation}.jxl", path, "rgb", 4)


def main():
    FOLDER.mkdir(parents=True, exist_ok=True)
    for old in FOLDER.iterdir():
        old.unlink()
    for name, pixels in TRUTHS.items():
        Image.fromarray(pixels).save(FOLDER / f"{name}.truth.png")
    save_heic()
    save_avif()
    save_jxl()
    (FOLDER / "expected.txt").write_text("\n".join(EXPECTED) + "\n")


if __name__ == "__main__":
    main()
