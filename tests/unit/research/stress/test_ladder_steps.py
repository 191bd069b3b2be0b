"""Each step of a ladder equals a run with the settings that it names, for all kinds of strategy and data."""

from typing import Any

import numpy as np
import pytest
from ladders import NOTHING, QUICK, assert_equal, by_name, metrics_at

import btcore as bt
from btcore.errors import ConfigError, StrategyError

BARS = bt.sample_bars("AAPL", "2023-01-02", "2023-07-01", "1d")
OWN = bt.Execution(
    slippage_bps=3, slippage_sqrt=0.01, commission_bps=2, latency_ms=5, volume_share=0.01, intrabar="path"
)


class Dip(bt.Strategy):
    """Buys a fall and sells at a rise, with a stop."""

    weight: float = 0.5

    def on_bar(self, ctx: Any, bar: Any) -> None:
        if bar.close < bar.open and not ctx.position(bar.symbol) and not ctx.open_orders():
            ctx.bracket(bar.symbol, 50, take_profit=bar.close * 1.01, stop_loss=bar.close * 0.99)


def compiled() -> Any:
    pytest.importorskip("numba")

    @bt.compiled(size=20.0)
    def swing(state: Any, event: Any, account: Any) -> None:
        account.order_target(event.symbol, state.size if event.close > event.open else 0.0)

    return swing


UP = BARS.close > BARS.open
KINDS: dict[str, Any] = {
    "name": lambda: ("ma_crossover", {"short_period": 3, "long_period": 8}),
    "targets by name": lambda: ("targets", {"schedule": "week"}),
    "class": lambda: (Dip, {"weight": 0.3}),
    "instance": lambda: (Dip(weight=0.3), None),
    "signals": lambda: (bt.Signals(BARS, UP, ~UP, stop_loss=0.02, take_profit=0.03), None),
    "orders": lambda: (bt.Orders(BARS.end[[3, 9]], "AAPL", ["buy", "sell"], 40), None),
    "orders with latency": lambda: (
        bt.Orders(BARS.end[[3, 9]], "AAPL", ["buy", "sell"], 40, latency_ms=[7, np.nan]),
        None,
    ),
    "targets": lambda: (bt.Targets(bars=BARS, symbol="AAPL", value=np.where(UP, 0.9, 0.1)), None),
    "compiled": lambda: (compiled(), {"size": 30.0}),
}


@pytest.mark.parametrize("kind", KINDS)
def test_the_last_step_is_the_run_itself(kind: str) -> None:
    strategy, params = KINDS[kind]()
    ladder = bt.ladder({"AAPL": BARS}, strategy, params, execution=OWN, **NOTHING, **QUICK)
    assert [step.name for step in ladder.climbed] == list(by_name(ladder))
    run = bt.run({"AAPL": BARS}, strategy, params, execution=OWN)
    assert run.metrics["total_trades"] > 0
    assert_equal(ladder.result, run)
    assert ladder.climbed[-1].metrics == ladder.given.metrics == run.metrics
    assert ladder.assumed == {}


@pytest.mark.parametrize("kind", KINDS)
def test_each_step_is_a_run_with_its_settings(kind: str) -> None:
    strategy, params = KINDS[kind]()
    ladder = bt.ladder({"AAPL": BARS}, strategy, params, execution=OWN, **NOTHING, **QUICK)
    if kind == "orders with latency":
        strategy = bt.Orders(BARS.end[[3, 9]], "AAPL", ["buy", "sell"], 40)
    ideal = {"intrabar": "optimistic"}
    spread = {"slippage_bps": 3}
    commission = {"commission_bps": 2}
    for name, settings in {
        "close": ideal | {"bar_fill": "close"},
        "next": ideal,
        "spread": ideal | spread,
        "commission": ideal | spread | commission,
    }.items():
        run = bt.run({"AAPL": BARS}, strategy, params, execution=bt.Execution(**settings))
        assert metrics_at(ladder, name) == run.metrics, name
    if kind == "orders with latency":
        return
    settings = ideal | spread | commission | {"latency_ms": 5}
    for name, more in {
        "latency": {},
        "size": {"volume_share": 0.01, "slippage_sqrt": 0.01},
        "reading": {"volume_share": 0.01, "slippage_sqrt": 0.01, "intrabar": "path"},
    }.items():
        run = bt.run({"AAPL": BARS}, strategy, params, execution=bt.Execution(**{**settings, **more}))
        assert metrics_at(ladder, name) == run.metrics, name


