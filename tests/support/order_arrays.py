"""Random order arrays, and a market and terms for each; most of them plain."""

from typing import Any

import numpy as np

import btcore as bt

START = 1_700_000_040_000_000_000
SECOND = 10**9


def market(rng: np.random.Generator, kind: str, n: int) -> Any:
    """A random walk, sometimes with a jump; gaps between rows vary, and ticks may share a timestamp."""
    steps = rng.normal(0, rng.choice([0.002, 0.05]), n) + rng.choice([0.0, 0.0, 0.7, -0.7], n) * (
        rng.random() < 0.3
    )
    price = np.round(100.0 * np.exp(np.cumsum(steps)), 2) + 0.01
    gaps = rng.choice([1, 1, 1, 5, 90], n) if kind == "bars" else rng.choice([0, 1, 7, 400], n)
    ts = START + np.cumsum(gaps) * SECOND
    sizes = np.round(rng.uniform(0.1, 50, (2, n)), 1) if rng.random() < 0.7 else (None, None)
    if kind == "bars":
        last = np.round(price * np.exp(rng.normal(0, 0.01, n)), 2) + 0.01
        high, low = np.maximum(price, last) + 0.5, np.minimum(price, last) * 0.99
        room = np.diff(ts, append=ts[-1] + SECOND)
        ends = ts + np.maximum(1, (room * rng.choice([1.0, 1.0, 0.5, 0.0], n)).astype(np.int64))
        own = {"end": ends} if rng.random() < 0.5 else {}
        return bt.Bars(ts, price, high, low, last, sizes[0], interval="1s", **own)
    if kind == "quotes":
        spread = rng.choice([0.0, 0.01, 0.2, -0.05 * (rng.random() < 0.3)], n)
        return bt.Quotes(ts, price, price + spread, *sizes, crossed="keep")
    return bt.Trades(ts, price, sizes[0])


def moments(rng: np.random.Generator, ts: Any, n: int) -> Any:
    """Times at, near, before and after the events of a market, often several equal."""
    near = rng.choice(ts, n) + rng.choice([0, 0, 0, SECOND, -SECOND, 1, -1, SECOND // 2], n)
    return np.where(rng.random(n) < 0.1, rng.choice([START - 10**12, ts[-1] + 10**12], n), near)


def drawn(seed: int) -> tuple[Any, bt.Orders, dict[str, Any]]:
    """A market, orders and terms; most of them plain."""
    rng = np.random.default_rng(seed)
    data = market(rng, str(rng.choice(["bars", "quotes", "trades"])), int(rng.integers(1, 40)))
    n = int(rng.integers(0, 40))

    def maybe(chance: float, *values: Any) -> Any:
        return values[rng.integers(1, len(values))] if rng.random() < chance else values[0]

    orders = bt.Orders(
        moments(rng, data.timestamp, n),
        "A",
        maybe(0.8, "buy", rng.choice([1, -1], n)),
        maybe(0.8, 2.0, rng.choice([1.0, 2.0, 3.5, 10.0, 0.25, 0.1, 60.0], n)),
        limit_price=maybe(0.03, None, 100.0),
        time_in_force=maybe(0.03, "GTC", "DAY"),
        latency_ms=maybe(0.03, None, 0.0),
    )
    sized = any(name in data.columns for name in ("volume", "size", "bid_size"))
    unsized_bars = data.kind == "bars" and not sized
    execution = bt.Execution(
        slippage_bps=maybe(0.3, 0.0, 3.0, 50.0),
        slippage_ticks=maybe(0.2, 0.0, 1.0),
        slippage_volume=maybe(0.2, 0.0, 0.0 if unsized_bars else 0.1),
        slippage_sqrt=maybe(0.2, 0.0, 0.0 if unsized_bars else 0.02),
        commission_bps=maybe(0.4, 0.0, 1.0, -0.5, 25.0),
        taker_bps=maybe(0.1, None, 4.0),
        commission_per_share=maybe(0.3, 0.0, 0.005),
        commission_min=maybe(0.3, None, 1.0),
        commission_max=maybe(0.3, None, 1.5),
        account=maybe(0.3, "margin", "cash"),
        leverage=maybe(0.4, 1.0, 3.0, 20.0),
        commission_tiers=maybe(0.02, [], [bt.CommissionTier(notional=500.0, maker_bps=1, taker_bps=2)]),
        maintenance_margin=maybe(0.02, 0.0, 0.25),
        position_mode=maybe(0.02, "netting", "hedging"),
        cost_basis=maybe(0.02, "average", "fifo"),
        off_step=maybe(0.03, "reject", "snap"),
        volume_share=maybe(0.03, None, None if unsized_bars else 0.5),
        displayed_size=maybe(0.03, False, sized),
        latency_ms=maybe(0.03, 0.0, 500.0),
        response_latency_ms=maybe(0.03, 0.0, 500.0),
        latency_jitter_ms=maybe(0.02, 0.0, 500.0),
        cash_rate=maybe(0.02, 0.0, 0.05),
        intrabar=maybe(0.3, "pessimistic", "optimistic", "path"),
    )
    instrument = bt.Instrument(
        tick_size=maybe(0.4, 0.0, 0.01, 0.5),
        lot_size=maybe(0.3, 0.0, 0.5, 1.0),
        multiplier=maybe(0.2, 1.0, 10.0),
        min_notional=maybe(0.2, 0.0, 150.0),
        initial_margin=maybe(0.1, None, 0.1),
        splits=maybe(0.02, [], [(START + 20 * SECOND, 2.0)]),
    )
    return data, orders, {
        "execution": execution,
        "instruments": {"A": instrument},
        "initial_capital": maybe(0.7, 1e6, 1000.0, 5000.0, 300.0),
        "start": maybe(0.3, None, START - 10**11, int(data.timestamp[0]), int(data.timestamp[-1])),
        "mark_every": maybe(0.4, None, "1s", "7s", "1min", "1h"),
    }  # fmt: skip
