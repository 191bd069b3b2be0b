"""The planner's laws, on portfolios of every kind; and its numbers, worked out by hand."""

from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from btcore.strategies.targets.plan import DUST, Kind, Plan, plan

NAN = float("nan")
EPS = 1e-7  # of equity, and of a lot


class Case(NamedTuple):
    equity: float
    prices: NDArray[Any]
    multipliers: NDArray[Any]
    lots: NDArray[Any]
    held: NDArray[Any]
    targets: NDArray[Any]

    @property
    def unit(self) -> NDArray[Any]:
        """The weight of one unit of each symbol; 0 without a price."""
        return np.nan_to_num(self.prices * self.multipliers / self.equity)

    def after(self, planned: Plan) -> NDArray[Any]:
        held = self.held.copy()
        for i, delta in planned.orders:
            held[i] += delta
        return held


@st.composite
def cases(draw: st.DrawFn, *, long_only: bool = False) -> Case:
    """Up to six symbols, some without a price or a target, held in whole lots."""
    n = draw(st.integers(1, 6))

    def column(items: st.SearchStrategy[float]) -> NDArray[Any]:
        return np.array(draw(st.lists(items, min_size=n, max_size=n)))

    equity = draw(st.floats(1e3, 1e7))
    prices = column(st.floats(0.5, 2000.0) | st.just(NAN))
    multipliers = column(st.sampled_from([1.0, 1.0, 10.0]))
    lots = column(st.sampled_from([0.0, 0.01, 1.0, 100.0]))
    low = 0.0 if long_only else -1.2
    weights = column(st.floats(low, 1.2) | st.just(0.0))
    with np.errstate(invalid="ignore"):
        held = np.nan_to_num(weights * equity / (prices * multipliers))
    held = np.where(lots > 0.0, np.trunc(held / np.where(lots > 0.0, lots, 1.0)) * lots, held)
    targets = column(st.floats(low, 1.5) | st.just(NAN) | st.just(0.0))
    return Case(equity, prices, multipliers, lots, held, targets)


TERMS: dict[str, st.SearchStrategy[Any]] = {
    "drift": st.sampled_from([0.0, 0.02, 0.2]),
    "max_weight": st.none() | st.floats(0.05, 1.0),
    "max_turnover": st.none() | st.floats(0.01, 1.0),
    "cash_floor": st.sampled_from([0.0, 0.1, 0.5, -0.5]),
    "costs": st.sampled_from([0.0, 0.001, 0.01]),
    "fee": st.sampled_from([0.0, 1.0]),
    "half_spreads": st.sampled_from([0.0, 0.0005]),
    "min_notionals": st.sampled_from([0.0, 0.0, 500.0]),
    "margin_weights": st.sampled_from([1.0, 1.0, 0.2, 1.5]),
    "leverage": st.sampled_from([1.0, 1.0, 2.0]),
}
terms = st.fixed_dictionaries(TERMS)


@given(cases(), terms, st.lists(st.booleans(), min_size=6, max_size=6))
def test_what_is_sent_makes_sense(case: Case, terms: dict[str, Any], tradable: list[bool]) -> None:
    """Whole lots, once a symbol, not too small, of what has a price and a target and may be traded."""
    may = np.array(tradable[: len(case.held)])
    planned = plan(*case, **terms, tradable=may)
    places = [i for i, _ in planned.orders]
    assert len(set(places)) == len(places)
    for i, delta in planned.orders:
        assert delta != 0.0
        assert abs(delta) * case.unit[i] * case.equity >= terms["min_notionals"] * (1 - EPS)
        assert may[i]
        assert np.isfinite(case.prices[i])
        assert np.isfinite(case.targets[i])
        if case.lots[i]:
            lots = delta / case.lots[i]
            assert abs(lots - round(lots)) <= EPS
    assert 0.0 <= planned.scale <= 1.0


@given(cases(), terms)
def test_no_trade_leads_beyond_the_largest_weight(case: Case, terms: dict[str, Any]) -> None:
    """Nor away from it, for a symbol that is beyond already and may not trade all the way back."""
    planned = plan(*case, **terms)
    if terms["max_weight"] is None:
        return
    after = np.abs(case.after(planned)) * case.unit
    for i, _ in planned.orders:
        before = abs(case.held[i]) * case.unit[i]
        assert after[i] <= max(terms["max_weight"], before) + EPS
        if terms["max_turnover"] is None:
            assert after[i] <= terms["max_weight"] + EPS


@given(cases(), terms)
def test_the_turnover_is_capped(case: Case, terms: dict[str, Any]) -> None:
    traded = sum(abs(delta) * case.unit[i] for i, delta in plan(*case, **terms).orders)
    assert terms["max_turnover"] is None or traded <= terms["max_turnover"] + EPS


