"""Matching against bars by hand: open and range, children, the three values of `intrabar`, the path."""

import pytest
from engines import EngineRun, Outcome
from hand_cases import (
    RISING,
    bars,
    both,
    buy,
    ends,
    fills,
    play,
    sell,
)

# Orders at the open and in the range


def test_a_market_order_fills_at_the_next_open(engine: EngineRun) -> None:
    # Sent on the bar that closes at 1 s, it takes part in the bar that opens at 1 s, at 101, stamped 1 s.
    assert fills(play(engine, {1: buy(1)}, {"A": RISING})) == [(1, 1, 1, 101, "taker")]
    # With 1 ns of latency it has missed that open.
    assert fills(play(engine, {1: buy(1)}, {"A": RISING}, latency_ms=1e-6)) == [(2, 1, 1, 102, "taker")]


def test_a_limit_at_the_open_takes_first_and_makes_later(engine: EngineRun) -> None:
    # 105 is marketable at the open of 101. 99 rests; the second bar opens below it, at 98: filled there,
    # unslipped.
    market = {"A": bars((0, 100, 100, 100, 100), (1, 101, 101, 100, 100), (2, 98, 99, 97, 98))}
    plan = {1: both(buy(1, limit=105.0), buy(1, limit=99.0))}
    outcome = play(engine, plan, market, slippage_bps=100)
    assert fills(outcome) == [(1, 1, 1, 102.01, "taker"), (2, 2, 1, 98, "maker")]  # 101 * 1.01 = 102.01


def test_a_limit_that_met_the_open_rests_in_the_range(engine: EngineRun) -> None:
    # Open 101, low 100: the limit of 100 is touched, which is enough on a bar; stamped with the close, 2 s.
    assert fills(play(engine, {1: buy(1, limit=100.0)}, {"A": RISING})) == [(2, 1, 1, 100, "maker")]


@pytest.mark.parametrize("intrabar", ["pessimistic", "optimistic", "path"])
def test_a_resting_limit_may_need_a_price_beyond_it(engine: EngineRun, intrabar: str) -> None:
    # Sent at 1 s, at rest after the open of 102. The low of 100 touches the limit; the next bar opens at 100
    # and falls no lower; the third goes to 99. The second order meets the open of 100 and takes it.
    rows = (0, 102, 102, 102, 102), (1, 102, 103, 100, 101), (2, 100, 101, 100, 101), (3, 101, 101, 99, 100)
    plan = {1: buy(1, limit=100.0), 2: buy(1, limit=100.0)}
    outcome = play(engine, plan, {"A": bars(*rows)}, limit_fill="through", intrabar=intrabar)
    assert fills(outcome) == [(2, 2, 1, 100, "taker"), (4, 1, 1, 100, "maker")]
    outcome = play(engine, plan, {"A": bars(*rows)}, limit_fill="touch", intrabar=intrabar)
    assert fills(outcome) == [(2, 1, 1, 100, "maker"), (2, 2, 1, 100, "taker")]


def test_a_stop_is_not_ambiguous_beside_a_limit_that_is_only_touched(engine: EngineRun) -> None:
    # The bar of 1 s reaches the stop of 98 and the target of 104; with "through" the target does not fill.
    market = {"A": bars((0, 100, 100, 100, 100), (1, 100, 104, 98, 100), (2, 100, 100, 100, 100))}
    plan = {1: both(buy(1), sell(1, limit=104.0, oco=1), sell(1, stop=98.0, oco=1))}
    counts = [play(engine, plan, market, limit_fill=rule).ambiguous_bars for rule in ("touch", "through")]
    assert counts == [1, 0]


def test_a_stop_fills_at_the_worse_of_open_and_stop(engine: EngineRun) -> None:
    # Opens 101 102 103, highs 102 103 104. 102 is reached inside the bar of 1 s; 101 is passed at its open;
    # sells at 99.5 see lows of 100, 101, ... and never trigger.
    plan = {1: both(buy(1, stop=102.0), buy(1, stop=100.5), sell(1, stop=99.5))}
    assert fills(play(engine, plan, {"A": RISING})) == [(1, 2, 1, 101, "taker"), (2, 1, 1, 102, "taker")]


