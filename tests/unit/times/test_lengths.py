"""Beginnings and ends of bars: cases worked out by hand."""

from importlib.util import find_spec

import numpy as np
import pytest

from btcore.errors import ConfigError, DataError, RowError
from btcore.times.lengths import bar_times
from btcore.times.rules import ReadTimes
from btcore.times.zones import localize

HOUR = 3600 * 10**9
DAY = 24 * HOUR
NY = "America/New_York"
needs_calendars = pytest.mark.skipif(
    find_spec("exchange_calendars") is None, reason="exchange_calendars is not installed: extra `calendars`"
)


def utc(*texts):
    return np.array(texts, "datetime64[ns]").astype(np.int64)


def read(*texts, zone="UTC"):
    """Local times; dates if they are texts of ten characters."""
    return ReadTimes(localize(utc(*texts), zone, dst="earlier"), all(len(x) == 10 for x in texts), zone)


def found(times, interval=None, **options):
    return bar_times(times, interval, **options)


def texts(times):
    """The times to the minute."""
    return [str(np.datetime64(int(time), "ns").astype("datetime64[m]")) for time in times]


def starts(bars):
    return texts(bars.timestamp)


def ends(bars):
    """The ends to the minute, those of midnight as dates."""
    end = bars.timestamp + bars.interval if bars.end is None else bars.end
    return [text.removesuffix("T00:00") for text in texts(end)]


class TestFixedLengths:
    @pytest.mark.parametrize("interval", ["1ns", "5min", "1h", HOUR])
    def test_bars_up_to_an_hour_have_no_ends_of_their_own(self, interval):
        bars = found(ReadTimes(np.array([0, DAY], np.int64)), interval)
        assert bars.end is None
        assert bars.timestamp.tolist() == [0, DAY]

    def test_closes_become_opens(self):
        bars = found(read("2024-01-02T14:35", "2024-01-02T14:40"), "5min", stamp="close")
        assert starts(bars) == ["2024-01-02T14:30", "2024-01-02T14:35"]
        assert bars.end is None

    def test_closes_that_are_too_near_overlap(self):
        with pytest.raises(RowError, match=r"bars\[1\]: overlapping: the bar before is 5min long"):
            found(read("2024-01-02T14:35", "2024-01-02T14:39"), "5min", stamp="close")

    def test_days_of_utc_keep_their_length(self):
        bars = found(read("2024-03-08", "2024-03-09", "2024-03-12"), "1d")
        assert (bars.end, bars.interval, bars.notes) == (None, DAY, ())


