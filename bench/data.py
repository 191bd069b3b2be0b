"""Seeded markets for the benchmarks, made once a process."""

from functools import cache

import numpy as np

import btcore as bt

START = 1_704_067_200 * 10**9


@cache
def quotes(n: int = 10_000_000) -> bt.Quotes:
    """A random walk in cents, a quote every 10 ms, with sizes."""
    mid = _walk(n)
    size = np.full(n, 100.0)
    return bt.Quotes(START + 10**7 * np.arange(n), mid - 0.005, mid + 0.005, size, size)


@cache
def trades(n: int = 10_000_000) -> bt.Trades:
    """The same walk as prints."""
    return bt.Trades(START + 10**7 * np.arange(n), _walk(n), np.full(n, 10.0))


@cache
def bars(n: int = 1_000_000) -> bt.Bars:
    """The same walk as minute bars."""
    close = _walk(n)
    open_ = np.r_[close[0], close[:-1]]
    high, low = np.maximum(open_, close) + 0.01, np.minimum(open_, close) - 0.01
    return bt.Bars(
        START + 60 * 10**9 * np.arange(n), open_, high, low, close, np.full(n, 1e4), interval="1min"
    )


def _walk(n: int) -> np.ndarray:
    steps = np.random.default_rng(7).integers(-1, 2, n)
    return np.round(100.0 + 0.01 * np.abs(np.cumsum(steps)), 2)
