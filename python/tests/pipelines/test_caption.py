"""python -m janus_cpp.caption in one process: inputs, resuming, and what may go wrong."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tarfile

import pytest

pa = pytest.importorskip("pyarrow")
pq = pytest.importorskip("pyarrow.parquet")

from .conftest import NAMES, PICTURES, rows_of  # noqa: E402

COLUMNS = (
    "key path shard caption finish_reason n_tokens width height sha256 model prompt_hash seed error ms".split()
)


def tar_of(path, names=NAMES, **contents):
    with tarfile.open(path, "w") as archive:
        for name in names:
            archive.add(PICTURES / name, name)
    return path


def test_a_folder_gives_what_the_program_gives(folder, caption, program, tmp_path):
    (folder / "bad.jpg").write_text("no picture")
    (folder / "notes.txt").write_text("no picture either")
    caption("photos", "-o", "out.parquet", code=3)
    rows = {row["key"]: row for row in rows_of(tmp_path / "out.parquet")}
    assert list(pq.read_schema(tmp_path / "out.parquet").names) == COLUMNS
    records = {os.path.relpath(record["key"], "photos"): record for record in program("photos")}
    assert rows.keys() == records.keys() == {*NAMES, "bad.jpg"}
    for key, record in records.items():
        row = rows[key]
        assert row["caption"] == record.get("text")
        assert row["n_tokens"] == len(record.get("ids", []))
        assert (row["error"] is None) == ("error" not in record)
        for name in ("path", "sha256", "model", "prompt_hash", "seed"):
            assert row[name] == record[name], name
        if row["error"] is None:
            assert (row["width"], row["height"]) == (record["width"], record["height"])
            assert row["finish_reason"] == record["finish_reason"] and row["ms"] > 0


def test_drawn_captions_are_the_programs_too(folder, caption, program, tmp_path):
    options = ["--temperature", "0.7", "--top-p", "0.9", "--seed", "7", "-n", "20"]
    caption("photos", "-o", "out.parquet", *options)
    rows = {row["path"]: row for row in rows_of(tmp_path / "out.parquet")}
    for record in program("photos", *options):
        assert rows[record["path"]]["caption"] == record["text"]
        assert rows[record["path"]]["prompt_hash"] == record["prompt_hash"]


def test_a_stopped_run_goes_on_with_the_shards_that_are_missing(folder, caption, tmp_path):
    first = caption("photos", "-o", "out", "--shard-size", 2)
    assert "4 captioned, 2 shards" in first.stderr
    kept = (tmp_path / "out" / "00000.parquet").stat().st_mtime_ns
    (tmp_path / "out" / "00001.parquet").unlink()
    (tmp_path / "out" / ".00001.parquet.part").write_bytes(b"half a file")
    again = caption("photos", "-o", "out", "--shard-size", 2)
    assert "2 captioned, 2 done before, 2 shards" in again.stderr
    assert (tmp_path / "out" / "00000.parquet").stat().st_mtime_ns == kept
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["00000.parquet", "00001.parquet"]


def test_a_killed_run_leaves_no_half_file(folder, caption, tmp_path):
    for number in range(40):
        shutil.copy(folder / "star.png", folder / f"{number}.png")
    kill = "import os, janus_cpp.caption.writing as w\nw.Aside.commit = lambda self: os.kill(os.getpid(), 9)"
    caption("photos", "-o", "out", code=-9, before=kill)
    assert not list((tmp_path / "out").glob("*.parquet"))
    caption("photos", "-o", "out")
    assert len(rows_of(tmp_path / "out")) == 44


def test_changed_shards_are_done_again(folder, caption, tmp_path):
    caption("photos", "-o", "out", "--shard-size", 2)
    shutil.copy(folder / "cross.png", folder / "star.png")
    done = caption("photos", "-o", "out", "--shard-size", 2)
    assert "2 captioned, 2 done before" in done.stderr
    captions = {row["key"]: row["caption"] for row in rows_of(tmp_path / "out")}
    assert captions["star.png"] == captions["cross.png"]


def test_captions_of_another_question_are_refused(folder, caption):
    caption("photos", "-o", "out")
    assert "expected captions of the prompt hash" in caption("photos", "-o", "out", "-p", "Why?", code=1).error
    caption("photos", "-o", "out", "-p", "Why?", "--overwrite", "-n", 3)


def test_two_runs_never_write_one_file(folder, caption, tmp_path):
    import fcntl

    (tmp_path / "out").mkdir()
    with open(tmp_path / "out" / ".00000.parquet.part", "wb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        assert "found another run that is at it" in caption("photos", "-o", "out", code=1).stderr
    caption("photos", "-o", "out")


def test_tars_are_shards(caption, tmp_path):
    (tmp_path / "in").mkdir()
    tar_of(tmp_path / "in" / "000.tar", ["cross.png", "star.png"])
    tar_of(tmp_path / "in" / "001.tar", ["two_shapes.png"])
    caption("in", "-o", "out", "--webdataset-out", "texts")
    rows = rows_of(tmp_path / "out")
    assert [(row["shard"], row["key"], row["path"]) for row in rows] == [
        ("000", "cross", "in/000.tar/cross.png"),
        ("000", "star", "in/000.tar/star.png"),
        ("001", "two_shapes", "in/001.tar/two_shapes.png"),
    ]
    webdataset = pytest.importorskip("webdataset")
    samples = list(webdataset.WebDataset(str(tmp_path / "texts" / "000.tar"), shardshuffle=False).decode())
    assert [(one["__key__"], one["txt"]) for one in samples] == [(row["key"], row["caption"]) for row in rows[:2]]
    assert samples[0]["json"]["sha256"] == rows[0]["sha256"]
    (tmp_path / "texts" / "001.tar").unlink()  # comes again of its rows
    assert "0 captioned, 3 done before" in caption("in", "-o", "out", "--webdataset-out", "texts").stderr
    assert tarfile.open(tmp_path / "texts" / "001.tar").getnames() == ["two_shapes.txt", "two_shapes.json"]


def test_samples_of_a_tar_have_names_of_their_own(caption, tmp_path):
    (tmp_path / "in").mkdir()
    for name in ["a.b.png", "a_b.png", "a_b_png.png", "turned\u202e.png"]:
        shutil.copy(PICTURES / "star.png", tmp_path / "in" / name)
    caption("in", "-o", "out", "--webdataset-out", "texts")
    (path,) = (tmp_path / "texts").iterdir()
    with tarfile.open(path) as archive:
        names = archive.getnames()
        texts = [archive.extractfile(name).read().decode() for name in names if name.endswith(".json")]
    assert len(names) == len(set(names)) == 8
    assert {json.loads(text)["key"] for text in texts} == {"a.b.png", "a_b.png", "a_b_png.png", "turned\u202e.png"}
    assert not any("\u202e" in text for text in texts)


def test_names_that_are_no_utf8_have_keys_of_their_own(caption, tmp_path):
    (tmp_path / "in").mkdir()
    for name in [b"\xff.png", b"\xfe.png", rb"\xff.png"]:
        shutil.copy(PICTURES / "star.png", os.fsencode(tmp_path / "in") + b"/" + name)
    caption("in", "-o", "out")
    rows = rows_of(tmp_path / "out")
    assert sorted(row["key"] for row in rows) == [r"\x5cxff.png", r"\xfe.png", r"\xff.png"]
    assert not any(row["error"] for row in rows)


def test_a_link_that_leads_nowhere_is_an_error_row(folder, caption, tmp_path):
    (folder / "lost.png").symlink_to("nowhere")
    (folder / "loop").symlink_to(".")
    caption("photos", "-o", "out", code=3)
    errors = [row for row in rows_of(tmp_path / "out") if row["error"]]
    assert [row["key"] for row in errors] == ["lost.png"]
    assert len(rows_of(tmp_path / "out")) == 5


@pytest.mark.parametrize("length", [600, 1024, 1536, 1024 + 512 + 100, 8 * 512])
def test_a_truncated_tar_gives_what_it_has_and_an_error(caption, tmp_path, length):
    whole = tar_of(tmp_path / "whole.tar").read_bytes()
    (tmp_path / "cut.tar").write_bytes(whole[:length])
    caption("cut.tar", "-o", "out", code=3)
    rows = rows_of(tmp_path / "out")
    errors = [row for row in rows if row["error"]]
    assert [row["key"] for row in errors] == ["cut.tar"] and "cut short" in errors[0]["error"]
    (tmp_path / "cut.tar").write_bytes(whole)  # comes whole the next time
    caption("cut.tar", "-o", "out")
    assert len(rows_of(tmp_path / "out")) == 4


def test_a_truncated_gzip_and_what_is_no_tar(caption, tmp_path):
    tar_of(tmp_path / "whole.tar")
    subprocess.run(["gzip", "-k", "whole.tar"], cwd=tmp_path, check=True)
    data = (tmp_path / "whole.tar.gz").read_bytes()
    (tmp_path / "cut.tar.gz").write_bytes(data[: len(data) // 2])
    (tmp_path / "none.tar").write_text("no tar " * 200)
    (tmp_path / "empty.tar").write_bytes(b"")
    caption("whole.tar.gz", "cut.tar.gz", "none.tar", "empty.tar", "-o", "out", code=3)
    errors = [(row["shard"], row["key"]) for row in rows_of(tmp_path / "out") if row["error"]]
    assert errors == [("cut", "cut.tar.gz"), ("empty", "empty.tar"), ("none", "none.tar")]
    assert sum(row["error"] is None for row in rows_of(tmp_path / "out") if row["shard"] == "whole") == 4


def test_a_key_that_is_there_twice_is_an_error(caption, tmp_path):
    tar_of(tmp_path / "twice.tar", ["cross.png", "star.png", "cross.png"])
    caption("twice.tar", "-o", "out", code=3)
    rows = rows_of(tmp_path / "out")
    assert len(rows) == 3 and sum("found it again" in (row["error"] or "") for row in rows) == 1


def table_of(path, **columns):
    pq.write_table(pa.table(columns), path)


def test_parquet_holds_bytes_paths_and_structs(caption, tmp_path, pictures):
    data = [open(path, "rb").read() for path in pictures]
    shutil.copy(pictures[0], tmp_path / "here.png")
    table_of(tmp_path / "a.parquet", key=list("abcd"), image=data)
    table_of(tmp_path / "b.parquet", image=[{"bytes": data[0], "path": "x.png"}, {"bytes": None, "path": "here.png"}])
    table_of(tmp_path / "c.parquet", id=[7, 8], photo=["here.png", "gone.png"])
    caption("a.parquet", "b.parquet", "-o", "out")
    rows = rows_of(tmp_path / "out")
    assert [row["key"] for row in rows] == ["a", "b", "c", "d", "000000000", "000000001"]
    assert rows[4]["path"] == "x.png" and rows[4]["caption"] == rows[5]["caption"] == rows[0]["caption"]
    caption("c.parquet", "-o", "out", "--image-column", "photo", code=3)
    rows = [row for row in rows_of(tmp_path / "out") if row["shard"] == "c"]
    assert [(row["key"], row["caption"] is None) for row in rows] == [("7", False), ("8", True)]


def test_parquet_without_pictures(caption, tmp_path, pictures):
    data = open(pictures[0], "rb").read()
    table_of(tmp_path / "none.parquet", key=["a", "b", "b"], image=[None, data, data])
    caption("none.parquet", "-o", "out", code=3)
    errors = [row["error"] for row in rows_of(tmp_path / "out")]
    assert "found None" in errors[0] and [errors[1] is None, errors[2] is None].count(True) == 1
    table_of(tmp_path / "wrong.parquet", text=["a"])
    error = caption("wrong.parquet", "-o", "out", code=1).error
    assert "expected a column of pictures" in error and "found text" in error
    assert 'a column "photo"' in caption("none.parquet", "-o", "new", "--image-column", "photo", code=1).error
    table_of(tmp_path / "empty.parquet", image=pa.array([], pa.binary()))
    caption("empty.parquet", "-o", "out")
    assert pq.read_table(tmp_path / "out" / "empty.parquet").num_rows == 0


def test_truncated_parquet_is_an_error_row(caption, tmp_path, pictures):
    data = [open(path, "rb").read() for path in pictures] * 8
    table_of(tmp_path / "whole.parquet", image=data)
    content = (tmp_path / "whole.parquet").read_bytes()
    (tmp_path / "cut.parquet").write_bytes(content[:-100])
    caption("cut.parquet", "whole.parquet", "-o", "out", code=3)
    errors = [row for row in rows_of(tmp_path / "out") if row["error"]]
    assert [row["key"] for row in errors] == ["cut.parquet"] and "expected a Parquet file" in errors[0]["error"]


def test_a_full_disk_is_told_and_leaves_nothing_half(folder, caption, tmp_path):
    limit = "import resource\nresource.setrlimit(resource.RLIMIT_FSIZE, (3000, 3000))"
    caption("photos", "-o", "out", "--shard-size", 1)
    kept = sorted((tmp_path / "out").iterdir())
    kept[-1].unlink()
    for number in range(30):
        shutil.copy(folder / "star.png", folder / f"z{number}.png")
    error = caption("photos", "-o", "big", code=1, before=limit).error
    assert "big/00000.parquet: expected room to write, found: File too large; make room" in error
    assert list((tmp_path / "big").iterdir()) == []
    error = caption("photos", "-o", "big", "--webdataset-out", "tars", code=1, before=limit).error
    assert "expected room to write" in error and not list((tmp_path / "tars").iterdir())
    caption("photos", "-o", "big")
    assert len(rows_of(tmp_path / "big")) == 34


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["photos"], 2, "-o/--output"),
        (["photos", "-o", "out", "--top-p", "3"], 2, 'expected a number above 0, at most 1, found "3"'),
        (["photos", "-o", "out", "-p", " "], 2, "expected a question"),
        (["photos", "-o", "one.parquet", "--shard-size", "2"], 2, "expected a folder for 2 shards"),
        (["photos", "-o", "out", "--type", "q9"], 2, "--type"),
        (["gone", "-o", "out"], 1, "gone: expected to read it"),
        (["no*.tar", "-o", "out"], 1, "expected files of this pattern"),
        (["photos/star.png", "-o", "out"], 1, "give the folder that it lies in"),
        (["photos", "-o", "photos/star.png/out"], 1, "expected to write it"),
        (["photos", "-o", "out", "-m", "gone.gguf"], 1, "model gone.gguf: expected a model"),
        (["empty", "-o", "out"], 1, "expected pictures, tars or Parquet files"),
        (["mixed", "-o", "out"], 1, "name what is meant"),
        (["mixed/a.tar", "more/a.tar", "-o", "out"], 1, "would have the same file"),
        (["photos", "-o", "foreign.parquet"], 1, "found another table"),
        (["photos", "-o", "text.parquet"], 1, "expected captions of an earlier run"),
    ],
)
def test_one_line_says_what_is_wrong(folder, caption, tmp_path, arguments, code, words):
    for name in ("empty", "mixed", "more"):
        (tmp_path / name).mkdir()
    tar_of(tmp_path / "mixed" / "a.tar")
    tar_of(tmp_path / "more" / "a.tar")
    shutil.copy(folder / "star.png", tmp_path / "mixed" / "star.png")
    table_of(tmp_path / "foreign.parquet", a=[1])
    (tmp_path / "text.parquet").write_text("no table")
    assert words in caption(*arguments, code=code).error


@pytest.mark.skipif(os.getuid() == 0, reason="root reads all folders")
def test_an_unreadable_folder_is_told(folder, caption):
    (folder / "closed").mkdir(mode=0)
    assert "expected to read the folder, found: Permission denied" in caption("photos", "-o", "out", code=1).error


def test_ctrl_c_keeps_what_is_finished(folder, caption, tmp_path):
    stop = (
        "import janus_cpp.caption.output as o, janus_cpp.caption.local as l\n"
        "old = l.run_here\n"
        "def once(shards, captioner, progress):\n"
        "    old(shards[:1], captioner, progress)\n"
        "    raise KeyboardInterrupt\n"
        "l.run_here = once"
    )
    done = caption("photos", "-o", "out", "--shard-size", 2, code=130, before=stop)
    assert "the same command goes on" in done.stderr
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["00000.parquet"]
