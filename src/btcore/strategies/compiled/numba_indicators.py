"""Numba strategies: indicators, whose states are part of the strategy's own.

The functions are those of the compiled indicators, so their values equal those over arrays.
"""

# mypy: disable-error-code="untyped-decorator"

from math import inf
from typing import Any

import llvmlite.binding
import numpy as np
from numba import njit, types
from numpy.typing import NDArray

from btcore.errors import ConfigError
from btcore.indicators.kernels import ADDRESSES, OUT_AT, new_block
from btcore.indicators.parameters import find, read_parameters

__all__ = ["indicator", "output", "state", "update", "update_bar"]


def indicator(name: str, *parameters: float, **named: float) -> NDArray[np.float64]:
    """The state of an indicator by name, float64, as `update` takes it; ConfigError for an invalid parameter.

        rsi = jit.indicator("rsi", 14)

    A copy of it is an indicator of its own.
    """
    described = find(name)
    return new_block(name, tuple(read_parameters(described, parameters, named).values()))


def state(*, records: int = 1, **fields: Any) -> NDArray[Any]:
    """The state of a strategy: `records` records with these fields, all with the same values.

        state = jit.state(records=2, rsi=jit.indicator("rsi", 14), held=0.0)

    An array, such as that of `indicator`, is a field of its shape; a number is a float64, or an int64.
    """
    if records < 1:
        raise ConfigError(f"records: {records} is not 1 or more")
    values = {name: np.asarray(value) for name, value in fields.items()}
    for name, value in values.items():
        if value.dtype.kind not in "biuf":
            raise ConfigError(f"{name}: {fields[name]!r} is neither a number nor an array of numbers")
    made = np.zeros(records, [(name, value.dtype, value.shape) for name, value in values.items()])
    for name, value in values.items():
        made[name] = value
    return made


def _external(name: str, inputs: int) -> Any:
    """A C function of an address and that many numbers, linked by name so that Numba can cache callers."""
    symbol = f"btcore_indicator_{name}"
    llvmlite.binding.add_symbol(symbol, ADDRESSES[name])
    return types.ExternalFunction(symbol, types.float64(types.intp, types.int64, *[types.float64] * inputs))


_update, _update_bar = _external("update", 5), _external("update_bar", 4)


@njit
def update(  # noqa: PLR0917  # Numba knows no keyword-only arguments
    state: Any, a: Any, b: Any = -inf, c: Any = -inf, d: Any = -inf, e: Any = -inf
) -> Any:
    """Takes the next row and returns the first value. The inputs are those of the function, in their order.

    A row with a NaN gives NaN and does not count. ValueError for a state that `indicator` did not make, and
    for too few or too many inputs.
    """
    value = _update(state.ctypes.data, state.size * state.itemsize // 8, a, b, c, d, e)
    if value == inf:
        raise ValueError("the state is not that of an indicator, or it takes another number of inputs")
    return value


@njit
def update_bar(state: Any, bar: Any) -> Any:
    """`update` by a bar of `jit.bar`: its close, or what the indicator takes of high, low, close and volume.

    NaN for an indicator that takes more; ValueError for a state that `indicator` did not make.
    """
    words = state.size * state.itemsize // 8
    value = _update_bar(state.ctypes.data, words, bar.high, bar.low, bar.close, bar.volume)
    if value == inf:
        raise ValueError("the state is not that of an indicator")
    return value


@njit
def output(state: Any, number: Any) -> Any:
    """The latest value of that number: 1 is the signal of "macd". IndexError for one but 0, 1 and 2."""
    if number < 0 or number > 2:
        raise IndexError("number is not 0, 1 or 2")
    return state[OUT_AT + number]
