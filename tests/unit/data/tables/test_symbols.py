"""Symbols of exchanges and vendors are accepted everywhere; other texts are refused with what is allowed."""

import json
from pathlib import Path

import msgspec
import pytest

import btcore as bt
from btcore.cli.commands import main
from btcore.config import SYMBOL_WORDS, RunRequest, checked
from btcore.data.source import check_symbol

WRITTEN = [
    "^GSPC",  # an index at Yahoo
    "BTC/USD",
    "ES1!",  # a continuous future at TradingView
    "M&M.NS",
    "BRK.B",
    "BRK-B",
    "EUR/USD.oanda",
    "GC=F",
    "0700.HK",
    "$SPX",
    ".INX",
    "@ES#C",
    "/ES:XCME",
    "BTC/USDT:USDT-240329",
    "ES_F",
    "EURUSD+",
    "NQ*1",
    "#IBM",
    "1000PEPE_PERP",
    "x" * 32,
]
REFUSED = [
    "",
    "A B",
    " A",
    "A\t",
    "A\n",
    "A\x00",
    "A\x7f",
    "A\u00a0B",
    "\u00e4",
    "-A",
    "..",
    "../A",
    "x" * 33,
    5,
    None,
]
SPAN = ("2024-01-02", "2024-01-20")


@pytest.mark.parametrize("symbol", WRITTEN)
def test_a_symbol_passes_run_catalog_sample_market_and_request(symbol: str, tmp_path: Path) -> None:
    bars = bt.sample_bars(symbol, *SPAN)
    catalog = bt.Catalog(tmp_path / "catalog")
    catalog.write(symbol, bars)
    assert catalog.symbols() == [symbol]
    request = msgspec.json.decode(
        json.dumps({"symbols": [symbol], "start_date": SPAN[0], "end_date": SPAN[1]}), type=RunRequest
    )
    result = bt.run_request(request, catalog)
    assert result.trades["symbol"].tolist() == [symbol]
    result.report(tmp_path / "page.html")
    assert bt.run({symbol: bars}, "buy_and_hold").metrics == result.metrics


def test_the_command_line_takes_them_all_at_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    span = ["--start", SPAN[0], "--end", SPAN[1]]
    folder = str(tmp_path / "catalog")
    assert main(["data", "sample", "--symbols", ",".join(WRITTEN), *span, "--into", folder]) == 0
    capsys.readouterr()
    assert main(["run", *WRITTEN, "--data", folder, *span, "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert [entry["symbol"] for entry in document["manifest"]["data"]] == WRITTEN


@pytest.mark.parametrize("symbol", REFUSED)
def test_other_texts_are_refused_with_what_is_allowed(symbol: object) -> None:
    with pytest.raises(bt.DataError) as raised:
        check_symbol(symbol)  # type: ignore[arg-type]
    assert str(raised.value) == f"symbol: {symbol!r} is not {SYMBOL_WORDS}"
    with pytest.raises(bt.DataError, match="symbol: "):
        bt.run({symbol: bt.sample_bars("A", *SPAN)}, "buy_and_hold")  # type: ignore[dict-item]


def test_a_request_says_what_is_allowed() -> None:
    with pytest.raises(bt.ConfigError) as raised:
        checked("", {"symbols": ["A", "B C"], "start_date": SPAN[0], "end_date": SPAN[1]}, RunRequest)
    assert str(raised.value) == f"symbols[1]: 'B C' is not {SYMBOL_WORDS}"
    assert "._:=^/!&$#@+*%-" in SYMBOL_WORDS
