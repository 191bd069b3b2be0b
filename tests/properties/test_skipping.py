"""Skipping rows leaves the same bytes as processing every event."""

from typing import Any

import numpy as np
import pytest
from event_by_event import SECOND, SETTINGS, assert_same_bytes, market, market_of, played
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

import btcore as bt

NAMES = ["buy_and_hold", "ema_crossover", "ma_crossover", "mean_reversion", "momentum", "rsi"]
PERIODS = {
    "ema_crossover": {"short_period": 3, "long_period": 9},
    "ma_crossover": {"short_period": 3, "long_period": 9},
    "mean_reversion": {"lookback_period": 8, "entry_z": 1.5},
    "momentum": {"lookback_period": 5},
    "rsi": {"period": 5},
}


def orders(rng: np.random.Generator, data: Any, n: int) -> bt.Orders:
    """Random orders of every type, at prices near the market."""
    first, last = int(data.timestamp[0]), int(data.timestamp[-1])
    kind = rng.integers(0, 6, n)
    near = 100 + rng.integers(-200, 201, n) / 100
    until = rng.random(n) < 0.3
    sent = np.sort(rng.integers(first - SECOND, last + SECOND, n))
    return bt.Orders(
        sent,
        "A",
        rng.choice([1, -1], n),
        rng.integers(1, 20, n).astype(float),
        limit_price=np.where(np.isin(kind, (1, 3)), near, np.nan),
        stop_price=np.where(np.isin(kind, (2, 3)), near, np.nan),
        touch_price=np.where(kind == 4, near, np.nan),
        trail=np.where(kind == 5, 0.5, np.nan),
        time_in_force=np.where(until, "GTD", rng.choice(["GTC", "DAY"], n)),
        expires=np.where(until, sent + rng.integers(1, 600, n) * SECOND, np.iinfo(np.int64).max),
        oco=np.where(rng.random(n) < 0.2, rng.integers(1, 3, n), 0),
    )


@settings(max_examples=300, deadline=None)
@given(
    kind=st.sampled_from(["bars", "quotes", "trades"]),
    seed=st.integers(0, 10**6),
    n=st.integers(1, 400),
    gap=st.sampled_from([0, 1, 7, 90]),
    given=SETTINGS,
    name=st.sampled_from(NAMES),
    own=st.fixed_dictionaries({"weight": st.sampled_from([0.5, 1.0, 2.5]), "allow_short": st.booleans()}),
)
def test_builtin_strategies(**drawn):
    data, given, name = {"A": market_of(drawn)}, drawn["given"], drawn["name"]
    params = PERIODS.get(name, {}) | drawn["own"]
    if name == "buy_and_hold":
        del params["allow_short"]
    assert_same_bytes(played(False, data, name, params, **given), played(True, data, name, params, **given))


@settings(max_examples=300, deadline=None)
@given(
    kind=st.sampled_from(["bars", "quotes", "trades"]),
    seed=st.integers(0, 10**6),
    n=st.integers(1, 400),
    gap=st.sampled_from([0, 1, 7, 90]),
    given=SETTINGS,
    mode=st.sampled_from(["netting", "hedging"]),
)
def test_order_arrays(**drawn):
    data, given, seed = {"A": market_of(drawn)}, drawn["given"], drawn["seed"]
    sent = orders(np.random.default_rng(seed), data["A"], 1 + seed % 12)
    given["execution"] = replace(given["execution"], position_mode=drawn["mode"])
    assert_same_bytes(played(False, data, sent, **given), played(True, data, sent, **given))


class Waits(bt.Strategy):
    """Receives fills and its own timers only."""

    def on_start(self, ctx: bt.Context) -> None:
        self.calls: list[tuple[int, float]] = []
        ctx.set_timer(ctx.now + 40 * SECOND)

    def on_timer(self, ctx: bt.Context) -> None:
        self.calls.append((ctx.now, ctx.equity))
        ctx.order_target("A", 0.0 if len(self.calls) % 2 else 10.0)
        ctx.set_timer(ctx.now + 40 * SECOND)

    def on_fill(self, ctx: bt.Context, fill: bt.FillEvent) -> None:
        self.calls.append((fill.timestamp, fill.price))


@pytest.mark.parametrize("kind", ["bars", "quotes", "trades"])
def test_a_strategy_with_timers_and_fills(kind):
    data = {"A": market(kind, 5, 3000, 3)}
    one, other = (played(skips, data, Waits(), progress=False) for skips in (False, True))
    assert_same_bytes(one, other)
    assert one.strategy.calls == other.strategy.calls
    assert len(one.strategy.calls) > 50