class TestLocalClock:
    @pytest.mark.parametrize(
        ("zone", "day", "hours"),
        [
            (NY, "2024-03-10", 23),
            (NY, "2024-11-03", 25),
            (NY, "2024-11-04", 24),
            ("Europe/London", "2024-03-31", 23),
            ("Australia/Sydney", "2024-04-07", 25),
            ("Australia/Lord_Howe", "2024-04-07", 24.5),
        ],
    )
    @pytest.mark.parametrize("interval", ["1d", "day", DAY])
    def test_a_day_ends_at_the_next_midnight(self, zone, day, hours, interval):
        bars = found(read(day, zone=zone), interval)
        last = bars.end[0] if bars.end is not None else bars.timestamp[0] + bars.interval
        assert last - bars.timestamp[0] == hours * HOUR
        assert bars.interval == DAY

    @pytest.mark.parametrize(
        ("begin", "end"),
        [
            ("2024-03-10T00:00", "2024-03-10T08:00"),  # three hours
            ("2024-03-10T04:00", "2024-03-10T12:00"),
            ("2024-11-03T00:00", "2024-11-03T09:00"),  # five hours
            ("2024-11-02T20:00", "2024-11-03T04:00"),
        ],
    )
    def test_four_hours_over_both_clock_changes(self, begin, end):
        assert ends(found(read(begin, zone=NY), "4h")) == [end]

    def test_four_hours_of_utc_are_not_those_of_new_york(self):
        """Bars at 00:00, 04:00 ... UTC last four hours, also when the clock in New York changes."""
        times = ReadTimes(utc("2024-03-10") + 4 * HOUR * np.arange(6), zone=NY)
        assert found(times, "4h").end is None

    def test_weeks_of_utc_are_not_those_of_new_york(self):
        times = ReadTimes(utc("2024-03-04", "2024-03-11"), zone=NY)
        assert found(times, "1w").end is None

    @pytest.mark.parametrize(
        ("interval", "time", "end"),
        [
            ("1d", "2024-03-10T00:00", "2024-03-11"),
            ("1w", "2024-03-04T00:00", "2024-03-11"),
            ("4h", "2024-03-10T04:00", "2024-03-10T08:00"),
        ],
    )
    def test_bars_of_utc_before_the_clock_of_a_given_zone_changes(self, interval, time, end):
        """Days of UTC, and a zone for the sessions of the run: the last is not over when the local day is."""
        assert ends(found(ReadTimes(utc(time), zone=NY), interval)) == [end]

    def test_closes_of_utc_after_the_clock_of_a_given_zone_changes(self):
        bars = found(ReadTimes(utc("2024-03-11T00:00"), zone=NY), "1d", stamp="close")
        assert starts(bars) == ["2024-03-10T00:00"]

    def test_a_time_zone_given_is_that_of_the_bars(self):
        times = ReadTimes(utc("2024-03-10T05:00"))
        assert ends(found(times, "1d", timezone=NY)) == ["2024-03-11T04:00"]
        assert ends(found(times, "1d")) == ["2024-03-11T05:00"]

    def test_days_of_new_york_in_utc_end_no_earlier_than_they_do(self):
        """The clock of the bars is not given: a day of 23 hours is cut, one of 25 lasts to the next."""
        spring = found(ReadTimes(utc("2024-03-09T05:00", "2024-03-10T05:00", "2024-03-11T04:00")))
        assert ends(spring) == ["2024-03-10T05:00", "2024-03-11T04:00", "2024-03-12T04:00"]
        autumn = found(ReadTimes(utc("2024-11-02T04:00", "2024-11-03T04:00", "2024-11-04T05:00")))
        assert ends(autumn) == ["2024-11-03T04:00", "2024-11-04T05:00", "2024-11-05T05:00"]
        assert autumn.interval == DAY
        assert spring.notes[1:] == ("end: 1 bars shorter than 1d, as the next begins before",)
        assert autumn.notes[1:] == (
            "end: 1 bars up to an hour longer than others, as a clock may have been put back; "
            "timezone= gives the clock of the bars",
        )

    @pytest.mark.parametrize(
        ("interval", "times", "end"),
        [
            ("1w", ("2024-10-28T04:00", "2024-11-04T05:00"), "2024-11-04T05:00"),
            ("1mo", ("2024-11-01T04:00", "2024-12-01T05:00"), "2024-12-01T05:00"),
            ("4h", ("2024-11-03T04:00", "2024-11-03T09:00"), "2024-11-03T09:00"),
        ],
    )
    def test_longer_bars_of_new_york_in_utc(self, interval, times, end):
        assert ends(found(ReadTimes(utc(*times)), interval))[0] == end

    @pytest.mark.parametrize(
        ("interval", "times", "end"),
        [
            ("1d", ("2024-11-03T04:00", "2024-11-06T05:00"), "2024-11-04T05:00"),  # a row is missing
            ("4h", ("2024-11-03T04:00", "2024-11-03T17:00"), "2024-11-03T09:00"),
            ("1w", ("2024-10-28T04:00", "2024-11-05T05:00"), "2024-11-04T05:00"),  # a holiday on Monday
            ("1mo", ("2024-11-01T04:00", "2024-12-02T05:00"), "2024-12-01T05:00"),  # trading days
            ("1q", ("2024-10-01T04:00", "2025-01-02T05:00"), "2025-01-01T05:00"),
            ("1mo", ("2024-11-01T04:00",), "2024-12-01T05:00"),
        ],
    )
    def test_the_hour_of_a_change_need_not_show_as_a_gap(self, interval, times, end):
        assert ends(found(ReadTimes(utc(*times)), interval))[0] == end

    def test_a_clock_that_is_put_back_by_half_an_hour(self):
        """Lord Howe: 24 hours and 30 minutes, and three such hours in eight."""
        days = found(ReadTimes(utc("2022-04-01T13:00", "2022-04-02T13:00", "2022-04-03T13:30")), "1d")
        assert ends(days)[:2] == ["2022-04-02T13:00", "2022-04-03T13:30"]

    @pytest.mark.parametrize(
        ("interval", "times", "start"),
        [
            ("1d", ("2024-11-03T04:00", "2024-11-04T05:00"), "2024-11-03T04:00"),
            ("1w", ("2024-10-28T04:00", "2024-11-04T05:00"), "2024-10-28T04:00"),
            ("1mo", ("2024-11-01T04:00", "2024-12-01T05:00"), "2024-11-01T04:00"),
        ],
    )
    def test_closes_of_new_york_in_utc_begin_with_the_bar_before(self, interval, times, start):
        """An order sent in that hour must not fill at the open, which was before."""
        assert starts(found(ReadTimes(utc(*times)), interval, stamp="close"))[1] == start

    def test_utc_that_is_given_is_the_clock_of_the_bars(self):
        times = ReadTimes(utc("2024-10-25T17:00", "2024-11-08T18:00"))
        assert ends(found(times, "1w", timezone="UTC"))[0] == "2024-11-01T17:00"
        assert ends(found(times, "1d", timezone="UTC"))[0] == "2024-10-26T17:00"

    def test_closes_of_hours_over_a_clock_that_is_put_forward(self):
        """Two hours on the clock of New York from 00:00 are those to 03:00, as 02:00 does not exist."""
        times = ReadTimes(utc("2024-03-10T05:00", "2024-03-10T07:00", "2024-03-10T08:00"), zone=NY)
        assert starts(found(times, "2h", stamp="close"))[1] == "2024-03-10T05:00"

    def test_midnights_are_no_dates_of_hours(self):
        bars = found(read("2024-01-02"), "4h", stamp="close")
        assert (starts(bars), ends(bars)) == (["2024-01-01T20:00"], ["2024-01-02"])

    def test_dates_as_closes_are_noted(self):
        assert found(read("2024-01-02"), "1d", stamp="close").notes == (
            "stamp: the times are dates; the bars end with these days, at the midnights after them",
        )

    def test_a_close_after_a_day_of_23_hours(self):
        bars = found(ReadTimes(utc("2024-03-10T05:00", "2024-03-11T04:00")), "1d", stamp="close")
        assert starts(bars) == ["2024-03-09T05:00", "2024-03-10T05:00"]
        assert ends(bars) == ["2024-03-10T05:00", "2024-03-11T04:00"]

    def test_frequent_gaps_of_an_hour_are_gaps(self):
        """Two hours in the morning and two in the afternoon: 09:00, 12:00 on each day."""
        times = utc("2024-01-02T09:00", "2024-01-02T12:00", "2024-01-03T09:00", "2024-01-03T12:00")
        assert found(ReadTimes(times), "2h").end is None

    def test_bars_that_overlap_by_more_than_an_hour(self):
        assert found(read("2024-01-01T00:00", "2024-01-01T23:00"), "1d").end is not None
        with pytest.raises(RowError, match=r"bars\[1\]: overlapping: the bar before is 1d long"):
            found(read("2024-01-01T00:00", "2024-01-01T22:59"), "1d")

    def test_the_hour_that_is_skipped(self):
        """Two hours from 00:00 end at 02:00, which the clock jumps over: at the jump, 07:00 UTC."""
        assert ends(found(read("2024-03-10T00:00", zone=NY), "2h")) == ["2024-03-10T07:00"]


