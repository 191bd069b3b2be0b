"""Rolling means of one column for many periods, a block at a time: the bits of `strategies.window`."""

from libc.stdint cimport int64_t

from btcore.strategies.builtin.window cimport LAPS

cdef enum:
    ABREAST = 4              # sums that run side by side: each waits for its own last addition

cdef struct Mean:
    int64_t size             # of its window
    int64_t restated         # row at which the sum is next stated anew
    double sum
    double inverse
    double* out              # the block's means; of no worth until the window is full


cdef inline void open_mean(Mean* mean, int64_t size, double* out) noexcept nogil:
    mean.size = size
    mean.restated = LAPS * size - 1
    mean.sum = 0.0
    mean.inverse = 1.0 / size
    mean.out = out


cdef inline void restate(Mean* mean, const double* px, int64_t row) noexcept nogil:
    cdef int64_t i
    mean.sum = 0.0
    for i in range(row + 1 - mean.size, row + 1):
        mean.sum += px[i]
    mean.restated = row + LAPS * mean.size


cdef inline int64_t next_stop(const Mean* mean, int64_t row, int64_t stop) noexcept nogil:
    """The first row after `row` at which its sum goes on otherwise: it is stated anew, or the window is full."""
    if row < mean.size:
        stop = min(stop, mean.size)
    return min(stop, mean.restated + 1)


cdef inline void advance_four(
    Mean* means, const double* px, const double* zeros, int64_t row, int64_t n
) noexcept nogil:
    """Takes in rows [row, row + n), at most as many as there are zeros."""
    cdef int64_t at = row, until, i
    cdef int k
    cdef double sums[4]
    cdef double inverses[4]
    cdef const double* olds[4]
    cdef double* outs[4]
    while at < row + n:
        until = row + n
        for k in range(ABREAST):
            until = next_stop(&means[k], at, until)
            sums[k] = means[k].sum
            inverses[k] = means[k].inverse
            olds[k] = px + at - means[k].size if at >= means[k].size else zeros
            outs[k] = means[k].out + (at - row)
        for i in range(until - at):
            for k in range(ABREAST):
                sums[k] += px[at + i] - olds[k][i]
                outs[k][i] = sums[k] * inverses[k]
        for k in range(ABREAST):
            means[k].sum = sums[k]
            if means[k].restated + 1 == until:
                restate(&means[k], px, until - 1)
                outs[k][until - 1 - at] = means[k].sum * means[k].inverse
        at = until
