"""Layouts of other packages: files of backtrader and zipline, tables of ccxt and yfinance."""

import re
from collections.abc import Mapping
from typing import Any

import numpy as np

from btcore.data.tables.cleaning import Notes
from btcore.errors import DataError

from .layout import Details, Layout, Sample
from .values import differing

_CCXT = ("timestamp", "open", "high", "low", "close", "volume")


def _open_rows(frame: Any) -> Any:
    """The columns of what `fetch_ohlcv` returns: rows, also as an array or a table without names."""
    names = [str(name) for name in getattr(frame, "columns", [])]
    if names:
        numbered = names == [str(i) for i in range(len(_CCXT))]
        if not numbered:
            return frame
        frame = frame.to_numpy()
    is_rows = isinstance(frame, list | tuple) or (isinstance(frame, np.ndarray) and frame.dtype.names is None)
    if not is_rows:
        return frame
    for row, values in enumerate(frame):
        if not isinstance(values, list | tuple | np.ndarray) or len(values) != len(_CCXT):
            raise DataError(
                f"format 'ccxt': rows of 6 values are needed, {', '.join(_CCXT)}; row {row} is {values!r}"
            )
    return {name: [row[i] for row in frame] for i, name in enumerate(_CCXT)}


def _check_actions(table: Mapping[str, Any], said: Notes) -> None:
    """Says how many dividends and splits there are, as bars have no column for them."""
    if "dividend" in table:
        said.count("dividends, which are not applied", differing(table["dividend"], 0))
    if "split" in table:
        said.count("splits, which are not applied", differing(table["split"], 1))


def _check_history(table: Mapping[str, Any], said: Notes) -> None:
    adjusted = "Adj Close" not in table
    if "Dividends" in table:
        how = "in the prices already" if adjusted else "which are not applied"
        said.count(f"dividends, {how}", differing(table["Dividends"], 0))
    if "Stock Splits" in table:
        said.count("splits, in the prices already", differing(table["Stock Splits"], 0))


def _has_clock(sample: Sample, *names: str) -> bool:
    """Whether the first time has a time of day other than midnight."""
    text = next(filter(None, map(sample.value, names)), "")
    return re.search(r"[ T]\d\d:\d\d", text) is not None and not re.search(r"[ T]00:00(:00)?", text)


def _backtrader(sample: Sample) -> Details:
    return Details(needs=("stamp",) if _has_clock(sample, "datetime", "date", "time", "timestamp") else ())


def _zipline(sample: Sample) -> Details:
    return Details(needs=("stamp",) if _has_clock(sample, "date") else ())


def _yfinance(sample: Sample) -> Details:
    if "Adj Close" in sample.names:
        return Details(notes=("open to close are adjusted for splits, not for dividends",))
    return Details(
        notes=("there is no 'Adj Close': prices are adjusted for splits and dividends (auto_adjust)",)
    )


_YFINANCE: dict[str, Any] = {
    "name": "yfinance",
    "title": "yfinance",
    "kind": "bars",
    "stamps": "open",
    "details": _yfinance,
    "checked": ("Dividends", "Stock Splits", "Adj Close"),
    "check": _check_history,
}
_ASKED = "`stamp`, if there are times of day"

LAYOUTS = (
    Layout(
        name="backtrader",
        title="backtrader",
        kind="bars",
        file="columns of `GenericCSVData`",
        stamps="not said; backtrader takes them for closes",
        clock="not said; `timezone`, else UTC",
        asked=_ASKED,
        header=("open", "high", "low", "close", "volume", "openinterest"),
        details=_backtrader,
    ),
    Layout(
        name="zipline_csvdir",
        title="zipline csvdir",
        kind="bars",
        file="`AAPL.csv` in the folder of days or of minutes",
        stamps="open of days; zipline takes minutes for closes",
        clock="days of the exchange; minutes UTC",
        asked=_ASKED,
        header=("date", "open", "high", "low", "close", "volume", "dividend", "split"),
        is_sure=True,
        details=_zipline,
        checked=("dividend", "split"),
        check=_check_actions,
    ),
    Layout(
        name="ccxt",
        title="ccxt",
        kind="bars",
        file="rows of `fetch_ohlcv`, also as a table",
        stamps="open",
        clock="UTC; ms",
        header=_CCXT,
        options={"unit": "ms", "timezone": "UTC"},
        notes=("the last row may be a bar that was not over",),
        open_rows=_open_rows,
    ),
    Layout(
        **_YFINANCE,
        file="`Ticker.history`",
        clock="that of the index",
        header=("Open", "High", "Low", "Close", "Volume", "Dividends", "Stock Splits"),
        is_sure=True,
    ),
    Layout(
        **_YFINANCE,
        file="`download`, also of several symbols",
        clock="that of the index; dates are days of the exchange",
        header=("Open", "High", "Low", "Close", "Volume"),
    ),
)