class TestCalendarLengths:
    def test_months_on_a_local_clock(self):
        bars = found(read("2024-02-01", "2024-03-01", "2024-04-01", zone=NY), "1mo")
        assert ends(bars) == ["2024-03-01T05:00", "2024-04-01T04:00", "2024-05-01T04:00"]
        assert bars.interval == 0

    @pytest.mark.parametrize(
        ("interval", "end"),
        [("1mo", "2024-03-01"), ("2mo", "2024-04-01"), ("1q", "2024-05-01"), ("1y", "2025-02-01")],
    )
    def test_one_bar(self, interval, end):
        assert ends(found(read("2024-02-01"), interval)) == [end]

    def test_a_missing_month_does_not_lengthen_the_one_before(self):
        assert ends(found(read("2024-01-01", "2024-03-01"), "1mo")) == ["2024-02-01", "2024-04-01"]

    def test_months_that_begin_on_the_first_day_of_trading(self):
        bars = found(read("2024-01-02", "2024-02-01", "2024-06-03", "2024-09-03", "2024-10-01"), "1mo")
        # That of June may end on 1 July, but with the next month missing nothing shows that it does.
        assert ends(bars) == ["2024-02-01", "2024-03-01", "2024-07-03", "2024-10-01", "2024-11-01"]

    def test_quarters_that_begin_on_the_first_day_of_trading(self):
        bars = found(read("2024-01-02", "2024-04-01", "2024-10-01"))
        assert ends(bars) == ["2024-04-01", "2024-07-01", "2025-01-01"]
        assert bars.notes == ("interval: 1q, inferred from the gaps between the bars",)

    def test_months_from_the_15th_and_the_25th(self):
        for day in (15, 25):
            bars = found(read(f"2024-01-{day}", f"2024-02-{day}", f"2024-03-{day}"), "1mo")
            assert ends(bars) == [f"2024-02-{day}", f"2024-03-{day}", f"2024-04-{day}"]

    @pytest.mark.parametrize(
        "days",
        [
            ("2023-02-28", "2023-03-28", "2023-04-28"),  # the last day of February, the last Friday of April
            ("2023-02-28", "2023-03-28"),
            ("2024-02-29", "2024-03-29", "2024-05-29"),
            ("2024-04-30", "2024-05-30"),
        ],
    )
    def test_one_day_of_each_month_is_no_month_end(self, days):
        """Read as closes, the bar from 28 February would be known on the day after."""
        bars = found(read(*days), "1mo")
        assert starts(bars) == [f"{day}T00:00" for day in days]
        assert ends(bars)[0] == days[1]

    def test_dates_of_which_most_are_month_ends_may_be_opens_or_closes(self):
        """The last row of a download has the day of the download."""
        dates = read("2024-01-31", "2024-02-29", "2024-03-28", "2024-04-30", "2024-05-24")
        with pytest.raises(DataError, match=r"last days of months, but not all; .*; pass stamp="):
            found(dates, "1mo")
        assert ends(found(dates, "1mo", stamp="close"))[:2] == ["2024-02-01", "2024-03-01"]

    def test_months_from_their_last_day(self):
        bars = found(read("2024-01-31", "2024-02-29", "2024-03-31"), "1mo", stamp="open")
        assert ends(bars) == ["2024-02-29", "2024-03-31", "2024-05-01"]

    def test_a_month_from_the_31st_ends_with_the_next(self):
        assert ends(found(read("2024-01-31T12:00"), "1mo", timezone="UTC")) == ["2024-03-01"]

    def test_one_month_from_an_evening_in_utc_may_be_the_next_month_of_another_clock(self):
        """In London, October 2024 begins on 30 September at 23:00 UTC and ends on 1 November at 00:00 UTC."""
        assert ends(found(ReadTimes(utc("2024-09-30T23:00")), "1mo")) == ["2024-11-01"]
        assert ends(found(ReadTimes(utc("2024-01-30T00:00")), "1mo")) == ["2024-03-01"]

    def test_a_month_closed_on_the_morning_of_its_last_day_in_utc(self):
        """In Apia, March 2012 lasts from 29 February, 10:00 UTC, to 31 March, 10:00 UTC."""
        bars = found(ReadTimes(utc("2012-03-31T10:00")), "1mo", stamp="close", timezone="UTC")
        assert starts(bars) == ["2012-02-29T10:00"]

    def test_weeks_with_a_holiday(self):
        """2024-05-27, a Monday, is Memorial Day."""
        bars = found(read("2024-05-13", "2024-05-20", "2024-05-28", "2024-06-03", "2024-06-10"))
        assert ends(bars) == ["2024-05-20", "2024-05-27", "2024-06-03", "2024-06-10", "2024-06-17"]
        assert bars.interval == 7 * DAY

    def test_the_last_week_of_a_holiday_is_a_whole_week(self):
        assert ends(found(read("2024-05-20", "2024-05-28"), "1w"))[-1] == "2024-06-04"

    @pytest.mark.parametrize("day", ["2024-05-10", "2024-05-12"])
    def test_an_unfinished_week_does_not_end_the_others_early(self, day):
        """The last row of a download has the day of the download: here a Friday, on which no week begins."""
        bars = found(read("2024-04-15", "2024-04-22", "2024-04-29", "2024-05-06", day), "1w", stamp="open")
        assert ends(bars)[:4] == ["2024-04-22", "2024-04-29", "2024-05-06", day]
        assert bars.notes == ("end: 1 bars shorter than 1w, as the next begins before",) * (
            day != "2024-05-12"
        )

    def test_an_unfinished_month_does_not_end_the_others_early(self):
        bars = found(read("2024-02-01", "2024-03-01", "2024-04-01", "2024-05-01", "2024-05-28"), "1mo")
        assert ends(bars)[:4] == ["2024-03-01", "2024-04-01", "2024-05-01", "2024-05-28"]
        closes = found(read("2024-01-31", "2024-02-29", "2024-03-29", "2024-05-09"), "1mo", stamp="close")
        assert ends(closes) == ["2024-02-01", "2024-03-01", "2024-03-30", "2024-05-10"]
        assert starts(closes)[1:] == ["2024-02-01T00:00", "2024-03-01T00:00", "2024-04-10T00:00"]

    def test_an_odd_row_does_not_end_weeks_early(self):
        days = ("2024-01-01", "2024-01-08", "2024-01-18", "2024-01-29")  # Mondays and a Thursday
        assert ends(found(read(*days), "1w"))[:2] == ["2024-01-08", "2024-01-15"]

    def test_weeks_on_a_local_clock(self):
        assert ends(found(read("2024-03-04", zone=NY), "1w")) == ["2024-03-11T04:00"]
        assert ends(found(read("2024-03-04", zone=NY), "2w")) == ["2024-03-18T04:00"]

    def test_forex_weeks_from_sunday_evening(self):
        """The week that the clock changes in New York begins at 22:00 UTC and ends at 21:00 UTC."""
        times = read("2024-03-03T17:00", "2024-03-10T17:00", zone=NY)
        assert ends(found(times, "1w")) == ["2024-03-10T21:00", "2024-03-17T21:00"]

    @pytest.mark.parametrize(
        ("interval", "times"),
        [
            ("1w", ("2024-01-01", "2024-01-03")),
            ("1mo", ("2024-01-01", "2024-01-20")),
            ("1q", ("2024-01-01", "2024-02-01")),
            ("1y", ("2024-01-01", "2024-12-01")),
        ],
    )
    def test_bars_that_overlap(self, interval, times):
        with pytest.raises(RowError, match=rf"bars\[1\]: overlapping: the bar before is {interval} long"):
            found(read(*times), interval)


