"""Ends of bars, both sides, an unknown volume, crossed quotes and notes are stored, whole or in pieces."""

import json
from itertools import pairwise

import numpy as np
import pytest

import btcore as bt
from btcore.data import Bars, Catalog, Entry, Quotes
from btcore.data.containers import from_columns
from btcore.errors import DataError

HOUR = 3600 * 10**9
START = 1_704_067_200 * 10**9
TIMES = START + HOUR * np.arange(12)
ENDS = TIMES + HOUR
SHORT = ENDS - np.where(np.arange(12) % 7 == 6, HOUR // 2, 0)  # rows 6 is half an hour long
PRICES = [np.linspace(10.0, 12.0, 12)] * 4
SIDES = {"bid": [np.linspace(9.9, 11.9, 12)] * 4, "ask": [np.linspace(10.1, 12.1, 12)] * 4}

DATASETS = {
    "own ends": Bars(TIMES, *PRICES, np.ones(12), interval="1h", end=SHORT),
    "a last short bar": Bars(TIMES, *PRICES, interval="1h", end=np.append(ENDS[:-1], ENDS[-1] - 1)),
    "a first short bar": Bars(TIMES, *PRICES, interval="1h", end=np.append(ENDS[0] - 1, ENDS[1:])),
    "no volume": Bars(TIMES, *PRICES, interval="1h"),
    "both sides": Bars(TIMES, **SIDES, interval="1h"),
    "both sides and own ends": Bars(TIMES, *PRICES, np.ones(12), **SIDES, interval="1h", end=SHORT),
    "crossed quotes": Quotes(TIMES, *[np.linspace(10.0, 12.0, 12), np.full(12, 11.0)], crossed="keep"),
}


def pieces(data, *rows):
    """The data in pieces, cut before these rows. Each is built by itself, so only some have own ends."""
    edges = [0, *rows, len(data)]
    columns = data.columns | ({"end": data.end} if isinstance(data, Bars) else {})
    return [
        from_columns(data.kind, {name: column[a:b] for name, column in columns.items()}, data._meta())
        for a, b in pairwise(edges)
    ]


def files(root):
    return {path.name: path.read_bytes() for path in root.rglob("*.npy")}


@pytest.mark.parametrize("name", DATASETS)
def test_what_is_read_is_what_was_written(tmp_path, name):
    data = DATASETS[name].with_notes(("times: epoch milliseconds", "rows dropped: 2"))
    (entry,) = Catalog(tmp_path).write("A", data)
    found = Catalog(tmp_path).read("A", entry.resolution)
    assert found == data
    assert list(found.columns) == list(data.columns) == list(entry.columns)
    assert found.content_hash == data.content_hash
    assert found.notes == data.notes
    if isinstance(data, Bars):
        assert found.end.tolist() == data.end.tolist()
        assert (found.volume is None) == (data.volume is None)


@pytest.mark.parametrize("name", DATASETS)
@pytest.mark.parametrize("rows", [(1,), (6,), (7,), (3, 6, 7, 11), tuple(range(1, 12))])
def test_pieces_are_stored_as_one_container(tmp_path, name, rows):
    data = DATASETS[name]
    cut = pieces(data, *rows)
    assert sum(map(len, cut)) == len(data)
    expected = Catalog(tmp_path / "whole").write("A", data)
    assert Catalog(tmp_path / "pieces").write_stream({"A": iter(cut)}) == expected
    assert files(tmp_path / "pieces") == files(tmp_path / "whole")
    assert Catalog(tmp_path / "pieces").read("A", expected[0].resolution) == data


def test_only_some_pieces_have_ends_of_their_own():
    """The test above covers what it says."""
    with_ends = ["end" in piece.columns for piece in pieces(DATASETS["own ends"], 3, 6, 7)]
    assert with_ends == [False, False, True, False]


def test_many_rows_before_the_first_own_end(tmp_path, monkeypatch):
    monkeypatch.setattr("btcore.data.catalog.pieces._BLOCK", 4)
    data = DATASETS["a last short bar"]
    expected = Catalog(tmp_path / "whole").write("A", data)
    assert Catalog(tmp_path / "pieces").write_stream({"A": pieces(data, 11)}) == expected
    assert files(tmp_path / "pieces") == files(tmp_path / "whole")


def test_a_bar_may_not_end_after_the_next_piece_begins(tmp_path):
    long = Bars(TIMES[:2], *[[1.0, 1.0]] * 4, interval="1h", end=[ENDS[0], ENDS[1] + 1])
    short = Bars(TIMES[2:4], *[[1.0, 1.0]] * 4, interval="1h")
    with pytest.raises(DataError, match=r"bars\[2\]"):
        Catalog(tmp_path).write_stream({"A": [long, short]})
    with pytest.raises(DataError, match=r"bars of .*volume.* cannot follow bars of"):
        Catalog(tmp_path).write_stream({"A": [short, Bars(TIMES[4:5], *[[1.0]] * 5, interval="1h")]})
    assert Catalog(tmp_path).list() == []


def test_the_notes_of_pieces_are_kept_once_and_in_order(tmp_path):
    first, second, third = pieces(DATASETS["no volume"], 4, 8)
    streams = [
        first.with_notes(("utc", "2 dropped")),
        second.with_notes(("utc",)),
        third.with_notes(("end",)),
    ]
    (entry,) = Catalog(tmp_path).write_stream({"A": streams})
    assert entry.notes == ("utc", "2 dropped", "end")
    assert Catalog(tmp_path).read("A", "hour").slice(START + HOUR).notes == entry.notes


def test_other_notes_alone_change_the_index_and_no_file(tmp_path):
    catalog = Catalog(tmp_path)
    catalog.write("A", DATASETS["own ends"].with_notes(("read from one file",)))
    before = files(tmp_path)
    catalog.write("A", DATASETS["own ends"].with_notes(("read from another",)))
    assert catalog.read("A", "hour").notes == ("read from another",)
    assert files(tmp_path) == before


def test_an_index_has_new_fields_only_where_they_are_used(tmp_path):
    catalog = Catalog(tmp_path)
    catalog.write("A", Bars(TIMES, *PRICES, np.ones(12), interval="1h"))
    (written,) = json.loads((tmp_path / "index.json").read_text())["datasets"]
    assert "notes" not in written
    assert "crossed" not in written
    assert set(written) < set(Entry.__struct_fields__)


def test_a_run_over_stored_bars_equals_that_over_the_container(tmp_path):
    data = DATASETS["own ends"].with_notes(("times: local in America/New_York",))
    Catalog(tmp_path).write("A", data)
    stored = bt.run({"A": Catalog(tmp_path).read("A", "hour")}, "buy_and_hold")
    given = bt.run({"A": data}, "buy_and_hold")
    assert stored.fingerprint == given.fingerprint
    assert stored.logs == given.logs
    assert stored.manifest["data"] == given.manifest["data"]
    assert stored.logs[0] == "A bars: times: local in America/New_York"
