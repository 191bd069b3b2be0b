"""Windows over columns, in whole blocks of the window: all rows of a block are known, so it is summed from both ends.

windows.pxd explains the blocks. In one loop neither sum waits for the other, which is faster than one after the other.
The rows before and after the whole blocks are steps.
"""

from libc.math cimport INFINITY
from libc.stdint cimport int64_t
from libc.string cimport memcpy

from btcore.indicators.averages cimport Wma, wma_step
from btcore.indicators.statistics cimport std_step
from btcore.indicators.windows cimport (
    Extreme, Line, Spread, add_spread, add_weighted, deviation_of, distance_of, moment_of_weighted, push_max, push_min
)
from btcore.rules.rounding cimport larger, smaller


cdef inline void run_wma(void* state, double* ring, const double** x, double** y, int64_t n) noexcept nogil:
    cdef Wma s = (<Wma*> state)[0]
    cdef int64_t i = 0, size = s.window.size
    cdef double* old = ring
    cdef double* new = ring + size
    while i < n and s.window.at != 0:
        y[0][i] = wma_step(&s, ring, x[0][i])
        i += 1
    while n - i >= size:
        wma_block(&s, old, new, x[0] + i, y[0] + i)
        old, new = new, old
        i += size
    if old != ring:
        memcpy(ring, old, size * sizeof(double))
    for i in range(i, n):
        y[0][i] = wma_step(&s, ring, x[0][i])
    (<Wma*> state)[0] = s


cdef inline void wma_block(Wma* s, const double* old, double* new, const double* x, double* y) noexcept nogil:
    """What `wma_step` does in a block: `old` is the ring before it, `new` the ring after it."""
    cdef Line* w = &s.window
    cdef int64_t j, last = w.size - 1
    cdef double sum = 0.0, moment = 0.0
    for j in range(last):
        add_weighted(w, x[j])
        y[j] = w.shift + (old[j + 1] + (w.count * w.sum - w.lag)) * s.scale
        sum += x[last - j] - x[last]
        moment += sum
        new[last - j] = moment
    sum += x[0] - x[last]
    new[0] = moment + sum
    w.shift, w.sum, w.lag = x[last], 0.0, 0.0
    y[last] = w.shift + moment_of_weighted(w, new) * s.scale


cdef inline void run_rolling_std(
    void* state, double* ring, const double** x, double** y, int64_t n
) noexcept nogil:
    cdef Spread s = (<Spread*> state)[0]
    cdef int64_t i = 0, size = s.size
    cdef double* old = ring
    cdef double* new = ring + 2 * size
    while i < n and s.at != 0:
        y[0][i] = std_step(&s, ring, x[0][i])
        i += 1
    while n - i >= size:
        std_block(&s, old, new, x[0] + i, y[0] + i)
        old, new = new, old
        i += size
    if old != ring:
        memcpy(ring, old, 2 * size * sizeof(double))
    for i in range(i, n):
        y[0][i] = std_step(&s, ring, x[0][i])
    (<Spread*> state)[0] = s


cdef inline void std_block(Spread* s, const double* old, double* new, const double* x, double* y) noexcept nogil:
    """What `std_step` does in a block: `old` is the ring before it, `new` the ring after it."""
    cdef int64_t j, last = s.size - 1
    cdef double sum = 0.0, squares = 0.0, d
    for j in range(last):
        add_spread(s, x[j])
        y[j] = deviation_of(s, old + 2 * (j + 1), distance_of(s, old + 2 * (j + 1)))
        d = x[last - j] - x[last]
        sum += d
        squares += d * d
        new[2 * (last - j)] = sum
        new[2 * (last - j) + 1] = squares
    d = x[0] - x[last]
    new[0] = sum + d
    new[1] = squares + d * d
    s.shift, s.sum, s.squares = x[last], 0.0, 0.0
    y[last] = deviation_of(s, new, distance_of(s, new))


cdef inline void run_rolling_min(
    void* state, double* ring, const double** x, double** y, int64_t n
) noexcept nogil:
    """An extreme is the same whichever way it is found, so the ring can be changed in place."""
    cdef Extreme s = (<Extreme*> state)[0]
    cdef int64_t i = 0, j, last = s.size - 1
    cdef const double* rows
    cdef double* out
    cdef double best
    while i < n:
        rows, out = x[0] + i, y[0] + i
        if s.at != 0 or not s.full or n - i < s.size:
            out[0] = push_min(&s, ring, rows[0])
            i += 1
            continue
        best = INFINITY
        for j in range(last):
            best = smaller(best, rows[j])
            out[j] = smaller(best, ring[j + 1])
        best = rows[last]
        ring[last] = best
        for j in range(last - 1, -1, -1):
            best = smaller(best, rows[j])
            ring[j] = best
        out[last] = best
        i += s.size
    (<Extreme*> state)[0] = s


cdef inline void run_rolling_max(
    void* state, double* ring, const double** x, double** y, int64_t n
) noexcept nogil:
    """An extreme is the same whichever way it is found, so the ring can be changed in place."""
    cdef Extreme s = (<Extreme*> state)[0]
    cdef int64_t i = 0, j, last = s.size - 1
    cdef const double* rows
    cdef double* out
    cdef double best
    while i < n:
        rows, out = x[0] + i, y[0] + i
        if s.at != 0 or not s.full or n - i < s.size:
            out[0] = push_max(&s, ring, rows[0])
            i += 1
            continue
        best = -INFINITY
        for j in range(last):
            best = larger(best, rows[j])
            out[j] = larger(best, ring[j + 1])
        best = rows[last]
        ring[last] = best
        for j in range(last - 1, -1, -1):
            best = larger(best, rows[j])
            ring[j] = best
        out[last] = best
        i += s.size
    (<Extreme*> state)[0] = s
