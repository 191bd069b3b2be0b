"""What a chart shows beside prices: fills, stops and targets, the position, indicators of the strategy."""

from collections.abc import Iterator
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from btcore.results.tables import Table

Times = NDArray[np.int64]
Floats = NDArray[np.float64]
ON_PRICES = (  # indicators whose values are prices, by the begin of their names
    "sma", "ema", "wma", "dema", "tema", "kama", "bollinger", "vwap", "donchian", "keltner", "supertrend",
    "linear_regression", "rolling_min", "rolling_max",
)  # fmt: skip
NOT_PRICES = frozenset({"direction", "slope"})  # their fields that are none


class Traded(Protocol):
    """The parts of a result that are read here."""

    @property
    def trades(self) -> Table: ...
    @property
    def round_trips(self) -> Table: ...
    @property
    def orders(self) -> Table: ...
    @property
    def order_events(self) -> Table: ...
    @property
    def indicators(self) -> dict[tuple[str, str], Table]: ...


class Fills(NamedTuple):
    """The fills of a symbol. `profit` is that of the round trips that a fill has ended, NaN without any."""

    time: Times
    side: NDArray[np.str_]
    quantity: Floats
    price: Floats
    order_id: NDArray[np.int64]
    profit: Floats
    tag: NDArray[np.str_]


class Levels(NamedTuple):
    """The prices of working orders over time: `kind` is "limit", "stop" or "touch"."""

    order_id: NDArray[np.int64]
    kind: NDArray[np.str_]
    side: NDArray[np.str_]
    start: Times
    end: Times
    price: Floats


class Line(NamedTuple):
    """One value of an indicator over time; `on_prices` if it belongs on the panel of prices."""

    table: str
    name: str
    time: Times
    value: Floats
    on_prices: bool


def fills_of(result: Traded, symbol: str) -> Fills:
    """The fills of a symbol in order of time."""
    trades, trips, orders = result.trades, result.round_trips, result.orders
    trades = trades[trades["symbol"] == symbol]
    trips = trips[trips["symbol"] == symbol]
    ended: dict[tuple[int, int], float] = {}
    columns = (trips[name].tolist() for name in ("exit_order_id", "exit_timestamp", "pnl"))
    for number, time, pnl in zip(*columns, strict=True):
        ended[number, time] = ended.get((number, time), 0.0) + pnl
    numbers = trades["order_id"].tolist()
    keys = zip(numbers, trades["timestamp"].tolist(), strict=True)
    tags = dict(zip(orders["order_id"].tolist(), orders["tag"].tolist(), strict=True))
    return Fills(
        trades["timestamp"],
        trades["side"],
        trades["quantity"],
        trades["price"],
        trades["order_id"],
        np.array([ended.pop(key, np.nan) for key in keys], np.float64),
        np.array([tags.get(number, "") for number in numbers], np.str_),
    )


def levels_of_orders(result: Traded, symbol: str, last: int) -> Levels:
    """The limit, stop and touch prices of the symbol's orders while they worked; to `last`, ns UTC, if open.

    An order with an accepted amendment is left out until that: its earlier prices are not in the tables.
    Trailing orders are left out, as their price moves.
    """
    orders, events = result.orders, result.order_events
    orders = orders[(orders["symbol"] == symbol) & (orders["arrived_at"] >= 0) & np.isnan(orders["trail"])]
    changed = events[events["event"] == "amended"]
    since = dict(zip(changed["order_id"].tolist(), changed["timestamp"].tolist(), strict=True))
    start = orders["arrived_at"].copy()
    if since:
        amended = [since.get(number, -1) for number in orders["order_id"].tolist()]
        start = np.maximum(start, np.array(amended, np.int64))
    end = np.where(orders["closed_at"] >= 0, orders["closed_at"], last)
    parts = []
    for kind in ("limit", "stop", "touch"):
        price = orders[f"{kind}_price"]
        kept = np.isfinite(price) & (end > start)
        names = orders["order_id"][kept], np.full(int(kept.sum()), kind), orders["side"][kept]
        parts.append((*names, start[kept], end[kept], price[kept]))
    joined = [np.concatenate(column) for column in zip(*parts, strict=True)]
    order = np.lexsort((joined[0], joined[3]))
    return Levels(*(column[order] for column in joined))


def position_of(fills: Fills, first: int) -> tuple[Times, Floats]:
    """The signed quantity held from `first`, ns UTC, and after each fill; splits are not in it."""
    signed = np.where(fills.side == "buy", fills.quantity, -fills.quantity)
    return np.append(first, fills.time).astype(np.int64), np.append(0.0, np.cumsum(signed))


def lines_of(result: Traded, symbol: str) -> Iterator[Line]:
    """The values of the indicators of a symbol, a line for each field."""
    for (name, of), table in result.indicators.items():
        if symbol not in of.split(","):
            continue
        fields = [field for field in table.dtype.names or () if field != "timestamp"]
        for field in fields:
            label = name if len(fields) == 1 else f"{name} {field}"
            on_prices = name.startswith(ON_PRICES) and field not in NOT_PRICES and "," not in of
            yield Line(name, label, table["timestamp"], table[field], on_prices and "volume" not in name)


def names_of(result: Any) -> list[str]:
    """The symbols that were traded, then those of the data."""
    traded = list(dict.fromkeys(result.trades["symbol"].tolist()))
    of_data = [str(row["symbol"]) for row in result.manifest.get("data", [])]
    return list(dict.fromkeys([*traded, *of_data]))
