"""The figures of LEAN."""

import math
from statistics import NormalDist
from typing import Any

import numpy as np

from btcore.times.intervals import DAY_NS

from .values import Floats, RunValues, beta_of, drawdown, power, unbiased, variance, wealth


def lean(run: RunValues) -> dict[str, Any]:
    """PortfolioStatistics of LEAN, with the run's periods a year, or 252; 0 where LEAN has 0 for undefined.

    LEAN rounds the drawdown to three decimals, and has 0 for all but the equity of fewer than two periods.
    """
    r, year, free = run.returns, run.periods_per_year or 252.0, run.free
    capital, final = float(run.equity[0]), float(run.equity[-1])
    years = (int(run.times[-1]) - int(run.times[0])) / DAY_NS / 365.0
    performance = power(float(r.mean()) + 1.0, year) - 1.0
    growth = power(final / capital, 1.0 / years) - 1.0 if years else 0.0
    annual_variance = variance(r) * year
    found = {
        "Start Equity": capital,
        "End Equity": final,
        **_trades(run, capital),
        "Net Profit": final / capital - 1.0,
        "Compounding Annual Return": growth if math.isfinite(growth) else 0.0,
        "Drawdown": round(abs(drawdown(capital * wealth(r))), 3),
        "Annual Variance": annual_variance,
        "Annual Standard Deviation": math.sqrt(annual_variance),
        "Sharpe Ratio": _or_zero(performance - free, math.sqrt(annual_variance)),
        "Sortino Ratio": _or_zero(performance - free, math.sqrt(variance(r[r < 0.0]) * year)),
        "Probabilistic Sharpe Ratio": _odds(r - free / year, year),
    }
    if run.benchmark is not None:
        y = run.benchmark
        other = power(float(y.mean()) + 1.0, year) - 1.0
        beta = beta_of(r, y)
        error = math.sqrt(variance(r - y) * year)
        found |= {
            "Alpha": performance - (free + beta * (other - free)) if beta else 0.0,
            "Beta": beta,
            "Tracking Error": error,
            "Information Ratio": _or_zero(performance - other, error),
            "Treynor Ratio": _or_zero(performance - free, beta),
        }
    if len(r) < 2:
        return dict.fromkeys(found, 0.0) | {"Start Equity": capital, "End Equity": final}
    return found


def _or_zero(above: float, below: float) -> float:
    return above / below if below else 0.0


def _trades(run: RunValues, capital: float) -> dict[str, float]:
    """Wins and losses as shares of the capital before them, by their exits; a profit of 0 is a loss."""
    pnl = run.trips["pnl"][np.argsort(run.trips["exit_timestamp"], kind="stable")]
    shares = pnl / (capital + np.cumsum(pnl) - pnl)
    wins, losses = shares[pnl > 0.0], shares[pnl <= 0.0]
    average_win, average_loss = (_or_zero(float(part.sum()), len(part)) for part in (wins, losses))
    payoff = _or_zero(average_win, abs(average_loss))
    won, lost = (_or_zero(len(part), len(pnl)) for part in (wins, losses))
    return {
        "Average Win": average_win,
        "Average Loss": average_loss,
        "Profit-Loss Ratio": payoff,
        "Win Rate": won,
        "Loss Rate": lost,
        "Expectancy": won * payoff - lost,
    }


def _odds(r: Floats, year: float) -> float:
    """Probability that the Sharpe ratio of excess returns exceeds 1 a year; excess kurtosis in the error.

    Excess returns since LEAN's change 9583 of July 2026; before it the risk-free rate did not count here.
    """
    skew, excess = unbiased(r)
    ratio = _or_zero(float(r.mean()), math.sqrt(variance(r)))
    error = (1.0 - skew * ratio + (excess - 1.0) / 4.0 * ratio**2) / max(len(r) - 1, 1)
    if not error >= 0.0:
        return 0.0
    return NormalDist().cdf(_or_zero(ratio - 1.0 / math.sqrt(year), math.sqrt(error)))
