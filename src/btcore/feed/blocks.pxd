"""The next row that may concern an order: by the extremes of whole blocks where they are known, else row by row."""

from libc.math cimport INFINITY
from libc.stdint cimport int64_t

from btcore.model cimport BAR, QUOTE
from btcore.feed.stream cimport BLOCK, BlockIndex, Stream

cdef enum:
    LANES = 8                    # extremes kept side by side, so that no row waits for the one before it
    CHUNK = 128                  # rows looked at as one before any is looked at alone


cdef inline void find_extremes(
    const double* lows, const double* highs, int64_t n, double* lowest, double* highest
) noexcept nogil:
    """The least of `lows` and the greatest of `highs`, of n > 0 values each."""
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
    """The first row in [row, end) whose value is `low` or below, or `high` or above; else `end`."""
    cdef double lowest, highest
    while row + CHUNK <= end:
        find_extremes(column + row, column + row, CHUNK, &lowest, &highest)
        if lowest <= low or highest >= high:
            break
        row += CHUNK
    while row < end and not (column[row] <= low or column[row] >= high):
        row += 1
    return row


cdef inline int64_t first_reaching_row(
    const Stream* stream, int64_t row, int64_t end,
    double buy_limit, double sell_limit, double buy_stop, double sell_stop,
) noexcept nogil:
    """As `first_reaching`, by the rows alone. A column that no finite price is compared with is not read."""
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
    """The first row in [row, end) at which a queue with these prices is woken (`is_woken` of the blotter), else `end`.

    `index` may be NULL. Prices of the rows are finite and none of the four is NaN; an infinite one may never wake.
    """
    cdef int64_t block, stop, found, offset = 0 if index == NULL else index.offset
    while row < end:
        block = (row + offset) // BLOCK
        stop = min(end, (block + 1) * BLOCK - offset)
        if index == NULL or (
            index.buy_low[block] <= buy_limit or index.sell_high[block] >= sell_limit
            or index.buy_high[block] >= buy_stop or index.sell_low[block] <= sell_stop
        ):
            found = first_reaching_row(stream, row, stop, buy_limit, sell_limit, buy_stop, sell_stop)
            if found < stop:
                return found
        row = stop
    return end
