"""Periods a year by calendar and by density, and risk-free rates; empyrical has the same figures."""

import warnings
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sweeps import assert_same, swept

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import empyrical

import btcore as bt
from btcore import metrics
from btcore.metrics.annual import BASES, Basis
from btcore.times.sessions import sessions_a_year

DAY = 86_400 * 10**9


def bars(times: Any, seed: int = 0, interval: str = "1d") -> bt.Bars:
    """A random walk with bars that begin at these times (datetime64 or text)."""
    ts = np.array(times, "datetime64[ns]").astype(np.int64)
    close = 100.0 * np.exp(np.cumsum(np.random.default_rng(seed).normal(0.0005, 0.01, len(ts))))
    open_ = np.r_[100.0, close[:-1]]
    return bt.Bars(ts, open_, np.maximum(open_, close), np.minimum(open_, close), close, interval=interval)


def days(first: str, last: str, *weekdays: int) -> Any:
    every = np.arange(first, last, dtype="M8[D]")
    return every[np.isin((every.astype(int) + 3) % 7, weekdays)] if weekdays else every


def of(data: Any, **terms: Any) -> dict[str, Any]:
    return bt.run({"A": data}, "buy_and_hold", progress=False, **terms).metrics


def hourly(on: Any, hours: Any) -> Any:
    return (on.astype("M8[h]")[:, None] + np.asarray(hours)).ravel()


