"""Files of many kinds become containers; errors name file and line."""

import gzip
import re
import subprocess
import sys
import zipfile

import numpy as np
import polars as pl
import pytest

from btcore.data import Bars, Quotes, Trades, read_arrow, read_csv, read_npz, read_parquet, scan_csv
from btcore.data.timestamps import moment_ns
from btcore.errors import ConfigError, DataError

DAILY = """Date,Open,High,Low,Close,Volume
2024-01-02,100,104,95,101,1000
2024-01-03,101,109,100,108,1100
2024-01-05,108,110,107,109,1200
"""


@pytest.fixture
def write(tmp_path):
    def write(text, name="prices.csv"):
        path = tmp_path / name
        path.write_text(text)
        return path

    return write


def test_daily_bars(write):
    bars = read_csv(write(DAILY))
    assert isinstance(bars, Bars)
    assert bars.interval == 86400 * 10**9
    assert bars.timestamp[0] == np.datetime64("2024-01-02", "ns").astype(int)
    assert bars.high.tolist() == [104, 109, 110]
    assert bars.volume.tolist() == [1000, 1100, 1200]


def test_the_unnamed_first_column_is_the_time(write):
    assert read_csv(write(DAILY.replace("Date", ""))) == read_csv(write(DAILY, "other.csv"))


def test_options(write):
    local = read_csv(write(DAILY), timezone="America/New_York", interval="1h", source="mid")
    assert local.timestamp[0] == np.datetime64("2024-01-02T05:00", "ns").astype(int)
    assert (local.interval, local.source) == (3600 * 10**9, "mid")
    semicolons = write("When;O;H;L;Last\n02.01.2024 09:00;1;2;1;2\n02.01.2024 09:05;2;2;1;1\n")
    names = {"timestamp": "When", "close": "Last"}
    bars = read_csv(semicolons, columns=names, delimiter=";", time_format="%d.%m.%Y %H:%M")
    assert bars.interval == 300 * 10**9
    assert bars.close.tolist() == [2, 1]
    assert bars.volume is None


def test_without_a_header(write):
    path = write("1704067200,1.5,2\n1704067201,1.6,3\n")
    names = {"timestamp": "column_1", "price": "column_2", "size": "column_3"}
    trades = read_csv(path, "trades", columns=names, has_header=False)
    assert trades.price.tolist() == [1.5, 1.6]
    assert trades.timestamp[0] == 1704067200 * 10**9
    path = write("1704067200,1.5,2\n1704067201,x,3\n")
    with pytest.raises(DataError, match=r"prices\.csv row 2: price is not a number"):
        read_csv(path, "trades", columns=names, has_header=False)


def test_quotes_and_trades(write):
    quotes = read_csv(write("time,bid,bid size,ask,ask size\n1,1,2,3,4\n"), kind="quotes", unit="ms")
    assert isinstance(quotes, Quotes)
    assert (quotes.timestamp[0], quotes.bid_size[0], quotes.ask_size[0]) == (10**6, 2.0, 4.0)
    trades = read_csv(write("ts,price,qty,side\n1,1,2,buy\n2,1,2,\n3,1,2,Sell\n"), kind="trades", unit="ns")
    assert isinstance(trades, Trades)
    assert trades.side.tolist() == [1, 0, -1]
    signed = read_csv(write("ts,price,qty,side\n1,1,2,1\n2,1,2,-1\n"), kind="trades", unit="ns")
    assert signed.side.tolist() == [1, -1]
    maker = read_csv(write("ts,price,qty,buyer_maker\n1,1,2,true\n2,1,2,False\n"), kind="trades", unit="ns")
    assert maker.side.tolist() == [-1, 1]


