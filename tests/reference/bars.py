"""Matching against bars: the phases, and the walk of `intrabar="path"`."""

from collections.abc import Callable, Iterator

from .model import BUY, CANCELED, Bar, Order

STANDING_LIMITS = ("GTC", "DAY", "GTD")


class Bars:
    def match_bar(self, bar: Bar) -> None:
        market = self.markets[bar.symbol]
        market.inside = bar if market.quoted else None
        self.match_open(bar)
        market.sides = bar.sides_at("range")
        market.inside = bar
        if self.execution.intrabar == "pessimistic":
            triggered = self.match_stops(bar)
            self.match_limits(bar, lambda o: takes_part(o, bar) and o not in triggered)
            self.match_released_stops(bar)
        elif self.execution.intrabar == "optimistic":
            self.match_limits(bar, lambda o: takes_part(o, bar))
            self.match_stops(bar)
            self.match_limits(bar, lambda o: released_inside(o, bar) or o.later > 0, released=True)
            self.match_passed_stops(bar)
        else:
            self.walk(bar)
        market.inside = None
        market.sides = bar.sides_at("close")
        self.match_close(bar)
        for order in self.orders:
            order.later = 0.0

    def in_turn(self, bar: Bar, may: Callable[[Order], bool]) -> Iterator[Order]:
        """Yields each order once, in order of arrival, if `may` is true for it when its turn comes."""
        seen: list[Order] = []
        while True:
            coming = (o for o in self.active(bar.symbol, bar.delivered - 1) if o not in seen and may(o))
            order = next(coming, None)
            if order is None:
                return
            seen.append(order)
            yield order

    def match_open(self, bar: Bar) -> None:
        beside = self.markets[bar.symbol].quoted  # then nothing happens before what the quotes have filled
        at = bar.delivered if beside else bar.timestamp
        for order in self.in_turn(bar, lambda o: takes_part(o, bar)):
            if self.takes_close(order) or (beside and not order.waits_for_price):
                continue
            opened = bar.of_side(order.side).open
            if order.is_untriggered:
                self.check_trigger(order, opened)
            if order.is_untriggered:
                continue
            if not order.rests:
                self.meet(order, opened, at)
            elif self.fills_resting(order, opened):
                self.fill_as_maker(order, opened, at)

    # The range

    def match_stops(self, bar: Bar) -> list[Order]:
        """Phase 2. Returns the orders that triggered."""
        triggered: list[Order] = []
        for order in self.in_turn(bar, lambda o: takes_part(o, bar) and o.has_stop and o.is_untriggered):
            if not self.reached(order, bar):
                continue
            siblings = [
                o for o in self.working(bar.symbol) if self.is_ambiguous_sibling(order, o, bar, triggered)
            ]
            triggered.append(order)
            self.trigger_at(order, order.stop, bar)
            ended = any(not o.is_open and o.reason == "oco" for o in siblings)
            if ended and order.filled > 0 and self.execution.intrabar == "pessimistic":
                self.ambiguous_bars += 1
        return triggered

    def is_ambiguous_sibling(self, order: Order, other: Order, bar: Bar, triggered: list[Order]) -> bool:
        """True if `other` is a limit of the stop's group that the bar's range would fill too."""
        same = self.same_group(order, other)
        rests = other.rests and takes_part(other, bar) and other not in triggered
        return same and rests and self.reached(other, bar)

    def match_released_stops(self, bar: Bar) -> None:
        """Phase 4: stops released inside the range."""
        for order in self.in_turn(bar, lambda o: self.acts_as_released(o, bar)):
            before, order.later = order.filled, 0.0
            own = bar.of_side(order.side)
            if order.is_triggered_by(own.high if order.side == BUY else own.low):
                self.trigger_at(order, reached_level(order, order.stop, order.side, own), bar)
            self.ambiguous_bars += order.filled > before

    def acts_as_released(self, order: Order, bar: Bar) -> bool:
        """True for a stop of which something was released inside the range, also after its trigger there."""
        if not (released_inside(order, bar) or order.later > 0) or not order.has_stop or order.trails:
            return False
        return order.is_untriggered or (order.triggered_in is bar and not order.has_limit)

    def match_passed_stops(self, bar: Bar) -> None:
        """Optimistic phase 4, second part: stops that the close has passed."""
        for order in self.in_turn(bar, lambda o: self.acts_as_released(o, bar)):
            order.later = 0.0
            own = bar.of_side(order.side)
            if order.is_triggered_by(own.close):
                self.trigger_at(order, reached_level(order, order.stop, order.side, own), bar)

    def match_limits(self, bar: Bar, may: Callable[[Order], bool], released: bool = False) -> None:
        """Phase 3, and the first part of optimistic phase 4: for what was released inside the range."""
        for order in self.in_turn(bar, lambda o: may(o) and self.acts_in_range(o, bar, released)):
            if released:
                order.later = 0.0
            if not self.reached(order, bar):
                continue
            level = order.stop if order.is_untriggered else order.limit
            own = bar.of_side(order.side)
            level = reached_level(order, level, -order.side, own) if released else level
            if order.is_untriggered:
                self.trigger_at(order, level, bar)
            else:
                self.fill_as_maker(order, level, bar.delivered)

    def acts_in_range(self, order: Order, bar: Bar, released: bool = False) -> bool:
        """True for an untriggered touch price and a resting limit.

        A limit released inside the range rests without a meeting.
        """
        if order.has_touch and order.is_untriggered:
            return True
        inside = released or released_inside(order, bar)
        if inside and order.type == "limit" and order.time_in_force in STANDING_LIMITS:
            order.met_market = True
        return order.rests

    def reached(self, order: Order, bar: Bar) -> bool:
        """True if the bar's range reaches the order's trigger price, or fills its limit."""
        bar = bar.of_side(order.side)
        if order.is_untriggered:
            rises = (order.side == BUY) == order.has_stop
            return order.is_triggered_by(bar.high if rises else bar.low)
        return self.fills_resting(order, bar.low if order.side == BUY else bar.high)

    def trigger_at(self, order: Order, price: float, bar: Bar) -> None:
        """Triggers the order inside the range and lets it meet the market at `price`."""
        self.trigger(order)
        order.triggered_in = bar
        self.meet(order, price, bar.delivered)

    # One walk through the range

    def walk(self, bar: Bar) -> None:
        low_first = abs(bar.open - bar.low) <= abs(bar.high - bar.open)
        extremes = (bar.low, bar.high) if low_first else (bar.high, bar.low)
        at = bar.open
        for end in (*extremes, bar.close):
            if end != at:
                self.walk_leg(bar, at, end)
            at = end

    def walk_leg(self, bar: Bar, at: float, end: float) -> None:
        direction = 1 if end > at else -1
        seen: list[Order] = []
        while True:
            coming = [
                (max(direction * self.level_of(o), direction * at), o)
                for o in self.active(bar.symbol, bar.delivered - 1)
                if o not in seen
                and self.has_level_on(o, direction, bar)
                and self.leg_reaches(o, direction, end)
            ]
            if not coming:
                break
            nearest, order = min(coming, key=lambda pair: pair[0])  # ties: the first to arrive
            at = direction * nearest
            seen.append(order)
            if order.is_untriggered:
                self.trigger_at(order, at, bar)
            else:
                self.fill_as_maker(order, at, bar.delivered)
            self.trail_orders(bar, at)
        self.trail_orders(bar, end)

    def leg_reaches(self, order: Order, direction: int, end: float) -> bool:
        if order.is_untriggered:
            return direction * order.stop <= direction * end
        return self.fills_resting(order, end)

    def level_of(self, order: Order) -> float:
        return order.stop if order.is_untriggered else order.limit

    def has_level_on(self, order: Order, direction: int, bar: Bar) -> bool:
        """True if the walk can reach the order's level in `direction`.

        Upwards: buy stops, sell touch prices and resting sell limits; downwards the others.
        """
        if not (takes_part(order, bar) or released_inside(order, bar)):
            return False
        if order.has_stop and order.is_untriggered:
            return order.side == direction
        return self.acts_in_range(order, bar) and order.side == -direction

    def trail_orders(self, bar: Bar, price: float) -> None:
        for order in self.active(bar.symbol, bar.delivered - 1):
            if (
                order.trails
                and order.is_untriggered
                and (takes_part(order, bar) or released_inside(order, bar))
            ):
                self.trail_to(order, price)

    # The close

    def match_close(self, bar: Bar) -> None:
        seen: list[Order] = []
        while True:  # a fill may release another order that takes the close
            coming = (o for o in self.working(bar.symbol) if o not in seen and self.closes_with(o, bar))
            order = next(coming, None)
            if order is None:
                break
            seen.append(order)
            self.meet(order, bar.of_side(order.side).close, bar.delivered)
            if order.is_open and order.time_in_force == "CLS":
                self.close(order, CANCELED, "closing", bar.delivered)
        for order in self.working(bar.symbol):
            if order.trails and order.is_untriggered and takes_part(order, bar):
                own = bar.of_side(order.side)
                self.trail_to(order, own.low if order.side == BUY else own.high)

    def closes_with(self, order: Order, bar: Bar) -> bool:
        """True if the order fills at the close of the bar."""
        if self.takes_close(order):
            return 0 <= order.ts_arrived <= bar.delivered
        at_close = order.time_in_force == "CLS" and takes_part(order, bar)
        at_close = at_close and not self.markets[bar.symbol].quoted
        return at_close and self.is_last_before(bar, order.session)

    def is_last_before(self, bar: Bar, close: float) -> bool:
        """True if no later bar of the symbol opens before that session close."""
        later = [e for e in self.events if type(e) is Bar and e.symbol == bar.symbol]
        return bar.timestamp < close and not any(bar.timestamp < e.timestamp < close for e in later)


def takes_part(order: Order, bar: Bar) -> bool:
    return 0 <= order.ts_arrived <= bar.timestamp and order.available > 0


def reached_level(order: Order, level: float, direction: int, bar: Bar) -> float:
    """The level, or the price at the release if that is past it. A level above the market has direction 1.

    Of bars of bid and ask, the price of the order's side at the release lies in the range of that side.
    """
    released_at = min(max(order.released_at, bar.low), bar.high)
    return max(level, released_at) if direction > 0 else min(level, released_at)


def released_inside(order: Order, bar: Bar) -> bool:
    return order.released_in is bar