def test_stop_limits_on_bars(engine: EngineRun) -> None:
    # Bar of 1 s: open 100, range 98 to 104. Of stop / limit, 102/103 fills at 102. 103/101 triggers inside
    # and rests from the next bar on, which opens at 101.5 and dips to 100.5: 101. 99/100.5 triggers at the
    # open and takes it; 100/99 triggers at the open, does not take it, rests, and the range reaches 99.
    market = {"A": bars((0, 100, 100, 100, 100), (1, 100, 104, 98, 101), (2, 101.5, 102, 100.5, 101))}
    plan = {
        1: both(
            buy(1, stop=102.0, limit=103.0),
            buy(1, stop=103.0, limit=101.0),
            buy(1, stop=99.0, limit=100.5),
            buy(1, stop=100.0, limit=99.0),
        )
    }
    assert fills(play(engine, plan, market)) == [
        (1, 3, 1, 100, "taker"),
        (2, 1, 1, 102, "taker"),
        (2, 4, 1, 99, "maker"),
        (3, 2, 1, 101, "maker"),
    ]


def test_inside_a_bar_the_stop_comes_first_and_is_counted(engine: EngineRun) -> None:
    # Long 1 with a target of 104 and a stop of 97; the bar of 2 s reaches both, then only the target is in
    # reach.
    market = {
        "A": bars(
            (0, 100, 100, 100, 100), (1, 100, 101, 99, 100), (2, 100, 105, 96, 100), (3, 99, 99, 99, 99)
        )
    }
    plan = {1: both(buy(1), sell(1, limit=104.0, oco=1), sell(1, stop=97.0, oco=1))}
    outcome = play(engine, plan, market)
    assert fills(outcome)[1:] == [(3, 3, -1, 97, "taker")]
    assert ends(outcome)[1] == ("CANCELED", "oco", 3)
    assert outcome.ambiguous_bars == 1


def test_a_stop_out_of_the_targets_reach_is_not_ambiguous(engine: EngineRun) -> None:
    market = {"A": bars((0, 100, 100, 100, 100), (1, 100, 101, 99, 100), (2, 100, 103, 96, 100))}
    plan = {1: both(buy(1), sell(1, limit=104.0, oco=1), sell(1, stop=97.0, oco=1))}
    assert play(engine, plan, market).ambiguous_bars == 0


def test_immediate_orders_end_at_the_open(engine: EngineRun) -> None:
    # The limit of 100.5 is above the low of the bar (100) but below its open (101): cancelled, stamped 1 s.
    plan = {1: both(buy(1, limit=100.5, time_in_force="IOC"), buy(1, limit=100.5, time_in_force="FOK"))}
    assert ends(play(engine, plan, {"A": RISING})) == [("CANCELED", "ioc", 1), ("CANCELED", "fok", 1)]


# Children and readings of a bar


FLAT = (0, 100, 100, 100, 100)


def bar_of(
    engine: EngineRun, plan: object, *rows: tuple[float, ...], intrabar: str = "pessimistic"
) -> Outcome:
    """The plan's orders are sent at 1 s and meet the rows, bars from 1 s on."""
    return play(engine, {1: plan}, {"A": bars(FLAT, *rows)}, intrabar=intrabar)


def trio(entry: float, target: float, guard: float) -> object:
    """A stop entry, and its two children in one group."""
    return both(
        buy(1, stop=entry),
        sell(1, limit=target, parent=1, oco=1),
        sell(1, stop=guard, parent=1, oco=1),
    )


def test_a_child_released_at_the_open_takes_part(engine: EngineRun) -> None:
    # Bought at the open of 100; the target of 103 is in the range, stamped with the bar's end. A market child
    # fills at the same open.
    plan = both(buy(1), sell(1, limit=103.0, parent=1), sell(1, parent=1))
    assert fills(bar_of(engine, plan, (1, 100, 104, 99, 100))) == [
        (1, 1, 1, 100, "taker"),
        (1, 3, -1, 100, "taker"),
        (2, 2, -1, 103, "maker"),
    ]