class TestClosesOfDates:
    @pytest.mark.parametrize(
        "days",
        [
            ("2012-01-31", "2012-02-29", "2012-03-31", "2012-04-30"),
            ("2012-01-31", "2012-02-29", "2012-03-30", "2012-04-30"),  # the last weekdays
            ("2023-12-29", "2024-01-31", "2024-02-29", "2024-03-28"),  # Good Friday was the 29th
            ("2021-12-31", "2022-12-30", "2023-12-29"),
            ("2024-03-31", "2024-06-30", "2024-09-30"),
        ],
    )
    def test_the_last_days_of_periods_are_closes(self, days):
        bars = found(read(*days))
        assert (bars.end == utc(*days) + DAY).all()
        assert bars.notes[1] == "stamp: the dates are the last days of months, read as the closes of the bars"

    def test_a_month_begins_with_its_first_day(self):
        bars = found(read("2012-01-31", "2012-02-29", "2012-03-30", "2012-04-30"))
        assert starts(bars) == [f"2012-0{month}-01T00:00" for month in (1, 2, 3, 4)]

    def test_one_month(self):
        bars = found(read("2024-02-29"), "1mo")
        assert (starts(bars), ends(bars)) == (["2024-02-01T00:00"], ["2024-03-01"])
        assert len(bars.notes) == 1

    @pytest.mark.parametrize(
        "days", [("2024-01-01", "2024-02-01"), ("2024-01-02", "2024-02-01"), ("2024-01-30", "2024-02-27")]
    )
    def test_other_dates_are_opens(self, days):
        assert found(read(*days), "1mo").timestamp.tolist() == utc(*days).tolist()

    def test_the_last_two_days_of_a_month_are_days(self):
        bars = found(read("2024-05-30", "2024-05-31"))
        assert (bars.interval, bars.end) == (DAY, None)
        assert starts(bars)[0] == "2024-05-30T00:00"

    def test_open_is_what_was_said(self):
        bars = found(read("2024-01-31", "2024-02-29"), "1mo", stamp="open")
        assert starts(bars) == ["2024-01-31T00:00", "2024-02-29T00:00"]

    def test_times_of_day_are_opens(self):
        times = ReadTimes(utc("2024-01-31T16:00", "2024-02-29T16:00"))
        assert found(times, "1mo").timestamp.tolist() == times.ns.tolist()

    def test_the_end_of_a_local_day(self):
        bars = found(read("2024-03-08", "2024-03-10", zone=NY), "1d", stamp="close")
        assert ends(bars) == ["2024-03-09T05:00", "2024-03-11T04:00"]
        assert starts(bars) == ["2024-03-08T05:00", "2024-03-10T05:00"]

    def test_weeks_that_end_on_friday(self):
        """2024-03-29 was Good Friday."""
        bars = found(read("2024-03-22", "2024-03-28", "2024-04-05"), "1w", stamp="close")
        assert ends(bars) == ["2024-03-23", "2024-03-29", "2024-04-06"]
        assert starts(bars) == ["2024-03-16T00:00", "2024-03-23T00:00", "2024-03-30T00:00"]

    @pytest.mark.parametrize(
        "days", [("2024-03-15", "2024-03-22"), ("2024-03-16",), ("2024-03-17", "2024-03-24")]
    )
    def test_weeks_of_fridays_to_sundays_may_be_opens_or_closes(self, days):
        """As opens of weeks that end with these days, they have the price of Monday on Friday."""
        message = 'Fridays, Saturdays or Sundays, .*; pass stamp="open" or stamp="close"'
        with pytest.raises(DataError, match=message):
            found(read(*days), "1w")
        assert starts(found(read(*days), "1w", stamp="open"))[0] == f"{days[0]}T00:00"
        day_after = np.datetime64(days[0]) + np.timedelta64(1, "D")
        assert ends(found(read(*days), "1w", stamp="close"))[0] == str(day_after)

    def test_weeks_of_mondays_are_opens(self):
        assert found(read("2024-03-11", "2024-03-18"), "1w").notes == ()


