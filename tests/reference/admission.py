"""Admission: the checks of an arrived or amended order, snapping to steps, and buying power."""

from collections.abc import Callable
from math import isfinite, isnan, nan

from .model import (
    BUY,
    LIMIT,
    REJECTED,
    SELL,
    TRAILING_STOP_LIMIT,
    Event,
    Market,
    Order,
)
from .numbers import is_multiple, round_down, round_up


class Admission:
    def admit(self, order: Order, fill_price: float = nan) -> None:
        self.snap(order)
        reason = self.rejection_of(order)
        if not reason and self.exceeds_rate(order):
            reason = "order_rate"
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
        market.set_price(event.first_price)
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
        if self.notional_of(order) < instrument.min_notional * (1 - 1e-9) and not order.reduce_only:
            return "min_notional"
        if self.execution.account == "cash" and self.is_short_sale(order, replaced):
            return "short_sale"
        limit = self.exceeded_limit(order, replaced)
        if limit:
            return limit
        if not self.can_afford(order, replaced):
            return "buying_power"
        return ""

    # Pre-trade limits

    def exceeded_limit(self, order: Order, replaced: Order | None) -> str:
        run, market = self.execution, self.markets[order.symbol]
        if run.max_order is not None and order.quantity > run.max_order * (1 + 1e-9):
            return "max_order"
        after = self.worst_quantity(market, without=replaced, plus=order)
        if after > self.worst_quantity(market):
            if run.max_position is not None and after > run.max_position * (1 + 1e-9):
                return "max_position"
            if run.max_loss is not None and self.equity <= self.initial_capital - run.max_loss:
                return "max_loss"
        others = [
            o for o in self.orders if o.admitted and o.is_open and o.id != order.id and o.ts_arrived >= 0
        ]
        if run.max_open_orders is not None and len(others) >= run.max_open_orders:
            return "max_open_orders"
        return ""

    def exceeds_rate(self, order: Order) -> bool:
        """True if as many orders as allowed have arrived within a second; else the order is counted."""
        most = self.execution.max_orders_per_second
        if most is None:
            return False
        counted = self.arrivals[-most:]
        if len(counted) == most and order.ts_arrived - counted[0] < 10**9:
            return True
        self.arrivals.append(order.ts_arrived)
        return False

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
        certain = sum(o.side * o.leaves for o in counted if o.is_market)
        buys = sum(o.leaves for o in counted if o.side == BUY and not o.is_market)
        sells = sum(o.leaves for o in counted if o.side == SELL and not o.is_market)
        held = market.quantity + certain
        return max(abs(held + buys), abs(held - sells))

    def kept_exposure(self, market: Market) -> float:
        """That of the position, less what admitted market orders will close."""
        orders = [o for o in self.arrived(market.symbol) if o.admitted and not o.reduce_only]
        after = market.quantity + sum(o.side * o.leaves for o in orders if o.is_market)
        kept = min(abs(market.quantity), abs(after))
        return self.exposure_of(market, kept, market.mark) if kept else 0.0

    def is_short_sale(self, order: Order, replaced: Order | None) -> bool:
        """True if the order sells more than is held, less the other open sells outside its group."""
        if order.side == BUY:
            return False
        others = [o for o in self.arrived(order.symbol) if o.admitted and o.side == SELL]
        promised = sum(o.leaves for o in others if o is not replaced and not self.same_group(o, order))
        return order.leaves * (1 - 1e-9) > self.markets[order.symbol].quantity - promised

    def price_of(self, order: Order, market: Market) -> float:
        if order.has_limit and not isnan(order.limit):
            return order.limit
        if (order.has_stop or order.has_touch) and not order.trails:
            return order.stop
        return self.reference_price(order)

    def reference_price(self, order: Order) -> float:
        market = self.markets[order.symbol]
        known = market.standing or market.sides
        if known:
            return known.ask if order.side == BUY else known.bid
        return market.last


def terms_agree(order: Order) -> bool:
    if order.post_only and (order.type != LIMIT or order.time_in_force not in ("GTC", "DAY", "GTD")):
        return False
    if order.waits_for_session and (order.has_stop or order.has_touch):
        return False
    return order.time_in_force != "GTD" or order.ts_expires >= 0
