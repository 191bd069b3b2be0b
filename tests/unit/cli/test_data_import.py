"""`btcore data import` of files: their kinds, symbols and options, and many files at once."""

import shlex
import zipfile
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from command_line import CSV, Capture, refused, run_process

import btcore as bt
from btcore.cli.commands import main
from btcore.cli.data_names import symbol_of


def imported(folder: Path, *arguments: str) -> bt.Catalog:
    assert main(["data", "import", *arguments, "--into", str(folder / "c")]) == 0
    return bt.Catalog(folder / "c")


def klines(day: int, count: int = 3, minute: int = 0) -> str:
    """Klines of Binance without a header, in ms, from a minute of a day of January 2024."""
    first = (1704067200 + (day - 1) * 86400 + minute * 60) * 1000
    rows = [
        f"{open_time},100,101,99,100.5,7,{open_time + 59999},700,3,2,1,0"
        for open_time in range(first, first + count * 60000, 60000)
    ]
    return "\n".join(rows) + "\n"


def zipped(path: Path, text: str) -> str:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(f"{path.stem}.csv", text)
    return str(path)


TWO = (
    "Symbol,Date,Open,High,Low,Close,Volume\n"
    "AAA,2024-01-02,10,12,9,11,100\nBBB,2024-01-02,20,22,19,21,100\n"
    "AAA,2024-01-03,11,13,10,12,200\nBBB,2024-01-03,21,23,20,22,200\n"
)


def test_a_file_of_many_symbols_imports_them_all(tmp_path: Path) -> None:
    (tmp_path / "all.csv").write_text(TWO)
    catalog = imported(tmp_path, str(tmp_path / "all.csv"))
    assert catalog.symbols() == ["AAA", "BBB"]
    np.testing.assert_array_equal(catalog.read("BBB", "day").close, [21, 22])


def test_a_file_of_many_symbols_in_blocks_is_found_when_it_is_read_in_pieces(tmp_path: Path) -> None:
    count = 300_000  # more rows of the first symbol than a piece has
    times = np.arange(count + 2) * 10**9 + 1704067200 * 10**9
    frame = pl.DataFrame(
        {
            "ticker": ["AAA"] * count + ["BBB"] * 2,
            "timestamp": np.concatenate([times[:count], times[:2]]),
            "price": np.full(count + 2, 5.0),
            "size": np.full(count + 2, 1.0),
        }
    )
    frame.write_parquet(tmp_path / "ticks.parquet")
    catalog = imported(tmp_path, str(tmp_path / "ticks.parquet"))
    assert [(x.symbol, x.rows) for x in catalog.list()] == [("AAA", count), ("BBB", 2)]


def test_symbol_chooses_one_or_several_of_a_file(tmp_path: Path, capsys: Capture) -> None:
    (tmp_path / "all.csv").write_text(TWO + "CCC,2024-01-02,1,1,1,1,1\nCCC,2024-01-03,1,1,1,1,1\n")
    path = str(tmp_path / "all.csv")
    assert imported(tmp_path / "one", path, "--symbol", "BBB").symbols() == ["BBB"]
    assert imported(tmp_path / "two", path, "--symbol", "CCC", "--symbol", "AAA").symbols() == ["AAA", "CCC"]
    capsys.readouterr()
    for symbols, expected in (
        (["--symbol", "DDD"], "--symbol AAA for one of them, --by symbol for all"),
        (["--symbol", "AAA", "--symbol", "DDD"], "--symbol: there is no 'DDD'; it has 'AAA', 'BBB', 'CCC'"),
    ):
        told = refused(capsys, "data", "import", path, *symbols, "--into", str(tmp_path / "c"))
        assert expected in told
    assert not (tmp_path / "c").exists()


