"""The catalog returns what was written, by symbol and resolution."""

import tempfile
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from catalog_data import ROWS, bars
from hypothesis import given, settings
from hypothesis import strategies as st

from btcore.data import Bars, Catalog, Quotes, Source, Trades
from btcore.errors import DataError

SECOND = 10**9


TIMES = np.arange(ROWS) * 60 * SECOND


QUOTES = Quotes(TIMES, np.full(ROWS, 1.0), np.full(ROWS, 2.0))


TRADES = Trades(TIMES, np.full(ROWS, 1.5), np.arange(1.0, ROWS + 1), np.ones(ROWS, np.int8))


def files(catalog):
    return sorted(str(p.relative_to(catalog.path)) for p in catalog.path.rglob("*") if p.is_file())


def test_what_is_written_is_read(catalog):
    for data in (bars(), bars(2.0, "1d"), QUOTES, TRADES):
        catalog.write("AAPL", data)
    assert catalog.read("AAPL", "minute") == bars()
    assert catalog.read("AAPL", "day") == bars(2.0, "1d")
    assert catalog.read("AAPL", "tick") == QUOTES
    assert catalog.read("AAPL", "tick", kind="trades") == TRADES
    assert catalog.load("AAPL", "tick", 0, 10**18) == (QUOTES, TRADES)
    assert catalog.symbols() == ["AAPL"]
    assert catalog.symbols("hour") == []


times = st.lists(st.integers(-(2**62), 2**62), min_size=1, max_size=30).map(sorted)


prices = st.floats(1e-9, 1e12, allow_nan=False)


@given(st.data(), times, st.text("ABab.=^:_-09", min_size=0, max_size=20), st.booleans())
@settings(deadline=None, max_examples=40)
def test_round_trip(data, stamps, name, sized):
    symbol = "S" + name
    price = data.draw(st.lists(prices, min_size=len(stamps), max_size=len(stamps)))
    trades = Trades(stamps, price, price if sized else None)
    start, end = (data.draw(st.sampled_from([None, *stamps])) for _ in range(2))
    with tempfile.TemporaryDirectory() as folder:
        (entry,) = Catalog(folder).write(symbol, trades)
        assert (entry.rows, entry.first, entry.last) == (len(stamps), stamps[0], stamps[-1])
        again = Catalog(folder).read(symbol, "tick", start, end)
        assert again == trades.slice(start, end)
        assert again.content_hash == trades.slice(start, end).content_hash


def test_reading_maps_files_without_checks_or_hashes(catalog, monkeypatch):
    catalog.write("AAPL", [QUOTES, bars()])
    for name in ("check_bars", "check_quotes", "check_trades"):
        monkeypatch.setattr(f"btcore.data.containers.{name}", lambda *a: pytest.fail("checked again"))
    quotes = catalog.read("AAPL", "tick")
    assert quotes._hash == QUOTES.content_hash
    assert isinstance(quotes.bid.base, np.memmap)
    assert not quotes.bid.flags.writeable
    part = catalog.read("AAPL", "tick", TIMES[1], TIMES[3])
    assert part._hash is None
    assert part.content_hash == QUOTES.slice(TIMES[1], TIMES[3]).content_hash


def test_ranges_are_half_open_and_in_any_form(catalog):
    catalog.write("AAPL", bars())
    assert catalog.read("AAPL", "minute", 60 * SECOND, 180 * SECOND).timestamp.tolist() == [
        60 * SECOND,
        120 * SECOND,
    ]
    assert (
        len(catalog.read("AAPL", "minute", "1970-01-01T00:01", datetime(1970, 1, 1, 0, 3, tzinfo=UTC))) == 2
    )
    assert len(catalog.read("AAPL", "minute", end=np.datetime64("1970-01-01T00:03"))) == 3
    assert len(catalog.read("AAPL", "minute", "2000-01-01")) == 0
    with pytest.raises(DataError, match="start: 'soon' is not an ISO 8601 date"):
        catalog.read("AAPL", "minute", "soon")


