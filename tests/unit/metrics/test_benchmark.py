"""Figures beside a benchmark, and the odds of a Sharpe ratio: empyrical, scipy and numpy give the same."""

import warnings
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from sweeps import assert_same, swept

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import empyrical

import btcore as bt
from btcore import metrics

DAY = 86_400 * 10**9
START = 1_704_067_200 * 10**9
RNG = np.random.default_rng(7)
Y = RNG.normal(0.0004, 0.01, 300)
R = 0.7 * Y + RNG.normal(0.0002, 0.006, 300)


@pytest.mark.parametrize("free", [0.0, 0.0001])
def test_alpha_and_beta_are_those_of_empyrical(free: float) -> None:
    r, y = pd.Series(R), pd.Series(Y)
    assert metrics.beta(R, Y, free) == pytest.approx(empyrical.beta(r, y, free), rel=1e-10)
    assert metrics.alpha(R, Y, free) == pytest.approx(empyrical.alpha(r, y, free), rel=1e-9)


def test_the_others_are_those_of_numpy() -> None:
    active = R - Y
    assert metrics.correlation(R, Y) == pytest.approx(np.corrcoef(R, Y)[0, 1], rel=1e-12)
    assert metrics.tracking_error(R, Y) == pytest.approx(active.std(ddof=1) * 252**0.5, rel=1e-12)
    assert metrics.information_ratio(R, Y, 1.0) == pytest.approx(empyrical.excess_sharpe(R, Y), rel=1e-10)
    for function, rows in ((metrics.up_capture, Y > 0), (metrics.down_capture, Y < 0)):
        means = [stats.gmean(1 + x[rows]) - 1 for x in (R, Y)]
        assert function(R, Y) == pytest.approx(means[0] / means[1], rel=1e-9)


def test_what_is_undefined_is_nan() -> None:
    flat = np.zeros(5)
    for function in (metrics.beta, metrics.alpha, metrics.correlation, metrics.information_ratio):
        assert np.isnan(function(R[:5], flat)) or function is metrics.information_ratio
        assert np.isnan(function(R[:1], Y[:1]))
    assert np.isnan(metrics.up_capture(R[:5], flat))
    assert np.isnan(metrics.information_ratio(Y, Y))
    with pytest.raises(ValueError, match="benchmark: 4 returns for 5"):
        metrics.beta(R[:5], Y[:4])


@pytest.mark.parametrize("target", [0.0, 0.05])
def test_the_odds_of_a_sharpe_ratio_are_those_of_the_paper(target: float) -> None:
    s = R.mean() / R.std(ddof=1)
    error = 1 - stats.skew(R) * s + (stats.kurtosis(R, fisher=False) - 1) / 4 * s**2
    expected = stats.norm.cdf((s - target) * np.sqrt(len(R) - 1) / np.sqrt(error))
    assert metrics.probabilistic_sharpe_ratio(R, target) == pytest.approx(expected, rel=1e-12)
    needed = 1 + error * (stats.norm.ppf(0.9) / (s - target)) ** 2
    found = metrics.minimum_track_record_length(R, target, 0.9)
    assert found == pytest.approx(needed, rel=1e-9) if s > target else np.isnan(found)
    assert np.isnan(metrics.minimum_track_record_length(-abs(R)))


def bars(prices: Any, days: Any = None) -> bt.Bars:
    p = np.array(prices, np.float64)
    o = np.r_[p[0], p[:-1]]
    ts = START + DAY * (np.arange(len(p)) if days is None else np.asarray(days))
    return bt.Bars(ts, o, np.maximum(o, p), np.minimum(o, p), p, interval="1d")


WALK = 100.0 * np.cumprod(1 + R)
MARKET = 50.0 * np.cumprod(1 + Y)
TRADED = {"A": bars(WALK)}