@needs_calendars
class TestSessions:
    def test_days_end_with_their_sessions(self):
        bars = found(read("2024-11-27", "2024-11-29", "2024-12-02", zone=NY), "1d", calendar="XNYS")
        assert ends(bars) == ["2024-11-27T21:00", "2024-11-29T18:00", "2024-12-02T21:00"]

    def test_a_week_ends_with_its_last_session(self):
        bars = found(read("2024-11-18", "2024-11-25", zone=NY), "1w", calendar="NYSE")
        assert ends(bars) == ["2024-11-22T21:00", "2024-11-29T18:00"]

    def test_a_month_ends_with_its_last_session(self):
        assert ends(found(read("2024-11-01", zone=NY), "1mo", calendar="XNYS")) == ["2024-11-29T18:00"]

    def test_hours_end_with_an_early_close(self):
        times = read("2024-11-29T15:30", "2024-11-29T16:30", "2024-11-29T17:30")
        assert ends(found(times, "1h", calendar="XNYS"))[-1] == "2024-11-29T18:00"

    def test_a_session_that_ends_with_a_short_bar(self):
        times = read("2024-11-27T14:30", "2024-11-27T18:30", "2024-11-29T14:30")
        bars = found(times, "4h", calendar="XNYS")
        assert ends(bars) == ["2024-11-27T18:30", "2024-11-27T21:00", "2024-11-29T18:00"]
        assert bars.interval == 4 * HOUR

    def test_closes_of_sessions(self):
        times = read("2024-11-27T18:30", "2024-11-27T21:00", "2024-11-29T18:00")
        bars = found(times, "4h", stamp="close", calendar="XNYS")
        assert starts(bars) == ["2024-11-27T14:30", "2024-11-27T18:30", "2024-11-29T14:30"]
        assert ends(bars) == ["2024-11-27T18:30", "2024-11-27T21:00", "2024-11-29T18:00"]

    def test_closes_of_days(self):
        times = read("2024-11-27T21:00", "2024-11-29T18:00", "2024-12-02T21:00")
        bars = found(times, "1d", stamp="close", calendar="XNYS")
        assert starts(bars) == ["2024-11-27T14:30", "2024-11-29T14:30", "2024-12-02T14:30"]

    def test_dates_as_closes_end_with_the_session(self):
        bars = found(read("2024-11-29", zone=NY), "1d", stamp="close", calendar="XNYS")
        assert (starts(bars), ends(bars)) == (["2024-11-29T05:00"], ["2024-11-29T18:00"])

    @pytest.mark.parametrize("stamp", ["open", "close"])
    def test_dates_are_those_of_the_close_of_a_session(self, stamp):
        """CMES opens at 17:00 in Chicago on the day before. An order of that evening is late for the open."""
        times = read("2024-01-04", "2024-01-05", "2024-01-08", zone="America/Chicago")
        bars = found(times, "1d", stamp=stamp, calendar="CMES")
        assert starts(bars) == ["2024-01-03T23:00", "2024-01-04T23:00", "2024-01-07T23:00"]
        assert ends(bars) == ["2024-01-04T23:00", "2024-01-05T23:00", "2024-01-08T23:00"]

    def test_weeks_and_months_of_dates_begin_and_end_with_sessions(self):
        weeks = found(read("2024-01-08", zone="America/Chicago"), "1w", calendar="CMES")
        assert (starts(weeks), ends(weeks)) == (["2024-01-07T23:00"], ["2024-01-12T23:00"])
        months = found(read("2024-02-01", zone="America/Chicago"), "1mo", calendar="CMES")
        assert (starts(months), ends(months)) == (["2024-01-31T23:00"], ["2024-02-29T23:00"])

    def test_closes_after_the_session_stay_as_they_are_stamped(self):
        """Days with the hours after the close to 20:00 in New York: their close is not known at 16:00."""
        times = read("2024-01-04T20:00", "2024-01-05T20:00", zone=NY)
        bars = found(times, "1d", stamp="close", calendar="XNYS")
        assert starts(bars) == ["2024-01-04T01:00", "2024-01-05T01:00"]
        assert ends(bars) == ["2024-01-05T01:00", "2024-01-06T01:00"]
        assert bars.notes == ("end: 2 bars end after the close of their session, as they are stamped",)
        hours = found(
            read("2024-01-04T15:30", "2024-01-04T16:30", zone=NY), "1h", stamp="close", calendar="XNYS"
        )
        assert starts(hours) == ["2024-01-04T19:30", "2024-01-04T20:30"]
        assert ends(hours) == ["2024-01-04T20:30", "2024-01-04T21:30"]

    def test_a_bar_in_no_session(self):
        message = r"bars\[1\]: the bar lies in no session of XNYS \(timestamp=2024-11-28T05:00:00Z"
        with pytest.raises(RowError, match=message):
            found(read("2024-11-27", "2024-11-28", "2024-11-29", zone=NY), "1d", calendar="XNYS")

    def test_an_unknown_calendar(self):
        with pytest.raises(ConfigError, match="calendar: 'XYZ' is not in exchange_calendars"):
            found(read("2024-11-27"), "1d", calendar="XYZ")


