"""Orders: sending, admission, buying power, lifecycle, amendments, groups, children."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from math import inf, isfinite, isnan, nan

from .model import (
    BUY,
    CANCELED,
    EXPIRED,
    LIMIT,
    LIMIT_IF_TOUCHED,
    MARKET,
    MARKET_IF_TOUCHED,
    REJECTED,
    SELL,
    STOP,
    STOP_LIMIT,
    TRAILING_STOP,
    TRAILING_STOP_LIMIT,
    Bar,
    Event,
    Market,
    Order,
)
from .numbers import is_multiple, round_down, round_up

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
    ) -> int:
        prices = {
            "limit": limit,
            "limit_offset": limit_offset,
            "stop": stop,
            "touch": touch,
            "trail": trail,
        }
        trigger = touch if stop is None else stop
        order = Order(
            id=len(self.orders) + 1,
            symbol=symbol,
            side=side,
            type=PRICED[tuple(name for name, price in prices.items() if price is not None)],
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
            ts_sent=self.now,
        )
        self.orders.append(order)
        self.request(lambda: self.arrive(order), latency_ms)
        return order.id

    def arrive(self, order: Order) -> None:
        if not order.is_open:
            return
        if not order.parent:
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
        close = self.sessions.close_after(ts)
        if order.time_in_force == "DAY" and close < inf:
            order.ts_expires = close
        elif order.time_in_force == "CLS":
            order.session = close
        elif order.time_in_force == "OPG":
            order.session = self.sessions.open_at_or_after(ts)
        if not isnan(self.markets[order.symbol].mark):
            self.admit(order, fill_price)
            self.meet_standing_quote(order)

    def is_past_expiry(self, order: Order, ts: int) -> bool:
        return order.time_in_force == "GTD" and 0 <= order.ts_expires <= ts

    # Admission

    def admit(self, order: Order, fill_price: float = nan) -> None:
        self.snap(order)
        reason = self.rejection_of(order)
        if reason:
            self.close(order, REJECTED, reason, self.now if isnan(fill_price) else order.ts_arrived)
            return
        order.admitted = True
        if order.trails:
            on_quotes = self.markets[order.symbol].standing is not None
            known = on_quotes or isnan(fill_price)
            self.trail_to(order, self.reference_price(order) if known else fill_price)

    def admit_waiting(self, event: Event, market: Market) -> None:
        """Admits orders that arrived before the symbol had a price; the event gives the first one."""
        market.mark = event.first_price
        for order in self.arrived(market.symbol):
            self.admit(order)

    def prices_of(self, order: Order, replaced: Order | None) -> list[float]:
        """The prices its type needs, and the stop given to a trailing order."""
        prices = []
        if order.has_limit and order.type != TRAILING_STOP_LIMIT:
            prices.append(order.limit)
        is_given = not isnan(order.stop) and (replaced is None or order.stop != replaced.stop)
        if (order.has_stop or order.has_touch) and (is_given or not order.trails):
            prices.append(order.stop)
        return prices

    def rejection_of(self, order: Order, replaced: Order | None = None) -> str:
        """The reason to reject the order, or ""."""
        market = self.markets[order.symbol]
        instrument, prices = market.instrument, self.prices_of(order, replaced)
        if not isfinite(order.quantity) or order.quantity <= 0:
            return "invalid_quantity"
        if not all(isfinite(p) and (p > 0 or instrument.negative_prices) for p in prices):
            return "invalid_price"
        if order.trails and not self.has_valid_trail(order):
            return "invalid_price"
        if not terms_agree(order):
            return "invalid_terms"
        if not is_multiple(order.quantity, instrument.lot_size):
            return "lot_size"
        if not all(is_multiple(price, instrument.tick_size) for price in prices):
            return "tick_size"
        if self.notional_of(order) < instrument.min_notional and not order.reduce_only:
            return "min_notional"
        if self.execution.account == "cash" and self.is_short_sale(order, replaced):
            return "short_sale"
        if not self.can_afford(order, replaced):
            return "buying_power"
        return ""

    def has_valid_trail(self, order: Order) -> bool:
        if not isfinite(order.trail) or order.trail <= 0:
            return False
        if order.trail_by == "ticks" and self.markets[order.symbol].instrument.tick_size == 0:
            return False
        return order.type != TRAILING_STOP_LIMIT or (isfinite(order.limit_offset) and order.limit_offset >= 0)

    def notional_of(self, order: Order) -> float:
        market = self.markets[order.symbol]
        return order.quantity * abs(self.price_of(order, market)) * market.instrument.multiplier

    def snap(self, order: Order) -> None:
        """Moves numbers that are off the step to the step, with off_step="snap"."""
        instrument = self.markets[order.symbol].instrument
        if self.execution.off_step != "snap" or not isfinite(order.quantity):
            return
        before = order.quantity, order.limit, order.stop
        passive, away = (round_down, round_up) if order.side == BUY else (round_up, round_down)

        def moved(value: float, way: Callable[[float, float], float], step: float) -> float:
            return value if not isfinite(value) or is_multiple(value, step) else way(value, step)

        order.quantity = self.snapped_quantity(order, moved(order.quantity, round_down, instrument.lot_size))
        order.limit = moved(order.limit, passive, instrument.tick_size)
        order.stop = moved(order.stop, passive if order.has_touch else away, instrument.tick_size)
        order.released = min(order.released, order.quantity)
        changed = zip((order.quantity, order.limit, order.stop), before, strict=True)
        self.snapped += any(a != b and not isnan(b) for a, b in changed)

    def snapped_quantity(self, order: Order, quantity: float) -> float:
        """A quantity below one lot is unchanged, and then rejected for its lot size."""
        return quantity if quantity > 0 else order.quantity

    # Buying power

    def can_afford(self, order: Order, replaced: Order | None) -> bool:
        if order.reduce_only:
            return True
        market = self.markets[order.symbol]
        before = self.worst_quantity(market)
        after = self.worst_quantity(market, without=replaced, plus=order)
        if after <= before:
            return True
        exposure = self.exposure_of(market, after, self.price_of(order, market))
        for other in self.markets.values():
            worst = 0.0 if other is market else self.worst_quantity(other)
            exposure += self.exposure_of(other, worst, other.mark) if worst else 0.0
        return exposure <= self.leverage * self.equity * (1 + 1e-9)

    def exposure_of(self, market: Market, quantity: float, price: float) -> float:
        share = market.instrument.initial_margin
        free = share is None or self.execution.account == "cash"
        weight = 1.0 if free else self.leverage * share
        return quantity * self.point_value(market) * abs(price) * weight

    def worst_quantity(
        self, market: Market, without: Order | None = None, plus: Order | None = None
    ) -> float:
        counted = [o for o in self.arrived(market.symbol) if o.admitted and o is not without]
        counted = [o for o in [*counted, *([plus] if plus else [])] if not o.reduce_only]
        certain = sum(o.side * o.leaves for o in counted if o.type == MARKET)
        buys = sum(o.leaves for o in counted if o.side == BUY and o.type != MARKET)
        sells = sum(o.leaves for o in counted if o.side == SELL and o.type != MARKET)
        held = market.quantity + certain
        return max(abs(held + buys), abs(held - sells))

    def is_short_sale(self, order: Order, replaced: Order | None) -> bool:
        """True if the order sells more than is held, less the other open sells outside its group."""
        if order.side == BUY:
            return False
        others = [o for o in self.arrived(order.symbol) if o.admitted and o.side == SELL]
        promised = sum(o.leaves for o in others if o is not replaced and not same_group(o, order))
        return order.leaves > self.markets[order.symbol].quantity - promised + 1e-9

    def price_of(self, order: Order, market: Market) -> float:
        if order.has_limit and not isnan(order.limit):
            return order.limit
        if (order.has_stop or order.has_touch) and not order.trails:
            return order.stop
        return self.reference_price(order)

    def reference_price(self, order: Order) -> float:
        market = self.markets[order.symbol]
        if market.standing:
            return market.standing.ask if order.side == BUY else market.standing.bid
        return market.mark

    # Lifecycle

    def arrived(self, symbol: str) -> list[Order]:
        """Open orders of the symbol that have arrived, in order of arrival, then of sending."""
        orders = [o for o in self.orders if o.symbol == symbol and o.is_open and o.ts_arrived >= 0]
        return sorted(orders, key=lambda o: (o.ts_arrived, o.id))

    def working(self, symbol: str) -> Iterator[Order]:
        """The admitted ones among them, each if it has quantity left when its turn comes."""
        return (o for o in self.arrived(symbol) if o.admitted and o.is_open and o.leaves > 0)

    def end(self, order: Order, status: str, reason: str, ts: int) -> None:
        order.status, order.reason, order.ts_closed = status, reason, ts
        self.report(order)

    def close(self, order: Order, status: str, reason: str, ts: int) -> None:
        self.end(order, status, reason, ts)
        self.end_children(order)

    def after_open_bar(self, order: Order, change: Callable[[], None]) -> None:
        """Makes the change now, or at the end of an open bar in which the order takes part."""
        market = self.markets[order.symbol]
        coming = (e for e in self.events[self.delivered :] if type(e) is Bar and e.symbol == order.symbol)
        bar = next(coming, None)
        takes_part = bar and market.source is Bar and 0 <= order.ts_arrived <= bar.timestamp
        if order.is_open and takes_part and bar.timestamp < self.now:
            market.deferred.append(change)
        else:
            change()

    def cancel(self, order: Order) -> None:
        if order.is_open and not self.expire_late(order):
            self.close(order, CANCELED, "requested", self.now)

    def amend(self, order: Order, quantity: float | None, limit: float | None, trigger: float | None) -> None:
        if not order.is_open or self.expire_late(order):
            return
        if quantity is not None and quantity <= order.filled + order.taken:
            self.close(order, CANCELED, "requested", self.now)
            return
        amended = replace(order)
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
        order.met_market = False
        self.meet_standing_quote(order)

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


def terms_agree(order: Order) -> bool:
    if order.post_only and (order.type != LIMIT or order.time_in_force not in ("GTC", "DAY", "GTD")):
        return False
    if order.waits_for_session and (order.has_stop or order.has_touch):
        return False
    return order.time_in_force != "GTD" or order.ts_expires >= 0


def same_group(order: Order, other: Order) -> bool:
    in_group = order.oco > 0 and order.oco == other.oco and order.symbol == other.symbol
    return in_group and order is not other