@given(cases(), terms)
def test_the_cash_floor_holds_wherever_something_is_bought(case: Case, terms: dict[str, Any]) -> None:
    """After all costs. What only lowers a position is always sold, or bought back."""
    planned = plan(*case, **terms)
    after = case.after(planned)
    raised = np.maximum(after, 0.0) - np.maximum(case.held, 0.0)
    if (raised * case.unit).max(initial=0.0) <= DUST:
        return
    cost = (1 + terms["costs"]) * (1 + terms["half_spreads"]) - 1
    spent = sum(cost * abs(delta) * case.unit[i] for i, delta in planned.orders)
    spent += terms["fee"] * len(planned.orders) / case.equity
    assert 1.0 - after @ case.unit - spent >= terms["cash_floor"] - EPS


@settings(max_examples=500)
@given(cases(), terms)
def test_every_order_passes_admission_in_turn(case: Case, terms: dict[str, Any]) -> None:
    """As docs/simulation.md has it under Buying power, with all costs of the fills before taken off."""
    planned = plan(*case, **terms)
    held, equity = case.held.copy(), 1.0
    for i, delta in planned.orders:
        after = held[i] + delta
        if abs(after) > abs(held[i]):
            others = np.abs(np.delete(held, i)) @ np.delete(case.unit, i)
            own = abs(after) * case.unit[i] * (1 + terms["half_spreads"])
            assert terms["margin_weights"] * (others + own) <= terms["leverage"] * equity * (1 + 1e-9) + 1e-9
        held[i] = after
        cost = (1 + terms["costs"]) * (1 + terms["half_spreads"]) - 1
        equity -= cost * abs(delta) * case.unit[i] + terms["fee"] / case.equity


@given(cases(long_only=True), terms)
def test_sells_go_first(case: Case, terms: dict[str, Any]) -> None:
    signs = [delta > 0 for _, delta in plan(*case, **terms).orders]
    assert signs == sorted(signs)


@given(cases(), terms)
def test_what_frees_money_goes_before_what_takes_it(case: Case, terms: dict[str, Any]) -> None:
    """With shorts as well: buying one back comes before the sale that opens another."""
    planned = plan(*case, **terms)
    after = case.after(planned)
    keys = [(abs(after[i]) > abs(case.held[i]), delta > 0) for i, delta in planned.orders]
    assert keys == sorted(keys)


@given(cases(), terms)
def test_the_drift_band(case: Case, terms: dict[str, Any]) -> None:
    """Inside it nothing is traded; outside, without other limits, all the way to whole lots of the target."""
    if terms["max_weight"] is None and plan(*case, **terms).scale == 1.0:
        off = np.abs(case.held * case.unit - np.nan_to_num(case.targets))
        for i, _ in plan(*case, **terms).orders:
            assert off[i] > terms["drift"]
    planned = plan(*case, drift=terms["drift"], leverage=100.0, cash_floor=-100.0)
    assert planned.scale == 1.0
    after = case.after(planned)
    for i in range(len(case.held)):
        if not case.unit[i] or np.isnan(case.targets[i]):
            assert after[i] == case.held[i]
        elif abs(case.held[i] * case.unit[i] - case.targets[i]) > terms["drift"] + EPS:
            short = abs(case.targets[i]) - abs(after[i]) * case.unit[i]  # of the target
            assert -EPS <= short <= case.lots[i] * case.unit[i] + EPS
            assert after[i] * case.targets[i] >= 0.0


@given(cases(), terms)
def test_no_trade_goes_past_its_target(case: Case, terms: dict[str, Any]) -> None:
    """A trade cut short lies between what is held and what is wanted."""
    planned = plan(*case, **terms)
    for i, delta in planned.orders:
        assert abs(case.held[i] + delta) * case.unit[i] <= max(
            abs(case.held[i]) * case.unit[i], abs(case.targets[i]) + EPS
        )


@given(cases())
def test_a_portfolio_that_stands_where_it_should_is_let_be(case: Case) -> None:
    free = {"leverage": 100.0, "cash_floor": -100.0}
    after = case.after(plan(*case, **free))
    assert plan(*case._replace(held=after), **free).orders == []


@given(cases(), terms)
def test_the_kinds_say_the_same(case: Case, terms: dict[str, Any]) -> None:
    as_weight = plan(*case, kind="weight", **terms)
    as_value = plan(*case._replace(targets=case.targets * case.equity), kind="value", **terms)
    assert [i for i, _ in as_value.orders] == [i for i, _ in as_weight.orders]
    assert np.allclose([d for _, d in as_value.orders], [d for _, d in as_weight.orders], rtol=1e-6)


@given(st.floats(-1e6, 0.0) | st.just(NAN))
def test_without_equity_nothing_is_planned(equity: float) -> None:
    assert plan(equity, [10.0], 1.0, 0.0, [5.0], [0.0]) == Plan([], 1.0, [])


def two(held: tuple[float, float], targets: tuple[float, float], **terms: Any) -> list[tuple[int, float]]:
    """Symbols at 100 and 50, an account of 10,000, whole units."""
    return plan(10_000.0, [100.0, 50.0], 1.0, 1.0, held, targets, **terms).orders