def test_trade_bars_come_before_mids(catalog):
    catalog.write("AAPL", [bars(2.0, source="mid"), bars(3.0, source="other")])
    assert catalog.read("AAPL", "minute").source == "mid"
    catalog.write("AAPL", bars(1.0))
    assert catalog.read("AAPL", "minute").source == "trade"
    assert catalog.load("AAPL", "minute", 0, 10**18) == (bars(1.0),)
    assert [entry.source for entry in catalog.list()] == ["mid", "other", "trade"]


def test_writing_replaces_and_leaves_nothing_behind(catalog):
    catalog.write("AAPL", [bars(1.0), TRADES])
    mapped = catalog.read("AAPL", "minute")
    before = files(catalog)
    catalog.write("AAPL", bars(2.0))
    assert catalog.read("AAPL", "minute") == bars(2.0)
    assert catalog.read("AAPL", "tick") == TRADES
    assert mapped == bars(1.0)  # data already read do not change
    assert len(files(catalog)) == len(before)
    catalog.write("AAPL", bars(2.0))  # the same again
    assert catalog.read("AAPL", "minute") == bars(2.0)
    assert len(files(catalog)) == len(before)


def test_delete(catalog):
    catalog.write("AAPL", [bars(), bars(source="mid"), QUOTES, TRADES])
    catalog.write("MSFT", bars())
    assert catalog.delete("AAPL", source="mid") == 1
    assert catalog.delete("AAPL", "tick", kind="quotes") == 1
    assert catalog.delete("AAPL", "hour") == 0
    assert [entry.key for entry in catalog.list()] == [
        ("AAPL", "minute", "bars", "trade"),
        ("AAPL", "tick", "trades", ""),
        ("MSFT", "minute", "bars", "trade"),
    ]
    assert catalog.delete("AAPL") == 2
    assert catalog.symbols() == ["MSFT"]
    assert len(list((catalog.path / "datasets").iterdir())) == 1
    assert Catalog(catalog.path / "none").delete("AAPL") == 0
    assert not (catalog.path / "none").exists()


@pytest.mark.parametrize(
    "symbol",
    [
        "../x",
        "..",
        "",
        ".",
        "^",
        "//x",
        "a\\b",
        "a b",
        "a\tb",
        "x" * 33,
        "^" + "x" * 32,
        "A\n",
        "-A",
        "ä",
        "\0",
        5,
        None,
    ],
)
def test_invalid_symbols_are_refused(catalog, symbol):
    with pytest.raises(DataError, match="symbol"):
        catalog.write(symbol, bars())
    with pytest.raises(DataError, match="symbol"):
        catalog.read(symbol, "minute")
    assert not catalog.path.exists()


def test_symbols_are_no_paths_and_case_matters(catalog):
    odd = [
        "A..",
        "con",
        "nul.txt",
        "aapl",
        "AAPL",
        "Aapl",
        "a/b",
        "a/../../b",
        "/tmp",
        "x" * 32,
        "^GSPC",
        "BTC/USD",
        "ES1!",
    ]
    for i, symbol in enumerate(odd):
        catalog.write(symbol, bars(float(i + 1)))
    assert [catalog.read(s, "minute").close[0] for s in odd] == [float(i + 1) for i in range(len(odd))]
    names = [p.name for p in (catalog.path / "datasets").iterdir()]
    assert len({name.lower() for name in names}) == len(odd)
    assert all(set(name) <= set("0123456789abcdef-") for name in names)


