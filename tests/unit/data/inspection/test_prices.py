"""Findings about prices and volumes, each with faults put into clean data."""

import numpy as np
import pytest

import btcore as bt
from btcore.data import Finding


def test_clean_data_have_no_findings(make, bars, names):
    for data in (
        bars(make.days()),
        bars(make.minutes(), "1min"),
        bt.Quotes(**make.quotes()),
        bt.Trades(**make.trades()),
    ):
        assert names(bt.inspect(data)) == set(), data.kind
    assert names(bt.inspect(bars(make.session_minutes(), "1min"), calendar="XNYS")) == set()


@pytest.mark.parametrize("rows", [[100], [100, 101], [100, 101, 102, 103, 104]])
@pytest.mark.parametrize("factor", [0.01, 0.4, 1.6, 100.0])
def test_prices_far_off_that_come_back_are_outliers(make, only, rows, factor):
    columns = make.trades()
    columns["price"][rows] *= factor
    finding = only(bt.inspect(bt.Trades(**columns)), "outliers", changes=True)
    assert [row.number for row in finding.rows] == rows
    assert finding.rows[0].value == f"{columns['price'][100]:.10g}"
    assert finding.rows[0].time == "2024-01-01T00:01:40Z"


def test_six_rows_are_another_level_and_less_than_half_is_no_outlier(make, names):
    columns = make.trades()
    columns["price"][100:106] *= 3.7
    columns["price"][500] *= 1.3
    assert "outliers" not in names(bt.inspect(bt.Trades(**columns)))


def test_rows_between_two_outliers_are_none(make, only):
    columns = make.trades()
    columns["price"][[100, 103]] = 1.0
    finding = only(bt.inspect(bt.Trades(**columns)), "outliers", changes=True)
    assert [row.number for row in finding.rows] == [100, 103]


def test_an_open_that_is_off_for_its_bar_only_is_no_split(make, bars, names):
    columns = make.days()
    columns["open"][77] = columns["low"][77] = columns["close"][76] / 1.5
    assert names(bt.inspect(bars(columns))) == set()


def test_a_split_at_the_time_of_a_trade_is_before_it(make, names):
    columns = make.trades()
    columns["price"][1000:] /= 2
    known = {"A": bt.Instrument(splits=[("2024-01-01T00:16:40Z", 2)])}
    assert names(bt.inspect({"A": bt.Trades(**columns)}, instruments=known)) == set()
    late = {"A": bt.Instrument(splits=[("2024-01-01T00:16:41Z", 2)])}
    assert "split_jumps" in names(bt.inspect({"A": bt.Trades(**columns)}, instruments=late))


def test_one_side_of_a_quote_may_be_the_outlier(make, only):
    columns = make.quotes()
    columns["ask"][7] = 199999.0
    columns["bid"][2000] = 0.01
    finding = only(bt.inspect(bt.Quotes(**columns)), "outliers", changes=True)
    assert [row.number for row in finding.rows] == [7, 2000]


@pytest.mark.parametrize(("column", "factor"), [("high", 2.0), ("low", 0.3)])
def test_a_high_or_low_far_off_the_closes_beside_it_is_an_outlier(make, bars, only, column, factor):
    columns = make.days()
    columns[column][77] *= factor
    finding = only(bt.inspect(bars(columns)), "outliers", changes=True)
    assert (finding.count, finding.rows[0].number) == (1, 77)


@pytest.mark.parametrize("ratio", [1.5, 2.0, 3.0, 4.0, 7.0, 20.0, 1 / 2, 1 / 8, 1 / 10])
def test_a_jump_by_the_ratio_of_a_split_is_found(make, bars, only, names, ratio):
    columns = make.days()
    for name in ("open", "high", "low", "close"):
        columns[name][250:] /= ratio
    finding = only(bt.inspect(bars(columns)), "split_jumps", changes=True)
    assert [row.number for row in finding.rows] == [250]
    when = str(np.datetime64(int(columns["timestamp"][250]), "ns").astype("M8[D]"))
    known = bt.Instrument(splits=[(when, ratio)])
    explained = bt.inspect({"A": bars(columns)}, instruments={"A": known})
    assert names(explained) == set()
    other_day = bt.Instrument(splits=[("2022-02-01", ratio)])
    assert names(bt.inspect({"A": bars(columns)}, instruments={"A": other_day})) == {
        "split_jumps",
        "splits_without_jump",
    }


def test_a_split_at_which_the_price_does_not_change_is_found(make, bars, only):
    known = bt.Instrument(splits=[("2022-05-10", 4.0)])
    found = bt.inspect({"A": bars(make.days())}, instruments={"A": known})
    finding = only(found, "splits_without_jump", changes=True)
    assert finding.count == 1
    assert finding.rows[0].time == "2022-05-10T00:00:00Z"


def test_a_price_that_doubles_in_years_without_rows_is_no_split(make, bars, only, names):
    columns = make.days()
    columns["timestamp"][250:] += 4 * 365 * 86400 * 10**9
    for name in ("open", "high", "low", "close"):
        columns[name][250:] *= 2
    found = bt.inspect(bars(columns))
    assert only(found, "jumps", changes=False).rows[0].number == 250
    assert "split_jumps" not in names(found)


