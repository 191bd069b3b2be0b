"""Findings about quotes and trades."""

import numpy as np
import pytest

import btcore as bt

from .conftest import MINUTE


def test_crossed_quotes_change_results_and_locked_do_not(make, only):
    columns = make.quotes()
    columns["ask"][[3, 4]] = columns["bid"][[3, 4]] - 0.5
    columns["ask"][9] = columns["bid"][9]
    found = bt.inspect(bt.Quotes(**columns, crossed="keep"))
    assert [row.number for row in only(found, "crossed_quotes", changes=True).rows] == [3, 4]
    assert [row.number for row in only(found, "locked_quotes", changes=False).rows] == [9]


def test_equal_quotes_over_an_hour_are_stale(make, only, names):
    columns = make.quotes(300)
    columns["timestamp"] = columns["timestamp"][0] + MINUTE * np.arange(300)
    for name in ("bid", "ask"):
        columns[name][100:161] = columns[name][100]
        columns[name][200:260] = columns[name][200] + 1
    finding = only(bt.inspect(bt.Quotes(**columns)), "stale_quotes", changes=True)
    assert (finding.count, finding.rows[0].number, finding.rows[0].value) == (1, 100, "61 equal quotes")


@pytest.mark.parametrize("side", ["bid_size", "ask_size"])
def test_quotes_without_size(make, only, side):
    columns = make.quotes()
    columns[side][[8, 9, 11]] = 0
    finding = only(bt.inspect(bt.Quotes(**columns)), "zero_size_quotes", changes=False)
    assert [row.number for row in finding.rows] == [8, 9, 11]


def test_ticks_of_one_time_and_equal_ticks(make, only):
    columns = make.trades()
    columns["timestamp"][11] = columns["timestamp"][10]
    found = bt.inspect(bt.Trades(**columns))
    assert [row.number for row in only(found, "equal_times", changes=False).rows] == [11]
    columns["price"][11] = columns["price"][10]
    found = bt.inspect(bt.Trades(**columns))
    assert [row.number for row in only(found, "equal_rows", changes=False).rows] == [11]
    assert found.ok


def test_trades_that_are_there_twice(make, only):
    columns = {name: np.repeat(column, 2) for name, column in make.trades().items()}
    assert only(bt.inspect(bt.Trades(**columns)), "doubled_rows", changes=True).count == 3000


def test_quantiles_of_the_spread(make):
    columns = make.quotes(1000)
    columns["ask"] = columns["bid"] + 0.5
    columns["ask"][7] = columns["bid"][7] + 2
    facts = bt.inspect(bt.Quotes(**columns)).datasets[0].facts
    assert facts["spread"] == {"0 %": 0.5, "1 %": 0.5, "50 %": 0.5, "99 %": 0.5, "100 %": 2.0}
    bps = facts["spread in bps"]
    assert list(bps) == ["0 %", "1 %", "50 %", "99 %", "100 %"]
    assert bps["50 %"] == pytest.approx(50, rel=0.15)


def test_bars_of_two_sides_may_be_crossed(make, only):
    columns = make.days()
    bid = tuple(columns[name] for name in ("open", "high", "low", "close"))
    ask = tuple(column + 0.1 for column in bid)
    ask[0][[4, 5]] -= 0.5
    ask[3][9] -= 0.5
    bars = bt.Bars(columns["timestamp"], bid=bid, ask=ask, interval="1d")
    found = bt.inspect(bars)
    assert [row.number for row in only(found, "crossed_bars", changes=False).rows] == [4, 5, 9]
    assert found.datasets[0].facts["spread"]["50 %"] == pytest.approx(0.1)