def test_symbol_names_the_only_stream_of_a_file(tmp_path: Path) -> None:
    (tmp_path / "one.csv").write_text("".join(x for x in TWO.splitlines(keepends=True) if "BBB" not in x))
    path = str(tmp_path / "one.csv")
    assert imported(tmp_path / "a", path).symbols() == ["AAA"]
    assert imported(tmp_path / "b", path, "--symbol", "XYZ").symbols() == ["XYZ"]
    ticks = "symbol,timestamp,price\nAAA,2024-01-02T00:00:00Z,1\nAAA,2024-01-02T00:00:01Z,2\n"
    (tmp_path / "ticks.csv").write_text(ticks)
    path = str(tmp_path / "ticks.csv")
    assert imported(tmp_path / "d", path).symbols() == ["AAA"]
    assert imported(tmp_path / "e", path, "--symbol", "XYZ").symbols() == ["XYZ"]


def test_rows_that_another_column_tells_apart_are_not_mixed(tmp_path: Path, capsys: Capture) -> None:
    rows = [f"{s},{a},2024-01-02T00:00:0{i}Z,5" for i, (s, a) in enumerate(["XT", "XC", "YT", "YC"])]
    (tmp_path / "book.csv").write_text("symbol,action,timestamp,price\n" + "\n".join(rows) + "\n")
    (tmp_path / "one.csv").write_text("symbol,action,timestamp,price\n" + "\n".join(rows[:2]) + "\n")
    for name in ("book.csv", "one.csv"):
        told = refused(capsys, "data", "import", str(tmp_path / name), "--into", str(tmp_path / "c"))
        assert "the column 'action' has 2 values, 'T', 'C'" in told
    assert not (tmp_path / "c").exists()


def test_months_of_a_vendor_join_in_order_of_time(tmp_path: Path, capsys: Capture) -> None:
    vendors = "BTCUSDT-1m-2024-01"
    late = zipped(tmp_path / "BTCUSDT-1m-2024-01-02.zip", klines(2))
    early = zipped(tmp_path / "BTCUSDT-1m-2024-01-01.zip", klines(1))
    catalog = imported(tmp_path, late, early)
    shown = capsys.readouterr().out
    bars = catalog.read("BTCUSDT", "minute")
    assert len(bars) == 6
    assert np.all(np.diff(bars.timestamp) > 0)
    assert "symbol: BTCUSDT, by the name of the file BTCUSDT-1m-2024-01-01.zip" in shown
    assert f"files: 2 joined in order of time, {vendors}-01.zip to {vendors}-02.zip" in shown


@pytest.mark.parametrize("more", [[], ["--interval", "1min"]], ids=["whole", "in pieces"])
def test_overlapping_files_of_a_symbol_are_refused(more: list[str], tmp_path: Path, capsys: Capture) -> None:
    imported(tmp_path, zipped(tmp_path / "BTCUSDT-1m-2024-01-01.zip", klines(1)))
    before = bt.Catalog(tmp_path / "c").list()
    capsys.readouterr()
    one = zipped(tmp_path / "a.zip", klines(1))
    two = zipped(tmp_path / "b.zip", klines(1, minute=2))
    arguments = [one, two, "--symbol", "BTCUSDT", *more, "--into", str(tmp_path / "c")]
    assert refused(capsys, "data", "import", *arguments) == (
        "b.zip: it begins at 2024-01-01T00:02:00Z, but a.zip of the same symbol ends at "
        "2024-01-01T00:02:00Z; files of one symbol must not overlap"
    )
    assert bt.Catalog(tmp_path / "c").list() == before


def test_files_of_ticks_that_overlap_late_are_refused(tmp_path: Path, capsys: Capture) -> None:
    times = np.arange(5000) * 10**9 + 1704067200 * 10**9
    for name, part in (("a.csv", times), ("b.csv", times[4000:] + 1)):
        pl.DataFrame({"timestamp": part, "price": np.ones(len(part))}).write_csv(tmp_path / name)
    paths = [str(tmp_path / "a.csv"), str(tmp_path / "b.csv")]
    told = refused(capsys, "data", "import", *paths, "--symbol", "A", "--into", str(tmp_path / "c"))
    assert told.startswith(
        "b.csv: it begins at 2024-01-01T01:06:40.000000001Z, but a.csv of the same symbol ends"
    )
    assert bt.Catalog(tmp_path / "c").list() == []