def test_a_stop_released_in_the_range_acts_in_it_and_is_ambiguous(engine: EngineRun) -> None:
    # The entry triggers at 102; the guard of 99 is in the range (98 to 104), and may have been passed before.
    outcome = bar_of(engine, trio(102.0, 103.0, 99.0), (1, 100, 104, 98, 101), (2, 101, 105, 101, 101))
    assert fills(outcome) == [(2, 1, 1, 102, "taker"), (2, 3, -1, 99, "taker")]
    assert outcome.ambiguous_bars == 1
    assert ends(outcome)[1] == ("CANCELED", "oco", 2)


def test_a_limit_released_in_the_range_waits_for_the_next_bar(engine: EngineRun) -> None:
    # The guard is out of reach; the target of 103 takes the next bar's open of 104, its meeting.
    outcome = bar_of(engine, trio(102.0, 103.0, 90.0), (1, 100, 104, 98, 101), (2, 104, 105, 101, 101))
    assert fills(outcome)[1:] == [(2, 2, -1, 104, "taker")]
    assert outcome.ambiguous_bars == 0


def test_the_optimistic_reading_prefers_the_target(engine: EngineRun) -> None:
    # Long 1 with a target of 104 and a stop of 97, and one bar that reaches both.
    plan = both(buy(1), sell(1, limit=104.0, oco=1), sell(1, stop=97.0, oco=1))
    outcome = bar_of(engine, plan, (1, 100, 105, 96, 100), intrabar="optimistic")
    assert fills(outcome)[1:] == [(2, 2, -1, 104, "maker")]
    assert outcome.ambiguous_bars == 0


def test_the_optimistic_reading_lets_released_limits_act(engine: EngineRun) -> None:
    # Released at 102 inside the range, the target of 103 is reached in the same bar, as a maker.
    outcome = bar_of(
        engine, trio(102.0, 103.0, 99.0), (1, 100, 104, 98, 101), (2, 1, 1, 1, 1), intrabar="optimistic"
    )
    assert fills(outcome) == [(2, 1, 1, 102, "taker"), (2, 2, -1, 103, "maker")]


def test_a_level_passed_at_the_release_acts_at_the_price_the_parent_saw(engine: EngineRun) -> None:
    # The entry fills at 102: a guard of 103 is passed already and sells at 102, as does a target of 101.
    row = (1, 100, 104, 98, 102)
    outcome = bar_of(engine, trio(102.0, 110.0, 103.0), row)
    assert fills(outcome)[1:] == [(2, 3, -1, 102, "taker")]
    outcome = bar_of(engine, trio(102.0, 101.0, 90.0), row, intrabar="optimistic")
    assert fills(outcome)[1:] == [(2, 2, -1, 102, "maker")]
    # What the parent saw is the price before its slippage: 102, not 103.02.
    outcome = play(
        engine,
        {1: trio(102.0, 110.0, 103.0)},
        {"A": bars(FLAT, row)},
        slippage_bps=100,
        intrabar="pessimistic",
    )
    assert [fill["price"] for fill in outcome.fills] == pytest.approx([103.02, 102 * 0.99])


def test_a_released_stop_that_the_close_has_passed_acts_in_the_optimistic_reading(engine: EngineRun) -> None:
    # Released at 102, a guard of 101.5 is reached on any path to a close of 101; not on any to one of 101.75.
    plan = trio(102.0, 110.0, 101.5)
    outcome = bar_of(engine, plan, (1, 100, 104, 98, 101), intrabar="optimistic")
    assert fills(outcome)[1:] == [(2, 3, -1, 101.5, "taker")]
    assert outcome.ambiguous_bars == 0
    outcome = bar_of(engine, plan, (1, 100, 104, 98, 101.75), intrabar="optimistic")
    assert fills(outcome)[1:] == []


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ((1, 100, 105, 98, 101), (2, 3, -1, 98, "taker")),  # the low is nearer: down first
        ((1, 103, 105, 96, 101), (2, 2, -1, 104, "maker")),  # the high is nearer: up first
        ((1, 101, 105, 97, 101), (2, 3, -1, 98, "taker")),  # both as near: down first
    ],
)
def test_the_path_goes_to_the_nearer_extreme_first(
    engine: EngineRun, row: tuple[float, ...], expected: tuple[object, ...]
) -> None:
    plan = both(buy(1), sell(1, limit=104.0, oco=1), sell(1, stop=98.0, oco=1))
    assert fills(bar_of(engine, plan, row, intrabar="path"))[1:] == [expected]


