"""Performance metrics: each function is one formula over one array. docs/metrics.md states each formula.

Returns, ratios and drawdowns are fractions; `Result.metrics` has percent. Undefined results are NaN.
"""

from btcore.times.intervals import DAY_NS

from .api import (
    annual_return,
    annual_volatility,
    calmar_ratio,
    conditional_value_at_risk,
    downside_risk,
    drawdown,
    exposure_time,
    kurtosis,
    max_drawdown,
    max_drawdown_duration,
    omega_ratio,
    sharpe_ratio,
    skew,
    sortino_ratio,
    stability,
    tail_ratio,
    turnover,
    value_at_risk,
)
from .period_returns import daily_returns, interval_returns, returns

__all__ = [
    "DAY_NS",
    "annual_return",
    "annual_volatility",
    "calmar_ratio",
    "conditional_value_at_risk",
    "daily_returns",
    "downside_risk",
    "drawdown",
    "exposure_time",
    "interval_returns",
    "kurtosis",
    "max_drawdown",
    "max_drawdown_duration",
    "omega_ratio",
    "returns",
    "sharpe_ratio",
    "skew",
    "sortino_ratio",
    "stability",
    "tail_ratio",
    "turnover",
    "value_at_risk",
]
