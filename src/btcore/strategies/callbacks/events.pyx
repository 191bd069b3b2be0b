"""The event objects that callbacks receive. Times are int64 ns UTC; prices are in the instrument's currency."""

cimport cython

from btcore.model cimport Bar, Fill, Market, Quote, Trade


@cython.final
cdef class BarEvent:
    """A bar, delivered at its end. `timestamp` is the time of its open, and `volume` is NaN if unknown.

    `resolution` is its name in the run: "minute", "5min", "day", "1000 ticks"; "irregular" for lengths of their own.
    """

    def __repr__(self):
        return (
            f"Bar({self.symbol} {self.timestamp} o={self.open} h={self.high} l={self.low} c={self.close} "
            f"v={self.volume})"
        )


@cython.final
cdef class QuoteEvent:
    """The best bid and ask. Sizes are inf if the data has none."""

    @property
    def mid(self):
        """The mean of bid and ask."""
        return 0.5 * (self.bid + self.ask)

    def __repr__(self):
        return f"Quote({self.symbol} {self.timestamp} {self.bid}/{self.ask})"


@cython.final
cdef class TradeEvent:
    """A trade. `side` is the aggressor's: 1 buy, -1 sell, 0 unknown. `size` is inf if the data has none."""

    def __repr__(self):
        return f"Trade({self.symbol} {self.timestamp} {self.price}x{self.size})"


@cython.final
cdef class FillEvent:
    """A fill of one of the strategy's orders. `side` is 1 (buy) or -1 (sell), `liquidity` "maker" or "taker"."""

    def __repr__(self):
        return f"Fill({self.symbol} {self.timestamp} #{self.order_id} {self.side * self.quantity}@{self.price})"


cdef void read_bar(BarEvent event, tuple symbols, tuple resolutions, const Market* market):
    """`resolutions` are those of the symbols' bars."""
    event.symbol, event.resolution = symbols[market.symbol], resolutions[market.symbol]
    set_prices(event, &market.tickers[market.symbol].bar)


cdef void read_other_bar(BarEvent event, tuple symbols, tuple resolutions, const Market* market):
    """`resolutions` are the other resolutions of the run."""
    event.symbol, event.resolution = symbols[market.other.symbol], resolutions[market.other.resolution]
    set_prices(event, &market.other.bar)


cdef inline void set_prices(BarEvent event, const Bar* bar):
    event.timestamp = bar.ts
    event.open, event.high, event.low, event.close, event.volume = bar.open, bar.high, bar.low, bar.close, bar.volume


cdef void read_quote(QuoteEvent event, tuple symbols, const Market* market):
    cdef const Quote* quote = &market.tickers[market.symbol].quote
    event.symbol = symbols[market.symbol]
    event.timestamp = quote.ts
    event.bid, event.ask = quote.bid, quote.ask
    event.bid_size, event.ask_size = quote.bid_qty, quote.ask_qty


cdef void read_trade(TradeEvent event, tuple symbols, const Market* market):
    cdef const Trade* trade = &market.tickers[market.symbol].trade
    event.symbol = symbols[market.symbol]
    event.timestamp = trade.ts
    event.price, event.size, event.side = trade.px, trade.qty, trade.side


cdef void read_fill(FillEvent event, tuple symbols, const Market* market):
    cdef const Fill* fill = market.fill
    event.symbol = symbols[fill.symbol]
    event.timestamp, event.order_id = fill.ts, fill.order_id
    event.side, event.quantity, event.price = fill.side, fill.last_qty, fill.last_px
    event.commission = fill.commission
    event.liquidity = "taker" if fill.liquidity else "maker"
