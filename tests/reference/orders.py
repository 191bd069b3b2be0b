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
        elif self.has_passed(order, self.now):
            self.close(order, EXPIRED, "gtd", self.now)
        else:
            order.held = True
            self.release(order, self.now, nan)
            if order.held and not self.parent_of(order).is_open:
                self.close(order, CANCELED, "parent", self.now)

    def enter(self, order: Order, ts: int, fill_price: float = nan) -> None:
        """The order comes to the market; a child's release, by a fill at `fill_price`."""
        order.ts_arrived = ts
        if self.has_passed(order, ts):
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

    def has_passed(self, order: Order, ts: int) -> bool:
        return order.time_in_force == "GTD" and 0 <= order.ts_expires <= ts

    # Admission

    def admit(self, order: Order, fill_price: float = nan) -> None:
        self.snap(order)
        fault = self.fault_of(order)
        if fault:
            self.close(order, REJECTED, fault, self.now if isnan(fill_price) else order.ts_arrived)
            return
        order.admitted = True
        if order.trails:
            on_quotes = self.markets[order.symbol].standing is not None
            known = on_quotes or isnan(fill_price)
            self.follow(order, self.reference_price(order) if known else fill_price)

    def admit_the_waiting(self, event: Event, market: Market) -> None:
        """The symbol's first event gives the first price; who arrived before it is admitted now."""
        market.mark = event.first_price
        for order in self.arrived(market.symbol):
            self.admit(order)

    def prices_of(self, order: Order, instead_of: Order | None) -> list[float]:
        """The prices its type needs, and where a trailing stop is told to stand."""
        prices = []
        if order.has_limit and order.type != TRAILING_STOP_LIMIT:
            prices.append(order.limit)
        is_told = not isnan(order.stop) and (instead_of is None or order.stop != instead_of.stop)
        if (order.has_stop or order.has_touch) and (is_told or not order.trails):
            prices.append(order.stop)
        return prices

    def fault_of(self, order: Order, instead_of: Order | None = None) -> str:
        """Why the order may not enter the market; "" if it may."""
        market = self.markets[order.symbol]
        instrument, prices = market.instrument, self.prices_of(order, instead_of)
        if not isfinite(order.quantity) or order.quantity <= 0:
            return "invalid_quantity"
        if not all(isfinite(p) and (p > 0 or instrument.negative_prices) for p in prices):
            return "invalid_price"
        if order.trails and not self.trails_well(order):
            return "invalid_price"
        if not terms_agree(order):
            return "invalid_terms"
        if not is_multiple(order.quantity, instrument.lot_size):
            return "lot_size"
        if not all(is_multiple(price, instrument.tick_size) for price in prices):
            return "tick_size"
        if self.notional_of(order) < instrument.min_notional and not order.reduce_only:
            return "min_notional"
        if self.execution.account == "cash" and self.is_short_sale(order, instead_of):
            return "short_sale"
        if not self.can_afford(order, instead_of):
            return "buying_power"
        return ""

    def trails_well(self, order: Order) -> bool:
        if not isfinite(order.trail) or order.trail <= 0:
            return False
        if order.trail_by == "ticks" and self.markets[order.symbol].instrument.tick_size == 0:
            return False
        return order.type != TRAILING_STOP_LIMIT or (isfinite(order.limit_offset) and order.limit_offset >= 0)

    def notional_of(self, order: Order) -> float:
        market = self.markets[order.symbol]
        return order.quantity * abs(self.price_of(order, market)) * market.instrument.multiplier

    def snap(self, order: Order) -> None:
        """Off-step numbers moved to steps, if the run asks for it."""
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
        """What is no whole lot stays as it is, to be refused as such."""
        return quantity if quantity > 0 else order.quantity

    # Buying power

    def can_afford(self, order: Order, instead_of: Order | None) -> bool:
        if order.reduce_only:
            return True
        market = self.markets[order.symbol]
        before = self.worst_quantity(market)
        after = self.worst_quantity(market, without=instead_of, plus=order)
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

    def is_short_sale(self, order: Order, instead_of: Order | None) -> bool:
        """More is sold than is held beside the open sells; of a group only one is."""
        if order.side == BUY:
            return False
        others = [o for o in self.arrived(order.symbol) if o.admitted and o.side == SELL]
        promised = sum(o.leaves for o in others if o is not instead_of and not same_group(o, order))
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
        """The symbol's open orders in the market, in the order of their arrival, then of their sending."""
        orders = [o for o in self.orders if o.symbol == symbol and o.is_open and o.ts_arrived >= 0]
        return sorted(orders, key=lambda o: (o.ts_arrived, o.id))

    def working(self, symbol: str) -> Iterator[Order]:
        """Those among them that are admitted and, when their turn comes, have something left to fill."""
        return (o for o in self.arrived(symbol) if o.admitted and o.is_open and o.leaves > 0)

    def end(self, order: Order, status: str, reason: str, ts: int) -> None:
        order.status, order.reason, order.ts_closed = status, reason, ts
        self.report(order)

    def close(self, order: Order, status: str, reason: str, ts: int) -> None:
        self.end(order, status, reason, ts)
        self.conclude_children(order)

    def after_open_bar(self, order: Order, change: Callable[[], None]) -> None:
        """Makes the change, once a bar that has opened and acts on the order is over."""
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
            amended.released = self.share_of(amended) if parent.is_open else amended.quantity
        fault = self.fault_of(amended, instead_of=order) if order.admitted else ""
        if fault:
            self.logs.append(f"amend of order {order.id} dropped: {fault}")
            return
        order.quantity, order.limit, order.stop = amended.quantity, amended.limit, amended.stop
        order.released = amended.released
        order.met = False
        self.meet_standing_quote(order)

    def expire_late(self, order: Order) -> bool:
        """True if a request finds a DAY or GTD order past its expiry, which then ends EXPIRED."""
        there = order.held or order.ts_arrived >= 0
        if not there or order.time_in_force not in ("DAY", "GTD") or not 0 <= order.ts_expires <= self.now:
            return False
        self.close(order, EXPIRED, order.time_in_force.lower(), order.ts_expires)
        return True

    def expire(self, event: Event) -> None:
        """Step 2 of an event."""
        market = self.markets[event.symbol]
        held = [o for o in self.orders if o.symbol == event.symbol and o.held and o.is_open]
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
