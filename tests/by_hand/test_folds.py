"""Folds, purging, splits and paths counted by hand, and a walk forward whose every number is worked out."""

from typing import Any

import numpy as np
import pytest

import btcore as bt
from btcore.errors import ConfigError
from btcore.research.validation.folds import groups, label_ends, paths, purged_train, splits

DAY = 86_400 * 10**9
START = 19_723 * DAY  # 2024-01-01

# AFML figure 12.1: the splits of six groups, two of which are tests, and figure 12.2: for each group the path
# that takes it from a split, by hand from the book.
SPLITS = [
    (1, 2), (1, 3), (1, 4), (1, 5), (1, 6), (2, 3), (2, 4), (2, 5), (2, 6), (3, 4), (3, 5), (3, 6), (4, 5),
    (4, 6), (5, 6),
]  # fmt: skip
PATH_OF = {
    1: {1: 1, 2: 2, 3: 3, 4: 4, 5: 5},
    2: {1: 1, 6: 2, 7: 3, 8: 4, 9: 5},
    3: {2: 1, 6: 2, 10: 3, 11: 4, 12: 5},
    4: {3: 1, 7: 2, 10: 3, 13: 4, 14: 5},
    5: {4: 1, 8: 2, 11: 3, 13: 4, 15: 5},
    6: {5: 1, 9: 2, 12: 3, 14: 4, 15: 5},
}


def test_the_splits_and_paths_of_six_groups_of_which_two_are_tests() -> None:
    assert [tuple(group + 1 for group in split) for split in splits(6, 2)] == SPLITS
    table = paths(6, 2)
    assert table.shape == (5, 6)
    found = {
        group + 1: {int(split) + 1: path + 1 for path, split in enumerate(table[:, group])}
        for group in range(6)
    }
    assert found == PATH_OF


def test_one_group_in_each_test_is_a_single_path() -> None:
    assert splits(4, 1) == [(0,), (1,), (2,), (3,)]
    assert paths(4, 1).tolist() == [[0, 1, 2, 3]]


def test_four_groups_of_which_three_are_tests() -> None:
    # Splits 012, 013, 023, 123. Group 0 is in the first three, group 3 in the last three.
    assert splits(4, 3) == [(0, 1, 2), (0, 1, 3), (0, 2, 3), (1, 2, 3)]
    assert paths(4, 3).tolist() == [[0, 0, 0, 1], [1, 1, 2, 2], [2, 3, 3, 3]]


def test_ten_periods_in_three_groups() -> None:
    assert groups(10, 3) == [(0, 4), (4, 7), (7, 10)]
    assert groups(6, 3) == [(0, 2), (2, 4), (4, 6)]


@pytest.mark.parametrize(
    ("purge", "embargo", "train"),
    [
        # The test is periods 4 to 6. A label of period i ends at the beginning of period i + 1 + purge.
        (0, 0, [0, 1, 2, 3, 7, 8, 9, 10, 11]),
        (1, 0, [0, 1, 2, 8, 9, 10, 11]),  # label 3 ends at 5, after 4; the last label of the test ends at 8
        (2, 0, [0, 1, 9, 10, 11]),
        (0, 2, [0, 1, 2, 3, 9, 10, 11]),
        (2, 2, [0, 1, 11]),  # labels of the test end at 9; two more are left out
        (9, 0, []),  # they end after the data: nothing after the test trains
        (0, 9, [0, 1, 2, 3]),
    ],
)
def test_purging_and_embargo_of_twelve_periods(purge: int, embargo: int, train: list[int]) -> None:
    found = purged_train(np.arange(12), label_ends(12, purge), [(4, 7)], embargo)
    assert found.tolist() == train


def test_labels_of_different_lengths() -> None:
    # Observations begin at 0, 10, 20 ... 70, and their labels end at the times below. The test is 30 and 40.
    starts = [0, 10, 20, 30, 40, 50, 60, 70]
    ends = [5, 31, 30, 65, 45, 70, 61, 80]
    # 0 ends before 30; 10 ends at 31, inside the test; 20 ends at 30, where the test begins. The labels
    # of the test end at 65 at the latest: 50 and 60 begin before, 70 after.
    assert purged_train(starts, ends, [(3, 5)]).tolist() == [0, 2, 7]
    assert purged_train(starts, ends, [(3, 5)], embargo=1).tolist() == [0, 2]


def test_two_tests_each_leave_out_their_own() -> None:
    # Tests 2 and 3, and 8: labels end one period after their own. Each leaves out one before and one after.
    found = purged_train(np.arange(12), label_ends(12, 1), [(2, 4), (8, 9)])
    assert found.tolist() == [0, 5, 6, 10, 11]


def test_a_label_without_length_is_refused() -> None:
    """Snippet 7.3 would keep the first and the last row of the test, as they end when they begin."""
    with pytest.raises(ConfigError, match=r"ends\[2\]: the label ends at 2, not after its start 2"):
        purged_train([0, 1, 2], [1, 2, 2], [(1, 2)])


class Side(bt.Strategy):
    """Holds one unit from the second bar on: long for 1, short for -1."""

    side: int = 1

    def on_bar(self, ctx: bt.Context, bar: bt.BarEvent) -> None:
        if ctx.position("A") == 0 and not ctx.open_orders("A"):
            (ctx.buy if self.side > 0 else ctx.sell)("A", 1)


