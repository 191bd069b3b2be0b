"""The extremes of a dataset's blocks of rows: what lets a run pass over rows that cannot concern its orders."""

from libc.stdint cimport int32_t

import numpy as np

from btcore.feed.tape cimport Tape

BLOCK_ROWS = BLOCK


def block_extremes(const double[::1] lows not None, const double[::1] highs not None):
    """float64 (2, blocks), C order: the least of `lows` and the greatest of `highs` in each BLOCK_ROWS rows.

    The last block may be shorter. Both have the same length, and no value is NaN.
    """
    cdef int64_t n = lows.shape[0], blocks = (n + BLOCK - 1) // BLOCK, b
    cdef double[:, ::1] found
    if highs.shape[0] != n:
        raise ValueError(f"highs: {highs.shape[0]} values, not {n}")
    made = np.empty((2, blocks))
    if blocks:
        found = made
        with nogil:
            for b in range(blocks):
                find_extremes(
                    &lows[b * BLOCK], &highs[b * BLOCK], min(<int64_t> BLOCK, n - b * BLOCK), &found[0, b], &found[1, b]
                )
    return made


def first_reaching_of(
    Tape tape not None, int32_t stream, int64_t row, int64_t end,
    double buy_limit, double sell_limit, double buy_stop, double sell_stop, *, bint by_rows=False,
):
    """What the engine's `first_reaching` says of a tape's stream; with `by_rows`, without its index."""
    cdef const Stream* asked
    cdef const BlockIndex* index = NULL
    cdef int64_t found
    if not (0 <= stream < tape.n_streams and 0 <= row <= end <= tape.streams[stream].n):
        raise IndexError(f"stream {stream}, rows {row} to {end}: not in the tape")
    asked = &tape.streams[stream]
    if not by_rows:
        index = asked.index
    with nogil:
        found = first_reaching(asked, index, row, end, buy_limit, sell_limit, buy_stop, sell_stop)
    return found
