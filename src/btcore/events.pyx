"""What a Python strategy is told: one object an event, made only for hooks that are there."""

cimport cython

from btcore.model cimport Market, Ticker


@cython.final
cdef class BarEvent:
    """A bar, delivered at its close. `timestamp` is its open, ns UTC."""

    def __repr__(self):
        return (
            f"Bar({self.symbol} {self.timestamp} o={self.open} h={self.high} l={self.low} c={self.close} "
            f"v={self.volume})"
        )


@cython.final
cdef class QuoteEvent:
    """Best bid and offer; sizes are inf where the data has none."""

    @property
    def mid(self):
        return 0.5 * (self.bid + self.ask)

    def __repr__(self):
        return f"Quote({self.symbol} {self.timestamp} {self.bid}/{self.ask})"


@cython.final
cdef class TradeEvent:
    """A print; `side` is the aggressor's, 0 if unknown, `size` inf where the data has none."""

    def __repr__(self):
        return f"Trade({self.symbol} {self.timestamp} {self.price}x{self.size})"


@cython.final
cdef class FillEvent:
    """One execution of one of the strategy's orders. `side` is 1 or -1, `liquidity` "maker" or "taker"."""

    def __repr__(self):
        return f"Fill({self.symbol} {self.timestamp} #{self.order_id} {self.side * self.quantity}@{self.price})"


cdef BarEvent bar_event(tuple symbols, const Market* market):
    cdef const Ticker* ticker = &market.tickers[market.symbol]
    cdef BarEvent event = BarEvent.__new__(BarEvent)
    event.symbol = symbols[market.symbol]
    event.timestamp = ticker.bar.ts
    event.open, event.high, event.low = ticker.bar.open, ticker.bar.high, ticker.bar.low
    event.close, event.volume = ticker.bar.close, ticker.bar.volume
    return event


cdef QuoteEvent quote_event(tuple symbols, const Market* market):
    cdef const Ticker* ticker = &market.tickers[market.symbol]
    cdef QuoteEvent event = QuoteEvent.__new__(QuoteEvent)
    event.symbol = symbols[market.symbol]
    event.timestamp = ticker.quote.ts
    event.bid, event.ask = ticker.quote.bid, ticker.quote.ask
    event.bid_size, event.ask_size = ticker.quote.bid_qty, ticker.quote.ask_qty
    return event


cdef TradeEvent trade_event(tuple symbols, const Market* market):
    cdef const Ticker* ticker = &market.tickers[market.symbol]
    cdef TradeEvent event = TradeEvent.__new__(TradeEvent)
    event.symbol = symbols[market.symbol]
    event.timestamp = ticker.trade.ts
    event.price, event.size, event.side = ticker.trade.px, ticker.trade.qty, ticker.trade.side
    return event


cdef FillEvent fill_event(tuple symbols, const Market* market):
    cdef FillEvent event = FillEvent.__new__(FillEvent)
    event.symbol = symbols[market.fill.symbol]
    event.timestamp, event.order_id = market.fill.ts, market.fill.order_id
    event.side, event.quantity, event.price = market.fill.side, market.fill.last_qty, market.fill.last_px
    event.commission = market.fill.commission
    event.liquidity = "taker" if market.fill.liquidity else "maker"
    return event
