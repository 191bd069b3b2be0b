"""Orders known before the run."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from btcore.config import TIME_IN_FORCE, TRAIL_BY
from btcore.errors import OrderError

from .handler import OrderArray

NEVER = np.iinfo(np.int64).max


class Orders:
    """Orders known before the run, a row each; scalars stand for every row.

    `timestamp` (int64 ns UTC or datetime64) is when an order is sent. `side` is "buy" or "sell", or 1 or -1.
    An order's type follows from the prices it has, as with `Context.buy`: NaN or None is none. `oco` groups
    count from 1, `parent` is the row (0 the first, -1 none) whose order's fills release this one, `expires`
    (NaT or None: none) is for GTD, `latency_ms` NaN is the run's own. OrderError names the first row that
    makes no sense.
    """

    def __init__(
        self,
        timestamp: ArrayLike,
        symbol: str | Sequence[str] | NDArray[Any],
        side: str | int | Sequence[str] | ArrayLike,
        quantity: ArrayLike,
        *,
        limit_price: ArrayLike | None = None,
        stop_price: ArrayLike | None = None,
        touch_price: ArrayLike | None = None,
        trail: ArrayLike | None = None,
        trail_by: str | Sequence[str] | NDArray[Any] = "price",
        limit_offset: ArrayLike | None = None,
        time_in_force: str | Sequence[str] | NDArray[Any] = "GTC",
        expires: ArrayLike | None = None,
        oco: ArrayLike = 0,
        parent: ArrayLike = -1,
        post_only: ArrayLike = False,
        reduce_only: ArrayLike = False,
        latency_ms: ArrayLike | None = None,
    ) -> None:
        times = _times(timestamp)
        self._rows = _by_time(times)  # as the caller counts them, by time; None: as they stand
        self.timestamp: NDArray[np.int64] = times if self._rows is None else times[self._rows]
        self.symbol = self._column("symbol", symbol, np.str_)
        self.quantity = self._column("quantity", quantity, np.float64)
        self.limit_price = self._price("limit_price", limit_price)
        self.stop_price = self._price("stop_price", stop_price)
        self.touch_price = self._price("touch_price", touch_price)
        self.trail = self._price("trail", trail)
        self.limit_offset = self._price("limit_offset", limit_offset)
        self.oco = self._column("oco", oco, np.int64)
        self.post_only = self._column("post_only", post_only, np.bool_)
        self.reduce_only = self._column("reduce_only", reduce_only, np.bool_)
        self.expires = self._moments("expires", expires)
        size, group = _told(self.quantity), _told(self.oco)
        self._refuse(~(np.isfinite(size) & (size > 0)), "quantity", self.quantity)
        self._refuse(group < 0, "oco", self.oco)
        self.side = self._side(side)
        self.time_in_force = self._codes("time_in_force", time_in_force, TIME_IN_FORCE)
        self.trail_by = self._codes("trail_by", trail_by, TRAIL_BY)
        self.latency = self._latency(latency_ms)
        self.parent = self._parent(parent)
        self.order_type = self._check_terms()
        for column in self.columns().values():
            column.flags.writeable = False

    def _column(self, name: str, values: Any, dtype: Any) -> NDArray[Any]:
        """By time. One value for all stays one, which every row shows."""
        try:
            full = np.broadcast_to(np.array(values, dtype), self.timestamp.shape)
        except (ValueError, TypeError) as error:
            raise OrderError(f"orders.{name}: not a column of {len(self)} values ({error})") from error
        return full if self._rows is None or _is_one(full) else full[self._rows]

    def _full(self, values: NDArray[Any]) -> NDArray[Any]:
        return np.broadcast_to(values, self.timestamp.shape)

    def _price(self, name: str, values: Any) -> NDArray[Any]:
        """NaN for none; prices below zero are for the run to judge, by its instruments."""
        column = self._column(name, np.nan if values is None else values, np.float64)
        prices, distance = _told(column), name in ("trail", "limit_offset")
        bad = (
            np.isinf(prices) | (prices < 0 if distance else prices == 0) | ((prices == 0) & (name == "trail"))
        )
        self._refuse(bad, name, column)
        return column

    def _side(self, side: Any) -> NDArray[np.int8]:
        column = self._column("side", side, None)
        sides = _told(column)
        buy, sell = ("buy", "sell") if sides.dtype.kind == "U" else (1, -1)
        buys = sides == buy
        self._refuse(~(buys | (sides == sell)), "side", column)
        return self._full(np.where(buys, np.int8(1), np.int8(-1)))

    def _codes(self, name: str, values: Any, codes: Mapping[str, int]) -> NDArray[np.int8]:
        column = self._column(name, values, np.str_)
        words = _told(column)
        numbers = np.full(words.shape, -1, np.int8)
        for word, number in codes.items():
            numbers[words == word] = number
        self._refuse(numbers < 0, name, column)
        return self._full(numbers)

    def _latency(self, values: Any) -> NDArray[np.int64]:
        column = self._column("latency_ms", np.nan if values is None else values, np.float64)
        latency = _told(column)
        own = ~np.isnan(latency)
        self._refuse(own & ~((latency >= 0) & (latency <= 86_400_000)), "latency_ms", column)
        return self._full(np.where(own, np.rint(latency * 1e6), -1).astype(np.int64))

    def _moments(self, name: str, values: Any) -> NDArray[np.int64]:
        """int64 ns; the largest there is where there is none."""
        if values is None:
            return self._column(name, NEVER, np.int64)
        moments = np.asarray(values)
        if moments.dtype.kind == "M":
            none = np.isnat(moments)
            moments = np.where(none, NEVER, moments.astype("datetime64[ns]").view(np.int64))
        return self._column(name, moments, np.int64)

    def _parent(self, values: Any) -> NDArray[np.int64]:
        """Ids of the parents' orders, 0 for none: orders are sent by time, so an id is a place, from 1."""
        rows = self._column("parent", values, np.int64)
        n = len(self)
        if not (_told(rows) != -1).any():
            return self._full(np.zeros(1, np.int64))
        self._refuse((rows < -1) | (rows >= n), "parent", rows)
        place = np.arange(n)
        if self._rows is not None:
            place[self._rows] = np.arange(n)
        ids: NDArray[np.int64] = np.where(rows < 0, 0, place[rows] + 1)
        later = ids > np.arange(n)  # its own id is one more
        self._refuse(later, "parent", rows)
        self._refuse((ids > 0) & (self.symbol[ids - 1] != self.symbol), "parent", rows)
        return ids

    def _check_terms(self) -> NDArray[np.int8]:
        """The types of the orders; OrderError for terms that exclude each other."""
        limit, stop, touch, trail, offset = (
            ~np.isnan(_told(column))
            for column in (self.limit_price, self.stop_price, self.touch_price, self.trail, self.limit_offset)
        )
        kinds = _told(self.time_in_force)
        until, at_session = kinds == 4, kinds >= 5
        has_expiry = _told(self.expires) != NEVER
        self._refuse(stop & touch, "touch_price", self.touch_price)
        self._refuse(trail & (touch | limit), "trail", self.trail)
        self._refuse(offset & ~trail, "limit_offset", self.limit_offset)
        self._refuse(until != has_expiry, "expires", self.expires)
        self._refuse(at_session & (stop | touch | trail), "time_in_force", self.time_in_force)
        plain = limit & ~(stop | touch | trail) & ((kinds <= 1) | until)
        self._refuse(_told(self.post_only) & ~plain, "post_only", self.post_only)
        types = [trail & offset, trail, touch & limit, touch, stop & limit, stop, limit]
        types = list(np.broadcast_arrays(*types))
        return self._full(np.select(types, [7, 6, 5, 4, 3, 2, 1], 0).astype(np.int8))

    def _refuse(self, bad: NDArray[np.bool_], name: str, values: NDArray[Any]) -> None:
        """OrderError for the first bad row, as the caller counts them."""
        if bad.any():
            bad = self._full(bad)
            rows = np.flatnonzero(bad) if self._rows is None else self._rows[bad]
            value = values[bad][rows.argmin()]
            raise OrderError(f"orders[{rows.min()}]: {name} {value!s} makes no sense")

    def __len__(self) -> int:
        return len(self.timestamp)

    @property
    def is_plain(self) -> bool:
        """They are market orders, good till cancelled, and no more than that."""
        nothing = (
            self.order_type, self.time_in_force, self.oco, self.parent, self.post_only, self.reduce_only,
            self.trail_by,
        )  # fmt: skip
        return not any(_told(column).any() for column in nothing) and bool((_told(self.latency) < 0).all())

    def columns(self) -> dict[str, NDArray[Any]]:
        """Every column by name, by time; read-only."""
        return {name: column for name, column in vars(self).items() if not name.startswith("_")}

    def places(self, symbols: Sequence[str]) -> NDArray[np.intp]:
        """Each row's symbol as an index into `symbols`; OrderError for one that is not there."""
        told = _told(self.symbol)
        index = np.full(told.shape, -1)
        for i, symbol in enumerate(symbols):
            index[told == symbol] = i
        if (index < 0).any():
            stranger, known = min(told[index < 0].tolist()), ", ".join(symbols)
            raise OrderError(f"orders: {stranger!r} is not in this run; its symbols are {known}")
        return self._full(index)

    def handler(self, symbols: Sequence[str]) -> OrderArray:
        """The compiled player of these orders in a run over `symbols`."""
        touched = ~np.isnan(_told(self.touch_price))
        columns: tuple[NDArray[Any], ...] = (
            self.timestamp,
            self.places(symbols).astype(np.int32),
            self.side,
            self.quantity,
            self.limit_price,
            self._full(np.where(touched, self.touch_price, self.stop_price)),
            self.trail,
            self.limit_offset,
            self.order_type,
            self.trail_by,
            self.time_in_force,
            (self.post_only + 2 * self.reduce_only).astype(np.int8),
            self.expires,
            self.oco,
            self.parent,
            self.latency,
        )
        return OrderArray(*(np.ascontiguousarray(column) for column in columns))


def _is_one(column: NDArray[Any]) -> bool:
    """One value stands for all rows."""
    return column.strides == (0,)


def _told(column: NDArray[Any]) -> NDArray[Any]:
    """The values that were given: a column, or the one that stands for all rows."""
    return column[:1] if _is_one(column) else column


def _by_time(times: NDArray[np.int64]) -> NDArray[np.intp] | None:
    """The rows in order of time, those of one time as they stand; None where all do."""
    return None if (times[1:] >= times[:-1]).all() else np.argsort(times, kind="stable")


def _times(timestamp: ArrayLike) -> NDArray[np.int64]:
    """A copy, int64 ns; OrderError for what is no column of moments."""
    times = np.atleast_1d(np.asarray(timestamp))
    if times.dtype.kind == "M":
        if np.isnat(times).any():
            raise OrderError(f"orders[{int(np.isnat(times).argmax())}]: timestamp is NaT")
        times = times.astype("datetime64[ns]").view(np.int64)
    if times.ndim != 1 or (
        times.dtype.kind not in "iu" and times.size
    ):  # an empty list has no type of its own
        raise OrderError("orders.timestamp: not a column of int64 nanoseconds or datetime64")
    return times.astype(np.int64)
