"""Figures of the last periods at the end of each period."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from btcore import metrics
from btcore.errors import ConfigError

from .timeline import Timeline

Floats = NDArray[np.float64]
ROLLING = np.dtype(
    [
        ("timestamp", np.int64),
        ("return", np.float64),
        ("volatility", np.float64),
        ("sharpe_ratio", np.float64),
        ("max_drawdown", np.float64),
        ("beta", np.float64),
    ]
)


def rolling(line: Timeline, returns: Floats, window: int, benchmark: Floats | None = None) -> NDArray[Any]:
    """The figures of the last `window` period returns, records of ROLLING, from period `window` on.

    `return` (compounded), `volatility` and `max_drawdown` (of the compounded returns) are in percent.
    Volatility and Sharpe ratio are annualised if the run is. `beta` is NaN without a benchmark. ConfigError
    for a window that is not a whole number from 2 to the number of periods.
    """
    count = len(returns)
    if isinstance(window, bool) or not isinstance(window, int | np.integer) or not 2 <= window <= count:
        raise ConfigError(
            f"window: {window!r} is not a whole number from 2 to {count}, the number of periods"
        )
    table = np.zeros(count - window + 1, ROLLING)
    table["timestamp"] = line.times[window - 1 :]
    excess = returns if line.rates is None else returns - line.rates
    for row in range(len(table)):
        part = returns[row : row + window]
        wealth = np.concatenate([[1.0], np.cumprod(1.0 + part)])
        table["return"][row] = 100.0 * (wealth[-1] - 1.0)
        table["volatility"][row] = 100.0 * metrics.annual_volatility(part, line.periods)
        table["sharpe_ratio"][row] = metrics.sharpe_ratio(excess[row : row + window], 0.0, line.periods)
        table["max_drawdown"][row] = 100.0 * metrics.max_drawdown(wealth)
        table["beta"][row] = (
            np.nan if benchmark is None else metrics.beta(part, benchmark[row : row + window])
        )
    return table
