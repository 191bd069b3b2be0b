"""Bars of bid and ask by hand: buys meet the bar of the ask, sells that of the bid, marks are mids."""

import pytest
from engines import Case, EngineRun, result_of
from hand_cases import both, buy, ends, fills, planned, play, sell, sided

from btcore.config import Execution
from btcore.errors import ConfigError

# (time, bid, ask): open, high, low, close of each. The mids of the closes are 100, 101, 105, 104.
ROWS = (
    (0, (99, 99, 99, 99), (101, 101, 101, 101)),
    (1, (100, 103, 98, 100), (102, 105, 99, 102)),
    (2, (104, 106, 101, 104), (105, 107, 103, 106)),
    (3, (103, 103, 103, 103), (105, 105, 105, 105)),
)

MARKET = {"A": sided(*ROWS)}


def test_market_orders_meet_the_open_of_their_side(engine: EngineRun) -> None:
    outcome = play(engine, {1: both(buy(2), sell(1))}, MARKET)
    assert fills(outcome) == [(1, 1, 2, 102, "taker"), (1, 2, -1, 100, "taker")]
    # The mid of 2 s is 101: 1,000,000 - 204 + 100 + 101.
    assert outcome.equity[2]["equity"] == 1_000_000 - 104 + 101


def test_limits_and_stops_see_the_range_of_their_side(engine: EngineRun) -> None:
    # In the bar of 1 s the ask falls to 99 and the bid to 98, the bid rises to 103 and the ask to 105.
    plan = {
        1: both(
            buy(1, limit=99.0), buy(2, limit=98.5), sell(1, limit=103.0), sell(2, limit=103.5),
            buy(3, stop=105.0), sell(3, stop=98.0), sell(4, stop=97.5),
        )
    }  # fmt: skip
    outcome = play(engine, plan, MARKET)
    assert fills(outcome)[:4] == [
        (2, 5, 3, 105, "taker"),
        (2, 6, -3, 98, "taker"),
        (2, 1, 1, 99, "maker"),
        (2, 3, -1, 103, "maker"),
    ]
    assert fills(outcome)[4] == (2, 4, -2, 104, "maker")  # at the next open of the bid
    assert [end[0] for end in ends(outcome)] == ["FILLED", "EXPIRED", *["FILLED"] * 4, "EXPIRED"]


def test_a_trailing_stop_follows_the_bid(engine: EngineRun) -> None:
    # It starts at 99 - 3; the bid opens at 100 and rises to 103, so the stop is 100. The next open of 104
    # makes it 101, which the low of the bid reaches.
    outcome = play(engine, {1: both(buy(1), sell(1, trail=3.0))}, MARKET)
    assert fills(outcome)[1] == (3, 2, -1, 101, "taker")


def test_a_trailing_child_starts_from_its_own_side(engine: EngineRun) -> None:
    # Bought at the ask of 102 with the bid at 100: the stop of the child is 100 - 3 = 97, not 99, which the
    # bid of 98 would reach.
    outcome = play(engine, {1: both(buy(1), sell(1, trail=3.0, parent=1))}, MARKET)
    assert fills(outcome)[1] == (3, 2, -1, 101, "taker")


@pytest.mark.parametrize(("stop", "px"), [(98.9, 98.5), (98.2, 98.2)])
def test_a_stop_child_passed_at_its_release_fills_on_its_own_side(
    engine: EngineRun, stop: float, px: float
) -> None:
    # The ask falls to the limit of 100. The sides are 1.5 apart on average, so the bid is 98.5 then: it has
    # passed the stop of 98.9, and has yet to fall to that of 98.2.
    rows = sided(ROWS[0], (1, (101, 101, 98, 100), (102.5, 102.5, 99, 101.5)))
    outcome = play(engine, {0: both(buy(1, limit=100.0), sell(1, stop=stop, parent=1))}, {"A": rows})
    assert fills(outcome) == [(2, 1, 1, 100, "maker"), (2, 2, -1, px, "taker")]


def test_the_price_of_a_release_lies_in_the_range_of_its_side(engine: EngineRun) -> None:
    # 100 less the mean spread of 2 is 98, but the bid is never below 98.6 in this bar.
    rows = sided(ROWS[0], (1, (101, 101, 98.6, 100), (103, 103, 99, 102)))
    outcome = play(engine, {0: both(buy(1, limit=100.0), sell(1, stop=99.0, parent=1))}, {"A": rows})
    assert fills(outcome) == [(2, 1, 1, 100, "maker"), (2, 2, -1, 98.6, "taker")]


def test_buying_power_and_known_closes_use_the_side(engine: EngineRun) -> None:
    # At 1 s the ask is 101 and the bid 99: 10 bought for 1010 are refused at 1000, 9 fill at the ask.
    plan = {1: both(buy(10), buy(9)), 2: sell(9)}
    outcome = play(engine, plan, MARKET, initial_capital=1000, bar_fill="close")
    assert ends(outcome)[0] == ("REJECTED", "buying_power", 1)
    assert fills(outcome) == [(1, 2, 9, 101, "taker"), (2, 3, -9, 100, "taker")]


def test_positions_are_closed_at_the_bid(engine: EngineRun) -> None:
    outcome = play(engine, {1: buy(1)}, MARKET, close_at_end=True)
    assert fills(outcome) == [(1, 1, 1, 102, "taker"), (4, 2, -1, 103, "taker")]


def test_the_spread_is_a_cost(engine: EngineRun) -> None:
    # Half the spread of the open, 1 for 2 units; in the range of 1 s 1 for 3; makers pay none.
    if engine.__name__ == "run_reference":
        return
    plan = {1: both(buy(2), sell(3, stop=98.0), buy(1, limit=99.0)), 2: buy(1)}
    result = result_of(Case(MARKET), planned(plan))
    assert result.metrics["spread_cost"] == 2 * 1 + 3 * 1 + 0.5
    assert not any("no costs" in line for line in result.logs)


def test_a_path_needs_one_price() -> None:
    case = Case(MARKET, execution=Execution(intrabar="path"))
    with pytest.raises(
        ConfigError, match="'path' needs bars of one price, and data\\['A'\\] has bars of bid"
    ):
        result_of(case, planned({}))
