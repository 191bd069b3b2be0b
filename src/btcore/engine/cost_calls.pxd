"""The user's models of commission, slippage and fill size: a Numba function, or a Python callable."""

from libc.stdint cimport int32_t, int64_t, int8_t

from btcore.model cimport Instrument

cdef enum:                       # what a model gives
    COMMISSION = 0               # money of a fill
    SLIPPAGE = 1                 # price of a taker's fill
    FILL_SIZE = 2                # largest quantity of a fill
    N_MODELS = 3

# price, quantity, side (1 buy, -1 sell), liquidity (0 maker, 1 taker), instrument
ctypedef double (*model_t)(
    double px, double qty, int64_t side, int64_t liquidity, const Instrument* instrument
) noexcept nogil

cdef struct CostModels:
    model_t functions[3]         # by what it gives; NULL: a Python callable, or none
    void* calls                  # a CostCalls
    int8_t given[3]              # by what it gives
    int8_t invalid               # 1: a model has returned what it may not, or raised


cdef class CostCalls:
    cdef tuple callables         # by what it gives
    cdef tuple instruments       # by symbol
    cdef readonly object error   # the exception that a callable raised, or None
    cdef readonly str fault      # what a model returned and may not; None if nothing

    cdef void connect(self, CostModels* models)
    cdef double call(self, int which, double px, double qty, int8_t side, int8_t liquidity, int32_t symbol) noexcept
    cdef void refuse(self, int which, double value, double px, double qty, int8_t side) noexcept


cdef double call_python(
    void* calls, int which, double px, double qty, int8_t side, int8_t liquidity, int32_t symbol
) noexcept nogil

cdef void refuse(CostModels* models, int which, double value, double px, double qty, int8_t side) noexcept nogil


cdef inline double ask_model(
    const CostModels* models, int which, double px, double qty, int8_t side, int8_t liquidity, int32_t symbol,
    const Instrument* instrument,
) noexcept nogil:
    """What the model returns for a fill of `qty` at `px`."""
    if models.functions[which] != NULL:
        return models.functions[which](px, qty, side, liquidity, instrument)
    return call_python(models.calls, which, px, qty, side, liquidity, symbol)
