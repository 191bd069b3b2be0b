"""Resampling equals a slow loop, conserves volume, and has no look-ahead."""

from datetime import UTC, datetime, timedelta
from importlib.util import find_spec
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import btcore as bt
from btcore.data import Bars, Quotes, Trades, resample
from btcore.errors import ConfigError, DataError, RowError

HOUR = 3600 * 10**9
DAY = 24 * HOUR
needs_calendars = pytest.mark.skipif(
    find_spec("exchange_calendars") is None, reason="exchange_calendars is not installed: extra `calendars`"
)


def ns(text):
    return int(np.datetime64(text, "ns").astype(int))


def slow(times, prices, sizes, length, zone):
    """Bars by a loop over rows and datetime: (timestamp, open, high, low, close, volume, end)."""
    named = ZoneInfo(zone)
    groups = {}
    for time, price, size in zip(times, prices, sizes, strict=True):
        moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=time // 1000)
        local = moment.astimezone(named)
        if length == DAY:
            day = datetime(local.year, local.month, local.day, tzinfo=named)
            after = datetime.combine(local.date() + timedelta(days=1), datetime.min.time(), named)
            begin, end = (round(d.timestamp()) * 10**9 for d in (day, after))
        else:
            offset = int(local.utcoffset().total_seconds()) * 10**9
            begin = (time + offset) // length * length - offset
            end = begin + length
        groups.setdefault((begin, end), []).append((price, size))
    return [
        (
            begin,
            rows[0][0],
            max(p for p, _ in rows),
            min(p for p, _ in rows),
            rows[-1][0],
            sum(s for _, s in rows),
            end,
        )
        for (begin, end), rows in groups.items()
    ]


def rows(bars):
    """(timestamp, open, high, low, close, volume, end) of each bar."""
    columns = {name: column for name, column in bars.columns.items() if name != "end"} | {"end": bars.end}
    return [tuple(row) for row in zip(*(column.tolist() for column in columns.values()), strict=True)]


