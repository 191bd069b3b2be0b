"""Layouts of vendors of stocks, and of files that are passed on."""

from typing import Any

from .layout import Details, Layout, Sample
from .shapes import matches, numbers

_DAYS = "the dates are days of the exchange"


def _is_firstrate(row: list[str]) -> bool:
    return matches(r"\d{4}-\d\d-\d\d( \d\d:\d\d:\d\d)?", row[0]) and numbers(*row[1:])


def _tradingview(sample: Sample) -> Details:
    """Times are epoch seconds, or ISO 8601 with an offset."""
    return Details({"unit": "s"} if sample.value("time").isdigit() else {})


_FIRSTRATE: dict[str, Any] = {
    "name": "firstrate",
    "title": "FirstRate Data",
    "kind": "bars",
    "stamps": "open",
    "clock": "America/New_York; crypto is UTC, which `timezone` must say",
    "more": ("volume",),
    "shape": _is_firstrate,
    "options": {"timezone": "America/New_York"},
}

LAYOUTS = (
    Layout(
        **_FIRSTRATE,
        file="`AAPL_1min.txt`, with or without a header",
        header=("timestamp", "open", "high", "low", "close"),
    ),
    Layout(
        **_FIRSTRATE | {"shape": None, "more": ()},
        file="the same with `DateTime`",
        header=("DateTime", "Open", "High", "Low", "Close"),
    ),
    Layout(
        name="yahoo",
        title="Yahoo",
        kind="bars",
        file="download of a symbol's history",
        stamps="open",
        clock="days of the exchange",
        header=("Date", "Open", "High", "Low", "Close", "Adj Close", "Volume"),
        is_sure=True,
        notes=(f"{_DAYS}; open to close are adjusted for splits, not for dividends",),
    ),
    Layout(
        name="kaggle_stocks",
        title="Kaggle, S&P 500 stock data",
        kind="bars",
        file="`all_stocks_5yr.csv`, `AAPL_data.csv`",
        stamps="open",
        clock="days of the exchange",
        asked='`symbol` or `by="symbol"`, if there are several',
        header=("date", "open", "high", "low", "close", "volume", "Name"),
        is_sure=True,
        notes=(_DAYS,),
    ),
    Layout(
        name="kaggle_stocks",
        title="Kaggle, huge stock market dataset",
        kind="bars",
        file="`aapl.us.txt`",
        stamps="open",
        clock="days of the exchange",
        header=("Date", "Open", "High", "Low", "Close", "Volume", "OpenInt"),
        notes=(f"{_DAYS}; prices are adjusted for splits and dividends",),
    ),
    Layout(
        name="tradingview",
        title="TradingView",
        kind="bars",
        file="Export chart data",
        stamps="open",
        clock="UTC, or the offsets in the file",
        header=("time", "open", "high", "low", "close"),
        details=_tradingview,
    ),
)