def test_compressed(tmp_path, write):
    plain = read_csv(write(DAILY))
    with gzip.open(tmp_path / "prices.csv.gz", "wt") as stream:
        stream.write(DAILY)
    with zipfile.ZipFile(tmp_path / "prices.zip", "w") as archive:
        archive.writestr("inside.csv", DAILY)
    assert read_csv(tmp_path / "prices.csv.gz") == plain
    assert read_csv(tmp_path / "prices.zip") == plain
    with zipfile.ZipFile(tmp_path / "prices.zip", "a") as archive:
        archive.writestr("other.csv", DAILY)
    with pytest.raises(DataError, match=r"prices\.zip: the zip has 2 members; exactly one is allowed"):
        read_csv(tmp_path / "prices.zip")
    with pytest.raises(DataError, match=r"bad\.zip: not a readable zip"):
        read_csv(write("no zip", "bad.zip"))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("109,1200", "109,", r"prices\.csv row 4: volume is missing"),
        ("104,95", "94,95", r"prices\.csv row 2: high < low \(high=94.0, low=95.0\)"),
        ("101,109", "abc,109", r"prices\.csv row 3: open is not a number \(open='abc'\)"),
        ("101,109", "nan,109", r"prices\.csv row 3: open is missing"),
        ("101,109", "-1,109", r"prices\.csv row 3: open < low|prices\.csv row 3: open is not positive"),
        ("2024-01-05", "2024-01-01", r"prices\.csv row 4: unsorted"),
        ("2024-01-05", "2024-01-03", r"prices\.csv row 4: duplicate bar"),
        ("2024-01-05", "someday", r"prices\.csv row 4: timestamp 'someday' is not an ISO 8601 time"),
        ("2024-01-05", "", r"prices\.csv row 4: timestamp is missing"),
        ("Open", "Opening", r"prices\.csv: no column for open; the columns are 'Date', 'Opening', 'High'"),
    ],
)
def test_errors_name_the_file_and_the_line(write, old, new, message):
    with pytest.raises(DataError, match=message):
        read_csv(write(DAILY.replace(old, new, 1)))


def test_empty_lines_are_ignored_at_the_end_and_an_error_elsewhere(write):
    assert read_csv(write(DAILY + "\n\n,,,,,\n")) == read_csv(write(DAILY))
    with pytest.raises(DataError, match=r"prices\.csv row 3: timestamp is missing"):
        read_csv(write(DAILY.replace("2024-01-03", "\n2024-01-03")))


def test_one_row_and_an_empty_line_are_one_row(write):
    one = "\n".join(DAILY.splitlines()[:2]) + "\n"
    assert len(read_csv(write(one + "\n"), interval="1d")) == 1
    with pytest.raises(DataError, match=r"prices\.csv: the file has no rows"):
        read_csv(write(DAILY.splitlines()[0] + "\n\n,,,,,\n"))


@pytest.mark.parametrize(
    ("times", "expected"),
    [
        (["12", "+13", "14"], [12, 13, 14]),
        (["12", " 13 ", "14"], [12, 13, 14]),
        (["12", '"13"', "14"], [12, 13, 14]),
        (["12000", "13500.0", "14000"], [12000, 13500, 14000]),
        (["12000", "13500.5", "14000"], "row 3: timestamp 13500.5 has more digits than nanoseconds"),
        (["12", "1e3", "14"], "row 2: timestamp '12' is not an ISO 8601 time"),
        (["12", "", "14"], "row 3: timestamp is missing"),
        (
            ["12", "9223372036854775808", "14"],
            "row 3: timestamp 9223372036854775808 is outside the range of int64",
        ),
        (["20240102", "20240103", "20240131"], None),
        (["20240102", "20240132", "20240131"], "row 3: timestamp 20240132 is not a date YYYYMMDD"),
        (["20240102", "2024-01-03", "20240131"], None),
        (["2024-01-02T00:00Z", "2024-01-03T00:00Z", " 2024-01-04 00:00:00 UTC"], None),
        (["2024-01-02T00:00:00Z", "2024-01-03T00:00:00X"], "row 3: timestamp '2024-01-03T00:00:00X' is not"),
        (
            ["2024-01-02T00:00:00Z", "2024-01-03T00:00:00"],
            "row 3: timestamp '2024-01-03T00:00:00' has no UTC offset",
        ),
        (["2024-01-02T00:00:00+01:00", "2024-01-03T00:00:00-02:30"], None),
    ],
)
def test_later_rows_may_write_times_otherwise_than_the_first(write, times, expected):
    """A column that the fast parser cannot read gives the result of the slow one."""
    text = "time,price\n" + "".join(f"{time},1\n" for time in times)
    unit = "ns" if times[0].startswith("12") else None
    if isinstance(expected, str):
        with pytest.raises(DataError, match=expected):
            read_csv(write(text), "trades", unit=unit)
        return
    found = read_csv(write(text), "trades", unit=unit).timestamp
    if expected is None:
        words = [time.strip().replace(" UTC", "Z").replace(" ", "T") for time in times]
        expected = [moment_ns(word) for word in words]
    assert found.tolist() == expected


