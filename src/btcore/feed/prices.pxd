"""A stream's rows as plain orders meet them: when, at what price, beside what size, and the mark they leave."""

from libc.math cimport INFINITY
from libc.stdint cimport int64_t, int8_t

from btcore.model cimport BAR, QUOTE
from btcore.feed.tape cimport Stream


cdef inline int64_t first_from(const int64_t* ts, int64_t n, int64_t lag, int64_t row, int64_t moment) noexcept nogil:
    """The first row from `row` on with ts + lag at or after `moment`, n if none is: the nearer, the sooner found."""
    cdef int64_t step = 1, end, middle
    if row >= n or ts[row] + lag >= moment:
        return row
    while row + step < n and ts[row + step] + lag < moment:
        row += step
        step *= 2
    end = min(row + step, n)
    while end - row > 1:
        middle = (row + end) // 2
        if ts[middle] + lag < moment:
            row = middle
        else:
            end = middle
    return end


cdef inline double seen_px(const Stream* stream, int64_t row, int8_t side) noexcept nogil:
    """The far side of a quote, a bar's open, a print."""
    return stream.b[row] if stream.kind == QUOTE and side > 0 else stream.a[row]


cdef inline double seen_size(const Stream* stream, int64_t row, int8_t side) noexcept nogil:
    """What the row shows on the side that an order takes; inf: not known."""
    cdef const double* sizes = stream.b
    if stream.kind == BAR:
        sizes = stream.e
    elif stream.kind == QUOTE:
        sizes = stream.d if side > 0 else stream.c
    return INFINITY if sizes == NULL else sizes[row]


cdef inline double mark_of(const Stream* stream, int64_t row) noexcept nogil:
    """Mid, close or print."""
    if stream.kind == QUOTE:
        return 0.5 * (stream.a[row] + stream.b[row])
    return stream.d[row] if stream.kind == BAR else stream.a[row]