# Each bar has one price, at which orders of the bar before fill.
PRICES = np.array([100.0, 102, 104, 106, 108, 106, 104, 102, 100, 98, 96, 94])


def tiny(**terms: Any) -> bt.WalkForward:
    times = START + DAY * np.arange(len(PRICES))
    bars = bt.Bars(times, PRICES, PRICES, PRICES, PRICES, interval="1d")
    given: dict[str, Any] = {"train": "4 bars", "test": "4 bars", "objective": "total_return", **terms}
    return bt.walk_forward(
        {"A": bars}, Side, {"side": [-1, 1]}, initial_capital=1000.0, progress=False, **given
    )


def test_a_walk_forward_by_hand() -> None:
    # Training on bars 0 to 3: the order of bar 0 fills at 102 and is worth 106 at the end: +4 of 1000 for 1.
    # Test on bars 4 to 7: bought at 106, closed at 102: 996. Training on the same bars: -1 has +4 of 1000.
    # Test on bars 8 to 11: sold short at 98, closed at 94: 996 + 4.
    found = tiny()
    first, second = found.folds
    assert (first.params, first.in_sample, first.out_of_sample) == (
        {"side": 1}, pytest.approx(0.4), pytest.approx(-0.4)
    )  # fmt: skip
    assert (second.params, second.in_sample) == ({"side": -1}, pytest.approx(0.4))
    assert second.out_of_sample == pytest.approx(100 * 4 / 996)
    assert (first.train, first.test) == (((START, START + 4 * DAY),), ((START + 4 * DAY, START + 8 * DAY),))
    assert second.train == first.test
    assert (first.rank, second.rank, first.sets) == (2, 1, 2)
    curve = found.result.equity_curve
    assert curve["equity"].tolist() == [1000, 1000, 1000, 998, 996, 996, 996, 998, 1000]
    assert ((curve["timestamp"] - START) // DAY).tolist() == [4, 5, 6, 7, 8, 9, 10, 11, 12]
    trades = found.result.trades
    assert trades[["order_id", "side", "price"]].tolist() == [
        (1, "buy", 106.0), (2, "sell", 102.0), (3, "sell", 98.0), (4, "buy", 94.0)
    ]  # fmt: skip
    assert trades["rule"].tolist() == ["bar_open", "data_end", "bar_open", "data_end"]
    assert found.result.round_trips["pnl"].tolist() == [-4.0, 4.0]
    metrics = found.result.metrics
    assert (metrics["total_return"], metrics["win_rate"], metrics["round_trips"]) == (0.0, 50.0, 2)
    assert metrics["max_drawdown"] == pytest.approx(0.4)
    assert metrics["realized_pnl"] == 0.0
    # Held from the open of bar 5 to the end of bar 7, 3 of 4 days, in each test.
    assert metrics["exposure_time"] == pytest.approx(75.0)
    assert found.stability.chosen == [({"side": 1}, 1), ({"side": -1}, 1)]
    assert found.stability.share_better.tolist() == [1.0, 0.0]


def test_costs_of_closing_are_paid_in_each_window() -> None:
    # Four fills of 1 each: 1000 - 1 - 4 - 1 = 994, and 994 - 1 + 4 - 1 = 996.
    found = tiny(execution=bt.Execution(commission_per_order=1.0))
    assert [float(fold.result.metrics["final_equity"]) for fold in found.folds] == [994.0, 996.0]
    assert found.result.metrics["total_commission"] == 4.0


def test_without_closing_the_last_mark_counts_and_nothing_is_held_on() -> None:
    # The position of the first test is worth 102 at its end, as if sold there without costs.
    found = tiny(close_at_end=False, execution=bt.Execution(commission_per_order=1.0))
    assert [float(fold.result.metrics["final_equity"]) for fold in found.folds] == [995.0, 998.0]
    metrics = found.result.metrics
    assert (metrics["round_trips"], metrics["total_trades"]) == (0, 2)
    assert (metrics["unrealized_pnl"], metrics["realized_pnl"], metrics["total_commission"]) == (
        0.0,
        0.0,
        2.0,
    )
    assert metrics["exposure_time"] == pytest.approx(75.0)


def test_a_gap_before_the_test_is_not_trained_on() -> None:
    # Without bar 3 the order of bar 0 is worth 104 at the end of training: +2 of 1000. One bar is left out by
    # the purge and one by the embargo, after which bar 1 alone is left: no price to compare with, 0 for both.
    assert tiny(purge="1 bar").folds[0].in_sample == pytest.approx(0.2)
    assert tiny(purge="1 bar", embargo="1 bar").folds[0].train == ((START, START + 2 * DAY),)


def test_anchored_windows_begin_at_the_start() -> None:
    # Over bars 0 to 7 long from 102 ends at 102: 0 for both sides. The first set in order is chosen, -1.
    found = tiny(anchored=True)
    assert found.folds[1].train == ((START, START + 8 * DAY),)
    assert (found.folds[1].params, found.folds[1].in_sample) == ({"side": -1}, 0.0)


def test_a_last_test_that_is_shorter_is_played_only_if_asked_for() -> None:
    found = tiny(train="4 bars", test="3 bars")
    assert [(fold.test[0][1] - fold.test[0][0]) // DAY for fold in found.folds] == [3, 3]
    longer = tiny(train="4 bars", test="3 bars", keep_short=True)
    assert [(fold.test[0][1] - fold.test[0][0]) // DAY for fold in longer.folds] == [3, 3, 2]
