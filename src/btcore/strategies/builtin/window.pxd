"""The last prices of a symbol, and their mean, at constant cost a price."""

from libc.math cimport sqrt
from libc.stdint cimport int64_t

from btcore.memory cimport prefetch


cdef enum:
    LAPS = 16              # times round between two sums stated anew

cdef struct Window:
    double* items
    int64_t size
    int64_t count          # up to size
    int64_t at             # where the next price goes: the oldest, once full
    int64_t laps
    double sum
    double inverse         # of size


cdef inline bint is_full(const Window* window) noexcept nogil:
    return window.count == window.size


cdef inline void open_window(Window* window, double* items, int64_t size) noexcept nogil:
    """Over zeroed memory for `size` items."""
    window.items = items
    window.size = size
    window.inverse = 1.0 / size


cdef inline void push(Window* window, double x) noexcept nogil:
    """Takes in `x`. Now and then the sum is stated anew, so rounding errors do not gather."""
    cdef int64_t i
    prefetch(window.items + window.at + 12)  # of many symbols in turn, each has a window of its own
    window.sum += x - window.items[window.at]
    window.items[window.at] = x
    window.at += 1
    if window.at == window.size:
        window.at = 0
        window.count = window.size
        window.laps += 1
        if window.laps % LAPS == 0:
            window.sum = 0.0
            for i in range(window.size):
                window.sum += window.items[i]
    elif window.count < window.size:
        window.count += 1


cdef inline double oldest(const Window* window) noexcept nogil:
    """Of a full window."""
    return window.items[window.at]


cdef inline double mean(const Window* window) noexcept nogil:
    """Of a full window."""
    return window.sum * window.inverse


cdef inline double deviation(const Window* window) noexcept nogil:
    """Standard deviation (ddof 0) of a full window, in two passes."""
    cdef double centre = mean(window), total = 0.0
    cdef int64_t i
    for i in range(window.size):
        total += (window.items[i] - centre) * (window.items[i] - centre)
    return sqrt(total / window.size)