class TestGivenEnds:
    def test_ends_that_are_all_the_same_length_are_not_kept(self):
        times = read("2024-01-01T00:00", "2024-01-01T02:00")
        bars = found(times, end=times.ns + HOUR)
        assert (bars.end, bars.interval) == (None, HOUR)

    @pytest.mark.parametrize(
        ("interval", "nominal"), [(None, 0), (0, 0), ("1h", HOUR), ("1mo", 0), ("1w", 7 * DAY)]
    )
    def test_the_interval_is_nominal(self, interval, nominal):
        times = read("2024-01-01T00:00", "2024-01-01T02:00")
        end = times.ns + np.array([HOUR, 2 * HOUR])
        bars = found(times, interval, end=end)
        assert bars.interval == nominal
        assert bars.end.tolist() == end.tolist()

    @pytest.mark.parametrize(
        ("after", "message"),
        [
            (
                [0, HOUR],
                r"bars\[0\]: the end is not after the timestamp \(timestamp=2024-01-01T00:00:00Z, end=",
            ),
            ([2 * HOUR + 1, HOUR], r"bars\[0\]: the end is after the next bar begins"),
        ],
    )
    def test_ends_are_checked(self, after, message):
        times = read("2024-01-01T00:00", "2024-01-01T02:00")
        with pytest.raises(RowError, match=message):
            found(times, end=times.ns + np.array(after))

    def test_nothing_else_says_when_bars_end(self):
        times = read("2024-01-01T00:00")
        for options in ({"stamp": "close"}, {"calendar": "XNYS"}):
            with pytest.raises(DataError, match="the ends of the bars are given by a column"):
                found(times, end=times.ns + 1, **options)


