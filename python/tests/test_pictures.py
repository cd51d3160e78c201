"""Pictures of every kind that callers have: the same pixels as the program's, and refusals that say why."""

from __future__ import annotations

import io
import os
from pathlib import Path

import janus_cpp as jc
import numpy as np
import pytest
from conftest import ROOT
from janus_cpp.images import to_picture
from PIL import Image

DATA = ROOT / "tests" / "data" / "vision" / "pictures"


def files() -> dict[str, tuple[int, np.ndarray | None]]:
    """The pixels of each file, as the tests of the C++ readers have them, and how far their libraries are from these;
    None: refused."""
    found: dict[str, tuple[int, np.ndarray | None]] = {}
    for line in (DATA / "expected.txt").read_text().splitlines():
        name, width, height, tolerance, _, pixels = line.split()
        values = None
        if int(tolerance) >= 0:
            values = np.frombuffer(bytes.fromhex(pixels), np.uint8).reshape(int(height), int(width), 3)
        found[name] = (int(tolerance), values)
    return found


FILES = files()


@pytest.mark.parametrize("name", FILES)
def test_files_have_the_programs_pixels(name):
    path = DATA / name
    tolerance, expected = FILES[name]
    if expected is None:
        with pytest.raises(jc.ImageError, match=name):
            to_picture(path)
        return
    for given in (path, str(path), path.read_bytes(), bytearray(path.read_bytes())):
        difference = to_picture(given).array().astype(int) - expected
        assert np.abs(difference).max() <= tolerance


def test_forms_of_one_picture(model, star):
    with Image.open(star) as opened:
        image = opened.convert("RGB")
    array = np.asarray(image)

    class Interface:
        __array_interface__ = array.__array_interface__

    class Dlpack:
        def __dlpack__(self, **options):
            return array.copy().__dlpack__(**options)

        def __dlpack_device__(self):
            return (1, 0)

    expected = model.describe(star)
    forms = [
        image, array, np.asfortranarray(array), array[::1], array / 255.0, (array / 255).astype(np.float16),
        array.astype(np.int64), Interface(), Dlpack(), memoryview(Path(star).read_bytes()),
    ]
    for form in forms:
        assert np.array_equal(to_picture(form).array(), array)
        assert model.describe(form) == expected
    grey = array[:, :, 0]
    for form in (grey, grey[:, :, None], Image.fromarray(grey)):
        assert np.array_equal(to_picture(form).array(), np.repeat(grey[:, :, None], 3, 2))
    clear = np.zeros((4, 5, 4), np.uint8)
    assert (to_picture(clear).array() == 255).all()
    assert np.array_equal(to_picture(np.eye(3, dtype=bool)).array()[:, :, 0], np.eye(3, dtype=np.uint8) * 255)


def test_pixels_are_shared_read_only(star):
    array = to_picture(star).array()
    with pytest.raises(ValueError):
        array[0, 0, 0] = 1
    assert array.sum() > 0


def test_what_is_no_picture_is_named(model):
    class OnGpu:
        def __dlpack__(self):
            raise AssertionError("not asked")

        def __dlpack_device__(self):
            return (2, 0)

    for wrong, words in [
        (None, "found None"),
        (3, "found int"),
        (object(), "found object"),
        ({}, "found dict"),
        (OnGpu(), r"on a GPU; move it with .cpu\(\)"),
        (np.array([object()]), "found objects"),
        (np.array(["a.png"]), r"found texts \(<U5\); give a list of paths"),
        (np.zeros((4, 4, 3), complex), "found complex128"),
        (np.zeros((4, 4, 3), "S1"), r"found texts \(\|S1\)"),
    ]:
        with pytest.raises(TypeError, match=words):
            model.describe(wrong)


def test_arrays_that_mean_something_else(model):
    for wrong, words in [
        (np.zeros((3, 64, 64), np.uint8), r"channels first it seems; give array.transpose\(1, 2, 0\)"),
        (np.zeros((1, 64, 64)), "channels first"),
        (np.full((8, 8, 3), 2.0), "expected floats from 0 to 1, found 2.0 to 2.0"),
        (np.full((8, 8, 3), -0.1), "expected floats from 0 to 1"),
        (np.full((8, 8, 3), np.nan), "expected floats from 0 to 1, found nan"),
        (np.full((8, 8, 3), 256), "expected whole numbers from 0 to 255"),
        (np.zeros((2, 8, 8, 3), np.uint8), "give a list of pictures for a batch"),
        (np.zeros((8, 8, 5), np.uint8), "of 1, 3 or 4 channels"),
        (np.zeros((0, 8, 3), np.uint8), r"found \[0, 8, 3\]"),
        (np.zeros(8, np.uint8), r"found \[8\]"),
        (np.uint8(3), r"found \[\]"),
    ]:
        with pytest.raises(jc.ImageError, match=words):
            model.describe(wrong)


def test_files_that_are_none(model, tmp_path):
    jpeg = io.BytesIO()
    Image.new("RGB", (64, 64), "red").save(jpeg, "JPEG")
    for wrong, words in [
        (b"", "picture"),
        (b"%PDF-1.7", "PDF"),
        (jpeg.getvalue()[:200], "damaged"),
        (tmp_path, "picture"),
        (tmp_path / "none.jpg", "none.jpg: expected a readable file"),
        ("", "picture"),
        ("https://example.org/a.png", "picture"),
    ]:
        with pytest.raises(jc.ImageError, match=words):
            model.describe(wrong)


def test_an_array_that_fails_is_an_error_of_its_item(model, star):
    class Failing:
        def __array__(self, *_, **__):
            raise RuntimeError("no array today")

    with pytest.raises(jc.ImageError, match="no array today"):
        model.describe(Failing())
    failed, answered = model.describe([Failing(), star], errors="return")
    assert isinstance(failed, jc.ImageError) and answered == model.describe(star)


def test_names_that_are_no_utf8_are_read(model, star, tmp_path):
    path = tmp_path / os.fsdecode(b"\xff.png")
    path.write_bytes(Path(star).read_bytes())
    assert model.describe(path) == model.describe(star)
    with pytest.raises(jc.ImageError, match=r"\\xfe.png: expected a file that can be read, found: No such file"):
        model.describe(os.fspath(tmp_path / os.fsdecode(b"\xfe.png")))
