"""The figures of quantstats."""

import math
from statistics import NormalDist
from typing import Any

import numpy as np

from .values import RunValues, beta_of, downside, drawdown, power, ratio, std, unbiased, variance, wealth


def quantstats(run: RunValues) -> dict[str, Any]:
    """The functions of quantstats.stats with their defaults: 252 periods a year."""
    r, year = run.returns, 252
    excess = run.excess(year)
    wins, losses = r[r > 0], r[r < 0]
    total = float(np.prod(1.0 + r) - 1.0)
    cagr = power(1.0 + total, year / len(r)) - 1.0
    worst = drawdown(wealth(r))
    skew, kurtosis = unbiased(r)
    above, below = float(excess[excess > 0].sum()), -float(excess[excess < 0].sum())
    payoff = float(wins.mean()) / -float(losses.mean()) if len(wins) and len(losses) else math.nan
    won = len(wins) / max(len(wins) + len(losses), 1)
    at_risk = NormalDist(float(r.mean()), std(r)).inv_cdf(0.05) if std(r) > 0 else math.nan
    found = {
        "comp": total,
        "cagr": cagr,
        "sharpe": ratio(float(excess.mean()), std(excess)) * math.sqrt(year),
        "sortino": ratio(float(excess.mean()) * year, downside(excess, year)),
        "volatility": std(r) * math.sqrt(year),
        "max_drawdown": worst,
        "calmar": ratio(cagr, abs(worst)),
        "omega": ratio(above, below) if len(r) > 1 else math.nan,
        "tail_ratio": abs(ratio(float(np.quantile(r, 0.95)), float(np.quantile(r, 0.05)))),
        "skew": skew,
        "kurtosis": kurtosis,
        "value_at_risk": at_risk,
        "win_rate": won,
        "profit_factor": ratio(float(wins.sum()), -float(losses.sum())) if len(wins) + len(losses) else 0.0,
        "payoff_ratio": payoff,
        "kelly_criterion": ratio(payoff * won - (1.0 - won), payoff),
        "best": r.max(),
        "worst": r.min(),
    }
    if run.benchmark is not None:
        y = run.benchmark
        beta, active = beta_of(r, y), r - y
        per_period = float(r.mean()) - beta * float(y.mean()) if variance(y) else 0.0
        found |= {
            "beta": beta,
            "alpha": per_period * year,
            "information_ratio": ratio(float(active.mean()), std(active)),
            "treynor_ratio": (total - run.free) / beta if beta else 0.0,
        }
    return found
