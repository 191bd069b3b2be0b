"""When targets are rebalanced, and what is known at that time; latency."""

import numpy as np
import pytest
from target_runs import DAY, FEBRUARY, SECOND, SIXTY_FORTY, START, A, B, bars, play, traded

import btcore as bt
from btcore.strategies.targets.handler import TargetsHandler, make_handler


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
        targets = bt.Targets(list(values), "A", list(values.values()), kind="units", schedule="20s")
        result = bt.run({"A": quotes}, targets)
        seconds = ((result.trades["timestamp"] - START) // SECOND).tolist()
        assert seconds == [7, 27, 47]  # and at 67 and 87 there is nothing to do

    def test_a_day_begins_in_the_timezone_of_the_run(self):
        quotes = bt.Quotes(START + 3600 * SECOND * np.arange(48), np.full(48, 99.0), np.full(48, 101.0))
        targets = bt.Targets([START, START + 2], "A", [1.0, 2.0], kind="units", schedule="day")
        for timezone, hour in (("UTC", 24), ("America/New_York", 5), ("Asia/Tokyo", 15)):
            result = bt.run({"A": quotes}, targets, timezone=timezone)
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
        targets = bt.Targets(None, **SIXTY_FORTY, schedule="day")
        other = bars([100, 100, 100, 100, 120, 300, 10, 10], [100, 100, 100, 100, 101, 10, 200, 10])
        one, two = (play(targets, data={"A": data, "B": B}).orders for data in (A, other))
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
        targets = bt.Targets(START + SECOND, ["A", "B"], 0.5, max_turnover=0.6)
        result = bt.run(data, targets, execution=bt.Execution(latency_ms=1500))
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