class TestRefusals:
    @pytest.mark.parametrize("options", [{"interval": "1d"}, {}, {"interval": "1min", "stamp": "close"}])
    def test_the_order_of_the_times(self, options):
        with pytest.raises(RowError, match=r"bars\[1\]: unsorted: earlier than the row before"):
            found(read("2024-01-02", "2024-01-01"), **options)
        with pytest.raises(RowError, match=r"bars\[1\]: duplicate bar: same timestamp as the row before"):
            found(read("2024-01-02", "2024-01-02"), **options)

    def test_the_range_of_int64(self):
        for interval in ("1d", "1mo", "1y"):
            with pytest.raises(RowError, match=r"bars\[0\]: ends after the year 2262"):
                found(ReadTimes(np.array([2**63 - DAY], np.int64)), interval)
        with pytest.raises(RowError, match=r"bars\[0\]: is before the year 1678"):
            found(ReadTimes(np.array([-(2**63) + 1], np.int64)), "1h", stamp="close")

    def test_the_stamp(self):
        with pytest.raises(DataError, match="stamp: 'end' is not one of open, close"):
            found(read("2024-01-01"), "1d", stamp="end")

    def test_the_time_zone(self):
        with pytest.raises(ConfigError, match="timezone: 'Mars/Olympus'"):
            found(read("2024-01-01"), "1d", timezone="Mars/Olympus")

    def test_no_bars_have_no_length(self):
        nothing = ReadTimes(np.zeros(0, np.int64))
        assert found(nothing, "1mo").interval == 0
        with pytest.raises(
            DataError, match="interval: it cannot be inferred from fewer than two bars; pass interval="
        ):
            found(nothing)