def test_a_run_is_compared_with_data_that_it_does_not_trade() -> None:
    result = bt.run(TRADED, "buy_and_hold", benchmark={"SPY": bars(MARKET)}, progress=False)
    assert set(result.trades["symbol"].tolist()) == {"A"}
    assert result.manifest["run"]["benchmark"]["symbol"] == "SPY"
    r = metrics.daily_returns(result.equity_curve["timestamp"], result.equity_curve["equity"])
    y = np.r_[0.0, MARKET[1:] / MARKET[:-1] - 1]
    m = result.metrics
    assert m["beta"] == pytest.approx(metrics.beta(r, y), rel=1e-9)
    assert m["alpha"] == pytest.approx(100 * metrics.alpha(r, y, 0.0, 365), rel=1e-7)
    assert m["tracking_error"] == pytest.approx(100 * metrics.tracking_error(r, y, 365), rel=1e-9)
    assert m["information_ratio"] == pytest.approx(metrics.information_ratio(r, y, 365), rel=1e-9)
    assert m["up_capture"] == pytest.approx(100 * metrics.up_capture(r, y), rel=1e-9)
    assert m["benchmark_return"] == pytest.approx(100 * (MARKET[-1] / MARKET[0] - 1), rel=1e-9)
    assert m["treynor_ratio"] == pytest.approx(m["annual_return"] / 100 / m["beta"], rel=1e-9)
    capital = m["initial_capital"]
    grown = capital * MARKET[-1] / MARKET[0]
    assert result.benchmark_curve["value"][[0, -1]] == pytest.approx([capital, grown])
    assert len(result.document()["benchmark_curve"]) == len(result.equity_curve)


def test_without_a_benchmark_there_are_none() -> None:
    result = bt.run(TRADED, "buy_and_hold", progress=False)
    assert {result.metrics[name] for name in ("alpha", "beta", "up_capture", "benchmark_return")} == {None}
    assert len(result.benchmark_curve) == 0
    assert np.isnan(result.rolling(10)["beta"]).all()


def test_a_run_is_its_own_benchmark() -> None:
    orders = bt.Orders(START, "A", "buy", 1.0)
    result = bt.run(TRADED, orders, benchmark="A", initial_capital=float(WALK[0]), progress=False)
    assert result.metrics["beta"] == pytest.approx(1.0)
    assert result.metrics["alpha"] == pytest.approx(0.0, abs=1e-9)
    assert (result.metrics["up_capture"], result.metrics["down_capture"]) == pytest.approx((100.0, 100.0))


def test_splits_and_dividends_of_the_benchmark_count() -> None:
    """100, then split 2 for 1 at 50, then a dividend of 1 on 50: worth the same all along."""
    prices = bars([100, 100, 50, 50, 49, 49])
    terms = bt.Instrument(splits=[("2024-01-03", 2.0)], dividends=[("2024-01-05", 1.0)])
    result = bt.run(
        {"A": prices}, bt.Orders([START], "A", "buy", 1.0), instruments={"A": terms}, benchmark="A",
        progress=False,
        initial_capital=1000.0,
    )  # fmt: skip
    assert result.benchmark_curve["value"] == pytest.approx(np.full(7, 1000.0))


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("SPY", "benchmark: 'SPY' is not a symbol of the data, which are A"),
        ({"SPY": bars(MARKET), "QQQ": bars(MARKET)}, "benchmark: 2 symbols are given; one is needed"),
        (3, "benchmark: 3 is not a symbol"),
    ],
)
def test_what_is_no_benchmark_is_refused(given: Any, message: str) -> None:
    with pytest.raises(bt.ConfigError, match=message):
        bt.run(TRADED, "buy_and_hold", benchmark=given, progress=False)


def test_of_a_source_it_is_loaded_beside_the_symbols(tmp_path: Any) -> None:
    catalog = bt.Catalog(tmp_path)
    catalog.write("A", bars(WALK))
    catalog.write("SPY", bars(MARKET))
    result = bt.run(catalog, "buy_and_hold", symbols=["A"], benchmark="SPY", progress=False)
    alone = bt.run(TRADED, "buy_and_hold", benchmark={"SPY": bars(MARKET)}, progress=False)
    assert result.metrics == alone.metrics
    assert set(result.trades["symbol"].tolist()) == {"A"}
    request = bt.RunRequest(symbols=["A"], start_date="2024-01-01", end_date="2025-01-01", benchmark="SPY")
    by_request = bt.run_request(request, catalog)
    assert by_request.metrics["beta"] == pytest.approx(alone.metrics["beta"], rel=1e-12)
    with pytest.raises(bt.DataError, match=r"^benchmark: .*QQQ"):
        bt.run(catalog, "buy_and_hold", symbols=["A"], benchmark="QQQ", progress=False)


def test_a_sweep_has_the_figures_of_its_runs() -> None:
    grid = {"short_period": [2, 3], "long_period": [5, 9], "allow_short": [True, False]}
    for terms in ({}, {"risk_free": 0.03}, {"periods_per_year": 300.0}):
        given: dict[str, Any] = {"benchmark": {"SPY": bars(MARKET)}, **terms}
        assert_same(swept(TRADED, "ma_crossover", grid, **given), TRADED, "ma_crossover", **given)
