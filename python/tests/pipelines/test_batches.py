"""The classes for map_batches, without a cluster."""

from __future__ import annotations

from pathlib import Path

import janus_cpp as jc
import numpy as np
import pytest

pa = pytest.importorskip("pyarrow")

from janus_cpp.ray import Captioner, Generator  # noqa: E402

CROSS = "a small orange cross on a white background"


@pytest.fixture(scope="module")
def captioner():
    return Captioner()


@pytest.fixture(scope="module")
def data(pictures):
    return [Path(path).read_bytes() for path in pictures]


def objects(*values):
    array = np.empty(len(values), object)
    array[:] = values
    return array


def test_bytes_paths_arrays_and_structs_are_pictures(captioner, data, pictures):
    array = np.asarray(jc.images.to_pil(jc.images.to_picture(data[0])))
    batch = {"image": objects(data[0], pictures[0], array, {"bytes": data[0], "path": None}, {"path": pictures[0]})}
    done = captioner(batch)
    assert list(done["caption"]) == [CROSS] * 5
    assert list(done["error"]) == [None] * 5
    assert list(done["width"]) == [160] * 5


def test_a_tensor_column_is_a_batch_of_arrays(captioner):
    done = captioner({"image": np.zeros((2, 32, 48, 3), np.uint8)})
    assert list(done["width"]) == [48, 48] and list(done["height"]) == [32, 32]


def test_a_broken_row_leaves_the_others(captioner, data):
    done = captioner({"id": np.arange(5), "image": objects(data[0], None, b"no picture", 3.5, data[0])})
    assert [text is not None for text in done["caption"]] == [True, False, False, False, True]
    assert [text is None for text in done["error"]] == [True, False, False, False, True]
    assert "found None" in done["error"][1] and "found text" in done["error"][2] and "float" in done["error"][3]
    assert list(done["id"]) == [0, 1, 2, 3, 4]


def test_arrow_and_pandas_get_what_numpy_gets(captioner, data):
    pandas = pytest.importorskip("pandas")
    wanted = captioner({"image": objects(*data, None)})
    table = captioner(pa.table({"image": pa.array([*data, None], pa.binary())}))
    assert isinstance(table, pa.Table) and table.schema.field("caption").type == pa.string()
    batch = captioner(pa.record_batch({"image": pa.array([*data, None], pa.binary())}))
    assert isinstance(batch, pa.RecordBatch)
    frame = captioner(pandas.DataFrame({"image": [*data, None]}))
    for name in ("caption", "error", "n_tokens", "finish_reason"):
        assert table[name].to_pylist() == batch.column(name).to_pylist() == list(wanted[name])
        assert frame[name].astype(object).where(frame[name].notna(), None).tolist() == list(wanted[name])


def test_empty_batches_have_the_columns(captioner):
    assert captioner(pa.table({"image": pa.array([], pa.binary())})).num_rows == 0
    assert list(captioner({"image": np.empty(0, object)})["caption"]) == []
    assert list(captioner({})["caption"]) == []


def test_a_wrong_column_is_named_with_those_that_are_there(captioner):
    with pytest.raises(jc.RequestError, match='column "image": expected it in the batch, found jpg, txt'):
        captioner({"jpg": objects(b""), "txt": objects("")})
    with pytest.raises(jc.RequestError, match='column "caption": expected a name that the batch does not have'):
        captioner({"image": objects(None), "caption": objects("")})


def test_options_are_refused_before_the_first_batch():
    with pytest.raises(jc.RequestError, match="top_p"):
        Captioner(top_p=3)
    with pytest.raises(jc.RequestError, match="cfg_scale"):
        Generator(cfg_scale=-1)
    with pytest.raises(jc.ModelError, match="no-such-model"):
        Captioner(model="no-such-model")


def test_drawn_captions_depend_on_seed_and_key_and_not_on_batches(data):
    captioner = Captioner(temperature=4, max_tokens=12, key="id", seed=5, keep_image=False)
    keys = list("abcdefgh")
    whole = captioner({"id": objects(*keys), "image": objects(*data, *data)})
    assert "image" not in whole
    parts: dict[str, str] = {}
    for row in (6, 0, 3, 7, 1, 5, 2, 4):
        part = captioner({"id": objects(keys[row]), "image": objects((data + data)[row])})
        parts[keys[row]] = part["caption"][0]
    assert [parts[key] for key in keys] == list(whole["caption"])
    same = captioner({"id": np.arange(8), "image": objects(*[data[3]] * 8)})
    assert len(set(same["caption"])) > 1  # the same picture, by other keys


def test_rows_may_have_questions_of_their_own(captioner, data):
    asks = Captioner(prompt_column="question", out="answer")
    done = asks({"image": objects(*data[:2]), "question": objects("Describe this image.", None)})
    assert done["answer"][0] == CROSS
    assert "prompt: expected a str, found None" in done["error"][1]


def test_images_are_those_of_generate(model):
    done = Generator(key="id")({"id": np.arange(2), "prompt": objects("a red circle", None)})
    assert "found None" in done["error"][1] and done["image"][1] is None
    wanted = model.generate("a red circle", seed=int(done["seed"][0]))
    made = jc.images.to_picture(done["image"][0])
    assert np.array_equal(made.array(), np.asarray(wanted))


def test_seeds_may_come_from_a_column(model):
    done = Generator(seed_column="seed")(
        {"seed": np.array([7, -1]), "prompt": objects("a red circle", "a red circle")}
    )
    wanted = model.generate("a red circle", seed=7)
    assert np.array_equal(jc.images.to_picture(done["image"][0]).array(), np.asarray(wanted))
    assert "seed" in done["error"][1]
