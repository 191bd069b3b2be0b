"""Figures by the names of other packages equal what the packages give.

The numbers are those of quantstats 0.0.86, vectorbt 1.2.0 and backtesting 0.6.6 for the returns, the curve
and the round trips of `RUN`. Where a package is installed, it is asked again.
"""

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import btcore as bt
from btcore.results.conventions.values import RunValues
from btcore.results.metrics_as import CONVENTIONS
from btcore.times.intervals import DAY_NS

DATA = {"AAPL": bt.sample_bars("AAPL", "2022-01-03", "2024-01-01")}
OTHER = {"MSFT": bt.sample_bars("MSFT", "2022-01-03", "2024-01-01")}
RUN = bt.run(DATA, "ma_crossover", {"short_period": 5, "long_period": 20}, benchmark=OTHER, progress=False)
GIVEN: dict[str, dict[str, float]] = {
    "quantstats": {
        "comp": -0.10519116588149124,
        "cagr": -0.05243776665079636,
        "sharpe": -0.15765602601227643,
        "sortino": -0.21807447100326652,
        "volatility": 0.20643384451739927,
        "max_drawdown": -0.2655263013091955,
        "calmar": -0.1974861488005082,
        "omega": 0.9661876979091996,
        "tail_ratio": 0.968809405806622,
        "skew": -0.18164056695185124,
        "kurtosis": 2.3701082016542463,
        "value_at_risk": -0.02151900626085671,
        "win_rate": 0.5,
        "profit_factor": 0.9661876979091996,
        "payoff_ratio": 0.9661876979091996,
        "kelly_criterion": -0.017497791663032565,
        "best": 0.04133784291619691,
        "worst": -0.05924657534246577,
        "beta": -0.025350883105544807,
        "alpha": -0.031975828356003475,
        "information_ratio": -0.013361511058340225,
        "treynor_ratio": 4.149408343825449,
    },
    "vectorbt": {
        "total": -0.10519116588149124,
        "annualized": -0.07504978487447034,
        "annualized_volatility": 0.2484431703343344,
        "sharpe_ratio": -0.18973905667634353,
        "sortino_ratio": -0.2624526664786695,
        "calmar_ratio": -0.28264538956944096,
        "omega_ratio": 0.9661876979091999,
        "max_drawdown": -0.2655263013091955,
        "downside_risk": 0.17961095007867994,
        "tail_ratio": 0.9688094058066216,
        "value_at_risk": -0.024935970550874247,
        "cond_value_at_risk": -0.03238131084615141,
    },
    "backtesting.py": {
        "Equity Final [$]": 894808.8341185087,
        "Equity Peak [$]": 1214344.516587845,
        "Return [%]": -10.519116588149128,
        "Return (Ann.) [%]": -5.253610109490204,
        "Volatility (Ann.) [%]": 19.792051829847296,
        "CAGR [%]": -5.44553549055784,
        "Sharpe Ratio": -0.26544039772407657,
        "Sortino Ratio": -0.3516844756892302,
        "Calmar Ratio": -0.19785648666768255,
        "Max. Drawdown [%]": -26.552630130919617,
        "# Trades": 16.0,
        "Win Rate [%]": 25.0,
        "Best Trade [%]": 22.595946528676144,
        "Worst Trade [%]": -8.70103092783505,
        "Avg. Trade [%]": -0.6599743171329275,
        "Profit Factor": 0.8186765445454444,
        "Expectancy [%]": -0.44563544157033136,
        "SQN": -0.3798312189158153,
        "Kelly Criterion": -0.08467622273646025,
    },
}


def returns_of(result: bt.Result) -> tuple[Any, Any]:
    """Daily returns of the result and of its benchmark, with the day that they end in."""
    curve = result.equity_curve
    days = pd.to_datetime(curve["timestamp"][1:] - DAY_NS)
    pairs = (curve["equity"], result.benchmark_curve["value"])
    return tuple(pd.Series(v[1:] / v[:-1] - 1, index=days) for v in pairs)  # type: ignore[return-value]