MONTHLY = np.arange("2010-01", "2020-01", dtype="M8[M]").astype("M8[D]")
QUARTERLY = MONTHLY[::3]
WEEKLY = days("2020-01-01", "2022-01-01", 0)
CASES = {
    "every day": (bars(days("2023-01-01", "2024-01-01")), "day", 365.0, Basis.EVERY_DAY),
    "weekdays": (bars(days("2023-01-01", "2024-01-01", 0, 1, 2, 3, 4)), "day", 252.0, Basis.WEEKDAYS),
    "from Sunday evening on": (
        bars(hourly(days("2023-01-01", "2023-06-01", 0, 1, 2, 3, 6), [22]), interval="1h"),
        "day",
        252.0,
        Basis.WEEKDAYS,
    ),
    "hours around the clock": (
        bars(hourly(days("2023-01-01", "2023-03-01"), np.arange(24)), interval="1h"),
        "day",
        365.0,
        Basis.EVERY_DAY,
    ),
    "six days": (bars(days("2023-01-01", "2023-12-31", 0, 1, 2, 3, 4, 6)), "day", 252.0, Basis.WEEKDAYS),
    "weeks": (bars(WEEKLY), "week", 52.0, Basis.WEEKS),
    "months": (bars(MONTHLY), "month", 12.0, Basis.MONTHS),
    "quarters": (bars(QUARTERLY), "quarter", 4.0, Basis.QUARTERS),
    "two days a week": (bars(days("2023-01-01", "2024-01-01", 0, 3)), "day", None, Basis.IRREGULAR),
    "29 days": (bars(days("2023-01-01", "2023-01-30")), "day", None, Basis.TOO_SHORT),
    "one day of minutes": (
        bars(np.datetime64("2023-01-02T10:00") + np.arange(300), interval="1min"),
        "hour",
        None,
        Basis.TOO_SHORT,
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_the_number_of_periods_and_why(name: str) -> None:
    data, period, periods, basis = CASES[name]
    m = of(data)
    assert (m["period"], m["periods_per_year"]) == (period, periods)
    assert m["periods_per_year_from"] == BASES[basis]
    r = np.array([*_returns(data, period)])
    assert m["sharpe_ratio"] == pytest.approx(metrics.sharpe_ratio(r, periods=periods or 1.0), rel=1e-12)
    if periods is None:
        assert m["annual_return"] is m["annual_volatility"] is m["calmar_ratio"] is None
    else:
        expected = empyrical.annual_return(pd.Series(r), annualization=periods)
        assert m["annual_return"] == pytest.approx(100 * expected, rel=1e-10)
        volatility = empyrical.annual_volatility(pd.Series(r), annualization=periods)
        assert m["annual_volatility"] == pytest.approx(100 * volatility, rel=1e-10)


def _returns(data: bt.Bars, period: str) -> Any:
    curve = bt.run({"A": data}, "buy_and_hold", progress=False).equity_curve
    if period == "hour":
        return metrics.interval_returns(curve["timestamp"], curve["equity"], 3600 * 10**9)
    return metrics.daily_returns(curve["timestamp"], curve["equity"])


def test_a_number_that_is_given_goes_first() -> None:
    data, *_ = CASES["every day"]
    m = of(data, periods_per_year=360)
    assert (m["periods_per_year"], m["periods_per_year_from"]) == (360.0, "given")
    year = of(data, periods_per_year=365)
    assert year["annual_return"] == pytest.approx(year["total_return"], rel=1e-12)
    short = of(CASES["29 days"][0], periods_per_year=365)
    assert short["annual_return"] is None
    assert short["sharpe_ratio"] == pytest.approx(
        of(CASES["29 days"][0])["sharpe_ratio"] * 365**0.5, rel=1e-12
    )
    for bad in (0, -1, float("nan"), "252", True):
        with pytest.raises(bt.ConfigError, match="periods_per_year"):
            of(data, periods_per_year=bad)


@pytest.mark.parametrize(("code", "number"), [("XNYS", 252), ("XLON", 253), ("24/7", 365), ("XTKS", 245)])
def test_a_calendar_has_its_own_number(code: str, number: int) -> None:
    assert sessions_a_year(code) == number


def test_with_a_calendar_its_sessions_count() -> None:
    sessions = pd.bdate_range("2023-01-03", "2023-06-30").to_numpy()
    exchange = [day for day in sessions.astype("M8[D]").astype(str) if day not in HOLIDAYS]
    m = of(bars([f"{day}T14:30" for day in exchange], interval="1h"), calendar="XNYS")
    assert (m["period"], m["periods"], m["periods_per_year"]) == ("session", len(exchange), 252.0)
    assert m["periods_per_year_from"] == "the sessions of the calendar"
    sparse = of(bars([f"{day}T14:30" for day in exchange[::2]], interval="1h"), calendar="XNYS")
    assert (sparse["periods_per_year"], sparse["annual_return"]) == (None, None)
    assert of(bars(MONTHLY), calendar="XNYS")["periods_per_year_from"] == "months"
    assert of(bars(MONTHLY), calendar="XNYS")["periods_per_year"] == 12.0


HOLIDAYS = {"2023-01-16", "2023-02-20", "2023-04-07", "2023-05-29", "2023-06-19"}


def test_the_risk_free_return_of_a_period() -> None:
    data, *_ = CASES["weekdays"]
    curve = bt.run({"A": data}, "buy_and_hold", progress=False).equity_curve
    r = metrics.daily_returns(curve["timestamp"], curve["equity"])
    m, free = of(data, risk_free=0.05), 1.05 ** (1 / 252) - 1
    assert m["risk_free"] == pytest.approx(free, rel=1e-12)
    series = pd.Series(r)
    assert m["sharpe_ratio"] == pytest.approx(empyrical.sharpe_ratio(series, risk_free=free), rel=1e-9)
    assert m["sortino_ratio"] == pytest.approx(
        empyrical.sortino_ratio(series, required_return=free), rel=1e-9
    )
    assert m["omega_ratio"] == pytest.approx(empyrical.omega_ratio(series, risk_free=free), rel=1e-9)
    assert m["value_at_risk_95"] == of(data)["value_at_risk_95"]


def test_dated_rates_count_from_their_time_on() -> None:
    data, *_ = CASES["weekdays"]
    curve = bt.run({"A": data}, "buy_and_hold", progress=False).equity_curve
    r = metrics.daily_returns(curve["timestamp"], curve["equity"])
    begins = np.r_[curve["timestamp"][0], data.end[:-1]]
    july = np.datetime64("2023-07-01", "ns").astype(np.int64)
    free = np.where(begins >= july, 1.04 ** (1 / 252) - 1, 0.0)
    dated = [of(data, risk_free=rates) for rates in ([("2023-07-01", 0.04)], pd.Series({"2023-07-01": 0.04}))]
    assert dated[0] == dated[1]
    assert dated[0]["sharpe_ratio"] == pytest.approx(metrics.sharpe_ratio(r, free), rel=1e-12)
    assert dated[0]["risk_free"] == pytest.approx(free.mean(), rel=1e-12)
    for bad, text in (
        ([("2023-07-01", -1.0)], r"risk_free\[0\]"),
        ([("2023-07-01", 0.1), ("2023-06-01", 0.1)], r"risk_free\[1\].*not after the time before it"),
        ("5%", "risk_free"),
        (float("nan"), "risk_free"),
    ):
        with pytest.raises(bt.ConfigError, match=text):
            of(data, risk_free=bad)


def test_a_rate_without_a_year_gives_no_ratio() -> None:
    m = of(CASES["two days a week"][0], risk_free=0.05)
    assert (m["sharpe_ratio"], m["sortino_ratio"], m["omega_ratio"], m["risk_free"]) == (None,) * 4


def test_the_functions_take_a_rate_for_each_return() -> None:
    r = np.random.default_rng(0).normal(0, 0.01, 50)
    constant = np.full(50, 0.0001)
    for function in (metrics.sharpe_ratio, metrics.sortino_ratio, metrics.omega_ratio, metrics.downside_risk):
        assert function(r, constant) == pytest.approx(function(r, 0.0001), rel=1e-9)
        with pytest.raises(ValueError, match="risk_free: 49 values for 50 returns"):
            function(r, constant[1:])


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize(
    "terms", [{}, {"periods_per_year": 100.0}, {"risk_free": [("2011-05-01", 0.02), ("2023-02-01", 0.05)]}]
)
def test_a_sweep_has_the_figures_of_its_runs(name: str, terms: dict[str, Any]) -> None:
    data = {"A": CASES[name][0]}
    grid = {"short_period": [2, 3], "long_period": [5, 9]}
    assert_same(swept(data, "ma_crossover", grid, **terms), data, "ma_crossover", **terms)


def test_the_manifest_has_what_is_given_alone() -> None:
    data = {"A": CASES["every day"][0]}
    plain = bt.run(data, "buy_and_hold", progress=False)
    given = bt.run(data, "buy_and_hold", periods_per_year=365, risk_free=0.05, progress=False)
    assert not {"periods_per_year", "risk_free"} & set(plain.manifest["run"])
    assert (given.manifest["run"]["periods_per_year"], given.manifest["run"]["risk_free"]) == (365.0, 0.05)
    assert given.fingerprint != plain.fingerprint


def test_a_request_has_them_too() -> None:
    base = {"symbols": ["A"], "start_date": "2024-01-01", "end_date": "2024-06-01"}
    request = bt.RunRequest(**base, periods_per_year=260, risk_free=[("2024-03-01", 0.05)])
    result = bt.run_request(request, bt.SampleMarket())
    assert result.metrics["periods_per_year"] == 260.0
    assert 0.0 < result.metrics["risk_free"] < 1.05 ** (1 / 260) - 1
