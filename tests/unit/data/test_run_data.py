"""`run`, `sweep`, `leakcheck` and `merge` take tables and files; the result is that of the containers."""

import gzip
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pytest

import btcore as bt
from btcore.data.run_data import open_data

DAY = 86_400 * 10**9
START = 1_704_067_200 * 10**9
ROWS = 40
TIMES = START + DAY * np.arange(ROWS)
CLOSE = 100.0 + np.cumsum(np.random.default_rng(3).integers(-2, 3, ROWS)) * 0.5
COLUMNS = {
    "timestamp": TIMES.view("M8[ns]"),
    "open": CLOSE,
    "high": CLOSE + 1,
    "low": CLOSE - 1,
    "close": CLOSE,
    "volume": np.full(ROWS, 1000.0),
}
BARS = bt.Bars(**COLUMNS, interval="1d")
QUOTES = {"timestamp": TIMES.view("M8[ns]"), "bid": CLOSE, "ask": CLOSE + 0.5}
TRADES = {"timestamp": TIMES.view("M8[ns]"), "price": CLOSE, "size": np.ones(ROWS)}
GRID = {"short_period": [2, 3], "long_period": [5, 8]}
PARAMS = {"short_period": 2, "long_period": 5}


def structured(columns):
    array = np.empty(ROWS, [(name, column.dtype) for name, column in columns.items()])
    for name, column in columns.items():
        array[name] = column
    return array


TABLES = {
    "pandas": pd.DataFrame,
    "pandas with an index": lambda columns: pd.DataFrame(columns).set_index("timestamp"),
    "polars": pl.DataFrame,
    "polars LazyFrame": lambda columns: pl.DataFrame(columns).lazy(),
    "arrow": lambda columns: pl.DataFrame(columns).to_arrow(),
    "arrow batch": lambda columns: pl.DataFrame(columns).to_arrow().to_batches()[0],
    "dict": dict,
    "dict of lists": lambda columns: {
        name: column.tolist() if name != "timestamp" else column for name, column in columns.items()
    },
    "dict of lists with texts": lambda columns: {
        name: [str(x) for x in column.view("M8[ns]")] if name == "timestamp" else column.tolist()
        for name, column in columns.items()
    },
    "structured array": structured,
}


def write_zip(frame, path):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("inside.csv", frame.write_csv())


FILES = {
    "spy.csv": lambda frame, path: frame.write_csv(path),
    "spy.txt": lambda frame, path: frame.write_csv(path),
    "spy.csv.gz": lambda frame, path: path.write_bytes(gzip.compress(frame.write_csv().encode())),
    "spy.zip": write_zip,
    "spy.parquet": lambda frame, path: frame.write_parquet(path),
    "SPY.PQ": lambda frame, path: frame.write_parquet(path),
    "spy.feather": lambda frame, path: frame.write_ipc(path),
    "spy.arrow": lambda frame, path: frame.write_ipc(path),
    "spy.npz": lambda frame, path: np.savez(path, **{n: frame[n].to_numpy() for n in frame.columns}),
}


def written(name: str, columns, folder: Path) -> Path:
    FILES[name](pl.DataFrame(columns), folder / name)
    return folder / name


@pytest.mark.parametrize("form", TABLES)
def test_a_table_is_the_container_it_holds(form):
    expected = bt.run({"SPY": BARS}, "ma_crossover", PARAMS)
    assert len(expected.trades) > 2
    table = TABLES[form](COLUMNS)
    for result in (
        bt.run({"SPY": table}, "ma_crossover", PARAMS),
        bt.run(table, "ma_crossover", PARAMS, symbol="SPY"),
        bt.run({"SPY": (table,)}, "ma_crossover", PARAMS),
    ):
        assert result.fingerprint == expected.fingerprint
        assert result.trades.tobytes() == expected.trades.tobytes()


