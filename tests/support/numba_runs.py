"""Seeded streams of each kind, and runs over them."""

from typing import Any

import numpy as np

import btcore as bt

N = 4000


TERMS = bt.Execution(slippage_bps=0.5, commission_bps=0.3, latency_ms=40.0, response_latency_ms=30.0)


def quotes(seed: int, n: int = N) -> bt.Quotes:
    rng = np.random.default_rng(seed)
    mid = np.round(100.0 * np.exp(np.cumsum(rng.normal(0.0, 2e-4, n))), 3)
    size = rng.integers(1, 50, n).astype(float)
    return bt.Quotes(np.arange(n) * 10**8 + seed, mid - 0.005, mid + 0.005, size, size[::-1].copy())


def bars(seed: int, n: int = N) -> bt.Bars:
    rng = np.random.default_rng(seed)
    close = np.round(50.0 * np.exp(np.cumsum(rng.normal(0.0, 2e-3, n))), 2)
    opening = np.concatenate([close[:1], close[:-1]])
    high, low = np.maximum(opening, close) + 0.01, np.minimum(opening, close) - 0.01
    return bt.Bars(np.arange(n) * 10**9, opening, high, low, close, np.full(n, 10.0), interval="1s")


def trades(seed: int, n: int = N) -> bt.Trades:
    rng = np.random.default_rng(seed)
    return bt.Trades(
        np.arange(n) * 10**9,
        np.round(20.0 + rng.normal(0.0, 0.2, n).cumsum() / 50.0, 2),
        rng.integers(1, 9, n),
    )


def play(data: Any, strategy: Any, params: Any = None, **options: Any) -> bt.Result:
    return bt.run(data, strategy, params, progress=False, **{"execution": TERMS, **options})


def assert_same(one: bt.Result, other: bt.Result) -> None:
    """Every table to the last bit, and metrics that are no less the same."""
    for name in ("equity_curve", "trades", "orders", "exposures", "round_trips"):
        a, b = getattr(one, name), getattr(other, name)
        assert a.dtype == b.dtype
        assert a.tobytes() == b.tobytes(), name
    assert repr(one.metrics) == repr(other.metrics)
