"""Fills at the close of a bar (`bar_fill="close"`) and at the end of the data (`close_at_end`), by hand."""

from engines import EngineRun
from hand_cases import bars, both, buy, ends, fills, play, quotes, sell, trades

JUMPS = bars(
    (0, 100, 100, 100, 100), (1, 101, 103, 101, 102), (2, 105, 106, 103, 104), (3, 110, 110, 108, 109)
)


def test_a_market_order_may_fill_at_the_close_it_was_decided_on(engine: EngineRun) -> None:
    # Sent on the bar that closes at 1 s at 100, and by on_start before any bar. Half a second of latency
    # makes it the close of 2 s, 102. A limit order still meets the open of 101.
    plan = {"start": buy(1), 1: both(buy(2), buy(3, limit=105.0), buy(4, latency_ms=500))}
    outcome = play(engine, plan, {"A": JUMPS}, bar_fill="close")
    assert fills(outcome) == [
        (1, 1, 1, 100, "taker"),
        (1, 2, 2, 100, "taker"),
        (1, 3, 3, 101, "taker"),
        (2, 4, 4, 102, "taker"),
    ]
    assert outcome.equity[1]["equity"] == 1_000_000  # bought at the close that marks it


def test_another_symbol_of_that_moment_fills_at_its_own_close(engine: EngineRun) -> None:
    # At 2 s the bar of A comes first: the buy of B that it sends fills at B's close of 2 s, 52.
    other = bars((0, 50, 50, 50, 50), (1, 51, 53, 51, 52), (2, 60, 60, 60, 60))
    send = both(lambda ctx: ctx.buy("B", 1), lambda ctx: ctx.buy("A", 1))
    outcome = play(engine, {2: send}, {"A": JUMPS, "B": other}, bar_fill="close")
    assert fills(outcome) == [(2, 2, 1, 102, "taker"), (2, 1, 1, 52, "taker")]


def test_children_of_a_fill_at_the_close(engine: EngineRun) -> None:
    # A parent that fills at the close of 1 s, 100, releases a market order that fills in the same phase. A
    # stop released so takes part in the next bar.
    plan = {0.5: both(buy(1), sell(1, parent=1)), 2: both(buy(2), sell(2, parent=3, stop=103.5))}
    outcome = play(engine, plan, {"A": JUMPS}, bar_fill="close")
    assert fills(outcome) == [
        (1, 1, 1, 100, "taker"),
        (1, 2, -1, 100, "taker"),
        (2, 3, 2, 102, "taker"),
        (3, 4, -2, 103.5, "taker"),
    ]


def test_the_share_of_volume_counts_what_the_bar_has_filled(engine: EngineRun) -> None:
    # A quarter of 8 is 2: the limit takes 1 inside the bar, the market order of its close what is left, 1,
    # and the rest at the next close.
    market = bars((0, 100, 100, 100, 100, 8), (1, 100, 100, 99, 100, 8), (2, 101, 101, 101, 101, 8))
    plan = {1: buy(1, limit=99.5), 2: buy(2)}
    outcome = play(engine, plan, {"A": market}, bar_fill="close", volume_share=0.25)
    assert fills(outcome) == [(2, 1, 1, 99.5, "maker"), (2, 2, 1, 100, "taker"), (3, 2, 1, 101, "taker")]


def test_a_close_may_be_cancelled_before_it_comes(engine: EngineRun) -> None:
    # The order takes part in the bar of 1 s; its cancel comes at 1.5 s, before the close of 2 s.
    market = {"A": JUMPS, "B": quotes((0.5, 9, 9), (1.5, 9, 9))}
    plan = {1: buy(1, latency_ms=200), 1.5: lambda ctx: ctx.cancel(1)}
    assert ends(play(engine, plan, market, bar_fill="close")) == [("CANCELED", "requested", 1.5)]


def test_positions_are_closed_at_the_last_price(engine: EngineRun) -> None:
    # Bought at 101, sold at the last close of 109 less 1 % of slippage, with 1 bps of both notionals.
    outcome = play(engine, {1: buy(10)}, {"A": JUMPS}, close_at_end=True, slippage_bps=100)
    assert fills(outcome) == [(1, 1, 10, 102.01, "taker"), (4, 2, -10, 107.91, "taker")]
    assert outcome.equity[-1]["equity"] == 1_000_000 + 10 * (107.91 - 102.01)
    assert outcome.orders[1]["flags"] == 2  # reduce-only


def test_a_short_position_is_closed_at_the_ask(engine: EngineRun) -> None:
    market = {"A": quotes((0, 100, 101), (1, 104, 106)), "B": trades((0, 50), (2, 55))}
    plan = {0: both(sell(1), lambda ctx: ctx.buy("B", 2))}
    outcome = play(engine, plan, market, close_at_end=True)
    assert fills(outcome)[2:] == [(2, 3, 1, 106, "taker"), (2, 4, -2, 55, "taker")]
