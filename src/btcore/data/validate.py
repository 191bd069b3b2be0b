"""The rules that market data must satisfy.

A compiled pass (`checks`) decides whether they hold. Only if they do not, numpy finds the first invalid row.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from btcore.errors import DataError, reject_rows
from btcore.times.intervals import interval_name
from btcore.times.order import check_ascending, check_ends, check_last_end, check_no_overlap, check_sorted

from .checks import valid_bars, valid_prices, valid_quotes, valid_trades
from .columns import Mask
from .tables.names import PRICES

Columns = Mapping[str, NDArray[Any]]


def check_lengths(columns: Columns, kind: str) -> None:
    """DataError unless all columns have as many rows as `timestamp`."""
    rows = len(columns["timestamp"])
    for name, column in columns.items():
        if len(column) != rows:
            raise DataError(f"{kind}.{name}: {len(column)} rows, but timestamp has {rows}")


def check_bars(columns: Columns, interval: int, negative_prices: bool = False) -> None:
    """RowError unless low <= open, close <= high, prices are positive, volume >= 0 and bars do not overlap.

    With `negative_prices` prices need only be finite. Bars end after they begin, and no later than the next
    one begins: `interval` ns after, unless they have ends of their own.
    """
    above, end, volume = _above(negative_prices), columns.get("end"), columns.get("volume")
    sides = [side for side in ("", "bid_", "ask_") if f"{side}open" in columns]
    opened, high, low, closed = (columns[name] for name in PRICES)
    if valid_bars(columns["timestamp"], opened, high, low, closed, volume, above, interval, end) and all(
        _are_candles(columns, side, above) for side in sides[1:]
    ):
        return
    for side in sides:
        _check_candles(columns, side, negative_prices)
    _check_not_negative("bars", columns, "volume")
    times = columns["timestamp"]
    check_ascending("bars", times)
    if end is not None:
        check_ends("bars", times, end)
        return
    check_no_overlap("bars", times, interval_name(interval), times[1:] - interval < times[:-1])
    check_last_end("bars", times, interval)


def _are_candles(columns: Columns, side: str, above: float) -> bool:
    opened, high, low, closed = (columns[side + name] for name in PRICES)
    return valid_prices(opened, high, low, closed, above)


def _check_candles(columns: Columns, side: str, negative_prices: bool) -> None:
    """RowError for the first invalid price of the bars, or of their `side` ("bid_", "ask_")."""
    opened, high, low, closed = (side + name for name in PRICES)
    for name in (opened, high, low, closed):
        _check_price("bars", columns, name, negative_prices)
    _check_not("bars", columns, f"{high} < {low}", (high, low), np.less(columns[high], columns[low]))
    for name in (opened, closed):
        _check_not(
            "bars", columns, f"{name} > {high}", (name, high), np.greater(columns[name], columns[high])
        )
        _check_not("bars", columns, f"{name} < {low}", (name, low), np.less(columns[name], columns[low]))


def check_quotes(columns: Columns, negative_prices: bool = False, crossed: bool = False) -> None:
    """RowError unless prices are positive and finite, bid <= ask, sizes >= 0 and times in ascending order.

    With `negative_prices` prices need only be finite; with `crossed` a bid may be above the ask.
    """
    prices = columns["timestamp"], columns["bid"], columns["ask"]
    sizes = columns.get("bid_size"), columns.get("ask_size")
    if valid_quotes(*prices, *sizes, _above(negative_prices), crossed):
        return
    _check_price("quotes", columns, "bid", negative_prices)
    _check_price("quotes", columns, "ask", negative_prices)
    if not crossed:
        above = np.greater(columns["bid"], columns["ask"])
        hint = '; crossed="keep" allows it, crossed="drop" leaves such rows out'
        _check_not("quotes", columns, "crossed: bid > ask", ("bid", "ask"), above, hint=hint)
    _check_not_negative("quotes", columns, "bid_size")
    _check_not_negative("quotes", columns, "ask_size")
    check_sorted("quotes", columns["timestamp"])


def check_trades(columns: Columns, negative_prices: bool = False) -> None:
    """RowError unless prices and sizes are positive and finite, and times in ascending order.

    With `negative_prices` prices need only be finite.
    """
    if valid_trades(columns["timestamp"], columns["price"], columns.get("size"), _above(negative_prices)):
        return
    _check_price("trades", columns, "price", negative_prices)
    if "size" in columns:
        _check_positive("trades", columns, "size")
    check_sorted("trades", columns["timestamp"])


def _above(negative_prices: bool) -> float:
    """The bound that every price must exceed."""
    return -np.inf if negative_prices else 0.0


def _check_price(kind: str, columns: Columns, name: str, negative_prices: bool) -> None:
    if negative_prices:
        _check_finite(kind, columns, name)
    else:
        _check_positive(kind, columns, name, "; negative_prices=True allows it")


def _check_positive(kind: str, columns: Columns, name: str, hint: str = "") -> None:
    _check_finite(kind, columns, name)
    _check_not(kind, columns, f"{name} is not positive", (name,), columns[name] <= 0.0, hint=hint)


def _check_not_negative(kind: str, columns: Columns, name: str) -> None:
    if name in columns:
        _check_finite(kind, columns, name)
        _check_not(kind, columns, f"{name} is negative", (name,), columns[name] < 0.0)


def _check_finite(kind: str, columns: Columns, name: str) -> None:
    column = columns[name]
    _check_not(kind, columns, f"{name} is NaN, not a finite number", (), np.isnan(column))
    _check_not(kind, columns, f"{name} is infinite, not a finite number", (), np.isinf(column))


def _check_not(
    kind: str, columns: Columns, problem: str, shown: tuple[str, ...], invalid: Mask, *, hint: str = ""
) -> None:
    """RowError for the first invalid row, with the values of the columns `shown`."""

    def text(row: int) -> str:
        values = ", ".join(f"{name}={float(columns[name][row])!r}" for name in shown)
        return (f"{problem} ({values})" if values else problem) + hint

    reject_rows(kind, invalid, text)
