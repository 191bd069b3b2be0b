"""OCO groups, children and their shares, and brackets, by hand."""

from typing import Any

import pytest
from engines import EngineRun
from hand_cases import (
    DIP,
    HOUR,
    QUOTES,
    at,
    bars,
    both,
    buy,
    ends,
    fills,
    play,
    quotes,
    sell,
)

from btcore.config import Instrument

# Children


def test_a_child_is_released_by_its_parents_fill(engine: EngineRun) -> None:
    # The entry of 98 fills at 2 s. The target of 100.5 is held until then, and fills as a maker at 6 s.
    plan = {1: both(buy(1, limit=98.0), sell(1, limit=100.5, parent=1))}
    outcome = play(engine, plan, {"A": DIP})
    assert fills(outcome) == [(2, 1, 1, 98, "maker"), (6, 2, -1, 100.5, "maker")]
    assert [o["ts_arrived"] for o in outcome.orders] == [at(1), at(2)]


def test_a_released_child_meets_the_standing_quote_at_once(engine: EngineRun) -> None:
    plan = {1: both(buy(1, limit=98.0), sell(1, parent=1), sell(1, stop=97.5, parent=1))}
    assert fills(play(engine, plan, {"A": DIP})) == [
        (2, 1, 1, 98, "maker"),
        (2, 2, -1, 97, "taker"),
        (2, 3, -1, 97, "taker"),
    ]


def test_a_child_gets_its_share_in_whole_lots(engine: EngineRun) -> None:
    # The entry of 8 takes 3, then 5. A child of 4 gets 1.5, in lots of 1: 1, then all 4; at 2 s it sells 1
    # and at 4 s 3 more.
    market = quotes((0, 100, 101, 9, 9), (2, 99, 100, 9, 3), (4, 99, 100, 9, 5), (5, 99, 100, 9, 9))
    plan = {0: both(buy(8, limit=100.0), sell(4, parent=1))}
    outcome = play(engine, plan, {"A": market}, {"A": Instrument(lot_size=1)}, displayed_size=True)
    assert fills(outcome) == [
        (2, 1, 3, 100, "maker"),
        (2, 2, -1, 99, "taker"),
        (4, 1, 5, 100, "maker"),
        (4, 2, -3, 99, "taker"),
    ]
    assert ends(outcome) == [("FILLED", "", 4)] * 2


def test_the_share_of_a_grandchild_is_of_its_parents_current_quantity(engine: EngineRun) -> None:
    # The entry fills 4 of 10 and is cancelled, so its child is an order for 4. Half of that fills at 3 s and
    # releases half of the grandchild's 8.
    market = quotes((0, 100, 101, 9, 9), (1, 99, 100, 9, 4), (2, 100, 101, 9, 9), (3, 104, 105, 2, 9))
    children = sell(10, limit=104.0, parent=1), buy(8, limit=90.0, parent=2)
    plan = {0: both(buy(10, limit=100.0), *children), 2: lambda ctx: ctx.cancel(1)}
    outcome = play(engine, plan, {"A": market}, displayed_size=True)
    assert fills(outcome) == [(1, 1, 4, 100, "maker"), (3, 2, -2, 104, "maker")]
    assert [order["quantity"] for order in outcome.orders] == [10, 4, 4]


def test_less_than_a_lot_waits(engine: EngineRun) -> None:
    # 3 of 8 release 0.75 of a child of 2: nothing yet.
    market = quotes((0, 100, 101, 9, 9), (2, 99, 100, 9, 3), (4, 99, 100, 9, 5), (5, 99, 100, 9, 9))
    plan = {0: both(buy(8, limit=100.0), sell(2, parent=1))}
    outcome = play(engine, plan, {"A": market}, {"A": Instrument(lot_size=1)}, displayed_size=True)
    assert fills(outcome)[1:] == [(4, 1, 5, 100, "maker"), (4, 2, -2, 99, "taker")]


def test_when_the_parent_ends_the_child_keeps_what_was_released(engine: EngineRun) -> None:
    # 3 of 8 are bought at 0 s, the rest is cancelled at once: half of 3 are left for the child, 1.5 at 110.
    market = quotes((0, 100, 101, 9, 3), (2, 99, 100, 9, 9), (4, 111, 112, 9, 9), (5, 111, 112, 9, 9))
    plan = {0: both(buy(8, time_in_force="IOC"), sell(4, limit=110.0, parent=1))}
    outcome = play(engine, plan, {"A": market}, displayed_size=True)
    assert fills(outcome)[1:] == [(4, 2, -1.5, 110, "maker")]
    assert ends(outcome) == [("CANCELED", "ioc", 0), ("FILLED", "", 4)]
    assert outcome.orders[1]["quantity"] == 1.5


