"""Saving and loading a result keep every bit."""

import numpy as np
import pytest
from bookkeeper import keep_books
from example_result import assert_same_bytes

from btcore.errors import ConfigError, DataError
from btcore.results import archive
from btcore.results.result import Result, load_result


@pytest.mark.parametrize("suffix", [".npz", ".parquet"])
def test_a_saved_result_is_loaded_unchanged(example, tmp_path, suffix):
    path = tmp_path / f"run{suffix}"
    path.write_bytes(b"an older result")
    example.save(path)
    back = load_result(path)
    for name, table in example.tables().items():
        assert_same_bytes(back.table(name), table)
    assert (back.metrics, back.logs, back.manifest, back.fingerprint) == (
        example.metrics, example.logs, example.manifest, example.fingerprint,
    )  # fmt: skip
    assert {name: type(value) for name, value in back.metrics.items()} == {
        name: type(value) for name, value in example.metrics.items()
    }
    assert back.journal is None
    assert [file.name for file in tmp_path.iterdir()] == [path.name]
    again = tmp_path / f"again{suffix}"
    back.save(again)
    assert again.read_bytes() == path.read_bytes()


@pytest.mark.parametrize("suffix", [".npz", ".parquet"])
def test_an_empty_result_can_be_saved(tmp_path, suffix):
    empty = Result.from_journal(keep_books([]), manifest={}, fingerprint="")
    empty.save(tmp_path / f"empty{suffix}")
    back = load_result(tmp_path / f"empty{suffix}")
    for name, table in empty.tables().items():
        assert_same_bytes(back.table(name), table)


def test_a_failed_save_keeps_the_old_file(example, tmp_path, monkeypatch):
    path = tmp_path / "run.npz"
    example.save(path)
    before = path.read_bytes()

    def full(stream, **arrays):
        stream.write(b"half")
        raise OSError("no space left")

    monkeypatch.setattr(np, "savez", full)
    with pytest.raises(OSError, match="no space"):
        example.save(path)
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ["run.npz"]


@pytest.mark.parametrize("name", ["missing/x.npz", "missing/x.parquet", "folder.npz"])
def test_an_error_names_the_file_that_was_asked_for(example, tmp_path, name):
    (tmp_path / "folder.npz").mkdir()
    with pytest.raises(OSError, match="directory") as error:
        example.save(tmp_path / name)
    assert isinstance(error.value, FileNotFoundError | IsADirectoryError)
    assert (error.value.filename, error.value.filename2) == (str(tmp_path / name), None)
    assert [path.name for path in tmp_path.iterdir()] == ["folder.npz"]


def test_a_file_that_is_no_result_is_an_error(example, tmp_path):
    with pytest.raises(ConfigError, match=r"\.npz or \.parquet"):
        example.save(tmp_path / "run.csv")
    with pytest.raises(ConfigError, match=r"\.npz or \.parquet"):
        load_result(tmp_path / "run.csv")
    with pytest.raises(FileNotFoundError):
        load_result(tmp_path / "none.npz")
    for name in ("bad.npz", "bad.parquet"):
        (tmp_path / name).write_bytes(b"PK\x03\x04 nonsense")
        with pytest.raises(DataError, match=name):
            load_result(tmp_path / name)
    np.savez(tmp_path / "other.npz", a=np.arange(3))
    with pytest.raises(DataError, match="not a saved result"):
        load_result(tmp_path / "other.npz")


def test_what_is_no_result_says_only_that(tmp_path):
    (tmp_path / "text.npz").write_text("not an archive\n")
    with (tmp_path / "column.npz").open("wb") as stream:
        np.save(stream, np.ones(3))
    np.savez(tmp_path / "objects.npz", document=np.array([{}], object), allow_pickle=True)
    (tmp_path / "text.parquet").write_text("not a table\n")
    parquet = pytest.importorskip("pyarrow.parquet")
    parquet.write_table(pytest.importorskip("pyarrow").table({"document": [1]}), tmp_path / "number.parquet")
    for path in tmp_path.iterdir():
        with pytest.raises(DataError) as error:
            load_result(path)
        assert str(error.value) == f"{path}: not a saved result"


@pytest.mark.parametrize("suffix", [".npz", ".parquet"])
def test_a_file_of_another_version_is_an_error(example, tmp_path, suffix):
    document = archive.Document(fingerprint="", metrics={}, manifest={}, logs=[], dtypes={}, version=1)
    archive.write(tmp_path / f"old{suffix}", {"trades": example.trades}, document)
    with pytest.raises(DataError, match="version is 1, this btcore reads version 2"):
        load_result(tmp_path / f"old{suffix}")
