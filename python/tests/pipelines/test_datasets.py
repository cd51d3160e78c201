"""The output where people read it: DuckDB, pandas, Hugging Face's datasets, trainers that want sidecars."""

from __future__ import annotations

import os

import pytest

from .conftest import NAMES, rows_of


@pytest.fixture
def captions(folder, caption, tmp_path):
    (folder / "bad.jpg").write_text("no picture")
    caption("photos", "-o", "out", "--shard-size", 2, code=3)
    return {row["key"]: row["caption"] for row in rows_of(tmp_path / "out")}


def test_duckdb_reads_the_folder(captions):
    duckdb = pytest.importorskip("duckdb")
    assert dict(duckdb.sql("select key, caption from 'out/*.parquet'").fetchall()) == captions
    assert duckdb.sql("select count(*) from 'out/*.parquet' where error is not null").fetchall() == [(1,)]


def test_pandas_reads_the_folder(captions):
    pandas = pytest.importorskip("pandas")
    frame = pandas.read_parquet("out")
    assert len(frame) == 5 and set(frame["key"]) == captions.keys()
    assert frame.set_index("key")["caption"].dropna().to_dict() == {k: v for k, v in captions.items() if v}


def test_datasets_reads_parquet(captions, monkeypatch, tmp_path):
    monkeypatch.setenv("HF_DATASETS_OFFLINE", "1")
    datasets = pytest.importorskip("datasets")
    cache = str(tmp_path / "cache")
    rows = datasets.load_dataset("parquet", data_files="out/*.parquet", split="train", cache_dir=cache)
    assert {row["key"]: row["caption"] for row in rows} == captions


def test_datasets_reads_an_image_folder_with_captions(captions, folder, monkeypatch, tmp_path):
    monkeypatch.setenv("HF_DATASETS_OFFLINE", "1")
    datasets, duckdb = pytest.importorskip("datasets"), pytest.importorskip("duckdb")
    (folder / "bad.jpg").unlink()
    duckdb.sql(
        "copy (select key as file_name, caption as text from 'out/*.parquet' where caption is not null) "
        "to 'photos/metadata.jsonl' (format json)"
    )
    rows = datasets.load_dataset("imagefolder", data_dir="photos", split="train", cache_dir=str(tmp_path / "cache"))
    assert sorted(row["text"] for row in rows) == sorted(captions[name] for name in NAMES)
    assert {row["image"].size for row in rows} == {(160, 160), (240, 240), (80, 80), (384, 384)}


def test_sidecars_of_the_program_are_as_kohya_reads_them(folder, program):
    records = {os.path.basename(record["path"]): record["text"] for record in program("photos", "--sidecar", ".txt")}
    for name in NAMES:
        # sd-scripts: the lines of NAME.txt beside NAME.png are its captions.
        lines = (folder / name).with_suffix(".txt").read_text(encoding="utf-8").splitlines()
        assert lines == [records[name]]


def test_jsonl_of_the_program_becomes_parquet_by_duckdb(folder, program, tmp_path):
    duckdb = pytest.importorskip("duckdb")
    records = program("photos")
    duckdb.sql("copy (select path, text as caption from 'program.jsonl') to 'captions.parquet'")
    rows = duckdb.sql("select path, caption from 'captions.parquet'").fetchall()
    assert rows == [(record["path"], record["text"]) for record in records]
