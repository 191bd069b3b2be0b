"""Metrics of runs whose fills are known: streaks of trips, fills larger than the size shown, notional."""

from typing import Any

import numpy as np
import pytest
from hand_cases import at

import btcore as bt

SECOND = 10**9


def metrics_of(
    prices: list[float], quantities: list[float], *, negative_prices: bool = False, **terms: Any
) -> dict[str, Any]:
    """Metrics of a run that trades a signed quantity at each print, of a size of 5."""
    times = at(0) + SECOND * np.arange(1, len(prices) + 1)
    signed = np.array(quantities)
    orders = bt.Orders(times - SECOND // 2, "A", np.sign(signed).astype(np.int8), np.abs(signed))
    data = bt.Trades(times, np.array(prices), np.full(len(prices), 5.0), negative_prices=negative_prices)
    return bt.run({"A": data}, orders, progress=False, **terms).metrics


def test_a_streak_of_wins_begins_after_a_loss() -> None:
    # A loss of 1, wins of 1 and 2, a loss of 1.
    found = metrics_of([10, 9, 10, 11, 10, 12, 10, 9], [1, -1] * 4)
    assert (found["longest_winning_streak"], found["longest_losing_streak"]) == (2, 1)


def test_a_trip_without_a_gain_ends_a_streak() -> None:
    # A win of 1, a trip of 0, a win of 1.
    found = metrics_of([10, 11, 10, 10, 10, 11], [1, -1] * 3)
    assert (found["round_trips"], found["longest_winning_streak"]) == (3, 1)


@pytest.mark.parametrize(("quantity", "beyond"), [(5, 0), (6, 1)])
def test_a_fill_of_the_size_shown_is_not_beyond_it(quantity: float, beyond: int) -> None:
    terms = {"execution": bt.Execution(displayed_size=False)}
    assert metrics_of([10, 10], [quantity, -1], **terms)["fills_beyond_shown"] == beyond


def test_notional_below_zero_counts_by_its_size() -> None:
    # 2 bought at -10 and sold at 5: 20 and 10.
    terms = {"instruments": {"A": bt.Instrument(negative_prices=True)}}
    assert metrics_of([-10, 5], [2, -2], negative_prices=True, **terms)["traded_notional"] == 30


def test_unrealized_profit_is_at_the_point_value() -> None:
    # 1 of ten units bought at 100 and one at 104: at 104 the first has gained 40.
    terms = {"instruments": {"A": bt.Instrument(multiplier=10)}}
    assert metrics_of([100, 104], [1, 1], **terms)["unrealized_pnl"] == pytest.approx(40)


def test_time_in_two_positions_counts_once() -> None:
    # A is held from 1 to 4 s of 10, B from 2 to 3 s.
    times = at(0) + SECOND * np.arange(11)
    sent = times[[1, 2, 3, 4]] - SECOND // 2
    orders = bt.Orders(sent, ["A", "B", "B", "A"], ["buy", "buy", "sell", "sell"], 1.0)
    data = {name: bt.Trades(times, np.full(11, 100.0)) for name in ("A", "B")}
    assert bt.run(data, orders, progress=False).metrics["exposure_time"] == pytest.approx(30)


def test_fees_for_borrowed_shares_are_positive() -> None:
    # 10 at 100 for a day, at 36.5 % a year.
    times = at(0) + SECOND * np.array([0, 1, 86_400, 86_401])
    orders = bt.Orders(times[:1], "A", "sell", 10.0)
    data = {"A": bt.Trades(times, np.full(4, 100.0))}
    terms = {"instruments": {"A": bt.Instrument(borrow_rate=0.365)}, "progress": False}
    assert bt.run(data, orders, **terms).metrics["borrow_fees"] == pytest.approx(1)


def test_the_cost_of_slippage_is_at_the_point_value() -> None:
    # 1 of ten units bought at 101 instead of 100.
    terms = {"instruments": {"A": bt.Instrument(multiplier=10)}, "execution": bt.Execution(slippage_bps=100)}
    assert metrics_of([100], [1], **terms)["slippage_cost"] == pytest.approx(10)


def test_half_a_day_below_the_peak() -> None:
    times = at(0) + SECOND * np.array([0, 21_600, 43_200])
    orders = bt.Orders(times[:1], "A", "buy", 1.0)
    data = {"A": bt.Trades(times, np.array([100.0, 90.0, 95.0]))}
    assert bt.run(data, orders, progress=False).metrics["max_drawdown_duration_days"] == 0.5


def test_the_length_of_a_track_record_by_hand() -> None:
    # The mean of 0.01 and 0.03 is 0.02 and the deviation 0.0141421: the ratio is the root of 2.
    # Skewness is 0 and kurtosis 1: the length is 1 + (1.6448536 / 1.4142136) ** 2 = 1 + 2.7055435 / 2.
    found = bt.metrics.minimum_track_record_length(np.array([0.01, 0.03]))
    assert found == pytest.approx(2.3527717, rel=1e-7)
