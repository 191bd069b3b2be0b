"""One container's columns as the engine reads them, with what may be known of them before: order and extremes."""

from libc.math cimport INFINITY
from libc.stdint cimport int8_t, int32_t, int64_t, uint8_t, uint16_t

from btcore.memory cimport prefetch
from btcore.model cimport BAR, NEVER, QUOTE, Ticker


cdef enum:
    BLOCK = 1024                 # rows that share one entry of an index
    SOON = 12                    # rows, more than a line of the cache


cdef struct BlockIndex:          # the extremes of each block of a dataset's rows; where buys and sells meet
    const double* buy_low        # one price, as on trades and bars, buy_low is sell_low and buy_high sell_high
    const double* buy_high
    const double* sell_low
    const double* sell_high
    int64_t n_blocks
    int64_t offset               # the dataset's row that is the stream's first


cdef struct MergeOrder:          # which stream comes next; both NULL where there is one alone
    const uint8_t* narrow        # of 256 streams or fewer
    const uint16_t* wide


cdef struct Stream:              # one container's columns; NULL where it has none
    const int64_t* ts
    const double* a              # bar: open; quote: bid; trade: price
    const double* b              # high; ask; size
    const double* c              # low; bid size
    const double* d              # close; ask size
    const double* e              # volume
    const int8_t* side
    const BlockIndex* index
    int64_t n
    int64_t interval             # from timestamp to delivery: a bar's length, else 0
    int32_t symbol
    int8_t kind


cdef inline int32_t stream_at(const MergeOrder* order, int64_t k) noexcept nogil:
    """The stream of event `k`."""
    if order.narrow != NULL:
        return order.narrow[k]
    return order.wide[k] if order.wide != NULL else 0


cdef inline int64_t delivery(const Stream* stream, int64_t i) noexcept nogil:
    return stream.ts[i] + stream.interval


cdef inline void load(const Stream* stream, int64_t i, Ticker* ticker, bint sized) noexcept nogil:
    """Row `i` into its symbol's latest; of a quote that nobody asks for its sizes (`sized`) without them.

    Rows to come are asked for: many streams in turn are more than the machine foresees by itself.
    """
    prefetch(stream.ts + i + SOON)
    prefetch(stream.a + i + SOON)
    prefetch(stream.b + i + SOON)
    if sized or stream.kind == BAR:
        prefetch(stream.c + i + SOON)
        prefetch(stream.d + i + SOON)
    if stream.kind == QUOTE:
        ticker.quote.ts = stream.ts[i]
        ticker.quote.bid = stream.a[i]
        ticker.quote.ask = stream.b[i]
        if sized:
            ticker.quote.bid_qty = INFINITY if stream.c == NULL else stream.c[i]
            ticker.quote.ask_qty = INFINITY if stream.d == NULL else stream.d[i]
    elif stream.kind == BAR:
        ticker.bar.ts = stream.ts[i]
        ticker.bar.open = stream.a[i]
        ticker.bar.high = stream.b[i]
        ticker.bar.low = stream.c[i]
        ticker.bar.close = stream.d[i]
        ticker.bar.volume = stream.e[i]
        ticker.next_open = stream.ts[i + 1] if i + 1 < stream.n else NEVER
    else:
        ticker.trade.ts = stream.ts[i]
        ticker.trade.px = stream.a[i]
        ticker.trade.qty = INFINITY if stream.b == NULL else stream.b[i]
        ticker.trade.side = 0 if stream.side == NULL else stream.side[i]
