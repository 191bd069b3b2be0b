"""Values of children, amendments, splits and dividends, worked out by hand."""

from engines import ENGINES, EngineRun
from hand_cases import HOUR, at, bars, both, buy, ends, fills, play, quotes, sell, sided, trades

from btcore.config import Instrument


def test_in_a_cash_account_sells_of_another_oco_group_count(engine: EngineRun) -> None:
    # 10 are held. 6 are in an open sell of group 1: an order of group 2 may sell 4 and no more, one of group
    # 1 may sell all 10 less the 4 of group 2.
    plan = {
        0: buy(10),
        1: both(
            sell(6, limit=200.0, oco=1),
            sell(5, limit=200.0, oco=2),
            sell(4, limit=200.0, oco=2),
            sell(7, limit=200.0, oco=1),
            sell(6, limit=200.0, oco=1),
        ),
    }
    market = {"A": quotes((0, 100, 100), (1, 100, 100), (2, 100, 100))}
    outcome = play(engine, plan, market, account="cash")
    assert [end[1] for end in ends(outcome)][1:] == [
        "end_of_data",
        "short_sale",
        "end_of_data",
        "short_sale",
        "end_of_data",
    ]


def test_a_dividend_lowers_the_last_trade_that_a_close_meets(engine: EngineRun) -> None:
    # The trade of 120 at 20 h less the dividend of 1.5 at 22 h is 118.5 at midnight.
    market = {"A": trades((20 * HOUR, 120), (25 * HOUR, 130))}
    instruments = {"A": Instrument(dividends=[(at(22 * HOUR), 1.5)])}
    outcome = play(engine, {20 * HOUR: buy(1, time_in_force="CLS")}, market, instruments)
    assert fills(outcome) == [(24 * HOUR, 1, 1, 118.5, "taker")]


def test_a_child_keeps_what_is_released_when_its_parent_grows(engine: EngineRun) -> None:
    # 5 of 10 fill and release 5 of the child's 10. Of 20, 6 are a share of 3, which takes nothing back.
    market = {"A": quotes((0, 99, 100, 9, 5), (1, 109, 110, 9, 9), (2, 99, 100, 9, 1), (3, 109, 110, 9, 9))}
    plan = {
        0: both(buy(10, limit=100.0), sell(10, limit=150.0, parent=1)),
        1: lambda ctx: ctx.amend(1, quantity=20),
    }
    outcome = play(engine, plan, market, displayed_size=True)
    assert [fill["quantity"] for fill in outcome.fills] == [5, 1]
    assert outcome.orders[1]["quantity"] == 5


def test_a_child_that_arrives_late_trails_from_the_price_of_its_side(engine: EngineRun) -> None:
    # Bought at 1 s; the child arrives at 2.5 s, when the bid closed at 100 last: the stop is 97, which the
    # bid of 97.5 does not reach. From the mid of 101 it would be 98.
    bids = (99, 100, 100, 97.5, 96)
    market = {"A": sided(*((t, (bid,) * 4, (bid + 2,) * 4) for t, bid in enumerate(bids)))}
    plan = {1: both(buy(1), sell(1, trail=3.0, parent=1, latency_ms=1500))}
    outcome = play(engine, plan, market)
    assert fills(outcome) == [(1, 1, 1, 102, "taker"), (4, 2, -1, 96, "taker")]


def test_the_quantity_that_a_parent_has_filled_is_not_open_for_its_child(engine: EngineRun) -> None:
    # 2000 buy 10 at 95; the child for 10 at 90 needs 20 * 90 = 1800 of them. With the 10 of the parent still
    # open it would be 30 * 90.
    market = {"A": quotes(*((t, px, px) for t, px in enumerate((100, 95, 90, 90))))}
    plan = {0: both(buy(10, limit=95.0), buy(10, limit=90.0, parent=1))}
    outcome = play(engine, plan, market, initial_capital=2000)
    assert fills(outcome) == [(1, 1, 10, 95, "maker"), (2, 2, 10, 90, "maker")]


