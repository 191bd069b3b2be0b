"""Lowest and highest price of each block of rows: with them a run skips blocks that cannot reach its orders."""

from libc.stdint cimport int32_t

import numpy as np

from btcore.feed.tape cimport Tape

BLOCK_ROWS = BLOCK


def block_extremes(const double[::1] lows not None, const double[::1] highs not None):
    """The lowest of `lows` and the highest of `highs` in each block of BLOCK_ROWS rows, float64 of shape (2, blocks).

    The last block may be shorter. No value is NaN. Raises ValueError if the lengths differ.
    """
    cdef int64_t n = lows.shape[0], blocks = (n + BLOCK - 1) // BLOCK, b
    cdef double[:, ::1] extremes
    if highs.shape[0] != n:
        raise ValueError(f"highs: {highs.shape[0]} values, but lows has {n}")
    array = np.empty((2, blocks))
    if blocks:
        extremes = array
        with nogil:
            for b in range(blocks):
                find_extremes(
                    &lows[b * BLOCK], &highs[b * BLOCK], min(<int64_t> BLOCK, n - b * BLOCK),
                    &extremes[0, b], &extremes[1, b],
                )
    return array


def first_reaching_of(
    Tape tape not None, int32_t stream, int64_t row, int64_t end,
    double buy_limit, double sell_limit, double buy_stop, double sell_stop, *, bint by_rows=False,
):
    """The engine's `first_reaching` for a stream of a tape, for tests. `by_rows` ignores the block extremes.

    Raises IndexError if the stream or the rows do not exist.
    """
    cdef const Stream* source
    cdef const BlockIndex* index = NULL
    cdef int64_t found
    if not (0 <= stream < tape.n_streams and 0 <= row <= end <= tape.streams[stream].n):
        raise IndexError(f"stream {stream}, rows {row} to {end}: not in the tape")
    source = &tape.streams[stream]
    if not by_rows:
        index = source.index
    with nogil:
        found = first_reaching(source, index, row, end, buy_limit, sell_limit, buy_stop, sell_stop)
    return found
