"""Every formula against empyrical on the same returns, and the calendar against plain Python."""

import math
import warnings
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import empyrical

from scipy import stats

from btcore import metrics

DAY = metrics.DAY_NS
HOUR = 3600 * 10**9
RETURNS = np.random.default_rng(7).normal(0.0004, 0.011, 2000)
SAME = [
    ("sharpe_ratio", empyrical.sharpe_ratio, {}),
    ("sharpe_ratio", empyrical.sharpe_ratio, {"risk_free": 0.0001}),
    ("sortino_ratio", empyrical.sortino_ratio, {}),
    ("sortino_ratio", empyrical.sortino_ratio, {"required_return": 0.0002}),
    ("downside_risk", empyrical.downside_risk, {}),
    ("annual_return", empyrical.annual_return, {}),
    ("annual_volatility", empyrical.annual_volatility, {}),
    ("calmar_ratio", empyrical.calmar_ratio, {}),
    ("omega_ratio", empyrical.omega_ratio, {}),
    ("omega_ratio", empyrical.omega_ratio, {"risk_free": 0.0001, "required_return": 0.05}),
    ("value_at_risk", empyrical.value_at_risk, {}),
    ("value_at_risk", empyrical.value_at_risk, {"cutoff": 0.013}),
    ("conditional_value_at_risk", empyrical.conditional_value_at_risk, {}),
    ("tail_ratio", empyrical.tail_ratio, {}),
    ("stability", empyrical.stability_of_timeseries, {}),
    ("skew", stats.skew, {}),
    ("kurtosis", stats.kurtosis, {}),
]


@pytest.mark.parametrize(("name", "theirs", "options"), SAME)
@pytest.mark.parametrize("size", [2, 3, 21, 252, 2000])
def test_equals_empyrical(name, theirs, options, size):
    r = RETURNS[:size]
    expected = float(theirs(pd.Series(r), **options))
    if math.isinf(expected):  # a ratio to no risk at all
        expected = math.nan
    assert getattr(metrics, name)(r, **options) == pytest.approx(expected, rel=1e-12, nan_ok=True)


@pytest.mark.parametrize("name", ["sharpe_ratio", "sortino_ratio", "annual_return", "annual_volatility"])
def test_the_number_of_periods_is_asked_for(name):
    theirs = getattr(empyrical, name)(pd.Series(RETURNS), annualization=365)
    assert getattr(metrics, name)(RETURNS, periods=365) == pytest.approx(theirs, rel=1e-12)


@given(st.lists(st.integers(-5000, 9000), min_size=2, max_size=80).filter(lambda x: min(x) < max(x)))
def test_equals_empyrical_on_any_returns(values):
    r = np.array(values) / 10_000
    lost = 1e-13 * 252 * np.abs(r).max() / r.std()  # what cancels in the mean, or in a fall, is lost in both
    fall = max(empyrical.max_drawdown(pd.Series(r)) * -1, 1e-9)
    for name, theirs, options in SAME[:14]:
        with np.errstate(divide="ignore", invalid="ignore"):
            expected = float(theirs(pd.Series(r), **options))
        if math.isinf(expected):
            expected = math.nan
        slack = 1e-12 + (1e-15 / fall if name == "calmar_ratio" else 0.0)
        ours = getattr(metrics, name)(r, **options)
        assert ours == pytest.approx(expected, rel=slack, abs=lost, nan_ok=True), name


@pytest.mark.parametrize("name", sorted({name for name, _, _ in SAME}))
def test_undefined_is_nan(name):
    metric = getattr(metrics, name)
    assert math.isnan(metric([]))
    assert math.isnan(metric([0.1, math.nan, -0.2]))
    assert math.isnan(metric([0.1, math.inf]))
    with pytest.raises(ValueError, match="expected one dimension"):
        metric([[0.1, 0.2]])


def test_no_dispersion_is_no_ratio():
    flat = np.full(1000, 0.1)
    for name in ("sharpe_ratio", "skew", "kurtosis", "sortino_ratio", "calmar_ratio", "omega_ratio"):
        assert math.isnan(getattr(metrics, name)(flat)), name
    assert math.isnan(metrics.stability(np.zeros(5)))
    assert math.isnan(metrics.tail_ratio(np.zeros(5)))
    assert math.isnan(metrics.sharpe_ratio([0.1]))
    assert math.isnan(metrics.annual_volatility([0.1]))


def test_ruin_is_minus_one_and_beyond_it_nothing_is_defined():
    assert metrics.annual_return([0.1, -1.0]) == -1.0
    assert math.isnan(metrics.annual_return([0.1, -1.5]))


def test_returns_of_a_curve():
    equity = np.array([100.0, 110.0, 99.0, 99.0])
    assert metrics.returns(equity) == pytest.approx([0.1, -0.1, 0.0], rel=1e-15)
    assert metrics.returns([]).size == metrics.returns([5.0]).size == 0
    assert np.isnan(metrics.returns([100.0, -1.0, 5.0])).tolist() == [False, True]


def test_drawdown_counts_a_loss_on_the_first_day():
    equity = [100.0, 80.0, 90.0, 120.0, 60.0, 90.0]
    assert metrics.drawdown(equity) == pytest.approx([0, 0.2, 0.1, 0, 0.5, 0.25])
    assert metrics.max_drawdown(equity) == 0.5
    assert metrics.max_drawdown(equity[:3]) == pytest.approx(0.2)
    assert metrics.max_drawdown([1.0, 2.0]) == 0.0
    assert math.isnan(metrics.max_drawdown([]))
    assert math.isnan(metrics.max_drawdown([1.0, math.nan, 2.0]))


