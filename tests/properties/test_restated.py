"""A restated case (units, mirror, date, split) gives the restated result; terms have no side effects."""

from dataclasses import replace
from typing import Any

import pytest
from engines import Case, assert_same
from hypothesis import assume, given
from hypothesis import strategies as st
from markets import cases
from msgspec import structs
from reference import end_of, sequence
from reference.model import DIVIDEND
from restated import (
    Units,
    case_in,
    exactly,
    map_rows,
    mirrored_outcome,
    mirrored_row,
    outcome_in,
    restate_requests,
    rows_in,
    shifted_case,
    shifted_outcome,
)
from strategy_scripts import Action, Script, scripted
from variations import (
    FREE,
    NO_DELAY,
    NO_LIMITS,
    at_once,
    ends,
    free_of_costs,
    instruments,
    law,
    map_actions,
    play,
    rich,
    terms,
    without,
)

from btcore.config import CommissionTier, Instrument

DAY = 86400 * 10**9
Drawn = tuple[Case, Script]
powers = st.sampled_from((2.0, 0.5, 8.0, 0.125, 1024.0))


@law
@given(cases(), powers, powers)
def test_other_units_of_price_and_size_restate_the_result(drawn: Drawn, price: float, size: float) -> None:
    case, make = drawn[0], scripted(drawn[1])
    units = Units(price, size)
    other = play(case_in(units, case), restate_requests(make, units))
    assert exactly(other) == exactly(outcome_in(units, play(case, make)))


def without_sides(case: Case) -> Case:
    """The case without asymmetric terms: dividends, borrow fees, cash accounts, the path reading."""
    intrabar = "pessimistic" if case.execution.intrabar == "path" else case.execution.intrabar
    return replace(
        case,
        execution=structs.replace(case.execution, account="margin", intrabar=intrabar),
        instruments={
            symbol: structs.replace(instrument, negative_prices=True, dividends=[], borrow_rate=0.0)
            for symbol, instrument in case.instruments.items()
        },
    )


def mirrored_prices(instrument: Instrument) -> Instrument:
    def mirrored(px: float | None) -> float | None:
        return None if px is None else -px

    return structs.replace(
        instrument,
        mark_prices=[(at, -px) for at, px in instrument.mark_prices],
        price_bands=[(at, mirrored(high), mirrored(low)) for at, low, high in instrument.price_bands],
        delisting=instrument.delisting and (instrument.delisting[0], -instrument.delisting[1]),
    )


@law
@given(cases())
def test_a_mirrored_market_pays_the_same(drawn: Drawn) -> None:
    case, make = without_sides(drawn[0]), scripted(drawn[1])
    mirror = replace(
        case,
        streams=map_rows(case.streams, mirrored_row, mirrored=True),
        instruments={symbol: mirrored_prices(each) for symbol, each in case.instruments.items()},
    )
    one, other = play(case, make), play(mirror, restate_requests(make, Units(), mirrored=True))
    # A liquidation closes the long leg first, also in the mirrored run.
    assume(case.execution.position_mode == "netting" or not any(o["flags"] & 4 for o in one.orders))
    assert exactly(other) == exactly(mirrored_outcome(one))


@law
@given(cases(), st.integers(1, 150))
def test_another_day_changes_only_the_dates(drawn: Drawn, weeks: int) -> None:
    case, make = terms(drawn[0], commission_tiers=[]), scripted(drawn[1])  # tiers depend on the month
    # Neither the zone of the run nor that of a session changes its clocks.
    steady = {
        symbol: i
        if i.sessions is None
        else structs.replace(i, sessions=structs.replace(i.sessions, timezone="UTC"))
        for symbol, i in case.instruments.items()
    }
    case = replace(case, timezone="Asia/Kolkata", instruments=steady)
    other = play(shifted_case(case, weeks * 7 * DAY), make)
    expected = shifted_outcome(play(case, make), weeks * 7 * DAY)
    assert exactly(other, "logs") == exactly(expected, "logs")


