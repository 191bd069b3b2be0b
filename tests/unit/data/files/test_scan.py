"""A file in pieces gives the rows, stored bytes and errors of the whole file."""

import gzip
import zipfile
from itertools import pairwise

import numpy as np
import polars as pl
import pytest

from btcore.data import Bars, Catalog, Quotes, Trades, read_csv, read_parquet, scan_csv, scan_parquet
from btcore.errors import DataError

START = 1_704_067_200 * 10**9


SECOND = 10**9


def quotes(n=1000):
    rng = np.random.default_rng(5)
    bid = np.round(100 + 0.01 * np.cumsum(rng.integers(-1, 2, n)), 2)
    size = rng.integers(0, 100, n).astype(float)
    return Quotes(START + np.sort(rng.integers(0, n, n)) * SECOND, bid, bid + 0.01, size, size + 1)


def cut(data, *rows):
    """The data in pieces, cut before each of these rows."""
    edges = [0, *rows, len(data)]
    return [
        type(data)(**{name: column[a:b] for name, column in data.columns.items()}, **data._meta())
        for a, b in pairwise(edges)
    ]


def files(root):
    return {path.name: path.read_bytes() for path in root.rglob("*.npy")}


def joined(pieces):
    pieces = list(pieces)
    names = pieces[0].columns
    return type(pieces[0])(
        **{name: np.concatenate([piece.columns[name] for piece in pieces]) for name in names},
        **pieces[0]._meta(),
    )


bars = Bars(START + 60 * SECOND * np.arange(500), *[np.full(500, 2.0)] * 4, interval="1min", source="mid")


trades = Trades(START + np.arange(500), np.linspace(-1, 1, 500), side=np.ones(500), negative_prices=True)


@pytest.mark.parametrize("data", [quotes(), bars, trades], ids=["quotes", "bars", "trades"])
@pytest.mark.parametrize("rows", [(), (1,), (499,), (100, 200, 200, 333)])
def test_pieces_are_stored_as_one_container(tmp_path, data, rows):
    whole, streamed = Catalog(tmp_path / "whole"), Catalog(tmp_path / "streamed")
    expected = whole.write("A", data)
    assert streamed.write_stream({"A": iter(cut(data, *rows))}) == expected
    assert streamed.list() == whole.list()
    assert files(streamed.path) == files(whole.path)
    assert (streamed.path / "index.json").read_bytes() == (whole.path / "index.json").read_bytes()
    assert streamed.read("A", expected[0].resolution) == data
    assert (
        streamed.write_stream({"A": cut(data, 7)}) == expected
    )  # writing the same data again changes nothing
    assert len(list((streamed.path / "datasets").iterdir())) == 1


def test_a_stream_replaces_its_dataset_and_no_other(tmp_path):
    catalog = Catalog(tmp_path)
    catalog.write("A", quotes(10))
    catalog.write("B", quotes(20))
    catalog.write_stream({"A": cut(quotes(), 400), "C": cut(bars, 3)})
    assert [(entry.symbol, entry.rows) for entry in catalog.list()] == [("A", 1000), ("B", 20), ("C", 500)]


def shifted(data, ns):
    return type(data)(**(data.columns | {"timestamp": data.timestamp + ns}), **data._meta())