def test_drawdown_duration_runs_from_the_last_peak_to_recovery_or_the_end():
    t = np.arange(8) * 10
    assert metrics.max_drawdown_duration(t, [5, 5, 5, 4, 3, 5, 6, 6]) == 30
    assert metrics.max_drawdown_duration(t, [5, 4, 5, 6, 5, 4, 4, 4]) == 40
    assert metrics.max_drawdown_duration(t, [1, 2, 2, 2, 3, 4, 5, 6]) == 0
    with pytest.raises(ValueError, match="timestamp"):
        metrics.max_drawdown_duration(t[:3], [1, 2])


@given(st.lists(st.integers(1, 20), min_size=1, max_size=40))
def test_drawdowns_by_hand(values):
    equity = [float(v) for v in values]
    peaks = [max(equity[: i + 1]) for i in range(len(equity))]
    falls = [(peak - e) / peak for peak, e in zip(peaks, equity, strict=True)]
    assert metrics.drawdown(equity).tolist() == falls
    assert metrics.max_drawdown(equity) == max(falls)
    longest = 0
    for i, e in enumerate(equity):
        if e < max(equity[: i + 1]):
            continue
        back = next((j for j in range(i + 1, len(equity)) if equity[j] >= e), len(equity) - 1)
        if any(x < e for x in equity[i + 1 : back + 1]) or (back > i and equity[back] < e):
            longest = max(longest, back - i)
    assert metrics.max_drawdown_duration(range(len(equity)), equity) == longest


def ns(year, month, day, hour=0):
    return int(datetime(year, month, day, hour, tzinfo=UTC).timestamp()) * 10**9


def test_a_bar_closed_at_midnight_belongs_to_the_day_it_ends():
    t = [ns(2024, 1, 1), ns(2024, 1, 1, 12), ns(2024, 1, 2), ns(2024, 1, 2, 12), ns(2024, 1, 5)]
    equity = [100.0, 50.0, 110.0, 55.0, 121.0]
    # days: 1 Jan (110), 2 Jan (55), 4 Jan (121); 3 Jan has no points and is no period
    assert metrics.daily_returns(t, equity) == pytest.approx([0.1, -0.5, 1.2])


def test_the_first_point_is_only_the_base():
    t = [ns(2024, 1, 2), ns(2024, 1, 3)]
    assert metrics.daily_returns(t, [100.0, 90.0]) == pytest.approx([-0.1])
    assert metrics.daily_returns(t[:1], [100.0]).size == 0
    assert metrics.daily_returns([t[0], t[0]], [100.0, 90.0]) == pytest.approx([-0.1])


@pytest.mark.parametrize(
    "zone", ["UTC", "America/New_York", "Asia/Kolkata", "Pacific/Apia", "America/Havana", "America/Sao_Paulo"]
)
@given(st.lists(st.integers(0, 24 * 900), min_size=2, max_size=60))
@example([0, 0, 24 * 899, 24 * 900])  # a day that begins with the last point but 1 ns
def test_days_are_local_dates(zone, hours):
    start = ns(2011, 10, 1)
    t = np.sort(np.array(hours)) * HOUR + start + 1
    equity = 100.0 + np.arange(len(t)) % 7
    local = ZoneInfo(zone)
    base, last = equity[0], {}
    for when, value in zip(t[1:], equity[1:], strict=True):
        second = (int(when) - 1) // 10**9
        moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=second)
        last[moment.astimezone(local).date()] = value
    expected, previous = [], base
    for value in last.values():
        expected.append((value - previous) / previous)
        previous = value
    assert metrics.daily_returns(t, equity, zone).tolist() == expected


def test_the_new_year_comes_early_in_the_east():
    t = [ns(2024, 12, 31, 13), ns(2024, 12, 31, 14), ns(2024, 12, 31, 16)]  # midnight in Tokyo is at 15:00
    assert metrics.daily_returns(t, [100.0, 110.0, 121.0], "Asia/Tokyo") == pytest.approx([0.1, 0.1])
    assert metrics.daily_returns(t, [100.0, 110.0, 121.0], "UTC") == pytest.approx([0.21])


def test_interval_returns_use_the_utc_grid():
    t = np.array([0, 1, 60, 61, 200]) * 10**9
    assert metrics.interval_returns(t, [1.0, 2.0, 4.0, 2.0, 8.0], 60 * 10**9) == pytest.approx(
        [3.0, -0.5, 3.0]
    )
    assert metrics.interval_returns(t[:1], [1.0], 60 * 10**9).size == 0


def test_turnover_and_exposure():
    assert metrics.turnover(300.0, [100.0, 200.0]) == 2.0
    assert math.isnan(metrics.turnover(300.0, [0.0, 0.0]))
    assert metrics.exposure_time([10, 0, 15], [20, 5, 18], 0, 40) == 15 / 40
    assert metrics.exposure_time([10, 15, 90], [20, 30, 200], 0, 100) == 0.3
    assert metrics.exposure_time([], [], 0, 100) == 0.0
    assert math.isnan(metrics.exposure_time([5], [5], 5, 5))


def test_read_only_and_strided_input_is_welcome():
    curve = np.zeros(4, dtype=[("timestamp", "i8"), ("equity", "f8")])
    curve["timestamp"], curve["equity"] = np.arange(1, 5) * DAY, [100.0, 101.0, 100.0, 103.0]
    curve.setflags(write=False)
    assert metrics.daily_returns(curve["timestamp"], curve["equity"]).size == 3
    assert metrics.max_drawdown(curve["equity"]) == pytest.approx(1 / 101)