def test_files_of_ticks_in_pieces_join_as_one_file_would(tmp_path: Path) -> None:
    trades = bt.sample_trades("A", "2024-01-02", "2024-01-03")
    middle = int(trades.timestamp[len(trades) // 2])
    early, late = trades.slice(None, middle), trades.slice(middle, None)
    for name, part in (("b.csv", early), ("a.csv", late), ("whole.csv", trades)):
        part.to_polars().write_csv(tmp_path / name)
    parts = imported(tmp_path, str(tmp_path / "a.csv"), str(tmp_path / "b.csv"), "--symbol", "A")
    whole = imported(tmp_path / "w", str(tmp_path / "whole.csv"), "--symbol", "A")
    assert parts.read("A", "tick").content_hash == whole.read("A", "tick").content_hash


def test_streams_of_several_kinds_of_one_symbol_are_datasets_of_their_own(tmp_path: Path) -> None:
    (tmp_path / "q.csv").write_text("timestamp,bid,ask\n2024-01-02T00:00:00Z,1,2\n")
    (tmp_path / "t.csv").write_text("timestamp,price\n2024-01-02T00:00:00Z,1\n")
    (tmp_path / "d.csv").write_text(CSV)
    catalog = imported(tmp_path, *(str(tmp_path / f"{x}.csv") for x in "qtd"), "--symbol", "X")
    assert [(x.symbol, x.resolution, x.kind) for x in catalog.list()] == [
        ("X", "day", "bars"),
        ("X", "tick", "quotes"),
        ("X", "tick", "trades"),
    ]


def test_the_kind_follows_from_the_columns_or_must_be_given(tmp_path: Path, capsys: Capture) -> None:
    (tmp_path / "x.csv").write_text("timestamp,bid,ask,price,size\n2024-01-02T00:00:00Z,1,2,1.5,3\n")
    told = refused(capsys, "data", "import", str(tmp_path / "x.csv"), "--into", str(tmp_path / "c"))
    assert told == "x.csv: by its columns it may be quotes or trades; give --kind quotes or --kind trades"
    assert imported(tmp_path, str(tmp_path / "x.csv"), "--kind", "trades").list()[0].kind == "trades"


@pytest.mark.parametrize(
    ("name", "text", "place"),
    [
        ("my file.csv", CSV, "my file.csv: by the name of the file the symbol is 'MY FILE', which is not"),
        ("x.csv", TWO.replace("BBB", "B B"), "x.csv: by a column the symbol is 'B B', which is not"),
        (
            "x.csv",
            TWO.replace("AAA", "A A").replace("BBB", "A A"),
            "x.csv: by the column 'Symbol' the symbol",
        ),
    ],
)
def test_a_symbol_that_cannot_be_one_is_said_with_its_place(
    name: str, text: str, place: str, tmp_path: Path, capsys: Capture
) -> None:
    (tmp_path / name).write_text(text)
    told = refused(capsys, "data", "import", str(tmp_path / name), "--into", str(tmp_path / "c"))
    assert told.startswith(place)
    assert told.endswith("; --symbol gives another")


def test_columns_of_no_kind_are_refused_with_what_may_be_given(tmp_path: Path, capsys: Capture) -> None:
    (tmp_path / "x.csv").write_text("place,day,value\nA,2024-01-02,1\n")
    told = refused(capsys, "data", "import", str(tmp_path / "x.csv"), "--into", str(tmp_path / "c"))
    assert "pass --columns timestamp=NAME" in told
    assert told.endswith("; they were read as bars: --kind quotes or --kind trades says otherwise")


def test_a_dataset_that_is_replaced_is_said(tmp_path: Path, capsys: Capture) -> None:
    (tmp_path / "a.csv").write_text(CSV)
    imported(tmp_path, str(tmp_path / "a.csv"))
    imported(tmp_path, str(tmp_path / "a.csv"))
    assert "replaced" not in capsys.readouterr().out
    (tmp_path / "a.csv").write_text(CSV + "2024-01-04,12,14,11,13,300\n")
    imported(tmp_path, str(tmp_path / "a.csv"))
    shown = capsys.readouterr().out
    assert "  replaced: 2 rows, 2024-01-02T00:00:00Z to 2024-01-03T00:00:00Z, that the catalog had" in shown


@pytest.mark.parametrize(
    ("name", "symbol"),
    [
        ("BTCUSDT-1m-2024-01.zip", "BTCUSDT"),
        ("BTCUSD_PERP-1h-2024-01-02.zip", "BTCUSD_PERP"),
        ("ETHUSDT-aggTrades-2024-01-02.zip", "ETHUSDT"),
        ("BTCUSDT-bookTicker-2024-01-02.csv", "BTCUSDT"),
        ("DAT_ASCII_EURUSD_M1_2023.csv", "EURUSD"),
        ("DAT_NT_GBPUSD_T_LAST_202301.csv", "GBPUSD"),
        ("EURUSD_Candlestick_1_M_BID_01.01.2023-31.12.2023.csv", "EURUSD"),
        ("usdjpy-m1-bid-2024-01-01-2024-01-31.csv", "USDJPY"),
        ("EURUSD_M1_202401020000_202401312359.csv", "EURUSD"),
        ("AAPL_1min.txt", "AAPL"),
        ("BRK.B_full_1hour_adjsplit.txt", "BRK.B"),
        ("EURUSD-2024-01.csv", "EURUSD"),
        ("6EH4.XCME_1min_bars_20240101_20240131.csv.gz", "6EH4.XCME"),
        ("BTC-USD.csv", "BTC-USD"),
        ("brk-b.us.txt", "BRK-B.US"),
        ("goog.csv.gz", "GOOG"),
        ("my_prices.csv", "MY_PRICES"),
    ],
)
def test_the_symbol_of_the_name_of_a_file(name: str, symbol: str) -> None:
    assert symbol_of(Path(name))[0] == symbol


LAYOUTS = [
    (
        "20240102 000000;1.3;1.4;1.2;1.35;0\n20240102 000100;1.35;1.4;1.3;1.36;0\n",
        "--no-header --delimiter ; --timezone Etc/GMT+5 --columns "
        "timestamp=column_1,open=column_2,high=column_3,low=column_4,close=column_5",
        "2024-01-02T05:00:00",
    ),
    (
        "Gmt time,Open,High,Low,Close\n01.02.2024 00:00:00.000,1,2,1,1\n01.02.2024 00:01:00.000,1,2,1,1\n",
        "--time-format '%d.%m.%Y %H:%M:%S.%f'",
        "2024-02-01T00:00:00",
    ),
    (
        "bought at a bank\n\n#c\nday|clock|open|high|low|close|v\n"
        "03/01/2024|09:30:00|1.000,5|1.001|1.000|1.000,5|9\n03/01/2024|09:31:00|1.000|1.001|1.000|1.000|9\n",
        "--skip-rows 2 --comment # --header --delimiter | --decimal , --thousands . "
        "--columns timestamp=day+clock,volume= --time-format '%d/%m/%Y %H:%M:%S'",
        "2024-01-03T09:30:00",
    ),
    (
        "timestamp,open,high,low,close\n2024-11-03 01:30:00,1,1,1,1\n2024-11-03 02:30:00,1,1,1,1\n",
        "--timezone America/New_York --dst later --interval 1h --years 2020:2030",
        "2024-11-03T06:30:00",
    ),
]


@pytest.mark.parametrize(("text", "flags", "first"), LAYOUTS)
def test_layouts_are_said_with_options(text: str, flags: str, first: str, tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text(text)
    (entry,) = imported(tmp_path, str(tmp_path / "x.csv"), *shlex.split(flags)).list()
    assert (str(np.datetime64(entry.first, "ns"))[:19], entry.rows) == (first, 2)


@pytest.mark.parametrize(
    ("text", "flags", "told"),
    [
        (CSV, ["--crossed", "keep"], "x.csv: --crossed: it is for quotes, not for bars"),
        (CSV, ["--stamp", "noon"], "--stamp: 'noon' is not one of open, close"),
        (CSV, ["--delimiter", "ab"], "--delimiter: 'ab' is not one character"),
        (CSV, ["--timezone", "Mars"], "timezone"),
        (CSV, ["--columns", "close=Last"], "x.csv: --columns: there is no 'Last' for close"),
        (CSV, ["--interval", "5x"], "--interval"),
        (CSV.replace("2024-01-03", "2024-01-01"), [], "--sort puts them in order"),
        (CSV.replace("2024-01-03", "2024-01-02"), [], "--duplicates first or --duplicates last"),
        (CSV.replace(",9,", ",,"), [], "--missing drop leaves such rows out"),
        ("a,b\n" + CSV, ["--symbol", "X", "--by", "symbol"], "--by: --symbol chooses symbols"),
        ("1,2,3\n4,5,6\n", [], "pass --columns timestamp=NAME"),
        ("timestamp,bid,ask\n2024-01-02,2,1\n2024-01-03,1,2\n", [], "--crossed keep allows it"),
        (CSV, ["--resolution", "day"], "--resolution: it is not for files"),
        (CSV, ["--quote-bars", "mid"], "--quote-bars: it is not for files"),
        (CSV, ["--format", "kraken"], "--format: 'kraken' is not one of csv, parquet"),
        (
            CSV,
            ["--symbol", "A", "--symbol", "B"],
            "x.csv, which has no column of symbols; --columns symbol=NAME names one",
        ),
    ],
)
def test_a_message_names_the_option_of_the_command_line(
    text: str, flags: list[str], told: str, tmp_path: Path, capsys: Capture
) -> None:
    (tmp_path / "x.csv").write_text(text)
    shown = refused(capsys, "data", "import", str(tmp_path / "x.csv"), *flags, "--into", str(tmp_path / "c"))
    assert told in shown
    assert not (tmp_path / "c").exists()


def test_options_of_text_files_are_refused_for_others(tmp_path: Path, capsys: Capture) -> None:
    bt.sample_bars("A", "2024-01-01", "2024-01-20", "1d").to_polars().write_parquet(tmp_path / "a.parquet")
    for flag in (["--no-header"], ["--delimiter", ";"], ["--skip-rows", "1"], ["--encoding", "utf-8"]):
        arguments = [str(tmp_path / "a.parquet"), *flag, "--into", str(tmp_path / "c")]
        told = refused(capsys, "data", "import", *arguments)
        assert told == f"{flag[0]}: it is not for parquet files such as a.parquet"


def test_a_process_ends_with_2_and_writes_nothing_for_a_bad_file(tmp_path: Path) -> None:
    (tmp_path / "good.csv").write_text(CSV)
    (tmp_path / "bad.csv").write_text(CSV.replace("200", "-200"))
    run = run_process("data", "import", "good.csv", "bad.csv", "--into", "c", cwd=tmp_path)
    assert (run.returncode, run.stdout) == (2, "")
    assert run.stderr.startswith("btcore: bad.csv row 3: volume")
    assert not (tmp_path / "c").exists()
    run = run_process("data", "import", "good.csv", "--into", "c", cwd=tmp_path)
    assert (run.returncode, run.stderr) == (0, "")