@pytest.mark.parametrize(
    ("pieces", "message"),
    [
        ([], "there is nothing to write, no piece has rows"),
        ([Quotes([], [], [])], "there is nothing to write, no piece has rows"),
        ([quotes(), quotes()], r"quotes\[1000\]: unsorted: earlier than the row before"),
        (
            [bars, shifted(bars, 500 * 60 * SECOND - 1)],
            r"bars\[500\]: the end is after the next bar begins",
        ),
        ([bars, shifted(bars, 499 * 60 * SECOND)], r"bars\[500\]: duplicate bar"),
        ([quotes(), trades], "trades of timestamp, price, side .* cannot follow quotes of timestamp, bid"),
        ([trades, Trades([2**62], [1.0])], "trades of timestamp, price .* cannot follow"),
        (
            [trades, Trades([2**62], [1.0], side=[1])],
            "negative_prices=False.* cannot follow .*negative_prices=True",
        ),
    ],
)
def test_on_an_error_nothing_is_changed(tmp_path, pieces, message):
    catalog = Catalog(tmp_path)
    catalog.write("A", quotes(10))
    before = files(tmp_path)
    with pytest.raises(DataError, match=message):
        catalog.write_stream({"B": [quotes(50)], "A": iter(pieces)})
    assert [(entry.symbol, entry.rows) for entry in catalog.list()] == [("A", 10)]
    catalog.write("A", quotes(10))  # removes unused files
    assert files(tmp_path) == before
    assert not list((tmp_path / "datasets").glob("partial-*"))


def test_ticks_of_one_time_may_lie_in_two_pieces(tmp_path):
    pieces = [Trades([1, 2], [1, 1]), Trades([2, 3], [1, 1])]
    assert Catalog(tmp_path).write_stream({"A": pieces})[0].rows == 4


def csv_of(data, form):
    frame = data.to_polars()
    if form == "ns":
        frame = frame.with_columns(pl.col("timestamp").to_physical())
    else:
        frame = frame.with_columns(pl.col("timestamp").dt.strftime(form))
    return frame.write_csv()


@pytest.mark.parametrize("form", ["ns", "%Y-%m-%dT%H:%M:%S%.9fZ", "%Y-%m-%d %H:%M:%S"])
@pytest.mark.parametrize("rows", [1, 7, 1000, 5000])
def test_a_csv_in_pieces(tmp_path, form, rows):
    data = quotes(50 if rows == 1 else 1000)
    file = tmp_path / "q.csv"
    file.write_text(csv_of(data, form))
    pieces = list(scan_csv(file, "quotes", rows=rows))
    assert joined(pieces) == read_csv(file, "quotes") == data
    assert max(map(len, pieces)) <= rows
    assert len(pieces) == -(-len(data) // rows)


def test_compressed_csv_options_and_bars(tmp_path):
    text = csv_of(bars, "%d.%m.%Y %H:%M").replace(",", ";")
    (tmp_path / "b.csv").write_text(text)
    with gzip.open(tmp_path / "b.csv.gz", "wt") as stream:
        stream.write(text)
    with zipfile.ZipFile(tmp_path / "b.zip", "w") as archive:
        archive.writestr("inside.csv", text)
    options = {
        "delimiter": ";",
        "time_format": "%d.%m.%Y %H:%M",
        "interval": "1min",
        "timezone": "Asia/Tokyo",
    }
    for name in ("b.csv", "b.csv.gz", "b.zip"):
        pieces = scan_csv(tmp_path / name, rows=99, source="mid", **options)
        assert joined(pieces) == read_csv(tmp_path / name, source="mid", **options)


def test_a_parquet_in_pieces(tmp_path):
    data = quotes()
    data.to_polars().write_parquet(tmp_path / "q.parquet", row_group_size=130)
    assert joined(scan_parquet(tmp_path / "q.parquet", "quotes", rows=77)) == data
    assert read_parquet(tmp_path / "q.parquet", "quotes") == data


ROWS = [f"{START + i},{i + 1}" for i in range(20)]


def changed(**rows):
    lines = list(ROWS)
    for name, line in rows.items():
        lines[int(name[1:])] = line
    return lines


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (changed(r13=f"{START + 13},-1"), "row 15: price is not positive"),
        (changed(r13=f"{START + 13},x"), "row 15: price is not a number"),
        (changed(r13=f"{START + 13},"), "row 15: price is missing"),
        (changed(r10=f"{START},1"), "row 12: unsorted: earlier than the row before"),  # the first of a piece
        (changed(r10="", r12=f"{START},1"), "row 12: timestamp is missing"),
        (changed(r13="someday,1"), r"row 1[25]: timestamp '.*' is not"),
        (changed(r10="", r11="", r12="", r13="", r14="", r15=""), "row 12: timestamp is missing"),
        (
            [f"2024-01-01T00:00:{i:02d}Z,1" for i in range(15)]
            + [f"2024-01-01T00:00:{i},1" for i in range(15, 20)],
            "row 17: timestamp 2024-01-01T00:00:15 is written as 'naive', but those before it as 'zoned'",
        ),
        (
            [f"2024-01-01T00:00:{i:02d},1" for i in range(15)] + ROWS[15:],
            "row 17: .* is written as 'ns', but those before it as 'naive'",
        ),
    ],
)
def test_errors_name_the_row_of_the_file(tmp_path, lines, message):
    file = tmp_path / "t.csv"
    file.write_text("time,price\n" + "\n".join(lines) + "\n")
    with pytest.raises(DataError, match=rf"^t\.csv {message}"):
        list(scan_csv(file, "trades", rows=5))
    with pytest.raises(DataError, match=r"^t\.csv"):
        read_csv(file, "trades")


