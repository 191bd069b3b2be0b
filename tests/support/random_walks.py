"""Seeded random walks as bars and quotes, and the comparison of two results."""

import numpy as np

import btcore as bt

DAY = 86400 * 10**9


START = 1_704_067_200 * 10**9


def bars(n=30, seed=0, interval="1d", start=START) -> bt.Bars:
    rng = np.random.default_rng(seed)
    close = np.round(100.0 * np.exp(np.cumsum(rng.normal(0, 0.02, n))), 2)
    open_ = np.r_[100.0, close][:n]
    step = {"1d": DAY, "1min": 60 * 10**9}[interval]
    return bt.Bars(
        start + step * np.arange(n),
        open_,
        np.maximum(open_, close) + 0.5,
        np.minimum(open_, close) - 0.5,
        close,
        np.full(n, 1e5),
        interval=interval,
    )


def quotes(n=200, seed=0, step=10**9) -> bt.Quotes:
    rng = np.random.default_rng(seed)
    mid = 100.0 + 0.25 * np.cumsum(rng.integers(-1, 2, n))
    mid = np.maximum(mid, 10.0)
    return bt.Quotes(START + step * np.arange(n), mid - 0.25, mid + 0.25, np.full(n, 50.0), np.full(n, 50.0))


def same_results(one: bt.Result, other: bt.Result) -> bool:
    """True if metrics and every table are equal, to the last bit."""
    return one.metrics == other.metrics and all(
        a.tobytes() == b.tobytes()
        for a, b in zip(one.tables().values(), other.tables().values(), strict=True)
    )