def test_assumptions_fill_what_the_settings_lack() -> None:
    ladder = bt.ladder({"AAPL": BARS}, Dip, spread_bps=6, commission_bps=3, volume_share=0.02, **QUICK)
    last = bt.Execution(slippage_bps=3, commission_bps=3, volume_share=0.02)
    assert_equal(ladder.result, bt.run({"AAPL": BARS}, Dip, execution=last))
    assert ladder.given.metrics == bt.run({"AAPL": BARS}, Dip).metrics
    assert ladder.assumed == {
        "spread": "spread_bps=6, half of it a fill",
        "commission": "commission_bps=3",
        "size": "volume_share=0.02",
    }
    assert by_name(ladder)["latency"].reason.startswith("none is given, and none is assumed where bars")


def test_without_settings_and_assumptions_only_the_prices_change() -> None:
    ladder = bt.ladder({"AAPL": BARS}, Dip, **NOTHING, **QUICK)
    assert [step.name for step in ladder.climbed] == ["close", "next", "reading"]
    reasons = {step.name: step.reason for step in ladder.steps if step.reason}
    assert reasons["spread"] == (
        "the data have one price, no slippage is given, and spread_bps=None assumes none"
    )
    assert reasons["commission"] == "none is given, and commission_bps=None assumes none"
    assert reasons["size"] == "none is given, and volume_share=None assumes none"
    assert_equal(ladder.result, bt.run({"AAPL": BARS}, Dip))


def test_functions_of_a_cost_model_are_climbed_one_by_one() -> None:
    def fee(price: float, quantity: float, side: int, liquidity: int, instrument: Any) -> float:
        return 0.01 * quantity

    def worse(price: float, quantity: float, side: int, liquidity: int, instrument: Any) -> float:
        return price * (1 + 0.0002 * side)

    def cap(price: float, quantity: float, side: int, liquidity: int, instrument: Any) -> float:
        return min(quantity, 30.0)

    model = bt.CostModel(fee, worse, cap)
    ladder = bt.ladder({"AAPL": BARS}, Dip, cost_model=model, **QUICK)
    assert ladder.assumed == {}
    steps = by_name(ladder)
    assert [steps[n].settings for n in ("spread", "commission", "size")] == [
        "cost_model.slippage",
        "cost_model.commission",
        "cost_model.fill_size",
    ]
    ideal = bt.Execution(intrabar="optimistic")
    for name, part in (
        ("spread", bt.CostModel(slippage=worse)),
        ("commission", bt.CostModel(fee, worse)),
        ("size", model),
    ):
        run = bt.run({"AAPL": BARS}, Dip, execution=ideal, cost_model=part)
        assert metrics_at(ladder, name) == run.metrics, name
    assert_equal(ladder.result, bt.run({"AAPL": BARS}, Dip, cost_model=model))
    doubled = ladder.stresses[0].metrics or {}
    assert doubled["total_commission"] == pytest.approx(
        2 * ladder.result.metrics["total_commission"], rel=0.2
    )


def test_the_costs_of_compiled_functions_are_doubled() -> None:
    pytest.importorskip("numba")
    from btcore import jit

    @jit.cost_model
    def fee(price: float, quantity: float, side: int, liquidity: int, instrument: Any) -> float:
        return 0.01 * quantity + instrument.multiplier

    orders = bt.Orders(BARS.end[[3, 9]], "AAPL", ["buy", "sell"], 40)
    ladder = bt.ladder({"AAPL": BARS}, orders, cost_model=bt.CostModel(commission=fee), **QUICK)
    assert ladder.result.metrics["total_commission"] == pytest.approx(2 * (0.4 + 1))
    assert ladder.stresses[0].metrics is not None, ladder.stresses[0].reason
    assert ladder.stresses[0].metrics["total_commission"] == pytest.approx(4 * (0.4 + 1))


