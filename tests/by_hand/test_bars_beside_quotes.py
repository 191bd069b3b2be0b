"""Resting orders on the bars of a symbol with quotes (`resting_on="bars"`), by hand."""

from typing import Any

import pytest
from engines import Case, EngineRun, result_of
from hand_cases import bars, both, buy, ends, fills, planned, play, quotes, sell, sided

from btcore.config import Execution
from btcore.errors import ConfigError

# Two quotes a bar of 4 s. The bars reach 97 and 104, which no quote shows.
QUOTES = quotes((0, 100, 101), (2, 100, 101), (4, 100, 101), (6, 101, 102), (8, 100, 101), (10, 100, 101))
BARS = bars((0, 100, 101, 100, 100), (4, 100, 104, 97, 101), (8, 101, 102, 100, 100), interval=4)
MARKET = {"A": QUOTES | BARS}


def play_resting(engine: EngineRun, plan: Any, market: Any = MARKET, **terms: Any) -> Any:
    return play(engine, plan, market, resting_on="bars", **terms)


def test_market_orders_meet_quotes_and_resting_orders_bars(engine: EngineRun) -> None:
    plan = {2: both(buy(1), buy(2, limit=98.0), sell(1, stop=97.5), buy(1, limit=101.0))}
    outcome = play_resting(engine, plan)
    assert fills(outcome) == [
        (2, 1, 1, 101, "taker"),  # the standing ask
        (2, 4, 1, 101, "taker"),  # a limit that the standing ask meets
        (8, 3, -1, 97.5, "taker"),  # known at the end of the bar: stops before limits
        (8, 2, 2, 98, "maker"),
    ]


def test_quotes_leave_what_rests_alone(engine: EngineRun) -> None:
    # The ask falls to 99 at 2.5 s, inside a bar that the orders do not take part in.
    market = {"A": QUOTES | BARS | quotes((0, 100, 101), (1, 100, 101), (2.5, 98, 99), (6, 101, 102))}
    plan = {1: both(buy(1, limit=99.5), buy(1, stop=103.0), sell(1, trail=2.0))}
    outcome = play_resting(engine, plan, market)
    # The trailing stop starts at 98 from the bid of 100, and the low of 97 reaches it.
    assert fills(outcome) == [
        (8, 2, 1, 103, "taker"),
        (8, 3, -1, 98, "taker"),
        (8, 1, 1, 99.5, "maker"),
    ]
    by_quotes = play(engine, plan, market)
    assert fills(by_quotes) == [(2.5, 1, 1, 99.5, "maker"), (2.5, 3, -1, 98, "taker")]


def test_a_fill_at_the_open_is_known_at_the_end_of_the_bar(engine: EngineRun) -> None:
    gap = bars((0, 100, 101, 100, 100), (4, 98, 99, 97, 99), (8, 101, 102, 100, 100), interval=4)
    outcome = play_resting(engine, {2: both(buy(1, limit=99.0), sell(1, stop=99.5))}, {"A": QUOTES | gap})
    assert fills(outcome) == [(8, 1, 1, 98, "maker"), (8, 2, -1, 98, "taker")]


def test_a_cancel_inside_a_bar_waits_for_its_end(engine: EngineRun) -> None:
    cancel = {2: buy(1, limit=98.0), 6: lambda ctx: ctx.cancel(1)}
    assert ends(play_resting(engine, cancel)) == [("FILLED", "", 8)]
    # Sent inside the bar of 4 s, it takes part from the next one on, which does not reach it.
    late = {6: buy(1, limit=98.0), 8: lambda ctx: ctx.cancel(1)}
    assert ends(play_resting(engine, late)) == [("CANCELED", "requested", 8)]


def test_a_stop_child_may_fill_in_the_bar_of_its_parent(engine: EngineRun) -> None:
    plan = {
        2: both(
            buy(2, limit=99.0), sell(2, stop=98.0, parent=1, oco=1), sell(2, limit=103.0, parent=1, oco=1)
        )
    }
    outcome = play_resting(engine, plan)
    assert fills(outcome) == [(8, 1, 2, 99, "maker"), (8, 2, -2, 98, "taker")]
    assert outcome.ambiguous_bars == 1


def test_the_mark_is_that_of_the_quotes(engine: EngineRun) -> None:
    outcome = play_resting(engine, {2: buy(1, limit=98.0)}, mark_every=4 * 10**9)
    # Bought at 98 with the quote of 8 s at 100 / 101.
    assert outcome.equity[2]["equity"] == 1_000_000 - 98 + 100.5


def test_bars_of_bid_and_ask_have_a_side_for_each_order(engine: EngineRun) -> None:
    def flat(px: float) -> tuple[float, ...]:
        return (px, px, px, px)

    rows = sided(
        (0, flat(100), flat(101)), (4, (100, 103, 96, 100), (102, 105, 98, 101)), (8, flat(100), flat(101))
    )
    rows["interval"] = 4 * 10**9
    plan = {2: both(buy(1, limit=97.5), buy(1, limit=98.0), sell(1, limit=104.0), sell(1, stop=96.0))}
    outcome = play_resting(engine, plan, {"A": QUOTES | rows})
    assert fills(outcome) == [(8, 4, -1, 96, "taker"), (8, 2, 1, 98, "maker")]


def test_the_share_of_a_bar_limits_what_rests_alone(engine: EngineRun) -> None:
    small = bars((0, 100, 101, 100, 100, 8), (4, 100, 104, 97, 101, 8), (8, 101, 102, 97, 100, 8), interval=4)
    plan = {2: both(buy(5), buy(5, limit=98.0))}
    outcome = play_resting(engine, plan, {"A": QUOTES | small}, volume_share=0.25)
    assert fills(outcome) == [(2, 1, 5, 101, "taker"), (8, 2, 2, 98, "maker"), (12, 2, 2, 98, "maker")]


@pytest.mark.parametrize(
    ("market", "terms", "message"),
    [
        (QUOTES, {}, "'bars' needs a symbol with quotes and bars"),
        (BARS, {}, "'bars' needs a symbol with quotes and bars"),
        (QUOTES | BARS, {"bar_fill": "close"}, "does not go with bar_fill='close'"),
    ],
)
def test_settings_that_do_nothing_are_refused(market: Any, terms: dict[str, Any], message: str) -> None:
    case = Case({"A": market}, execution=Execution(resting_on="bars", **terms))
    with pytest.raises(ConfigError, match=message):
        result_of(case, planned({}))


def test_a_path_beside_quotes_needs_one_price() -> None:
    rows = sided((0, (100,) * 4, (101,) * 4), (4, (100,) * 4, (101,) * 4))
    case = Case({"A": QUOTES | rows}, execution=Execution(resting_on="bars", intrabar="path"))
    with pytest.raises(ConfigError, match="'path' needs bars of one price"):
        result_of(case, planned({}))


def test_a_share_of_volume_needs_the_volume_of_bars_beside_quotes() -> None:
    rows = bars((0, 100, 101, 100, 100, 0), (4, 100, 104, 97, 101, 0), interval=4)
    case = Case({"A": QUOTES | rows}, execution=Execution(resting_on="bars", volume_share=0.5))
    with pytest.raises(ConfigError, match="volume_share"):
        result_of(case, planned({}))
