"""Prices that a file writes without a point, as counts of a fraction."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .names import PRICES, SIDED

PRICE_COLUMNS = (*PRICES, *SIDED, "bid", "ask", "price")
_FIXED_POINT = 1e9  # whole prices above it are probably counts of a fraction


def scaled(name: str, values: NDArray[Any], divisor: float) -> NDArray[Any]:
    """The values; prices divided by the divisor, to the float next to the quotient."""
    if divisor == 1 or name not in PRICE_COLUMNS:
        return values
    if (
        values.dtype.kind in "iu"
        and len(values)
        and int(np.abs(values).max()) > 2**53
        and divisor == int(divisor)
    ):
        return np.array([int(value) / int(divisor) for value in values.tolist()])
    with np.errstate(over="ignore"):  # an infinite price is refused with its row
        return values / divisor


def fixed_point_note(columns: Mapping[str, NDArray[Any]], price_divisor: float) -> str:
    """A note if all prices are whole, large enough to be such counts, and not divided; "" otherwise."""
    prices = [values for name, values in columns.items() if name in PRICE_COLUMNS and len(values)]
    if price_divisor != 1 or not prices or any(values[0] < _FIXED_POINT for values in prices):
        return ""
    whole = all((values >= _FIXED_POINT).all() and (values == np.floor(values)).all() for values in prices)
    return (
        "prices are whole numbers above 1e9 and taken as they are; price_divisor=1e9 divides them"
        if whole
        else ""
    )
