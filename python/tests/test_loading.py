"""What opens, and what is refused."""

from __future__ import annotations

import shutil

import janus_cpp as jc
import pytest
from conftest import ROOT, TINY

FLOW = ROOT / "samples" / "janus-flow-tiny" / "model"


def test_facts_of_a_model(model):
    info = model.info
    assert (info["name"], info["family"], info["device"]) == ("janus-tiny", "janus", "cpu")
    assert info["image_size"] == 64 and info["codes_height"] == 8
    assert repr(model) == "<janus_cpp.Model janus-tiny: janus on cpu>"
    assert jc.__version__ == "0.1.0" or jc.__version__.count(".") == 2


def test_folder_is_the_model_inside(model, star):
    told = []
    with jc.load(TINY, type="q8_0", threads=1, progress=lambda *step: told.append(step)) as opened:
        assert opened.info["fingerprint"] == model.info["fingerprint"]
        assert opened.describe(star)
    assert told and told[-1][1] <= told[-1][2]
    with jc.load(str(TINY)) as opened:
        assert opened.describe(star).ids == model.describe(star).ids


def test_progress_may_end_the_loading():
    def refuse(phase, done, total):
        raise KeyError(phase)

    with pytest.raises(KeyError):
        jc.load(TINY, progress=refuse)


def test_what_is_no_model(tmp_path, star):
    for wrong, words in [
        (tmp_path, "model"),
        (star, "model"),
        ("no/such/model", "expected a model folder"),
        ("./nothing", "expected a model folder"),
        ("", "expected a model folder"),
    ]:
        with pytest.raises(jc.ModelError, match=words):
            jc.load(wrong)
    for options, kind in [
        ({"type": "q9"}, jc.ModelError),
        ({"device": "tpu"}, jc.ModelError),
        ({"device": "cuda"}, jc.ModelError),
        ({"threads": 0}, jc.RequestError),
        ({"threads": 2.5}, TypeError),
        ({"batch_size": -1}, jc.RequestError),
        ({"type": None}, TypeError),
    ]:
        with pytest.raises(kind):
            jc.load(**options)
    for options, words in [({"model": 3}, "model: expected a path, found int"), ({"vae": 3}, "vae: expected a path")]:
        with pytest.raises(TypeError, match=words):
            jc.load(**options)
    with pytest.raises(TypeError, match="output: expected a path, found None"):
        jc.quantize(TINY, None)


def test_flow_model_draws_by_steps(program, tmp_path):
    out = tmp_path / "image.png"
    latent = tmp_path / "latent.npy"
    arguments = ["-m", str(FLOW), "a red circle", "-o", str(out), "--codes-out", str(latent), "--steps", "4", "-s", "3"]
    program.run("generate", *arguments)
    import numpy as np
    from PIL import Image

    with jc.load(FLOW) as model:
        image = model.generate("a red circle", steps=4, seed=3)
        assert np.array_equal(image.info["latent"], np.load(latent))
        with Image.open(out) as written:
            assert written.tobytes() == image.tobytes()
            settings = written.text["janus"].replace(str(FLOW), model.info["name"])
            assert settings == image.info["janus"]
        assert model.decode(image.info["latent"]).tobytes() == image.tobytes()
        assert model.encode(image).shape == image.info["latent"].shape
        assert [step.info["done"] for step in model.generate("a star", steps=4, preview_every=2)] == [2]
        with pytest.raises(jc.RequestError, match="temperature: expected a model that draws code by code"):
            model.generate("a star", temperature=1)
        with pytest.raises(jc.RequestError, match="janusflow"):
            model.score_codes("a star", [[0] * 8] * 8)


def test_quantize_writes_the_programs_file(program, tmp_path, star):
    theirs, ours = tmp_path / "theirs.gguf", tmp_path / "ours.gguf"
    program.run("quantize", str(TINY), "-o", str(theirs), "--type", "q4_0", "--keep", "vision=bf16")
    told = []
    facts = jc.quantize(TINY, ours, "q4_0", keep={"vision": "bf16"}, progress=lambda *step: told.append(step))
    assert ours.read_bytes() == theirs.read_bytes()
    assert facts["bytes"] == ours.stat().st_size and "vision" in facts["parts"] and told
    with jc.load(ours) as model:
        assert model.describe(star)
    for wrong, words in [
        ({"output": tmp_path / "x.bin"}, "expected a name that ends in .gguf"),
        ({"type": "q9"}, "q9"),
        ({"keep": {"nose": "bf16"}}, "nose"),
    ]:
        with pytest.raises(jc.RequestError, match=words):
            jc.quantize(TINY, **{"output": tmp_path / "x.gguf", **wrong})
    with pytest.raises(jc.RequestError, match="expected another file"):
        jc.quantize(ours, ours)
    with pytest.raises(jc.ModelError, match="output"):
        jc.quantize(TINY, tmp_path / "none" / "x.gguf")


def test_names_of_the_hubs_cache(python, tmp_path, model):
    """A cache as huggingface_hub and `janus pull` make it."""
    pytest.importorskip("huggingface_hub")
    commit = "0123456789abcdef0123456789abcdef01234567"
    repository = tmp_path / "models--acme--tiny"
    shutil.copytree(TINY, repository / "snapshots" / commit)
    (repository / "refs").mkdir()
    (repository / "refs" / "main").write_text(commit)
    script = """
        import sys
        import janus_cpp as jc
        for name in sys.argv[1:]:
            try:
                print(jc.load(name).info["fingerprint"])
            except jc.ModelError as error:
                print(error)
    """
    names = ["acme/tiny", "acme/tiny@main", f"acme/tiny@{commit}"]
    done = python(script, *names, "acme/other", HF_HUB_CACHE=str(tmp_path), HF_HUB_OFFLINE="1")
    *found, missing = done.stdout.splitlines()
    assert found == [model.info["fingerprint"]] * 3
    assert 'get it with janus_cpp.pull("acme/other")' in missing
