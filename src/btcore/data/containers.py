"""Bars, Quotes, Trades: read-only columns of one symbol in time order, checked when constructed."""

import re
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from btcore.errors import DataError
from btcore.names import names_keywords
from btcore.times.intervals import Interval, interval_name
from btcore.times.lengths import bar_times
from btcore.times.resolutions import resolution_name
from btcore.times.rules import ReadTimes, TimeRules

from .base import Container
from .columns import Floats, Sides, float_column, frozen
from .ends import read_ends
from .tables.names import PRICES
from .tables.sides import side_column
from .timestamps import read_times
from .validate import check_bars, check_lengths, check_quotes, check_trades

Crossed = Literal["refuse", "keep", "drop"]
Stamp = Literal["open", "close"]

_SOURCE = re.compile(r"[a-z0-9_]{1,32}")


class SidePrices(NamedTuple):
    """The prices of one side of bars: float64 columns."""

    open: Floats
    high: Floats
    low: Floats
    close: Floats


class Bars(Container):
    """Prices and volume of bars; `timestamp` is the start of a bar, `end` the time at which it is over.

    All columns have one dimension and the same length. `volume` is None if unknown. `bid` and `ask`, both or
    neither, are (open, high, low, close) each; without `open` to `close` beside them these are the mids.
    `interval` is the nominal length of the bars in nanoseconds, 0 if they have none, and `source` names the
    prices they aggregate: "trade" or "mid". A length that is not given is inferred if the gaps between the
    bars agree on one. `stamp="close"` says that the given timestamps are the ends. Lengths of more than an
    hour follow the clock of `timezone`, and with a `calendar` (an exchange, such as "XNYS") bars end with the
    session. A column `end` gives the ends instead. Prices are positive, or any finite numbers with
    `negative_prices`. DataError for invalid data, which names the first invalid row; ConfigError for an
    unknown time zone or calendar.
    """

    __slots__ = ("interval", "source")
    kind = "bars"
    _drawn = ("close",)
    interval: int  # nanoseconds
    source: str

    @names_keywords()
    def __init__(  # noqa: PLR0917 - the usual order of columns
        self,
        timestamp: Any,
        open: Any = None,
        high: Any = None,
        low: Any = None,
        close: Any = None,
        volume: Any = None,
        *,
        interval: Interval | None = None,
        end: Any = None,
        stamp: Stamp | None = None,
        timezone: str | None = None,
        calendar: str | None = None,
        bid: Any = None,
        ask: Any = None,
        source: str | None = None,
        negative_prices: bool = False,
    ) -> None:
        prices = dict(zip(PRICES, (open, high, low, close), strict=True))
        sides = _side_columns(bid, ask)
        if sides and all(values is None for values in prices.values()):
            prices = {name: 0.5 * (sides[f"bid_{name}"] + sides[f"ask_{name}"]) for name in PRICES}
            source = source or "mid"
        source = "trade" if source is None else source
        if not isinstance(source, str) or not _SOURCE.fullmatch(source):
            raise DataError(f"bars.source: {source!r} is not 1 to 32 characters of a-z, 0-9 and _")
        rules = TimeRules(timezone)
        times = read_times(timestamp, "bars", rules, literal=True)
        columns: dict[str, NDArray[Any]] = {"timestamp": times.ns}
        columns |= {name: float_column(values, "bars", name) for name, values in prices.items()}
        if volume is not None:
            columns["volume"] = float_column(volume, "bars", "volume")
        columns |= sides
        end_note = ""
        if end is not None:
            columns["end"], end_note = read_ends(end, rules, literal=True)
        check_lengths(columns, "bars")
        spans = bar_times(
            times, interval, end=columns.pop("end", None), stamp=stamp, timezone=timezone, calendar=calendar
        )
        columns["timestamp"] = frozen(spans.timestamp)
        if spans.end is not None:
            columns["end"] = frozen(spans.end)
        check_bars(columns, spans.interval, negative_prices)
        notes = tuple(filter(None, (times.note, end_note, *spans.notes)))
        more: dict[str, Any] = {"interval": spans.interval, "source": source, "months": spans.months}
        more["timezone"] = times.timezone if timezone is None else timezone
        self._fill(columns, None, notes=notes, negative_prices=negative_prices, **more)

    @property
    def end(self) -> NDArray[np.int64]:
        """int64 ns UTC: the time at which each bar is over and its close is known."""
        own: NDArray[np.int64] | None = self._columns.get("end")
        return self.timestamp + self.interval if own is None else own

    @property
    def resolution(self) -> str:
        """The name of the length of the bars: "minute", "5min", "1mo"; "irregular" without one."""
        return resolution_name(self.interval, self._months)

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
    def volume(self) -> Floats | None:
        """float64: the quantity traded in each bar; None if unknown."""
        return self._columns.get("volume")

    @property
    def bid(self) -> SidePrices | None:
        """Open, high, low and close of the bid, float64; None if the bars have one price only."""
        return self._side("bid")

    @property
    def ask(self) -> SidePrices | None:
        """Open, high, low and close of the ask, float64; None if the bars have one price only."""
        return self._side("ask")

    def _side(self, side: str) -> SidePrices | None:
        if f"{side}_open" not in self._columns:
            return None
        return SidePrices(*(self._columns[f"{side}_{name}"] for name in PRICES))

    def _meta(self) -> dict[str, Any]:
        return {"interval": self.interval, "source": self.source} | super()._meta()

    def _detail(self) -> str:
        return interval_name(self.interval) if self.interval else "own lengths"

    def _price_ranges(self) -> list[tuple[Floats, Floats]]:
        return [(self.low, self.high)]


