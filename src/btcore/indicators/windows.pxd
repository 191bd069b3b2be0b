"""Sums, means and extremes of the last values of a series, at constant cost per value and without subtraction.

A window of `size` values is kept in blocks of `size`. When a block is full, one pass from its end replaces each of its
values by the sum (or the extreme) of it and all that follow. While the next block fills, the window is the rest of the
old block, which that pass has summed already, and the new block, which is summed as it grows. Nothing is ever taken out
of a sum, so a large value that has left the window leaves no rounding error behind, however long the series is.

Means and sums of squares are taken of the distances from `shift`, the last value of the old block. It is always one of
the window's values, and no value of a sample of n is more than sqrt(n - 1) standard deviations from the mean: so the
relative error of a variance is at most about n squared times 2 ** -53, at any level of prices. A constant series has
its own value as mean, and a variance of 0, exactly.

Each window has `push`, which adds a value, and functions that read it; these return NaN until the window is full.
`ring` is the memory of the window, outside of its struct: the struct can then be copied to a local variable, whose
fields the compiler keeps in registers.
"""

from libc.math cimport INFINITY, NAN, sqrt
from libc.stdint cimport int64_t

from btcore.rules.rounding cimport larger, smaller


cdef struct Total:       # ring: size
    int64_t size
    int64_t at           # values in the new block
    double sum           # of these; NaN until there is an old block

cdef struct Mean:        # ring: size
    int64_t size
    int64_t at
    double inverse       # 1 / size
    double shift         # NaN until there is an old block, as below
    double sum

cdef struct Spread:      # ring: 2 * size, and as much again for `run_rolling_std`
    int64_t size
    int64_t at
    double inverse       # 1 / size
    double shift
    double sum
    double squares

cdef struct Line:        # ring: 2 * size
    int64_t size
    int64_t at
    double count         # size
    double shift
    double sum
    double lag           # sum of the sums before each of the new block's values

cdef struct Pair:        # ring: 5 * size
    int64_t size
    int64_t at
    double inverse       # 1 / size
    double shift_x
    double shift_y
    double x
    double y
    double xx
    double yy
    double xy

cdef struct Extreme:     # ring: size
    int64_t size
    int64_t at
    double best          # of the new block
    int64_t full         # 1: there is an old block; as wide as the rest, so that no byte of a state is undefined


cdef inline Total new_total(int64_t size) noexcept nogil:
    return Total(size=size, at=0, sum=NAN)


cdef inline void sum_from_end(double* ring, int64_t size, double shift) noexcept nogil:
    """Replaces each value by the sum of it and those after it, of distances from `shift`."""
    cdef int64_t i
    cdef double sum = 0.0
    for i in range(size - 1, -1, -1):
        sum += ring[i] - shift
        ring[i] = sum


cdef inline void push_total(Total* w, double* ring, double x) noexcept nogil:
    ring[w.at] = x
    w.sum += x
    w.at += 1
    if w.at == w.size:
        sum_from_end(ring, w.size, 0.0)
        w.at, w.sum = 0, 0.0


cdef inline double total_of(const Total* w, const double* ring) noexcept nogil:
    return w.sum + ring[w.at]


cdef inline Mean new_mean(int64_t size) noexcept nogil:
    return Mean(size=size, at=0, inverse=1.0 / size, shift=NAN, sum=0.0)


cdef inline void push_mean(Mean* w, double* ring, double x) noexcept nogil:
    ring[w.at] = x
    w.sum += x - w.shift
    w.at += 1
    if w.at == w.size:
        sum_from_end(ring, w.size, x)
        w.at, w.shift, w.sum = 0, x, 0.0


cdef inline double mean_of(const Mean* w, const double* ring) noexcept nogil:
    return w.shift + (w.sum + ring[w.at]) * w.inverse


cdef inline Spread new_spread(int64_t size) noexcept nogil:
    return Spread(size=size, at=0, inverse=1.0 / size, shift=NAN, sum=0.0, squares=0.0)


cdef inline void push_spread(Spread* w, double* ring, double x) noexcept nogil:
    cdef int64_t i
    cdef double d, sum = 0.0, squares = 0.0
    ring[2 * w.at] = x
    add_spread(w, x)
    w.at += 1
    if w.at == w.size:
        for i in range(w.size - 1, -1, -1):
            d = ring[2 * i] - x
            sum += d
            squares += d * d
            ring[2 * i] = sum
            ring[2 * i + 1] = squares
        w.at, w.shift, w.sum, w.squares = 0, x, 0.0, 0.0


cdef inline void add_spread(Spread* w, double x) noexcept nogil:
    cdef double d = x - w.shift
    w.sum += d
    w.squares += d * d


cdef inline double distance_of(const Spread* w, const double* ring) noexcept nogil:
    """The mean less `shift`."""
    return (w.sum + ring[2 * w.at]) * w.inverse


cdef inline double deviation_of(const Spread* w, const double* ring, double distance) noexcept nogil:
    """The standard deviation (ddof 0), of a window with that `distance_of`."""
    cdef double variance = (w.squares + ring[2 * w.at + 1]) * w.inverse - distance * distance
    return sqrt(variance) if not variance < 0.0 else 0.0


cdef inline Line new_line(int64_t size) noexcept nogil:
    return Line(size=size, at=0, count=size, shift=NAN, sum=0.0, lag=0.0)


