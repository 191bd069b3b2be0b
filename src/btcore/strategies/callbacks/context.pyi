from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from datetime import time as clock_time
from typing import Any, Literal, TypedDict, Unpack, final

from numpy.typing import NDArray

from btcore.data.timestamps import Moment

from .indicator_views import IndicatorView
from .order_state import OrderState
from .ticket import Ticket

_TimeInForce = Literal["GTC", "DAY", "IOC", "FOK", "GTD", "OPG", "CLS"]
_Leg = Literal["long", "short"]
_Side = Literal["buy", "sell"] | int  # 1 or -1

class _Terms(TypedDict, total=False):
    limit: float | None
    stop: float | None
    touch: float | None
    trail: float | None
    trail_by: Literal["price", "percent", "ticks"]
    limit_offset: float | None
    time_in_force: _TimeInForce
    expires: Moment | None
    oco: int
    parent: int
    post_only: bool
    reduce_only: bool
    latency_ms: float | None
    market_to_limit: bool
    from_fill: bool
    tag: str | None

@final
class Context:
    def __init__(self, symbols: tuple[str, ...]) -> None: ...
    @property
    def symbols(self) -> tuple[str, ...]: ...
    @property
    def logs(self) -> list[tuple[int, str]]: ...
    @property
    def tags(self) -> dict[int, str]: ...
    @property
    def waiting_timers(self) -> list[int]: ...
    @property
    def now(self) -> int: ...
    @property
    def time(self) -> datetime: ...
    @property
    def cash(self) -> float: ...
    @property
    def equity(self) -> float: ...
    def position(self, symbol: str, leg: _Leg | None = None) -> float: ...
    def average_price(self, symbol: str, leg: _Leg | None = None) -> float: ...
    def mark(self, symbol: str) -> float: ...
    def attach_data(
        self,
        markets: Sequence[tuple[str, tuple[Any, ...]]],
        timezone: str,
        sessions: tuple[NDArray[Any], NDArray[Any]] | None = None,
        others: Sequence[tuple[Any, ...]] = (),
        other_resolutions: tuple[str, ...] = (),
    ) -> None: ...
    @property
    def timezone(self) -> str: ...
    def history(
        self,
        symbol: str,
        column: str,
        *,
        rows: int | None = None,
        kind: Literal["bars", "quotes", "trades"] | None = None,
    ) -> NDArray[Any]: ...
    def indicator(
        self,
        what: Any,
        symbol: str | tuple[str, str],
        *parameters: Any,
        kind: Literal["bars", "quotes", "trades"] | None = None,
        column: str | tuple[str, ...] | None = None,
        name: str | None = None,
        **named: Any,
    ) -> IndicatorView: ...
    def finish_indicators(self) -> dict[tuple[str, str], Callable[[], NDArray[Any]]]: ...
    def buy(self, symbol: str, quantity: float, **terms: Unpack[_Terms]) -> Ticket: ...
    def sell(self, symbol: str, quantity: float, **terms: Unpack[_Terms]) -> Ticket: ...
    def send(self, symbol: str, side: _Side, quantity: float, **terms: Unpack[_Terms]) -> Ticket: ...
    def bracket(
        self,
        symbol: str,
        quantity: float,
        *,
        side: _Side = "buy",
        limit: float | None = None,
        stop: float | None = None,
        take_profit: float | None = None,
        stop_loss: float | None = None,
        time_in_force: _TimeInForce = "GTC",
        latency_ms: float | None = None,
        tag: str | None = None,
    ) -> tuple[Ticket, Ticket | None, Ticket | None]: ...
    def order(self, order_id: int) -> OrderState: ...
    def order_target(self, symbol: str, quantity: float) -> Ticket | None: ...
    def order_target_percent(self, symbol: str, weight: float) -> Ticket | None: ...
    def order_target_value(self, symbol: str, value: float) -> Ticket | None: ...
    def close(self, symbol: str, leg: _Leg | None = None) -> Ticket | None: ...
    def close_all(self) -> list[Ticket]: ...
    def order_target_weights(self, weights: Mapping[str, float]) -> dict[str, Ticket | None]: ...
    def cancel(self, order_id: int) -> None: ...
    def amend(
        self,
        order_id: int,
        *,
        quantity: float | None = None,
        limit: float | None = None,
        stop: float | None = None,
        touch: float | None = None,
        trail: float | None = None,
        limit_offset: float | None = None,
    ) -> None: ...
    def open_orders(self, symbol: str | None = None) -> list[int]: ...
    def set_timer(self, moment: Moment, name: str | None = None, *, after_bars: bool = False) -> None: ...
    def every(
        self, interval: str | int | timedelta, name: str | None = None, *, after_bars: bool = False
    ) -> None: ...
    def at(
        self,
        clock: str | clock_time,
        name: str | None = None,
        *,
        timezone: str | None = None,
        offset: str | int | timedelta | None = None,
        after_bars: bool = False,
    ) -> None: ...
    def log(self, message: str) -> None: ...
