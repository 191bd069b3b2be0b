"""What a row of `bt.Signals` does, by hand: one day is one bar, and a market order fills at the next open."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import btcore as bt

DAY = 86400 * 10**9
START = 1_704_067_200 * 10**9
N = 8
PAGE = Path(__file__).parents[4] / "docs" / "strategies.md"
STATES = {"flat": 0, "long": 1, "short": -1}


def market(*rows: tuple[float, float, float, float], start: int = START) -> bt.Bars:
    """Bars of the rows (open, high, low, close), then of one price up to N bars."""
    rows += (rows[-1][3:] * 4,) * (N - len(rows))
    open_, high, low, close = np.array(rows, np.float64).T
    return bt.Bars(start + DAY * np.arange(N), open_, high, low, close, np.full(N, 1000.0), interval="1d")


RISING = market(*((100.0 + 10 * i,) * 4 for i in range(N)))  # opens 100, 110, 120 ...


def at(*rows: int) -> np.ndarray:
    flags = np.zeros(N, np.bool_)
    flags[list(rows)] = True
    return flags


def traded(result: bt.Result) -> list[tuple[Any, ...]]:
    """Day, signed quantity and price of each fill."""
    rows = result.trades
    sign = np.where(rows["side"] == "buy", 1, -1)
    days = (rows["timestamp"] - START) / DAY
    return [
        (float(d), float(q), float(p))
        for d, q, p in zip(days, sign * rows["quantity"], rows["price"], strict=True)
    ]


def play(bars: Any = RISING, *columns: Any, run: dict[str, Any] | None = None, **terms: Any) -> bt.Result:
    data = bars if isinstance(bars, dict) else {"A": bars}
    return bt.run(data, bt.Signals(bars, *columns, **terms), **(run or {}))


def ignored(result: bt.Result) -> list[str]:
    return [line.partition("; ")[0] for line in result.logs if line.startswith("signals: ")]


class TestConflicts:
    def test_an_entry_and_an_exit_fill_at_the_opens_after_their_bars(self):
        result = play(RISING, at(0), at(3), size=10)
        assert traded(result) == [(1, 10, 110), (4, -10, 140)]
        assert ignored(result) == []

    def test_an_entry_while_long_and_an_exit_while_flat_do_nothing_and_are_counted(self):
        result = play(RISING, at(1, 2, 3), at(0, 4, 5, 6), size=10)
        assert traded(result) == [(2, 10, 120), (5, -10, 150)]
        assert ignored(result) == [
            "signals: 2 did nothing: entries while their position was held or their order worked",
            "signals: 3 did nothing: exits without a position of their side",
        ]
        assert any(line.endswith("the first for A at 2024-01-04T00:00:00Z") for line in result.logs)

    def test_an_entry_and_an_exit_of_one_side_in_a_row_are_both_ignored(self):
        result = play(RISING, at(0, 1, 3), at(0, 3), size=10)
        assert traded(result) == [(2, 10, 120)]
        assert ignored(result) == ["signals: 4 did nothing: entries and exits of one side in one row"]

    def test_entries_of_both_sides_in_a_row_are_both_ignored(self):
        result = play(RISING, at(0), None, at(0, 2), at(4), size=10)
        assert traded(result) == [(3, -10, 130), (5, 10, 150)]
        assert ignored(result) == ["signals: 2 did nothing: long and short entries in one row"]

    def test_a_conflict_of_one_side_is_resolved_before_that_of_both_entries(self):
        result = play(RISING, at(0), at(0), at(0), size=10)
        assert traded(result) == [(1, -10, 110)]

    def test_an_entry_of_the_other_side_reverses(self):
        result = play(RISING, at(0, 4), None, at(2), size=10)
        assert traded(result) == [
            (1, 10, 110), (3, -10, 130), (3, -10, 130), (5, 10, 150), (5, 10, 150),
        ]  # fmt: skip

    def test_an_exit_with_an_entry_of_the_other_side_reverses_once(self):
        result = play(RISING, at(0), at(2), at(2), size=10)
        assert traded(result) == [(1, 10, 110), (3, -10, 130), (3, -10, 130)]
        assert ignored(result) == []

    def test_an_exit_of_the_other_side_leaves_the_position(self):
        result = play(RISING, at(0), None, None, at(2), size=10)
        assert traded(result) == [(1, 10, 110)]
        assert ignored(result) == ["signals: 1 did nothing: exits without a position of their side"]

    def test_orders_fill_at_the_close_of_the_bar_if_the_run_does(self):
        result = play(RISING, at(0), at(3), size=10, run={"execution": bt.Execution(bar_fill="close")})
        assert traded(result) == [(1, 10, 100), (4, -10, 130)]


def table_of_page() -> list[tuple[str, str, str]]:
    """Columns, state and effect of each cell of the table in docs/strategies.md."""
    lines = PAGE.read_text().splitlines()
    first = lines.index("| row | flat | long | short |") + 2
    rows = [line.strip("| ").split(" | ") for line in lines[first : first + 9]]
    return [(row[0], s, effect) for row in rows for s, effect in zip(STATES, row[1:], strict=True)]


@pytest.mark.parametrize(("columns", "state", "effect"), table_of_page())
def test_the_table_of_the_page(columns: str, state: str, effect: str) -> None:
    flags = {name: at() for name in ("entries", "exits", "short_entries", "short_exits")}
    before = STATES[state]
    if before:
        flags["entries" if before > 0 else "short_entries"] |= at(0)
    for name in columns.replace("`", "").split(" and "):
        flags[name] |= at(2)
    result = bt.run({"A": RISING}, bt.Signals(RISING, **flags, size=10), execution=bt.Execution(leverage=2))
    after = {"nothing": before, "closes": 0}.get(effect, 1 if effect.endswith("+") else -1)
    assert sum(quantity for _, quantity, _ in traded(result)) == 10 * after
    assert len(result.trades) == bool(before) + len(effect.split(", ")) - (effect == "nothing")
    if effect == "nothing":
        assert ignored(result)
    elif " and " not in columns:
        assert ignored(result) == []


class TestSize:
    def test_without_a_size_an_entry_takes_all_equity(self):
        # 1100 / 100, the close of the bar; 11 * 110 at the next open is more than 1100, which pays for 10.
        lots = {"instruments": {"A": bt.Instrument(lot_size=1)}, "initial_capital": 1100.0}
        result = play(RISING, at(0), run=lots)
        assert result.orders["quantity"].tolist() == [11]
        assert traded(result) == [(1, 10, 110)]
        assert result.orders["reason"].tolist() == ["cash"]

    def test_a_size_for_each_row_is_that_of_the_row_of_the_entry(self):
        sizes = np.arange(1.0, N + 1)
        result = play(RISING, at(0, 3), at(2), size=sizes)
        assert traded(result) == [(1, 1, 110), (3, -1, 130), (4, 4, 140)]

    def test_symbols_share_equity_and_what_is_sold_pays(self):
        # Equity 1000 is two parts of 500: 5 of A at 100, which fill at 110. After day 2, 5 * 120 + 450
        # are 1050, and 525 buy 10.5 of B.
        flat = market((50, 50, 50, 50))
        result = play(
            {"A": RISING, "B": flat}, {"A": at(0), "B": at(2)}, {"A": at(2), "B": at(5)},
            run={"initial_capital": 1000.0, "instruments": {s: bt.Instrument(lot_size=0.5) for s in "AB"}},
        )  # fmt: skip
        assert result.orders["symbol"].tolist() == ["A", "A", "B", "B"]
        assert result.orders["quantity"].tolist() == [5, 5, 10.5, 10.5]

    def test_a_sale_pays_for_a_purchase_at_the_same_open_whatever_the_order_of_the_symbols(self):
        flat = market((100, 100, 100, 100))
        entries, exits = {"A": at(3), "B": at(0)}, {"A": at(6), "B": at(3)}
        result = play({"A": flat, "B": flat}, entries, exits, size=10, run={"initial_capital": 1000.0})
        assert traded(result) == [(1, 10, 100), (4, 10, 100), (4, -10, 100), (7, -10, 100)]

    def test_less_than_a_lot_of_equity_sends_nothing_and_is_logged(self):
        terms = {"instruments": {"A": bt.Instrument(lot_size=100)}, "initial_capital": 1000.0}
        result = play(RISING, at(0), run=terms)
        assert len(result.orders) == 0
        assert "1 targets by weight are less than one lot: no order was sent" in result.logs


class TestExits:
    def test_the_stop_is_a_fraction_of_the_fill_and_acts_in_its_bar(self):
        # Bought at 100 on day 1; 100 * 0.95 = 95 is in the range of that day.
        bars = market((90, 90, 90, 90), (100, 101, 94, 99), (99, 99, 99, 99))
        result = play(bars, at(0), size=10, stop_loss=0.05)
        assert traded(result) == [(1, 10, 100), (2, -10, 95)]
        assert result.orders["order_type"].tolist() == ["market", "stop"]

    def test_the_target_fills_and_cancels_the_stop(self):
        bars = market((90, 90, 90, 90), (100, 101, 99, 100), (100, 111, 100, 105))
        result = play(bars, at(0), size=10, stop_loss=0.05, take_profit=0.1)
        assert traded(result) == [(1, 10, 100), (3, -10, 110)]
        assert result.orders["reason"].tolist() == ["", "oco", ""]

    def test_in_a_bar_that_reaches_both_the_stop_fills_and_the_bar_is_counted(self):
        bars = market((90, 90, 90, 90), (100, 101, 99, 100), (100, 111, 94, 105))
        result = play(bars, at(0), size=10, stop_loss=0.05, take_profit=0.1)
        assert traded(result) == [(1, 10, 100), (3, -10, 95)]
        assert result.metrics["ambiguous_bars"] == 1

    def test_those_of_a_short_are_mirrored(self):
        bars = market((90, 90, 90, 90), (100, 101, 99, 100), (100, 106, 100, 105))
        result = play(bars, None, None, at(0), size=10, stop_loss=0.05, take_profit=0.1)
        assert traded(result) == [(1, -10, 100), (3, 10, 105)]
        assert result.orders["limit_price"][2] == 90

    def test_the_trailing_stop_follows_from_the_fill(self):
        # The fill at 100, then the high of 120: the stop is 120 * 0.9 = 108, which the low of day 3 reaches.
        bars = market((90, 90, 90, 90), (100, 110, 100, 110), (110, 120, 110, 120), (115, 116, 105, 110))
        result = play(bars, at(0), size=10, trailing_stop=0.1)
        assert traded(result) == [(1, 10, 100), (4, -10, 108)]

    def test_all_three_can_be_held_with_all_of_the_equity(self):
        bars = market((100, 100, 100, 100), (100, 111, 100, 105))
        result = play(bars, at(0), stop_loss=0.1, take_profit=0.1, trailing_stop=0.1)
        assert result.orders["status"].tolist() == ["filled", "canceled", "filled", "canceled"]
        assert result.trades["price"].tolist() == pytest.approx([100, 110], rel=1e-15)

    def test_an_exit_cancels_them(self):
        result = play(RISING, at(0), at(2), size=10, stop_loss=0.5, take_profit=3.0)
        assert traded(result) == [(1, 10, 110), (3, -10, 130)]
        assert result.orders["status"].tolist() == ["filled", "canceled", "canceled", "filled"]

    def test_a_reverse_cancels_them_and_has_its_own(self):
        result = play(RISING, at(0), None, at(2), size=10, stop_loss=0.5)
        assert result.orders["order_type"].tolist() == ["market", "stop", "market", "market", "stop"]
        assert result.orders["status"].tolist() == ["filled", "canceled", "filled", "filled", "expired"]
        assert result.orders["stop_price"].tolist()[4] == 195  # sold at 130

    def test_a_stop_that_fills_while_an_exit_is_in_flight_cancels_the_exit(self):
        # The exit of day 2 arrives inside day 3, when the low reaches the stop of 100 * 0.9.
        bars = market((100, 100, 100, 100), (100, 100, 100, 100), (100, 100, 100, 100), (100, 100, 80, 85))
        run = {"execution": bt.Execution(latency_ms=1000)}
        # The entry of day 0 arrives after the open of day 1 and fills at that of day 2.
        result = play(bars, at(0), at(2), size=10, stop_loss=0.1, run=run)
        assert traded(result) == [(2, 10, 100), (4, -10, 90)]
        assert result.orders["reason"].tolist() == ["", "", "oco"]

    def test_the_next_entry_after_a_stop_is_a_new_position(self):
        bars = market((90, 90, 90, 90), (100, 101, 94, 99), (99, 99, 99, 99))
        result = play(bars, at(0, 2), size=10, stop_loss=0.05)
        assert traded(result) == [(1, 10, 100), (2, -10, 95), (3, 10, 99)]


class TestLimit:
    DIP = market((100, 100, 100, 100), (100, 100, 99, 99), (99, 99, 94, 96), (96, 100, 96, 100))

    def test_it_works_until_it_fills(self):
        result = play(self.DIP, at(0), at(4), size=10, limit=95.0)
        assert traded(result) == [(3, 10, 95), (5, -10, 100)]

    def test_an_exit_cancels_it(self):
        result = play(self.DIP, at(0), at(1), size=10, limit=95.0)
        assert traded(result) == []
        assert result.orders["reason"].tolist() == ["requested"]

    def test_an_entry_of_the_other_side_cancels_it(self):
        result = play(self.DIP, at(0), None, at(1), size=10, limit=np.where(at(0), 95.0, np.nan))
        assert traded(result) == [(2, -10, 99)]
        assert result.orders["reason"].tolist() == ["requested", ""]

    def test_an_entry_of_its_side_leaves_it(self):
        result = play(self.DIP, at(0, 1), size=10, limit=np.where(at(0), 95.0, 98.0))
        assert traded(result) == [(3, 10, 95)]
        assert ignored(result)[0].startswith("signals: 1 did nothing: entries while")

    def test_its_exits_follow_from_its_fill(self):
        result = play(self.DIP, at(0), size=10, limit=95.0, take_profit=0.04)
        assert result.trades["price"].tolist() == [95, 95 * 1.04]

    def test_exits_of_one_that_does_not_fill_end_with_it(self):
        result = play(self.DIP, at(0), at(1), size=10, limit=95.0, stop_loss=0.1)
        assert result.orders["reason"].tolist() == ["requested", "parent"]

    def test_a_reverse_by_limit_closes_at_the_market(self):
        result = play(self.DIP, at(0), None, at(1), size=10, limit=np.where(at(1), 99.5, np.nan))
        assert traded(result) == [(1, 10, 100), (2, -10, 99), (4, -10, 99.5)]

    def test_without_a_size_it_is_sized_at_its_price(self):
        result = play(self.DIP, at(0), limit=80.0, run={"initial_capital": 800.0})
        assert result.orders["quantity"].tolist() == [10]

    def test_what_it_fills_before_its_cancellation_arrives_is_closed(self):
        # The exit of day 1 arrives inside day 2, which fills the limit. What it bought is sold by an order
        # that arrives inside day 3.
        run = {"execution": bt.Execution(latency_ms=1000)}
        result = play(self.DIP, at(0), at(1), size=10, limit=95.0, run=run)
        assert traded(result) == [(3, 10, 95), (4, -10, 100)]


class TestMoments:
    def test_rows_on_quotes_are_decided_by_a_timer(self):
        times = START + DAY * np.arange(N) + DAY // 2
        quotes = bt.Quotes(times, np.arange(99.0, 99 + N), np.arange(101.0, 101 + N))
        result = bt.run({"A": quotes}, bt.Signals(RISING, at(0), at(3), size=10))
        # Known at the end of days 0 and 3, when the standing quotes are those of their noon.
        assert traded(result) == [(1, 10, 101), (4, -10, 102)]

    def test_rows_of_bars_beside_quotes_are_decided_at_the_end_of_the_bar(self):
        # The quote at the end of day 0, of 105 and 107, comes before its bar, so that the order meets it.
        times = np.array([START + DAY // 2, START + DAY, START + 4 * DAY - 1])
        quotes = bt.Quotes(times, [99.0, 105.0, 110.0], [101.0, 107.0, 112.0])
        result = bt.run({"A": (quotes, RISING)}, bt.Signals(RISING, at(0), at(3), size=10))
        assert traded(result) == [(1, 10, 107), (4, -10, 110)]

    def test_a_run_of_more_symbols_than_the_signals_have(self):
        result = bt.run({"B": RISING, "A": RISING}, bt.Signals({"A": RISING}, {"A": at(0)}, size=10))
        assert result.trades["symbol"].tolist() == ["A"]

    def test_rows_before_the_run_and_after_it_do_nothing_and_are_logged(self):
        signals = bt.Signals(RISING, at(0, 3), at(7), size=10)
        result = bt.run({"A": RISING}, signals, start=START + 2 * DAY, end=START + 6 * DAY)
        assert traded(result) == [(4, 10, 140)]
        line = "2 of 3 rows of signals of A are dated before the run or after its data, and do nothing"
        assert line in result.logs

    def test_rows_where_no_bar_of_the_run_ends_are_logged(self):
        other = market((100, 100, 100, 100), start=START + DAY // 2)
        result = bt.run({"A": other}, bt.Signals(RISING, at(1), size=10))
        assert any(
            "1 of 1 rows of signals of A are dated where no bar of the run ends" in s for s in result.logs
        )

    def test_symbols_with_bars_of_other_lengths_keep_their_times(self):
        times = START + 12 * 3600 * 10**9 * np.arange(2 * N)
        price = 50.0 + np.arange(2 * N)
        half = bt.Bars(times, price, price, price, price, interval="12h")
        rows = np.zeros(2 * N, np.bool_)
        rows[2] = True
        signals = bt.Signals({"B": half, "A": RISING}, {"A": at(0), "B": rows}, size={"A": 1, "B": 2})
        result = bt.run({"A": RISING, "B": half}, signals)
        assert traded(result) == [(1, 1, 110), (1.5, 2, 53)]