@pytest.mark.parametrize("package", GIVEN)
def test_the_figures_are_those_of_the_package(package: str) -> None:
    found = RUN.metrics_as(package)
    assert list(found) == list(GIVEN[package])
    for name, value in GIVEN[package].items():
        assert found[name] == pytest.approx(value, rel=1e-9), name


def test_installed_quantstats_gives_them() -> None:
    package = pytest.importorskip("quantstats.stats")
    r, y = returns_of(RUN)
    greeks = package.greeks(r, y)
    for name, value in RUN.metrics_as("quantstats").items():
        if name in ("alpha", "beta"):
            expected = greeks[name]
        elif name in ("information_ratio", "treynor_ratio"):
            expected = getattr(package, name)(r, y)
        else:
            expected = getattr(package, name)(r)
        assert value == pytest.approx(expected, rel=1e-9), name


def test_installed_vectorbt_gives_them() -> None:
    pytest.importorskip("vectorbt")
    accessor = returns_of(RUN)[0].vbt.returns(freq="D")
    for name, value in RUN.metrics_as("vectorbt").items():
        assert value == pytest.approx(getattr(accessor, name)(), rel=1e-9), name


def test_installed_backtesting_gives_them() -> None:
    package = pytest.importorskip("backtesting._stats")
    result = held(FALLING * 20, first=10_957)
    curve, trips = result.equity_curve[1:], RUN.round_trips
    rows = pd.DataFrame({"PnL": trips["pnl"], "ReturnPct": trips["return"], "EntryBar": 0, "ExitBar": 0})
    rows["Duration"] = pd.to_timedelta(trips["duration"])
    for part, table in ((curve, rows[:0]), (RUN.equity_curve[1:], rows)):
        index = pd.to_datetime(part["timestamp"] - DAY_NS)
        close = pd.DataFrame({"Close": part["equity"]}, index=index)
        given = package.compute_stats(table, part["equity"], close, None)
        found = (RUN if len(table) else result).metrics_as("backtesting.py")
        for name, value in found.items():
            expected = None if not np.isfinite(given[name]) else pytest.approx(given[name], rel=1e-9)
            assert value == expected, name


def test_lean_by_hand() -> None:
    """The formulas of PortfolioStatistics: compounded mean over deviation, odds against a ratio of 1."""
    r, y = (series.to_numpy() for series in returns_of(RUN))
    found = RUN.metrics_as("lean")
    performance, other = (1 + r.mean()) ** 252 - 1, (1 + y.mean()) ** 252 - 1
    deviation = r.std(ddof=1) * math.sqrt(252)
    beta = np.cov(r, y)[0, 1] / y.var(ddof=1)
    ratio = r.mean() / r.std(ddof=1)
    error = math.sqrt(
        (1 - stats.skew(r, bias=False) * ratio + (stats.kurtosis(r, bias=False) - 1) / 4 * ratio**2)
        / (len(r) - 1)
    )
    span = (RUN.equity_curve["timestamp"][-1] - RUN.equity_curve["timestamp"][0]) / DAY_NS / 365
    total = RUN.metrics["final_equity"] / RUN.metrics["initial_capital"]
    expected = {
        "Sharpe Ratio": performance / deviation,
        "Annual Standard Deviation": deviation,
        "Probabilistic Sharpe Ratio": stats.norm.cdf((ratio - 1 / math.sqrt(252)) / error),
        "Compounding Annual Return": total ** (1 / span) - 1,
        "Net Profit": total - 1,
        "Beta": beta,
        "Alpha": performance - beta * other,
        "Treynor Ratio": performance / beta,
        "Sortino Ratio": performance / (r[r < 0].std(ddof=1) * math.sqrt(252)),
        "Start Equity": RUN.metrics["initial_capital"],
        "End Equity": RUN.metrics["final_equity"],
        "Information Ratio": (performance - other) / ((r - y).std(ddof=1) * math.sqrt(252)),
        "Drawdown": round(RUN.metrics["max_drawdown"] / 100, 3),
        "Win Rate": RUN.metrics["win_rate"] / 100,
    }
    for name, value in expected.items():
        assert found[name] == pytest.approx(value, rel=1e-9), name
    assert found["Expectancy"] == pytest.approx(
        found["Win Rate"] * found["Profit-Loss Ratio"] - found["Loss Rate"]
    )


