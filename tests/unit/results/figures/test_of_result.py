"""Drawdowns, rolling figures, calendar returns, profit by group and costs, each by another way."""

import calendar
from typing import Any

import numpy as np
import pandas as pd
import pytest

import btcore as bt
from btcore import metrics

DAY = 86_400 * 10**9
START = 1_704_067_200 * 10**9  # Monday, 2024-01-01


def at(days: float) -> int:
    return START + int(days * DAY)


def result_of(prices: Any, **terms: Any) -> bt.Result:
    """A run that holds 10 units from the first open on, so that equity is 10 times the close."""
    close = np.array(prices, np.float64)
    open_ = np.r_[close[0], close[:-1]]
    bars = bt.Bars(
        START + DAY * np.arange(len(close)), open_, np.maximum(open_, close), np.minimum(open_, close), close,
        interval="1d",
    )  # fmt: skip
    orders = bt.Orders(START, "A", "buy", 10.0)
    return bt.run({"A": bars}, orders, initial_capital=10 * float(close[0]), progress=False, **terms)


@pytest.fixture(scope="module")
def traded() -> bt.Result:
    data = {s: bt.sample_bars(s, "2022-11-15", "2024-03-10") for s in ("AAPL", "MSFT")}
    terms = {"execution": bt.Execution(commission_bps=2, slippage_bps=3), "timezone": "America/New_York"}
    return bt.run(
        data, "ma_crossover", {"short_period": 3, "long_period": 9}, benchmark="AAPL", progress=False, **terms
    )


@pytest.fixture(scope="module", params=[".npz", ".parquet"])
def loaded(request: Any, traded: bt.Result, tmp_path_factory: Any) -> bt.Result:
    path = tmp_path_factory.mktemp("saved") / f"result{request.param}"
    traded.save(path)
    return bt.load_result(path)


# Drawdowns


def test_a_drawdown_by_hand() -> None:
    """Ends of days 1 to 8: 100 110 110 90 80 80 110 120: the high is last seen at the end of day 3."""
    result = result_of([100, 110, 110, 90, 80, 80, 110, 120])
    (row,) = result.drawdowns.tolist()
    assert row == (at(3), at(5), at(7), pytest.approx(100 * 30 / 110), 4.0, 4)
    assert result.metrics["max_drawdown"] == pytest.approx(row[3])


def test_a_drawdown_that_does_not_recover_goes_to_the_end() -> None:
    result = result_of([100, 120, 90, 100])
    assert result.drawdowns.tolist() == [(at(2), at(3), -1, pytest.approx(25.0), 2.0, 2)]
    assert result.rows("orders")
    assert len(result_of([100, 101, 102]).drawdowns) == 0
    assert result_of([100, 90, 90, 100, 95]).drawdowns["recovery"].tolist() == [at(4), -1]


def test_drawdowns_are_those_of_a_walk_along_the_curve(traded: bt.Result) -> None:
    equity, clock = traded.columns()["equity"], traded.columns()["timestamp"]
    expected, high, peak, low, trough = [], -np.inf, 0, 0.0, 0
    under = False
    for t, e in zip(clock.tolist(), equity.tolist(), strict=True):
        if e >= high:
            if under:
                expected.append((peak, trough, t, 100 * (high - low) / high))
            high, peak, under = e, t, False
        elif not under or e < low:
            low, trough, under = e, t, True
    if under:
        expected.append((peak, trough, -1, 100 * (high - low) / high))
    found = traded.drawdowns
    assert [row[:3] for row in found.tolist()] == [row[:3] for row in expected]
    assert found["depth"] == pytest.approx([row[3] for row in expected], rel=1e-12)
    assert found["depth"].max() == pytest.approx(traded.metrics["max_drawdown"], rel=1e-12)
    assert found["days"].max() == pytest.approx(traded.metrics["max_drawdown_duration_days"], rel=1e-12)