ticks = st.lists(
    st.tuples(
        st.one_of(
            st.integers(ns("2024-03-08") // 1000, ns("2024-03-13") // 1000),
            st.integers(ns("2024-11-01") // 1000, ns("2024-11-05") // 1000),
        ),
        st.integers(1, 50),
        st.integers(1, 9),
    ),
    max_size=60,
)
lengths = st.sampled_from(["second", "minute", "5min", "hour", "day"])
zones = st.sampled_from(["UTC", "America/New_York", "Asia/Kolkata", "Etc/GMT+5", "Europe/London"])


@given(ticks, lengths, zones)
def test_trades_equal_a_slow_loop(data, to, zone):
    data.sort(key=lambda row: row[0])
    times, prices, sizes = ([row[i] for row in data] for i in range(3))
    times = [time * 1000 for time in times]
    bars = resample(Trades(times, prices, sizes), to, zone)
    assert rows(bars) == slow(times, prices, sizes, bars.interval, zone)
    assert bars.volume is not None
    assert bars.volume.sum() == sum(sizes)
    assert bars.source == "trade"
    Bars(**bars.columns, interval=bars.interval)
    # No bar ends before its last tick.
    assert all(time < bars.end[np.searchsorted(bars.end, time, "right")] for time in times)


@given(ticks, zones)
def test_bars_of_bars_are_bars_of_ticks(data, zone):
    data.sort(key=lambda row: row[0])
    times, prices, sizes = ([row[i] for row in data] for i in range(3))
    trades = Trades([time * 1000 for time in times], prices, sizes)
    minutes = resample(trades, "minute", zone)
    assert resample(resample(minutes, "30min", zone), "day", zone) == resample(trades, "day", zone)
    assert resample(minutes, "minute", zone) == minutes


def test_quotes_give_mids():
    bars = resample(Quotes([0, 1, 2], [1.0, 3.0, 2.0], [2.0, 4.0, 2.0]), "second")
    assert rows(bars) == [(0, 1.5, 3.5, 1.5, 2.0, 10**9)]
    assert bars.source == "mid"


def test_trades_without_size_have_no_volume():
    assert resample(Trades([0, 1], [1.0, 2.0]), "1h").volume is None


def test_bars_keep_their_source():
    bars = Bars([0], [1], [1], [1], [1], [3], interval="1s", source="mid")
    assert resample(bars, "1min").source == "mid"


def test_no_rows_give_no_bars():
    assert len(resample(Trades([], []), "day", "Asia/Tokyo")) == 0


def test_a_day_of_25_hours_is_one_bar_that_ends_with_it():
    hours = ns("2024-11-03T04:00") + HOUR * np.arange(49)  # two local days, of 25 and 24 hours
    bars = resample(Trades(hours, np.arange(1.0, 50.0)), "day", "America/New_York")
    assert bars.timestamp.tolist() == [ns("2024-11-03T04:00"), ns("2024-11-04T05:00")]
    assert bars.end.tolist() == [ns("2024-11-04T05:00"), ns("2024-11-05T05:00")]
    assert bars.close.tolist() == [25.0, 49.0]


def test_a_day_of_23_hours_is_one_bar():
    hours = ns("2024-03-10T05:00") + HOUR * np.arange(47)
    bars = resample(Trades(hours, np.arange(1.0, 48.0)), "day", "America/New_York")
    assert bars.timestamp.tolist() == [ns("2024-03-10T05:00"), ns("2024-03-11T04:00")]
    assert bars.end.tolist() == [ns("2024-03-11T04:00"), ns("2024-03-12T04:00")]
    assert bars.close.tolist() == [23.0, 47.0]
    assert bars.interval == DAY


def test_a_day_that_begins_in_a_gap():
    # In Sao Paulo 2018-11-04 began at one o'clock.
    bars = resample(Trades([ns("2018-11-04T03:30")], [1.0]), "day", "America/Sao_Paulo")
    assert bars.timestamp.tolist() == [ns("2018-11-04T03:00")]


def test_the_repeated_hour_is_two_bars():
    trades = Trades([ns("2024-11-03T05:10"), ns("2024-11-03T06:10")], [1.0, 2.0])
    assert len(resample(trades, "hour", "America/New_York")) == 2


def test_zones_of_half_hours_begin_hours_in_local_time():
    bars = resample(Trades([ns("2024-01-01T00:40")], [1.0]), "hour", "Asia/Kolkata")
    assert bars.timestamp.tolist() == [ns("2024-01-01T00:30")]


def test_intervals_that_split_bars_are_refused():
    hours = Bars([ns("2024-01-01T00:30")], [1], [1], [1], [1], interval="1h")
    with pytest.raises(DataError, match="30min is not a multiple of the bars' interval, 1h"):
        resample(hours, "30min")
    with pytest.raises(DataError, match="90min is not a multiple"):
        resample(hours, "90min")
    with pytest.raises(DataError, match=r"bars\[0\]: ends after the 1h that it begins in"):
        resample(hours, "1h")
    with pytest.raises(DataError, match="interval"):
        resample(hours, "fortnight")
    with pytest.raises(ConfigError):
        resample(hours, "day", "Mars/Olympus")


NY = "America/New_York"


def trades(*times, size=1.0):
    """Trades at these times, with the prices 1, 2, 3 ..."""
    at = [ns(time) for time in times]
    return Trades(at, np.arange(1.0, len(at) + 1), None if size is None else np.full(len(at), size))


def spans(bars):
    """Start and end of each bar, to the minute."""
    found = (
        (np.datetime64(int(t), "ns") for t in pair) for pair in zip(bars.timestamp, bars.end, strict=True)
    )
    return [tuple(str(moment.astype("datetime64[m]")) for moment in pair) for pair in found]


class TestPeriods:
    def test_a_day_of_25_hours_has_the_content_hash_of_its_true_length(self):
        day = resample(trades("2024-11-03T06:00"), "day", NY)
        assert spans(day) == [("2024-11-03T04:00", "2024-11-04T05:00")]
        assert day.interval == DAY
        assert "end" not in resample(trades("2024-11-05T06:00"), "day", NY).columns

    @pytest.mark.parametrize(
        ("time", "begin", "end"),
        [
            ("2024-03-10T06:30", "2024-03-10T05:00", "2024-03-10T08:00"),  # 00:00 to 04:00, three hours
            ("2024-03-10T08:00", "2024-03-10T08:00", "2024-03-10T12:00"),
            ("2024-11-03T05:30", "2024-11-03T04:00", "2024-11-03T09:00"),  # 00:00 to 04:00, five hours
            ("2024-11-03T08:59", "2024-11-03T04:00", "2024-11-03T09:00"),
        ],
    )
    def test_four_hours_over_the_clock_changes(self, time, begin, end):
        assert spans(resample(trades(time), "4h", NY)) == [(begin, end)]

    def test_a_change_of_the_clock_within_periods_of_90_minutes_keeps_their_order(self):
        """01:40 and then, after the clock was put back, 01:10 and 01:40 again."""
        bars = resample(trades("2024-11-03T05:40", "2024-11-03T06:10", "2024-11-03T06:40"), "90min", NY)
        assert spans(bars) == [("2024-11-03T05:30", "2024-11-03T08:00")]

    def test_a_clock_that_moves_by_half_an_hour(self):
        """Lord Howe Island: 01:30 to 02:00 occurs twice on 2024-04-07."""
        bars = resample(trades("2024-04-06T14:30", "2024-04-06T15:10"), "1h", "Australia/Lord_Howe")
        assert spans(bars) == [
            ("2024-04-06T14:00", "2024-04-06T15:00"),
            ("2024-04-06T15:00", "2024-04-06T15:30"),
        ]

    @pytest.mark.parametrize(
        ("to", "begin", "end"),
        [
            ("1w", "2024-05-13", "2024-05-20"),  # 2024-05-13 is a Monday
            ("1mo", "2024-05-01", "2024-06-01"),
            ("1q", "2024-04-01", "2024-07-01"),
            ("1y", "2024-01-01", "2025-01-01"),
        ],
    )
    def test_periods_of_the_calendar(self, to, begin, end):
        bars = resample(trades("2024-05-15T12:00", "2024-05-16T12:00"), to)
        assert spans(bars) == [(f"{begin}T00:00", f"{end}T00:00")]
        assert bars.interval == (7 * DAY if to == "1w" else 0)

    def test_months_on_a_local_clock(self):
        bars = resample(trades("2024-03-01T04:59", "2024-03-01T05:00"), "1mo", NY)
        assert spans(bars) == [
            ("2024-02-01T05:00", "2024-03-01T05:00"),
            ("2024-03-01T05:00", "2024-04-01T04:00"),
        ]

    def test_quarters_of_months_are_quarters_of_trades(self):
        data = trades("2024-01-15", "2024-03-31T23:59", "2024-04-01", "2024-12-31")
        assert resample(resample(data, "1mo"), "1q") == resample(data, "1q")
        assert resample(resample(data, "1d"), "1mo") == resample(data, "1mo")

    def test_own_ends_decide_whether_a_bar_is_split(self):
        week = resample(trades("2024-05-01"), "1w")
        with pytest.raises(DataError, match=r"bars\[0\]: ends after the 1mo that it begins in .*2024-05-06"):
            resample(resample(trades("2024-04-30"), "1w"), "1mo")
        assert spans(resample(week, "1q")) == [("2024-04-01T00:00", "2024-07-01T00:00")]

    def test_both_sides_are_kept(self):
        bid, ask = [[1, 2], [3, 4], [1, 1], [2, 3]], [[2, 3], [4, 5], [2, 2], [3, 4]]
        bars = resample(Bars([0, 60 * 10**9], bid=bid, ask=ask, interval="1min"), "1h")
        assert [side.tolist() for side in bars.bid] == [[1], [4], [1], [3]]
        assert [side.tolist() for side in bars.ask] == [[2], [5], [2], [4]]
        assert bars.source == "mid"
        assert bars.volume is None


class TestAnchors:
    @pytest.mark.parametrize(
        ("to", "anchor", "begin", "end"),
        [
            ("1h", "09:30", "2024-03-08T14:30", "2024-03-08T15:30"),
            ("4h", "09:30", "2024-03-08T14:30", "2024-03-08T18:30"),
            ("1d", "17:00", "2024-03-07T22:00", "2024-03-08T22:00"),
            ("1w", "sun 17:00", "2024-03-03T22:00", "2024-03-10T21:00"),  # the clock changed that Sunday
            ("1w", "fri", "2024-03-08T05:00", "2024-03-15T04:00"),
            ("1w", "00:00", "2024-03-04T05:00", "2024-03-11T04:00"),
        ],
    )
    def test_periods_begin_at_the_anchor(self, to, anchor, begin, end):
        assert spans(resample(trades("2024-03-08T15:00"), to, NY, anchor=anchor)) == [(begin, end)]

    @pytest.mark.parametrize(
        ("to", "anchor", "message"),
        [
            ("1d", "5pm", "anchor: '5pm' is not a time such as \"09:30\""),
            ("1d", "24:00", "anchor: '24:00' is not a time"),
            ("1d", "sun 17:00", "anchor: 'sun 17:00' is not a time"),
            ("1w", "someday", "anchor: 'someday' is not a weekday and a time such as \"sun 17:00\""),
            ("1d", "", "anchor: '' is not"),
            ("1d", 9, "anchor: 9 is not"),
            ("1mo", "17:00", "anchor: 1mo has none"),
            ("5h", "09:30", "anchor: 5h has none"),
        ],
    )
    def test_other_anchors_are_refused(self, to, anchor, message):
        with pytest.raises(DataError, match=message):
            resample(trades("2024-03-08T15:00"), to, anchor=anchor)


@needs_calendars
class TestSessions:
    def test_hours_begin_at_the_open_and_end_at_the_close(self):
        """The session of 2024-11-29 ends at 13:00 in New York."""
        times = ["2024-11-27T14:30", "2024-11-27T20:59", "2024-11-29T14:29", "2024-11-29T17:45"]
        bars = resample(trades(*times), "4h", calendar="XNYS")
        assert spans(bars) == [
            ("2024-11-27T14:30", "2024-11-27T18:30"),
            ("2024-11-27T18:30", "2024-11-27T21:00"),
            ("2024-11-29T14:30", "2024-11-29T18:00"),
        ]
        assert bars.close.tolist() == [1.0, 2.0, 4.0]
        assert bars.notes == ("resample: 1 rows outside the sessions of XNYS are left out",)

    @pytest.mark.parametrize(
        ("to", "begin", "end"),
        [
            ("1d", "2024-11-29T14:30", "2024-11-29T18:00"),
            ("1w", "2024-11-25T14:30", "2024-11-29T18:00"),
            ("1mo", "2024-11-01T13:30", "2024-11-29T18:00"),
            ("1q", "2024-10-01T13:30", "2024-12-31T21:00"),
            ("1y", "2024-01-02T14:30", "2024-12-31T21:00"),
        ],
    )
    def test_days_weeks_and_months_last_from_an_open_to_a_close(self, to, begin, end):
        bars = resample(trades("2024-11-29T15:00"), to, NY, calendar="XNYS")
        assert spans(bars) == [(begin, end)]

    def test_a_session_belongs_to_the_day_on_which_it_closes(self):
        """The first session of December in Chicago opens on Sunday evening."""
        bars = resample(
            trades("2024-11-29T15:00", "2024-12-01T23:30"), "1mo", "America/Chicago", calendar="CMES"
        )
        assert spans(bars)[1][0] == "2024-12-01T23:00"

    def test_minutes_of_a_session_become_its_day(self):
        minutes = resample(trades("2024-11-29T14:30", "2024-11-29T17:59"), "1min")
        assert spans(resample(minutes, "1d", calendar="XNYS")) == [("2024-11-29T14:30", "2024-11-29T18:00")]
        assert resample(resample(minutes, "1h", calendar="XNYS"), "1d", calendar="XNYS").volume.tolist() == [
            2.0
        ]

    def test_a_bar_that_a_session_would_split_is_refused(self):
        hours = Bars([ns("2024-11-29T15:00")], [1], [1], [1], [1], interval="1h")
        with pytest.raises(DataError, match=r"bars\[0\]: ends after the 1h that it begins in"):
            resample(hours, "1h", calendar="XNYS")

    def test_nothing_in_a_session_is_an_error(self):
        with pytest.raises(DataError, match="none of the 1 rows lies in a session of XNYS"):
            resample(trades("2024-11-28T15:00"), "1h", calendar="XNYS")

    @pytest.mark.parametrize(
        ("length", "start", "to"),
        [
            ("1w", "2024-11-25", "1d"),
            ("1mo", "2024-11-01", "1w"),
            ("1y", "2024-01-01", "1mo"),
            ("2d", "2024-11-25", "1d"),
        ],
    )
    def test_bars_of_several_periods_are_not_split(self, length, start, to):
        """The bar would begin with the last of its sessions, at the price with which the first opened."""
        longer = Bars(
            np.array([start], "M8[ns]"),
            [1.0],
            [1.0],
            [1.0],
            [1.0],
            interval=length,
            timezone=NY,
            calendar="XNYS",
        )
        with pytest.raises(RowError, match=rf"bars\[0\]: begins before the {to} that it ends in"):
            resample(longer, to, NY, calendar="XNYS")

    def test_a_bar_that_begins_before_the_open_is_of_that_session(self):
        hours = Bars(np.array(["2024-11-29T14:00"], "M8[ns]"), [1.0], [1.0], [1.0], [1.0], interval="1h")
        assert spans(resample(hours, "1d", NY, calendar="XNYS")) == [("2024-11-29T14:30", "2024-11-29T18:00")]

    def test_other_lengths_are_refused(self):
        for to in ("2d", "5h"):
            with pytest.raises(DataError, match=f"calendar: sessions have no bars of {to}"):
                resample(trades("2024-11-29T15:00"), to, calendar="XNYS")
        with pytest.raises(DataError, match="anchor and calendar both say when bars begin"):
            resample(trades("2024-11-29T15:00"), "1h", calendar="XNYS", anchor="09:30")


class TestTickBars:
    def test_a_bar_takes_all_ticks_of_its_last_nanosecond(self):
        data = Trades([1, 2, 2, 2, 3, 9, 9], [1.0, 2, 3, 4, 5, 6, 7], [1.0] * 7)
        bars = resample(data, ticks=2)
        assert rows(bars) == [(1, 1.0, 4.0, 1.0, 4.0, 4.0, 3), (3, 5.0, 7.0, 5.0, 7.0, 3.0, 10)]
        assert bars.interval == 0
        assert bars.notes == ()
        assert Bars(**bars.columns, interval=0) == bars

    def test_the_last_bar_is_left_out_unless_it_is_full(self):
        bars = resample(Trades([1, 2, 3, 4, 5], [1.0] * 5), ticks=2)
        assert bars.timestamp.tolist() == [1, 3]
        assert bars.notes == ("resample: the last 1 ticks fill no bar and are left out",)
        assert bars.volume is None
        assert len(resample(Trades([1], [1.0], [1.0]), ticks=2)) == 0

    def test_volume_takes_whole_trades(self):
        bars = resample(Trades([1, 2, 3, 4], [1.0, 2, 3, 4], [1.0, 5, 3, 1]), volume=4)
        assert rows(bars) == [(1, 1.0, 2.0, 1.0, 2.0, 6.0, 3), (3, 3.0, 4.0, 3.0, 4.0, 4.0, 5)]

    def test_ten_trades_of_a_tenth_are_a_volume_of_one(self):
        bars = resample(Trades(np.arange(10_000), np.ones(10_000), np.full(10_000, 0.1)), volume=1)
        assert bars.timestamp.tolist() == list(range(0, 10_000, 10))

    def test_value_is_price_times_size(self):
        bars = resample(Trades([1, 2, 3], [10.0, 20, 50], [1.0, 2, 1]), value=50)
        assert bars.timestamp.tolist() == [1, 3]
        assert bars.end.tolist() == [3, 4]

    def test_ticks_of_quotes_are_mids(self):
        bars = resample(Quotes([1, 2], [1.0, 3], [2.0, 4]), ticks=2)
        assert rows(bars) == [(1, 1.5, 3.5, 1.5, 3.5, 3)]
        assert bars.source == "mid"

    def test_a_range_takes_the_tick_that_reaches_it_and_those_of_its_nanosecond(self):
        data = Trades([1, 2, 3, 3, 4, 5], [1.0, 1.5, 2.0, 0.5, 7.0, 8.0], [1.0] * 6)
        bars = resample(data, range=1)
        assert rows(bars) == [(1, 1.0, 2.0, 0.5, 0.5, 4.0, 4), (4, 7.0, 8.0, 7.0, 8.0, 2.0, 6)]
        assert bars.notes == ()
        assert resample(data, range=2).notes == ("resample: the last 1 ticks fill no bar and are left out",)

    def test_ten_steps_of_a_tenth_are_a_range_of_one(self):
        prices = 10 + 0.1 * np.arange(1, 23)
        bars = resample(Trades(np.arange(22), prices, np.ones(22)), range=1)
        assert bars.timestamp.tolist() == [0, 11]

    @given(ticks, st.sampled_from((0.5, 1.0, 3.0)))
    def test_ranges_equal_a_slow_loop(self, data, size):
        data.sort(key=lambda row: row[0])
        times, prices = [row[0] // 10**10 for row in data], [row[1] for row in data]
        expected, run = [], []
        for i, time in enumerate(times):
            run.append(i)
            found = [prices[k] for k in run]
            last_of_time = i + 1 == len(times) or times[i + 1] != time
            if max(found) - min(found) >= size * (1 - 1e-9) and last_of_time:
                expected.append((times[run[0]], found[0], max(found), min(found), found[-1], time + 1))
                run = []
        assert rows(resample(Trades(times, prices), range=size)) == expected

    def test_renko_turns_after_two_bricks(self):
        # The first level is 10. 11 completes a brick, 12.9 the next; 11.1 is within two of 12, 10 is not.
        prices = [10.2, 10.9, 11.0, 12.9, 11.1, 10.0, 10.9, 11.0, 12.0]
        bars = resample(Trades(np.arange(9), prices, np.ones(9)), renko=1)
        assert [(row[1], row[4]) for row in rows(bars)] == [(10, 11), (11, 12), (11, 10), (11, 12)]
        assert [(row[2], row[3]) for row in rows(bars)] == [(11, 10), (12, 11), (11, 10), (12, 11)]
        assert bars.volume.tolist() == [3, 1, 2, 3]
        assert bars.end.tolist() == [3, 4, 6, 9]
        assert bars.notes == ()

    def test_bricks_of_one_nanosecond_are_one_bar(self):
        bars = resample(Trades([1, 2, 2, 3], [10.0, 13.5, 10.9, 9.9], [1.0] * 4), renko=1)
        # 13.5 completes 11, 12 and 13; 10.9 of the same time turns to 11; 9.9 completes 10.
        assert rows(bars) == [(1, 10.0, 13.0, 10.0, 11.0, 3.0, 3), (3, 11.0, 11.0, 10.0, 10.0, 1.0, 4)]
        assert bars.notes == ()
        wide = resample(Trades([1, 2], [10.0, 13.5]), renko=1)
        assert wide.notes == ("resample: 1 of 1 bars are of several bricks",)

    @given(ticks, st.integers(1, 9))
    def test_ticks_equal_a_slow_loop(self, data, count):
        data.sort(key=lambda row: row[0])
        times = [row[0] // 10**10 for row in data]  # some ticks share a time
        expected, run = [], []
        for i, time in enumerate(times):
            run.append(i)
            if len(run) >= count and (i + 1 == len(times) or times[i + 1] != time):
                expected.append((times[run[0]], sum(data[k][2] for k in run), time + 1))
                run = []
        bars = resample(Trades(times, [1.0] * len(times), [row[2] for row in data]), ticks=count)
        found = [] if bars.volume is None else bars.volume.tolist()
        assert list(zip(bars.timestamp.tolist(), found, bars.end.tolist(), strict=True)) == expected

    @pytest.mark.parametrize(
        ("options", "message"),
        [
            ({}, "one of to, ticks, volume, value, range, renko is needed, not none"),
            ({"ticks": 2, "volume": 3}, "is needed, not ticks and volume"),
            ({"to": "1h", "ticks": 3}, "is needed, not to and ticks"),
            ({"ticks": 0}, "ticks: 0 is not a whole number of at least 1"),
            ({"ticks": 1.5}, "ticks: 1.5 is not"),
            ({"ticks": True}, "ticks: True is not"),
            ({"volume": -1}, "volume: -1 is not a positive number"),
            ({"value": float("nan")}, "value: nan is not a positive number"),
            ({"volume": "9"}, "volume: '9' is not a positive number"),
            ({"range": 0}, "range: 0 is not a positive number"),
            ({"renko": 1e-16}, "renko: 1e-16 is too small for prices of 1"),
            ({"ticks": 2**70}, "ticks: 1180591620717411303424 is more than 1e"),
            ({"renko": float("inf")}, "renko: inf is not a positive number"),
            ({"ticks": 2, "anchor": "09:30"}, "anchor and calendar are for bars of a length of time"),
        ],
    )
    def test_other_amounts_are_refused(self, options, message):
        with pytest.raises(DataError, match=message):
            resample(Trades([1, 2], [1.0, 1], [1.0, 1]), **options)

    def test_data_without_ticks_or_sizes_is_refused(self):
        with pytest.raises(DataError, match="bars of ticks are made of trades or quotes, not of bars"):
            resample(Bars([0], [1], [1], [1], [1], interval="1min"), ticks=2)
        with pytest.raises(DataError, match="bars of a volume are made of trades, not of quotes"):
            resample(Quotes([0], [1], [1]), volume=2)
        with pytest.raises(
            DataError, match="bars of a value need the sizes of the trades, which are unknown"
        ):
            resample(trades("2024-01-01", size=None), value=2)


def test_bars_of_quotes_with_both_sides():
    quotes = bt.Quotes([0, 1, 2, 10**9], [9.0, 8.0, 9.5, 9.0], [10.0, 11.0, 10.5, 10.0])
    bars = bt.resample(quotes, "1s", sides=True)
    assert [side.tolist() for side in bars.bid] == [[9, 9], [9.5, 9], [8, 9], [9.5, 9]]
    assert [side.tolist() for side in bars.ask] == [[10, 10], [11, 10], [10, 10], [10.5, 10]]
    plain = bt.resample(quotes, "1s")
    assert plain.bid is None
    np.testing.assert_array_equal(bars.high, plain.high)
    assert bt.resample(bars, "1min").bid.low.tolist() == [8.0]
    assert len(bt.resample(quotes.slice(5, 6), "1s", sides=True).ask.low) == 0
    with pytest.raises(bt.DataError, match="resample: sides is for quotes, not for trades"):
        bt.resample(bt.sample_trades(), "1s", sides=True)


def test_days_are_those_of_the_zone_of_the_data():
    ny = "America/New_York"
    stamps = np.arange("2024-01-02T00:00", "2024-01-05T00:00", 60, "M8[m]").astype("M8[ns]")
    ones = np.ones(len(stamps))
    hours = bt.Bars(stamps, ones, ones, ones, ones, interval="1h", timezone=ny)
    days = bt.resample(hours, "1d")
    assert days == bt.resample(hours, "1d", ny)
    assert days.timezone == ny
    assert days != bt.resample(hours, "1d", "UTC")
    plain = bt.Bars(stamps, ones, ones, ones, ones, interval="1h")
    assert bt.resample(plain, "1d").timezone is None
    assert bt.resample(plain, "1d", ny).timezone == ny
    assert bt.resample(plain, "1h", ny).timezone == ny