def test_the_sharpe_ratios_of_one_curve_differ_by_convention() -> None:
    ours = RUN.metrics["sharpe_ratio"]
    assert RUN.metrics_as("quantstats")["sharpe"] == pytest.approx(ours, rel=1e-9)
    assert RUN.metrics_as("vectorbt")["sharpe_ratio"] == pytest.approx(ours * math.sqrt(365 / 252), rel=1e-9)
    found = {RUN.metrics_as("lean")["Sharpe Ratio"], RUN.metrics_as("backtesting.py")["Sharpe Ratio"], ours}
    assert len(found) == 3


def test_a_loaded_result_has_the_same(tmp_path: Any) -> None:
    RUN.save(tmp_path / "r.npz")
    loaded = bt.load_result(tmp_path / "r.npz")
    for package in (*GIVEN, "lean"):
        assert loaded.metrics_as(package) == RUN.metrics_as(package)


def test_a_risk_free_rate_is_taken_as_each_package_takes_it() -> None:
    result = bt.run(
        DATA, "ma_crossover", {"short_period": 5, "long_period": 20}, risk_free=0.05, progress=False
    )
    r = returns_of(RUN)[0].to_numpy()
    for package, name, year in (("quantstats", "sharpe", 252), ("vectorbt", "sharpe_ratio", 365)):
        x = r - (1.05 ** (1 / year) - 1)
        assert result.metrics_as(package)[name] == pytest.approx(
            x.mean() / x.std(ddof=1) * math.sqrt(year), rel=1e-9
        )
    before = RUN.metrics_as("lean")
    change = (before["Sharpe Ratio"] - result.metrics_as("lean")["Sharpe Ratio"]) * before[
        "Annual Standard Deviation"
    ]
    assert change == pytest.approx(0.05, rel=1e-9)


def held(close: list[float], first: int = 19_003, **terms: Any) -> bt.Result:
    """A run that buys 10,000 at the first open, 100, and holds them."""
    closes = np.array(close)
    opens = np.array([100.0, *close[:-1]])
    low, high = np.minimum(opens, closes), np.maximum(opens, closes)
    bars = bt.Bars(DAY_NS * (first + np.arange(len(close))), opens, high, low, closes, interval="1d")
    orders = bt.Orders([DAY_NS * first - 1], "A", "buy", [10_000.0])
    return bt.run({"A": bars}, orders, progress=False, **terms)


FALLING = [90.0, 95, 93, 99, 97, 98, 96, 101, 99, 94]


def test_a_fall_in_the_first_period_is_a_drawdown_for_some() -> None:
    """What the packages give; vectorbt and backtesting.py begin at the end of the first period."""
    result = held(FALLING)
    assert result.metrics_as("quantstats")["max_drawdown"] == pytest.approx(-0.1, rel=1e-9)
    assert result.metrics_as("lean")["Drawdown"] == 0.1
    given = {"max_drawdown": -0.06930693069306926, "calmar_ratio": -12.920610843421432}
    for name, value in given.items():
        assert result.metrics_as("vectorbt")[name] == pytest.approx(value, rel=1e-9)
    found = result.metrics_as("backtesting.py")
    assert found["Max. Drawdown [%]"] == pytest.approx(-6.930693069306926, rel=1e-9)
    assert found["Return [%]"] == pytest.approx(100 * (94 / 90 - 1), rel=1e-9)
    assert found["# Trades"] == 0
    assert found["SQN"] is None


def test_what_quantstats_has_without_gains_or_losses() -> None:
    up, down = (held([100 + sign * (1 + k) for k in range(6)]).metrics_as("quantstats") for sign in (1, -1))
    assert (up["win_rate"], up["profit_factor"], up["payoff_ratio"], up["omega"]) == (1.0, None, None, None)
    assert (down["win_rate"], down["profit_factor"], down["payoff_ratio"], down["omega"]) == (
        0.0,
        0.0,
        None,
        0.0,
    )
    flat = held([100.0] * 6, benchmark="A").metrics_as("quantstats")
    assert (flat["win_rate"], flat["profit_factor"], flat["beta"], flat["treynor_ratio"]) == (
        0.0,
        0.0,
        0.0,
        0.0,
    )


