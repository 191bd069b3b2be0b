"""Names of the spacing of data."""

import pickle

import numpy as np
import pytest

import btcore as bt
from btcore.config import RunRequest, checked
from btcore.times.intervals import DAY_NS, HOUR_NS, MINUTE_NS
from btcore.times.resolutions import check_resolution, resolution_name


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ("1min", "minute"),
        ("60s", "minute"),
        ("day", "day"),
        ("7d", "1w"),
        ("14d", "2w"),
        ("5min", "5min"),
        ("240min", "4h"),
        ("3mo", "1q"),
        ("12mo", "1y"),
        ("2mo", "2mo"),
        ("tick", "tick"),
        ("irregular", "irregular"),
    ],
)
def test_each_length_has_one_name(given, name):
    assert check_resolution(given) == name


@pytest.mark.parametrize("given", ["", "daily", "0min", "5 min", "5min\n", "1.5h", None, 5])
def test_other_texts_are_refused(given):
    with pytest.raises(bt.DataError, match=r"resolution: .* is not tick, second, minute"):
        check_resolution(given)


def test_bars_know_their_resolution():
    ones = [1.0, 1.0]
    for interval, name in ((MINUTE_NS, "minute"), ("5min", "5min"), (4 * HOUR_NS, "4h"), ("1w", "1w")):
        assert bt.Bars([0, 28 * DAY_NS], ones, ones, ones, ones, interval=interval).resolution == name
    months = bt.Bars(np.array(["2024-01-01", "2024-02-01"], "M8[ns]"), ones, ones, ones, ones, interval="1mo")
    assert months.resolution == "1mo"
    assert pickle.loads(pickle.dumps(months)).resolution == "1mo"
    assert months.slice(None, int(months.timestamp[1])).resolution == "1mo"
    given_ends = bt.Bars([0, 10], ones, ones, ones, ones, end=[5, 11])
    assert (given_ends.resolution, resolution_name(0)) == ("irregular", "irregular")
    trades = bt.sample_trades()
    assert trades.resolution == "tick"
    assert bt.resample(trades, "5min").resolution == "5min"
    assert bt.resample(trades, ticks=100).resolution == "irregular"
    assert bt.resample(bt.sample_bars("A", "2024-01-01", "2024-06-01", "1d"), "1mo").resolution == "1mo"


def test_data_know_the_clock_they_were_written_in():
    ny, days = "America/New_York", np.array(["2024-01-02", "2024-01-03"], "M8[ns]")
    ones = [1.0, 1.0]
    assert bt.Bars(days, ones, ones, ones, ones, interval="1d", timezone=ny).timezone == ny
    assert bt.Bars(days, ones, ones, ones, ones, interval="1d").timezone is None
    table = {"timestamp": days, "price": ones}
    local = bt.Trades.from_frame(table, timezone=ny)
    assert local.timezone == local.slice(None, int(local.timestamp[1])).timezone == ny
    assert bt.Trades.from_frame(table).timezone is None
    assert local.with_notes(("x",)).timezone == pickle.loads(pickle.dumps(local)).timezone == ny
    assert local == bt.Trades(local.timestamp, local.price)


def test_the_zone_of_a_column_is_that_of_the_data():
    pl = pytest.importorskip("polars")
    days = pl.Series([0, 86_400_000_000_000]).cast(pl.Datetime("ns", "Europe/London"))
    frame = pl.DataFrame({"timestamp": days, "bid": [1.0, 1.0], "ask": [1.0, 1.0]})
    assert bt.Quotes.from_frame(frame).timezone == "Europe/London"
    assert bt.Quotes(days, [1.0, 1.0], [1.0, 1.0]).timezone == "Europe/London"


def test_a_request_takes_any_resolution():
    body = {"symbols": ["A"], "start_date": "2024-01-01", "end_date": "2024-01-02"}
    assert checked("", body | {"resolution": "5min"}, RunRequest).resolution == "5min"
    with pytest.raises(bt.ConfigError, match="resolution: 'hourly' is not tick, second"):
        checked("", body | {"resolution": "hourly"}, RunRequest)


def test_the_sample_market_refuses_what_it_does_not_make():
    with pytest.raises(bt.DataError, match="the sample market has day, hour, minute, second, tick, not 5min"):
        bt.SampleMarket().load("A", "5min", 0, DAY_NS)
