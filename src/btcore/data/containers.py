"""Bars, Quotes, Trades: read-only columns of one symbol in time order, checked when constructed."""

import re
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from btcore.errors import DataError, RowError
from btcore.times.intervals import Interval, interval_name, interval_ns, smallest_gap
from btcore.times.zones import Dst

from .base import Container
from .columns import Floats, Sides, float_column, side_column, time_column
from .frames import select_columns, to_arguments
from .validate import check_bars, check_lengths, check_quotes, check_trades

_SOURCE = re.compile(r"[a-z0-9_]{1,32}")


class Bars(Container):
    """Prices and volume per interval; `timestamp` is the start of a bar, `timestamp + interval` its end.

    `interval` is an int in nanoseconds, and `source` names the prices the bars aggregate: "trade" or
    "mid". A missing volume is 0. Prices are positive, or any finite numbers with `negative_prices`. DataError
    for invalid data; it names the first invalid row.
    """

    __slots__ = ("interval", "source")
    kind = "bars"
    interval: int  # nanoseconds
    source: str

    def __init__(  # noqa: PLR0917 - the usual order of columns
        self,
        timestamp: Any,
        open: Any,
        high: Any,
        low: Any,
        close: Any,
        volume: Any = None,
        *,
        interval: Interval = "1min",
        source: str = "trade",
        negative_prices: bool = False,
    ) -> None:
        prices = {"open": open, "high": high, "low": low, "close": close}
        columns: dict[str, NDArray[Any]] = {"timestamp": time_column(timestamp, "bars")}
        columns |= {name: float_column(values, "bars", name) for name, values in prices.items()}
        columns["volume"] = float_column(
            np.zeros(len(columns["timestamp"])) if volume is None else volume, "bars", "volume"
        )
        if not isinstance(source, str) or not _SOURCE.fullmatch(source):
            raise DataError(f"bars.source: {source!r} is not 1 to 32 characters of a-z, 0-9 and _")
        length = interval_ns(interval)
        check_lengths(columns, "bars")
        check_bars(columns, length, negative_prices)
        self._fill(columns, None, negative_prices=negative_prices, interval=length, source=source)

    @property
    def open(self) -> Floats:
        """float64: the first price of each bar."""
        return self._columns["open"]

    @property
    def high(self) -> Floats:
        """float64: the highest price of each bar."""
        return self._columns["high"]

    @property
    def low(self) -> Floats:
        """float64: the lowest price of each bar."""
        return self._columns["low"]

    @property
    def close(self) -> Floats:
        """float64: the last price of each bar."""
        return self._columns["close"]

    @property
    def volume(self) -> Floats:
        """float64: the quantity traded in each bar, 0 if unknown."""
        return self._columns["volume"]

    def _meta(self) -> dict[str, Any]:
        return {"interval": self.interval, "source": self.source} | super()._meta()

    def _detail(self) -> str:
        return interval_name(self.interval)

    def _price_ranges(self) -> list[tuple[Floats, Floats]]:
        return [(self.low, self.high)]

    @classmethod
    def from_frame(
        cls,
        frame: Any,
        columns: dict[str, str] | None = None,
        timezone: str | None = None,
        *,
        interval: Interval | None = None,
        source: str = "trade",
        dst: Dst = "raise",
        negative_prices: bool = False,
    ) -> Self:
        """Bars from a pandas, polars or pyarrow table, a dict or a structured array.

        Columns are found by their usual names; `columns={"timestamp": "Date"}` names others. Naive datetimes
        are local time in `timezone`, UTC if None. `interval` None is the smallest gap between two bars.
        DataError for a missing column or invalid data.
        """
        found = to_arguments(select_columns(frame, "bars", columns), "bars", timezone or "UTC", dst)
        length = smallest_gap(found["timestamp"]) if interval is None else interval
        return cls(**found, interval=length, source=source, negative_prices=negative_prices)