# Rolling and calendar returns


def test_rolling_figures_are_those_of_each_window(traded: bt.Result) -> None:
    curve, other = traded.equity_curve, traded.benchmark_curve
    zone = "America/New_York"
    r = metrics.daily_returns(curve["timestamp"], curve["equity"], zone)
    y = metrics.daily_returns(other["timestamp"], other["value"], zone)
    table = traded.rolling(20)
    assert len(table) == len(r) - 19
    assert np.all(np.diff(table["timestamp"]) > 0)
    year = traded.metrics["periods_per_year"]
    for row in (0, 7, len(table) - 1):
        part = pd.Series(r[row : row + 20])
        assert table["return"][row] == pytest.approx(100 * ((1 + part).prod() - 1), abs=1e-9)
        assert table["volatility"][row] == pytest.approx(100 * part.std() * year**0.5, rel=1e-9)
        if part.std() > 0:
            assert table["sharpe_ratio"][row] == pytest.approx(part.mean() / part.std() * year**0.5, rel=1e-9)
        slope = np.cov(part, y[row : row + 20])[0, 1] / np.var(y[row : row + 20], ddof=1)
        assert table["beta"][row] == pytest.approx(slope, abs=1e-9)
    for bad in (1, len(r) + 1, 2.5, True):
        with pytest.raises(bt.ConfigError, match=f"window: {bad!r} is not a whole number from 2 to {len(r)}"):
            traded.rolling(bad)  # type: ignore[arg-type]


def test_months_and_years_are_those_of_pandas(traded: bt.Result) -> None:
    clock = pd.to_datetime(traded.equity_curve["timestamp"] - 1, utc=True).tz_convert("America/New_York")
    equity = pd.Series(traded.equity_curve["equity"], index=clock.tz_localize(None))
    last = equity.groupby(equity.index.to_period("M")).last()
    growth = last / last.shift().fillna(equity.iloc[0]) - 1
    assert [(row["year"], row["month"]) for row in traded.monthly] == [
        (p.year, p.month) for p in growth.index
    ]
    assert traded.monthly["return"] == pytest.approx(100 * growth.to_numpy(), abs=1e-9)
    by_year = equity.groupby(equity.index.year).last()
    yearly = by_year / by_year.shift().fillna(equity.iloc[0]) - 1
    assert traded.yearly["year"].tolist() == yearly.index.tolist()
    assert traded.yearly["return"] == pytest.approx(100 * yearly.to_numpy(), abs=1e-9)


def test_a_month_without_points_has_no_row() -> None:
    days = [0, 1, 70, 71]
    close = np.array([100.0, 110.0, 121.0, 121.0])
    bars = bt.Bars(START + DAY * np.array(days), close, close, close, close, interval="1d")
    result = bt.run({"A": bars}, bt.Orders(START, "A", "buy", 1.0), initial_capital=100.0, progress=False)
    assert [row[:2] for row in result.monthly.tolist()] == [(2024, 1), (2024, 3)]
    assert result.monthly["return"] == pytest.approx([10.0, 10.0])


# Profit and costs


@pytest.mark.parametrize("group", ["symbol", "side", "hour", "weekday", "month"])
def test_profit_adds_up_by_every_group(traded: bt.Result, group: str) -> None:
    trips, table = traded.round_trips, traded.profit_by(group)  # type: ignore[arg-type]
    assert table["round_trips"].sum() == len(trips) > 20
    assert table["pnl"].sum() == pytest.approx(trips["pnl"].sum(), rel=1e-9)
    local = pd.to_datetime(trips["exit_timestamp"], utc=True).tz_convert("America/New_York")
    keys = {
        "symbol": trips["symbol"].tolist(),
        "side": trips["side"].tolist(),
        "hour": local.hour.tolist(),
        "weekday": [calendar.day_name[day] for day in local.day_of_week],
        "month": local.month.tolist(),
    }[group]
    expected = pd.Series(trips["pnl"]).groupby(keys).sum()
    found = dict(zip(table["group"].tolist(), table["pnl"].tolist(), strict=True))
    assert found == {key: pytest.approx(value, rel=1e-9, abs=1e-6) for key, value in expected.items()}
    with pytest.raises(bt.ConfigError, match="group: 'day' is not one of symbol, side, hour"):
        traded.profit_by("day")  # type: ignore[arg-type]


