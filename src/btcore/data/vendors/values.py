"""Values of columns of any package, as the checks of layouts need them."""

from typing import Any

import numpy as np
from numpy.typing import NDArray


def floats(values: Any) -> NDArray[np.float64]:
    """The values as float64, NaN where one is missing or no number."""
    if type(values).__module__.partition(".")[0] == "polars":
        import polars as pl

        numbers: NDArray[np.float64] = values.cast(pl.Float64, strict=False).to_numpy()
        return numbers
    if hasattr(values, "to_pylist"):
        values = values.to_pylist()
    made = np.empty(len(values))
    for row, value in enumerate(values.to_list() if hasattr(values, "to_list") else values):
        try:
            made[row] = float(value)
        except (TypeError, ValueError):
            made[row] = np.nan
    return made


def is_all_zero(values: Any) -> bool:
    """Whether there are rows, and each is 0."""
    return len(values) > 0 and bool((floats(values) == 0).all())


def differing(values: Any, usual: float) -> int:
    """The number of rows with another number than the usual one."""
    numbers = floats(values)
    return int((~np.isnan(numbers) & (numbers != usual)).sum())


def filled_forward(values: Any) -> tuple[Any, int]:
    """A column of polars or pandas with the value before where one is missing, and the number of those."""
    if hasattr(values, "ffill"):
        filled = values.ffill()
        return filled, int(values.isna().sum() - filled.isna().sum())
    if not hasattr(values, "fill_null"):
        return values, 0
    import polars as pl

    if values.dtype == pl.String:
        values = pl.select(pl.when(values.str.strip_chars() != "").then(values)).to_series()
    filled = values.fill_nan(None).forward_fill() if values.dtype.is_float() else values.forward_fill()
    return filled, int(values.null_count() - filled.null_count())
