"""Orders: sending, arrival, lifecycle, cancels and amendments."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from math import inf, isnan, nan

from .model import (
    CANCELED,
    EXPIRED,
    LIMIT,
    LIMIT_IF_TOUCHED,
    MARKET,
    MARKET_IF_TOUCHED,
    MARKET_TO_LIMIT,
    REJECTED,
    STOP,
    STOP_LIMIT,
    TRAILING_STOP,
    TRAILING_STOP_LIMIT,
    Bar,
    Event,
    Order,
)

PRICED = {
    (): MARKET,
    ("limit",): LIMIT,
    ("stop",): STOP,
    ("limit", "stop"): STOP_LIMIT,
    ("touch",): MARKET_IF_TOUCHED,
    ("limit", "touch"): LIMIT_IF_TOUCHED,
    ("trail",): TRAILING_STOP,
    ("stop", "trail"): TRAILING_STOP,
    ("limit_offset", "trail"): TRAILING_STOP_LIMIT,
    ("limit_offset", "stop", "trail"): TRAILING_STOP_LIMIT,
}


class Orders:
    def send(
        self,
        side: int,
        symbol: str,
        quantity: float,
        *,
        limit: float | None = None,
        stop: float | None = None,
        touch: float | None = None,
        trail: float | None = None,
        trail_by: str = "price",
        limit_offset: float | None = None,
        time_in_force: str = "GTC",
        expires: int | None = None,
        oco: int = 0,
        parent: int = 0,
        post_only: bool = False,
        reduce_only: bool = False,
        latency_ms: float | None = None,
        market_to_limit: bool = False,
        from_fill: bool = False,
        tag: str | None = None,
    ) -> int:
        prices = {
            "limit": limit,
            "limit_offset": limit_offset,
            "stop": stop,
            "touch": touch,
            "trail": trail,
        }
        trigger = touch if stop is None else stop
        priced = PRICED[tuple(name for name, price in prices.items() if price is not None)]
        order = Order(
            id=len(self.orders) + 1,
            symbol=symbol,
            side=side,
            type=MARKET_TO_LIMIT if market_to_limit else priced,
            quantity=float(quantity),
            limit=nan if limit is None else float(limit),
            stop=nan if trigger is None else float(trigger),
            trail=nan if trail is None else float(trail),
            trail_by=trail_by,
            limit_offset=nan if limit_offset is None else float(limit_offset),
            time_in_force=time_in_force,
            ts_expires=-1 if expires is None else expires,
            oco=oco,
            parent=parent,
            post_only=post_only,
            reduce_only=reduce_only,
            from_fill=from_fill,
            ts_sent=self.now,
        )
        self.orders.append(order)
        self.request(lambda: self.arrive(order), latency_ms)
        return order.id

    def arrive(self, order: Order) -> None:
        if not order.is_open:
            return
        if self.markets[order.symbol].delisted:
            self.close(order, REJECTED, "delisted", self.now)
        elif not order.parent:
            self.enter(order, self.now)
        elif self.is_past_expiry(order, self.now):
            self.close(order, EXPIRED, "gtd", self.now)
        else:
            order.waits_for_parent = True
            self.release(order, self.now, nan)
            if order.waits_for_parent and not self.parent_of(order).is_open:
                self.close(order, CANCELED, "parent", self.now)

    def enter(self, order: Order, ts: int, fill_price: float = nan) -> None:
        """Lets the order enter the market; a child at its release, by a fill at `fill_price`."""
        order.ts_arrived = ts
        if self.is_past_expiry(order, ts):
            self.close(order, EXPIRED, "gtd", ts)
            return
        sessions = self.own_sessions.get(order.symbol, self.sessions)
        close = sessions.close_after(ts)
        if order.time_in_force == "DAY" and close < inf:
            order.ts_expires = close
        elif order.time_in_force == "CLS":
            order.session = close
        elif order.time_in_force == "OPG":
            order.session = sessions.open_at_or_after(ts)
        if not isnan(self.markets[order.symbol].last):
            self.admit(order, fill_price)
            self.meet_known_price(order)

    def is_past_expiry(self, order: Order, ts: int) -> bool:
        return order.time_in_force == "GTD" and 0 <= order.ts_expires <= ts

    # Lifecycle

    def arrived(self, symbol: str) -> list[Order]:
        """Open orders of the symbol that have arrived, in order of arrival, then of sending."""
        orders = [o for o in self.orders if o.symbol == symbol and o.is_open and o.ts_arrived >= 0]
        return sorted(orders, key=lambda o: (o.ts_arrived, o.id))

    def working(self, symbol: str) -> Iterator[Order]:
        """The admitted orders of `arrived`, each if it is open and has quantity left when it is yielded."""
        return (o for o in self.arrived(symbol) if o.admitted and o.is_open and o.leaves > 0)

    def end(self, order: Order, status: str, reason: str, ts: int) -> None:
        order.status, order.reason, order.ts_closed = status, reason, ts
        self.report(order)

    def close(self, order: Order, status: str, reason: str, ts: int) -> None:
        self.end(order, status, reason, ts)
        self.end_children(order)

    def after_open_bar(self, order: Order, change: Callable[[], None]) -> None:
        """Applies the change now, or at the end of an open bar in which the order takes part."""
        market = self.markets[order.symbol]
        coming = (e for e in self.events[self.delivered :] if type(e) is Bar and e.symbol == order.symbol)
        bar = next(coming, None)
        meets_bars = market.source is Bar or (self.rests_on_bars(market) and order.waits_for_price)
        takes_part = bar and meets_bars and 0 <= order.ts_arrived <= bar.timestamp
        takes_part = takes_part and not self.takes_close(order)
        if order.is_open and takes_part and bar.timestamp < self.now:
            market.deferred.append(change)
        else:
            change()

    def cancel(self, order: Order) -> None:
        if order.is_open and not self.expire_late(order):
            self.close(order, CANCELED, "requested", self.now)

    def amend(  # noqa: PLR0917 - the terms that may change
        self,
        order: Order,
        quantity: float | None,
        limit: float | None,
        trigger: float | None,
        trail: float | None = None,
        limit_offset: float | None = None,
    ) -> None:
        if not order.is_open or self.expire_late(order):
            return
        if quantity is not None and quantity <= order.filled + order.taken:
            self.close(order, CANCELED, "requested", self.now)
            return
        waits = order.trails and order.is_untriggered
        lacking = [trail is not None and not waits, limit_offset is not None and not waits]
        lacking.append(order.from_fill and (limit is not None or trigger is not None))
        if any(lacking) or (limit is not None and (waits or order.lacks_limit)):
            self.logs.append(f"amend of order {order.id} dropped: it has no such term now")
            return
        amended = replace(order)
        if trail is not None:
            amended.trail = float(trail)
        if limit_offset is not None:
            amended.limit_offset = float(limit_offset)
        if quantity is not None:
            amended.quantity = float(quantity)
        if limit is not None:
            amended.limit = float(limit)
        if trigger is not None:
            amended.stop = float(trigger)
        if order.admitted:
            self.snap(amended)
        if order.parent and order.admitted and quantity is not None:
            parent = self.parent_of(order)
            amended.released = self.released_share(amended) if parent.is_open else amended.quantity
        reason = self.rejection_of(amended, replaced=order) if order.admitted else ""
        if reason:
            self.logs.append(f"amend of order {order.id} dropped: {reason}")
            return
        order.quantity, order.limit, order.stop = amended.quantity, amended.limit, amended.stop
        order.released = amended.released
        order.trail, order.limit_offset = amended.trail, amended.limit_offset
        if trail is not None and order.admitted:
            self.trail_to(order, self.reference_price(order))
        order.met_market = False
        self.meet_known_price(order)

    def same_group(self, order: Order, other: Order) -> bool:
        in_reach = order.symbol == other.symbol or self.execution.oco_across
        return in_reach and order is not other and order.oco > 0 and order.oco == other.oco

    def expire_late(self, order: Order) -> bool:
        """True if a request finds a DAY or GTD order past its expiry, which then ends EXPIRED."""
        there = order.waits_for_parent or order.ts_arrived >= 0
        if not there or order.time_in_force not in ("DAY", "GTD") or not 0 <= order.ts_expires <= self.now:
            return False
        self.close(order, EXPIRED, order.time_in_force.lower(), order.ts_expires)
        return True

    def expire(self, event: Event) -> None:
        """Step 2 of an event."""
        market = self.markets[event.symbol]
        held = [o for o in self.orders if o.symbol == event.symbol and o.waits_for_parent and o.is_open]
        for order in self.arrived(event.symbol) + held:
            over = 0 <= order.ts_expires <= event.timestamp
            if not order.is_open:
                continue
            if over and order.time_in_force in ("DAY", "GTD"):
                self.close(order, EXPIRED, order.time_in_force.lower(), order.ts_expires)
            elif order.time_in_force == "CLS" and order.session <= event.timestamp and market.source is Bar:
                self.close(order, CANCELED, "closing", order.session)
            elif order.time_in_force == "OPG" and self.has_missed_opening(order, event):
                self.close(order, CANCELED, "opening", order.session)

    def has_missed_opening(self, order: Order, event: Event) -> bool:
        """True if the order arrived inside the bar that has the open of its session inside."""
        if type(event) is not Bar or self.markets[event.symbol].source is not Bar:
            return False
        return event.timestamp < order.ts_arrived and order.session < event.delivered
