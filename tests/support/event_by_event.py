"""The same run played in the fastest way and event by event, with random markets and settings."""

from typing import Any
from unittest.mock import patch

import numpy as np
from hypothesis import strategies as st

import btcore as bt
from btcore.backtest import fast_paths
from btcore.engine.engine import Engine
from btcore.results.tables import TABLES

SECOND = 10**9
START = 1_704_067_200 * SECOND


def played(each: bool, *args: Any, **terms: Any) -> bt.Result:
    """The engine's result; with `each`, every event is processed."""

    def make_engine(*parts: Any) -> Engine:
        engine = Engine(*parts)
        if each:
            engine.process_every_event()
        return engine

    not_plain = patch.object(fast_paths, "is_plain", lambda *_: False)
    with patch.object(fast_paths, "Engine", make_engine), not_plain:
        return bt.run(*args, **terms)


def assert_same_bytes(found: bt.Result, expected: bt.Result) -> None:
    for name in TABLES:
        assert found.table(name).dtype == expected.table(name).dtype
        assert found.table(name).tobytes() == expected.table(name).tobytes(), name
    assert repr(found.metrics) == repr(expected.metrics)
    assert found.logs == expected.logs
    assert found.fingerprint == expected.fingerprint


def market(kind: str, seed: int, n: int, gap: int) -> bt.Bars | bt.Quotes | bt.Trades:
    """A random walk in cents, with at most `gap` seconds between rows; ticks may have equal timestamps."""
    rng = np.random.default_rng(seed)
    close = 100 + np.cumsum(rng.integers(-20, 21, n)) / 100
    if kind == "bars":
        ts = START + 60 * SECOND * np.cumsum(rng.integers(1, 3, n))
        opened = close + rng.integers(-5, 6, n) / 100
        high = np.maximum(opened, close) + rng.integers(0, 9, n) / 100
        low = np.minimum(opened, close) - rng.integers(0, 9, n) / 100
        room = np.diff(ts, append=ts[-1] + 60 * SECOND)
        ends = ts + np.minimum(rng.choice([7, 30, 60, 120], n) * SECOND, room)
        own = {"end": ends} if seed % 2 else {}
        return bt.Bars(ts, opened, high, low, close, np.full(n, 1000.0), interval="1min", **own)
    ts = START + SECOND * np.cumsum(rng.integers(0, gap + 1, n))
    if kind == "trades":
        return bt.Trades(ts, close, rng.integers(1, 50, n).astype(float))
    half = np.where(rng.random(n) < 0.2 * (seed % 2), -0.05, 0.01)
    sizes = (np.full(n, 50.0), rng.integers(1, 50, n).astype(float))
    return bt.Quotes(ts, close - half, close + half, *sizes, crossed="keep")


TERMS = st.fixed_dictionaries(
    {
        "commission_bps": st.sampled_from([0.0, 2.0]),
        "slippage_bps": st.sampled_from([0.0, 1.0]),
        "latency_ms": st.sampled_from([0.0, 700.0]),
        "response_latency_ms": st.sampled_from([0.0, 0.0, 1500.0]),
        "leverage": st.sampled_from([1.0, 3.0]),
        "maintenance_margin": st.sampled_from([0.0, 0.3]),
        "displayed_size": st.booleans(),
        "cash_rate": st.sampled_from([0.0, 0.05]),
    }
)


SETTINGS = st.fixed_dictionaries(
    {
        "execution": TERMS.map(lambda terms: bt.Execution(**terms)),
        "mark_every": st.sampled_from([None, "1s", "7s", "1h", "1d"]),
        "progress": st.just(False),
    }
)


def market_of(drawn: dict[str, Any]) -> bt.Bars | bt.Quotes | bt.Trades:
    return market(drawn["kind"], drawn["seed"], drawn["n"], drawn["gap"])