def test_windows_files_and_quoted_values(write):
    text = "\ufeff" + DAILY.replace("\n", "\r\n").replace(",101", ',"101"')
    assert read_csv(write(text)) == read_csv(write(DAILY))


def test_a_broken_gzip(tmp_path):
    (tmp_path / "bad.csv.gz").write_bytes(b"\x1f\x8b\x08garbage")
    with pytest.raises(DataError, match=r"bad\.csv\.gz: not a readable"):
        read_csv(tmp_path / "bad.csv.gz")


def test_more_errors(write, tmp_path):
    for text in ("", "Date,Open,High,Low,Close\n"):
        with pytest.raises(DataError, match=r"prices\.csv: the file has no rows"):
            read_csv(write(text))
    with pytest.raises(DataError, match=r"prices\.csv line 5: 9 fields, but the header in line 1 has 6"):
        read_csv(write(DAILY + "2024-01-09,1,2,3,4,5,6,7,8\n"))
    with pytest.raises(DataError, match=r"prices\.csv: interval: it cannot be inferred"):
        read_csv(write("\n".join(DAILY.splitlines()[:2])))
    with pytest.raises(DataError, match=r"kind: 'candles' is not one of bars, quotes, trades"):
        read_csv(write(DAILY), kind="candles")
    with pytest.raises(DataError, match="there is no 'Day' for timestamp"):
        read_csv(write(DAILY), columns={"timestamp": "Day"})
    with pytest.raises(ConfigError, match="'Nowhere' is not a known IANA time zone"):
        read_csv(write(DAILY), timezone="Nowhere")
    with pytest.raises(FileNotFoundError):
        read_csv(tmp_path / "none.csv")


def test_local_times_at_the_change_of_clocks(write):
    text = "time,price\n2024-11-03 00:30,1\n2024-11-03 01:30,1\n"
    with pytest.raises(DataError, match=r"prices\.csv row 3: local time 2024-11-03T01:30:00 occurs twice"):
        read_csv(write(text), "trades", timezone="America/New_York")
    trades = read_csv(write(text), "trades", timezone="America/New_York", dst="later")
    assert np.diff(trades.timestamp).tolist() == [2 * 3600 * 10**9]


def test_daily_bars_of_a_zone_keep_their_interval_over_the_change_of_clocks(write):
    rows = "".join(f"2024-03-{day:02d},1,1,1,1\n" for day in range(8, 13))
    bars = read_csv(write("date,open,high,low,close\n" + rows), timezone="America/New_York")
    assert bars.interval == 86400 * 10**9
    assert np.diff(bars.timestamp).min() == 23 * 3600 * 10**9


def test_parquet_arrow_npz_agree_with_csv(write, tmp_path):
    bars = read_csv(write(DAILY))
    frame = bars.to_polars()
    frame.write_parquet(tmp_path / "a.parquet")
    frame.write_ipc(tmp_path / "a.arrow")
    np.savez(tmp_path / "a.npz", **bars.columns)
    assert read_parquet(tmp_path / "a.parquet") == bars
    assert read_arrow(tmp_path / "a.arrow") == bars
    assert read_npz(tmp_path / "a.npz") == bars
    naive = frame.with_columns(pl.col("timestamp").dt.replace_time_zone(None).cast(pl.Datetime("ms")))
    naive.with_columns(pl.col("open").cast(pl.Decimal(20, 4)), pl.col("high").cast(pl.Int32)).write_parquet(
        tmp_path / "b.parquet"
    )
    assert read_parquet(tmp_path / "b.parquet") == bars
    assert (
        read_parquet(tmp_path / "b.parquet", timezone="Asia/Tokyo").timestamp[0]
        == bars.timestamp[0] - 9 * 3600 * 10**9
    )


