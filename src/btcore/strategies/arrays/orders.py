"""`Orders`: all orders of a run as columns, known before the run."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from btcore.data.containers import Bars
from btcore.errors import OrderError, near_name
from btcore.model import OrderType, TimeInForce
from btcore.names import names_keywords
from btcore.pictures import ROWS, count_picture, shown, span_text
from btcore.rules.order_terms import (
    CONFLICTS,
    LATENCY_RANGE,
    MAX_LATENCY_MS,
    TIME_IN_FORCE,
    TRAIL_BY,
    Conflict,
)
from btcore.strategies.columns import as_array, read_column, row_times

from .handler import ArrayHandler

NEVER = np.iinfo(np.int64).max
SHOWN = (  # in a notebook
    "timestamp", "symbol", "side", "quantity", "limit_price", "stop_price", "touch_price", "trail",
    "time_in_force",
)  # fmt: skip


class Orders:
    """Orders known before the run, one per row. A scalar applies to every row.

    timestamp: when the order is sent; int64 ns UTC or datetime64. Rows may come in any order of time. A value
    that is computed from a bar is known at the bar's end, not at its `timestamp`, which is its open.
    bars: a Bars in place of `timestamp`: row i is sent at the end of bar i.
    symbol: a symbol of the run's data.
    side: "buy" or "sell", or 1 or -1.
    quantity: above 0, in units of the instrument.
    limit_price, stop_price, touch_price, trail, limit_offset: prices and distances; NaN or None for none. The
    order type follows from those that are given, as in `Context.buy`.
    trail_by: the unit of `trail` and `limit_offset`: "price", "percent" or "ticks".
    time_in_force: "GTC", "DAY", "IOC", "FOK", "GTD", "OPG" or "CLS".
    expires: when a GTD order expires; int64 ns UTC or datetime64, NaT or None for none.
    oco: group number from 1; orders of a symbol with one number cancel each other. 0 is no group.
    parent: the row, from 0, whose order's fills release this one; -1 for none.
    post_only, reduce_only, market_to_limit: flags, as in `Context.buy`.
    from_fill: of a child, True if its limit, stop and touch prices are signed fractions of the average price
    of its parent's fills: -0.05 is five percent below it.
    latency_ms: latency of this order in milliseconds; NaN or None for the run's.
    tag: a text that the result has beside the order.

    The columns are copied, sorted by time and read-only. OrderError names the first invalid row in the
    caller's order.
    """

    @names_keywords()
    def __init__(
        self,
        timestamp: ArrayLike | None = None,
        symbol: str | Sequence[str] | NDArray[Any] | None = None,
        side: str | int | Sequence[str] | ArrayLike | None = None,
        quantity: ArrayLike | None = None,
        *,
        bars: Bars | None = None,
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
        market_to_limit: ArrayLike = False,
        from_fill: ArrayLike = False,
        tag: str | Sequence[str] | NDArray[Any] = "",
    ) -> None:
        times = row_times("orders", timestamp, bars)
        if times is None:
            raise OrderError("orders: timestamp, or bars, is missing")
        for name, given in (("symbol", symbol), ("side", side), ("quantity", quantity)):
            if given is None:
                raise OrderError(f"orders: {name} is missing")
        self._rows = _sorted_rows(times)  # the caller's row of each sorted row; None if they are the same
        self.timestamp: NDArray[np.int64] = times if self._rows is None else times[self._rows]
        self.symbol: NDArray[np.str_] = self._column("symbol", symbol, np.str_)
        self.quantity: NDArray[np.float64] = self._column("quantity", quantity, np.float64)
        self.from_fill: NDArray[np.bool_] = self._flag("from_fill", from_fill)
        self.limit_price: NDArray[np.float64] = self._price("limit_price", limit_price)
        self.stop_price: NDArray[np.float64] = self._price("stop_price", stop_price)
        self.touch_price: NDArray[np.float64] = self._price("touch_price", touch_price)
        self.trail: NDArray[np.float64] = self._distance("trail", trail)
        self.limit_offset: NDArray[np.float64] = self._distance("limit_offset", limit_offset)
        self.oco: NDArray[np.int64] = self._column("oco", oco, np.int64)
        self.post_only: NDArray[np.bool_] = self._flag("post_only", post_only)
        self.reduce_only: NDArray[np.bool_] = self._flag("reduce_only", reduce_only)
        self.expires: NDArray[np.int64] = self._expiry(expires)
        sizes, groups = _stored(self.quantity), _stored(self.oco)
        self._refuse(~(np.isfinite(sizes) & (sizes > 0)), "quantity", self.quantity, "a positive number")
        self._refuse(groups < 0, "oco", self.oco, "0 or a positive group number")
        self.side: NDArray[np.int8] = self._side(side)
        self.time_in_force: NDArray[np.int8] = self._codes("time_in_force", time_in_force, TIME_IN_FORCE)
        self.trail_by: NDArray[np.int8] = self._codes("trail_by", trail_by, TRAIL_BY)
        self.latency: NDArray[np.int64] = self._latency(latency_ms)
        self.parent: NDArray[np.int64] = self._parent_ids(parent)
        self.order_type: NDArray[np.int8] = self._order_types(self._flag("market_to_limit", market_to_limit))
        self._tag = self._column("tag", tag, np.str_)
        for column in self.columns().values():
            column.flags.writeable = False

    def _column(self, name: str, values: Any, dtype: Any) -> NDArray[Any]:
        """The values, sorted by time."""
        column = read_column(f"orders.{name}", values, dtype, len(self))
        return column if self._rows is None or _is_scalar(column) else column[self._rows]

    def _full(self, values: NDArray[Any]) -> NDArray[Any]:
        """The values with one item per row."""
        return np.broadcast_to(values, self.timestamp.shape)

    def _price(self, name: str, values: Any) -> NDArray[Any]:
        """NaN for none. A price below 0 is valid here; a run rejects it unless the instrument allows it."""
        column = self._column(name, np.nan if values is None else values, np.float64)
        prices, is_fraction = _stored(column), _stored(self.from_fill)
        infinite = np.isinf(prices)
        self._refuse(~is_fraction & (infinite | (prices == 0)), name, column, "a finite number other than 0")
        too_low = is_fraction & (infinite | (prices <= -1))
        self._refuse(too_low, name, column, "a fraction of the parent's price above -1")
        return column

    def _distance(self, name: str, values: Any) -> NDArray[Any]:
        """NaN for none. A limit price may equal its stop price, so `limit_offset` may be 0."""
        column = self._column(name, np.nan if values is None else values, np.float64)
        distances = _stored(column)
        bad = np.isinf(distances) | (distances < 0)
        if name == "trail":
            self._refuse(bad | (distances == 0), name, column, "a positive number")
        else:
            self._refuse(bad, name, column, "0 or a positive number")
        return column

    def _flag(self, name: str, values: Any) -> NDArray[np.bool_]:
        """True, False, 1, 0, or None for False. Texts are refused: every text is true, also "False"."""
        column = self._column(name, False if values is None else values, None)
        flags = _stored(column)
        if flags.dtype.kind not in "biufO":
            self._refuse(np.ones(flags.shape, np.bool_), name, column, "True or False")
        is_true = (flags == 1).astype(np.bool_)
        is_false = (flags == 0) | (flags == np.array(None))
        self._refuse(~(is_true | is_false.astype(np.bool_)), name, column, "True or False")
        return np.broadcast_to(is_true, column.shape) if _is_scalar(column) else is_true

    def _side(self, side: Any) -> NDArray[np.int8]:
        column = self._column("side", side, None)
        sides = _stored(column)
        is_text = sides.dtype.kind == "U"
        is_buy = sides == ("buy" if is_text else 1)
        is_sell = sides == ("sell" if is_text else -1)
        allowed = "'buy' or 'sell'" if is_text else "1 or -1"
        self._refuse(~(is_buy | is_sell), "side", column, allowed, ("buy", "sell"))
        return self._full(np.where(is_buy, np.int8(1), np.int8(-1)))

    def _codes(self, name: str, values: Any, codes: Mapping[str, int]) -> NDArray[np.int8]:
        column = self._column(name, values, np.str_)
        words = _stored(column)
        numbers = np.full(words.shape, -1, np.int8)
        for word, number in codes.items():
            numbers[words == word] = number
        self._refuse(numbers < 0, name, column, f"one of {', '.join(codes)}", tuple(codes))
        return self._full(numbers)

    def _latency(self, values: Any) -> NDArray[np.int64]:
        """Nanoseconds; -1 for the run's latency."""
        column = self._column("latency_ms", np.nan if values is None else values, np.float64)
        latency = _stored(column)
        given = ~np.isnan(latency)
        bad = given & ~((latency >= 0) & (latency <= MAX_LATENCY_MS))
        self._refuse(bad, "latency_ms", column, LATENCY_RANGE)
        return self._full(np.where(given, np.rint(latency * 1e6), -1).astype(np.int64))

    def _expiry(self, values: Any) -> NDArray[np.int64]:
        """int64 ns; NEVER for none."""
        if values is None:
            return self._column("expires", NEVER, np.int64)
        moments = as_array("orders.expires", values)
        if moments.dtype.kind == "M":
            none = np.isnat(moments)
            moments = np.where(none, NEVER, moments.astype("datetime64[ns]").view(np.int64))
        return self._column("expires", moments, np.int64)

    def _parent_ids(self, values: Any) -> NDArray[np.int64]:
        """The sorted row of each parent order, counted from 1; 0 for none."""
        parents = self._column("parent", values, np.int64)
        n = len(self)
        if not (_stored(parents) != -1).any():
            return self._full(np.zeros(1, np.int64))
        self._refuse((parents < -1) | (parents >= n), "parent", parents, f"a row from 0 to {n - 1}, or -1")
        row = np.arange(n)
        if self._rows is not None:
            row[self._rows] = np.arange(n)
        ids: NDArray[np.int64] = np.where(parents < 0, 0, row[parents] + 1)
        is_later = ids > np.arange(n)  # the id of the child is np.arange(n) + 1
        self._refuse(is_later, "parent", parents, "the row of an order that is sent earlier")
        is_foreign = (ids > 0) & (self.symbol[ids - 1] != self.symbol)
        self._refuse(is_foreign, "parent", parents, "the row of an order for the same symbol")
        return ids

    def _order_types(self, to_limit: NDArray[np.bool_]) -> NDArray[np.int8]:
        """The type of each order; OrderError for terms that exclude each other.

        Must equal the rules of `rules/order_terms.pxd`, which are for one order.
        """
        limit, stop, touch, trail, offset = (
            ~np.isnan(_stored(column))
            for column in (self.limit_price, self.stop_price, self.touch_price, self.trail, self.limit_offset)
        )
        to_limit, force = _stored(to_limit), _stored(self.time_in_force)
        from_fill = _stored(self.from_fill)
        has_expiry = _stored(self.expires) != NEVER
        is_gtd = force == TimeInForce.GTD
        is_auction = (force == TimeInForce.OPG) | (force == TimeInForce.CLS)
        can_rest = is_gtd | (force == TimeInForce.GTC) | (force == TimeInForce.DAY)
        has_trigger = stop | touch | trail
        conflicts = {
            Conflict.STOP_AND_TOUCH: stop & touch,
            Conflict.TRAIL_AND_PRICE: trail & (touch | limit),
            Conflict.OFFSET_WITHOUT_TRAIL: offset & ~trail,
            Conflict.TO_LIMIT_AND_PRICE: to_limit & (limit | stop | touch | trail),
            Conflict.GTD_WITHOUT_EXPIRY: is_gtd & ~has_expiry,
            Conflict.EXPIRY_WITHOUT_GTD: has_expiry & ~is_gtd,
            Conflict.AUCTION_WITH_TRIGGER: is_auction & has_trigger,
            Conflict.POST_ONLY_WITHOUT_LIMIT: _stored(self.post_only) & ~(limit & ~has_trigger & can_rest),
            Conflict.TO_LIMIT_AT_ONCE: to_limit & ~can_rest,
            Conflict.FROM_FILL_WITHOUT_PARENT: from_fill & (_stored(self.parent) == 0),
            Conflict.FROM_FILL_WITHOUT_PRICE: from_fill & ~(limit | stop | touch),
        }
        for conflict, rows in conflicts.items():
            if rows.any():
                raise OrderError(f"orders[{self._first(rows)}]: {CONFLICTS[conflict]}")
        types = {
            OrderType.MARKET_TO_LIMIT: to_limit,
            OrderType.TRAILING_STOP_LIMIT: trail & offset,
            OrderType.TRAILING_STOP: trail,
            OrderType.LIMIT_IF_TOUCHED: touch & limit,
            OrderType.MARKET_IF_TOUCHED: touch,
            OrderType.STOP_LIMIT: stop & limit,
            OrderType.STOP: stop,
            OrderType.LIMIT: limit,
        }
        masks = list(np.broadcast_arrays(*types.values()))
        return self._full(np.select(masks, list(map(int, types)), int(OrderType.MARKET)).astype(np.int8))

    def _refuse(
        self,
        bad: NDArray[np.bool_],
        name: str,
        values: NDArray[Any],
        allowed: str,
        words: Sequence[str] = (),
    ) -> None:
        """Raises OrderError for the first bad row; `allowed` describes a valid value, one of `words`."""
        if bad.any():
            row = self._first(bad)
            value = values[row if self._rows is None else int(np.flatnonzero(self._rows == row)[0])]
            value = value.item() if isinstance(value, np.generic) else value
            raise OrderError(f"orders[{row}]: {name} {value!r} is not {allowed}{near_name(value, words)}")

    def _first(self, bad: NDArray[np.bool_]) -> int:
        """The first of the bad rows, as the caller counts them."""
        rows = np.flatnonzero(self._full(bad))
        return int(rows.min() if self._rows is None else self._rows[rows].min())

    def __len__(self) -> int:
        return len(self.timestamp)

    def __repr__(self) -> str:
        return f"Orders({len(self)} rows{f', {span_text(self.timestamp)}' if len(self) else ''})"

    def _repr_html_(self) -> str:
        """The same with the number of orders over time, and the first rows."""
        head = {name: column[:ROWS] for name, column in self.columns().items()}
        words = {-1: "sell", 1: "buy"}
        names = {number: word for word, number in TIME_IN_FORCE.items()}
        head["side"] = np.array([words[side] for side in head["side"].tolist()], np.str_)
        head["time_in_force"] = np.array([names[code] for code in head["time_in_force"].tolist()], np.str_)
        columns = {name: head[name] for name in SHOWN}
        return shown(repr(self), count_picture(self.timestamp), columns, len(self))

    @property
    def is_plain(self) -> bool:
        """True if all are good-till-cancelled market orders without any other term."""
        plain_is_zero = (
            self.order_type, self.time_in_force, self.oco, self.parent, self.post_only, self.reduce_only,
            self.trail_by,
        )  # fmt: skip
        has_latency = (_stored(self.latency) >= 0).any()
        return not has_latency and not any(_stored(column).any() for column in plain_is_zero)

    @property
    def is_tagged(self) -> bool:
        """True if some order has a tag."""
        return bool(_stored(self._tag).astype(np.bool_).any())

    def tags(self, ids: NDArray[np.int64] | None = None) -> dict[int, str]:
        """The tags that are not empty, by order id; `ids` has the id of each sorted row, None: row plus 1."""
        if not self.is_tagged:
            return {}
        numbers = np.arange(1, len(self) + 1) if ids is None else ids
        return {int(i): str(tag) for i, tag in zip(numbers, self._full(self._tag), strict=True) if tag and i}

    def columns(self) -> dict[str, NDArray[Any]]:
        """The columns by name, each sorted by time and read-only."""
        return {name: column for name, column in vars(self).items() if not name.startswith("_")}

    def places(self, symbols: Sequence[str]) -> NDArray[np.intp]:
        """The index of each row's symbol in `symbols`, shape (rows,); OrderError for an unknown symbol."""
        names = _stored(self.symbol)
        index = np.full(names.shape, -1)
        for i, symbol in enumerate(symbols):
            index[names == symbol] = i
        if (index < 0).any():
            unknown, known = min(names[index < 0].tolist()), ", ".join(symbols)
            meant = near_name(unknown, symbols)
            raise OrderError(f"orders: {unknown!r} is not in this run{meant}; its symbols are {known}")
        return self._full(index)

    def handler(self, symbols: Sequence[str]) -> ArrayHandler:
        """A new handler that sends these orders in one run over `symbols`."""
        is_touch = ~np.isnan(_stored(self.touch_price))
        columns: tuple[NDArray[Any], ...] = (
            self.timestamp,
            self.places(symbols).astype(np.int32),
            self.side,
            self.quantity,
            self.limit_price,
            self._full(np.where(is_touch, self.touch_price, self.stop_price)),
            self.trail,
            self.limit_offset,
            self.order_type,
            self.trail_by,
            self.time_in_force,
            (self.post_only + 2 * self.reduce_only + 8 * self.from_fill).astype(np.int8),
            self.expires,
            self.oco,
            self.parent,
            self.latency,
        )
        ids = np.zeros(len(self) if self.parent.any() or self.is_tagged else 0, np.int64)
        return ArrayHandler(*(np.ascontiguousarray(column) for column in (*columns, ids)))


def _is_scalar(column: NDArray[Any]) -> bool:
    """True if one stored value is repeated for all rows."""
    return column.strides == (0,)


def _stored(column: NDArray[Any]) -> NDArray[Any]:
    """The stored values: the column, or the one value that is repeated for all rows."""
    return column[:1] if _is_scalar(column) else column


def _sorted_rows(times: NDArray[np.int64]) -> NDArray[np.intp] | None:
    """The rows in order of time, rows of one time in their given order; None if they are sorted already."""
    return None if (times[1:] >= times[:-1]).all() else np.argsort(times, kind="stable")
