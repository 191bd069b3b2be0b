"""Sweeps, and their comparison with single runs."""

import struct
from typing import Any

import numpy as np

import btcore as bt

START = 1_704_067_200 * 10**9


STEP = {"1d": 86400 * 10**9, "1h": 3600 * 10**9, "1min": 60 * 10**9}


GRID = {"short_period": [2, 3, 5, 8], "long_period": [4, 7, 30], "allow_short": [False, True]}


COSTS = bt.Execution(slippage_bps=2.0, commission_bps=1.5)


def bars(n=3000, seed=0, interval="1min", tick=0.01, swing=0.002, *, own_ends=False) -> bt.Bars:
    """A random walk; with `own_ends` the bars end somewhere between their start and the next bar."""
    rng = np.random.default_rng(seed)
    close = np.maximum(np.round(100.0 * np.exp(np.cumsum(rng.normal(0, swing, n))) / tick) * tick, tick)
    open_ = np.r_[100.0, close[:-1]] + tick * rng.integers(-1, 2, n)
    open_ = np.maximum(open_, tick)
    ts = START + STEP[interval] * np.arange(n)
    ends = ts + np.random.default_rng([seed, 1]).integers(1, STEP[interval] + 1, n)
    return bt.Bars(
        ts,
        open_,
        np.maximum(open_, close) + tick,
        np.minimum(open_, close) - 0.5 * tick,
        close,
        rng.integers(1, 1000, n).astype(float),
        interval=interval,
        end=ends if own_ends else None,
    )


def bits(metrics: dict[str, Any]) -> dict[str, Any]:
    """Floats as bytes, so that 0.0 differs from -0.0."""
    return {k: struct.pack("d", v) if isinstance(v, float) else (type(v), v) for k, v in metrics.items()}


def assert_same(result: bt.SweepResult, data, strategy, **terms: Any) -> None:
    """Each run of the sweep equals `bt.run` with the same parameters."""
    for run in result:
        alone = bt.run(data, strategy, run.params, progress=False, **terms)
        assert bits(run.metrics) == bits(alone.metrics), run.params
        assert list(run.metrics) == list(alone.metrics)


def swept(data, strategy, params, **terms: Any) -> bt.SweepResult:
    return bt.sweep(data, strategy, params, progress=False, **terms)