@pytest.mark.parametrize("name", FILES)
def test_a_file_is_the_container_it_holds(name, tmp_path):
    expected = bt.run({"SPY": BARS}, "ma_crossover", PARAMS)
    path = written(name, COLUMNS, tmp_path)
    for data, symbol in (
        ({"SPY": path}, None),
        ({"SPY": str(path)}, None),
        (path, "SPY"),
        (str(path), "SPY"),
    ):
        assert bt.run(data, "ma_crossover", PARAMS, symbol=symbol).fingerprint == expected.fingerprint


@pytest.mark.parametrize(("columns", "kind"), [(COLUMNS, "bars"), (QUOTES, "quotes"), (TRADES, "trades")])
def test_the_kind_follows_from_the_columns(columns, kind, tmp_path):
    sources = [make(columns) for make in TABLES.values()]
    sources += [written(name, columns, tmp_path) for name in FILES]
    for source in sources:
        found = open_data(source, "A")["A"]
        assert found.kind == kind
        assert found.timestamp.tolist() == TIMES.tolist()


def test_a_container_by_itself_needs_its_symbol():
    assert open_data(BARS, "SPY") == {"SPY": BARS}
    for data, shown in (
        (BARS, "data"),
        (pd.DataFrame(COLUMNS), "data"),
        (COLUMNS, "data"),
        ("a.csv", "'a.csv'"),
    ):
        with pytest.raises(bt.ConfigError) as raised:
            bt.run(data, "buy_and_hold")
        text = (
            f'data: its symbol is missing; pass {{"SPY": {shown}}} in place of {shown}, or symbol="SPY" too'
        )
        assert str(raised.value) == text


def test_a_symbol_is_given_once():
    for data in (
        {"SPY": BARS},
        {"SPY": "spy.csv"},
        {"SPY": pd.DataFrame(COLUMNS)},
        {},
        bt.merge({"SPY": BARS}),
    ):
        with pytest.raises(bt.ConfigError, match="symbol: 'SPY' is given, but data maps symbols itself"):
            bt.run(data, "buy_and_hold", symbol="SPY")
    with pytest.raises(bt.DataError, match="symbol: 'A B' is not 1 to 32"):
        bt.run(BARS, "buy_and_hold", symbol="A B")


def test_containers_pass_unchanged():
    for data in ({"A": BARS}, {"A": (BARS,), "B": [BARS]}, bt.merge({"A": BARS})):
        assert open_data(data) is data


def test_sweep_leakcheck_and_merge_take_them_too(tmp_path):
    frame, path = pd.DataFrame(COLUMNS), written("spy.csv", COLUMNS, tmp_path)
    expected = bt.sweep({"SPY": BARS}, "ma_crossover", GRID)
    for data, symbol in (
        ({"SPY": frame}, None),
        (frame, "SPY"),
        (path, "SPY"),
        (bt.merge(path, "SPY"), None),
    ):
        swept = bt.sweep(data, "ma_crossover", GRID, symbol=symbol)
        assert swept.table.tobytes() == expected.table.tobytes()
    assert bt.merge(frame, "SPY")["SPY"] == (BARS,)
    assert (
        bt.merge({"SPY": path, "B": BARS}).order.tolist() == bt.merge({"SPY": BARS, "B": BARS}).order.tolist()
    )
    seen = []

    def each_bar(data):
        seen.append(type(data["SPY"]))
        times = data["SPY"].timestamp + DAY
        return bt.Orders(times, "SPY", np.repeat("buy", len(times)), 1.0)

    for data, symbol in (({"SPY": frame}, None), (frame, "SPY"), (path, "SPY")):
        assert bt.leakcheck(data, each_bar, symbol=symbol, cuts=2).orders_checked > 0
    assert set(seen) == {bt.Bars}


def test_quotes_and_trades_of_one_symbol_from_two_tables():
    tables = (pd.DataFrame(QUOTES), pl.DataFrame(TRADES))
    containers = (bt.Quotes(**QUOTES), bt.Trades(**TRADES))
    runs = [bt.run({"A": data}, "buy_and_hold") for data in (tables, list(tables), containers)]
    assert len({run.fingerprint for run in runs}) == 1
    with pytest.raises(bt.ConfigError, match=r"data\['A'\]: two streams of quotes"):
        bt.run({"A": (pd.DataFrame(QUOTES), containers[0])}, "buy_and_hold")


