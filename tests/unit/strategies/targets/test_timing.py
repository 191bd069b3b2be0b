"""Portfolios by target, played through `bt.run`: against sums done by hand, and a slow second player."""

import json
import math
from datetime import datetime
from typing import Any, ClassVar

import numpy as np
import pytest

import btcore as bt
from btcore.backtest.request import check_request, run_request
from btcore.cli.commands import main
from btcore.data import SampleMarket
from btcore.strategies.targets.handler import TargetsHandler, make_handler
from btcore.times.clock import to_ns

DAY = 86400 * 10**9
SECOND = 10**9


def ns(text: str) -> int:
    return to_ns(datetime.fromisoformat(text))


START = ns("2024-01-26")
FEBRUARY = ns("2024-02-01")


def bars(closes: list[float], opens: list[float] | None = None, start: int = START) -> bt.Bars:
    """Days whose opens are the closes before, where nothing else is said."""
    close = np.array(closes)
    open_ = np.r_[close[0], close[:-1]] if opens is None else np.array(opens)
    times = start + DAY * np.arange(len(close))
    return bt.Bars(times, open_, np.maximum(open_, close), np.minimum(open_, close), close, interval="1d")


def traded(result: bt.Result) -> list[tuple[int, str, float, float]]:
    """(day since START, symbol, signed quantity, price) of each fill."""
    return [
        (
            int(t["timestamp"] - START) // DAY,
            str(t["symbol"]),
            float(t["quantity"] if t["side"] == "buy" else -t["quantity"]),
            float(t["price"]),
        )
        for t in result.trades
    ]


# Bars of every day, 26 January to 2 February. The closes of the 26th are known once the 27th has begun, and
# what is decided on them fills at the opens of the 28th. On the 30th A closes at 120. The closes of the 31st
# are not known yet to a timer of the moment that February begins.
A = bars([100, 100, 100, 100, 120, 110, 110, 110], [100, 100, 100, 100, 101, 120, 121, 110])
B = bars([50, 50, 50, 50, 50, 60, 60, 60], [50, 50, 50, 50, 50, 50, 49, 60])
WHOLE = {"A": bt.Instrument(lot_size=1), "B": bt.Instrument(lot_size=1)}
SIXTY_FORTY = {"symbol": ["A", "B"], "value": [0.6, 0.4]}


def play(targets: bt.Targets, **more: Any) -> bt.Result:
    return bt.run(
        **{
            "data": {"A": A, "B": B},
            "strategy": targets,
            "initial_capital": 10_000.0,
            "instruments": WHOLE,
            **more,
        }
    )


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
        asked = {"schedule": "month", **SIXTY_FORTY}
        assert traded(play(bt.Targets(None, **asked, drift=0.043))) == buys
        assert len(traded(play(bt.Targets(None, **asked, drift=0.0428)))) == 4

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
        """In February B is asked for and A is not."""
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
        assert result.logs == [
            "targets: 90.00% of what is asked, which is more than cash_floor and leverage allow; "
            "first at 2024-01-26T00:00:00.000000000Z"
        ]
        result = play(bt.Targets(None, **SIXTY_FORTY, max_weight=0.5))
        assert [t[2] for t in traded(result)] == [50.0, 80.0]
        assert result.logs == []

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
        asked = bt.Targets(None, ["A", "B"], [1.2, 0.8], cash_floor=-1.0)
        result = play(asked, instruments=terms, execution=bt.Execution(leverage=2))
        assert [t[2] for t in traded(result)] == [75.0, 100.0]
        assert result.metrics["orders_rejected"] == 0

    def test_costs_are_left_room_for(self):
        """1 % for slippage and commission: 10,000 / 1.01 can be invested."""
        costs = bt.Execution(slippage_bps=60, taker_bps=40, maker_bps=-5)
        result = play(bt.Targets(None, **SIXTY_FORTY), execution=costs)
        assert [t[2] for t in traded(result)] == [59.0, 79.0]


