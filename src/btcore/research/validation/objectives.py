"""Objectives as functions of period returns, by the names and in the units of `Result.metrics`."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from btcore.errors import ConfigError, near_name
from btcore.metrics import api

Floats = NDArray[np.float64]
DIRECTIONS = ("maximize", "minimize")


class Returns(NamedTuple):
    """Returns of periods in order, those over the risk-free return, and periods a year (NaN: not known)."""

    simple: Floats
    excess: Floats
    periods: float

    @property
    def year(self) -> float:
        """Periods a year; 1 if they are not known, so that ratios are per period, as those of a run."""
        return self.periods if np.isfinite(self.periods) else 1.0

    @property
    def worth(self) -> Floats:
        """What 1 is worth at the beginning and after each period."""
        return np.append(1.0, np.cumprod(1.0 + self.simple))


def _annual(function: Callable[..., float], scale: float) -> Callable[[Returns], float]:
    def found(given: Returns) -> float:
        return scale * function(given.simple, given.periods) if np.isfinite(given.periods) else float("nan")

    return found


OBJECTIVES: dict[str, Callable[[Returns], float]] = {
    "sharpe_ratio": lambda r: api.sharpe_ratio(r.excess, 0.0, r.year),
    "sortino_ratio": lambda r: api.sortino_ratio(r.excess, 0.0, r.year),
    "total_return": lambda r: 100.0 * float(r.worth[-1] - 1.0),
    "annual_return": _annual(api.annual_return, 100.0),
    "annual_volatility": _annual(api.annual_volatility, 100.0),
    "max_drawdown": lambda r: 100.0 * api.max_drawdown(r.worth),
    "calmar_ratio": _annual(api.calmar_ratio, 1.0),
}


def check_direction(direction: str) -> bool:
    """True for "maximize", False for "minimize"; ConfigError for another text."""
    if direction not in DIRECTIONS:
        meant = near_name(direction, DIRECTIONS)
        raise ConfigError(f"direction: {direction!r} is not 'maximize' or 'minimize'{meant}")
    return direction == "maximize"


def check_objective(objective: str) -> Callable[[Returns], float]:
    """The function of an objective; ConfigError, with the list, for one that is not one of returns."""
    if objective not in OBJECTIVES:
        meant, known = near_name(str(objective), OBJECTIVES), ", ".join(OBJECTIVES)
        raise ConfigError(
            f"objective: {objective!r} is not computed from returns alone{meant}; training periods that do "
            f"not follow each other need one of {known}"
        )
    return OBJECTIVES[objective]


def value_of(objective: Callable[[Returns], float], returns: Returns, rows: NDArray[np.int64]) -> float:
    """The objective over these periods; NaN if it is undefined or infinite."""
    chosen = Returns(returns.simple[rows], returns.excess[rows], returns.periods)
    with np.errstate(all="ignore"):
        value = objective(chosen)
    return value if np.isfinite(value) else float("nan")