class Quotes(Container):
    """Best bid and ask over time; both sizes are None if unknown.

    Prices are positive, or any finite numbers with `negative_prices`, and bid <= ask. DataError for invalid
    data; it names the first invalid row.
    """

    __slots__ = ()
    kind = "quotes"

    def __init__(
        self,
        timestamp: Any,
        bid: Any,
        ask: Any,
        bid_size: Any = None,
        ask_size: Any = None,
        *,
        negative_prices: bool = False,
    ) -> None:
        given = {"bid": bid, "ask": ask, "bid_size": bid_size, "ask_size": ask_size}
        columns: dict[str, NDArray[Any]] = {"timestamp": time_column(timestamp, "quotes")}
        columns |= {name: float_column(v, "quotes", name) for name, v in given.items() if v is not None}
        if "bid" not in columns or "ask" not in columns or (bid_size is None) != (ask_size is None):
            raise DataError("quotes: bid and ask are both needed, and both sizes or neither")
        check_lengths(columns, "quotes")
        check_quotes(columns, negative_prices)
        self._fill(columns, None, negative_prices=negative_prices)

    @property
    def bid(self) -> Floats:
        """float64: the best bid price."""
        return self._columns["bid"]

    @property
    def ask(self) -> Floats:
        """float64: the best ask price."""
        return self._columns["ask"]

    @property
    def bid_size(self) -> Floats | None:
        """float64: the quantity at the bid, or None."""
        return self._columns.get("bid_size")

    @property
    def ask_size(self) -> Floats | None:
        """float64: the quantity at the ask, or None."""
        return self._columns.get("ask_size")

    def _price_ranges(self) -> list[tuple[Floats, Floats]]:
        return [(self.ask, self.ask), (self.bid, self.bid)]


class Trades(Container):
    """Trades: price, size and side of the aggressor (int8: 1 buy, -1 sell, 0 unknown).

    Size and side are None if unknown. Sizes are positive; prices too, or any finite numbers with
    `negative_prices`. DataError for invalid data; it names the first invalid row.
    """

    __slots__ = ()
    kind = "trades"

    def __init__(
        self,
        timestamp: Any,
        price: Any,
        size: Any = None,
        side: Any = None,
        *,
        negative_prices: bool = False,
    ) -> None:
        columns: dict[str, NDArray[Any]] = {
            "timestamp": time_column(timestamp, "trades"),
            "price": float_column(price, "trades", "price"),
        }
        if size is not None:
            columns["size"] = float_column(size, "trades", "size")
        if side is not None:
            columns["side"] = side_column(side)
        check_lengths(columns, "trades")
        check_trades(columns, negative_prices)
        self._fill(columns, None, negative_prices=negative_prices)

    @property
    def price(self) -> Floats:
        """float64: the price of each trade."""
        return self._columns["price"]

    @property
    def size(self) -> Floats | None:
        """float64: the quantity of each trade, or None."""
        return self._columns.get("size")

    @property
    def side(self) -> Sides | None:
        """int8: the side of the aggressor, 1 buy, -1 sell, 0 unknown; or None."""
        return self._columns.get("side")

    def _price_ranges(self) -> list[tuple[Floats, Floats]]:
        return [(self.price, self.price)]


KINDS: dict[str, type[Bars] | type[Quotes] | type[Trades]] = {
    "bars": Bars,
    "quotes": Quotes,
    "trades": Trades,
}


def last_row(data: Bars | Quotes | Trades) -> Bars | Quotes | Trades:
    """A copy of the last row as a container."""
    return data._trusted({name: column[-1:].copy() for name, column in data.columns.items()}, data._meta())


def check_follows(before: Bars | Quotes | Trades, data: Bars | Quotes | Trades, row: int = 0) -> None:
    """Checks that `data` can follow `before` in one container.

    DataError if kind, columns or settings differ. RowError, with the number `row`, if the first row of `data`
    is invalid after the last of `before`.
    """
    mine, theirs = _layout(data), _layout(before)
    if mine != theirs:
        raise DataError(f"{data.kind}: {mine} cannot follow {theirs}")
    columns: dict[str, Any] = {
        name: np.concatenate([before.columns[name][-1:], column[:1]]) for name, column in data.columns.items()
    }
    try:
        KINDS[data.kind](**columns, **data._meta())
    except RowError as error:
        raise RowError(error.kind, row, error.problem) from None


def _layout(data: Bars | Quotes | Trades) -> str:
    settings = ", ".join(f"{name}={value!r}" for name, value in data._meta().items())
    return f"{data.kind} of {', '.join(data.columns)} ({settings})"
