"""The event objects that callbacks receive."""

from libc.stdint cimport int64_t

from btcore.model cimport Market


cdef class BarEvent:
    cdef readonly str symbol
    cdef readonly str resolution
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


# Each copies the latest event of its kind into the object.
cdef void read_bar(BarEvent event, tuple symbols, tuple resolutions, const Market* market)
cdef void read_other_bar(BarEvent event, tuple symbols, tuple resolutions, const Market* market)
cdef void read_quote(QuoteEvent event, tuple symbols, const Market* market)
cdef void read_trade(TradeEvent event, tuple symbols, const Market* market)
cdef void read_fill(FillEvent event, tuple symbols, const Market* market)
