"""The periods of a curve, by which returns are taken."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from btcore.metrics.annual import DEFAULTS, AnnualSettings, Year, period_rates, year_of
from btcore.metrics.period_returns import period_ends, returns_at


class Timeline(NamedTuple):
    """The periods of a curve: the index of the last point of each, without the first point of the curve."""

    ends: NDArray[np.int64]  # 0 is the second point of the curve
    times: NDArray[np.int64]  # of these points, ns UTC
    year: Year
    rates: NDArray[np.float64] | None  # risk-free return of each period; None: 0

    def returns(self, equity: Any) -> NDArray[np.float64]:
        """The return of each period of an equity column with the points of the curve."""
        found: NDArray[np.float64] = returns_at(equity, self.ends)
        return found

    @property
    def periods(self) -> float:
        """In a year; 1 if that is not known, so that ratios are per period."""
        return self.year.periods if np.isfinite(self.year.periods) else 1.0


def timeline(
    timestamp: NDArray[np.int64],
    timezone: str,
    closes: NDArray[np.int64] | None,
    annual: AnnualSettings = DEFAULTS,
) -> Timeline:
    """The timeline of the points of a curve, ns UTC; `closes` are those of the sessions of a calendar."""
    period, ends = period_ends(timestamp[1:], timezone, closes)
    times, start = timestamp[1:][ends], int(timestamp[0])
    year = year_of(period, start, times, annual, closes)
    return Timeline(ends, times, year, period_rates(annual.risk_free, start, times, year.periods))
