"""Claim 1: events per second through `bt.run`, from columns in memory to the finished result."""

import numpy as np
import pytest

import btcore as bt

from .data import bars, quotes, trades
from .handwritten.native import ema_loop
from .measure import figure
from .peers.loops import play_bars
from .peers.work import CAPITAL, FEE, scaled

COSTS = bt.Execution(commission_bps=FEE * 1e4)
SLOW = {"short_period": 500, "long_period": 2000}
FAST = {"short_period": 10, "long_period": 30}
PERIODS = pytest.mark.parametrize("periods", [SLOW, FAST], ids=["500/2000", "10/30"])
OTHERS = [("buy_and_hold", {}), ("ma_crossover", SLOW), ("ma_crossover", FAST), ("momentum", {}), ("rsi", {})]


def label(params):
    return "/".join(str(value) for value in params.values())


def agrees_with_the_loop(result, ticks, periods):
    """Asserts the same number of trades, and the same equity at every mark to within rounding."""
    curve = np.empty(len(result.equity_curve) + 2)
    outcome = ema_loop(ticks, *periods.values(), curve)
    assert outcome.flips == result.metrics["total_trades"]
    assert np.allclose(result.equity_curve["equity"][1:], curve[: outcome.points], rtol=1e-9, atol=0.0)


@PERIODS
def test_quotes(benchmark, periods):
    data = quotes(scaled(50_000_000))
    result = figure(
        benchmark,
        lambda: bt.run({"A": data}, "ema_crossover", periods, execution=COSTS),
        claim=1,
        what=f"quotes, `ema_crossover` {label(periods)}",
        work=len(data),
        unit="quotes",
        bound=("C loop", lambda: ema_loop(data, *periods.values())),
        goal=("ratio", 0.8) if periods is SLOW else None,
        note="market orders, commission, one-minute curve",
        rounds=9,
    )
    agrees_with_the_loop(result, data, periods)


@PERIODS
def test_trades(benchmark, periods):
    data = trades(scaled(20_000_000))
    result = figure(
        benchmark,
        lambda: bt.run({"A": data}, "ema_crossover", periods, execution=COSTS),
        claim=1,
        what=f"trades, `ema_crossover` {label(periods)}",
        work=len(data),
        unit="trades",
        bound=("C loop", lambda: ema_loop(data, *periods.values())),
        goal=("ratio", 0.8) if periods is SLOW else None,
        note="the loop's own fills at each print; ours at the next",
    )
    assert result.metrics["events"] == len(data)


@PERIODS
def test_bars(benchmark, periods):
    data = bars(scaled(1_000_000))
    short, long = periods.values()

    def measured():
        result = bt.run({"A": data}, "ma_crossover", periods, execution=COSTS)
        assert result.metrics
        return result

    result = figure(
        benchmark,
        measured,
        claim=1,
        what=f"bars with metrics, `ma_crossover` {label(periods)}",
        work=len(data),
        unit="bars",
        bound=("Numba loop", lambda: play_bars(data.open, data.close, short, long, CAPITAL, FEE)),
        goal=("ratio", 1.0) if periods is FAST else None,
        note="the loop: equity a bar, return, Sharpe of bars, drawdown",
        rounds=15,
    )
    equity = play_bars(data.open, data.close, short, long, CAPITAL, FEE)[1]
    assert np.allclose(result.equity_curve["equity"][1:], equity, rtol=1e-9, atol=0.0)


@pytest.mark.parametrize(("name", "params"), OTHERS, ids=[f"{n} {label(p)}".strip() for n, p in OTHERS])
def test_other_strategies(benchmark, name, params):
    data = quotes(scaled(10_000_000))
    columns = [data.columns[column] for column in ("timestamp", "bid", "ask")]
    figure(
        benchmark,
        lambda: bt.run({"A": data}, name, params),
        claim=1,
        what=f"quotes, `{name}` {label(params)}".strip(),
        work=len(data),
        unit="quotes",
        bound=("reading the columns", lambda: [column.max() for column in columns]),
    )