def test_a_touch_order_released_beyond_its_price_fills_where_it_is_released(engine: EngineRun) -> None:
    # The stop of 110 fills inside the bar and releases the sell at 105, which the price is above already.
    market = {"A": bars((0, 100, 100, 100, 100), (1, 100, 112, 99, 111), (2, 111, 111, 111, 111))}
    plan = {1: both(buy(1, stop=110.0), sell(1, touch=105.0, parent=1))}
    outcome = play(engine, plan, market, intrabar="optimistic")
    assert fills(outcome) == [(2, 1, 1, 110, "taker"), (2, 2, -1, 110, "taker")]


def test_inside_a_bar_of_bid_and_ask_the_spread_is_the_mean_of_its_ends(engine: EngineRun) -> None:
    # The spread is 2 at the open and 6 at the close. Bought at 100 in between, the child starts from 96, and
    # its stop is 93: the bid of 94 does not reach it.
    rows = (
        (0, (99, 99, 99, 99), (101, 101, 101, 101)),
        (1, (100, 103, 95, 96), (102, 105, 99, 102)),
        (2, (94, 94, 94, 94), (96, 96, 96, 96)),
        (3, (92, 92, 92, 92), (94, 94, 94, 94)),
    )
    plan = {1: both(buy(1, limit=100.0), sell(1, trail=3.0, parent=1))}
    outcome = play(engine, plan, {"A": sided(*rows)})
    assert fills(outcome) == [(2, 1, 1, 100, "maker"), (3, 2, -1, 92, "taker")]


def test_on_a_path_a_child_that_fills_whole_or_not_does_not_rest(engine: EngineRun) -> None:
    # The path is 104, 107, 99, 106: it fills the parent at 100 and passes the child's 105 later. The child
    # has to fill on arrival, at the next open of 103, and cannot.
    market = {"A": bars((0, 104, 104, 104, 104), (1, 104, 107, 99, 106), (2, 103, 103, 103, 103))}
    plan = {1: both(buy(1, limit=100.0), sell(1, limit=105.0, time_in_force="FOK", parent=1))}
    outcome = play(engine, plan, market, intrabar="path")
    assert fills(outcome) == [(2, 1, 1, 100, "maker")]
    assert ends(outcome)[1] == ("CANCELED", "fok", 2)


def test_the_amended_quantity_of_a_child_includes_what_its_sibling_has_filled(engine: EngineRun) -> None:
    # The target sells 4 of 10. An amendment of the stop to 8 leaves it 4.
    market = {
        "A": quotes(
            (0, 99, 100, 50, 50),
            (1, 110, 111, 4, 50),
            (2, 105, 106, 50, 50),
            (3, 90, 91, 50, 50),
            (4, 90, 91, 50, 50),
        )
    }
    children = {"parent": 1, "oco": 1}
    plan = {
        0: both(buy(10), sell(10, limit=110.0, **children), sell(10, stop=95.0, **children)),
        2: lambda ctx: ctx.amend(3, quantity=8),
    }
    outcome = play(engine, plan, market, displayed_size=True)
    assert fills(outcome) == [(0, 1, 10, 100, "taker"), (1, 2, -4, 110, "maker"), (3, 3, -4, 90, "taker")]


def test_a_target_counts_the_amended_quantity_of_an_open_order() -> None:
    # 5 are ordered and amended to 8 before the open of 1 s. A target of 10 at 1.5 s is 2 more.
    market = {
        "A": bars(*((t, 100, 100, 100, 100) for t in range(4))),
        "B": quotes((1.5, 10, 11), (3, 10, 11)),
    }
    plan = {
        1: both(buy(5), lambda ctx: ctx.amend(1, quantity=8)),
        1.5: lambda ctx: ctx.order_target("A", 10),
    }
    outcome = play(ENGINES["btcore"], plan, market)
    assert [fill["quantity"] for fill in outcome.fills] == [8, 2]


