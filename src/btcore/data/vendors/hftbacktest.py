"""Event arrays of hftbacktest (npz): trades, and the best bid and ask of the order book that they update."""

from collections.abc import Mapping
from heapq import heappop, heappush
from itertools import groupby
from math import isnan
from operator import itemgetter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from btcore.errors import DataError

from .layout import Converted, Layout, Sample

FIELDS = ("ev", "exch_ts", "local_ts", "px", "qty")
EXCHANGE, BUY, SELL = 1 << 31, 1 << 29, 1 << 28  # flags: seen at the time of the exchange; sides
KIND = 0xFF  # the part of `ev` that says what happened
DEPTH, TRADE, CLEAR, SNAPSHOT, BEST = 1, 2, 3, 4, 5
OF_ORDERS = (10, 11, 12, 13)  # adds, cancels, changes and fills of single orders


def is_event_array(sample: Sample) -> bool:
    """Whether the array `data` has events of hftbacktest."""
    column = None if sample.column is None else sample.column("data")
    names = getattr(getattr(column, "dtype", None), "names", None)
    return names is not None and set(FIELDS) <= set(names)


def events_of(table: Mapping[str, Any]) -> tuple[NDArray[Any], NDArray[np.int64]]:
    """The events that the exchange has seen, in the order of the file, and their kinds."""
    data = table["data"]
    if data.ndim != 1:
        raise DataError(f"the array 'data' has {data.ndim} dimensions, not one")
    data = data[(data["ev"].astype(np.int64) & EXCHANGE) != 0]
    return data, data["ev"].astype(np.int64) & KIND


def trades_of(table: Mapping[str, Any]) -> Converted:
    """Time, price, size and side of the aggressor of each trade."""
    data, kinds = events_of(table)
    data = data[kinds == TRADE]
    flags = data["ev"].astype(np.int64)
    side = np.where(flags & BUY, 1, np.where(flags & SELL, -1, 0)).astype(np.int8)
    columns = {"timestamp": data["exch_ts"], "price": data["px"], "size": data["qty"], "side": side}
    return Converted({name: np.ascontiguousarray(column) for name, column in columns.items()})


def quotes_of(table: Mapping[str, Any]) -> Converted:
    """The best bid and ask with their sizes, after all events of one time, where one of them has changed.

    DataError for events of single orders, and without events of the book.
    """
    data, kinds = events_of(table)
    if np.isin(kinds, OF_ORDERS).any():
        raise DataError("it has events of single orders (L3), of which no quotes are made")
    data = data[np.isin(kinds, (DEPTH, CLEAR, SNAPSHOT, BEST))]
    if not len(data):
        raise DataError("it has no events of the order book, so there are no quotes")
    rows: list[tuple[int, float, float, float, float]] = []
    one_sided, last = 0, None
    bids, asks = Side(-1), Side(1)
    columns = (data[name].tolist() for name in ("exch_ts", "ev", "px", "qty"))
    for time, events in groupby(zip(*columns, strict=True), key=itemgetter(0)):
        for _, flags, price, quantity in events:
            for side in sides_of(flags, bids, asks):
                side.apply(flags & KIND, price, quantity)
        bid, ask = bids.best(), asks.best()
        if bid is None or ask is None:
            one_sided, last = one_sided + 1, None
        elif (state := (bid, ask, bids.sizes[bid], asks.sizes[ask])) != last:
            rows.append((time, *state))
            last = state
    notes = (f"quotes: {one_sided} times without both a bid and an ask, left out",) if one_sided else ()
    times = np.array([row[0] for row in rows], np.int64)
    values = np.array([row[1:] for row in rows], np.float64).reshape(len(rows), 4)
    named = dict(zip(("bid", "ask", "bid_size", "ask_size"), values.T.copy(), strict=True))
    return Converted({"timestamp": times, **named}, notes)


class Side:
    """The sizes of one side of an order book by price. `sign` is 1 for asks, whose best is the lowest."""

    def __init__(self, sign: int) -> None:
        self.sign = sign
        self.sizes: dict[float, float] = {}
        self._prices: list[float] = []  # a heap, best first; prices that are gone may still be in it

    def apply(self, kind: int, price: float, quantity: float) -> None:
        """Plays one event of this side."""
        if kind == CLEAR:
            self._remove(lambda other: isnan(price) or self.sign * (other - price) <= 0)
            return
        if kind == BEST:
            self._remove(lambda other: self.sign * (other - price) < 0)
        if quantity > 0:
            if price not in self.sizes:
                heappush(self._prices, self.sign * price)
            self.sizes[price] = quantity
        else:
            self.sizes.pop(price, None)

    def best(self) -> float | None:
        """The best price, None without any."""
        while self._prices:
            price = self.sign * self._prices[0]
            if price in self.sizes:
                return price
            heappop(self._prices)
        return None

    def _remove(self, is_gone: Any) -> None:
        for price in [price for price in self.sizes if is_gone(price)]:
            del self.sizes[price]


def sides_of(flags: int, bids: Side, asks: Side) -> tuple[Side, ...]:
    """The sides of the book that an event changes; both for a clear that names none."""
    if flags & BUY:
        return (bids,)
    if flags & SELL:
        return (asks,)
    return (bids, asks) if flags & KIND == CLEAR else ()


def _layout(kind: str, convert: Any) -> Layout:
    return Layout(
        name="hftbacktest",
        title="hftbacktest events",
        kind=kind,
        file="npz with the array `data`"
        + (" (the best bid and ask of its book)" if kind == "quotes" else ""),
        stamps="time of the exchange",
        clock="UTC",
        header=("data",),
        is_like=is_event_array,
        is_sure=True,
        options={"unit": "ns", "timezone": "UTC"},
        notes=(
            "times: those of the exchange; the times of arrival are not kept",
            f"kind: {kind} of the file",
        ),
        convert=convert,
    )


LAYOUTS = (_layout("trades", trades_of), _layout("quotes", quotes_of))
