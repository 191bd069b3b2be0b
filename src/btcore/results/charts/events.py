"""What a chart shows beside prices: fills, stops and targets, the position, and indicators."""

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


class Level(NamedTuple):
    """The price of a working order over time: `kind` is "limit", "stop" or "touch"."""

    order_id: int
    kind: str
    side: str
    start: int
    end: int
    price: float


class Line(NamedTuple):
    """One value of an indicator over time; `on_prices` if it belongs on the panel of prices."""

    name: str
    time: Times
    value: Floats
    on_prices: bool


def fills_of(result: Traded, symbol: str) -> Fills:
    """The fills of a symbol in order of time."""
    trades, trips, orders = result.trades, result.round_trips, result.orders
    trades = trades[trades["symbol"] == symbol]
    trips = trips[trips["symbol"] == symbol]
    ended = {(int(row["exit_order_id"]), int(row["exit_timestamp"])): 0.0 for row in trips}
    for row in trips:
        ended[int(row["exit_order_id"]), int(row["exit_timestamp"])] += float(row["pnl"])
    keys = zip(trades["order_id"].tolist(), trades["timestamp"].tolist(), strict=True)
    tags = dict(zip(orders["order_id"].tolist(), orders["tag"].tolist(), strict=True))
    return Fills(
        trades["timestamp"],
        trades["side"],
        trades["quantity"],
        trades["price"],
        trades["order_id"],
        np.array([ended.pop(key, np.nan) for key in keys], np.float64),
        np.array([tags.get(number, "") for number in trades["order_id"].tolist()], np.str_),
    )


def levels_of_orders(result: Traded, symbol: str, last: int) -> list[Level]:
    """The limit, stop and touch prices of the symbol's orders while they worked; to `last`, ns UTC, if open.

    An order with an accepted amendment is left out until that: its earlier prices are not in the tables.
    """
    orders, events = result.orders, result.order_events
    changed = events["event"] == "amended"
    since = dict(
        zip(events["order_id"][changed].tolist(), events["timestamp"][changed].tolist(), strict=True)
    )
    found = []
    for row in orders[orders["symbol"] == symbol]:
        number = int(row["order_id"])
        start = max(int(row["arrived_at"]), since.get(number, -1))
        if row["arrived_at"] < 0 or row["trail"] == row["trail"]:  # never working; a trailing price moves
            continue
        end = int(row["closed_at"]) if row["closed_at"] >= 0 else last
        for kind in ("limit", "stop", "touch"):
            price = float(row[f"{kind}_price"])
            if np.isfinite(price) and end > start:
                found.append(Level(number, kind, str(row["side"]), start, end, price))
    return found


def position_of(fills: Fills) -> tuple[Times, Floats]:
    """The times of fills and the signed quantity held after each; splits are not in it."""
    signed = np.where(fills.side == "buy", fills.quantity, -fills.quantity)
    return fills.time, np.cumsum(signed)


def lines_of(result: Traded, symbol: str) -> Iterator[Line]:
    """The values of the indicators of a symbol, a line for each field."""
    for (name, of), table in result.indicators.items():
        if symbol not in of.split(","):
            continue
        fields = [field for field in table.dtype.names or () if field != "timestamp"]
        for field in fields:
            label = name if len(fields) == 1 else f"{name} {field}"
            on_prices = name.startswith(ON_PRICES) and field not in NOT_PRICES and "," not in of
            yield Line(label, table["timestamp"], table[field], on_prices and "volume" not in name)


def names_of(result: Any) -> list[str]:
    """The symbols that were traded, then those of the data."""
    traded = list(dict.fromkeys(result.trades["symbol"].tolist()))
    of_data = [str(row["symbol"]) for row in result.manifest.get("data", [])]
    return list(dict.fromkeys([*traded, *of_data]))