def test_a_bar_may_begin_with_a_trade_before_the_split(make, bars, names):
    columns = make.minutes()
    for name in ("open", "high", "low", "close"):
        columns[name][1000:] /= 7
    columns["open"][1000] = columns["high"][1000] = columns["close"][999]
    known = {"A": bt.Instrument(splits=[("2024-01-01T16:40:00Z", 7)])}
    assert "splits_without_jump" not in names(bt.inspect({"A": bars(columns, "1min")}, instruments=known))


def test_a_split_at_a_midnight_of_tokyo_is_that_of_the_utc_date(make, bars, names):
    columns = make.days()
    for name in ("open", "high", "low", "close"):
        columns[name][250:] /= 3
    when = str(np.datetime64(int(columns["timestamp"][250]), "ns").astype("M8[D]"))
    known = {"A": bt.Instrument(splits=[(when, 3.0)])}
    for zone in ("Asia/Tokyo", "America/New_York", "UTC"):
        found = names(bt.inspect({"A": bars(columns)}, instruments=known, timezone=zone))
        assert not {"split_jumps", "splits_without_jump"} & found, zone


def test_a_jump_that_is_no_split_is_named_but_changes_nothing(make, only):
    columns = make.trades()
    columns["price"][1000:] *= 2.5
    found = bt.inspect(bt.Trades(**columns))
    assert only(found, "jumps", changes=False).rows[0].number == 1000
    assert found.ok


def test_bars_of_one_price_for_five_days_are_found(make, bars, only, names):
    columns = make.days()
    for name in ("open", "high", "low", "close"):
        columns[name][40:45] = 99.0
        columns[name][60:64] = 98.0
    finding = only(bt.inspect(bars(columns)), "unchanged_prices", changes=True)
    assert (finding.count, finding.rows[0].number, finding.rows[0].value) == (1, 40, "5 bars at 99")


def test_an_hour_of_minutes_with_one_price_is_found_but_not_less(make, bars, only, names):
    columns = make.minutes()
    for name in ("open", "high", "low", "close"):
        columns[name][100:160] = 99.0
        columns[name][1000:1059] = 98.0
    finding = only(bt.inspect(bars(columns, "1min")), "unchanged_prices", changes=True)
    assert [row.number for row in finding.rows] == [100]


def test_bars_of_one_price_with_time_between_them_are_trades_at_one_price(make, bars, names):
    columns = make.minutes()
    columns["timestamp"] = columns["timestamp"][0] + 2 * (columns["timestamp"] - columns["timestamp"][0])
    for name in ("open", "high", "low", "close"):
        columns[name][100:300] = 99.0
    assert names(bt.inspect(bars(columns, "1min"))) == set()


def test_volumes_of_zero_and_unknown_volumes(make, bars, only):
    columns = make.days()
    columns["volume"][[3, 9]] = 0
    finding = only(bt.inspect(bars(columns)), "zero_volume", changes=False)
    assert (finding.count, [row.number for row in finding.rows]) == (2, [3, 9])
    del columns["volume"]
    assert only(bt.inspect(bars(columns)), "unknown_volume", changes=False).count == 500
    trades = make.trades()
    del trades["size"]
    assert only(bt.inspect(bt.Trades(**trades)), "unknown_volume", changes=False).count == 3000


def test_prices_that_are_no_multiple_of_the_tick(make, only, names):
    columns = make.trades()
    columns["price"][5] += 0.003
    data = {"A": bt.Trades(**columns)}
    cents = {"A": bt.Instrument(tick_size=0.01)}
    finding = only(bt.inspect(data, instruments=cents), "off_tick_prices", changes=False)
    assert [row.number for row in finding.rows] == [5]
    assert names(bt.inspect(data)) == set()


def test_a_mid_need_not_be_a_multiple_of_the_tick_but_its_sides(make, only, names):
    columns = make.days()
    bid = tuple(columns[name] for name in ("open", "high", "low", "close"))
    ask = tuple(np.round(column + 0.01, 2) for column in bid)
    cents = {"A": bt.Instrument(tick_size=0.01)}
    known = {"timestamp": columns["timestamp"], "interval": "1d"}
    found = bt.inspect({"A": bt.Bars(bid=bid, ask=ask, **known)}, instruments=cents)
    assert "off_tick_prices" not in names(found)
    ask[0][7] += 0.004
    found = bt.inspect({"A": bt.Bars(bid=bid, ask=ask, **known)}, instruments=cents)
    assert [row.number for row in only(found, "off_tick_prices", changes=False).rows] == [7]


def test_prices_of_zero_and_below(make, only):
    columns = make.trades()
    columns["price"][[5, 6]] = 0.0, -37.63
    finding = only(bt.inspect(bt.Trades(**columns, negative_prices=True)), "negative_prices", changes=False)
    assert [row.value for row in finding.rows] == ["price 0", "price -37.63"]


def test_only_the_first_rows_of_many_are_shown(make, only):
    columns = make.trades()
    columns["price"][10:3000:10] *= 0.1
    finding = only(bt.inspect(bt.Trades(**columns)), "outliers", changes=True)
    assert isinstance(finding, Finding)
    assert finding.count == 299
    assert len(finding.rows) == 5