def test_a_run_that_fills_at_the_close_stays_there() -> None:
    execution = bt.Execution(bar_fill="close", commission_bps=1)
    ladder = bt.ladder({"AAPL": BARS}, Dip, execution=execution, **NOTHING, **QUICK)
    assert by_name(ladder)["next"].reason == "the run itself fills at the close: bar_fill='close'"
    assert_equal(ladder.result, bt.run({"AAPL": BARS}, Dip, execution=execution))


@pytest.mark.parametrize(
    ("intrabar", "words"),
    [
        ("path", "path reading of bars"),
        ("pessimistic", "pessimistic reading of bars"),
        ("bounds", "pessimistic reading of bars"),
    ],
)
def test_the_reading_is_that_of_the_run(intrabar: Any, words: str) -> None:
    ladder = bt.ladder({"AAPL": BARS}, Dip, intrabar=intrabar, **NOTHING, **QUICK)
    assert by_name(ladder)["reading"].words == words
    assert ladder.climbed[-1].metrics == bt.run({"AAPL": BARS}, Dip, intrabar=intrabar).metrics
    optimistic = bt.run({"AAPL": BARS}, Dip, intrabar="optimistic").metrics
    assert metrics_at(ladder, "next") == optimistic != ladder.climbed[-1].metrics


def test_an_optimistic_run_has_no_step_of_reading() -> None:
    ladder = bt.ladder({"AAPL": BARS}, Dip, intrabar="optimistic", **NOTHING, **QUICK)
    assert by_name(ladder)["reading"].reason == "the run itself reads bars so: intrabar='optimistic'"


def test_the_progress_counts_runs_and_ends() -> None:
    seen: list[float] = []
    bt.ladder({"AAPL": BARS}, "momentum", draws=5, progress=lambda each: seen.append(each.fraction))
    # Its own run, six steps (any latency is left out on bars), two stresses, and the end.
    assert seen == pytest.approx([0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0])


class Fails(bt.Strategy):
    def on_bar(self, ctx: Any, bar: Any) -> None:
        raise ValueError("no")


def test_a_strategy_that_fails_fails_as_in_a_run() -> None:
    with pytest.raises(StrategyError, match="no"):
        bt.ladder({"AAPL": BARS}, Fails, **QUICK)


def test_a_handler_is_refused() -> None:
    handler = bt.Orders(BARS.end[:1], "AAPL", "buy", 1).handler(["AAPL"])
    with pytest.raises(ConfigError, match="a compiled handler plays one run only"):
        bt.ladder({"AAPL": BARS}, handler, **QUICK)


@pytest.mark.parametrize(
    ("keyword", "value", "message"),
    [
        ("spread_bps", -1, "spread_bps: -1 is not at least 0"),
        ("commission_bps", "1", "commission_bps: '1' is not"),
        ("latency_ms", float("nan"), "latency_ms"),
        ("volume_share", 0, "volume_share: 0 is not above 0"),
        ("displayed_size", None, "displayed_size: None is not a boolean"),
        ("delay_ms", 0, "delay_ms: 0 is not above 0"),
        ("skip", 1, "skip: 1 is not below 1"),
        ("block", 0.5, "block: 0.5 is not at least 1"),
        ("draws", 0, "draws: 0 is not at least 1"),
        ("draws", 1.5, "draws: 1.5"),
        ("seed", -1, "seed: -1 is not at least 0"),
    ],
)
def test_a_keyword_out_of_range_is_refused(keyword: str, value: Any, message: str) -> None:
    with pytest.raises(ConfigError) as error:
        bt.ladder({"AAPL": BARS}, Dip, **{keyword: value})
    assert str(error.value).startswith(message)


def test_an_unknown_keyword_gives_the_near_one() -> None:
    with pytest.raises(TypeError, match="did you mean 'spread_bps'"):
        bt.ladder({"AAPL": BARS}, Dip, spread_bp=1)  # type: ignore[call-arg]
