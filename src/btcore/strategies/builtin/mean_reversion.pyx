"""Buys far below the rolling mean, and sells when the price is back near it."""

cimport cython
from libc.stdint cimport int64_t, int8_t

from btcore.feed.stream cimport Stream
from btcore.strategies.builtin.signal cimport Signal, scan_with
from btcore.strategies.builtin.window cimport Window, deviation, is_full, mean, push


cdef struct Params:
    double entry_z           # deviations from the mean at which a position is opened
    double exit_z            # and closed
    int8_t allow_short


@cython.final
cdef class MeanReversion(Signal):
    cdef Params params

    def __init__(self, params, int n_symbols):
        cdef Window* windows
        cdef int i
        self.params.entry_z = params.entry_z
        self.params.exit_z = params.exit_z
        self.params.allow_short = params.allow_short
        self.setup(params, n_symbols, sizeof(Window), &self.params, decide, scan)
        windows = <Window*> self.signal.symbols
        for i in range(n_symbols):
            self.open_window(&windows[i], params.lookback_period)


cdef int8_t decide(const void* params, void* symbol, double px, int8_t stance) noexcept nogil:
    """The stance from the z-score of the newest price within its window."""
    cdef Window* window = <Window*> symbol
    cdef const Params* p = <const Params*> params
    cdef double centre, spread, z
    push(window, px)
    if not is_full(window):
        return stance
    centre, spread = mean(window), deviation(window)
    if spread <= 1e-9 * centre:  # zero up to rounding
        return stance
    z = (px - centre) / spread
    if z <= -p.entry_z:
        return 1
    if p.allow_short and z >= p.entry_z:
        return -1
    if stance > 0 and z >= -p.exit_z or stance < 0 and z <= p.exit_z:
        return 0
    return stance


cdef int64_t scan(void* state, const Stream* stream, int64_t row, int64_t end) noexcept nogil:
    return scan_with(decide, state, stream, row, end)
