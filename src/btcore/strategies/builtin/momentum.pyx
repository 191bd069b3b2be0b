"""Long while the return over the last `lookback_period` prices is above a threshold."""

cimport cython
from libc.stdint cimport int64_t, int8_t

from btcore.feed.stream cimport Stream
from btcore.strategies.builtin.signal cimport Signal, scan_with
from btcore.strategies.builtin.window cimport Window, is_full, oldest, push


cdef struct Params:
    double threshold
    int8_t allow_short


@cython.final
cdef class Momentum(Signal):
    cdef Params params

    def __init__(self, params, int n_symbols):
        cdef Window* windows
        cdef int i
        self.params.threshold = params.threshold
        self.params.allow_short = params.allow_short
        self.setup(params, n_symbols, sizeof(Window), &self.params, decide, scan)
        windows = <Window*> self.signal.symbols
        for i in range(n_symbols):
            self.open_window(&windows[i], params.lookback_period)


cdef int8_t decide(const void* params, void* symbol, double px, int8_t stance) noexcept nogil:
    """The stance from the return since the oldest price of the window; 0 until the window is full."""
    cdef Window* window = <Window*> symbol
    cdef const Params* p = <const Params*> params
    cdef bint is_known = is_full(window)
    cdef double change = px / oldest(window) - 1.0 if is_known else 0.0
    push(window, px)
    if change > p.threshold:
        return 1
    return -1 if p.allow_short and change < -p.threshold else 0


cdef int64_t scan(void* state, const Stream* stream, int64_t row, int64_t end) noexcept nogil:
    return scan_with(decide, state, stream, row, end)
