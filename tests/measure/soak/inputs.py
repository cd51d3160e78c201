"""What the jobs work on, made anew for each soak: prompts, pictures of all kinds, archives, and what a run without
faults makes of them."""
import io
import json
import random
import shutil
import struct
import sys
import tarfile
import zlib
from dataclasses import dataclass, field
from pathlib import Path

from soak import program

SHAPES = ["circle", "square", "star", "ring", "cross", "triangle"]
COLOURS = ["red", "green", "blue", "yellow", "purple", "orange", "cyan", "brown"]
TOO_LONG = "a red circle " * 800  # more tokens than janus-tiny takes


@dataclass
class Inputs:
    pictures: dict = field(default_factory=dict)  # name in in/ -> bytes, or the str that a link leads to
    archives: dict = field(default_factory=dict)  # name -> bytes
    prompts: list = field(default_factory=list)  # lines of a list
    # Without faults: key -> result, None for an error. Of captions (text, ids), of vectors their bytes.
    captions: dict = field(default_factory=dict)
    vectors: dict = field(default_factory=dict)
    images: dict = field(default_factory=dict)  # "output" of a prompt -> pixels, or None
    seconds: dict = field(default_factory=dict)  # kind -> of an item, with the model's load


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def stripes(rng):
    """A PNG of coloured stripes."""
    side = rng.choice([24, 64, 150])
    colours = [bytes(rng.randrange(256) for _ in range(3)) for _ in range(8)]
    lines = b"".join(b"\0" + b"".join(colours[(x + y) * 8 // (2 * side)] for x in range(side)) for y in range(side))
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)) +
            chunk(b"IDAT", zlib.compress(lines)) + chunk(b"IEND", b""))


def pixels(png):
    """The lines of a PNG, without the texts in it; None where it is not whole."""
    at, data = 8, b""
    try:
        while True:
            (length,), kind = struct.unpack(">I", png[at:at + 4]), png[at + 4:at + 8]
            body = png[at + 8:at + 8 + length]
            if struct.unpack(">I", png[at + 8 + length:at + 12 + length])[0] != zlib.crc32(kind + body):
                return None
            if kind == b"IDAT":
                data += body
            if kind == b"IEND":
                return zlib.decompress(data)
            at += 12 + length
    except (struct.error, zlib.error):
        return None


def tar(members):
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for name, data in members.items():
            member = tarfile.TarInfo(name)
            member.size, member.mtime = len(data), 1700000000
            archive.addfile(member, io.BytesIO(data))
    return file.getvalue()


def records(path):
    """Whole lines of a file of records."""
    try:
        data = path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return []
    return [json.loads(line) for line in data[:data.rfind(b"\n") + 1].splitlines()]


def caption_of(record):
    return None if "error" in record else (record["text"], record["ids"])


def array(path):
    """The rows of a two-dimensional .npy file, as bytes."""
    data = path.read_bytes()
    length = struct.unpack("<H", data[8:10])[0]
    head = data[10:10 + length].decode()
    rows, width = (int(part) for part in head[head.index("'shape': (") + 10:head.index(")")].split(",") if part.strip())
    body = data[10 + length:]
    if len(body) != rows * width * 4:
        raise ValueError(f"{path}: expected {rows * width * 4} bytes of numbers, found {len(body)}")
    return [body[row * width * 4:(row + 1) * width * 4] for row in range(rows)]


def vectors(out):
    """key -> the bytes of its vector, None for an error; and how many records beyond one a key there are."""
    index = records(out / "e.jsonl")
    found = {}
    rows = array(out / "e.npy") if (out / "e.npy").exists() else None
    for record in index:
        if "error" in record:
            found[record["key"]] = None
        elif rows is not None:
            found[record["key"]] = rows[record["row"]] if record["row"] < len(rows) else b""
        else:
            found[record["key"]] = struct.pack(f"<{len(record['embedding'])}f", *record["embedding"])
    return found, len(index) - len(found)


def write_pictures(made, names, folder):
    (folder / "in").mkdir(parents=True)
    for name in names:
        if isinstance(made.pictures[name], str):
            (folder / "in" / name).symlink_to(made.pictures[name])
        else:
            (folder / "in" / name).write_bytes(made.pictures[name])


def write_archives(made, folder):
    for name, data in made.archives.items():
        (folder / name).write_bytes(data)


def write_prompts(lines, folder):
    (folder / "prompts.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))


def expect(what, held):
    if not held:
        sys.exit(f"soak: expected {what} of a run without faults; the faults would prove nothing")


def make(janus, samples, folder, seed):
    """Makes all inputs, and runs each command on them once, without faults."""
    rng, made = random.Random(seed), Inputs()

    def once(kind, items, *words):
        ended = program.run([janus, *words, "-q"], folder)
        expect(f"exit 3 of {words[0]}, found {program.ending(ended.code)}: {ended.errors[-300:]}", ended.code == 3)
        made.seconds[kind] = ended.seconds / items

    for at in range(24):
        text = f"a {rng.choice(COLOURS)} {rng.choice(SHAPES)} on a {rng.choice(['white', 'black', 'gray'])} background"
        made.prompts.append({"prompt": text, "seed": rng.randrange(1 << 32), "output": f"p{at:02}.png"})
    made.prompts.append({"prompt": TOO_LONG, "seed": 1, "output": "broken.png"})
    write_prompts(made.prompts, folder)
    once("generate", len(made.prompts), "generate", "--prompts", "prompts.jsonl", "-o", "out/")
    for line in made.prompts:
        image = folder / "out" / line["output"]
        made.images[line["output"]] = pixels(image.read_bytes()) if image.exists() else None
    expect("24 images", sum(image is not None for image in made.images.values()) == 24)

    for path in sorted(Path(samples).iterdir()):
        if path.suffix in (".png", ".jpg"):
            made.pictures[path.name] = path.read_bytes()
    for line in made.prompts[:-1]:
        made.pictures["drawn-" + line["output"]] = (folder / "out" / line["output"]).read_bytes()
    for at in range(12):
        made.pictures[f"stripes-{at:02}.png"] = stripes(rng)
    good = dict(made.pictures)
    names = sorted(good)
    made.pictures |= {"broken-text.png": b"no picture\n", "broken-empty.jpg": b"", "broken-link.png": "nowhere",
                      "broken-cut.png": good[names[0]][:100]}
    made.archives = {"whole.tar": tar({name: good[name] for name in rng.sample(names, 8)}),
                     "cut.tar": tar({name: good[name] for name in names[:2]})[:1200]}
    shutil.rmtree(folder / "out")
    write_pictures(made, made.pictures, folder)
    write_archives(made, folder)
    (folder / "out").mkdir()
    of = ["in", *made.archives]
    once("caption", len(made.pictures) + 8, "caption", *of, "-o", "out/c.jsonl")
    once("embed", len(made.pictures) + 8, "embed", *of, "-o", "out/e.npy", "--pool", "mean")
    made.captions = {record["key"]: caption_of(record) for record in records(folder / "out/c.jsonl")}
    made.vectors = vectors(folder / "out")[0]
    for found in made.captions, made.vectors:
        expect("results of all good pictures", all(found.get(f"in/{name}") for name in good))
        expect("errors of all broken ones", all(f"in/{name}" in found and found[f"in/{name}"] is None
                                                for name in made.pictures if name not in good))
    return made