class TestWhen:
    def test_rows_of_before_the_run_are_due_at_its_start(self):
        early = play(bt.Targets(START - 5 * DAY, **SIXTY_FORTY))
        assert traded(early) == traded(play(bt.Targets(None, **SIXTY_FORTY)))
        assert len(early.trades) == 2

    def test_rows_between_the_moments_of_a_schedule_wait(self):
        rows = [START, START + DAY + 2, START + 3 * DAY]
        result = play(bt.Targets(rows, "A", [0.1, 0.2, 0.3], schedule="month"))
        # 0.3 * (9,000 + 1,200) / 120 = 25.5
        assert traded(result) == [(2, "A", 10.0, 100.0), (6, "A", 15.0, 121.0)]

    def test_steps_are_counted_from_the_first_row(self):
        quotes = bt.Quotes(START + SECOND * np.arange(100), np.full(100, 99.0), np.full(100, 101.0))
        values = {START + 7 * SECOND: 1.0, START + 20 * SECOND: 2.0, START + 47 * SECOND: 3.0}
        asked = bt.Targets(list(values), "A", list(values.values()), kind="units", schedule="20s")
        result = bt.run({"A": quotes}, asked)
        seconds = ((result.trades["timestamp"] - START) // SECOND).tolist()
        assert seconds == [7, 27, 47]  # and at 67 and 87 there is nothing to do

    def test_a_day_begins_in_the_timezone_of_the_run(self):
        quotes = bt.Quotes(START + 3600 * SECOND * np.arange(48), np.full(48, 99.0), np.full(48, 101.0))
        asked = bt.Targets([START, START + 2], "A", [1.0, 2.0], kind="units", schedule="day")
        for timezone, hour in (("UTC", 24), ("America/New_York", 5), ("Asia/Tokyo", 15)):
            result = bt.run({"A": quotes}, asked, timezone=timezone)
            assert ((result.trades["timestamp"] - START) // (3600 * SECOND)).tolist() == [0, hour], timezone

    def test_a_symbol_without_a_price_waits_for_its_first(self):
        """B begins on the 30th, when A rises. A is not touched for it, and B gets no more than is left."""
        late = bars([50, 50, 50, 50], start=START + 4 * DAY)
        result = play(bt.Targets(None, **SIXTY_FORTY), data={"A": A, "B": late})
        assert [t[:3] for t in traded(result)] == [(2, "A", 60.0), (6, "B", 80.0)]

    def test_of_quotes_the_first_is_enough(self):
        times = START + SECOND * np.array([3, 5])
        result = bt.run({"A": bt.Quotes(times, [99.0, 100.0], [101.0, 102.0])}, bt.Targets(None, "A", 0.5))
        assert result.trades["timestamp"].tolist() == [times[0] + 1]
        assert result.trades["price"].tolist() == [101.0]

    def test_an_order_on_its_way_is_counted(self):
        """Each minute asks for the same, and it takes a day until the bar that fills the first order ends."""
        result = play(bt.Targets(None, **SIXTY_FORTY, schedule="1min"))
        days = ((result.orders["sent_at"] - START) // DAY).tolist()
        assert days == [1, 1, 5, 5, 6, 6]  # the days after those with new prices
        assert [t[2] for t in traded(result)] == [60.0, 80.0, -4.0, 9.0, 6.0, -13.0]

    def test_a_sale_is_sent_first(self):
        result = play(bt.Targets(None, **SIXTY_FORTY, schedule="1min"))
        assert result.orders["symbol"].tolist() == ["A", "B", "A", "B", "B", "A"]
        assert result.orders["side"].tolist() == ["buy", "buy", "sell", "buy", "sell", "buy"]

    def test_nothing_is_known_of_what_comes(self):
        """The same orders leave until February begins, whatever comes of them."""
        asked = bt.Targets(None, **SIXTY_FORTY, schedule="day")
        other = bars([100, 100, 100, 100, 120, 300, 10, 10], [100, 100, 100, 100, 101, 10, 200, 10])
        one, two = (play(asked, data={"A": data, "B": B}).orders for data in (A, other))
        one, two = one[one["sent_at"] <= FEBRUARY], two[two["sent_at"] <= FEBRUARY]
        assert len(one) == 4
        for name in ("symbol", "side", "quantity", "sent_at"):
            assert one[name].tolist() == two[name].tolist()
        assert one["average_price"].tolist() != two["average_price"].tolist()

    def test_only_timers_wake_it(self):
        targets = bt.Targets(None, "A", 1.0)
        played = make_handler(targets, [("A", (A,))], [bt.Instrument()], "UTC", bt.Execution())
        assert isinstance(played, TargetsHandler)
        assert not any(hasattr(played, f"on_{kind}") for kind in ("bar", "quote", "trade", "fill"))


class TestLatency:
    def test_what_happens_at_a_boundary_is_known_where_orders_travel(self):
        """The closes of the 31st count: of 60 * 110 + 80 * 60 = 11,400, A should have 62 units and B 76."""
        late = bt.Execution(latency_ms=5)
        result = play(bt.Targets(None, **SIXTY_FORTY, schedule="month"), execution=late)
        assert traded(result)[2:] == [(7, "A", 2.0, 110.0), (7, "B", -4.0, 60.0)]
        assert result.metrics["orders_rejected"] == 0

    def test_a_refused_order_is_planned_again_once(self):
        """The price is 10 % higher when the order arrives: not enough money. Sent again, there is."""
        price = np.array([100.0, 100.0, 110.0, 110.0, 110.0, 110.0])
        quotes = bt.Quotes(START + SECOND * np.arange(6), price, price)
        late = bt.Execution(latency_ms=1500)
        result = bt.run({"A": quotes}, bt.Targets(START + SECOND, "A", 1.0), execution=late)
        assert result.orders["status"].tolist() == ["rejected", "filled"]
        assert result.orders["reason"].tolist() == ["buying_power", ""]
        assert result.trades["quantity"].tolist() == pytest.approx([1e6 / 110.0])
        # sent at 1 s, refused at 2.5 s and sent again, there at 4 s; a nanosecond later each time
        assert result.trades["timestamp"].tolist() == [START + 4 * SECOND + 2]

    def test_what_is_sent_again_stays_within_the_turnover(self):
        """Of 60 % a half goes into B; when A is refused, at four times its price, half is left for it."""
        times, flat = START + SECOND * np.arange(6), np.full(6, 100.0)
        jumps = np.array([100.0, 100.0, 400.0, 400.0, 400.0, 400.0])
        data = {"A": bt.Quotes(times, jumps, jumps), "B": bt.Quotes(times, flat, flat)}
        asked = bt.Targets(START + SECOND, ["A", "B"], 0.5, max_turnover=0.6)
        result = bt.run(data, asked, execution=bt.Execution(latency_ms=1500))
        assert result.orders["status"].tolist() == ["rejected", "filled", "filled"]
        assert result.trades["symbol"].tolist() == ["B", "A"]
        assert result.trades["quantity"].tolist() == pytest.approx([3000.0, 750.0])


def test_with_reports_under_way_the_weights_are_kept_all_the_same():
    """What has filled is not known yet when the next rebalance is decided; orders on their way are."""
    data = {s: bt.sample_bars(s, "2023-01-01", "2023-07-01") for s in ("AAPL", "MSFT", "IBM")}
    slow = bt.Execution(latency_ms=5, response_latency_ms=20, latency_jitter_ms=1)
    result = bt.run(data, bt.Targets(None, list(data), 0.3, schedule="day"), execution=slow)
    last = result.exposures[result.exposures["timestamp"] == result.exposures["timestamp"][-1]]
    assert last["weight"] == pytest.approx([0.3] * 3, abs=0.02)
    assert result.metrics["orders_rejected"] == 0


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


class TestTheDoor:
    def test_a_targets_can_be_played_again(self):
        asked = bt.Targets(None, **SIXTY_FORTY, schedule="day")
        one, other = play(asked), play(asked)
        assert one.fingerprint == other.fingerprint
        assert one.trades.tobytes() == other.trades.tobytes()
        assert len(one.trades) > 2

    def test_the_manifest_tells_them(self):
        told = play(bt.Targets(None, **SIXTY_FORTY, drift=0.01)).manifest["run"]["strategy"]
        assert told["kind"] == "targets"
        assert told["params"] == {
            "kind": "weight", "schedule": None, "drift": 0.01, "max_weight": None, "max_turnover": None,
            "cash_floor": 0.0, "lot": None, "close_others": False,
        }  # fmt: skip
        assert json.loads(json.dumps(told)) == told
        asked = [
            bt.Targets(None, **SIXTY_FORTY),
            bt.Targets(None, **SIXTY_FORTY, drift=0.01),
            bt.Targets(START, **SIXTY_FORTY),
            bt.Targets(None, ["A", "B"], [0.5, 0.4]),
            bt.Targets(None, ["B", "A"], [0.6, 0.4]),
        ]
        assert len({play(targets).fingerprint for targets in asked}) == len(asked)

    def test_rows_come_in_any_order_and_the_last_of_one_moment_counts(self):
        asked = bt.Targets([9, 3, 9], ["A", "B", "A"], [0.1, 0.2, 0.3])
        assert asked.timestamp.tolist() == [3, 9, 9]
        assert asked.value.tolist() == [0.2, 0.1, 0.3]
        assert [t[2] for t in traded(play(asked))] == [30.0, 40.0]

    def test_datetimes_are_nanoseconds(self):
        asked = bt.Targets(np.array(["2024-01-26", "2024-02-01"], "M8[D]"), "A", 0.5)
        assert asked.timestamp.tolist() == [START, FEBRUARY]

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            (([3, 1], "A", [1.0, math.nan]), "targets[1]: value nan is not a finite number"),
            (([3, 1], "A", [-math.inf, math.nan]), "targets[0]: value -inf is not a finite number"),
            (([3, 1], "A", [1.0, 2.0, 3.0]), "targets.value: not a column of 2 values but of 3"),
            ((1, ["A", "B"], [1.0, 2.0, 3.0]), "targets.value: not a column of 2 values but of 3"),
            (
                (1, "A", "much"),
                "targets.value: not a column of 1 values (could not convert string to float: 'much')",
            ),
            ((1, "A", [[1.0]]), "targets.value: not a column but an array of 2 dimensions"),
            ((1.5, "A", 1.0), "targets.timestamp: not a column of int64 nanoseconds or datetime64"),
            (("2024-01-01", "A", 1.0), "targets.timestamp: not a column of int64 nanoseconds or datetime64"),
            ((np.array(["2024", "NaT"], "M8[D]"), "A", 1.0), "targets[1]: timestamp is NaT"),
        ],
    )
    def test_invalid_rows(self, arguments: tuple[Any, ...], message: str):
        with pytest.raises(bt.OrderError) as error:
            bt.Targets(*arguments)
        assert str(error.value) == message

    @pytest.mark.parametrize(
        ("settings", "message"),
        [
            ({"kind": "percent"}, "targets.kind: 'percent' is not one of weight, value, units"),
            (
                {"schedule": "fortnight"},
                "targets.schedule: 'fortnight' is not one of day, week, month, quarter",
            ),
            ({"schedule": 60}, "targets.schedule: 60 is not a string"),
            ({"drift": -0.1}, "targets.drift: -0.1 is not at least 0"),
            ({"drift": math.nan}, "targets.drift: nan is not a finite number"),
            ({"max_weight": 0}, "targets.max_weight: 0 is not above 0"),
            ({"max_turnover": -1.0}, "targets.max_turnover: -1.0 is not above 0"),
            ({"cash_floor": 1.0}, "targets.cash_floor: 1.0 is not below 1"),
            ({"lot": 0}, "targets.lot: 0.0 is not above 0"),
            ({"close_others": 1}, "targets.close_others: 1 is not a boolean"),
        ],
    )
    def test_invalid_settings(self, settings: dict[str, Any], message: str):
        with pytest.raises(bt.ConfigError) as error:
            bt.Targets(None, "A", 1.0, **settings)
        assert str(error.value).startswith(message)

    def test_what_does_not_fit_the_run(self):
        with pytest.raises(bt.OrderError, match=r"^targets: 'C' is not in this run; its symbols are A, B$"):
            play(bt.Targets(None, ["A", "C"], 0.5))
        with pytest.raises(
            bt.OrderError, match=r"^targets\.lot: 1\.5 is not a multiple of A's lot_size 1\.0"
        ):
            play(bt.Targets(None, "A", 0.5, lot=1.5))
        hedged = bt.Execution(position_mode="hedging")
        with pytest.raises(bt.OrderError, match=r"^targets: a target is a net position; position_mode must"):
            play(bt.Targets(None, "A", 0.5), execution=hedged)
        cash = bt.Execution(account="cash")
        with pytest.raises(
            bt.OrderError, match=r"^targets: B has a target below 0; a cash account cannot sell short$"
        ):
            play(bt.Targets(None, ["A", "B"], [0.5, -0.5]), execution=cash)
        with pytest.raises(bt.ConfigError, match=r"^params: only a strategy given by name or class"):
            play(bt.Targets(None, "A", 0.5), params={"drift": 1})


class TestBuiltIn:
    PARAMS: ClassVar[dict[str, Any]] = {
        "weights": {"AAPL": 0.6, "MSFT": 0.4}, "schedule": "month", "drift": 0.02, "max_weight": 0.58,
        "max_turnover": 0.9, "cash_floor": 0.05, "close_others": False,
    }  # fmt: skip
    REQUEST: ClassVar[dict[str, Any]] = {
        "symbols": ["AAPL", "MSFT"], "start_date": "2023-01-01", "end_date": "2023-07-01",
    }  # fmt: skip

    def test_three_doors_one_result(self, capsys: pytest.CaptureFixture[str]):
        data = {s: bt.sample_bars(s, "2023-01-01", "2023-07-01") for s in ("AAPL", "MSFT")}
        rest = {name: value for name, value in self.PARAMS.items() if name != "weights"}
        by_name = bt.run(data, "targets", self.PARAMS)
        by_rows = bt.run(data, bt.Targets(None, ["AAPL", "MSFT"], [0.6, 0.4], **rest))
        spec = bt.StrategySpec(name="targets", params=self.PARAMS)
        by_request = run_request(bt.RunRequest(**self.REQUEST, strategy=spec), SampleMarket())
        assert len(by_name.trades) > 4
        assert by_name.trades.tobytes() == by_rows.trades.tobytes() == by_request.trades.tobytes()
        assert by_name.manifest["run"]["strategy"] == {
            "kind": "built-in", "name": "targets", "params": self.PARAMS,
        }  # fmt: skip

        flags = [f"--param={name}={json.dumps(value)}" for name, value in self.PARAMS.items()]
        times = ["--start", "2023-01-01", "--end", "2023-07-01"]
        assert main(["run", "AAPL", "MSFT", *times, "--strategy", "targets", *flags, "--json"]) == 0
        told = json.loads(capsys.readouterr().out)
        assert told["trades"] == by_name.rows("trades")

    def test_without_weights_all_are_equal(self):
        data = {s: bt.sample_bars(s, "2023-01-01", "2023-03-01") for s in ("AAPL", "MSFT", "IBM")}
        result = bt.run(data, "targets")
        asked = bt.run(data, bt.Targets(None, list(data), 1 / 3, schedule="month"))
        assert result.trades.tobytes() == asked.trades.tobytes()
        assert len(result.trades) >= 3

    @pytest.mark.parametrize(
        ("params", "message"),
        [
            (
                {"weights": {"IBM": 1.0}},
                "strategy.params.weights: 'IBM' is not in this run; its symbols are AAPL",
            ),
            ({"weights": {"AAPL": "all"}}, "strategy.params.weights['AAPL']: 'all' is not a number"),
            ({"weights": {"AAPL": math.nan}}, "strategy.params.weights['AAPL']: nan is not a finite number"),
            ({"weights": [0.6, 0.4]}, "strategy.params.weights: [0.6, 0.4] is not a mapping"),
            ({"weight": 1.0}, "strategy.params.weight: targets has no such parameter; it has weights, "),
            ({"schedule": "1ns"}, "strategy.params.schedule: '1ns' does not match ^"),
            ({"schedule": "month\n"}, r"strategy.params.schedule: 'month\n' does not match ^"),
            ({"cash_floor": 1.0}, "strategy.params.cash_floor: 1.0 is not below 1"),
        ],
    )
    def test_parameters_are_checked_before_anything_is_loaded(self, params: dict[str, Any], message: str):
        spec = bt.StrategySpec(name="targets", params=params)
        with pytest.raises(bt.ConfigError) as error:
            check_request(bt.RunRequest(**self.REQUEST, strategy=spec), SampleMarket())
        assert str(error.value).startswith(message)

    def test_it_is_no_compiled_handler(self):
        from btcore.strategies import check_params, make_handler

        with pytest.raises(bt.ConfigError, match="'targets' is not compiled"):
            make_handler("targets", check_params("targets", {}), 1)
