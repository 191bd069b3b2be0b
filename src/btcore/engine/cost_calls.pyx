"""Calls of the user's cost models from the engine."""

from libc.math cimport NAN
from libc.stdint cimport int32_t, int8_t

_NAMES = ("commission", "slippage", "fill_size")  # by what it gives


cdef class CostCalls:
    """The models of one run, and what went wrong in them."""

    def __init__(self, tuple callables not None, tuple instruments not None):
        """`callables` are by what they give, None for none; `instruments` by symbol."""
        self.callables, self.instruments = callables, instruments

    cdef void connect(self, CostModels* models):
        """Sets the models of the run. A Numba function is called by its address."""
        cdef size_t address
        cdef int i
        models.calls = <void*> self
        for i, model in enumerate(self.callables):
            models.given[i] = model is not None
            if hasattr(model, "address"):
                address = model.address
                models.functions[i] = <model_t> address

    cdef double call(self, int which, double px, double qty, int8_t side, int8_t liquidity, int32_t symbol) noexcept:
        try:
            return self.callables[which](px, qty, int(side), int(liquidity), self.instruments[symbol])
        except BaseException as error:
            self.error = error
            return NAN

    cdef void refuse(self, int which, double value, double px, double qty, int8_t side) noexcept:
        self.fault = (
            f"cost_model.{_NAMES[which]} returned {value} for "
            f"{'a buy' if side > 0 else 'a sell'} of {qty:.12g} at {px:.12g}"
        )


cdef double call_python(
    void* calls, int which, double px, double qty, int8_t side, int8_t liquidity, int32_t symbol
) noexcept nogil:
    """The result of a Python callable; NaN if it raises."""
    with gil:
        return (<CostCalls> calls).call(which, px, qty, side, liquidity, symbol)


cdef void refuse(CostModels* models, int which, double value, double px, double qty, int8_t side) noexcept nogil:
    """Keeps the first value that a model may not return; the run then stops."""
    if models.invalid:
        return
    models.invalid = 1
    with gil:
        (<CostCalls> models.calls).refuse(which, value, px, qty, side)
