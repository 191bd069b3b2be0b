"""Rebalancing through `bt.run`: quantities worked out by hand, and a slow second implementation."""

import math

import numpy as np
import pytest
from log_lines import said
from target_runs import DAY, FEBRUARY, SECOND, SIXTY_FORTY, START, ns, play, traded

import btcore as bt


class TestByHand:
    def test_sixty_forty_every_month(self):
        """As February begins, equity is 60 * 120 + 80 * 50 = 11,200; A should be 6,720 of it (56 units) and B
        4,480 (89)."""
        result = play(bt.Targets(None, **SIXTY_FORTY, schedule="month"))
        assert traded(result) == [
            (2, "A", 60.0, 100.0),
            (2, "B", 80.0, 50.0),
            (6, "A", -4.0, 121.0),
            (6, "B", 9.0, 49.0),
        ]
        assert result.metrics["orders_rejected"] == 0
        assert result.equity_curve["cash"][-1] == 484.0 - 441.0

    def test_without_a_schedule_each_timestamp_is_one(self):
        rows = [START, START, FEBRUARY, FEBRUARY]
        result = play(bt.Targets(rows, ["A", "B", "A", "B"], [0.6, 0.4, 0.6, 0.4]))
        assert traded(result) == traded(play(bt.Targets(None, **SIXTY_FORTY, schedule="month")))

    def test_drift(self):
        """A is at 64.29 % and B at 35.71 %, both 4.29 off."""
        buys = [(2, "A", 60.0, 100.0), (2, "B", 80.0, 50.0)]
        arguments = {"schedule": "month", **SIXTY_FORTY}
        assert traded(play(bt.Targets(None, **arguments, drift=0.043))) == buys
        assert len(traded(play(bt.Targets(None, **arguments, drift=0.0428)))) == 4

    def test_a_turnover_cap(self):
        """At first 40 % of 10,000: 24 A and 32 B. Then equity is 6,000 + 2,880 + 1,600 = 10,480, the targets
        52 and 83 units, 28 * 120 + 51 * 50 = 5,910 away; of that, 4,192 may be traded: 19 A and 36 B."""
        result = play(bt.Targets(None, **SIXTY_FORTY, schedule="month", max_turnover=0.4))
        assert [t[:3] for t in traded(result)] == [
            (2, "A", 24.0),
            (2, "B", 32.0),
            (6, "A", 19.0),
            (6, "B", 36.0),
        ]

    def test_others_are_left_alone_or_closed(self):
        """In February there is a target for B and none for A."""
        rows = {"timestamp": [START, START, FEBRUARY], "symbol": ["A", "B", "B"], "value": [0.3, 0.4, 0.5]}
        closed = play(bt.Targets(**rows, close_others=True))
        # 3,000 + 30 * 120 + 80 * 50 = 10,600, half of it in B: 106 units
        assert [t[:3] for t in traded(closed)] == [
            (2, "A", 30.0),
            (2, "B", 80.0),
            (6, "A", -30.0),
            (6, "B", 26.0),
        ]
        kept = play(bt.Targets(**rows))  # A's target is still 0.3: 26.5 units
        assert [t[:3] for t in traded(kept)][2:] == [(6, "A", -4.0), (6, "B", 26.0)]

    def test_a_cash_floor_and_a_largest_weight(self):
        result = play(bt.Targets(None, **SIXTY_FORTY, cash_floor=0.1))
        assert [t[2] for t in traded(result)] == [54.0, 72.0]
        assert said(result) == [
            "targets: 90.00% of what is asked, which is more than cash_floor and leverage allow; "
            "first at 2024-01-26T00:00:00.000000000Z"
        ]
        result = play(bt.Targets(None, **SIXTY_FORTY, max_weight=0.5))
        assert [t[2] for t in traded(result)] == [50.0, 80.0]
        assert said(result) == [
            "targets: weights beyond max_weight (0.5) are clipped to it; "
            "first 'A' at 2024-01-26T00:00:00.000000000Z"
        ]

    def test_value_and_units(self):
        assert [t[2] for t in traded(play(bt.Targets(None, ["A", "B"], [3050, 2000], kind="value")))] == [
            30,
            40,
        ]
        assert [t[2] for t in traded(play(bt.Targets(None, ["A", "B"], [7, -3], kind="units")))] == [7, -3]

    def test_multipliers_and_lots(self):
        steps = {"A": bt.Instrument(lot_size=1, multiplier=10), "B": bt.Instrument(lot_size=20)}
        bought = traded(play(bt.Targets(None, ["A", "B"], [0.55, 0.45]), instruments=steps))
        assert [t[2] for t in bought] == [5.0, 80.0]  # 5,500 / 1,000 and 4,500 / 50
        bought = traded(play(bt.Targets(None, **SIXTY_FORTY, lot=25)))
        assert [t[2] for t in bought] == [50.0, 75.0]

    def test_other_currencies(self):
        """B is in euros, two dollars each at first: 100 of money. In February they are at par, and equity is
        60 * 120 + 40 * 50 = 9,200, of which A should be 46 units and B 73."""
        terms = {"A": bt.Instrument(lot_size=1), "B": bt.Instrument(lot_size=1, currency="EUR")}
        fx = {"EUR": [("2024-01-01", 2.0), ("2024-01-31", 1.0)]}
        result = play(bt.Targets(None, **SIXTY_FORTY, schedule="month"), instruments=terms, fx=fx)
        assert [t[:3] for t in traded(result)] == [
            (2, "A", 60.0),
            (2, "B", 40.0),
            (6, "A", -14.0),
            (6, "B", 33.0),
        ]

    def test_margins(self):
        """Twice leverage at 80 % of margin: a unit of money counts 1.6 of 2, so there is room for 1.25."""
        terms = {s: bt.Instrument(lot_size=1, initial_margin=0.8) for s in ("A", "B")}
        targets = bt.Targets(None, ["A", "B"], [1.2, 0.8], cash_floor=-1.0)
        result = play(targets, instruments=terms, execution=bt.Execution(leverage=2))
        assert [t[2] for t in traded(result)] == [75.0, 100.0]
        assert result.metrics["orders_rejected"] == 0

    def test_costs_are_left_room_for(self):
        """1 % for slippage and commission: 10,000 / 1.01 can be invested."""
        costs = bt.Execution(slippage_bps=60, taker_bps=40, maker_bps=-5)
        result = play(bt.Targets(None, **SIXTY_FORTY), execution=costs)
        assert [t[2] for t in traded(result)] == [59.0, 79.0]


