"""Terms and markets of the tests of validations."""

from typing import Any

import numpy as np

import btcore as bt

GRID: dict[str, Any] = {"short_period": [3, 5, 8], "long_period": [10, 20, 30]}
COSTS = bt.Execution(slippage_bps=1.0, commission_bps=0.5)


def noise(seed: int, n: int = 400, **more: Any) -> bt.Bars:
    """Daily bars of a random walk with one price each."""
    rng = np.random.default_rng(seed)
    price = 100.0 * np.exp(np.cumsum(rng.normal(0, 0.01, n)))
    times = (18_262 + np.arange(n)) * 86_400 * 10**9  # from 2020-01-01 on
    return bt.Bars(times, price, price, price, price, interval="1d", **more)