def test_lean_has_zero_where_a_figure_is_undefined() -> None:
    found = held([100.0] * 6).metrics_as("lean")
    assert (found.pop("Start Equity"), found.pop("End Equity")) == (1e6, 1e6)
    assert set(found.values()) == {0.0}


def test_lean_takes_the_mean_of_dated_rates() -> None:
    """Ten days: 2 % at first and 6 % later, in force at the beginning of four and six periods."""
    dated = held(FALLING, risk_free=[(DAY_NS * 19_000, 0.02), (DAY_NS * 19_007, 0.06)])
    plain = held(FALLING, risk_free=0.4 * 0.02 + 0.6 * 0.06)
    for package, name in (
        ("lean", "Sharpe Ratio"),
        ("lean", "Sortino Ratio"),
        ("backtesting.py", "Sharpe Ratio"),
    ):
        value = dated.metrics_as(package)[name]
        assert value == pytest.approx(plain.metrics_as(package)[name], rel=1e-12)
        assert value != held(FALLING).metrics_as(package)[name]


def test_backtesting_takes_weekends_in_the_zone_of_the_run() -> None:
    """Monday to Friday in New York end after midnight UTC; with weekends the year has 365 days."""
    days = np.array([19_000 + 7 * week + day for week in range(8) for day in range(2, 7)])  # 19,002: a Monday
    ends = pd.DatetimeIndex(DAY_NS * days).tz_localize("America/New_York").asi8
    prices = 100 * np.cumprod(1 + 0.01 * np.sin(np.arange(len(days))))
    bars = bt.Bars(ends, prices, prices, prices, prices, interval="1d")
    terms = {"timezone": "America/New_York", "progress": False}
    returns = np.diff(prices) / prices[:-1]
    found = bt.run({"A": bars}, bt.Orders([ends[0] - 1], "A", "buy", [10_000.0]), **terms)
    mean = np.exp(np.log1p(returns).mean())
    annual = found.metrics_as("backtesting.py")["Return (Ann.) [%]"]
    assert annual == pytest.approx(100 * (mean**252 - 1), rel=1e-9)
    every = held(FALLING * 2).metrics_as("backtesting.py")["Return (Ann.) [%]"]
    assert every == pytest.approx(100 * ((94 / 90) ** (365 / 19) - 1), rel=1e-9)


def test_an_account_below_zero_has_no_roots_of_it() -> None:
    short = bt.Orders([DAY_NS * 19_003 - 1], "A", "sell", [10_000.0])
    closes = np.array([100.0, 150.0, 250.0, 260.0])
    bars = bt.Bars(DAY_NS * np.arange(19_003, 19_007), closes, closes, closes, closes, interval="1d")
    terms = bt.Execution(maintenance_margin=0.0, leverage=10.0)
    result = bt.run({"A": bars}, short, execution=terms, progress=False)
    assert result.metrics["final_equity"] < 0
    assert result.metrics_as("quantstats")["cagr"] is None
    assert result.metrics_as("vectorbt")["annualized"] is None
    assert result.metrics_as("lean")["Compounding Annual Return"] == 0.0
    assert result.metrics_as("backtesting.py")["CAGR [%]"] is None


@pytest.mark.parametrize("package", GIVEN)
def test_what_is_undefined_is_none(package: str) -> None:
    found = held([100.0] * 5).metrics_as(package)
    assert None in found.values()
    assert not [value for value in found.values() if isinstance(value, float) and not math.isfinite(value)]


def test_another_package_is_refused() -> None:
    with pytest.raises(
        bt.ConfigError, match=r"package: 'zipline' is not one of quantstats, vectorbt, lean, backtesting\.py"
    ):
        RUN.metrics_as("zipline")


