"""Matching against quotes and prints, and the ways of orders with triggers."""

from collections.abc import Iterator
from math import isnan, nan

from .model import (
    BUY,
    CANCELED,
    MAKER,
    REJECTED,
    TAKER,
    TRAILING_STOP_LIMIT,
    Bar,
    Event,
    Market,
    Order,
    Pool,
    Quote,
    Trade,
)
from .numbers import round_down, round_up


class Matching:
    def match(self, event: Event, market: Market) -> None:
        if type(event) is market.source:
            market.pools = self.pools_of(event, market)
            if isinstance(event, Quote):
                market.standing = event
            if isnan(market.mark):
                self.admit_the_waiting(event, market)
            match_source = {Quote: self.match_quote, Trade: self.match_trade, Bar: self.match_bar}
            match_source[type(event)](event)
        elif isinstance(event, Trade):
            self.match_print_beside_quotes(event, self.pool(event.size))

    def awake(self, symbol: str, m: int) -> Iterator[Order]:
        """The working orders that no session's open or close holds back at `m`."""
        return (order for order in self.working(symbol) if self.is_awake(order, m))

    def is_awake(self, order: Order, m: int) -> bool:
        return order.time_in_force != "CLS" and (order.time_in_force != "OPG" or order.session <= m)

    def meet(self, order: Order, price: float, ts: int) -> None:
        """A meeting with the market at `price`; also each further taking of a market order."""
        if order.leaves <= 0:
            return  # a child that waits for more of its parent
        order.met = True
        if order.is_marketable_at(price):
            if order.post_only:
                self.close(order, CANCELED if order.filled else REJECTED, "post_only", ts)
                return
            self.fill(order, price, ts, TAKER, self.pool_for(order))
        reasons = {"IOC": "ioc", "FOK": "fok", "OPG": "opening", "CLS": "closing"}
        if order.is_open and order.time_in_force in reasons:
            self.close(order, CANCELED, reasons[order.time_in_force], ts)

    def make(self, order: Order, price: float, ts: int, pool: Pool | None = None) -> None:
        self.fill(order, price, ts, MAKER, pool or self.pool_for(order))

    # Triggers

    def look_at(self, order: Order, price: float) -> None:
        """The trigger speaks first, by its old level; a trailing stop that is silent moves."""
        if order.is_triggered_by(price):
            self.trigger(order)
        elif order.trails:
            self.follow(order, price)

    def trigger(self, order: Order) -> None:
        order.triggered = True
        if order.type == TRAILING_STOP_LIMIT:
            order.limit = order.stop + order.side * order.limit_offset

    def follow(self, order: Order, price: float) -> None:
        tick = self.markets[order.symbol].instrument.tick_size
        distances = {
            "price": order.trail,
            "percent": abs(price) * order.trail / 100,
            "ticks": order.trail * tick,
        }
        distance = distances[order.trail_by]
        if order.side == BUY:
            level = round_up(price + distance, tick)
            order.stop = level if isnan(order.stop) else min(order.stop, level)
        else:
            level = round_down(price - distance, tick)
            order.stop = level if isnan(order.stop) else max(order.stop, level)

    # Quotes

    def meet_standing_quote(self, order: Order) -> None:
        standing = self.markets[order.symbol].standing
        takes_part = order.admitted and order.is_open and order.leaves > 0 and not order.waits_for_session
        if standing and takes_part:
            self.try_quote(order, standing, self.now)

    def match_quote(self, quote: Quote) -> None:
        for order in self.awake(quote.symbol, quote.timestamp):
            self.try_quote(order, quote, quote.timestamp)

    def try_quote(self, order: Order, quote: Quote, ts: int) -> None:
        price = quote.ask if order.side == BUY else quote.bid
        if order.sleeps:
            self.look_at(order, price)
        if order.sleeps:
            return
        if not order.rests:
            self.meet(order, price, ts)
        elif order.is_marketable_at(price):
            self.make(order, order.limit, ts)

    # Trades

    def match_trade(self, trade: Trade) -> None:
        for order in self.awake(trade.symbol, trade.timestamp):
            if order.sleeps:
                self.look_at(order, trade.price)  # and the print that triggers is spent
            elif not order.rests:
                self.meet(order, trade.price, trade.timestamp)
            else:
                self.try_print(order, trade, self.pool_for(order))

    def match_print_beside_quotes(self, trade: Trade, pool: Pool) -> None:
        for order in self.working(trade.symbol):
            if order.rests:
                self.try_print(order, trade, pool)

    def try_print(self, order: Order, trade: Trade, pool: Pool) -> None:
        """The resting rule of prints."""
        touched = self.execution.limit_fill == "touch" and trade.price == order.limit
        if touched or order.is_passed_by(trade.price):
            self.make(order, order.limit, trade.timestamp, pool)

    # The close of a session, on ticks

    def close_session(self, market: Market) -> None:
        for order in self.arrived(market.symbol):
            if not order.is_open or order.time_in_force != "CLS" or order.session > self.now:
                continue
            price = self.reference_price(order) if order.admitted else nan
            if not isnan(price):
                self.meet(order, price, self.now)
            if order.is_open:
                self.close(order, CANCELED, "closing", self.now)
