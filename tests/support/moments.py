"""Returns with given moments."""

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, stats


def returns_with(count: int, sharpe: float, skew: float, kurtosis: float) -> NDArray[np.float64]:
    """Returns with that Sharpe ratio (ddof 1), and skew and kurtosis (3 if normal) of the population.

    Normal quantiles, bent by a square and a cube.
    """
    normal = stats.norm.ppf((np.arange(count) + 0.5) / count)

    def bent(weights: NDArray[np.float64]) -> NDArray[np.float64]:
        return normal + weights[0] * normal**2 + weights[1] * normal**3

    def distance(weights: NDArray[np.float64]) -> list[float]:
        values = bent(weights)
        return [stats.skew(values) - skew, stats.kurtosis(values) + 3 - kurtosis]

    solution = optimize.root(distance, np.array([skew / 8, 0.05]))
    assert solution.success, solution.message
    values = bent(solution.x)
    return np.asarray((values - values.mean()) / values.std(ddof=1) + sharpe)
