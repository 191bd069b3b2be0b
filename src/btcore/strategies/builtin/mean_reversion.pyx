"""Buys a price far below its rolling mean and sells when it has come back."""

cimport cython
from libc.stdint cimport int64_t, int8_t

from btcore.strategies.builtin.signal cimport Signal, scan_with
from btcore.strategies.builtin.window cimport Window, deviation, is_full, mean, push
from btcore.feed.stream cimport Stream


cdef struct Terms:
    double entry_z
    double exit_z
    int8_t allow_short


@cython.final
cdef class MeanReversion(Signal):
    cdef Terms terms

    def __init__(self, params, int n_symbols):
        cdef Window* windows
        cdef int i
        self.terms.entry_z = params.entry_z
        self.terms.exit_z = params.exit_z
        self.terms.allow_short = params.allow_short
        self.follow(params, n_symbols, sizeof(Window), &self.terms, decide, scan)
        windows = <Window*> self.signal.symbols
        for i in range(n_symbols):
            self.open(&windows[i], params.lookback_period)


cdef int8_t decide(const void* terms, void* symbol, double px, int8_t stance) noexcept nogil:
    cdef Window* past = <Window*> symbol
    cdef const Terms* own = <const Terms*> terms
    cdef double centre, spread, z
    push(past, px)
    if not is_full(past):
        return stance
    centre, spread = mean(past), deviation(past)
    if spread <= 1e-9 * centre:  # a flat market: its rounding is no deviation
        return stance
    z = (px - centre) / spread
    if z <= -own.entry_z:
        return 1
    if own.allow_short and z >= own.entry_z:
        return -1
    if stance > 0 and z >= -own.exit_z or stance < 0 and z <= own.exit_z:
        return 0
    return stance


cdef int64_t scan(void* state, const Stream* stream, int64_t row, int64_t end) noexcept nogil:
    return scan_with(decide, state, stream, row, end)