REFUSED = [
    (
        {"when": TIMES, "last": CLOSE},
        "the columns are 'when', 'last'; bars need timestamp, open, high, low and",
    ),
    ({"timestamp": TIMES, "open": CLOSE}, "the columns are 'timestamp', 'open'; bars need"),
    (
        {**QUOTES, **TRADES},
        "which may be quotes or trades; choose by bt.Quotes.from_frame(frame, ...) or bt.Tr",
    ),
    (
        {**COLUMNS, **QUOTES},
        "which may be bars or quotes; choose by bt.Bars.from_frame(frame, ...) or bt.Quo",
    ),
    ({name: column[::-1] for name, column in COLUMNS.items()}, "sort=True"),
    (COLUMNS | {"close": np.full(ROWS, np.nan)}, "close"),
    (COLUMNS | {"close": CLOSE + 50}, "close > high"),
]


@pytest.mark.parametrize(("columns", "text"), REFUSED)
def test_a_table_that_cannot_be_used_gets_an_answer(columns, text, tmp_path):
    frame = pl.DataFrame(columns)
    frame.write_csv(tmp_path / "a.csv")
    frame.write_parquet(tmp_path / "a.parquet")
    for data, call in (
        (frame, ".from_frame(frame, ...)"),
        (frame.to_pandas(), ".from_frame(frame, ...)"),
        (dict(columns), ".from_frame(frame, ...)"),
        (tmp_path / "a.csv", "bt.read_csv('a.csv', "),
        (tmp_path / "a.parquet", "bt.read_parquet('a.parquet', "),
    ):
        with pytest.raises(bt.DataError) as raised:
            bt.run({"A": data}, "buy_and_hold")
        message = str(raised.value)
        assert message.startswith(f"data['A']: {data.name}" if isinstance(data, Path) else "data['A']: ")
        assert text.partition("; choose by")[0] in message
        assert call in message
        ways = ("others are named by columns={...} of bt.", "; choose by bt.", "(options are taken by bt.")
        assert sum(way in message for way in ways) == 1


def test_price_beside_open_high_low_is_no_trade():
    found = open_data({"A": pd.DataFrame(COLUMNS | {"price": CLOSE, "size": CLOSE})})
    assert found["A"].kind == "bars"


@pytest.mark.parametrize(
    ("value", "error", "message"),
    [
        (5, bt.ConfigError, "data['A']: int is not Bars, Quotes or Trades, a table of columns or the path"),
        (None, bt.ConfigError, "data['A']: NoneType is not"),
        (np.arange(5), bt.ConfigError, "data['A']: ndarray is not"),
        ([[1, 2, 3], [4, 5, 6]], bt.ConfigError, "data['A'][0]: list is not"),
        (pd.Series([1.0]), bt.ConfigError, "data['A']: Series is not"),
        ("nowhere.csv", bt.DataError, "data['A']: there is no file 'nowhere.csv'"),
        ("AAPL", bt.DataError, "data['A']: there is no file 'AAPL'"),
        (b"a.csv", bt.ConfigError, "data['A']: bytes is not"),
    ],
)
def test_other_values_are_refused(value, error, message):
    with pytest.raises(error) as raised:
        bt.run({"A": value}, "buy_and_hold")
    assert str(raised.value).startswith(message)


@pytest.mark.parametrize("data", [5, None, [BARS], (BARS,), pd.Series([1.0])])
def test_other_data_are_refused(data):
    with pytest.raises(bt.ConfigError, match=r"^data: a mapping of at least one symbol"):
        bt.run(data, "buy_and_hold")


def test_folders_and_unknown_endings(tmp_path):
    with pytest.raises(
        bt.DataError, match=r"data\['A'\]: .* is a folder, not a file; a catalog is read by bt.Cat"
    ):
        bt.run({"A": tmp_path}, "buy_and_hold")
    (tmp_path / "a.xlsx").write_text("")
    with pytest.raises(bt.DataError, match=r"data\['A'\]: a.xlsx: the name does not end in .csv, .txt, "):
        bt.run({"A": tmp_path / "a.xlsx"}, "buy_and_hold")
    for name, content in (("a.csv", b""), ("a.parquet", b"PAR1"), ("a.npz", b"PK"), ("a.feather", b"ARROW1")):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(bt.DataError, match=rf"data\['A'\]: {name}"):
            bt.run({"A": tmp_path / name}, "buy_and_hold")


