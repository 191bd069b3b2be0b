"""The columns of one container as the engine reads them, with their block extremes and the order of all streams."""

from libc.math cimport INFINITY, NAN
from libc.stdint cimport int8_t, int32_t, int64_t, uint8_t, uint16_t

from btcore.feed.search cimport first_at
from btcore.memory cimport prefetch
from btcore.model cimport BAR, Bar, NEVER, QUOTE, Ticker


cdef enum:
    BLOCK = 1024                 # rows of a block, which has one entry in each column of a BlockIndex
    PREFETCH_ROWS = 12           # how far ahead `load` prefetches: more than a cache line of 8 values


cdef struct BlockIndex:          # lowest and highest prices of each block of a dataset's rows, by block
    const double* buy_low        # lowest price that a buy order meets in the block
    const double* buy_high
    const double* sell_low       # the same column as `buy_low` for trades and bars, which have no two sides
    const double* sell_high
    int64_t n_blocks
    int64_t offset               # row of the dataset that is row 0 of the stream


cdef struct MergeOrder:          # the stream of each event; both NULL for a single stream
    const uint8_t* narrow        # up to 256 streams
    const uint16_t* wide         # more


cdef struct SideColumns:         # prices of one side of bars of bid and ask
    const double* open           # NULL: the bars have one price; likewise below
    const double* high
    const double* low
    const double* close


cdef struct Sides:               # a bar of bid and ask
    Bar bid
    Bar ask
    int8_t given                 # 0: the symbol's bars have one price


cdef struct Stream:              # one container; NULL for columns that it does not have
    const int64_t* ts
    const double* a              # bar: open; quote: bid; trade: price
    const double* b              # bar: high; quote: ask; trade: size
    const double* c              # bar: low; quote: bid size
    const double* d              # bar: close; quote: ask size
    const double* e              # bar: volume, NULL if unknown
    const int8_t* side           # trade: side of the aggressor
    const BlockIndex* index
    int64_t n                    # rows
    int64_t interval             # ns from `ends` to delivery: the length of bars of one length, else 0
    int32_t symbol
    int8_t kind
    int8_t two_sided             # 1: bars of bid and ask
    SideColumns bid              # of bars of bid and ask
    SideColumns ask
    const int64_t* ends          # the column of ends of bars that have one, else `ts`; ascending


cdef inline int32_t stream_at(const MergeOrder* order, int64_t k) noexcept nogil:
    """The stream of event `k`."""
    if order.narrow != NULL:
        return order.narrow[k]
    return order.wide[k] if order.wide != NULL else 0


cdef inline int64_t delivery(const Stream* stream, int64_t row) noexcept nogil:
    """When the row is delivered to the strategy, ns UTC: at its timestamp, a bar at its end."""
    return stream.ends[row] + stream.interval


cdef inline int64_t first_delivered(const Stream* stream, int64_t row, int64_t when) noexcept nogil:
    """The first row from `row` on that is delivered at `when` or later; `stream.n` if there is none."""
    return first_at(stream.ends, row, stream.n, when - stream.interval)


cdef inline void prefetch_rows(const Stream* stream, int64_t i, bint sized) noexcept nogil:
    """Prefetches what `load` reads PREFETCH_ROWS after row `i`.

    The processor does not predict reads that alternate between several streams.
    """
    prefetch(stream.ts + i + PREFETCH_ROWS)
    prefetch(stream.a + i + PREFETCH_ROWS)
    prefetch(stream.b + i + PREFETCH_ROWS)
    if sized or stream.kind == BAR:
        prefetch(stream.c + i + PREFETCH_ROWS)
        prefetch(stream.d + i + PREFETCH_ROWS)
    if stream.kind == BAR:
        prefetch(stream.ends + i + PREFETCH_ROWS)


cdef inline void load(const Stream* stream, int64_t i, Ticker* ticker, bint sized) noexcept nogil:
    """Loads row `i` into the ticker. Quote sizes are skipped unless `sized`."""
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
        ticker.bar.volume = NAN if stream.e == NULL else stream.e[i]
        ticker.next_open = stream.ts[i + 1] if i + 1 < stream.n else NEVER
    else:
        ticker.trade.ts = stream.ts[i]
        ticker.trade.px = stream.a[i]
        ticker.trade.qty = INFINITY if stream.b == NULL else stream.b[i]
        ticker.trade.side = 0 if stream.side == NULL else stream.side[i]


cdef inline void load_sides(const Stream* stream, int64_t i, Sides* sides) noexcept nogil:
    """Loads row `i` of bars of bid and ask."""
    load_side(stream, &stream.bid, i, &sides.bid)
    load_side(stream, &stream.ask, i, &sides.ask)
    sides.given = 1


cdef inline void load_side(const Stream* stream, const SideColumns* side, int64_t i, Bar* bar) noexcept nogil:
    bar.ts = stream.ts[i]
    bar.open = side.open[i]
    bar.high = side.high[i]
    bar.low = side.low[i]
    bar.close = side.close[i]
    bar.volume = NAN if stream.e == NULL else stream.e[i]