@law
@given(cases(), st.sampled_from((2.0, 4.0, 0.5)), st.integers(0, 100))
def test_a_split_restates_and_pays_nothing(drawn: Drawn, ratio: float, percent: int) -> None:
    """After the split, data and orders are in new shares: account and money of each fill are unchanged."""
    case, script = drawn
    script = map_actions(replace(script, symbols=("A",)), lambda a: at_once(a) if of_a(a) else None)
    case = instruments(case, tick_size=0.0, lot_size=0.0, dividends=[], splits=[])
    case = instruments(case, mark_prices=[], price_bands=[], delisting=None)
    case = replace(case, streams={"A": case.streams["A"]}, instruments={"A": case.instruments["A"]})
    case = terms(replace(case, start=None), commission_per_share=0.0, **NO_DELAY, **NO_LIMITS)
    case = instruments(case, commission=None, slippage=None)
    times = sorted({event.delivered for event in sequence(case.streams)})
    day = times[(len(times) - 1) * percent // 100] + 1
    units = Units(1 / ratio, ratio)

    def restated(kind: str, row: tuple[float, ...]) -> tuple[float, ...]:
        ts = end_of(case.streams["A"], row) if kind == "bars" else row[0]
        return rows_in(units, kind, row) if ts > day else row

    other = replace(case, streams=map_rows(case.streams, restated))
    other = instruments(other, splits=[(day, ratio)])
    one, two = (
        play(case, scripted(script)),
        play(other, restate_requests(scripted(script), units, after=day)),
    )
    for outcome in (one, two):
        for fill in outcome.fills:
            fill["money"] = fill.pop("quantity") * fill.pop("price")
    whole = ("fills", "equity", "cash_flows", "logs", "ambiguous_bars")
    assert {part: exactly(one)[part] for part in whole} == {part: exactly(two)[part] for part in whole}
    assert ends(one) == ends(two)


def of_a(action: Action) -> bool:
    return action.verb not in ("buy", "sell", "bracket") or action.arguments[0] == "A"


@law
@given(cases())
def test_neutral_terms_change_nothing(drawn: Drawn) -> None:
    case, make = drawn[0], scripted(drawn[1])
    rates = {"cash_rate": 0.0, "debit_rate": 0.0, "maintenance_margin": 0.0}
    case = free_of_costs(terms(case, **NO_DELAY, **rates, leverage=2.0))
    steps = {"currency": None, "initial_margin": None, "maintenance_margin": None, "borrow_rate": 0.0}
    # Even a split by 1 rounds an order to whole lots, if an amendment before admission left it off the lots.
    case = instruments(case, **steps, funding=[], splits=[], lot_size=0.0)

    never = sorted({event.delivered: 0.0 for event in sequence(case.streams)[::3]}.items())
    ones = [(at, 1.0) for at, _ in never]
    loud = terms(
        case,
        **dict.fromkeys(("maker_bps", "taker_bps", "commission_min"), 0.0),
        **dict.fromkeys(("latency_ms", "response_latency_ms", "cash_rate", "debit_rate"), never),
        commission_max=5.0,
        commission_tiers=[CommissionTier(notional=10, maker_bps=0, taker_bps=0)],
        seed=99,
    )
    half = 0.5 if case.execution.account == "margin" else None
    loud = instruments(
        loud, currency="EUR", initial_margin=half, borrow_rate=never, funding=never, splits=ones
    )
    one, two = play(case, make), play(replace(loud, fx={"EUR": [(0, 1.0), *ones]}), make)
    assert not any(flow["amount"] for flow in two.cash_flows if flow["kind"] != DIVIDEND)
    assert exactly(one, "cash_flows") == exactly(two, "cash_flows")


@law
@given(cases())
def test_commission_changes_only_cash(drawn: Drawn) -> None:
    case, make = rich(drawn[0]), scripted(drawn[1])
    paid, free = play(case, make), play(without_commission(case), make)
    for fill, other in zip(paid.fills, free.fills, strict=True):
        assert {**fill, "commission": 0.0} == other
    assert ends(paid) == ends(free)
    cost = sum(fill["commission"] for fill in paid.fills)
    assert paid.equity[-1]["equity"] + cost == pytest.approx(free.equity[-1]["equity"], abs=1e-5)
    assert sum(p["commission"] for p in paid.positions) == pytest.approx(cost)


def without_commission(case: Case) -> Case:
    own = {"commission": None, "maker_bps": None, "taker_bps": None}
    return instruments(terms(case, **{name: FREE[name] for name in FREE if "slippage" not in name}), **own)


def follows_fill(action: Action) -> bool:
    """True for a child that starts at the price of its parent's fill, which includes slippage."""
    return {"trail", "parent"} <= action.terms.keys() or bool(action.terms.get("from_fill"))


@law
@given(
    cases(),
    st.sampled_from(
        ("slippage_bps", "slippage_ticks", "slippage_volume", "slippage_sqrt", "slippage_entry_bps")
    ),
)
def test_slippage_worsens_only_takers(drawn: Drawn, kind: str) -> None:
    script = map_actions(drawn[1], lambda a: None if follows_fill(a) else a)
    amount = {"slippage_bps": 50.0, "slippage_entry_bps": 50.0, "slippage_ticks": 1.0}.get(kind, 0.0625)
    case = free_of_costs(rich(drawn[0]))
    slow, free = play(terms(case, **{kind: amount}), scripted(script)), play(case, scripted(script))
    lost = 0.0
    for fill, other in zip(slow.fills, free.fills, strict=True):
        worse = fill["side"] * (fill["price"] - other["price"])
        assert worse >= 0.0
        assert worse == 0.0 or fill["liquidity"] == "taker"
        assert {**fill, "price": 0.0} == {**other, "price": 0.0}
        lost += worse * fill["quantity"]
    assert ends(slow) == ends(free)
    assert (slow.equity[-1]["equity"] < free.equity[-1]["equity"]) == (lost > 0.0)


@law
@given(cases())
def test_hedging_and_netting_have_the_same_equity(drawn: Drawn) -> None:
    script = map_actions(drawn[1], without("reduce_only"))
    # At an entry both kinds of account pay the same only if they enter the same position.
    case = instruments(rich(drawn[0]), borrow_rate=0.0, splits=[], slippage=None, delisting=None)
    case = terms(case, slippage_entry_bps=0.0, close_at_end=False)
    hedged = play(terms(case, position_mode="hedging"), scripted(script))
    netted = play(terms(case, position_mode="netting"), scripted(script))
    for one, two in zip(hedged.fills, netted.fills, strict=True):
        assert_same({**one, "leg": 0}, two, 1.0, "fill")
    assert ends(hedged) == ends(netted)
    assert_same(hedged.equity, netted.equity, 1e6, "equity")
    for i, net in enumerate(netted.positions):
        legs = hedged.positions[2 * i : 2 * i + 2]
        assert sum(leg["quantity"] for leg in legs) == pytest.approx(net["quantity"], abs=1e-9)
        assert gain(*legs) == pytest.approx(gain(net), abs=1e-6)


@law
@given(cases())
def test_the_cost_basis_changes_only_how_pnl_is_split(drawn: Drawn) -> None:
    case, make = rich(drawn[0]), scripted(drawn[1])
    first = play(terms(case, cost_basis="fifo"), make)
    mean = play(terms(case, cost_basis="average"), make)
    books = ("positions",)
    assert exactly(first, *books) == exactly(mean, *books)
    for one, two in zip(first.positions, mean.positions, strict=True):
        assert gain(one) == pytest.approx(gain(two), abs=1e-6)
        if one["quantity"] == 0.0:
            assert one["realized_pnl"] == pytest.approx(two["realized_pnl"], abs=1e-6)


def gain(*positions: dict[str, Any]) -> float:
    """Realised and unrealised pnl."""
    return sum(
        p["realized_pnl"]
        + (p["quantity"] * (p["mark"] * p["point_value"] - p["avg_cost"]) if p["quantity"] else 0)
        for p in positions
    )