def test_a_child_with_nothing_ends_with_its_parent(engine: EngineRun) -> None:
    # The third is in flight when the parent is cancelled.
    plan = {
        1: both(buy(1, limit=50.0), sell(1, parent=1), sell(1, parent=1, latency_ms=4000)),
        3: lambda ctx: ctx.cancel(1),
    }
    outcome = play(engine, plan, {"A": QUOTES})
    assert ends(outcome) == [
        ("CANCELED", "requested", 3),
        ("CANCELED", "parent", 3),
        ("CANCELED", "parent", 5),
    ]
    assert [o["ts_arrived"] for o in outcome.orders] == [at(1), -1, -1]


def test_a_late_child_of_a_filled_parent_is_released_as_it_arrives(engine: EngineRun) -> None:
    plan = {1: both(buy(1), sell(1, parent=1, latency_ms=4500))}
    outcome = play(engine, plan, {"A": QUOTES})
    assert fills(outcome)[1:] == [(5.5, 2, -1, 103, "taker")]


def test_held_children_do_not_count_in_buying_power(engine: EngineRun) -> None:
    # 99 that are held leave room for 9 at 110 (990 of 1000), and not for one more.
    children = both(sell(99, limit=110.0, parent=1), sell(9, limit=110.0), sell(1, limit=110.0))
    outcome = play(engine, {1: both(buy(1, limit=50.0), children)}, {"A": QUOTES}, initial_capital=1000)
    assert [end[1] for end in ends(outcome)] == ["end_of_data"] * 3 + ["buying_power"]


def test_the_day_of_a_child_begins_with_its_release(engine: EngineRun) -> None:
    # Sent at 20 h, released at 25 h by the bid of 125: it stays open until the midnight after that.
    plan = {20 * HOUR: both(sell(1, limit=125.0), buy(1, limit=50.0, parent=1, time_in_force="DAY"))}
    market = quotes(*((t * HOUR, 100 + t, 101 + t) for t in (20, 22, 25, 50)))
    outcome = play(engine, plan, {"A": market})
    assert ends(outcome) == [("FILLED", "", 25 * HOUR), ("EXPIRED", "day", 48 * HOUR)]


def bracket(quantity: float, **terms: Any) -> Any:
    return lambda ctx: ctx.bracket("A", quantity, **terms)


def test_a_bracket_takes_its_profit_or_limits_its_loss(engine: EngineRun) -> None:
    # Bought at 101. The bid of 97 is at the stop of 98; with the stop at 90 the target of 103 is reached.
    outcome = play(engine, {1: bracket(1, take_profit=103.0, stop_loss=98.0)}, {"A": DIP})
    assert fills(outcome) == [(1, 1, 1, 101, "taker"), (2, 3, -1, 97, "taker")]
    assert ends(outcome)[1] == ("CANCELED", "oco", 2)
    outcome = play(engine, {1: bracket(1, take_profit=103.0, stop_loss=90.0)}, {"A": DIP})
    assert fills(outcome)[1:] == [(6, 2, -1, 103, "maker")]
    assert ends(outcome)[2] == ("CANCELED", "oco", 6)


def test_a_bracket_can_be_short_and_one_sided(engine: EngineRun) -> None:
    outcome = play(engine, {1: bracket(1, side="sell", take_profit=98.0)}, {"A": DIP})
    assert fills(outcome) == [(1, 1, -1, 100, "taker"), (2, 2, 1, 98, "maker")]
    assert len(outcome.orders) == 2


def test_among_children_a_fill_reduces_the_others(engine: EngineRun) -> None:
    # Long 4. The target of 103 sells 3 at 5 s (that much is bid); the stop of 99 is left with 1.
    market = quotes(
        (0, 100, 101, 9, 9), (1, 100, 101, 9, 9), (5, 103, 104, 3, 9), (6, 99, 100, 9, 9), (7, 99, 99, 9, 9)
    )
    outcome = play(
        engine, {1: bracket(4, take_profit=103.0, stop_loss=99.0)}, {"A": market}, displayed_size=True
    )
    assert fills(outcome)[1:] == [(5, 2, -3, 103, "maker"), (6, 3, -1, 99, "taker")]
    assert ends(outcome)[1:] == [("CANCELED", "oco", 6), ("FILLED", "", 6)]
    assert [o["quantity"] for o in outcome.orders] == [4, 3, 1]