class Slow:
    """60/40 of sample bars in plain Python: one list of days, no timers, no orders."""

    def __init__(self, data: dict[str, bt.Bars], weights: dict[str, float], cash: float):
        self.data, self.weights, self.cash = data, weights, cash
        self.held = dict.fromkeys(data, 0.0)
        self.fills: list[tuple[int, str, float, float]] = []

    def mark(self, symbol: str, before: int) -> float:
        known = self.data[symbol].timestamp + DAY < before
        return float(self.data[symbol].close[known][-1])

    def rebalance(self, decided: int) -> None:
        marks = {s: self.mark(s, decided) for s in self.data}
        equity = self.cash + sum(self.held[s] * marks[s] for s in self.data)
        wanted = {s: math.floor(w * equity / marks[s] + 1e-9) for s, w in self.weights.items()}
        deltas = {s: wanted[s] - self.held[s] for s in self.data}
        for s in sorted(deltas, key=lambda s: deltas[s] > 0):
            if deltas[s]:
                row = int(np.searchsorted(self.data[s].timestamp, decided))
                price = float(self.data[s].open[row])
                self.fills.append((int(self.data[s].timestamp[row]), s, deltas[s], price))
                self.cash -= deltas[s] * price
                self.held[s] += deltas[s]


def test_the_sample_market_by_a_slow_second_player():
    """A year of 60/40, monthly, in whole shares and 90 % invested, so that no purchase lacks money."""
    data = {s: bt.sample_bars(s, "2023-01-02", "2024-01-02") for s in ("AAPL", "MSFT")}
    weights = {"AAPL": 0.54, "MSFT": 0.36}
    slow = Slow(data, weights, 1e6)
    slow.rebalance(int(data["AAPL"].timestamp[0]) + DAY + 1)
    for month in range(2, 13):
        slow.rebalance(ns(f"2023-{month:02}-01"))
    slow.rebalance(ns("2024-01-01"))
    result = bt.run(
        data,
        bt.Targets(None, list(weights), list(weights.values()), schedule="month"),
        instruments={s: bt.Instrument(lot_size=1) for s in data},
    )
    sides = np.where(result.trades["side"] == "buy", 1.0, -1.0)
    fills = zip(
        result.trades["timestamp"].tolist(),
        result.trades["symbol"].tolist(),
        (sides * result.trades["quantity"]).tolist(),
        result.trades["price"].tolist(),
        strict=True,
    )
    key = lambda fill: (fill[0], fill[1])  # noqa: E731 - fills of one open are in the order of the symbols
    assert sorted(fills, key=key) == sorted(slow.fills, key=key)
    assert len(slow.fills) > 20
    assert result.equity_curve["cash"][-1] == pytest.approx(slow.cash)


@pytest.mark.parametrize("schedule", ["day", "week", "month", "1h"])
@pytest.mark.parametrize(
    "execution",
    [
        bt.Execution(),
        bt.Execution(slippage_bps=2, commission_bps=3),
        bt.Execution(commission_per_share=0.01, commission_min=1.0),
        bt.Execution(latency_ms=5, slippage_bps=1),
    ],
)
def test_full_investment_is_never_refused_on_bars(schedule: str, execution: bt.Execution):
    data = {s: bt.sample_bars(s, "2023-01-01", "2023-07-01") for s in ("AAPL", "MSFT", "IBM")}
    result = bt.run(data, bt.Targets(None, list(data), 1 / 3, schedule=schedule), execution=execution)
    assert result.metrics["orders"] >= 3
    assert result.metrics["orders_rejected"] == 0
    assert result.exposures["net"][-1] / result.metrics["final_equity"] > 0.97


@pytest.mark.parametrize("spread", [0.02, 0.5])
def test_full_investment_is_never_refused_on_quotes(spread: float):
    rng = np.random.default_rng(3)
    data = {}
    for symbol in ("A", "B", "C"):
        mid = 100.0 * np.exp(np.cumsum(rng.normal(0, 0.001, 500)))
        data[symbol] = bt.Quotes(START + 10 * SECOND * np.arange(500), mid - spread / 2, mid + spread / 2)
    costs = bt.Execution(commission_bps=1, commission_min=2.0)
    result = bt.run(data, bt.Targets(None, list(data), 1 / 3, schedule="1min"), execution=costs)
    assert result.metrics["orders"] > 200
    assert result.metrics["orders_rejected"] == 0