@pytest.mark.parametrize("strategy", ["orders", "callback"])
def test_the_costs_of_quotes_are_their_spreads_slippage_and_commission(strategy: str) -> None:
    """Buy 10 at 101, half a spread of 1; sell 10 at 102, half a spread of 2; slippage 1 %, 0.5 a unit."""
    ts = START + np.arange(4) * 10**9
    quotes = bt.Quotes(ts, [99.0, 99.0, 102.0, 102.0], [101.0, 101.0, 106.0, 106.0])
    terms = bt.Execution(slippage_bps=100, commission_per_share=0.5)
    made = bt.Orders([ts[1] + 1, ts[2] + 1], "A", ["buy", "sell"], 10.0)
    given: Any = made if strategy == "orders" else made.handler(("A",))
    result = bt.run({"A": quotes}, given, execution=terms, progress=False)
    assert result.costs == {
        "commission": 10.0,
        "slippage": pytest.approx(10 * 1.01 + 10 * 1.02),
        "spread": pytest.approx(10 * 1.0 + 10 * 2.0),
        "funding": 0.0,
        "borrow": 0.0,
        "total": pytest.approx(10 + 20.3 + 30),
    }
    assert result.metrics["spread_cost"] == pytest.approx(30.0)


def test_a_maker_pays_no_spread() -> None:
    ts = START + np.arange(3) * 10**9
    quotes = bt.Quotes(ts, [99.0, 97.0, 97.0], [101.0, 98.0, 98.0])
    result = bt.run({"A": quotes}, bt.Orders([ts[0] + 1], "A", "buy", 1.0, limit_price=98.5), progress=False)
    assert result.trades["liquidity"].tolist() == ["maker"]
    assert result.costs["total"] == 0.0


def test_funding_and_borrow_are_paid_or_received() -> None:
    terms: dict[str, Any] = {
        "instruments": {"A": bt.Instrument(funding=[("2024-01-03", 0.01)], borrow_rate=0.365)}
    }
    result = result_of([100, 100, 100, 100], **terms)
    assert result.costs["funding"] == pytest.approx(10.0)
    assert result.costs["total"] == pytest.approx(10.0)


# Saved


def test_a_loaded_result_has_the_same_figures(traded: bt.Result, loaded: bt.Result) -> None:
    assert loaded.metrics == traded.metrics
    for name in ("drawdowns", "monthly", "yearly", "benchmark_curve"):
        assert getattr(loaded, name).tobytes() == getattr(traded, name).tobytes(), name
    assert loaded.rolling(15).tobytes() == traded.rolling(15).tobytes()
    assert loaded.costs == traded.costs
    assert loaded.profit_by("hour").tobytes() == traded.profit_by("hour").tobytes()


def test_period_returns_compound_to_the_total_and_are_those_of_the_metrics(traded: bt.Result) -> None:
    found = traded.period_returns
    assert len(found) == traded.metrics["periods"]
    growth = np.prod(1.0 + found["return"] / 100.0)
    assert 100.0 * (growth - 1.0) == pytest.approx(traded.metrics["total_return"], rel=1e-9)
    assert np.quantile(found["return"], 0.05) == pytest.approx(traded.metrics["value_at_risk_95"], rel=1e-12)
    assert np.all(np.diff(found["timestamp"]) > 0)
    assert found["timestamp"][-1] == traded.equity_curve["timestamp"][-1]
    assert result_of([100]).period_returns["return"].tolist() == [0.0]
