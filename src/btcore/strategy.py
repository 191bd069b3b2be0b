"""Strategies as Python sees them: a class with callbacks, or orders known before the run."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, get_origin, get_type_hints

import msgspec
import numpy as np
from numpy.typing import ArrayLike, NDArray

from .config import TIME_IN_FORCE, TRAIL_BY, checked
from .context import Context
from .errors import ConfigError, OrderError
from .events import BarEvent, FillEvent, QuoteEvent, TradeEvent
from .order_array import OrderArray


class Strategy:
    """Base of strategies with Python callbacks. Annotated class attributes are its parameters.

        class Cross(bt.Strategy):
            period: int = 20

            def on_bar(self, ctx, bar):
                ...

    Of `on_start, on_bar, on_quote, on_trade, on_fill, on_timer, on_end` define those it needs: only they are
    called. `Cross(period=10)` and `bt.run(data, Cross, {"period": 10})` check names and types (ConfigError).
    """

    on_bar: ClassVar[Any] = None
    on_quote: ClassVar[Any] = None
    on_trade: ClassVar[Any] = None
    on_fill: ClassVar[Any] = None
    on_timer: ClassVar[Any] = None
    on_start: ClassVar[Any] = None
    on_end: ClassVar[Any] = None

    def __init__(self, **params: Any) -> None:
        for name, value in self.check_params(params).items():
            setattr(self, name, value)

    @classmethod
    def check_params(cls, params: Mapping[str, Any]) -> dict[str, Any]:
        """The parameters, complete and of their types; ConfigError names what is wrong."""
        hints = cls._hints()
        fields = [
            (name, hint, getattr(cls, name)) if hasattr(cls, name) else (name, hint)
            for name, hint in hints.items()
        ]
        for name in params:
            if name not in hints:
                known = ", ".join(hints) or "none"
                raise ConfigError(f"strategy.params.{name}: {cls.__name__} has no such parameter ({known})")
        expected = msgspec.defstruct(cls.__name__, fields, kw_only=True)
        return msgspec.structs.asdict(checked("strategy.params", params, expected))

    @property
    def params(self) -> dict[str, Any]:
        """The parameters as they stand."""
        return {name: getattr(self, name) for name in self._hints() if hasattr(self, name)}

    @classmethod
    def _hints(cls) -> dict[str, Any]:
        """Name and type of each parameter."""
        return {
            name: hint
            for name, hint in get_type_hints(cls, include_extras=True).items()
            if not name.startswith("_") and get_origin(hint) is not ClassVar and hint is not ClassVar
        }


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
        self._rows = rows = np.argsort(times, kind="stable")  # as the caller counts them, by time
        self.timestamp: NDArray[np.int64] = np.ascontiguousarray(times[rows])
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
        self._refuse(~(np.isfinite(self.quantity) & (self.quantity > 0)), "quantity", self.quantity)
        self._refuse(self.oco < 0, "oco", self.oco)
        self.side = self._side(side)
        self.time_in_force = self._codes("time_in_force", time_in_force, TIME_IN_FORCE)
        self.trail_by = self._codes("trail_by", trail_by, TRAIL_BY)
        self.latency = self._latency(latency_ms)
        self.parent = self._parent(parent)
        self._check_terms()

    def _column(self, name: str, values: Any, dtype: Any) -> NDArray[Any]:
        shape = self._rows.shape
        try:
            full = np.broadcast_to(np.asarray(values, dtype), shape)
        except (ValueError, TypeError) as error:
            raise OrderError(f"orders.{name}: not a column of {shape[0]} values ({error})") from error
        return np.ascontiguousarray(full[self._rows])

    def _price(self, name: str, values: Any) -> NDArray[Any]:
        """NaN for none; prices below zero are for the run to judge, by its instruments."""
        prices = self._column(name, np.nan if values is None else values, np.float64)
        distance = name in ("trail", "limit_offset")
        bad = (
            np.isinf(prices) | (prices < 0 if distance else prices == 0) | ((prices == 0) & (name == "trail"))
        )
        self._refuse(bad, name, prices)
        return prices

    def _side(self, side: Any) -> NDArray[np.int8]:
        sides = self._column("side", side, None)
        named = sides.dtype.kind == "U"
        self._refuse(~np.isin(sides, ("buy", "sell") if named else (1, -1)), "side", sides)
        return np.where(sides == ("buy" if named else 1), 1, -1).astype(np.int8)

    def _codes(self, name: str, values: Any, codes: Mapping[str, int]) -> NDArray[np.int8]:
        words = self._column(name, values, np.str_)
        self._refuse(~np.isin(words, list(codes)), name, words)
        return np.array([codes[str(word)] for word in words], np.int8)

    def _latency(self, values: Any) -> NDArray[np.int64]:
        latency = self._column("latency_ms", np.nan if values is None else values, np.float64)
        self._refuse(~(np.isnan(latency) | ((latency >= 0) & (latency <= 86_400_000))), "latency_ms", latency)
        return np.where(np.isnan(latency), -1, np.rint(latency * 1e6)).astype(np.int64)

    def _moments(self, name: str, values: Any) -> NDArray[np.int64]:
        """int64 ns; the largest there is where there is none."""
        never = np.iinfo(np.int64).max
        if values is None:
            return self._column(name, never, np.int64)
        moments = np.asarray(values)
        if moments.dtype.kind == "M":
            none = np.isnat(moments)
            moments = np.where(none, never, moments.astype("datetime64[ns]").view(np.int64))
        return self._column(name, moments, np.int64)

    def _parent(self, values: Any) -> NDArray[np.int64]:
        """Ids of the parents' orders, 0 for none: orders are sent by time, so an id is a place, from 1."""
        rows = self._column("parent", values, np.int64)
        n = len(rows)
        self._refuse((rows < -1) | (rows >= n), "parent", rows)
        place = np.empty(n, np.int64)
        place[self._rows] = np.arange(n)
        ids: NDArray[np.int64] = np.where(rows < 0, 0, place[rows] + 1)
        later = ids > np.arange(n)  # its own id is one more
        self._refuse(later, "parent", rows)
        self._refuse((ids > 0) & (self.symbol[ids - 1] != self.symbol), "parent", rows)
        return ids

    def _check_terms(self) -> None:
        """OrderError for terms that exclude each other."""
        limit, stop, touch, trail, offset = (
            ~np.isnan(column)
            for column in (self.limit_price, self.stop_price, self.touch_price, self.trail, self.limit_offset)
        )
        until, at_session = self.time_in_force == 4, self.time_in_force >= 5
        has_expiry = self.expires != np.iinfo(np.int64).max
        kinds = self.time_in_force
        self._refuse(stop & touch, "touch_price", self.touch_price)
        self._refuse(trail & (touch | limit), "trail", self.trail)
        self._refuse(offset & ~trail, "limit_offset", self.limit_offset)
        self._refuse(until != has_expiry, "expires", self.expires)
        self._refuse(at_session & (stop | touch | trail), "time_in_force", kinds)
        plain = limit & ~(stop | touch | trail) & np.isin(kinds, (0, 1, 4))
        self._refuse(self.post_only & ~plain, "post_only", self.post_only)
        self.order_type = np.select(
            [trail & offset, trail, touch & limit, touch, stop & limit, stop, limit], [7, 6, 5, 4, 3, 2, 1], 0
        ).astype(np.int8)

    def _refuse(self, bad: NDArray[np.bool_], name: str, values: NDArray[Any]) -> None:
        """OrderError for the first bad row, as the caller counts them."""
        if bad.any():
            rows = self._rows[bad]
            value = values[bad][rows.argmin()]
            raise OrderError(f"orders[{rows.min()}]: {name} {value!s} makes no sense")

    def __len__(self) -> int:
        return len(self.timestamp)

    def columns(self) -> dict[str, NDArray[Any]]:
        """Every column by name, by time."""
        return {name: column for name, column in vars(self).items() if not name.startswith("_")}

    def handler(self, symbols: Sequence[str]) -> OrderArray:
        """The compiled player of these orders in a run over `symbols`."""
        index = {symbol: i for i, symbol in enumerate(symbols)}
        strangers = sorted(set(self.symbol.tolist()) - set(index))
        if strangers:
            raise OrderError(
                f"orders: {strangers[0]!r} is not in this run; its symbols are {', '.join(symbols)}"
            )
        return OrderArray(
            self.timestamp,
            np.array([index[s] for s in self.symbol.tolist()], np.int32),
            self.side,
            self.quantity,
            self.limit_price,
            np.where(np.isnan(self.touch_price), self.stop_price, self.touch_price),
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


def _times(timestamp: ArrayLike) -> NDArray[np.int64]:
    times = np.atleast_1d(np.asarray(timestamp))
    if times.dtype.kind == "M":
        if np.isnat(times).any():
            raise OrderError(f"orders[{int(np.isnat(times).argmax())}]: timestamp is NaT")
        times = times.astype("datetime64[ns]").view(np.int64)
    if times.ndim != 1 or times.dtype.kind not in "iu":
        raise OrderError("orders.timestamp: not a column of int64 nanoseconds or datetime64")
    return times.astype(np.int64)


__all__ = [
    "BarEvent",
    "Context",
    "FillEvent",
    "Orders",
    "QuoteEvent",
    "Strategy",
    "TradeEvent",
]
