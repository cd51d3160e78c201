"""Models of the hub: one on this machine, which huggingface_hub asks in a process of its own."""

from __future__ import annotations

import json

import janus_cpp as jc
import pytest
from conftest import TINY
from fake_hub import COMMIT, NAME, FakeHub

TOKEN = "hf_verySecretToken"
# Prints what each action gives, or its error, as a line of JSON.
SCRIPT = """
    import json, sys
    import janus_cpp as jc
    NAME = "acme/tiny"
    for action in sys.argv[1:]:
        told = []
        try:
            print(json.dumps({"result": eval(action), "told": told}))
        except Exception as error:
            print(json.dumps({"error": type(error).__name__, "text": str(error)}))
"""


@pytest.fixture
def hub():
    pytest.importorskip("huggingface_hub")
    hub = FakeHub(TINY)
    yield hub
    hub.close()


@pytest.fixture
def ask(python, hub, tmp_path):
    def run(*actions: str, **environment: str) -> list[dict]:
        settings = {
            "HF_ENDPOINT": hub.address,
            "HF_HUB_CACHE": str(tmp_path / "cache"),
            "HF_HOME": str(tmp_path / "home"),
            "HF_TOKEN": TOKEN,
            "HF_HUB_DISABLE_TELEMETRY": "1",
            **environment,
        }
        done = python(SCRIPT, *actions, **settings)
        assert done.returncode == 0 and TOKEN not in done.stdout + done.stderr, done.stderr
        lines = [json.loads(line) for line in done.stdout.splitlines()]
        assert len(lines) == len(actions)
        return [{**line, "stderr": done.stderr} for line in lines]

    return run


def test_files_land_in_the_cache_under_the_models_name(hub, ask, tmp_path, model):
    [pulled] = ask("jc.pull(NAME, progress=lambda *step: told.append(step))")
    path = tmp_path / "cache" / "models--acme--tiny" / "snapshots" / COMMIT
    assert pulled["result"] == str(path) and pulled["stderr"] == ""
    assert {file.name for file in path.iterdir()} == {file.name for file in TINY.iterdir()}
    assert all((path / file.name).read_bytes() == file.read_bytes() for file in TINY.iterdir())
    files = [step for step in pulled["told"] if step[0] == "files"]
    count = len(list(TINY.iterdir()))
    assert [step[1:] for step in files] == [[done, count] for done in range(1, count + 1)]
    size = sum(file.stat().st_size for file in TINY.iterdir())
    if any(step[0] == "bytes" for step in pulled["told"]):  # which older ones of huggingface_hub do not tell
        assert max(step[1] for step in pulled["told"] if step[0] == "bytes") == size
    # It opens without the hub, whatever else the repository holds.
    # What is there does not come again.
    asked = len(hub.requests)
    opened, again = ask('jc.load(NAME).info["fingerprint"]', "jc.pull(NAME)")
    assert opened["result"] == model.info["fingerprint"] and again["result"] == str(path)
    assert not [request for request in hub.requests[asked:] if "/resolve/" in request[1]]


def test_the_token_is_the_hubs_alone(hub, ask):
    other = FakeHub(TINY)
    try:
        hub.elsewhere = other.address
        [pulled] = ask("jc.pull(NAME)")
        assert pulled["result"].endswith(COMMIT)
        assert any(headers.get("authorization") == f"Bearer {TOKEN}" for _, _, headers in hub.requests)
        assert other.requests and not any(TOKEN in str(headers) for _, _, headers in other.requests)
    finally:
        other.close()


def test_what_cannot_be_had_is_one_line(hub, ask):
    def refused(*actions: str, **environment: str) -> list[str]:
        told = ask(*actions, **environment)
        assert all(one["error"] == "ModelError" and "\n" not in one["text"] for one in told), told
        return [one["text"] for one in told]

    names = ["acme/401", "acme/403", "acme/404", "acme/500", "acme/none", "acme/tiny@" + "f" * 40]
    for name, text in zip(names, refused(*(f"jc.pull({name!r})" for name in names))):
        shown = name.partition("@")[0]
        assert text.startswith(f"model {shown}: expected the hub to give it, found: ") and name[5:9] in text
    assert "HF_HUB_OFFLINE" in refused("jc.pull(NAME)", HF_HUB_OFFLINE="1")[0]
    assert "Connection refused" in refused("jc.pull(NAME)", HF_ENDPOINT="http://127.0.0.1:9")[0]
    # Of a model that came in part, what is missing is named.
    del hub.files["model.safetensors"]
    assert "expected weights in" in refused("jc.load(jc.pull(NAME) and NAME)")[0]


def test_broken_connection_is_one_line(hub, ask):
    hub.cut = 1000
    no_waiting = 'setattr(__import__("time"), "sleep", lambda _: None)'
    _, told = ask(no_waiting, "jc.pull(NAME)")
    assert told["error"] == "ModelError" and "\n" not in told["text"]
    assert told["text"].startswith("model acme/tiny: expected the hub to give it, found: ")
    hub.cut = None
    ended, whole = ask("jc.pull(NAME, progress=lambda *step: 1 // 0)", "jc.pull(NAME)")
    assert ended["error"] == "ZeroDivisionError"  # progress may end a download
    assert whole["result"].endswith(COMMIT)


def test_what_is_no_name():
    with pytest.raises(TypeError, match="repository: expected a str"):
        jc.pull(None)
    with pytest.raises(jc.ModelError, match="expected owner/repo"):
        jc.pull("https://huggingface.co/a/b")
