"""Journals from plain Python, for tests of tables, metrics and reports."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from btcore.model import (
    CASH_FLOW_DTYPE,
    EXPOSURE_DTYPE,
    FILL_DTYPE,
    NOTE_DTYPE,
    ORDER_DTYPE,
    POSITION_DTYPE,
    RESTATEMENT_DTYPE,
)
from btcore.results.journal import Curve

DAY = 86_400 * 10**9
START = 19_723 * DAY  # 2024-01-01
NEVER = 2**63 - 1
POSITION_FIELDS = ["qty", "avg_px", "avg_cost", "mark", "realized_pnl", "commission"]


@dataclass
class PlainJournal:
    symbols: tuple[str, ...]
    tags: dict[int, str] = field(default_factory=dict)
    orders: Any = field(default_factory=lambda: np.zeros(0, ORDER_DTYPE))
    fills: Any = field(default_factory=lambda: np.zeros(0, FILL_DTYPE))
    curve: Any = None
    exposures: Any = field(default_factory=lambda: np.zeros(0, EXPOSURE_DTYPE))
    positions: Any = field(default_factory=lambda: np.zeros(0, POSITION_DTYPE))
    cash_flows: Any = field(default_factory=lambda: np.zeros(0, CASH_FLOW_DTYPE))
    restatements: Any = field(default_factory=lambda: np.zeros(0, RESTATEMENT_DTYPE))
    notes: Any = field(default_factory=lambda: np.zeros(0, NOTE_DTYPE))
    closes: Any = None
    logs: list[str] = field(default_factory=list)
    ambiguous_bars: int = 0
    spread_cost: float = 0.0
    events: int = 0

    def statistics(self, timezone: str) -> None:
        """None: they are computed from the tables."""


def records(dtype, rows):
    """Dicts as records; missing fields are zero."""
    table = np.zeros(len(rows), dtype)
    for i, row in enumerate(rows):
        for name, value in row.items():
            table[i][name] = value
    return table


def keep_books(actions, symbols=("AAA",), multipliers=(1.0,), capital=1000.0, start=START):
    """The journal of a list of actions in order of time.

    An action is ("fill", ts, symbol, quantity, price, commission) or ("mark", ts, *prices). Each fill has its
    own order. Each mark is a point of the curve.
    """
    journal = PlainJournal(tuple(symbols), logs=["started"], events=len(actions))
    positions = [dict.fromkeys(POSITION_FIELDS, 0.0) for _ in symbols]
    cash, orders, fills, exposures = capital, [], [], []
    curve = [{"timestamp": start, "equity": capital, "cash": capital}]
    for kind, ts, *values in actions:
        if kind == "fill":
            symbol, quantity, price, commission = values
            position, side = positions[symbol], 1 if quantity > 0 else -1
            before, after = position["qty"], position["qty"] + quantity
            if before * quantity < 0:
                closed = min(abs(before), abs(quantity))
                position["realized_pnl"] += (
                    (price - position["avg_px"]) * closed * -side * multipliers[symbol]
                )
                position["avg_px"] = price if before * after < 0 else position["avg_px"]
            else:
                position["avg_px"] = (position["avg_px"] * before + price * quantity) / after
            position["avg_cost"] = position["avg_px"] * multipliers[symbol]
            position["qty"], position["mark"] = after, price
            position["commission"] += commission
            cash -= quantity * price * multipliers[symbol] + commission
            number = len(fills) + 1
            fills.append(
                {"ts": ts, "order_id": number, "last_qty": abs(quantity), "last_px": price, "symbol": symbol}
                | {"commission": commission, "side": side, "liquidity": number % 2}
                | {"point_value": multipliers[symbol], "reference_px": price, "size_seen": np.inf}
                | {"event": number, "ts_event": ts, "rule": 6}
            )
            orders.append(
                {"id": number, "ts_sent": ts - 5, "ts_arrived": ts - 3, "ts_closed": ts, "symbol": symbol}
                | {
                    "qty": abs(quantity),
                    "asked_qty": abs(quantity),
                    "filled_qty": abs(quantity),
                    "avg_px": price,
                    "side": side,
                }
                | {"limit_px": np.nan, "stop_px": np.nan, "status": 2}
                | {"ts_expires": NEVER, "trail": np.nan, "limit_offset": np.nan}
            )
        else:
            for position, price in zip(positions, values, strict=True):
                position["mark"] = price
            worth = [p["qty"] * p["mark"] * m for p, m in zip(positions, multipliers, strict=True)]
            equity = cash + sum(worth)
            curve.append({"timestamp": ts, "equity": equity, "cash": cash})
            for symbol, (position, value) in enumerate(zip(positions, worth, strict=True)):
                if position["qty"]:
                    exposures.append(
                        {"timestamp": ts, "quantity": position["qty"], "value": value, "symbol": symbol}
                    )
    journal.orders, journal.fills = records(ORDER_DTYPE, orders), records(FILL_DTYPE, fills)
    journal.curve = Curve(*(np.array([point[name] for point in curve]) for name in Curve.fields))
    journal.exposures = records(EXPOSURE_DTYPE, exposures)
    journal.positions = records(POSITION_DTYPE, positions)
    journal.positions["symbol"], journal.positions["point_value"] = np.arange(len(symbols)), multipliers
    return journal


def random_journal(seed=0, days=300, symbols=("AAA", "B.B"), multipliers=(1.0, 10.0), capital=100_000.0):
    """A year of daily bars with a fill on about a third of them."""
    rng = np.random.default_rng(seed)
    prices = np.array([100.0, 20.0])
    actions = []
    for day in range(days):
        for symbol in range(len(symbols)):
            if rng.random() < 0.35:
                quantity = int(rng.integers(1, 40)) * int(rng.choice([-1, 1]))
                price = float(prices[symbol])
                actions.append(("fill", START + day * DAY, symbol, quantity, price, 0.5))
        prices = prices * (1 + rng.normal(0.0005, 0.012, 2))
        actions.append(("mark", START + (day + 1) * DAY, *map(float, prices)))
    return keep_books(actions, symbols, multipliers, capital)
