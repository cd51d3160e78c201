"""Generated images, and images as models have them: those of the program."""

from __future__ import annotations

import json

import janus_cpp as jc
import numpy as np
import pytest
from PIL import Image

PROMPT = "a red circle on a white background"


def test_images_are_the_programs(model, program, tmp_path):
    out = tmp_path / "image.png"
    told = program.records("generate", PROMPT, "-o", str(out), "--seed", "7", "--batch-count", "2", "--cfg-scale", "4")
    images = model.generate(PROMPT, n=2, seed=7, cfg_scale=4)
    for image, record in zip(images, told):
        assert image.info["codes"].reshape(-1).tolist() == record["codes"]
        assert image.info["seed"] == record["seed"]
        with Image.open(record["output"]) as written:
            assert written.tobytes() == image.tobytes()
            # In the image's own file stands the same of how it was made.
            assert written.text["parameters"] == image.info["parameters"]
            assert written.text["janus"] == image.info["janus"]
    ours = tmp_path / "ours.png"
    jc.save(images[0], ours)
    assert program.records("info", str(ours)) == [json.loads(images[0].info["janus"])]
    again = tmp_path / "again.png"
    program.run("generate", "--from", str(ours), "-o", str(again))
    with Image.open(again) as made_again:
        assert made_again.tobytes() == images[0].tobytes()


def test_shapes_of_results(model):
    assert isinstance(model.generate(PROMPT), Image.Image)
    one = model.generate([PROMPT, "a star"], seed=5)
    assert [image.info["seed"] for image in one] == [5, 6]
    rows = model.generate([PROMPT, "a star"], n=2, seed=5)
    assert [[image.info["seed"] for image in row] for row in rows] == [[5, 6], [7, 8]]
    assert rows[0][0].tobytes() == one[0].tobytes()
    assert model.generate([]) == []
    assert model.generate(PROMPT, seed=2**32 - 1, n=2)[1].info["seed"] == 0
    assert model.generate(PROMPT, seed=None).info["seed"] != model.generate(PROMPT, seed=None).info["seed"]


def test_settings_stand_in_info(model):
    info = model.generate(PROMPT, negative_prompt="a square", temperature=0.5, top_k=9, top_p=0.5).info
    settings = json.loads(info["janus"])
    assert {key: info[key] for key in settings} == settings
    assert (info["negative_prompt"], info["temperature"], info["top_k"], info["top_p"]) == ("a square", 0.5, 9, 0.5)
    assert info["parameters"].startswith(f"{PROMPT}\nNegative prompt: a square\nSeed: 42, CFG scale: 5")
    assert info["timings"]["decode_ms"] > 0


def test_previews_grow_to_the_image(model):
    stream = model.generate(PROMPT, seed=7, preview_every=3)
    previews = list(stream)
    assert [preview.info["done"] for preview in previews] == [3, 6]
    assert all(preview.size == (64, 64) and preview.info["total"] == 8 for preview in previews)
    assert stream.result().tobytes() == model.generate(PROMPT, seed=7).tobytes()
    assert previews[0].tobytes() != stream.result().tobytes()


def test_codes_and_back(model, program, tmp_path, star):
    codes = tmp_path / "codes.json"
    program.run("encode", star, "-o", str(codes))
    told = json.loads(codes.read_text())
    encoded = model.encode(star)
    assert encoded.dtype == np.int32 and encoded.shape == (told["height"], told["width"])
    assert encoded.reshape(-1).tolist() == told["codes"]
    program.run("decode", str(codes), "-o", str(tmp_path / "decoded.png"))
    with Image.open(tmp_path / "decoded.png") as decoded:
        assert decoded.tobytes() == model.decode(encoded).tobytes()
    score = program.records("score", "--codes", str(codes), "-p", PROMPT, "--cfg-scale", "3")[0]
    assert model.score_codes(PROMPT, encoded, cfg_scale=3).total == score["total"]
    for wrong, kind in [
        (encoded.astype(float), TypeError),
        (encoded.reshape(-1), TypeError),
        (encoded - 3000, jc.RequestError),
        (encoded + 3000, jc.RequestError),
        (encoded[:4], jc.RequestError),
    ]:
        with pytest.raises(kind):
            model.decode(wrong)
        with pytest.raises(kind):
            model.score_codes(PROMPT, wrong)