def _side_columns(bid: Any, ask: Any) -> dict[str, Floats]:
    """The columns bid_open .. ask_close of two sides; none if both are None."""
    if bid is None and ask is None:
        return {}
    found = {}
    for side, prices in (("bid", bid), ("ask", ask)):
        if prices is None or not hasattr(prices, "__len__") or len(prices) != len(PRICES):
            raise DataError(
                f"bars.{side}: four columns are needed, (open, high, low, close), for bid and for ask"
            )
        for name, values in zip(PRICES, prices, strict=True):
            found[f"{side}_{name}"] = float_column(values, "bars", f"{side}_{name}")
    return found


class Quotes(Container):
    """Best bid and ask over time; both sizes are None if unknown.

    Prices are positive, or any finite numbers with `negative_prices`. Crossed quotes (bid > ask) are refused,
    kept or dropped. DataError for invalid data; it names the first invalid row.
    """

    __slots__ = ("crossed",)
    kind = "quotes"
    _drawn = ("bid", "ask")
    crossed: Crossed  # "refuse": there are none; "keep": there may be

    @names_keywords()
    def __init__(
        self,
        timestamp: Any,
        bid: Any,
        ask: Any,
        bid_size: Any = None,
        ask_size: Any = None,
        *,
        crossed: Crossed = "refuse",
        negative_prices: bool = False,
    ) -> None:
        if crossed not in {"refuse", "keep", "drop"}:
            raise DataError(f"quotes.crossed: {crossed!r} is not refuse, keep or drop")
        given = {"bid": bid, "ask": ask, "bid_size": bid_size, "ask_size": ask_size}
        times = read_times(timestamp, "quotes", literal=True)
        columns: dict[str, NDArray[Any]] = {"timestamp": times.ns}
        columns |= {name: float_column(v, "quotes", name) for name, v in given.items() if v is not None}
        if "bid" not in columns or "ask" not in columns or (bid_size is None) != (ask_size is None):
            raise DataError("quotes: bid and ask are both needed, and both sizes or neither")
        check_lengths(columns, "quotes")
        notes: tuple[str, ...] = ()
        if crossed == "drop":
            columns, notes = _without_crossed(columns)
            crossed = "refuse"
        check_quotes(columns, negative_prices, crossed == "keep")
        more: dict[str, Any] = {"crossed": crossed, "timezone": times.timezone}
        self._fill(columns, None, notes=notes, negative_prices=negative_prices, **more)

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

    def _meta(self) -> dict[str, Any]:
        return ({"crossed": "keep"} if self.crossed == "keep" else {}) | super()._meta()

    def _fill(self, *args: Any, crossed: Crossed = "refuse", **settings: Any) -> None:
        super()._fill(*args, crossed=crossed, **settings)

    def _price_ranges(self) -> list[tuple[Floats, Floats]]:
        return [(self.ask, self.ask), (self.bid, self.bid)]


def _without_crossed(columns: dict[str, NDArray[Any]]) -> tuple[dict[str, NDArray[Any]], tuple[str, ...]]:
    """The columns without the rows whose bid is above the ask, and a note with their number."""
    crossed = columns["bid"] > columns["ask"]
    if not crossed.any():
        return columns, ()
    kept = {name: frozen(column[~crossed]) for name, column in columns.items()}
    return kept, (f"crossed quotes (bid > ask) dropped: {int(crossed.sum())} of {len(crossed)}",)


class Trades(Container):
    """Trades: price, size and side of the aggressor (int8: 1 buy, -1 sell, 0 unknown).

    Size and side are None if unknown. Sizes are positive; prices too, or any finite numbers with
    `negative_prices`. DataError for invalid data; it names the first invalid row.
    """

    __slots__ = ()
    kind = "trades"
    _drawn = ("price",)

    @names_keywords()
    def __init__(
        self,
        timestamp: Any,
        price: Any,
        size: Any = None,
        side: Any = None,
        *,
        negative_prices: bool = False,
    ) -> None:
        times = read_times(timestamp, "trades", literal=True)
        columns: dict[str, NDArray[Any]] = {
            "timestamp": times.ns,
            "price": float_column(price, "trades", "price"),
        }
        if size is not None:
            columns["size"] = float_column(size, "trades", "size")
        if side is not None:
            columns["side"] = side_column(side)
        check_lengths(columns, "trades")
        check_trades(columns, negative_prices)
        self._fill(columns, None, timezone=times.timezone, negative_prices=negative_prices)

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


def from_columns(kind: str, columns: dict[str, Any], meta: dict[str, Any]) -> Bars | Quotes | Trades:
    """The checked container of named columns, as `Container.columns` gives them, with its settings."""
    given = dict(columns)
    for name in {"timestamp", "end"} & given.keys():
        given[name] = ReadTimes(frozen(given[name]))  # ns UTC, which need no guess of their unit
    for side in ("bid", "ask") if "bid_open" in given else ():
        given[side] = tuple(given.pop(f"{side}_{name}") for name in PRICES)
    return KINDS[kind](**given, **meta)
