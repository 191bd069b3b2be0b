"""The prices and the size of one row of a stream."""

from libc.math cimport INFINITY
from libc.stdint cimport int64_t, int8_t

from btcore.feed.stream cimport Stream
from btcore.memory cimport AHEAD, prefetch
from btcore.model cimport BAR, QUOTE


cdef inline double market_px(const Stream* stream, int64_t row, int8_t side) noexcept nogil:
    """The price that a market order of `side` meets: ask or bid of a quote, open of a bar, price of a trade."""
    return stream.b[row] if stream.kind == QUOTE and side > 0 else stream.a[row]


cdef inline double size_of(const Stream* stream, int64_t row, int8_t side) noexcept nogil:
    """The size on the side that an order of `side` takes, or the volume of a bar; inf if the data has no sizes."""
    cdef const double* sizes = stream.b
    if stream.kind == BAR:
        sizes = stream.e
    elif stream.kind == QUOTE:
        sizes = stream.d if side > 0 else stream.c
    return INFINITY if sizes == NULL else sizes[row]


cdef inline double mark_of(const Stream* stream, int64_t row) noexcept nogil:
    """The price that marks positions: mid of a quote, close of a bar, price of a trade."""
    if stream.kind == QUOTE:
        return 0.5 * (stream.a[row] + stream.b[row])
    return stream.d[row] if stream.kind == BAR else stream.a[row]


cdef inline double next_mark(int kind, const Stream* stream, int64_t row) noexcept nogil:
    """As `mark_of`, for a loop over rows in order: it prefetches later rows, and `kind` is a constant of the loop."""
    cdef const double* column = stream.d if kind == BAR else stream.a
    prefetch(column + row + AHEAD)
    if kind == QUOTE:
        prefetch(stream.b + row + AHEAD)
        return 0.5 * (stream.a[row] + stream.b[row])
    return column[row]
