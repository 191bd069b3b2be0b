"""A rolling window of prices, with its mean at constant cost per price."""

from libc.math cimport sqrt
from libc.stdint cimport int64_t

from btcore.memory cimport prefetch


cdef enum:
    LAPS = 16              # turns of the ring after which the sum is computed again

cdef struct Window:
    double* items          # ring of prices
    int64_t size
    int64_t count          # prices in the ring, up to size
    int64_t at             # where the next price goes: the oldest, once full
    int64_t laps           # turns of the ring
    double sum
    double inverse         # 1 / size


cdef inline bint is_full(const Window* window) noexcept nogil:
    return window.count == window.size


cdef inline void open_window(Window* window, double* items, int64_t size) noexcept nogil:
    """An empty window; `items` is zeroed memory for `size` prices."""
    window.items = items
    window.size = size
    window.inverse = 1.0 / size


cdef inline void push(Window* window, double x) noexcept nogil:
    """Adds `x`. Every LAPS turns the sum is computed again, so that rounding errors do not add up."""
    cdef int64_t i
    prefetch(window.items + window.at + 12)  # matters when many symbols alternate
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
    """The oldest price of a full window."""
    return window.items[window.at]


cdef inline double mean(const Window* window) noexcept nogil:
    """The mean of a full window."""
    return window.sum * window.inverse


cdef inline double deviation(const Window* window) noexcept nogil:
    """Standard deviation (ddof 0) of a full window, in two passes."""
    cdef double centre = mean(window), total = 0.0
    cdef int64_t i
    for i in range(window.size):
        total += (window.items[i] - centre) * (window.items[i] - centre)
    return sqrt(total / window.size)