def test_lean_takes_excess_returns_for_the_odds_too() -> None:
    r, rate = returns_of(RUN)[0].to_numpy(), 0.05
    ratio = (r.mean() - rate / 252) / r.std(ddof=1)
    skew, kurtosis = stats.skew(r, bias=False), stats.kurtosis(r, bias=False)
    error = math.sqrt((1 - skew * ratio + (kurtosis - 1) / 4 * ratio**2) / (len(r) - 1))
    result = bt.run(
        DATA, "ma_crossover", {"short_period": 5, "long_period": 20}, risk_free=rate, progress=False
    )
    found = result.metrics_as("lean")["Probabilistic Sharpe Ratio"]
    assert found == pytest.approx(stats.norm.cdf((ratio - 1 / math.sqrt(252)) / error), rel=1e-9)
    assert found != pytest.approx(RUN.metrics_as("lean")["Probabilistic Sharpe Ratio"], rel=1e-3)


def test_lean_has_the_equity_alone_of_one_period() -> None:
    found = held([101.0], benchmark="A").metrics_as("lean")
    assert (found.pop("Start Equity"), found.pop("End Equity")) == (1e6, 1.01e6)
    assert set(found.values()) == {0.0}


def test_quantstats_has_no_alpha_against_a_benchmark_that_does_not_vary() -> None:
    flat = held([100.0] * 10, first=19_003).equity_curve
    bars = bt.Bars(flat["timestamp"][1:] - DAY_NS, *[np.full(len(FALLING), 50.0)] * 4, interval="1d")
    found = held(FALLING, benchmark={"FLAT": bars}).metrics_as("quantstats")
    assert (found["alpha"], found["beta"]) == (0.0, 0.0)


# What each package (of LEAN, its formula) gives for the curve of `goog_curve`.
GOOG_FIGURES = {
    ("quantstats", "sharpe"): 0.7984,
    ("quantstats", "sortino"): 1.2058,
    ("vectorbt", "sharpe_ratio"): 0.9608,
    ("vectorbt", "sortino_ratio"): 1.4512,
    ("lean", "Sharpe Ratio"): 0.8997,
    ("lean", "Sortino Ratio"): 1.2864,
    ("backtesting.py", "Sharpe Ratio"): 0.5806,
    ("backtesting.py", "Sortino Ratio"): 1.0853,
    ("backtesting.py", "Return [%]"): 414.2299,
}


def goog_curve() -> Any:
    """The equity of backtesting.py's GOOG, averages of 10 and 30 days, long and short, capital 10,000."""
    package = pytest.importorskip("backtesting")
    from backtesting.lib import crossover
    from backtesting.test import GOOG, SMA

    class Cross(package.Strategy):  # type: ignore[misc, name-defined]
        def init(self) -> None:
            self.fast, self.slow = (self.I(SMA, self.data.Close, n) for n in (10, 30))

        def next(self) -> None:
            if crossover(self.fast, self.slow):
                self.buy()
            elif crossover(self.slow, self.fast):
                self.sell()

    test = package.Backtest(GOOG, Cross, cash=10_000, exclusive_orders=True, finalize_trades=True)
    return test.run()._equity_curve["Equity"]


@pytest.mark.filterwarnings("ignore")
def test_one_curve_of_goog_has_the_ratio_of_each_package() -> None:
    curve = goog_curve()
    equity = np.concatenate([[10_000.0], curve.to_numpy(dtype=float)])
    ends = curve.index.as_unit("ns").asi8 + DAY_NS
    run = RunValues(
        times=np.concatenate([ends[:1] - DAY_NS, ends]),
        equity=equity,
        ends=ends,
        returns=equity[1:] / equity[:-1] - 1,
        benchmark=None,
        trips=RUN.round_trips[:0],
        risk_free=0.0,
        periods_per_year=252.0,
    )
    without_first = run._replace(ends=ends[1:], returns=run.returns[1:])  # backtesting.py itself drops it
    for (package, name), value in GOOG_FIGURES.items():
        found = CONVENTIONS[package](run if package == "backtesting.py" else without_first)
        assert found[name] == pytest.approx(value, abs=5e-5), (package, name)