def test_bad_parquet_arrow_npz(tmp_path):
    frame = pl.DataFrame({"time": [1704067200, 1704067201], "price": [1.0, -1.0]})
    frame.write_parquet(tmp_path / "a.parquet")
    with pytest.raises(DataError, match=r"a\.parquet row 2: price is not positive"):
        read_parquet(tmp_path / "a.parquet", "trades")
    with pytest.raises(DataError, match=r"a\.parquet: no column for bid"):
        read_parquet(tmp_path / "a.parquet", "quotes")
    frame.clear().write_parquet(tmp_path / "e.parquet")
    with pytest.raises(DataError, match=r"e\.parquet: the file has no rows"):
        read_parquet(tmp_path / "e.parquet", "trades")
    frame.with_columns(pl.Series("price", [1.0, None])).write_ipc(tmp_path / "n.arrow")
    with pytest.raises(DataError, match=r"n\.arrow row 2: price is missing"):
        read_arrow(tmp_path / "n.arrow", "trades")
    frame.with_columns(pl.Series("price", [True, False])).write_ipc(tmp_path / "n.arrow")
    with pytest.raises(DataError, match=r"n\.arrow: trades\.price: numbers are needed"):
        read_arrow(tmp_path / "n.arrow", "trades")
    for name, read in (("x.parquet", read_parquet), ("x.arrow", read_arrow), ("x.npz", read_npz)):
        (tmp_path / name).write_bytes(b"rubbish" * 10)
        with pytest.raises(DataError, match=f"{name}: not a readable"):
            read(tmp_path / name, "trades")
    np.savez(tmp_path / "a.npz", time=1_704_067_200 * 10**9 + np.array([2, 1]), price=np.ones(2))
    with pytest.raises(DataError, match=r"a\.npz row 2: unsorted"):
        read_npz(tmp_path / "a.npz", "trades")
    np.savez(tmp_path / "a.npz", time=np.array(1_704_067_200), price=np.ones(2))
    with pytest.raises(DataError, match=r"^a\.npz: trades\.time: one dimension is needed"):
        read_npz(tmp_path / "a.npz", "trades")


def test_polars_is_loaded_only_to_read_a_file_and_an_error_says_if_it_is_missing(write):
    code = f"""
import sys
from btcore.data import read_csv
assert not {{"polars", "pandas", "pyarrow"}} & set(sys.modules), "loaded too early"
sys.modules["polars"] = None
try:
    read_csv({str(write(DAILY))!r})
except ImportError as error:
    assert str(error) == "reading CSV needs polars: pip install 'btcore[data]'", error
else:
    raise SystemExit("no error")
"""
    subprocess.run([sys.executable, "-c", code], check=True)


TRADES = "made by a vendor\n\n# 1\ntime;price;note\n"  # lines 1 to 4
ROWS = [
    '2024-01-02T00:00:00Z;1,5;"two\nlines"',  # lines 5 and 6
    "# 2",
    "2024-01-02T00:00:01Z;1,25;",  # line 8
    '2024-01-02T00:00:02Z;2,5;"a ""word"""',
    "time;price;note",
    "2024-01-02T00:00:03Z;3,5;x",  # line 11
]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize(
    ("change", "line", "problem"),
    [
        (("1,25", "x"), 8, "price is not a number"),
        (("1,25", "-1,25"), 8, "price is not positive"),
        (("1,25", ""), 8, "price is missing"),
        (("3,5", "-3,5"), 11, "price is not positive"),
        (("00:00:03", "00:00:00"), 11, "unsorted"),
        (("00:00:03Z", "0x"), 11, "timestamp"),
        (("2024-01-02T00:00:03Z", ""), 11, "timestamp is missing"),
    ],
)
def test_the_line_of_an_invalid_row_counts_all_lines_of_the_file(tmp_path, end, change, line, problem):
    file = tmp_path / "t.csv"
    text = (TRADES + "\n".join(ROWS)).replace("\n", end)
    file.write_text(text, newline="")
    assert read_csv(file, "trades", comment="#").price.tolist() == [1.5, 1.25, 2.5, 3.5]
    file.write_text(text.replace(*change), newline="")
    with pytest.raises(DataError, match=rf"^t\.csv row {line}: {problem}"):
        read_csv(file, "trades", comment="#")
    with pytest.raises(DataError, match=rf"^t\.csv row {line}: {problem}"):
        list(scan_csv(file, "trades", comment="#", rows=2))