cdef inline void push_line(Line* w, double* ring, double x) noexcept nogil:
    cdef int64_t i
    cdef double sum = 0.0, moment = 0.0
    ring[2 * w.at] = x
    w.at += 1
    w.lag += w.sum
    w.sum += x - w.shift
    if w.at == w.size:
        for i in range(w.size - 1, -1, -1):
            sum += ring[2 * i] - x
            moment += sum
            ring[2 * i] = sum
            ring[2 * i + 1] = moment
        w.at, w.shift, w.sum, w.lag = 0, x, 0.0, 0.0


cdef inline void push_weighted(Line* w, double* ring, double x) noexcept nogil:
    """As `push_line`, of a window that keeps no sums but `moment_of_weighted`, in a ring of `size`."""
    cdef int64_t i
    cdef double sum = 0.0, moment = 0.0
    ring[w.at] = x
    w.at += 1
    add_weighted(w, x)
    if w.at == w.size:
        for i in range(w.size - 1, -1, -1):
            sum += ring[i] - x
            moment += sum
            ring[i] = moment
        w.at, w.shift, w.sum, w.lag = 0, x, 0.0, 0.0


cdef inline void add_weighted(Line* w, double x) noexcept nogil:
    w.lag += w.sum
    w.sum += x - w.shift


cdef inline double moment_of_weighted(const Line* w, const double* ring) noexcept nogil:
    return ring[w.at] + (w.count * w.sum - w.lag)


cdef inline double sum_of(const Line* w, const double* ring) noexcept nogil:
    """Sum of the distances from `shift`."""
    return w.sum + ring[2 * w.at]


cdef inline double moment_of(const Line* w, const double* ring) noexcept nogil:
    """Sum of the distances from `shift` times 1 for the oldest value, to `size` for the newest."""
    return ring[2 * w.at + 1] + (w.count * w.sum - w.lag)


cdef inline Pair new_pair(int64_t size) noexcept nogil:
    return Pair(
        size=size, at=0, inverse=1.0 / size, shift_x=NAN, shift_y=NAN, x=0.0, y=0.0, xx=0.0, yy=0.0, xy=0.0
    )


cdef inline void push_pair(Pair* w, double* ring, double x, double y) noexcept nogil:
    cdef double dx = x - w.shift_x, dy = y - w.shift_y
    ring[5 * w.at] = x
    ring[5 * w.at + 1] = y
    w.x += dx
    w.y += dy
    w.xx += dx * dx
    w.yy += dy * dy
    w.xy += dx * dy
    w.at += 1
    if w.at == w.size:
        sum_pairs(ring, w.size)
        w.at, w.shift_x, w.shift_y = 0, x, y
        w.x = w.y = w.xx = w.yy = w.xy = 0.0


cdef inline void sum_pairs(double* ring, int64_t size) noexcept nogil:
    cdef double* p
    cdef double dx, dy, last_x = ring[5 * (size - 1)], last_y = ring[5 * (size - 1) + 1]
    cdef double x = 0.0, y = 0.0, xx = 0.0, yy = 0.0, xy = 0.0
    cdef int64_t i
    for i in range(size - 1, -1, -1):
        p = ring + 5 * i
        dx, dy = p[0] - last_x, p[1] - last_y
        x += dx
        y += dy
        xx += dx * dx
        yy += dy * dy
        xy += dx * dy
        p[0], p[1], p[2], p[3], p[4] = x, y, xx, yy, xy


cdef inline void central_sums(const Pair* w, const double* ring, double* xx, double* yy, double* xy) noexcept nogil:
    """Sums of squares and products of the distances from the means."""
    cdef const double* p = ring + 5 * w.at
    cdef double x = w.x + p[0], y = w.y + p[1]
    xx[0] = w.xx + p[2] - x * x * w.inverse
    yy[0] = w.yy + p[3] - y * y * w.inverse
    xy[0] = w.xy + p[4] - x * y * w.inverse


cdef inline Extreme new_max(int64_t size) noexcept nogil:
    return Extreme(size=size, at=0, best=-INFINITY, full=0)


cdef inline Extreme new_min(int64_t size) noexcept nogil:
    return Extreme(size=size, at=0, best=INFINITY, full=0)


cdef inline double push_max(Extreme* w, double* ring, double x) noexcept nogil:
    """Adds `x` and returns the largest value."""
    cdef int64_t i
    cdef double best = -INFINITY
    ring[w.at] = x
    w.best = larger(w.best, x)
    w.at += 1
    if w.at == w.size:
        for i in range(w.size - 1, -1, -1):
            best = larger(best, ring[i])
            ring[i] = best
        w.at, w.best, w.full = 0, -INFINITY, 1
    return larger(w.best, ring[w.at]) if w.full else NAN


cdef inline double push_min(Extreme* w, double* ring, double x) noexcept nogil:
    """Adds `x` and returns the smallest value."""
    cdef int64_t i
    cdef double best = INFINITY
    ring[w.at] = x
    w.best = smaller(w.best, x)
    w.at += 1
    if w.at == w.size:
        for i in range(w.size - 1, -1, -1):
            best = smaller(best, ring[i])
            ring[i] = best
        w.at, w.best, w.full = 0, INFINITY, 1
    return smaller(w.best, ring[w.at]) if w.full else NAN
