"""Returns by session: the rule point by point, and that local midnights for closes give the daily returns."""

from datetime import datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from btcore import metrics
from btcore.metrics.period_returns import interval_returns, session_returns
from btcore.times.clock import to_ns
from btcore.times.sessions import sessions
from btcore.times.zones import midnights

HOUR = 3600 * 10**9
ZONES = ["UTC", "America/New_York", "Asia/Kolkata", "Pacific/Apia", "America/Havana", "America/Sao_Paulo"]
CLOSES = [100, 200, 300]


@pytest.mark.parametrize(
    ("timestamp", "equity", "expected"),
    [
        ([0, 50, 100, 101, 200], [1.0, 2.0, 4.0, 5.0, 8.0], [3.0, 1.0]),  # at the close: of that session
        ([0, 100, 150, 199], [1.0, 2.0, 9.0, 4.0], [1.0, 1.0]),  # the last of a session counts
        ([0, 60, 250], [1.0, 2.0, 4.0], [1.0, 1.0]),  # a session without a point is no period
        ([0, 250, 350, 400], [1.0, 2.0, 9.0, 4.0], [1.0, 1.0]),  # past the last close: one more
        ([50, 60], [1.0, 2.0], [1.0]),
        ([150, 150, 160], [1.0, 2.0, 4.0], [3.0]),
        ([100, 100, 200], [1.0, 2.0, 4.0], [1.0, 1.0]),  # the base is of no session
        ([900, 901], [1.0, 2.0], [1.0]),
        ([50], [1.0], []),
        ([], [], []),
    ],
)
def test_a_point_is_of_the_session_that_closes_next(timestamp, equity, expected):
    found = session_returns(timestamp, equity, CLOSES)
    assert found.dtype == np.float64
    assert found.tolist() == expected


def test_without_closes_all_is_one_session():
    assert session_returns([0, 1, 2], [1.0, 5.0, 2.0], []).tolist() == [1.0]


def test_a_base_at_or_below_zero_has_no_return():
    found = session_returns([0, 100, 200, 300], [1.0, 0.0, -1.0, 1.0], CLOSES)
    assert found[0] == -1.0
    assert np.isnan(found[1:]).all()


@pytest.mark.parametrize(
    ("timestamp", "equity"), [([0, 1], [1.0, 2.0, 3.0]), ([[0, 1]], [[1.0, 2.0]]), ([[0], [1]], [1.0, 2.0])]
)
def test_points_without_their_times_are_refused(timestamp, equity):
    with pytest.raises(
        ValueError, match=r"timestamp: .* does not match .* points|equity: expected one dimension, not 2"
    ):
        session_returns(timestamp, equity, CLOSES)


steps = st.sampled_from([0, 1, HOUR - 1, HOUR, 23 * HOUR, 24 * HOUR, 25 * HOUR, 60 * HOUR])
curves = st.lists(st.tuples(steps, st.sampled_from([-1.0, 0.0, 0.1, 1.0, 3.0, 7.3, 1e6])), max_size=40)


def drawn(timezone, month, offset, curve):
    """A curve that often has its points at local midnights, of days with a change of the clock among them."""
    t = (
        to_ns(datetime(2011, month, 28), timezone)
        + offset
        + np.cumsum([step for step, _ in curve], dtype=int)
    )
    return t, np.array([value for _, value in curve])


@pytest.mark.parametrize("timezone", ZONES)
@given(st.integers(1, 12), st.sampled_from([0, 0, -1, 1, HOUR]), curves)
def test_with_midnights_for_closes_they_are_the_daily_returns(timezone, month, offset, curve):
    t, equity = drawn(timezone, month, offset, curve)
    closes = midnights(int(t[0]), int(t[-1]), timezone) if len(t) else []
    found, daily = session_returns(t, equity, closes), metrics.daily_returns(t, equity, timezone)
    assert found.tobytes() == daily.tobytes()


@pytest.mark.parametrize("timezone", ZONES)
@given(st.integers(1, 12), st.sampled_from([0, 0, -1, 1, HOUR]), curves.filter(len))
def test_with_the_days_of_a_run_for_sessions_too(timezone, month, offset, curve):
    t, equity = drawn(timezone, month, offset, curve)
    t[1:] += (
        1 if len(t) > 1 and t[1] == t[0] else 0
    )  # in a run only the first point has the start as its time
    closes = sessions(int(t[0]), int(t[-1]), timezone).closes
    assert (
        session_returns(t, equity, closes).tobytes() == metrics.daily_returns(t, equity, timezone).tobytes()
    )


@given(st.integers(1, 12), st.lists(st.floats(0.5, 2.0), min_size=3, max_size=60))
def test_daily_bars_end_at_midnights(month, equity):
    """A point each midnight is a return each day, 23 or 25 hours long."""
    begin = to_ns(datetime(2024, month, 1), "America/New_York")
    t = midnights(begin, begin + 60 * 24 * HOUR, "America/New_York")[: len(equity)]
    closes = sessions(int(t[0]), int(t[-1]), "America/New_York").closes
    assert session_returns(t, equity, closes).tobytes() == metrics.returns(equity).tobytes()


@pytest.mark.parametrize("start", [0, -40])
def test_a_time_on_the_grid_ends_its_cell(start):
    # The base, then cells (0, 20] and (20, 40] of the grid, or (-40, -20] and (-20, 0].
    times = start + np.array([0, 20, 30, 40])
    returns = interval_returns(times, np.array([1.0, 2.0, 3.0, 8.0]), 20)
    assert returns.tolist() == [1.0, 3.0]
    times = start + np.array([0, 10, 20, 30])
    assert interval_returns(times, np.array([1.0, 2.0, 4.0, 8.0]), 20).tolist() == [3.0, 1.0]
