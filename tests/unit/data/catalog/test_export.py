"""A catalog is exported to Parquet, Arrow and CSV, and read back equal to the last bit."""

import json

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from catalog_data import bars

import btcore as bt
from btcore.data import Bars, Catalog, Quotes, Trades
from btcore.errors import DataError

FORMATS = ("parquet", "arrow", "csv")
HOUR = 3600 * 10**9
START = 1_704_067_200 * 10**9
TIMES = START + HOUR * np.arange(12) + np.arange(12)
NUMBERS = np.array(
    [0.1, 1e-300, 1e22, 5e-324, 1.0, 123456.789012345678, 2**53 + 2, 3.3, 0.2, 1e-7, 9.0, 1 / 3]
)
LEVEL = [NUMBERS, NUMBERS, NUMBERS, NUMBERS]
SHORT = TIMES + HOUR - np.where(np.arange(12) % 7 == 6, HOUR // 2, 0)
MONTHS = np.array(["2024-01-01", "2024-02-01", "2024-03-01"], "M8[ns]")
FEW = [np.array([1.5, -0.0, -2.5])] * 4

DATASETS = {
    "own ends": Bars(TIMES, *LEVEL, NUMBERS, interval="1h", end=SHORT),
    "no volume": Bars(TIMES[:6], *[NUMBERS[:6]] * 4, interval="30min"),
    "both sides": Bars(TIMES, bid=LEVEL, ask=LEVEL, interval="30min"),
    "months": Bars(MONTHS, *FEW, interval="1mo", negative_prices=True, timezone="America/New_York"),
    "weeks": Bars(START + 7 * 24 * HOUR * np.arange(3), *FEW, interval="1w", negative_prices=True),
    "irregular": Bars(TIMES[:3], *FEW, interval=0, end=TIMES[:3] + 1, negative_prices=True),
    "sizes": Quotes(TIMES, NUMBERS, NUMBERS, NUMBERS, NUMBERS),
    "crossed": Quotes(TIMES, NUMBERS + 1.0, NUMBERS, crossed="keep"),
    "negative quotes": Quotes(TIMES[:3], FEW[0], FEW[0], negative_prices=True),
    "prices only": Trades(TIMES, NUMBERS),
    "sides": Trades(TIMES, NUMBERS, NUMBERS, np.array([1, 0, -1] * 4)),
    "times": Trades(np.array([-(2**62), -1, 0, 2**62]), np.ones(4)),
    "one row": Trades(TIMES[:1], NUMBERS[:1], side=[1]),
}


def fill(catalog):
    """A symbol for each dataset, some with names that no file may have, and two definitions."""
    for i, (name, data) in enumerate(DATASETS.items()):
        catalog.write(f"S/{i}", data.with_notes((f'{name}: read from a file, "quoted"', "second")))
    catalog.write("^GSPC", [bars(), bars(2.0, "5min"), bars(source="mid"), DATASETS["sides"]])
    catalog.define("^GSPC", bt.Instrument(tick_size=0.1), timezone="America/New_York")
    catalog.define("ONLY", names=[("2020-01-02", "OLD")])
    return catalog


def same(found, catalog):
    """Whether two catalogs have equal datasets, bit for bit, and definitions."""
    assert found.list() == catalog.list()
    assert found.definitions() == catalog.definitions()
    for entry in catalog.list():
        mine, theirs = (
            each.read(entry.symbol, entry.resolution, kind=entry.kind, source=entry.source)
            for each in (found, catalog)
        )
        assert mine == theirs
        assert (mine.notes, mine.timezone, mine.resolution) == (
            theirs.notes,
            theirs.timezone,
            theirs.resolution,
        )
        for name, column in theirs.columns.items():
            assert mine.columns[name].tobytes() == column.tobytes()
    return True


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("block", [2**19, 5])
def test_an_export_is_read_back_equal_to_the_last_bit(catalog, tmp_path, format, block, monkeypatch):
    monkeypatch.setattr("btcore.data.catalog.export.writing.BLOCK", block)
    monkeypatch.setattr("btcore.data.catalog.export.reading.BLOCK", block)
    monkeypatch.setattr("btcore.data.catalog.export.reading._CSV_BYTES", 32 * block)
    fill(catalog)
    written = catalog.export(tmp_path / "out", format)
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == sorted(
        ["export.json", *(file.file for file in written)]
    )
    found = Catalog(tmp_path / "back")
    assert sorted(found.import_export(tmp_path / "out"), key=lambda e: e.key) == catalog.list()
    assert same(found, catalog)
    assert same(Catalog(found.path), catalog)


@pytest.mark.parametrize("format", FORMATS)
def test_the_blocks_of_rows_of_long_data_are_stored_again(catalog, tmp_path, format):
    many = 5000
    price = 100.0 + np.cumsum(np.random.default_rng(3).integers(-1, 2, many)) * 0.001
    catalog.write("A", Quotes(np.arange(many), price, price + 0.01))
    catalog.export(tmp_path / "out", format)
    (entry,) = Catalog(tmp_path / "back").import_export(tmp_path / "out")
    assert entry.blocks_hash
    assert same(Catalog(tmp_path / "back"), catalog)


def test_polars_reads_times_as_timestamps(catalog, tmp_path):
    catalog.write("A", DATASETS["own ends"])
    for format, read in (("parquet", pl.read_parquet), ("arrow", pl.read_ipc)):
        (file,) = catalog.export(tmp_path / format, format)
        frame = read(tmp_path / format / file.file)
        assert frame.schema["timestamp"] == frame.schema["end"] == pl.Datetime("ns", "UTC")
        assert frame["timestamp"].to_physical().to_list() == TIMES.tolist()
        assert frame["end"].to_physical().to_list() == SHORT.tolist()
        assert frame["close"].to_list() == NUMBERS.tolist()
    assert pl.scan_parquet(tmp_path / "parquet" / "*.parquet").select(pl.len()).collect().item() == 12


def test_duckdb_reads_times_as_timestamps(catalog, tmp_path):
    duckdb = pytest.importorskip("duckdb")
    catalog.write("A", DATASETS["sides"])
    (file,) = catalog.export(tmp_path / "out", "parquet")
    query = f"select epoch_ns(timestamp::timestamp_ns), price, side from '{tmp_path / 'out' / file.file}'"
    assert duckdb.sql(query).fetchall() == list(zip(TIMES, NUMBERS, [1, 0, -1] * 4, strict=True))


@pytest.mark.parametrize("name", ["own ends", "no volume", "both sides", "sizes", "sides", "prices only"])
@pytest.mark.parametrize("format", FORMATS)
def test_a_file_alone_is_read_by_the_reader_of_its_format(catalog, tmp_path, name, format):
    data = DATASETS[name]
    catalog.write("A", data)
    (file,) = catalog.export(tmp_path / "out", format)
    read = {"parquet": bt.read_parquet, "arrow": bt.read_arrow, "csv": bt.read_csv}[format]
    more = {"interval": file.interval, "source": file.source} if file.kind == "bars" else {}
    found = read(tmp_path / "out" / file.file, file.kind, **more)
    assert found == data
    assert found.content_hash == data.content_hash


def test_names_of_files_are_readable_and_differ_by_more_than_case(catalog, tmp_path):
    for symbol in ("BTC/USD", "BTC:USD", "aapl", "AAPL", ".X", "ES1!"):
        catalog.write(symbol, DATASETS["prices only"])
    catalog.write("AAPL", [bars(), bars(source="mid")])
    names = {(file.symbol, file.source): file.file for file in catalog.export(tmp_path / "out", "csv")}
    assert names == {
        ("BTC/USD", ""): "BTC_USD_tick_trades.csv",
        ("BTC:USD", ""): "BTC_USD_tick_trades_2.csv",
        ("AAPL", ""): "AAPL_tick_trades.csv",
        ("aapl", ""): "aapl_tick_trades_2.csv",
        ("AAPL", "trade"): "AAPL_minute_bars_trade.csv",
        ("AAPL", "mid"): "AAPL_minute_bars_mid.csv",
        (".X", ""): "_X_tick_trades.csv",
        ("ES1!", ""): "ES1__tick_trades.csv",
    }


def test_symbols_and_a_resolution_are_chosen(catalog, tmp_path):
    fill(catalog)
    assert {f.resolution for f in catalog.export(tmp_path / "a", symbols=["^GSPC"], resolution="60s")} == {
        "minute"
    }
    manifest = json.loads((tmp_path / "a" / "export.json").read_text())
    assert list(manifest["definitions"]) == ["^GSPC"]
    assert catalog.export(tmp_path / "b", symbols=["ONLY"]) == []
    found = Catalog(tmp_path / "c")
    assert found.import_export(tmp_path / "b") == []
    assert found.definition("ONLY") == catalog.definition("ONLY")
    for arguments, message in (
        ({"symbols": ["NONE"]}, "no data of 'NONE'; the symbols with data are"),
        ({"symbols": ["ONLY"], "resolution": "day"}, "no day data of 'ONLY'"),
        ({"symbols": ["S/0"], "resolution": "day"}, "no day data of 'S/0'; there is hour bars from"),
        ({"resolution": "1y"}, "no 1y data; the symbols with data are"),
        ({"symbols": "^GSPC"}, r"symbols: '\^GSPC' is not a list of symbols"),
        ({"format": "xlsx"}, "format: 'xlsx' is not one of parquet, arrow, csv"),
    ):
        with pytest.raises(DataError, match=message):
            catalog.export(tmp_path / "d", **arguments)
    with pytest.raises(DataError, match="no data; the catalog is empty"):
        Catalog(tmp_path / "none").export(tmp_path / "d")
    assert not (tmp_path / "d").exists()


def test_an_export_needs_a_new_or_an_empty_folder(catalog, tmp_path):
    catalog.write("A", bars())
    (tmp_path / "empty").mkdir()
    catalog.export(tmp_path / "empty")
    with pytest.raises(DataError, match="empty: the folder is not empty; an export needs a new"):
        catalog.export(tmp_path / "empty")
    (tmp_path / "file").write_text("mine")
    with pytest.raises(DataError, match="file: it is a file, not a folder"):
        catalog.export(tmp_path / "file")
    catalog.export(tmp_path / "deep" / "er" / "out")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["data", "deep", "empty", "file"]


def test_an_error_in_the_middle_leaves_no_folder(catalog, tmp_path, monkeypatch):
    catalog.write("A", [bars(), DATASETS["sides"]])
    (column,) = catalog.path.glob("datasets/*/side.npy")
    column.write_bytes(column.read_bytes()[:-1])
    with pytest.raises(DataError, match=r"side\.npy: not a readable column"):
        catalog.export(tmp_path / "out")
    assert [path.name for path in tmp_path.iterdir()] == ["data"]


def changed(file, old, new):
    content = file.read_bytes()
    assert old in content
    file.write_bytes(content.replace(old, new, 1))


def other_table(**columns):
    def write(file):
        table = pq.read_table(file)
        for name, column in columns.items():
            place = table.schema.get_field_index(name)
            table = table.set_column(place, name, column(table[name]))
        pq.write_table(table, file)

    return write


DAMAGE = [
    ("parquet", lambda f: f.write_bytes(f.read_bytes()[:-20]), "cannot be read; the file is damaged"),
    ("parquet", lambda f: f.write_bytes(b""), "cannot be read; the file is damaged"),
    ("parquet", other_table(low=lambda c: pc.subtract(c, 1e-12)), r"were exported \(content_hash\)"),
    ("parquet", other_table(close=lambda c: pc.multiply(c, 2.0)), "row 1: close > high"),
    ("parquet", other_table(close=lambda c: c.cast("float32")), "columns are not those that export.json"),
    ("parquet", other_table(timestamp=lambda c: c.cast(pa.timestamp("us", "UTC"))), "columns are not those"),
    ("parquet", other_table(close=lambda c: pa.nulls(10, pa.float64())), "columns are not those"),
    ("parquet", lambda f: pq.write_table(pq.read_table(f)[:9], f), r"exported \(rows, last, content_hash\)"),
    ("arrow", lambda f: f.write_bytes(f.read_bytes()[:200]), "cannot be read; the file is damaged"),
    (
        "arrow",
        lambda f: f.write_bytes(f.read_bytes().replace(b"\0\0\xf8\x3f", b"\1\0\xf8\x3f")),
        "content_hash|row 1",
    ),
    ("csv", lambda f: changed(f, b",1.5,", b",1.25,"), r"content_hash|open"),
    ("csv", lambda f: changed(f, b",1.5,", b",,"), "a value is missing"),
    ("csv", lambda f: changed(f, b",1.5,", b",x,"), "cannot be read; the file is damaged"),
    ("csv", lambda f: changed(f, b"high", b"hihg"), "first line is not the header"),
    ("csv", lambda f: changed(f, b"T00:01:00.000000000Z", b"T00:01"), "cannot be read; the file is damaged"),
    ("csv", lambda f: changed(f, b"T00:01:00", b"T00:03:00"), "row 3"),
    ("csv", lambda f: f.unlink(), "'A_minute_bars_trade.csv' is not a file in this folder"),
]


@pytest.mark.parametrize(("format", "damage", "message"), DAMAGE)
def test_a_damaged_file_changes_nothing(catalog, tmp_path, format, damage, message):
    out = tmp_path / "out"
    catalog.write("A", bars(1.5))
    catalog.write("B", bars(3.0))
    catalog.export(out, format)
    back = Catalog(tmp_path / "back")
    back.write("A", bars(9.0))
    before = {path: path.read_bytes() for path in back.path.rglob("*") if path.is_file()}
    damage(out / f"A_minute_bars_trade.{format}")
    with pytest.raises(DataError, match=message):
        back.import_export(out)
    assert {path: path.read_bytes() for path in back.path.rglob("*") if path.is_file()} == before


def in_manifest(**values):
    def change(file):
        manifest = json.loads(file.read_text())
        manifest["files"][0] |= values
        file.write_text(json.dumps(manifest))

    return change


MANIFESTS = [
    (lambda f: f.unlink(), "not an export of a catalog, there is no export.json in it"),
    (lambda f: f.write_text("{"), "export.json: it cannot be read"),
    (lambda f: f.write_bytes(b"\xff"), "export.json: it cannot be read"),
    (lambda f: f.write_text('{"version": 2, "new": 1}'), "export.json: version 2 cannot be read; version 1"),
    (in_manifest(file="../data/index.json"), "'../data/index.json' is not a file in this folder"),
    (in_manifest(file="/etc/passwd"), "'/etc/passwd' is not a file in this folder"),
    (in_manifest(symbol="a b"), "symbol: 'a b' is not"),
    (in_manifest(kind="candles"), "is not described as bars, quotes or trades"),
    (in_manifest(columns={"timestamp": "<i8", "price": "O"}), "is not described as"),
    (in_manifest(kind="trades"), "the columns are not those of trades"),
    (in_manifest(resolution="day"), r"were exported \(resolution\)"),
    (in_manifest(rows=3), r"were exported \(rows\)"),
    (in_manifest(content_hash="0" * 64), r"were exported \(content_hash\)"),
    (in_manifest(symbol="B"), "two files are the minute bars of B"),
]


@pytest.mark.parametrize(("change", "message"), MANIFESTS)
def test_a_damaged_manifest_changes_nothing(catalog, tmp_path, change, message):
    catalog.write("A", bars(1.5))
    catalog.write("B", bars(3.0))
    catalog.export(tmp_path / "out")
    change(tmp_path / "out" / "export.json")
    back = Catalog(tmp_path / "back")
    with pytest.raises(DataError, match=message):
        back.import_export(tmp_path / "out")
    assert back.list() == []
    assert list(back.path.glob("datasets/*")) == []


def test_a_folder_that_does_not_exist_is_no_export(catalog, tmp_path):
    with pytest.raises(DataError, match="out: not an export of a catalog, there is no such folder"):
        catalog.import_export(tmp_path / "out")
    assert not catalog.path.exists()


def test_an_import_replaces_equal_keys_and_leaves_the_rest(catalog, tmp_path):
    catalog.write("A", bars(1.5))
    catalog.define("A", bt.Instrument(tick_size=0.5))
    catalog.export(tmp_path / "out")
    back = Catalog(tmp_path / "back")
    back.write("A", [bars(9.0), bars(4.0, "1d")])
    back.write("B", bars(5.0))
    back.define("A", timezone="Asia/Tokyo")
    back.define("B", timezone="Asia/Tokyo")
    back.import_export(tmp_path / "out")
    assert back.read("A", "minute") == bars(1.5)
    assert back.read("A", "day") == bars(4.0, "1d")
    assert back.read("B", "minute") == bars(5.0)
    assert back.definition("A") == catalog.definition("A")
    assert back.definition("B").timezone == "Asia/Tokyo"