def test_embeddings_are_the_programs(model, program, tmp_path, pictures):
    for stage in ("pixels", "vision", "aligned", "latent"):
        out = tmp_path / f"{stage}.npy"
        program.run("embed", pictures[0], "-o", str(out), "--stage", stage)
        told = np.load(out)
        embedded = model.embed(pictures[0], stage)
        assert embedded.dtype == np.float32 and embedded.shape == told.shape
        assert np.array_equal(embedded, told)
        several = model.embed(pictures * 2, stage)
        assert several.shape == (8, *told.shape) and np.array_equal(several[4], told)
    assert not model.embed(pictures[0]).flags.owndata  # the model's own memory, not a copy
    assert len(model.embed([])) == 0
    with pytest.raises(jc.RequestError, match="stage: expected one of"):
        model.embed(pictures[0], "features")


def test_bad_arguments(model):
    for wrong, kind, words in [
        ({"n": 0}, jc.RequestError, "n: expected a whole number of 1 to 1000000, found 0"),
        ({"n": 10**12}, jc.RequestError, "n: expected a whole number of 1 to 1000000"),
        ({"n": 1.5}, TypeError, "n: expected a whole number"),
        ({"cfg_scale": -1}, jc.RequestError, "cfg_scale: expected a number of 0 or more, found -1"),
        ({"cfg_scale": 1e300}, jc.RequestError, "cfg_scale"),
        ({"steps": 5}, jc.RequestError, "steps: expected a model that draws by flow"),
        ({"seed": 1 << 32}, jc.RequestError, "seed: expected a whole number from 0 to 4294967295"),
        ({"preview_every": -1}, jc.RequestError, "preview_every"),
        ({"preview_every": 2, "n": 2}, jc.RequestError, "expected one answer or image to be streamed"),
        ({"negative_prompt": "x", "cfg_scale": 1}, jc.RequestError, "negative"),
    ]:
        with pytest.raises(kind, match=words):
            model.generate(PROMPT, **wrong)
    for prompt, kind in [("", jc.RequestError), (None, TypeError), (3, TypeError), ([3], TypeError)]:
        with pytest.raises(kind):
            model.generate(prompt)


def test_save_writes_what_the_name_says(model, program, tmp_path):
    image = model.generate(PROMPT)
    for name in ("image.png", "image.jpg", "image.webp"):
        jc.save(image, tmp_path / name, quality=90)
        with Image.open(tmp_path / name) as written:
            assert written.size == image.size
        assert program.records("info", str(tmp_path / name)) == [json.loads(image.info["janus"])]
    with pytest.raises(jc.ImageError, match="format: expected one of"):
        jc.save(image, tmp_path / "image.bmp")
    with pytest.raises(OSError):
        jc.save(image, tmp_path / "none" / "image.png")
    for wrong, path, words in [(None, "x.png", "image: expected a PIL image"), (image, None, "path: expected a path")]:
        with pytest.raises(TypeError, match=words):
            jc.save(wrong, path)


def test_full_disk_leaves_the_file_that_was_there(python, tmp_path):
    done = python(
        """
        import os, resource, signal, sys
        import janus_cpp as jc
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        with jc.load() as model:
            image = model.generate("a star")
        for name in ("image.png", "image.webp"):
            jc.save(image, name)
            whole = open(name, "rb").read()
            limit = resource.getrlimit(resource.RLIMIT_FSIZE)
            resource.setrlimit(resource.RLIMIT_FSIZE, (500, limit[1]))
            try:
                jc.save(image, name)
            except OSError as error:
                print(type(error).__name__)
            resource.setrlimit(resource.RLIMIT_FSIZE, limit)
            assert open(name, "rb").read() == whole
        assert sorted(os.listdir()) == ["image.png", "image.webp"]
        """,
        cwd=tmp_path,
    )
    assert (done.returncode, done.stdout) == (0, "OSError\nOSError\n"), done.stderr