def test_on_the_path_children_act_in_their_turn(engine: EngineRun) -> None:
    # Open 100, low 99, high 104, close 99. Bought at 102 on the way up; the target of 103 comes next.
    outcome = bar_of(engine, trio(102.0, 103.0, 99.5), (1, 100, 104, 99, 99), intrabar="path")
    assert fills(outcome) == [(2, 1, 1, 102, "taker"), (2, 2, -1, 103, "maker")]
    # With the target out of reach the guard of 99.5, passed before its release, is met on the way down.
    outcome = bar_of(engine, trio(102.0, 110.0, 99.5), (1, 100, 104, 99, 99), intrabar="path")
    assert fills(outcome)[1:] == [(2, 3, -1, 99.5, "taker")]


def test_a_level_already_passed_fills_at_the_current_price_of_the_path(engine: EngineRun) -> None:
    # Up from 100 to 104. The buy stop of 102 releases a buy stop of 101 and a sell limit of 101: both are
    # passed, so they fill at the current price of the path, 102.
    plan = both(buy(1, stop=102.0), buy(1, stop=101.0, parent=1), sell(1, limit=101.0, parent=1))
    assert fills(bar_of(engine, plan, (1, 100, 104, 100, 104), intrabar="path")) == [
        (2, 1, 1, 102, "taker"),
        (2, 2, 1, 102, "taker"),
        (2, 3, -1, 102, "maker"),
    ]


def test_a_trailing_stop_moves_along_the_path(engine: EngineRun) -> None:
    # Open 100, low 99.5, high 105, close 101: from 98 the high lifts it to 103, where the way down meets it.
    # Pessimistically it moves when the bar is over, and the next open of 101 triggers it.
    rows = ((1, 100, 105, 99.5, 101), (2, 101, 101, 101, 101))
    assert fills(bar_of(engine, sell(1, trail=2.0), *rows, intrabar="path")) == [(2, 1, -1, 103, "taker")]
    assert fills(bar_of(engine, sell(1, trail=2.0), *rows)) == [(2, 1, -1, 101, "taker")]


def test_a_trailing_child_starts_at_the_fills_price(engine: EngineRun) -> None:
    # Bought at 102 inside the bar: the stop is at 100, not at 105 - 2 nor at 100 - 2. The next bar's open of
    # 101 does not trigger it, its low of 99.5 does.
    plan = both(buy(1, stop=102.0), sell(1, trail=2.0, parent=1))
    outcome = bar_of(engine, plan, (1, 101, 105, 101, 101), (2, 101, 101, 99.5, 100))
    assert fills(outcome)[1:] == [(3, 2, -1, 100, "taker")]
    # On the path it rises with the high of 105 to 103.
    outcome = bar_of(engine, plan, (1, 101, 105, 101, 101), (2, 1, 1, 1, 1), intrabar="path")
    assert fills(outcome)[1:] == [(2, 2, -1, 103, "taker")]


def test_a_stop_limit_that_cannot_fill_rests_at_once_on_the_path(engine: EngineRun) -> None:
    # Up to 104 and down to 99: triggered at 103 with a limit of 101, which the way down reaches.
    # Pessimistically it rests from the next bar on.
    rows = ((1, 100, 104, 99.5, 99.5), (2, 105, 105, 105, 105))
    plan = buy(1, stop=103.0, limit=101.0)
    assert fills(bar_of(engine, plan, *rows, intrabar="path")) == [(2, 1, 1, 101, "maker")]
    assert fills(bar_of(engine, plan, *rows)) == []


def test_a_market_child_released_in_the_range_waits(engine: EngineRun) -> None:
    plan = both(buy(1, limit=99.0), sell(1, parent=1))
    for intrabar in ("pessimistic", "optimistic", "path"):
        outcome = bar_of(engine, plan, (1, 100, 101, 98, 100), (2, 103, 103, 103, 103), intrabar=intrabar)
        assert fills(outcome) == [(2, 1, 1, 99, "maker"), (2, 2, -1, 103, "taker")]