def test_numbers_keep_their_unit_from_piece_to_piece(tmp_path):
    """The unit of a whole file follows from its largest number, that of pieces from the first piece."""
    file = tmp_path / "t.csv"
    file.write_text("time,price\n99999999998,1\n99999999999,1\n100000000000,1\n100000000001,1\n")
    assert joined(scan_csv(file, "trades", rows=2, unit="us")) == read_csv(file, "trades", unit="us")
    with pytest.raises(
        DataError, match=r"t\.csv row 2: timestamp 99999999998 is 5138-11-16T09:46:38Z in seconds, outside"
    ):
        list(scan_csv(file, "trades", rows=2))
    file.write_text("time,price\n20240101,1\n20240102,1\n1704067200,1\n1704067201,1\n")
    with pytest.raises(
        DataError,
        match=r"t\.csv row 4: timestamp 1704067200 is not a date YYYYMMDD",
    ):
        list(scan_csv(file, "trades", rows=2))


def test_empty_lines_at_the_end_are_ignored(tmp_path):
    file = tmp_path / "t.csv"
    for blanks in (1, 4, 5, 6, 17):
        file.write_text("time,price\n" + "\n".join(ROWS) + "\n" * (blanks + 1))
        assert joined(scan_csv(file, "trades", rows=5)) == read_csv(file, "trades")
        assert len(read_csv(file, "trades")) == 20


def test_what_cannot_be_read_in_pieces(tmp_path):
    file = tmp_path / "t.csv"
    for text in ("", "time,price\n", "time,price\n\n\n"):
        file.write_text(text)
        with pytest.raises(DataError, match=r"t\.csv: the file has no rows"):
            list(scan_csv(file, "trades"))
    file.write_text("time,open,high,low,close\n2024-01-02,1,1,1,1\n")
    with pytest.raises(DataError, match=r"t\.csv: bars in pieces need interval="):
        next(scan_csv(file, "bars"))
    for interval in ("1w", "1mo", "1q", "1y"):
        message = rf"t\.csv: bars of {interval} cannot be read in pieces, .*; read_\* reads the whole file"
        with pytest.raises(DataError, match=message):
            next(scan_csv(file, "bars", interval=interval))
    with pytest.raises(DataError, match="rows: 0 is not a positive number"):
        next(scan_csv(file, "trades", rows=0))
    with pytest.raises(FileNotFoundError):
        next(scan_parquet(tmp_path / "none.parquet", "trades"))
    (tmp_path / "x.parquet").write_bytes(b"rubbish" * 10)
    with pytest.raises(DataError, match=r"x\.parquet: not a readable"):
        next(scan_parquet(tmp_path / "x.parquet", "trades"))
    (tmp_path / "bad.csv.gz").write_bytes(b"\x1f\x8b\x08garbage")
    with pytest.raises(DataError, match=r"bad\.csv\.gz: not a readable"):
        next(scan_csv(tmp_path / "bad.csv.gz", "trades"))
