"""What is removed from the terms of a run, and what is doubled."""

from typing import Any

import numpy as np
import pytest
from msgspec.structs import asdict

import btcore as bt
from btcore.data.containers import Bars, Quotes
from btcore.research.stress.market import with_spread
from btcore.research.stress.terms import (
    COMMISSION,
    DOUBLED,
    LATENCY,
    Terms,
    differences,
    some,
    twice,
    with_double_costs,
    without_commission,
    without_latency,
    without_sizes,
    without_spread,
)

SET: dict[str, Any] = {  # every setting of Execution, with a value that is not its default
    "slippage_bps": 1.0, "slippage_ticks": 2.0, "slippage_volume": 0.1, "slippage_sqrt": 0.2,
    "commission_bps": 3.0, "maker_bps": -1.0, "taker_bps": 4.0, "commission_per_share": 0.01,
    "commission_min": 1.0, "commission_max": 9.0,
    "commission_tiers": [bt.CommissionTier(notional=1e6, maker_bps=-2.0, taker_bps=2.0)],
    "latency_ms": 5.0, "response_latency_ms": 6.0, "latency_jitter_ms": 1.0, "response_jitter_ms": 1.0,
    "jitter": "uniform", "seed": 7, "account": "cash", "leverage": 2.0, "maintenance_margin": 0.1,
    "position_mode": "hedging", "cost_basis": "fifo", "cash_rate": 0.01, "debit_rate": 0.02,
    "off_step": "snap", "limit_fill": "touch", "intrabar": "path", "volume_share": 0.5,
    "displayed_size": True, "bar_fill": "close", "close_at_end": True, "consume": "until_refresh",
    "commission_per_order": 0.5, "commission_max_bps": 50.0, "commission_round_to": 0.01,
    "slippage_entry_bps": 1.0, "max_quote_age": "5s", "max_order": 100.0, "max_position": 200.0,
    "max_open_orders": 5, "max_loss": 1000.0, "max_orders_per_second": 9, "oco_across": True,
    "resting_on": "bars",
}  # fmt: skip
INSTRUMENT = bt.Instrument(
    tick_size=0.01,
    commission=bt.Commission(bps=5, maker_bps=-1, minimum=1, round_to=0.01),
    slippage=bt.Slippage(bps=2, ticks=1, volume=0.1, sqrt=0.2, entry_bps=3),
    maker_bps=-1,
    taker_bps=3,
)
MODEL = bt.CostModel(
    lambda price, quantity, side, liquidity, instrument: 2.0 if liquidity else -1.0,
    lambda price, quantity, side, liquidity, instrument: price + 0.5 * side,
    lambda price, quantity, side, liquidity, instrument: quantity,
)
TERMS = Terms(bt.Execution(**SET), {"A": INSTRUMENT}, MODEL, 1.0, True)
KEPT = {  # what is neither a cost of a fill, nor latency, nor a limit of size
    "jitter", "seed", "account", "leverage", "maintenance_margin", "position_mode", "cost_basis", "cash_rate",
    "debit_rate", "off_step", "limit_fill", "intrabar", "bar_fill", "close_at_end", "max_quote_age",
    "max_order", "max_position", "max_open_orders", "max_loss", "max_orders_per_second", "oco_across",
    "resting_on",
}  # fmt: skip


def changed(terms: Terms) -> set[str]:
    now = asdict(terms.execution)
    return {name for name, value in asdict(TERMS.execution).items() if now[name] != value}


def test_every_setting_has_a_value_that_is_not_its_default() -> None:
    """So that a setting which is added must be put into one of the groups."""
    assert set(SET) == set(bt.Execution.__struct_fields__)
    assert all(value != getattr(bt.Execution(), name) for name, value in SET.items())


def test_each_removal_takes_its_own_settings_and_all_take_the_rest() -> None:
    spread = {"slippage_bps", "slippage_ticks", "slippage_entry_bps"}
    sizes = {"volume_share", "displayed_size", "consume", "slippage_volume", "slippage_sqrt"}
    assert changed(without_spread(TERMS)) == spread
    assert changed(without_commission(TERMS)) == set(COMMISSION)
    assert changed(without_latency(TERMS)) == set(LATENCY)
    assert changed(without_sizes(TERMS)) == sizes
    assert spread | set(COMMISSION) | set(LATENCY) | sizes | KEPT == set(SET)


def test_removals_reach_instruments_and_functions() -> None:
    free = without_commission(TERMS)
    assert (free.instruments["A"].commission, free.instruments["A"].taker_bps) == (None, None)
    assert free.cost_model == MODEL._replace(commission=None)
    tight = without_spread(TERMS)
    assert tight.instruments["A"].slippage == bt.Slippage(volume=0.1, sqrt=0.2)
    assert tight.cost_model == MODEL._replace(slippage=None)
    assert tight.spread == 0.0
    deep = without_sizes(TERMS)
    assert deep.instruments["A"].slippage == bt.Slippage(bps=2, ticks=1, entry_bps=3)
    assert deep.cost_model == MODEL._replace(fill_size=None)
    assert without_sizes(free._replace(cost_model=bt.CostModel(fill_size=MODEL.fill_size))).cost_model is None
    assert not without_latency(TERMS).own_latency


@pytest.mark.parametrize(
    ("tick", "spread", "moved"), [(0.01, 1.0, "snap"), (0.0, 1.0, "reject"), (0.01, None, "reject")]
)
def test_orders_move_to_ticks_only_where_quotes_leave_them(
    tick: float, spread: float | None, moved: str
) -> None:
    terms = Terms(bt.Execution(), {"A": bt.Instrument(tick_size=tick)}, None, spread)
    assert without_spread(terms).execution.off_step == moved


