"""`btcore data import` of vendors' files, by their header and by --format."""

from pathlib import Path

import numpy as np
import pytest
from command_line import Capture, refused

import btcore as bt
from btcore.cli.commands import main

HISTDATA = "20240102 170000;1.10;1.20;1.00;1.15;0\n20240102 170100;1.15;1.20;1.10;1.12;0\n"
DUKASCOPY = "Gmt time,Open,High,Low,Close,Volume\n01.02.2024 00:00:00.000,1,2,1,1,9\n"
DUKASCOPY += "01.02.2024 00:01:00.000,1,2,1,1,9\n"
FIRSTRATE = "2024-03-08 15:59:00,170,171,169,170,9\n2024-03-11 09:30:00,172,173,171,172,8\n"
FIRSTRATE += "2024-03-11 09:31:00,172,173,171,172,8\n"
KAGGLE = (
    "date,open,high,low,close,volume,Name\n2013-02-08,15,16,14,15,100,AAL\n2013-02-11,15,16,14,15,100,AAL\n"
)
KAGGLE += "2013-02-08,67,68,66,67,200,AAPL\n2013-02-11,67,68,66,67,200,AAPL\n"
AGGTRADES = "1,100.5,2,1,1,1704067200000,True\n2,100.6,1,2,2,1704067201000,False\n"

FILES = [
    ("DAT_ASCII_EURUSD_M1_2024.csv", HISTDATA, ["--format", "histdata"], [("EURUSD", "minute", 2)]),
    ("EURUSD_Candlestick_1_M_BID_01.02.2024-01.02.2024.csv", DUKASCOPY, [], [("EURUSD", "minute", 2)]),
    ("AAPL_1min.txt", FIRSTRATE, ["--format", "firstrate"], [("AAPL", "minute", 3)]),
    ("AAPL_1min.data", FIRSTRATE, ["--format", "firstrate", "--symbol", "AAPL"], [("AAPL", "minute", 3)]),
    ("all_stocks_5yr.csv", KAGGLE, ["--interval", "1d"], [("AAL", "day", 2), ("AAPL", "day", 2)]),
    ("BTCUSDT-aggTrades-2024-01-01.csv", AGGTRADES, [], [("BTCUSDT", "tick", 2)]),
]


@pytest.mark.parametrize(("name", "text", "flags", "datasets"), FILES)
def test_files_of_vendors(
    name: str, text: str, flags: list[str], datasets: list[tuple[str, str, int]], tmp_path: Path
) -> None:
    (tmp_path / name).write_text(text)
    assert main(["data", "import", str(tmp_path / name), *flags, "--into", str(tmp_path / "c")]) == 0
    found = bt.Catalog(tmp_path / "c").list()
    assert [(entry.symbol, entry.resolution, entry.rows) for entry in found] == datasets
    assert all(any(note.startswith("format: ") for note in entry.notes) for entry in found)


def test_a_format_whose_clock_is_unknown_asks_for_the_option(tmp_path: Path, capsys: Capture) -> None:
    text = "2024.01.02,10:00,1.1,1.2,1.0,1.1,5\n2024.01.02,10:01,1.1,1.2,1.0,1.1,5\n"
    (tmp_path / "EURUSD1.csv").write_text(text)
    arguments = [str(tmp_path / "EURUSD1.csv"), "--format", "metatrader4", "--into", str(tmp_path / "c")]
    told = refused(capsys, "data", "import", *arguments)
    assert "format 'metatrader4': pass --timezone; " in told
    assert main(["data", "import", *arguments, "--timezone", "Europe/Athens"]) == 0
    assert bt.Catalog(tmp_path / "c").list()[0].timezone == "Europe/Athens"


def test_a_file_of_another_format_is_refused(tmp_path: Path, capsys: Capture) -> None:
    (tmp_path / "x.csv").write_text(DUKASCOPY)
    arguments = [str(tmp_path / "x.csv"), "--format", "binance_klines", "--into", str(tmp_path / "c")]
    assert "x.csv: format 'binance_klines' has bars" in refused(capsys, "data", "import", *arguments)
    told = refused(capsys, "data", "import", *arguments, "--kind", "trades")
    assert "'binance_klines' is of bars, not of trades" in told
    assert not (tmp_path / "c").exists()


def test_a_file_with_several_kinds_imports_them_all(tmp_path: Path) -> None:
    columns = [("ev", "<u8"), ("exch_ts", "<i8"), ("local_ts", "<i8"), ("px", "<f8"), ("qty", "<f8")]
    columns += [("order_id", "<u8"), ("ival", "<i8"), ("fval", "<f8")]
    buy, sell = 0xE000_0000, 0xD000_0000  # seen by the exchange and by the computer
    kinds = [(1 | buy, 99.0), (1 | sell, 101.0), (2 | buy, 101.0), (2 | sell, 99.0)]
    events = np.zeros(len(kinds), columns)
    for i, (flags, price) in enumerate(kinds):
        time = (1704067200 + i) * 10**9
        events[i] = (flags, time, time + 5, price, 1.0, 0, 0, 0.0)
    np.savez(tmp_path / "btcusdt.npz", data=events)
    for options, found in (([], ["quotes", "trades"]), (["--kind", "quotes"], ["quotes"])):
        folder = tmp_path / str(len(found))
        assert main(["data", "import", str(tmp_path / "btcusdt.npz"), *options, "--into", str(folder)]) == 0
        assert [entry.kind for entry in bt.Catalog(folder).list()] == found
