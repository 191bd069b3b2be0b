"""Checks of returns and settings at the door of this package."""

from math import isfinite
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from btcore.errors import ConfigError

Floats = NDArray[np.float64]
ROUNDING = 1e-14  # of returns, which are quotients of about 1


def as_matrix(returns: ArrayLike, *, rows: int, columns: int = 1, where: str = "returns") -> Floats:
    """Returns as float64 of shape (periods, trials); one-dimensional returns are one trial.

    ConfigError unless they are finite numbers in at least `rows` periods and `columns` trials. Nothing is
    copied if they are float64 already.
    """
    matrix = _numbers(returns, where)
    if matrix.ndim == 1:
        matrix = matrix[:, None]
    if matrix.ndim != 2:
        raise ConfigError(f"{where}: {matrix.ndim} dimensions are not (periods, trials)")
    for found, least, axis in zip(matrix.shape, (rows, columns), ("period", "trial"), strict=True):
        if found < least:
            raise ConfigError(
                f"{where} of shape {matrix.shape}: {counted(found, axis)}, not at least {least}"
            )
    _require_finite(matrix, where)
    return matrix


def as_column(values: ArrayLike, *, rows: int, where: str) -> Floats:
    """Values as one-dimensional float64; ConfigError unless they are at least `rows` finite numbers."""
    column = _numbers(values, where)
    if column.ndim != 1:
        raise ConfigError(f"{where}: {column.ndim} dimensions are not 1")
    if len(column) < rows:
        raise ConfigError(f"{where}: {len(column)} values are not at least {rows}")
    _require_finite(column, where)
    return column


def over_rate(returns: Floats, risk_free: ArrayLike) -> Floats:
    """The returns over a rate per period, which is one number or has one for each period."""
    rate = _numbers(risk_free, "risk_free")
    if rate.ndim > 1 or (rate.ndim == 1 and len(rate) != len(returns)):
        raise ConfigError(f"risk_free: shape {rate.shape} is not a number or {len(returns)} of them")
    _require_finite(rate, "risk_free")
    if not rate.any():
        return returns
    return np.subtract(returns, rate[:, None] if rate.ndim and returns.ndim == 2 else rate)


def is_constant(matrix: Floats, scale: float = 0.0) -> NDArray[np.bool_]:
    """True for each column whose values are equal up to rounding.

    Rounding is `ROUNDING` and 1e-12 of the values, or of the `scale` of what they are differences of.
    """
    low, high = matrix.min(axis=0), matrix.max(axis=0)
    size = np.maximum(np.maximum(-low, high), scale)
    return np.asarray(high - low <= ROUNDING + 1e-12 * size)


def require_dispersion(matrix: Floats, where: str = "returns", *, first: int = 0, scale: float = 0.0) -> None:
    """ConfigError for a column whose values are equal up to rounding: its Sharpe ratio is undefined.

    `first` is the number of the first column; `scale` is that of `is_constant`.
    """
    if (constant := is_constant(matrix, scale)).any():
        at = int(constant.argmax())
        raise ConfigError(
            f"{where}[:, {first + at}]: all {len(matrix)} values are {matrix[0, at] + 0.0:g}, so that a "
            "ratio to their deviation is undefined; leave trials without dispersion out"
        )


def counted(number: int, noun: str) -> str:
    """`1 trial` or `1,000 trials`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def whole(where: str, value: Any, least: int, most: int | None = None) -> int:
    """`value` as an int; ConfigError unless it is a whole number within the bounds, which are inclusive."""
    allowed = f"a whole number of at least {least}" + (f" and at most {most:,}" if most is not None else "")
    if isinstance(value, bool) or not isinstance(value, int | np.integer):
        raise ConfigError(f"{where}: {value!r} is not {allowed}")
    if value < least or (most is not None and value > most):
        raise ConfigError(f"{where}: {value} is not {allowed}")
    return int(value)


def finite(where: str, value: Any) -> float:
    """`value` as a float; ConfigError unless it is a finite number."""
    number = isinstance(value, int | float | np.integer | np.floating) and not isinstance(value, bool)
    if not number or not isfinite(value):
        raise ConfigError(f"{where}: {value!r} is not a finite number")
    return float(value)


def _numbers(values: ArrayLike, where: str) -> Floats:
    try:
        array = np.asarray(values)
        if array.dtype.kind in "fiuO":
            return np.asarray(array, np.float64)
    except (TypeError, ValueError):  # rows of different lengths, or objects that are no numbers
        pass
    raise ConfigError(f"{where}: {type(values).__name__} is not an array of real numbers")


def _require_finite(array: Floats, where: str) -> None:
    """ConfigError that names the first number that is not finite. A sum tells without a copy."""
    with np.errstate(over="ignore", invalid="ignore"):
        total = np.sum(array)
    if np.isfinite(total) or np.isfinite(array).all():
        return
    at = tuple(int(i) for i in np.argwhere(~np.isfinite(array))[0])
    place = f"{where}[{', '.join(map(str, at))}]" if at else where
    raise ConfigError(f"{place}: {array[at]} is not a finite number")