def test_notes_say_what_was_found_in_the_file(tmp_path):
    file = tmp_path / "t.csv"
    file.write_bytes(gzip.compress((TRADES + "\n".join(ROWS)).encode("utf-16")))
    found = read_csv(file, "trades", comment="#")
    expected = (
        "compressed: gzip",
        "encoding: utf-16-le",
        "delimiter: ;",
        "lines above the header: 3, left out",
        "repeated headers: 1, left out",
        "comments: 1, left out",
        "price: ',' is the decimal point",
    )
    assert set(expected) <= set(found.notes)
    *_, last = scan_csv(file, "trades", comment="#", rows=2)
    assert set(expected) <= set(last.notes)
    assert found == read_csv(file, "trades", comment="#")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (DAILY.replace(",", " "), "there is no delimiter of , ; tab | in the first lines"),
        (DAILY.split("\n", 1)[1], "there is no header, as line 1 has numbers"),
        ('[{"Date": "2024-01-02", "Open": 1}]', "it is JSON, not a text of rows"),
        ("\n<!DOCTYPE html>\n<html>Error, 404</html>", "it is HTML or XML, not a text of rows"),
        ("DBN\1\x40\0\0\0GLBX.MDP3", "it is DBN of Databento, not a text of rows"),
        (
            DAILY.replace("Date", "Price").replace("Volume\n", "Volume\nTicker,A,A,A,A,A\nDate,,,,,\n"),
            "the lines to 3 have no number, as a header of several lines; to read it pass skip_rows=3",
        ),
        (DAILY + "End of file\n", "line 5: 1 field, but the header in line 1 has 6"),
        (DAILY + "\nDownloaded, in 2024\n", "line 6: 2 fields, but the header in line 1 has 6"),
        (DAILY.replace("2024-01-03,", "2024-01-03;"), "line 3: 5 fields, but the header in line 1 has 6"),
    ],
)
def test_what_is_no_table_is_said_to_be_none(write, text, message):
    with pytest.raises(DataError, match=rf"^prices\.csv.*{re.escape(message)}"):
        read_csv(write(text))


def test_what_excel_and_others_add_to_a_table(write):
    plain = read_csv(write(DAILY))
    for number, text in enumerate(
        [
            "sep=;\n" + DAILY.replace(",", ";"),
            DAILY.replace(",", " , "),
            DAILY.replace("Volume\n", "Volume,\n").replace("00\n", "00,\n"),
            DAILY.replace("00\n", "00,\n"),
            "\ufeff" + DAILY.replace("Date,Open", '"Date","Open"'),
        ]
    ):
        assert read_csv(write(text, f"{number}.csv")) == plain
    with pytest.raises(DataError, match="there is no delimiter ';' in the first lines"):
        read_csv(write(DAILY), delimiter=";")


def test_a_header_of_several_lines_is_left_out_by_options(write):
    text = DAILY.replace("Date", "Price").replace("Volume\n", "Volume\nTicker,A,A,A,A,A\nDate,,,,,\n")
    names = ("timestamp", "open", "high", "low", "close", "volume")
    columns = {name: f"column_{number}" for number, name in enumerate(names, 1)}
    found = read_csv(write(text), skip_rows=3, has_header=False, columns=columns)
    assert found == read_csv(write(DAILY))


def test_paths_are_no_patterns_and_no_folders(write, tmp_path):
    bars = read_csv(write(DAILY))
    frame = bars.to_polars()
    frame.write_parquet(tmp_path / "g[1]*?.parquet")
    frame.write_ipc(tmp_path / "g[1]*?.arrow")
    assert read_parquet(tmp_path / "g[1]*?.parquet") == bars
    assert read_arrow(tmp_path / "g[1]*?.arrow") == bars
    assert read_csv(write(DAILY, "g[1]*?.csv")) == bars
    for read, end in ((read_parquet, "parquet"), (read_arrow, "arrow"), (read_csv, "csv"), (read_npz, "npz")):
        with pytest.raises(FileNotFoundError):
            read(tmp_path / f"g*.{end}")
        with pytest.raises(DataError, match="it is a folder; a file is needed"):
            read(tmp_path)


def test_other_binary_files(write, tmp_path):
    bars = read_csv(write(DAILY))
    bars.to_polars().write_ipc_stream(tmp_path / "s.arrows")
    assert read_arrow(tmp_path / "s.arrows") == bars
    np.save(tmp_path / "a.npy", np.ones(3))
    with pytest.raises(DataError, match=r"^a\.npy: it is a single array \(npy\); an npz"):
        read_npz(tmp_path / "a.npy", "trades")
    np.savez(tmp_path / "o.npz", time=np.array([1, 2]), price=np.array([1, None], dtype=object))
    with pytest.raises(DataError, match=r"^o\.npz: the array 'price' is damaged, or has objects of Python"):
        read_npz(tmp_path / "o.npz", "trades")
    with zipfile.ZipFile(tmp_path / "mac.zip", "w") as archive:
        archive.writestr("prices.csv", DAILY)
        archive.writestr("__MACOSX/._prices.csv", b"\0")
    assert read_csv(tmp_path / "mac.zip") == bars