def test_naive_times_are_local_in_the_timezone_of_the_run(tmp_path):
    """As `start` and `end`, and as everywhere else in a run."""
    naive = COLUMNS | {"timestamp": np.array(TIMES, "M8[ns]") + np.timedelta64(9, "h")}
    frame = pl.DataFrame(naive)
    frame.write_csv(tmp_path / "a.csv")
    frame.write_parquet(tmp_path / "a.parquet")
    zoned = frame.with_columns(pl.col("timestamp").dt.replace_time_zone("UTC"))
    first = START + 9 * 3600 * 10**9
    for data in (frame, frame.to_pandas(), naive, tmp_path / "a.csv", tmp_path / "a.parquet"):
        result = bt.run({"A": data}, "buy_and_hold", timezone="Asia/Tokyo")
        assert result.equity_curve["timestamp"][0] == START
        assert bt.merge({"A": data}, timezone="Asia/Tokyo")["A"][0].timestamp[0] == START
        swept = bt.sweep(data, "ma_crossover", GRID, symbol="A", timezone="Asia/Tokyo")
        assert swept.run(0).equity_curve["timestamp"][0] == START
        assert bt.run({"A": data}, "buy_and_hold").equity_curve["timestamp"][0] == first
    assert bt.run({"A": zoned}, "buy_and_hold", timezone="Asia/Tokyo").equity_curve["timestamp"][0] == first
    for data in ({"A": frame}, {"A": BARS}):
        with pytest.raises(bt.ConfigError, match="timezone: 'Mars/Olympus' is not a known"):
            bt.run(data, "buy_and_hold", timezone="Mars/Olympus")


def two_symbols(**other):
    """The rows of ES and NQ by time; NQ is 1000 higher."""
    es = pl.DataFrame(COLUMNS).with_columns(symbol=pl.lit("ES"))
    higher = [pl.col(name) + 1000 for name in ("open", "high", "low", "close")]
    nq = es.with_columns(pl.lit("NQ").alias("symbol"), *higher)
    return pl.concat([es, nq.with_columns(**other)]).sort("timestamp", "symbol")


def test_the_rows_of_the_symbol_are_taken_from_a_table_of_several(tmp_path):
    frame = two_symbols()
    frame.write_csv(tmp_path / "a.csv")
    frame.write_parquet(tmp_path / "a.parquet")
    for data in (frame, frame.to_pandas(), frame.to_arrow(), tmp_path / "a.csv", tmp_path / "a.parquet"):
        found = open_data({"ES": data, "NQ": data})
        assert found["ES"].close.tolist() == CLOSE.tolist()
        assert found["NQ"].close.tolist() == (CLOSE + 1000).tolist()
        assert open_data(data, "NQ")["NQ"] == found["NQ"]
        with pytest.raises(bt.DataError, match=r"data\['CL'\]: .*'symbol' has 2 values, 'ES', 'NQ'"):
            open_data({"CL": data})


def test_the_only_symbol_of_a_table_may_have_another_name(tmp_path):
    frame = two_symbols().filter(pl.col("symbol") == "NQ")
    frame.write_csv(tmp_path / "a.csv")
    for data in (frame, frame.to_pandas(), tmp_path / "a.csv"):
        assert open_data({"Nasdaq": data})["Nasdaq"].close[0] == CLOSE[0] + 1000


def test_an_invalid_row_of_the_symbol_is_the_error(tmp_path):
    frame = two_symbols(low=pl.lit(5000.0))
    frame.write_csv(tmp_path / "a.csv")
    for data in (frame, tmp_path / "a.csv"):
        assert len(open_data({"ES": data})["ES"]) == ROWS
        with pytest.raises(bt.DataError, match=r"data\['NQ'\]: .*high < low"):
            open_data({"NQ": data})
