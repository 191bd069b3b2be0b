"""The figures of vectorbt."""

import math
from typing import Any

import numpy as np

from btcore.times.intervals import DAY_NS

from .values import RunValues, downside, drawdown, power, ratio, std, wealth


def vectorbt(run: RunValues) -> dict[str, Any]:
    """The returns accessor of vectorbt with its year of 365 days."""
    r = run.returns
    gaps = np.diff(run.ends) / DAY_NS
    days = max(1.0, float(np.round(np.median(gaps)))) if len(gaps) else 1.0
    year = 365.0 / days
    excess, worst = run.excess(year), drawdown(wealth(r)[1:])  # without the 1 at first
    total = float(np.prod(1.0 + r) - 1.0)
    annual, below = power(1.0 + total, year / len(r)) - 1.0, downside(r, year)
    tail = int((len(r) - 1) * 0.05)
    return {
        "total": total,
        "annualized": annual,
        "annualized_volatility": std(r) * math.sqrt(year),
        "sharpe_ratio": ratio(float(excess.mean()), std(excess)) * math.sqrt(year),
        "sortino_ratio": ratio(float(r.mean()) * year, below) if len(r) > 1 else math.nan,
        "calmar_ratio": ratio(annual, abs(worst)),
        "omega_ratio": ratio(float(excess[excess > 0].sum()), -float(excess[excess < 0].sum())),
        "max_drawdown": worst,
        "downside_risk": below,
        "tail_ratio": ratio(abs(float(np.percentile(r, 95))), abs(float(np.percentile(r, 5)))),
        "value_at_risk": float(np.percentile(r, 5)),
        "cond_value_at_risk": float(np.mean(np.partition(r, tail)[: tail + 1])),
    }