def test_doubled_costs_are_twice_as_high_and_rebates_stay() -> None:
    doubled = with_double_costs(TERMS)
    assert changed(doubled) == {*DOUBLED, "commission_tiers"} - {"maker_bps"}
    assert doubled.execution.commission_tiers == [
        bt.CommissionTier(notional=1e6, maker_bps=-2.0, taker_bps=4.0)
    ]
    assert doubled.instruments["A"] == bt.Instrument(
        tick_size=0.01,
        commission=bt.Commission(bps=10, maker_bps=-1, minimum=2, round_to=0.01),
        slippage=bt.Slippage(bps=4, ticks=2, volume=0.2, sqrt=0.4, entry_bps=6),
        maker_bps=-1,
        taker_bps=6,
    )
    assert doubled.spread == 2.0
    model = doubled.cost_model
    assert model is not None
    assert model.commission is not None
    assert model.slippage is not None
    assert model.fill_size is MODEL.fill_size
    assert [model.commission(1, 1, 1, taker, None) for taker in (0, 1)] == [-1.0, 4.0]
    assert [model.slippage(10, 1, side, 1, None) for side in (1, -1)] == [11.0, 9.0]


def test_a_slippage_that_helps_is_not_doubled() -> None:
    helps = bt.CostModel(slippage=lambda price, quantity, side, liquidity, instrument: price - 0.5 * side)
    model = with_double_costs(TERMS._replace(cost_model=helps)).cost_model
    assert model is not None
    assert model.slippage is not None
    assert model.slippage(10, 1, 1, 1, None) == 9.5


def test_twice_stays_within_what_is_allowed() -> None:
    assert [twice(v, 10_000) for v in (None, 0, -3, 4, 6000)] == [None, 0, -3, 8, 10_000]
    costly = Terms(bt.Execution(slippage_bps=9000, commission_bps=9000), {"A": bt.Instrument()})
    assert with_double_costs(costly).execution.slippage_bps == 10_000


def test_differences_are_texts_of_what_is_new() -> None:
    plain = Terms(bt.Execution(), {s: bt.Instrument() for s in "ABCDE"})
    fee = bt.Instrument(commission=bt.Commission(bps=1, per_order=0.5))
    more = Terms(
        bt.Execution(latency_ms=[("2024-01-02", 1.0), ("2024-01-03", 2.0)], slippage_bps=0.1 + 0.2),
        dict.fromkeys("ABCDE", fee),
        bt.CostModel(slippage=MODEL.slippage),
        None,
        True,
    )
    assert differences(plain, plain) == []
    assert differences(plain, more) == [
        "slippage_bps=0.3",
        "latency_ms=2 dated values",
        "commission=Commission(bps=1, per_order=0.5) of A, B, C and 2 more",
        "cost_model.slippage",
        "latency_ms of the orders",
    ]
    assert some("AB") == "A, B"


def test_quotes_and_sides_of_bars_keep_their_mids() -> None:
    quotes = Quotes([1, 2], [10.0, 11.0], [10.4, 11.0], [1.0, 2.0], [3.0, 4.0])
    day = 86_400 * 10**9
    bid, ask = ([9.0], [12.0], [8.0], [11.0]), ([9.2], [12.8], [8.4], [11.2])
    bars = Bars([0], [9.5], [12.5], [8.5], [11.5], [100.0], interval=day, bid=bid, ask=ask)
    plain = Bars([0], [9.5], [12.5], [8.5], [11.5], interval=day)
    data = {"Q": quotes, "B": (bars, plain)}
    assert with_spread(data, 1.0) is data
    assert with_spread({"P": plain}, 0.0)["P"] is plain
    middle = with_spread(data, 0.0)
    (q,), (b, p) = middle["Q"], middle["B"]  # type: ignore[misc]
    assert q == Quotes([1, 2], [10.2, 11.0], [10.2, 11.0], [1.0, 2.0], [3.0, 4.0])
    assert p is plain
    assert b.open.tolist() == [9.5]  # what a strategy sees
    assert b.volume.tolist() == [100.0]
    assert b.bid == b.ask == tuple(np.array(x) for x in ([9.1], [12.4], [8.2], [11.1]))
    wide = with_spread(data, 2.0)
    assert wide["Q"][0].bid.tolist() == pytest.approx([9.8, 11.0])  # type: ignore[index, union-attr]
    assert wide["B"][0].ask.high.tolist() == pytest.approx([13.2])  # type: ignore[index, union-attr]


def test_extremes_of_a_side_stay_extremes_where_the_spread_varies() -> None:
    # Twice the spread moves the open of the bid from 11.90 to 11.875, and its high from 12 to 11.50.
    bid, ask = ([11.9], [12.0], [11.0], [11.5]), ([11.95], [13.0], [11.1], [11.6])
    bars = Bars([0], bid=bid, ask=ask, interval=86_400 * 10**9)
    wide = with_spread({"A": bars}, 2.0)["A"][0].bid  # type: ignore[index, union-attr]
    assert (wide.open.tolist(), wide.high.tolist()) == (pytest.approx([11.875]), pytest.approx([11.875]))
    assert wide.low.tolist() == pytest.approx([10.95])


def test_a_doubled_spread_below_zero_is_listed_with_the_reason() -> None:
    times = 60 * 10**9 * np.arange(4)
    quotes = bt.Quotes(times, [0.01] * 4, [0.04] * 4)
    ladder = bt.ladder({"A": quotes}, "buy_and_hold", progress=False)
    assert ladder.stresses[0].metrics is None
    assert ladder.stresses[0].reason.startswith("quotes[0]: bid")
