"""Fills are inside their bar, the values of `intrabar` are ordered, bars agree with their ticks."""

from itertools import pairwise
from typing import Any

import pytest
from engines import Case, Outcome, run_btcore
from hand_cases import MIDNIGHT, planned
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from markets import EXAMPLES, cases
from order_states import unhashed
from random_rows import SECOND
from reference import end_of
from strategy_scripts import scripted
from variations import accepted, free_of_costs, instruments

from btcore.config import Execution, Instrument

BAR = 100 * SECOND
law = settings(
    max_examples=max(EXAMPLES // 20, 1),
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example],
)
readings = pytest.mark.parametrize("intrabar", ["pessimistic", "optimistic", "path"])
Rows = list[tuple[float, ...]]


def bar_rows(prices: list[list[float]]) -> Rows:
    """Bars of the prices seen in each."""
    return [
        (MIDNIGHT + i * BAR, seen[0], max(seen), min(seen), seen[-1], 100.0) for i, seen in enumerate(prices)
    ]


def tick_rows(prices: list[list[float]]) -> Rows:
    """Quotes without a spread, evenly in each bar's time."""
    return [
        (MIDNIGHT + i * BAR + j * BAR // len(seen), price, price)
        for i, seen in enumerate(prices)
        for j, price in enumerate(seen)
    ]


def play(streams: dict[str, Any], act: Any, **terms: Any) -> Outcome:
    """One symbol; `act` runs at the start."""
    case = Case({"A": streams}, execution=Execution(**terms), instruments={"A": Instrument()})
    return run_btcore(case, unhashed(planned({"start": act})))


def on_bars(prices: list[list[float]], act: Any, **terms: Any) -> Outcome:
    return play({"bars": bar_rows(prices), "interval": BAR}, act, **terms)


def on_ticks(prices: list[list[float]], act: Any, **terms: Any) -> Outcome:
    return play({"quotes": tick_rows(prices)}, act, **terms)


@law
@given(cases())
def test_every_fill_lies_within_its_bar(drawn: Any) -> None:
    case, script = drawn
    case = instruments(free_of_costs(case, close_at_end=False), delisting=None)  # else a terminal price
    outcome = accepted(lambda: run_btcore(case, unhashed(scripted(script))))
    for fill in outcome.fills:
        stream = case.streams[fill["symbol"]]
        if stream.keys() <= {"bars", "interval", "ends"}:
            at_open = [row[1] for row in stream["bars"] if row[0] == fill["ts"]]
            within = [row[3:1:-1] for row in stream["bars"] if end_of(stream, row) == fill["ts"]]
            found = fill["price"] in at_open or any(low <= fill["price"] <= high for low, high in within)
            assert found, (fill, at_open, within)


levels = st.integers(95, 105).map(float)
ticks = st.lists(st.lists(levels, min_size=1, max_size=6), min_size=2, max_size=8)
sides = st.sampled_from(("buy", "sell"))


@law
@given(ticks, sides, st.sampled_from((None, "limit", "stop", "touch")), levels)
def test_bars_fill_an_order_in_the_bar_where_its_ticks_do(
    prices: list[list[float]], side: str, kind: str | None, level: float
) -> None:
    def act(ctx: Any) -> None:
        getattr(ctx, side)("A", 1, **({} if kind is None else {kind: level}))

    bars, fine = on_bars(prices, act).fills, on_ticks(prices, act).fills
    assert len(bars) == len(fine) <= 1
    if not bars:
        return
    way = 1 if side == "buy" else -1
    (coarse,), (exact,) = bars, fine
    where = (exact["ts"] - MIDNIGHT) // BAR
    assert coarse["ts"] in (MIDNIGHT + where * BAR, MIDNIGHT + (where + 1) * BAR)
    low, high = min(prices[where]), max(prices[where])
    assert low <= coarse["price"] <= high
    worse = way * (exact["price"] - coarse["price"])  # by how much the fill on ticks is worse than on bars
    if kind is None or (coarse["ts"] == exact["ts"] and coarse["liquidity"] == "taker"):
        assert worse == 0.0
    elif kind == "limit":  # a bar that opens beyond the limit fills at its open, a tick at the limit
        assert worse >= 0.0
        assert exact["price"] == level
    else:
        assert low <= exact["price"] <= high
        assert worse >= 0.0 if kind == "stop" else worse <= 0.0


@st.composite
def walks(draw: Any) -> list[list[float]]:
    """Every price on the way of `intrabar="path"`, in bars without gaps between them."""
    prices, at = [], draw(st.integers(98, 102))
    for _ in range(draw(st.integers(2, 8))):
        up, down, end = (draw(st.integers(0, 5)) for _ in range(3))
        high, low = at + up, at - down
        close = low + end % (high - low + 1)
        ways = (low, high) if down <= up else (high, low)
        seen = [at]
        for start, stop in pairwise((at, *ways, close)):
            step = 1 if stop > start else -1
            seen += range(start + step, stop + step, step) if stop != start else []
        prices.append([float(price) for price in seen])
        at = close
    return prices


def near(distances: st.SearchStrategy[int]) -> st.SearchStrategy[float]:
    return distances.map(lambda d: 100.0 + d)


entries = st.one_of(
    st.just({}),
    st.fixed_dictionaries({"limit": near(st.integers(-3, 3))}),
    st.fixed_dictionaries({"stop": near(st.integers(-3, 3))}),
)


@st.composite
def brackets(draw: Any) -> dict[str, Any]:
    """An entry, and exits on their right sides of wherever it may fill."""
    side, entry = draw(sides), draw(entries)
    way = 1 if side == "buy" else -1
    target, guard = (draw(st.integers(4, 9)) for _ in range(2))
    return {"side": side, "take_profit": 100.0 + way * target, "stop_loss": 100.0 - way * guard, **entry}


@law
@given(walks(), brackets(), st.lists(st.tuples(sides, st.sampled_from(("stop", "touch", "trail")), levels)))
def test_the_path_reading_equals_ticks_along_the_path(
    prices: list[list[float]], bracket: dict[str, Any], more: list[tuple[str, str, float]]
) -> None:
    def act(ctx: Any) -> None:
        ctx.bracket("A", 1, **bracket)
        for side, kind, level in more:
            getattr(ctx, side)("A", 1, **{kind: level - 94.0 if kind == "trail" else level})

    walked, exact = on_bars(prices, act, intrabar="path"), on_ticks(prices, act)
    assert sorted(fill_keys(walked)) == sorted(fill_keys(exact))
    assert walked.equity[-1]["equity"] == exact.equity[-1]["equity"]


def fill_keys(outcome: Outcome) -> list[tuple[Any, ...]]:
    return [(f["order_id"], f["side"], f["price"]) for f in outcome.fills]


wild = st.lists(st.lists(st.integers(90, 110).map(float), min_size=1, max_size=4), min_size=2, max_size=8)


@law
@given(wild, brackets())
def test_pessimistic_gains_at_most_path_gains_at_most_optimistic(
    prices: list[list[float]], bracket: dict[str, Any]
) -> None:
    """Of an entry at the open: the first bar that reaches an exit ends it, whatever the reading."""
    bracket = {name: price for name, price in bracket.items() if name not in ("limit", "stop")}

    def gained(intrabar: str) -> float:
        outcome = on_bars(prices, lambda ctx: ctx.bracket("A", 1, **bracket), intrabar=intrabar)
        return outcome.equity[-1]["equity"]

    assert gained("pessimistic") <= gained("path") <= gained("optimistic")


short = st.lists(st.lists(st.integers(92, 108).map(float), min_size=2, max_size=5), min_size=1, max_size=2)


@st.composite
def loose_brackets(draw: Any) -> dict[str, Any]:
    """A bracket whose exits may lie on either side of its entry."""
    entry, anywhere = draw(entries), st.integers(94, 106).map(float)
    return {"side": draw(sides), "take_profit": draw(anywhere), "stop_loss": draw(anywhere), **entry}


@readings
@law
@given(prices=short, bracket=loose_brackets())
def test_exits_fill_at_prices_of_their_bar(
    intrabar: str, prices: list[list[float]], bracket: dict[str, Any]
) -> None:
    outcome = on_bars(prices, lambda ctx: ctx.bracket("A", 1, **bracket), intrabar=intrabar)
    for fill in outcome.fills:
        bar, rest = divmod(fill["ts"] - MIDNIGHT, BAR)
        assert rest == 0
        opened = prices[bar][0] if bar < len(prices) else None
        before = prices[bar - 1] if bar else [opened]
        assert fill["price"] == opened or min(before) <= fill["price"] <= max(before)
    for order in outcome.orders:
        if order["type"] == "stop" and order["ts_arrived"] >= 0 and not order["filled"]:
            ended_first = order["reason"] in ("oco", "parent")
            assert ended_first or order["side"] * (prices[-1][-1] - order["stop"]) < 0, "not triggered"


@readings
@law
@given(prices=wild, bracket=brackets())
def test_bars_of_one_price_have_one_reading(
    intrabar: str, prices: list[list[float]], bracket: dict[str, Any]
) -> None:
    flat = [seen[:1] for seen in prices]
    outcome = on_bars(flat, lambda ctx: ctx.bracket("A", 1, **bracket), intrabar=intrabar)
    exact = on_ticks(flat, lambda ctx: ctx.bracket("A", 1, **bracket))
    assert [f[:2] for f in fill_keys(outcome)] == [f[:2] for f in fill_keys(exact)]
    assert outcome.ambiguous_bars == 0
