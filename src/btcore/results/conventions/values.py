"""What the figures of other packages are computed from, and what several of them use."""

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from btcore.metrics.annual import Rates, period_rates

Floats = NDArray[np.float64]


class RunValues(NamedTuple):
    """What the figures are computed from; returns are fractions, one for each period."""

    times: NDArray[np.int64]  # of the points of the curve, ns UTC
    equity: Floats
    ends: NDArray[np.int64]  # of the periods, ns UTC
    returns: Floats
    benchmark: Floats | None  # returns of the same periods
    trips: Any  # the table of round trips
    risk_free: Rates  # a rate per year, or dated ones
    periods_per_year: float | None
    timezone: str = "UTC"

    def excess(self, periods: float) -> Floats:
        """The returns over the risk-free return of a year with so many periods."""
        rates = period_rates(self.risk_free, int(self.times[0]), self.ends, periods)
        return self.returns if rates is None else self.returns - rates

    @property
    def free(self) -> float:
        """The risk-free rate per year, of dated ones the mean over the periods."""
        rates = period_rates(self.risk_free, int(self.times[0]), self.ends, 1.0)
        return 0.0 if rates is None else float(rates.mean())


def ratio(above: float, below: float) -> float:
    return above / below if below else math.nan


def power(base: float, exponent: float) -> float:
    """NaN for a root of a negative number."""
    return float(np.power(base, exponent))


def std(values: Floats) -> float:
    return float(np.std(values, ddof=1)) if len(values) > 1 else math.nan


def drawdown(worth: Floats) -> float:
    """The lowest value over the highest so far, less 1."""
    return float((worth / np.maximum.accumulate(worth) - 1.0).min())


def wealth(returns: Floats) -> Floats:
    """1, then what 1 has become at the end of each period."""
    return np.concatenate([[1.0], np.cumprod(1.0 + returns)])


def downside(returns: Floats, year: float) -> float:
    """The annual root mean square of the returns below 0, over all returns."""
    return math.sqrt(float(np.mean(np.minimum(returns, 0.0) ** 2))) * math.sqrt(year)


def unbiased(values: Floats) -> tuple[float, float]:
    """Skew and excess kurtosis, corrected for the size of the sample, as pandas and Math.NET have them."""
    n, d = len(values), values - np.mean(values)
    m2, m3, m4 = (float(np.mean(d**k)) for k in (2, 3, 4))
    skew = ratio(math.sqrt(n * (n - 1)) * m3, (n - 2) * m2**1.5) if n > 2 else math.nan
    excess = ratio(m4, m2 * m2) - 3.0
    kurtosis = ((n + 1) * excess + 6.0) * (n - 1) / ((n - 2) * (n - 3)) if n > 3 else math.nan
    return skew, kurtosis


def variance(values: Floats) -> float:
    """0 for fewer than two values."""
    return float(np.var(values, ddof=1)) if len(values) > 1 else 0.0


def beta_of(x: Floats, y: Floats) -> float:
    """0 where `y` does not vary."""
    return float(np.cov(x, y, ddof=1)[0, 1]) / variance(y) if variance(y) else 0.0
