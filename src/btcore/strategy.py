"""Strategies as Python sees them: a class with callbacks, or orders known before the run."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, get_origin, get_type_hints

import msgspec
import numpy as np
from numpy.typing import ArrayLike, NDArray

from .config import TIME_IN_FORCE, checked
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
        hints = {
            name: hint
            for name, hint in get_type_hints(cls, include_extras=True).items()
            if not name.startswith("_") and get_origin(hint) is not ClassVar and hint is not ClassVar
        }
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
        return {name: getattr(self, name) for name in type(self).check_params({}) if hasattr(self, name)}


class Orders:
    """Orders known before the run, a row each; scalars stand for every row.

    `timestamp` (int64 ns UTC or datetime64) is when an order is sent. `side` is "buy" or "sell", or 1 or -1.
    An order's type follows from the prices it has: NaN or None is none. `oco` groups count from 1,
    `latency_ms` NaN is the run's own. OrderError names the first row that makes no sense.
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
        time_in_force: str | Sequence[str] | NDArray[Any] = "GTC",
        oco: ArrayLike = 0,
        latency_ms: ArrayLike | None = None,
    ) -> None:
        times = _times(timestamp)
        order = np.argsort(times, kind="stable")

        def column(name: str, values: Any, dtype: Any) -> NDArray[Any]:
            try:
                full = np.broadcast_to(np.asarray(values, dtype), times.shape)
            except (ValueError, TypeError) as error:
                raise OrderError(f"orders.{name}: not a column of {len(times)} values ({error})") from error
            return np.ascontiguousarray(full[order])

        nan = float("nan")
        self.timestamp: NDArray[np.int64] = np.ascontiguousarray(times[order])
        self.symbol = column("symbol", symbol, np.str_)
        self.quantity = column("quantity", quantity, np.float64)
        self.limit_price = column("limit_price", nan if limit_price is None else limit_price, np.float64)
        self.stop_price = column("stop_price", nan if stop_price is None else stop_price, np.float64)
        self.oco = column("oco", oco, np.int64)
        latency = column("latency_ms", nan if latency_ms is None else latency_ms, np.float64)
        sides = column("side", side, None)
        kinds = column("time_in_force", time_in_force, np.str_)

        self._refuse(
            ~np.isin(sides, ("buy", "sell") if sides.dtype.kind == "U" else (1, -1)), "side", sides, order
        )
        self._refuse(~np.isin(kinds, list(TIME_IN_FORCE)), "time_in_force", kinds, order)
        self._refuse(~(np.isfinite(self.quantity) & (self.quantity > 0)), "quantity", self.quantity, order)
        for name in ("limit_price", "stop_price"):
            prices = getattr(self, name)
            self._refuse(~(np.isnan(prices) | (np.isfinite(prices) & (prices > 0))), name, prices, order)
        self._refuse(self.oco < 0, "oco", self.oco, order)
        self._refuse(
            ~(np.isnan(latency) | ((latency >= 0) & (latency <= 86_400_000))), "latency_ms", latency, order
        )

        buys = sides == ("buy" if sides.dtype.kind == "U" else 1)
        self.side = np.where(buys, 1, -1).astype(np.int8)
        self.time_in_force = np.array([TIME_IN_FORCE[str(k)] for k in kinds], np.int8)
        self.latency = np.where(np.isnan(latency), -1, np.rint(latency * 1e6)).astype(np.int64)

    @staticmethod
    def _refuse(bad: NDArray[np.bool_], name: str, values: NDArray[Any], order: NDArray[np.intp]) -> None:
        """OrderError for the first bad row, as the caller counts them."""
        if bad.any():
            rows = order[bad]
            value = values[bad][rows.argmin()]
            raise OrderError(f"orders[{rows.min()}]: {name} {value!s} makes no sense")

    def __len__(self) -> int:
        return len(self.timestamp)

    def columns(self) -> dict[str, NDArray[Any]]:
        """Every column by name, by time."""
        return dict(vars(self))

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
            self.stop_price,
            self.time_in_force,
            self.oco,
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
