"""What a Python strategy is told: one object an event, made only for hooks that are there."""

from libc.stdint cimport int64_t

from btcore.model cimport Market


cdef class BarEvent:
    cdef readonly str symbol
    cdef readonly int64_t timestamp
    cdef readonly double open, high, low, close, volume


cdef class QuoteEvent:
    cdef readonly str symbol
    cdef readonly int64_t timestamp
    cdef readonly double bid, ask, bid_size, ask_size


cdef class TradeEvent:
    cdef readonly str symbol
    cdef readonly int64_t timestamp
    cdef readonly double price, size
    cdef readonly int side


cdef class FillEvent:
    cdef readonly str symbol
    cdef readonly int64_t timestamp, order_id
    cdef readonly int side
    cdef readonly double quantity, price, commission
    cdef readonly str liquidity


cdef BarEvent bar_event(tuple symbols, const Market* market)
cdef QuoteEvent quote_event(tuple symbols, const Market* market)
cdef TradeEvent trade_event(tuple symbols, const Market* market)
cdef FillEvent fill_event(tuple symbols, const Market* market)
