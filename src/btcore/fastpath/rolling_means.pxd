"""Rolling means of one column for many periods, block by block, bit-equal to `strategies/builtin/window.pxd`."""

from libc.stdint cimport int64_t

from btcore.strategies.builtin.window cimport LAPS

cdef enum:
    GROUP = 4                # means computed together, since each addition waits for the one before it

cdef struct Mean:
    int64_t size             # of its window
    int64_t next_resum       # row after which the sum is computed again from its window
    double sum
    double inverse           # 1 / size
    double* out              # the block's means; undefined until the window is full


cdef inline void open_mean(Mean* mean, int64_t size, double* out) noexcept nogil:
    """Sets up a mean before the first row. `out` receives the means of each block."""
    mean.size = size
    mean.next_resum = LAPS * size - 1
    mean.sum = 0.0
    mean.inverse = 1.0 / size
    mean.out = out


cdef inline void resum(Mean* mean, const double* px, int64_t row) noexcept nogil:
    """Computes the sum again from the window that ends at `row`, to remove accumulated rounding errors."""
    cdef int64_t i
    mean.sum = 0.0
    for i in range(row + 1 - mean.size, row + 1):
        mean.sum += px[i]
    mean.next_resum = row + LAPS * mean.size


cdef inline int64_t segment_end(const Mean* mean, int64_t row, int64_t stop) noexcept nogil:
    """The row, at most `stop`, after which the sum is computed again or the window becomes full."""
    if row < mean.size:
        stop = min(stop, mean.size)
    return min(stop, mean.next_resum + 1)


cdef inline void advance_four(
    Mean* means, const double* px, const double* zeros, int64_t row, int64_t n
) noexcept nogil:
    """Adds rows [row, row + n) to four means and writes their values to `out`; `zeros` has at least n items."""
    advance(means, 4, px, zeros, row, n)


cdef inline void advance_two(
    Mean* means, const double* px, const double* zeros, int64_t row, int64_t n
) noexcept nogil:
    """As `advance_four`, for two means."""
    advance(means, 2, px, zeros, row, n)


cdef inline void advance(
    Mean* means, int count, const double* px, const double* zeros, int64_t row, int64_t n
) noexcept nogil:
    """As `advance_four`, for `count` means, a constant of at most GROUP."""
    cdef int64_t at = row, until, i
    cdef int k
    cdef double sums[4]
    cdef double inverses[4]
    cdef const double* olds[4]
    cdef double* outs[4]
    while at < row + n:
        until = row + n
        for k in range(count):
            until = segment_end(&means[k], at, until)
            sums[k] = means[k].sum
            inverses[k] = means[k].inverse
            olds[k] = px + at - means[k].size if at >= means[k].size else zeros
            outs[k] = means[k].out + (at - row)
        for i in range(until - at):
            for k in range(count):
                sums[k] += px[at + i] - olds[k][i]
                outs[k][i] = sums[k] * inverses[k]
        for k in range(count):
            means[k].sum = sums[k]
            if means[k].next_resum + 1 == until:
                resum(&means[k], px, until - 1)
                outs[k][until - 1 - at] = means[k].sum * means[k].inverse
        at = until
