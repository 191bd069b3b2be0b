"""The next row whose prices reach given levels: by the extremes of blocks where they are stored, else row by row."""

from libc.math cimport INFINITY
from libc.stdint cimport int64_t

from btcore.feed.stream cimport BLOCK, BlockIndex, Stream
from btcore.model cimport BAR, QUOTE

cdef enum:
    LANES = 8                    # independent extremes, so that no comparison waits for the one before it
    CHUNK = 128                  # rows compared through their extremes before single rows are compared


cdef inline void find_extremes(
    const double* lows, const double* highs, int64_t n, double* lowest, double* highest
) noexcept nogil:
    """Writes the lowest of `lows` and the highest of `highs`, n > 0 values each, to `lowest` and `highest`."""
    cdef double low[LANES]
    cdef double high[LANES]
    cdef const double* a
    cdef const double* b
    cdef int64_t i, lane
    for lane in range(LANES):
        low[lane] = lows[0]
        high[lane] = highs[0]
    for i in range(n // LANES):
        a = lows + LANES * i
        b = highs + LANES * i
        for lane in range(LANES):
            low[lane] = a[lane] if a[lane] < low[lane] else low[lane]
            high[lane] = b[lane] if b[lane] > high[lane] else high[lane]
    for i in range(n - n % LANES, n):
        low[0] = min(low[0], lows[i])
        high[0] = max(high[0], highs[i])
    for lane in range(1, LANES):
        low[0] = min(low[0], low[lane])
        high[0] = max(high[0], high[lane])
    lowest[0] = low[0]
    highest[0] = high[0]


cdef inline int64_t first_outside(
    const double* column, int64_t row, int64_t end, double low, double high
) noexcept nogil:
    """The first row in [row, end) whose value is at or below `low`, or at or above `high`; `end` if there is none."""
    cdef double lowest, highest
    while row + CHUNK <= end:
        find_extremes(column + row, column + row, CHUNK, &lowest, &highest)
        if lowest <= low or highest >= high:
            break
        row += CHUNK
    while row < end and not (column[row] <= low or column[row] >= high):
        row += 1
    return row


cdef inline int64_t first_reaching_by_rows(
    const Stream* stream, int64_t row, int64_t end,
    double buy_limit, double sell_limit, double buy_stop, double sell_stop,
) noexcept nogil:
    """As `first_reaching`, without block extremes. A column whose levels are all infinite is not read."""
    cdef double low = max(buy_limit, sell_stop), high = min(sell_limit, buy_stop)
    if stream.kind == QUOTE:
        if buy_limit > -INFINITY or buy_stop < INFINITY:
            end = first_outside(stream.b, row, end, buy_limit, buy_stop)
        if sell_stop > -INFINITY or sell_limit < INFINITY:
            end = first_outside(stream.a, row, end, sell_stop, sell_limit)
    elif stream.kind == BAR:
        if low > -INFINITY:
            end = first_outside(stream.c, row, end, low, INFINITY)
        if high < INFINITY:
            end = first_outside(stream.b, row, end, -INFINITY, high)
    elif low > -INFINITY or high < INFINITY:
        end = first_outside(stream.a, row, end, low, high)
    return end


cdef inline int64_t first_reaching(
    const Stream* stream, const BlockIndex* index, int64_t row, int64_t end,
    double buy_limit, double sell_limit, double buy_stop, double sell_stop,
) noexcept nogil:
    """The first row in [row, end) whose prices reach a level (`blotter.is_affected`); `end` if there is none.

    A buy reaches `buy_limit` at or below it and `buy_stop` at or above it; sells are mirrored. An infinite level is
    never reached, and none is NaN. The prices of the rows are finite. `index` may be NULL.
    """
    cdef int64_t block, stop, found, offset = 0 if index == NULL else index.offset
    while row < end:
        block = (row + offset) // BLOCK
        stop = min(end, (block + 1) * BLOCK - offset)
        if index == NULL or (
            index.buy_low[block] <= buy_limit or index.sell_high[block] >= sell_limit
            or index.buy_high[block] >= buy_stop or index.sell_low[block] <= sell_stop
        ):
            found = first_reaching_by_rows(stream, row, stop, buy_limit, sell_limit, buy_stop, sell_stop)
            if found < stop:
                return found
        row = stop
    return end