def test_a_dividend_leaves_a_sell_above_the_market(engine: EngineRun) -> None:
    instruments = {"A": Instrument(dividends=[(at(1.5), 2.0)])}
    market = {"A": quotes(*((t, 100, 101) for t in range(4)))}
    outcome = play(engine, {0: both(sell(1, touch=150.0), sell(1, stop=50.0))}, market, instruments)
    assert [order["stop"] for order in outcome.orders] == [150, 48]


def test_slippage_sees_the_size_of_a_quote_after_a_split(engine: EngineRun) -> None:
    # At 4.5 s the ask of 102 is one of 51 and its size of 2 one of 4: a half of it costs 10 % / 4.
    market = {"A": quotes((0, 100, 101, 2, 2), (3, 101, 102, 2, 2), (7, 51, 52, 9, 9))}
    instruments = {"A": Instrument(splits=[(at(4), 2.0)])}
    plan = {3: buy(2, latency_ms=1500)}
    outcome = play(engine, plan, market, instruments, slippage_volume=0.1)
    assert fills(outcome) == [(4.5, 1, 2, 51 * 1.025, "taker")]


def test_a_split_restates_the_size_of_the_bid(engine: EngineRun) -> None:
    # At 4.5 s the bid of 101 is one of 50.5, and of the 2 asked for there are 4.
    market = {"A": quotes((0, 100, 101, 2, 2), (3, 101, 102, 2, 2), (7, 51, 52, 9, 9))}
    instruments = {"A": Instrument(splits=[(at(4), 2.0)])}
    outcome = play(engine, {3: sell(9, latency_ms=1500)}, market, instruments, displayed_size=True)
    assert fills(outcome)[0] == (4.5, 1, -4, 50.5, "taker")


def test_a_split_restates_what_a_sibling_has_filled(engine: EngineRun) -> None:
    # The target sells 4 of 10, and the split makes that 8 of 20. An amendment of the stop to 18 leaves it 10.
    market = {
        "A": quotes(
            (0, 99, 100, 50, 50),
            (1, 110, 111, 4, 50),
            (2, 52, 53, 50, 50),
            (3, 45, 46, 50, 50),
            (4, 45, 46, 50, 50),
        )
    }
    children = {"parent": 1, "oco": 1}
    plan = {
        0: both(buy(10), sell(10, limit=110.0, **children), sell(10, stop=95.0, **children)),
        2: lambda ctx: ctx.amend(3, quantity=18),
    }
    instruments = {"A": Instrument(splits=[(at(1.5), 2.0)])}
    outcome = play(engine, plan, market, instruments, displayed_size=True)
    assert fills(outcome)[2] == (3, 3, -10, 45, "taker")


def test_two_brackets_have_groups_of_their_own() -> None:
    # The target of the first fills at 110, and leaves the children of the second.
    market = {"A": quotes(*((t, px, px) for t, px in enumerate((100, 100, 110, 100))))}
    plan = {
        0: lambda ctx: ctx.bracket("A", 1, take_profit=110.0, stop_loss=90.0),
        1: lambda ctx: ctx.bracket("A", 1, take_profit=120.0, stop_loss=80.0),
    }
    outcome = play(ENGINES["btcore"], plan, market)
    reasons = ["", "", "oco", "", "end_of_data", "end_of_data"]
    assert [end[1] for end in ends(outcome)] == reasons


def test_what_lowers_a_position_is_ordered_first() -> None:
    # A is short: the buy that closes it goes before the sell that opens B.
    market = {name: quotes(*((t, 100, 100) for t in range(4))) for name in ("A", "B")}
    plan = {0: sell(10), 1: lambda ctx: ctx.order_target_weights({"B": -0.5, "A": 0.0})}
    outcome = play(ENGINES["btcore"], plan, market, initial_capital=10_000)
    assert [order["side"] for order in outcome.orders] == [-1, 1, -1]
