"""Each step of a ladder equals a run with the settings that it names, for all kinds of strategy and data."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

import btcore as bt
from btcore.errors import ConfigError, StrategyError
from btcore.research.stress.steps import Step
from btcore.results.result import Result
from btcore.results.tables import TABLES

BARS = bt.sample_bars("AAPL", "2023-01-02", "2023-07-01", "1d")
OTHER = bt.sample_bars("MSFT", "2023-01-02", "2023-07-01", "1d")
QUOTES = bt.sample_quotes("AAPL", "2024-01-02T14:30", "2024-01-02T15:00")
TRADES = bt.sample_trades("AAPL", "2024-01-02T14:30", "2024-01-02T15:00")
NOTHING: dict[str, Any] = {
    "spread_bps": None,
    "commission_bps": None,
    "latency_ms": None,
    "volume_share": None,
    "displayed_size": False,
}
QUICK: dict[str, Any] = {"draws": 5, "progress": False}
OWN = bt.Execution(
    slippage_bps=3, slippage_sqrt=0.01, commission_bps=2, latency_ms=5, volume_share=0.01, intrabar="path"
)


class Dip(bt.Strategy):
    """Buys a fall and sells at a rise, with a stop."""

    weight: float = 0.5

    def on_bar(self, ctx: Any, bar: Any) -> None:
        if bar.close < bar.open and not ctx.position(bar.symbol) and not ctx.open_orders():
            ctx.bracket(bar.symbol, 50, take_profit=bar.close * 1.01, stop_loss=bar.close * 0.99)


class Maker(bt.Strategy):
    """Bids at the bid that it sees, and sells at the ask."""

    def on_quote(self, ctx: Any, quote: Any) -> None:
        if not ctx.open_orders():
            held = ctx.position(quote.symbol)
            (ctx.sell if held else ctx.buy)(quote.symbol, 10, limit=quote.ask if held else quote.bid)


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


def assert_equal(one: Result, other: Result) -> None:
    for name in TABLES:
        assert one.table(name).tobytes() == other.table(name).tobytes(), name
    assert one.metrics == other.metrics
    assert one.fingerprint == other.fingerprint
    assert one.logs == other.logs


def by_name(ladder: bt.Ladder) -> dict[str, Step]:
    return {step.name: step for step in ladder.steps}


def metrics_at(ladder: bt.Ladder, name: str) -> Mapping[str, Any]:
    step = by_name(ladder)[name]
    assert step.metrics is not None, step.reason
    return step.metrics


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


def test_quotes_are_at_their_mid_before_the_spread() -> None:
    ladder = bt.ladder({"AAPL": QUOTES}, "momentum", **QUICK)
    mid = 0.5 * (QUOTES.bid + QUOTES.ask)
    sizes = (QUOTES.bid_size, QUOTES.ask_size)
    middle = {"AAPL": bt.Quotes(QUOTES.timestamp, mid, mid, *sizes)}
    data = {"AAPL": QUOTES}
    for name, source, settings in (
        ("next", middle, {}),
        ("spread", data, {}),
        ("commission", data, {"commission_bps": 1}),
        ("latency", data, {"commission_bps": 1, "latency_ms": 100}),
        ("size", data, {"commission_bps": 1, "latency_ms": 100, "displayed_size": True}),
    ):
        run = bt.run(source, "momentum", execution=bt.Execution(**settings))
        assert metrics_at(ladder, name) == run.metrics, name
    assert metrics_at(ladder, "next")["final_equity"] > metrics_at(ladder, "spread")["final_equity"]
    steps = by_name(ladder)
    assert steps["spread"].settings == "the spread of the data"
    assert steps["next"].words == "fills at the standing quote"
    assert steps["close"].reason.startswith("no bars fill orders: an order meets the quote")
    assert steps["reading"].reason == "no bars fill orders"


def test_limits_at_the_mid_are_moved_to_a_tick() -> None:
    terms = {"instruments": {"AAPL": bt.Instrument(tick_size=0.01)}}
    ladder = bt.ladder({"AAPL": QUOTES}, Maker, **terms, **QUICK)
    assert metrics_at(ladder, "next")["orders_rejected"] == 0
    assert metrics_at(ladder, "next")["total_trades"] > 0
    assert ladder.given.metrics == bt.run({"AAPL": QUOTES}, Maker, **terms).metrics


def test_trades_begin_at_the_next_trade() -> None:
    ladder = bt.ladder({"AAPL": TRADES}, "momentum", **QUICK)
    steps = by_name(ladder)
    assert steps["close"].reason.startswith("no bars fill orders: an order meets the trade after")
    assert steps["next"].words == "fills at the next trade"
    last = bt.Execution(slippage_bps=1, commission_bps=1, latency_ms=100, displayed_size=True)
    assert_equal(ladder.result, bt.run({"AAPL": TRADES}, "momentum", execution=last))


def test_bars_of_bid_and_ask_have_a_spread_of_their_own() -> None:
    sides = {
        side: tuple(x * (1 + sign * 0.001) for x in (BARS.open, BARS.high, BARS.low, BARS.close))
        for side, sign in (("bid", -1), ("ask", 1))
    }
    data = {"AAPL": bt.Bars(BARS.timestamp, interval="1d", **sides)}
    ladder = bt.ladder(data, Dip, volume_share=None, **QUICK)
    assert by_name(ladder)["spread"].settings == "the spread of the data"
    assert "spread" not in ladder.assumed
    assert metrics_at(ladder, "next")["spread_cost"] == 0
    assert metrics_at(ladder, "spread")["spread_cost"] > 0
    assert ladder.stresses[0].words == "commission_bps=2, 2 times the spread of the data"
    assert (ladder.stresses[0].metrics or {})["spread_cost"] > 1.5 * metrics_at(ladder, "reading")[
        "spread_cost"
    ]


def test_a_symbol_with_terms_of_its_own_keeps_them() -> None:
    instruments = {
        "AAPL": bt.Instrument(slippage=bt.Slippage(ticks=1), tick_size=0.01, maker_bps=-1, taker_bps=2)
    }
    data = {"AAPL": BARS, "MSFT": OTHER}
    ladder = bt.ladder(data, "momentum", instruments=instruments, **QUICK)
    steps = by_name(ladder)
    assert steps["spread"].settings == "slippage=Slippage(ticks=1) of AAPL, slippage=Slippage(bps=1) of MSFT"
    assert steps["commission"].settings == (
        "maker_bps=-1 of AAPL, taker_bps=2 of AAPL, commission=Commission(bps=1) of MSFT"
    )
    other = bt.Instrument(slippage=bt.Slippage(bps=1), commission=bt.Commission(bps=1))
    last = bt.run(
        data, "momentum", execution=bt.Execution(volume_share=0.1), instruments=instruments | {"MSFT": other}
    )
    assert_equal(ladder.result, last)
    assert ladder.stresses[0].words == (
        "slippage=Slippage(ticks=2) of AAPL, taker_bps=4 of AAPL, "
        "commission=Commission(bps=2) of MSFT, slippage=Slippage(bps=2) of MSFT"
    )


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


def test_quotes_with_bars_cannot_fill_at_the_close() -> None:
    """What `run` says is the reason of the step."""
    minutes = bt.sample_bars("AAPL", "2024-01-02T14:30", "2024-01-02T15:00", "1min")
    data = {
        "AAPL": (QUOTES, minutes),
        "MSFT": bt.sample_bars("MSFT", "2024-01-02T14:30", "2024-01-02T15:00", "1min"),
    }
    execution = bt.Execution(resting_on="bars")
    ladder = bt.ladder(data, "momentum", execution=execution, displayed_size=False, **QUICK)
    with pytest.raises(ConfigError) as error:
        bt.run(data, "momentum", execution=bt.Execution(resting_on="bars", bar_fill="close"))
    assert by_name(ladder)["close"].reason == str(error.value)
    assert ladder.climbed[0].name == "next"
    assert ladder.climbed[0].change is None


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


def test_bars_without_volume_have_no_limit_of_size() -> None:
    bars = bt.Bars(BARS.timestamp, BARS.open, BARS.high, BARS.low, BARS.close, interval="1d")
    ladder = bt.ladder({"AAPL": bars}, Dip, **QUICK)
    assert by_name(ladder)["size"].reason == (
        "none is given, and none is assumed: the bars of AAPL have no volume"
    )
    assert "size" not in ladder.assumed


def test_a_catalog_and_its_instruments_are_climbed(tmp_path: Any) -> None:
    catalog = bt.Catalog(tmp_path)
    catalog.write("AAPL", BARS)
    catalog.define("AAPL", bt.Instrument(taker_bps=4.0, lot_size=1))
    ladder = bt.ladder(catalog, "momentum", symbols=["AAPL"], **NOTHING, **QUICK)
    assert by_name(ladder)["commission"].settings == "taker_bps=4 of AAPL"
    assert_equal(ladder.result, bt.run(catalog, "momentum", symbols=["AAPL"]))


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
