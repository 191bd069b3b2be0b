"""Sweeps on the fast path: which of them take it, and metrics equal to those of `bt.run`, bit for bit."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sweeps import COSTS, GRID, START, STEP, assert_same, bars, swept

import btcore as bt
from btcore.backtest.fast_paths import is_plain_run, lane_terms, play, portions
from btcore.backtest.prepare import prepare
from btcore.engine.engine import Engine
from btcore.fastpath.plain_run import PlainRun
from btcore.strategies import check_params

MINUTE = STEP["1min"]


def plays(data, strategy, params, **terms: Any) -> np.ndarray:
    """The codes of the lanes: 0 for each run they played, another for each they gave up."""
    checked = [check_params(strategy, p) for p in params]
    shared = lane_terms(prepare(data, **terms), strategy, checked[0])
    assert shared is not None
    lanes = shared.lanes(checked)
    for rows in portions(shared, checked, 1):
        lanes.play(rows)
    return lanes.codes


GENERAL = {
    "two symbols": ({"A": bars(400), "B": bars(400, 1)}, {}),
    "quotes": (
        {"A": bt.Quotes(START + 10**9 * np.arange(900), *(bars(900).close + x for x in (-0.01, 0.01)))},
        {},
    ),
    "latency": ({"A": bars(400)}, {"execution": bt.Execution(latency_ms=90_000.0)}),
    "interest": ({"A": bars(400)}, {"execution": bt.Execution(cash_rate=0.05)}),
    "a share of the volume": ({"A": bars(400)}, {"execution": bt.Execution(volume_share=0.01)}),
    "fifo": ({"A": bars(400)}, {"execution": bt.Execution(cost_basis="fifo")}),
    "a margin to keep": ({"A": bars(400)}, {"execution": bt.Execution(maintenance_margin=0.2, leverage=2.0)}),
    "a grid of marks": ({"A": bars(400)}, {"mark_every": "1h"}),
    "a split": (
        {"A": bars(400)},
        {"instruments": {"A": bt.Instrument(splits=[(START + 10**13, 2.0)])}},
    ),
    "another currency": (
        {"A": bars(400)},
        {"instruments": {"A": bt.Instrument(currency="EUR")}, "fx": {"EUR": 1.1}},
    ),
}


def per_unit(price: float, quantity: float, side: int, liquidity: int, instrument: Any) -> float:
    return 0.01 * quantity


def a_hundredth_worse(price: float, quantity: float, side: int, liquidity: int, instrument: Any) -> float:
    return price + side * 0.01


def whole(price: float, quantity: float, side: int, liquidity: int, instrument: Any) -> float:
    return quantity


MODELS = {
    "commission": bt.CostModel(commission=per_unit),
    "slippage": bt.CostModel(slippage=a_hundredth_worse),
    "fill size": bt.CostModel(fill_size=whole),
}
GENERAL |= {f"a cost model: {name}": ({"A": bars(400)}, {"cost_model": m}) for name, m in MODELS.items()}


@pytest.mark.parametrize("name", MODELS)
def test_no_fast_path_takes_a_cost_model(name):
    data, model = {"A": bars(400)}, MODELS[name]
    assert is_plain_run(prepare(data))
    assert not is_plain_run(prepare(data, cost_model=model))
    orders = bt.Orders([START + 10 * MINUTE, START + 20 * MINUTE], "A", ["buy", "sell"], 5.0)
    assert isinstance(play(prepare(data), orders, None), PlainRun)
    assert isinstance(play(prepare(data, cost_model=model), orders, None), Engine)


def test_a_sweep_has_the_costs_of_the_model():
    data = {"A": bars(400)}
    costly = bt.sweep(data, "ma_crossover", GRID, progress=False, cost_model=MODELS["commission"])
    for run in costly:
        quantity = costly.run(run.row).trades["quantity"].sum()
        assert quantity > 0
        assert run.metrics["total_commission"] == pytest.approx(0.01 * quantity)


@pytest.mark.parametrize("name", GENERAL)
def test_the_engine_plays_what_lanes_cannot(name):
    data, terms = GENERAL[name]
    assert lane_terms(prepare(data, **terms), "ma_crossover", check_params("ma_crossover", {})) is None
    result = swept(data, "ma_crossover", GRID, workers=2, **terms)
    assert_same(result, data, "ma_crossover", **terms)
    assert result.metrics["total_trades"].sum() > 0


PLAIN = {
    "nothing": {},
    "costs": {"execution": COSTS},
    "costs by the share": {
        "execution": bt.Execution(commission_per_share=0.01, commission_min=1.0, commission_max=90.0)
    },
    "slippage of every kind": {
        "execution": bt.Execution(slippage_ticks=1.5, slippage_volume=0.1, slippage_sqrt=0.01),
        "instruments": {"A": bt.Instrument(tick_size=0.01)},
    },
    "whole lots": {"execution": COSTS, "instruments": {"A": bt.Instrument(lot_size=1.0, multiplier=5.0)}},
    "too small an account": {
        "execution": COSTS,
        "initial_capital": 150.0,
        "instruments": {"A": bt.Instrument(lot_size=1.0, min_notional=120.0)},
    },
    "cash": {"execution": bt.Execution(account="cash", commission_bps=1.0)},
    "a risk-free return": {"risk_free": 0.04},
    "days elsewhere": {"timezone": "Asia/Tokyo", "start": START + 7 * 10**12},
}


@pytest.mark.parametrize("name", PLAIN)
@pytest.mark.parametrize("interval", ["1min", "1h", "1d"])
def test_lanes_equal_runs(name, interval):
    data, terms = {"A": bars(2100, interval=interval)}, PLAIN[name]
    weight = (
        0.9 if name == "cash" else 1.0
    )  # a cash account cannot invest all of its equity and pay the costs
    assert not plays(data, "ma_crossover", [{"short_period": 3, "weight": weight}], **terms).any()
    result = swept(data, "ma_crossover", GRID | {"weight": weight}, workers=2, **terms)
    assert_same(result, data, "ma_crossover", **terms)


def test_lanes_use_the_sessions_of_a_calendar():
    data = {"A": bars(6000, interval="1h")}
    assert not plays(data, "ma_crossover", [{}], calendar="XNYS").any()
    result = swept(data, "ma_crossover", {"short_period": [2, 5], "long_period": [9, 20]}, calendar="XNYS")
    assert set(result.metrics["period"]) == {"session"}
    assert_same(result, data, "ma_crossover", calendar="XNYS")


@pytest.mark.parametrize("calendar", [None, "XNYS"])
def test_lanes_use_the_end_of_each_bar(calendar):
    """A bar counts for the day, or session, that it ends in; the end of the last is that of the curve."""
    data = {"A": bars(6000, interval="1h", own_ends=True)}
    assert not plays(data, "ma_crossover", [{}], calendar=calendar).any()
    result = swept(data, "ma_crossover", {"short_period": [2, 5], "long_period": [9, 20]}, calendar=calendar)
    assert_same(result, data, "ma_crossover", calendar=calendar)


def test_lanes_end_bars_of_regular_hours_at_the_close():
    days = np.arange("2024-03-04", "2024-03-30", dtype="M8[D]")  # the clock changes on 10 March
    days = days[np.is_busday(days) & (days != np.datetime64("2024-03-29"))]
    opens = (
        days.astype("M8[ns]").astype(np.int64)
        + np.where(days < np.datetime64("2024-03-10"), 870, 810) * MINUTE
    )
    times = (opens[:, None] + 60 * MINUTE * np.arange(7)).ravel()
    walk = bars(len(times))
    data = {"A": bt.Bars(times, walk.open, walk.high, walk.low, walk.close, interval="1h")}
    assert not plays(data, "ma_crossover", [{}], calendar="XNYS").any()
    result = swept(data, "ma_crossover", GRID, calendar="XNYS")
    assert set(result.metrics["periods"]) == {len(days)}
    assert_same(result, data, "ma_crossover", calendar="XNYS")


def test_bars_without_volume_have_lanes():
    whole = bars(2000)
    data = {"A": bt.Bars(whole.timestamp, whole.open, whole.high, whole.low, whole.close, interval="1min")}
    assert not plays(data, "ma_crossover", [{}], execution=COSTS).any()
    assert_same(swept(data, "ma_crossover", GRID, execution=COSTS), data, "ma_crossover", execution=COSTS)


SETS = {
    "ma_crossover": GRID | {"weight": [0.5, 1.0]},
    "momentum": {"lookback_period": [1, 5, 20], "threshold": [0.0, 0.004], "allow_short": [False, True]},
    "mean_reversion": {"lookback_period": [2, 20], "entry_z": [0.5, 1.5], "exit_z": [-0.2, 0.2],
                       "allow_short": [False, True]},
    "rsi": {"period": [1, 6], "oversold": [30.0, 45.0], "allow_short": [False, True]},
}  # fmt: skip


@pytest.mark.parametrize("strategy", SETS)
def test_every_signal_strategy_has_lanes(strategy):
    data = {"A": bars(2500)}
    assert not plays(data, strategy, [{}], execution=COSTS).any()
    result = swept(data, strategy, SETS[strategy], execution=COSTS, workers=2)
    assert_same(result, data, strategy, execution=COSTS)


def test_lanes_give_up_where_the_margin_fails():
    """Short and leveraged: the margin fails in some runs only."""
    data = {"A": bars(600, swing=0.05)}
    terms: dict[str, Any] = {"execution": bt.Execution(leverage=10.0)}
    grid = GRID | {"weight": [0.1, 9.0]}
    result = swept(data, "ma_crossover", grid, **terms)
    assert 0 < np.count_nonzero(result.metrics["liquidations"]) < len(result)
    given_up = plays(data, "ma_crossover", [run.params for run in result], **terms)
    assert given_up.astype(bool)[result.metrics["liquidations"] > 0].all()
    assert not given_up.all()
    assert_same(result, data, "ma_crossover", **terms)


def test_a_run_given_up_does_not_affect_the_others():
    """A lane that stops with an open order, beside one that goes on."""
    data = {"A": bars(600, swing=0.05)}
    terms: dict[str, Any] = {"execution": bt.Execution(leverage=10.0)}
    grid = {"short_period": 2, "long_period": 4, "allow_short": True, "weight": [9.0, 0.1, 9.0, 0.2]}
    weights = [{"allow_short": True, "weight": w} for w in (9.0, 0.1)]
    assert plays(data, "ma_crossover", weights, **terms).astype(bool).tolist() == [True, False]
    assert_same(swept(data, "ma_crossover", grid, workers=1, **terms), data, "ma_crossover", **terms)


@pytest.mark.parametrize("account", ["margin", "cash"])
@pytest.mark.parametrize("lot", [0.0, 1.0])
def test_lanes_cut_orders_that_cannot_be_paid(account, lot):
    """Without credit, a gap up at the next open leaves too little for the whole order. No lane gives up."""
    data = {"A": bars(3000)}
    terms: dict[str, Any] = {
        "execution": bt.Execution(account=account, commission_per_share=0.01),
        "instruments": {"A": bt.Instrument(lot_size=lot)},
    }
    grid = {"short_period": [2, 3], "long_period": [4, 9], "weight": [1.0, 0.5]}
    result = swept(data, "ma_crossover", grid, workers=2, **terms)
    assert np.count_nonzero(result.metrics["orders_canceled"] > 10) == 4
    assert not plays(data, "ma_crossover", [run.params for run in result], **terms).any()
    assert_same(result, data, "ma_crossover", **terms)


@pytest.mark.parametrize("n", [1, 2, 3, 63, 64, 65, 1022, 1023, 1024, 1025, 2047, 2048])
def test_any_number_of_bars(n):
    data = {"A": bars(n)}
    assert_same(swept(data, "ma_crossover", GRID, execution=COSTS), data, "ma_crossover", execution=COSTS)


def test_the_number_of_threads_and_the_width_of_registers_change_nothing():
    data = {"A": bars(5000)}
    tables = [swept(data, "ma_crossover", SETS["ma_crossover"], workers=n).table.tobytes() for n in (1, 2, 3)]
    assert tables[0] == tables[1] == tables[2]
    setting = prepare(data, execution=COSTS)
    params = [check_params("ma_crossover", {"short_period": s, "long_period": 40}) for s in range(1, 40)]
    measured = []
    for width in (0, 1, 2):
        terms = lane_terms(setting, "ma_crossover", params[0])
        lanes = terms.lanes(params, width=width)
        lanes.play(np.arange(len(params)))
        measured.append(lanes.metrics.tobytes())
    assert measured[0] == measured[1] == measured[2]


def test_equal_means_keep_the_stance():
    """In a market of few prices the two means are often equal."""
    rng = np.random.default_rng(3)
    close = 100.0 + rng.integers(0, 2, 4000) * (rng.random(4000) < 0.1)
    data = {
        "A": bt.Bars(
            START + STEP["1min"] * np.arange(4000), close, close, close, close, close, interval="1min"
        )
    }
    result = swept(data, "ma_crossover", GRID, execution=COSTS)
    assert_same(result, data, "ma_crossover", execution=COSTS)


@st.composite
def cases(draw):
    """A market, parameter sets and settings, most of them plain."""
    n = draw(st.integers(1, 400))
    tick = draw(st.sampled_from([0.01, 0.25, 5.0]))
    interval = draw(st.sampled_from(["1min", "1h", "1d"]))
    swing = draw(st.sampled_from([0.001, 0.01, 0.05]))
    data = {"A": bars(n, draw(st.integers(0, 1000)), interval, tick, swing, own_ends=draw(st.booleans()))}
    strategy = draw(st.sampled_from(sorted(SETS)))
    sets = {name: draw(st.lists(st.sampled_from(values), min_size=1, max_size=2, unique=True))
            for name, values in SETS[strategy].items()}  # fmt: skip
    if "long_period" in sets:
        sets["long_period"].append(30)
    sets["weight"] = [draw(st.sampled_from([0.25, 1.0, 1.5, 3.0]))]
    low = draw(st.sampled_from([None, 0.5, 3.0]))
    execution = bt.Execution(
        slippage_bps=draw(st.sampled_from([0.0, 3.0])),
        slippage_sqrt=draw(st.sampled_from([0.0, 0.01])),
        commission_bps=draw(st.sampled_from([0.0, 2.0, -1.0])),
        commission_per_share=draw(st.sampled_from([0.0, 0.02])),
        commission_min=low,
        account=draw(st.sampled_from(["margin", "margin", "cash"])),
        leverage=draw(st.sampled_from([1.0, 2.0, 4.0])),
    )
    instrument = bt.Instrument(
        lot_size=draw(st.sampled_from([0.0, 0.1, 1.0, 100.0])),
        multiplier=draw(st.sampled_from([1.0, 0.5, 10.0])),
        min_notional=draw(st.sampled_from([0.0, 500.0])),
        initial_margin=draw(st.sampled_from([None, 0.2])),
    )
    terms = {
        "execution": execution,
        "instruments": {"A": instrument},
        "initial_capital": draw(st.sampled_from([1000.0, 1e6])),
        "timezone": draw(st.sampled_from(["UTC", "America/New_York", "Asia/Kolkata"])),
    }
    return data, strategy, sets, terms


@given(case=cases())
@settings(max_examples=150)
def test_a_sweep_equals_its_runs(case):
    data, strategy, sets, terms = case
    result = swept(data, strategy, sets, workers=2, **terms)
    assert_same(result, data, strategy, **terms)
