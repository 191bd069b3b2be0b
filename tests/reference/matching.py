"""Matching against quotes and trades, and triggers."""

from collections.abc import Iterator
from math import isnan, nan

from .model import (
    BUY,
    CANCELED,
    MAKER,
    MARKET,
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
from .numbers import length_of, round_down, round_up


class Matching:
    def match(self, event: Event, market: Market) -> None:
        if type(event) is market.source:
            market.pools = self.pools_of(event, market)
            if isinstance(event, Quote):
                market.standing = event
            if isinstance(event, Bar):
                market.sides = event.sides_at("open")
            if isnan(market.last):
                self.admit_waiting(event, market)
            match_source = {Quote: self.match_quote, Trade: self.match_trade, Bar: self.match_bar}
            if not market.is_halted_at(event):
                match_source[type(event)](event)
            if isinstance(event, Bar):
                market.sides = event.sides_at("close")
        elif isinstance(event, Trade) and not market.halted and not self.rests_on_bars(market):
            self.match_trade_beside_quotes(event, self.pool(event.size))
        elif isinstance(event, Bar) and self.rests_on_bars(market) and not market.is_halted_at(event):
            self.match_bar_beside_quotes(event, market)

    def rests_on_bars(self, market: Market) -> bool:
        """True if the bars of a symbol with quotes fill its resting orders."""
        return self.execution.resting_on == "bars" and market.quoted

    def match_bar_beside_quotes(self, bar: Bar, market: Market) -> None:
        """Only what rests meets the bar, and every fill has the time of its end. The quotes keep the rest."""
        kept = market.standing, market.pools
        market.source, market.standing, market.pools = Bar, None, self.pools_of(bar, market)
        market.sides = bar.sides_at("open")
        self.match_bar(bar)
        market.source, (market.standing, market.pools), market.sides = Quote, kept, None

    def active(self, symbol: str, m: int) -> Iterator[Order]:
        """Working orders that do not wait for the open or close of a session at `m`."""
        return (order for order in self.working(symbol) if self.is_active(order, m))

    def is_active(self, order: Order, m: int) -> bool:
        return order.time_in_force != "CLS" and (order.time_in_force != "OPG" or order.session <= m)

    def meet(self, order: Order, price: float, ts: int) -> None:
        """Lets the order meet the market at `price`; also for the remainder of a market order."""
        if order.leaves <= 0:
            return  # a child that waits for more fills of its parent
        order.met_market = True
        if order.is_marketable_at(price):
            if order.post_only:
                self.close(order, CANCELED if order.filled else REJECTED, "post_only", ts)
                return
            self.fill(order, price, ts, TAKER, self.pool_for(order))
        reasons = {"IOC": "ioc", "FOK": "fok", "OPG": "opening", "CLS": "closing"}
        if order.is_open and order.time_in_force in reasons:
            self.close(order, CANCELED, reasons[order.time_in_force], ts)

    def fill_as_maker(self, order: Order, price: float, ts: int, pool: Pool | None = None) -> None:
        self.fill(order, price, ts, MAKER, pool or self.pool_for(order))

    # Triggers

    def check_trigger(self, order: Order, price: float) -> None:
        """Tests the trigger at its current level; a trailing stop that does not trigger moves."""
        if order.is_triggered_by(price):
            self.trigger(order)
        elif order.trails:
            self.trail_to(order, price)

    def trigger(self, order: Order) -> None:
        order.triggered = True
        if order.type == TRAILING_STOP_LIMIT:
            order.limit = order.stop + order.side * order.limit_offset
        if getattr(self.strategy, "on_trigger", None) is not None:
            self.report(order, triggered=True)

    def trail_to(self, order: Order, price: float) -> None:
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

    def fills_resting(self, order: Order, price: float) -> bool:
        """True if a quote or a bar that reaches that price fills the resting limit."""
        through = self.execution.limit_fill == "through"
        return order.is_passed_by(price) if through else order.is_marketable_at(price)

    # Quotes

    def meet_known_price(self, order: Order) -> None:
        """Lets an arriving order meet the standing quote, or the close of a bar that has just ended."""
        market = self.markets[order.symbol]
        takes_part = order.admitted and order.is_open and order.leaves > 0 and not order.waits_for_session
        if not takes_part:
            return
        if market.halted:
            if order.time_in_force in ("IOC", "FOK"):
                self.close(order, CANCELED, "halted", self.now)
        elif market.standing and self.is_stale(market.standing):
            if order.time_in_force in ("IOC", "FOK"):
                self.close(order, CANCELED, "stale_quote", self.now)
        elif market.standing:
            self.try_quote(order, market.standing, self.now)
        elif self.takes_close(order) and market.closed_at == self.now:
            self.meet(order, self.reference_price(order), self.now)

    def is_stale(self, quote: Quote) -> bool:
        limit = self.execution.max_quote_age
        return limit is not None and self.now - quote.timestamp > length_of(limit)

    def takes_close(self, order: Order) -> bool:
        """True for a market order that fills at the close of a bar and not at the next open."""
        at_close = self.execution.bar_fill == "close" and self.markets[order.symbol].source is Bar
        is_market = order.type == MARKET or order.lacks_limit
        return at_close and is_market and not order.waits_for_session

    def match_quote(self, quote: Quote) -> None:
        on_bars = self.rests_on_bars(self.markets[quote.symbol])
        for order in self.active(quote.symbol, quote.timestamp):
            if not (on_bars and order.waits_for_price):
                self.try_quote(order, quote, quote.timestamp)

    def try_quote(self, order: Order, quote: Quote, ts: int) -> None:
        price = quote.ask if order.side == BUY else quote.bid
        if order.is_untriggered:
            self.check_trigger(order, price)
        if order.is_untriggered:
            return
        if not order.rests:
            self.meet(order, price, ts)
        elif self.fills_resting(order, price):
            self.fill_as_maker(order, order.limit, ts)

    # Trades

    def match_trade(self, trade: Trade) -> None:
        for order in self.active(trade.symbol, trade.timestamp):
            if order.is_untriggered:
                self.check_trigger(order, trade.price)  # the trade that triggers an order does not fill it
            elif not order.rests:
                self.meet(order, trade.price, trade.timestamp)
            else:
                self.try_trade(order, trade, self.pool_for(order))

    def match_trade_beside_quotes(self, trade: Trade, pool: Pool) -> None:
        for order in self.working(trade.symbol):
            if order.rests:
                self.try_trade(order, trade, pool)

    def try_trade(self, order: Order, trade: Trade, pool: Pool) -> None:
        """Fills a resting limit that the trade goes through (or touches, with limit_fill="touch")."""
        touched = self.execution.limit_fill == "touch" and trade.price == order.limit
        if touched or order.is_passed_by(trade.price):
            self.fill_as_maker(order, order.limit, trade.timestamp, pool)

    # The close of a session, on ticks

    def close_session(self, market: Market) -> None:
        for order in self.arrived(market.symbol):
            if not order.is_open or order.time_in_force != "CLS" or order.session > self.now:
                continue
            price = self.reference_price(order) if order.admitted else nan
            if order.admitted and market.halted:
                self.close(order, CANCELED, "halted", self.now)
            elif order.admitted and market.standing and self.is_stale(market.standing):
                self.close(order, CANCELED, "stale_quote", self.now)
            elif not isnan(price):
                self.meet(order, price, self.now)
            if order.is_open:
                self.close(order, CANCELED, "closing", self.now)
