"""The object that strategies see the run through and send requests with."""

from collections.abc import Callable
from heapq import heappush
from typing import TYPE_CHECKING, Any

from btcore.errors import OrderError

from .model import BUY, LONG, MARKET_TO_LIMIT, SELL, SHORT, TRAILING_STOP_LIMIT, Order
from .targets import order_target_percent, order_target_weights

if TYPE_CHECKING:
    from .run import Reference

LEGS = {"long": LONG, "short": SHORT}


class Context:
    def __init__(self, run: "Reference") -> None:
        self._run = run

    @property
    def now(self) -> int:
        return self._run.now

    @property
    def cash(self) -> float:
        return self._run.seen_cash

    @property
    def equity(self) -> float:
        return self._run.seen_equity

    def position(self, symbol: str, leg: str | None = None) -> float:
        market = self._run.markets[symbol]
        legs = market.positions if leg is None else [LEGS[leg]]
        return sum(self._run.seen_quantity(market, leg) for leg in legs)

    def open_orders(self, symbol: str | None = None) -> list[int]:
        return [o.id for o in self._run.orders if not o.end_reported and symbol in (None, o.symbol)]

    def buy(self, symbol: str, quantity: float, **terms: Any) -> int:
        return self._run.send(BUY, symbol, quantity, **terms)

    def sell(self, symbol: str, quantity: float, **terms: Any) -> int:
        return self._run.send(SELL, symbol, quantity, **terms)

    def bracket(
        self,
        symbol: str,
        quantity: float,
        *,
        side: str = "buy",
        limit: float | None = None,
        stop: float | None = None,
        take_profit: float | None = None,
        stop_loss: float | None = None,
        time_in_force: str = "GTC",
        latency_ms: float | None = None,
        tag: str | None = None,
    ) -> tuple[int, int | None, int | None]:
        way = BUY if side == "buy" else SELL
        send, group = self._run.send, 1 + max((o.oco for o in self._run.orders), default=0)
        entry = send(
            way, symbol, quantity, limit=limit, stop=stop, time_in_force=time_in_force, latency_ms=latency_ms
        )
        terms = {"parent": entry, "oco": group, "latency_ms": latency_ms}
        target = None if take_profit is None else send(-way, symbol, quantity, limit=take_profit, **terms)
        guard = None if stop_loss is None else send(-way, symbol, quantity, stop=stop_loss, **terms)
        return entry, target, guard

    def order_target_percent(self, symbol: str, weight: float) -> int | None:
        return order_target_percent(self._run, symbol, weight)

    def order_target_weights(self, weights: dict[str, float]) -> dict[str, int | None]:
        return order_target_weights(self._run, weights)

    def cancel(self, order_id: int) -> None:
        order = self._run.orders[order_id - 1]
        self._change(order, lambda: self._run.cancel(order))

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
    ) -> None:
        order = self._run.orders[order_id - 1]
        offsets = order.type == TRAILING_STOP_LIMIT
        given = (
            (limit, order.has_limit or order.type == MARKET_TO_LIMIT),
            (stop, order.has_stop),
            (touch, order.has_touch),
        )
        given += ((trail, order.trails), (limit_offset, offsets))
        if any(price is not None and not has for price, has in given):
            raise OrderError(f"order {order_id}: a {order.type} order has no such price")
        trigger = touch if stop is None else stop
        terms = quantity, limit, trigger, trail, limit_offset
        self._change(order, lambda: self._run.amend(order, *terms))

    def _change(self, order: Order, change: Callable[[], None]) -> None:
        self._run.request(lambda: self._run.after_open_bar(order, change))

    def set_timer(self, timestamp: int) -> None:
        heappush(self._run.timers, timestamp)

    def log(self, message: str) -> None:
        self._run.logs.append(message)
