"""Draws over what a run has earned: round trips left out, and period returns in another order."""

from collections.abc import Sequence
from itertools import islice
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from btcore.metrics.api import max_drawdown, sharpe_ratio
from btcore.research.odds.bootstrap import stationary_rows

QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
Floats = NDArray[np.float64]


class Band(NamedTuple):
    """A figure of the run as it was, and its quantiles over the draws; NaN if undefined."""

    metric: str
    as_run: float
    p5: float
    p25: float
    p50: float
    p75: float
    p95: float


def band(metric: str, as_run: float, draws: Sequence[float] | Floats) -> Band:
    """The quantiles of the draws that are defined, between neighbours by linear interpolation."""
    known = np.asarray(draws, np.float64)
    known = known[np.isfinite(known)]
    quantiles = np.quantile(known, QUANTILES) if len(known) else np.full(len(QUANTILES), np.nan)
    return Band(metric, float(as_run), *map(float, quantiles))


def resampled_bands(
    returns: Floats, rates: Floats | None, periods: float, *, block: float, draws: int, seed: int
) -> tuple[Band, ...]:
    """Bands of total return (percent), Sharpe ratio and maximum drawdown (percent) over resampled returns.

    returns, rates: of each period, and the risk-free ones of the same periods, fractions.
    periods: of a year; NaN if unknown, and the Sharpe ratios are those of a period then.
    """
    risk_free = np.zeros(len(returns)) if rates is None else rates
    rows = islice(stationary_rows(len(returns), block, seed), draws)
    found = np.array([_figures(returns[each], risk_free[each], periods) for each in rows])
    as_run = _figures(returns, risk_free, periods)
    names = ("total_return", "sharpe_ratio", "max_drawdown")
    return tuple(band(name, as_run[i], found[:, i]) for i, name in enumerate(names))


def _figures(returns: Floats, rates: Floats, periods: float) -> tuple[float, float, float]:
    worth = np.append(1.0, np.cumprod(1.0 + returns))
    sharpe = sharpe_ratio(returns, rates, periods if np.isfinite(periods) else 1.0)
    return 100.0 * (float(worth[-1]) - 1.0), sharpe, 100.0 * abs(max_drawdown(worth))


def skipped_bands(
    profits: Floats, capital: float, final_equity: float, *, share: float, draws: int, seed: int
) -> tuple[Band, ...]:
    """Bands of total return (percent) and final equity if a share of the round trips had not been made.

    profits: of each round trip, money. The number that is left out is the nearest to the share, at least 1.
    """
    generator = np.random.Generator(np.random.PCG64(seed))
    number = trips_left_out(len(profits), share)
    equity = np.empty(draws)
    for i in range(draws):
        keys = generator.random(len(profits))
        left_out = keys <= np.partition(keys, number - 1)[number - 1]
        equity[i] = final_equity - profits[left_out].sum()
    return (
        band("total_return", 100.0 * (final_equity / capital - 1.0), 100.0 * (equity / capital - 1.0)),
        band("final_equity", final_equity, equity),
    )


def trips_left_out(trips: int, share: float) -> int:
    """The number of round trips that a share of them is."""
    return min(trips, max(1, round(share * trips)))
