"""Stretches of a tape that concern nobody: until when the clock and the market let the engine skip."""

from libc.math cimport isinf
from libc.stdint cimport int64_t

from btcore.engine.blotter cimport Queue
from btcore.feed.blocks cimport first_waking
from btcore.model cimport NEVER
from btcore.feed.stream cimport Stream


cdef struct Alarm:           # where a time was found in a stream, for as long as it is the time looked for
    int64_t when
    int64_t row
    int64_t stride           # rows to it from where the search began: a guess at the next


cdef inline int64_t first_at(const int64_t* ts, int64_t row, int64_t end, int64_t when, int64_t stride) noexcept nogil:
    """The first row in [row, end) stamped at or after `when`, else `end`; looked for `stride` rows ahead first."""
    cdef int64_t low, high, middle, step = 8
    if row >= end or ts[row] >= when:
        return row
    if when == NEVER or ts[end - 1] < when:
        return end
    low, high = row, end - 1  # from here on ts[low] < when <= ts[high]
    middle = min(row + stride, high)
    if ts[middle] < when:
        low = middle
        while low + step < high and ts[low + step] < when:
            low += step
            step *= 2
        high = min(low + step, high)
    else:
        high = middle
        while high - step > low and ts[high - step] >= when:
            high -= step
            step *= 2
        low = max(high - step, low)
    while high - low > 1:
        middle = low + (high - low) // 2
        if ts[middle] < when:
            low = middle
        else:
            high = middle
    return high


cdef inline int64_t alarm_row(Alarm* alarm, const Stream* stream, int64_t row, int64_t when) noexcept nogil:
    """The first row from `row` on stamped at or after `when`; the same question is answered from memory."""
    if when != alarm.when or row > alarm.row:
        alarm.row = first_at(stream.ts, row, stream.n, when, alarm.stride)
        alarm.when = when
        alarm.stride = max(alarm.row - row, 1)
    return alarm.row


cdef inline bint watches_prices(const Queue* queue) noexcept nogil:
    return not (
        isinf(queue.buy_limit) and isinf(queue.sell_limit) and isinf(queue.buy_stop) and isinf(queue.sell_stop)
    )


cdef inline int64_t first_reached(const Queue* queue, const Stream* stream, int64_t row, int64_t end) noexcept nogil:
    """The first row in [row, end) whose prices would wake the queue, else `end`."""
    if not watches_prices(queue):
        return end
    return first_waking(
        stream, stream.index, row, end, queue.buy_limit, queue.sell_limit, queue.buy_stop, queue.sell_stop
    )