def test_quantity_filled_by_the_group_is_not_released_again(engine: EngineRun) -> None:
    # 2 of 4 are bought at 1 s and stopped out at 2 s. 2 more at 3 s release 2 more of each child; the stop
    # has been triggered and is a market order by then.
    market = quotes(
        (0, 100, 105, 9, 9),
        (1, 100, 101, 9, 2),
        (2, 97, 102, 9, 9),
        (3, 99, 101, 9, 2),
        (4, 104, 105, 9, 9),
        (5, 1, 2, 9, 9),
    )
    plan = {0: bracket(4, limit=101.0, take_profit=104.0, stop_loss=97.0)}
    outcome = play(engine, plan, {"A": market}, displayed_size=True)
    assert fills(outcome) == [
        (1, 1, 2, 101, "maker"),
        (2, 3, -2, 97, "taker"),
        (3, 1, 2, 101, "maker"),
        (3, 3, -2, 99, "taker"),
    ]
    assert ends(outcome)[1:] == [("CANCELED", "oco", 3), ("FILLED", "", 3)]


def test_brackets_work_in_a_cash_account(engine: EngineRun) -> None:
    # Both children sell what is held: of a group only one can.
    outcome = play(engine, {1: bracket(1, take_profit=103.0, stop_loss=90.0)}, {"A": DIP}, account="cash")
    assert fills(outcome)[1:] == [(6, 2, -1, 103, "maker")]
    assert ends(outcome)[2] == ("CANCELED", "oco", 6)


# OCO groups


def test_any_fill_cancels_the_others_of_its_group_arrived_or_not(engine: EngineRun) -> None:
    plan = {
        1: both(
            buy(1, limit=99.0, oco=7),
            buy(1, stop=102.0, oco=7),
            buy(1, latency_ms=5000, oco=7),
            buy(1, limit=99.0, oco=8),
        )
    }
    outcome = play(engine, plan, {"A": QUOTES})
    canceled = ("CANCELED", "oco", 3)
    assert ends(outcome) == [canceled, ("FILLED", "", 3), canceled, ("EXPIRED", "end_of_data", 7)]


# Growth inside a bar

# Half of the volume fills: of a buy of 4 at 99, 2 in the bar of 1 s, and 2 in that of 2 s, which leaves 8.
GROWTH = bars(
    (0, 100, 100, 100, 100, 4),
    (1, 100, 104, 98, 100, 4),
    (2, 100, 104, 96, 100, 20),
    (3, 105, 105, 105, 105, 20),
)


@pytest.mark.parametrize(
    ("intrabar", "second"),
    [("pessimistic", (3, 2, -2, 105)), ("optimistic", (3, 2, -2, 103)), ("path", None)],
)
def test_what_a_limit_child_grows_by_inside_a_bar_waits_for_the_next(
    engine: EngineRun, intrabar: str, second: Any
) -> None:
    # The 2 released before sell at 103 in the bar of 2 s, the 2 that it adds at the open of 3 s. With the
    # optimistic reading they sell in the same bar; the path goes from 96 to 104, so all 4 sell together.
    plan = {1: both(buy(4, limit=99.0), sell(4, limit=103.0, parent=1))}
    outcome = play(engine, plan, {"A": GROWTH}, volume_share=0.5, intrabar=intrabar)
    both_buys = [(2, 1, 2, 99, "maker"), (3, 1, 2, 99, "maker")]
    sold = [(3, 2, -4, 103, "maker")] if second is None else [(3, 2, -2, 103, "maker"), (*second, "maker")]
    assert fills(outcome) == both_buys + sold


def test_what_a_stop_child_grows_by_inside_a_bar_fills_there_and_is_ambiguous(engine: EngineRun) -> None:
    # The stop of 97 sells the 2 released before; then the parent buys 2 more at 99, which the stop sells too.
    plan = {1: both(buy(4, limit=99.0), sell(4, stop=97.0, parent=1))}
    outcome = play(engine, plan, {"A": GROWTH}, volume_share=0.5)
    assert fills(outcome)[1:] == [(3, 2, -2, 97, "taker"), (3, 1, 2, 99, "maker"), (3, 2, -2, 97, "taker")]
    assert outcome.ambiguous_bars == 1