def test_errors_for_missing_data_list_what_there_is(catalog):
    with pytest.raises(DataError, match="no day data of 'AAPL'; the catalog is empty"):
        catalog.read("AAPL", "day")
    catalog.write("AAPL", bars())
    there = "there is minute bars from 1970-01-01T00:00:00Z to 1970-01-01T00:09:00Z"
    with pytest.raises(DataError, match=f"no day data of 'AAPL'; {there}"):
        catalog.read("AAPL", "day")
    with pytest.raises(DataError, match=f"from 2020-01-01T00:00:00Z to .*; {there}"):
        catalog.load("AAPL", "minute", 1577836800 * SECOND, 1577836801 * SECOND)
    with pytest.raises(DataError, match=r"no minute data of 'MSFT'.*; the symbols with data are AAPL"):
        catalog.load("MSFT", "minute", 0, 1)
    with pytest.raises(DataError, match="resolution: 'weekly' is not tick, second, minute, hour, day"):
        catalog.read("AAPL", "weekly")
    with pytest.raises(DataError, match="kind: 'candles' is not one of"):
        catalog.read("AAPL", "minute", kind="candles")
    for i in range(30):
        catalog.write(f"S{i:02d}", bars(rows=1))
    with pytest.raises(DataError, match="S18 and 11 more"):
        catalog.read("MSFT", "minute")


def test_ticks_of_one_kind_in_the_range(catalog):
    catalog.write("AAPL", [QUOTES.slice(TIMES[5], None), TRADES])
    assert catalog.load("AAPL", "tick", 0, TIMES[5]) == (TRADES.slice(0, TIMES[5]),)


def test_what_cannot_be_written(catalog):
    with pytest.raises(DataError, match="resolution minute, not day"):
        catalog.write("AAPL", bars(), "day")
    with pytest.raises(DataError, match="the quotes have no rows"):
        catalog.write("AAPL", [bars(), QUOTES.slice(0, 0)])
    with pytest.raises(DataError, match="two datasets of the same resolution"):
        catalog.write("AAPL", [bars(), bars(2.0)])
    with pytest.raises(DataError, match="can be written, not int"):
        catalog.write("AAPL", [5])
    with pytest.raises(DataError, match="nothing to write"):
        catalog.write("AAPL", [])
    assert not catalog.path.exists()


def test_an_error_in_the_middle_writes_nothing(catalog, monkeypatch):
    catalog.write("AAPL", bars())
    saved, real = [], np.save

    def failing(*args, **kwargs):
        saved.append(args)
        if len(saved) > 8:
            raise OSError("no space left on device")
        real(*args, **kwargs)

    monkeypatch.setattr(np, "save", failing)
    with pytest.raises(OSError, match="no space left"):
        catalog.write("AAPL", [bars(2.0), TRADES])
    assert catalog.read("AAPL", "minute") == bars()
    assert catalog.symbols("tick") == []
    monkeypatch.undo()
    catalog.write("MSFT", bars(3.0))
    assert len(list((catalog.path / "datasets").iterdir())) == 2


def test_it_is_a_source(catalog):
    assert isinstance(catalog, Source)
    assert catalog.data_source == "catalog"
    assert repr(catalog) == f"Catalog({str(Path(catalog.path))!r})"


@given(st.integers(-3, 12), st.integers(1, 14), st.sampled_from(["A", "B"]), st.sampled_from(["day", "hour"]))
@settings(max_examples=100, deadline=None)
def test_check_raises_what_load_raises(first, length, symbol, resolution):
    """There are bars on days 0, 1 and 8; a range may contain some, lie between them or miss them."""
    day = 86400 * 10**9
    with tempfile.TemporaryDirectory() as folder:
        catalog = Catalog(folder)
        ones = [1.0, 1.0, 1.0]
        catalog.write("A", Bars(np.array([0, 1, 8]) * day, ones, ones, ones, ones, interval="1d"))
        arguments = (symbol, resolution, first * day, (first + length) * day)
        verdicts = []
        for method in (catalog.check, catalog.load):
            try:
                method(*arguments)
                verdicts.append("")
            except DataError as error:
                verdicts.append(str(error))
    assert verdicts[0] == verdicts[1]