@pytest.mark.parametrize(
    ("held", "targets", "terms", "orders"),
    [
        ((0, 0), (0.6, 0.4), {}, [(0, 60), (1, 80)]),
        ((80, 40), (0.6, 0.4), {}, [(0, -20), (1, 40)]),
        ((20, 160), (0.6, 0.4), {}, [(1, -80), (0, 40)]),  # the sale first
        ((0, 0), (0.609, 0.3), {}, [(0, 60), (1, 60)]),  # rounded down
        ((0, 0), (-0.609, 0.3), {}, [(0, -60), (1, 60)]),  # in magnitude
        ((0, 0), (0.9, 0.6), {}, [(0, 60), (1, 80)]),  # 1.5 does not fit: 0.6 and 0.4
        ((0, 0), (0.9, 0.6), {"leverage": 2.0}, [(0, 60), (1, 80)]),  # nor may it be borrowed
        ((0, 0), (0.9, 0.6), {"leverage": 2.0, "cash_floor": -0.5}, [(0, 90), (1, 120)]),
        ((0, 0), (0.6, 0.4), {"cash_floor": 0.1}, [(0, 54), (1, 72)]),
        ((0, 0), (0.6, 0.4), {"max_weight": 0.5}, [(0, 50), (1, 80)]),
        ((62, 60), (0.6, 0.4), {"drift": 0.02}, [(1, 16)]),  # 2 % is not more than 2 %; and cash is 800
        ((65, 70), (0.6, 0.4), {"drift": 0.06}, []),
        ((0, 0), (0.6, 0.4), {"max_turnover": 0.5}, [(0, 30), (1, 40)]),
        ((80, 40), (0.5, 0.5), {"max_turnover": 0.3}, [(0, -15), (1, 30)]),
        ((0, 0), (0.6, 0.4), {"costs": 0.01}, [(0, 59), (1, 79)]),  # 1.01 * 10,000 is not there: / 1.01
        ((60, 70), (0.6, 0.4), {"costs": 0.01}, [(1, 9)]),  # costs are those of the trade alone: 500 / 505
        ((0, 100), (NAN, 0.6), {}, [(1, 20)]),
        ((70, 0), (NAN, 0.4), {}, [(1, 60)]),  # what is left alone takes its room
        ((-40, 0), (0.0, -0.4), {"leverage": 0.5}, [(0, 40), (1, -80)]),  # bought back before the other opens
        ((50, 0), (-0.5, 0.0), {}, [(0, -100)]),
        ((0, 0), (0.6, 0.4), {"fee": 100.0}, [(0, 58), (1, 78)]),
        ((0, 0), (0.6, 0.4), {"tradable": [True, False]}, [(0, 60)]),
        ((60, 80), (0.0, NAN), {}, [(0, -60)]),
        ((90, 0), (0.9, -0.6), {}, [(0, -30), (1, -80)]),  # a gross of 1.5
        ((65, 0), (0.6, -0.4), {"drift": 0.06}, [(1, -70)]),  # A is let be at 0.65
        ((50, 100), (-0.6, NAN), {"costs": 0.01}, [(0, -99)]),  # short for 0.495 / 0.505 of 5,000
        ((59, 78), (0.6, 0.4), {"min_notionals": 100.0}, [(0, 1), (1, 2)]),
        ((59, 78), (0.6, 0.4), {"min_notionals": 101.0}, []),
        ((61, 70), (0.6, 0.4), {"min_notionals": 101.0}, [(1, 8)]),  # without A's sale there is money for 8
        (
            (0, 0),
            (0.6, 0.4),
            {"margin_weights": [2.0, 1.0]},
            [(0, 37), (1, 50)],
        ),  # 1.2 + 0.4 of 1: 37.5, 50
        ((0, 0), (3.0, 0.0), {"margin_weights": [0.1, 1.0], "cash_floor": -9.0}, [(0, 300)]),
    ],
)
def test_by_hand(
    held: tuple[float, float],
    targets: tuple[float, float],
    terms: dict[str, Any],
    orders: list[tuple[int, float]],
) -> None:
    assert two(held, targets, **terms) == orders


def test_units_and_multipliers() -> None:
    """A contract at 100 with 10 a point is 1,000 of money."""
    for kind, target in (("weight", 0.5), ("value", 5000.0), ("units", 5.0)):
        named: Kind = kind  # type: ignore[assignment]
        assert plan(10_000.0, [100.0], 10.0, 1.0, [0.0], [target], kind=named).orders == [(0, 5.0)]


def test_a_half_spread_is_left_room_for() -> None:
    """10,000 / 100 is 100 units at the mid; at the ask of 101 there is money for 99, for which 9,999 is paid.

    The planner takes off the spread of the trade and, for the check of the order, that of the position.
    """
    [(_, quantity)] = plan(10_000.0, [100.0], 1.0, 0.0, [0.0], [1.0], half_spreads=0.01).orders
    assert quantity * 101.0 <= 10_000.0
    assert quantity == pytest.approx(100.0 * (1 - 0.01) / 1.01)
