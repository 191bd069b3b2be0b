"""`leakcheck` passes every strategy that is shipped, and finds a leak planted in each way of writing one."""

import importlib.util
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import btcore as bt
from btcore import jit
from btcore.strategies import STRATEGIES

EXAMPLES = Path(__file__).parents[2] / "examples"
COSTS = bt.Execution(slippage_bps=1.0, commission_bps=0.5)
Data = dict[str, bt.Bars]


@cache
def loaded(path: str) -> ModuleType:
    """A module of `examples/`, which does nothing when it is imported."""
    file = EXAMPLES / path
    spec = importlib.util.spec_from_file_location(f"example_{file.stem}", file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.path.insert(0, str(file.parent))
    try:
        spec.loader.exec_module(module)
    finally:
        sys.path.remove(str(file.parent))
    return module


def days(*symbols: str) -> Data:
    return {symbol: bt.sample_bars(symbol, "2020-01-01", "2023-01-01") for symbol in symbols}


def minutes(symbol: str) -> Data:
    return {symbol: bt.sample_bars(symbol, "2024-03-01", "2024-03-15", "1min")}


def way(idea: str, name: str) -> tuple[Any, Any]:
    """A strategy of the five ways; those that are made from data as functions of them."""
    module = loaded(f"five_ways/{idea}.py")
    if name == "Numba":
        return module.numba, module.PARAMS
    if name == "callback":
        return module.Callback, module.PARAMS
    if name == "signals":
        return lambda data: module.signals(data, **module.PARAMS), None
    pytest.importorskip("Cython", reason="a developer's tool")
    ways = loaded("five_ways/ways.py")
    return lambda data: module.cython(ways.cython_module(), **module.PARAMS), None


SHIPPED: dict[str, Callable[[], tuple[Data, Any, Any]]] = {
    "breakout.py": lambda: (minutes("AAPL"), loaded("breakout.py").Breakout, {"lookback": 120}),
    "orders.py": lambda: (minutes("MSFT"), loaded("orders.py").mornings, None),
    "signals.py": lambda: (days("AAPL", "MSFT", "NVDA"), loaded("signals.py").crossover, None),
    **{
        f"five_ways/{idea}.py {name}": lambda idea=idea, name=name: (days("A"), *way(idea, name))
        for idea in ("crossover", "mean_reversion")
        for name in ("signals", "callback", "Numba", "Cython")
    },
}


@pytest.mark.parametrize("name", SHIPPED)
def test_an_example_passes(name: str) -> None:
    data, strategy, params = SHIPPED[name]()
    report = bt.leakcheck(data, strategy, params, execution=COSTS, cuts=6)
    assert report.orders_checked >= 10
    assert report.fills_checked >= 10


@pytest.mark.parametrize("name", STRATEGIES)
def test_a_built_in_passes(name: str) -> None:
    params = {"schedule": "week"} if name == "targets" else {}
    report = bt.leakcheck(days("A", "B"), name, params, execution=COSTS)
    assert report.orders_checked >= 2


def test_every_example_with_a_strategy_is_checked() -> None:
    others = {
        "demo.py",
        "five_ways/ways.py",
        "five_ways/run.py",
    }  # they play those of others
    files = {path.relative_to(EXAMPLES).as_posix() for path in EXAMPLES.rglob("*.py")}
    assert {name.split()[0] for name in SHIPPED} == files - others


# -- planted leaks: the close of the next bar, in each way -------------------------------------------------


def next_closes(data: Data) -> np.ndarray[Any, np.dtype[np.float64]]:
    close = data["A"].close
    return np.append(close[1:], close[-1])


def signals_shifted_by_one(data: Data) -> bt.Signals:
    """Each row has the flags of the row after it."""
    mean = [bt.indicators.sma(data["A"].close, n) for n in (5, 20)]
    above = np.append((mean[0] > mean[1])[1:], False)
    return bt.Signals(data["A"], above, ~above)


def targets_shifted_by_one(data: Data) -> bt.Targets:
    rises = next_closes(data) > data["A"].close
    return bt.Targets(bars=data["A"], symbol="A", value=np.where(rises, 0.5, 0.0))


def orders_that_know_the_next_close(data: Data) -> bt.Orders:
    rises = next_closes(data) > data["A"].close
    return bt.Orders(data["A"].end, "A", np.where(rises, "buy", "sell"), 1.0)


def callback_that_reads_ahead(data: Data) -> bt.Strategy:
    closes = next_closes(data)

    class Ahead(bt.Strategy):
        def on_start(self, ctx: bt.Context) -> None:
            self.row = 0

        def on_bar(self, ctx: bt.Context, bar: bt.BarEvent) -> None:
            if self.row < len(closes):
                ctx.order_target("A", 1.0 if closes[self.row] > bar.close else 0.0)
            self.row += 1

    return Ahead()


def indicator_of_later_rows(data: Data) -> bt.Strategy:
    """Values that were computed before the run; an indicator takes an array as it is."""
    closes = {int(end): float(close) for end, close in zip(data["A"].end, next_closes(data), strict=True)}

    class Ahead(bt.Strategy):
        def on_start(self, ctx: bt.Context) -> None:
            self.later = ctx.indicator(lambda bar: closes.get(ctx.now, 0.0), "A", name="later")

        def on_bar(self, ctx: bt.Context, bar: bt.BarEvent) -> None:
            ctx.order_target("A", 1.0 if self.later.value > bar.close else 0.0)

    return Ahead()


def numba_over_a_captured_array(data: Data) -> bt.Compiled:
    closes = next_closes(data)

    @bt.compiled(state={"row": 0})
    def ahead(state: Any, event: Any, account: Any) -> None:
        if state.row < len(closes):
            account.order_target(event.symbol, 1.0 if closes[state.row] > event.close else 0.0)
        state.row += 1

    return ahead


def reads_its_state(state: Any, event: Any, account: Any) -> None:
    if state.row < len(state.closes):
        account.order_target(event.symbol, 1.0 if state.closes[state.row] > event.close else 0.0)
    state.row += 1


def numba_over_an_array_of_its_state(data: Data) -> bt.Compiled:
    return bt.compiled(state={"row": 0, "closes": next_closes(data)})(reads_its_state)


OWN = np.dtype([("row", "i8")])


def cfunc_over_a_captured_array(data: Data) -> bt.Compiled:
    closes = next_closes(data)

    @jit.cfunc(OWN)
    def ahead(own: Any, market: Any, account: Any, out: Any) -> int:
        if own.row < len(closes):
            jit.order_target(account, out, 0, 1.0 if closes[own.row] > jit.bar(market).close else 0.0)
        own.row += 1
        return 0

    return bt.Compiled(ahead, np.zeros(1, OWN), events="bars")


def best_period(data: Data) -> dict[str, int]:
    """The long period that earns most in the whole sample."""
    tried = {
        n: bt.run(data, "ma_crossover", {"short_period": 5, "long_period": n}, progress=False)
        for n in range(6, 40)
    }
    best = max(tried, key=lambda n: float(tried[n].metrics["final_equity"] or 0.0))
    return {"short_period": 5, "long_period": best}


def cython_fitted_to_the_sample(data: Data) -> bt.Compiled:
    pytest.importorskip("Cython", reason="a developer's tool")
    module = loaded("five_ways/ways.py").cython_module()
    made: bt.Compiled = loaded("five_ways/crossover.py").cython(module, **best_period(data))
    return made


LEAKS: list[Callable[[Data], Any]] = [
    signals_shifted_by_one,
    targets_shifted_by_one,
    orders_that_know_the_next_close,
    callback_that_reads_ahead,
    indicator_of_later_rows,
    numba_over_a_captured_array,
    numba_over_an_array_of_its_state,
    cfunc_over_a_captured_array,
    cython_fitted_to_the_sample,
]


@pytest.mark.parametrize("leak", LEAKS)
def test_a_planted_leak_is_found(leak: Callable[[Data], Any]) -> None:
    with pytest.raises(bt.LookaheadError, match=r"with the future after .*Z (truncated|perturbed)"):
        bt.leakcheck(days("A"), leak, cuts=6)


def test_the_last_bar_of_a_day_is_not_known_before_the_next() -> None:
    """As the example of orders once sold: in the evening that the data show."""

    def evenings(data: Data) -> bt.Orders:
        ((symbol, bars),) = data.items()
        last = np.flatnonzero(np.diff(bars.timestamp // 86_400_000_000_000))
        return bt.Orders(bars.end[last - 1], symbol, "buy", 1.0)

    with pytest.raises(bt.LookaheadError, match=r"with the future after .*Z (truncated|perturbed)"):
        bt.leakcheck(minutes("MSFT"), evenings)


@pytest.mark.parametrize("strategy", ["ma_crossover", "Numba", "callback"])
def test_parameters_fitted_to_the_sample_are_found(strategy: str) -> None:
    played = strategy if strategy in STRATEGIES else way("crossover", strategy)[0]
    with pytest.raises(bt.LookaheadError, match=r"with the future after .*Z (truncated|perturbed)"):
        bt.leakcheck(days("A"), played, best_period, cuts=6)


def test_the_report_says_that_a_captured_array_is_not_covered() -> None:
    """Only a function of the data makes the array again from altered data."""
    report = bt.leakcheck(days("A"), numba_over_a_captured_array(days("A")), cuts=3)
    assert not report.remade
    assert "pass a function of the data" in repr(report)
