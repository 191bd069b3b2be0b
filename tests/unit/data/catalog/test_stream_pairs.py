"""`Catalog.write_stream` of pairs: several datasets of one symbol at once."""

from pathlib import Path

import pytest

import btcore as bt

DAYS = bt.sample_bars("A", "2024-01-01", "2024-01-20", "1d")
MINUTES = bt.sample_bars("A", "2024-01-02", "2024-01-03", "1min")


def test_pairs_write_several_datasets_of_a_symbol(tmp_path: Path) -> None:
    entries = bt.Catalog(tmp_path).write_stream([("A", [DAYS]), ("A", [MINUTES]), ("B", [DAYS])])
    assert [(entry.symbol, entry.resolution) for entry in entries] == [
        ("A", "day"),
        ("A", "minute"),
        ("B", "day"),
    ]
    assert bt.Catalog(tmp_path).read("A", "minute") == MINUTES


def test_two_pairs_of_the_same_dataset_are_refused_and_nothing_is_written(tmp_path: Path) -> None:
    catalog = bt.Catalog(tmp_path)
    catalog.write("A", MINUTES)
    with pytest.raises(bt.DataError, match="A: two datasets of the same resolution, kind and source"):
        catalog.write_stream([("A", [DAYS]), ("B", [DAYS]), ("A", [DAYS])])
    assert [(entry.symbol, entry.resolution) for entry in catalog.list()] == [("A", "minute")]
