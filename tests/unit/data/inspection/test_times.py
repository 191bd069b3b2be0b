"""Findings about times: gaps, sessions, weekends, the future."""

import numpy as np
import pytest

import btcore as bt

from .conftest import DAY, HOUR, MINUTE, SECOND


@pytest.mark.parametrize("missing", [range(100, 160), range(2000, 2011)])
def test_a_hole_in_bars_of_a_market_that_never_closes(make, bars, only, missing):
    data = bars(make.without(make.minutes(), list(missing)), "1min")
    finding = only(bt.inspect(data), "long_gaps", changes=True)
    assert (finding.count, finding.rows[0].number) == (1, missing[0])
    words = "1 hour" if len(missing) == 60 else "11 minutes"
    assert finding.rows[0].value == f"{words} after the row before"


def test_a_gap_is_long_if_it_is_three_times_the_usual_longest(make, bars, only):
    columns = make.minutes()
    for row, minutes in ((500, 30), (1000, 30), (1500, 30), (2000, 85), (2500, 95)):
        columns["timestamp"][row:] += minutes * MINUTE
    finding = only(bt.inspect(bars(columns, "1min")), "long_gaps", changes=True)
    assert [row.number for row in finding.rows] == [2500]
    assert finding.text.endswith("gaps up to 30 minutes are usual")


def test_a_hole_of_weeks_in_bars_of_days(make, bars, only):
    data = bars(make.without(make.days(), list(range(200, 215))))
    assert only(bt.inspect(data), "long_gaps", changes=True).rows[0].number == 200


def test_holidays_weekends_and_nights_are_usual(make, bars, names):
    assert names(bt.inspect(bars(make.without(make.days(), [50, 51, 120, 300])))) == set()
    assert names(bt.inspect(bars(make.session_minutes(), "1min"))) == set()


def test_hours_without_ticks(make, only):
    columns = make.trades()
    columns["timestamp"][1500:] += 30 * HOUR
    columns["timestamp"][1500:] += 48 * HOUR
    assert only(bt.inspect(bt.Trades(**columns)), "long_gaps", changes=True).rows[0].number == 1500


def test_a_session_without_any_row(make, bars, only):
    columns = make.session_minutes()
    data = bars(make.without(columns, list(range(390, 780))), "1min")
    finding = only(bt.inspect(data, calendar="XNYS"), "missing_sessions", changes=True)
    assert (finding.count, finding.rows[0].number, finding.rows[0].time) == (1, 389, "2024-01-09T14:30:00Z")
    ticks = bt.Trades(data.timestamp, data.close, data.volume)
    assert only(bt.inspect(ticks, calendar="XNYS"), "missing_sessions", changes=True).count == 1


def test_days_are_compared_with_the_sessions_that_close_on_them(make, bars, only, names):
    columns = make.days(60) | {"timestamp": make.weekdays(60, "2024-01-02")}
    holidays = np.array(["2024-01-15", "2024-02-19"], "M8[ns]").astype(np.int64)  # of New York
    open_days = make.without(columns, np.flatnonzero(np.isin(columns["timestamp"], holidays)))
    assert names(bt.inspect(bars(open_days), calendar="XNYS")) == set()
    finding = only(bt.inspect(bars(columns), calendar="XNYS"), "days_without_session", changes=True)
    assert [row.time for row in finding.rows] == ["2024-01-15T00:00:00Z", "2024-02-19T00:00:00Z"]
    finding = only(
        bt.inspect(bars(make.without(open_days, [7, 8])), calendar="XNYS"), "missing_sessions", changes=True
    )
    assert (finding.count, len(finding.rows)) == (2, 1)


def test_sundays_of_a_market_that_opens_in_their_evening_have_a_session(make, bars, names):
    evening = bt.TradingHours(
        timezone="UTC",
        week={day: [("22:00", "21:00")] for day in ("monday", "tuesday", "wednesday", "thursday", "friday")},
    )
    days = make.weekdays(20, "2024-01-01")
    times = np.sort(np.concatenate([days, days[days // DAY % 7 == 4] - DAY]))
    data = {"A": bars(make.days(len(times)) | {"timestamp": times})}
    assert names(bt.inspect(data, calendar=evening)) == set()
    saturday = np.sort(np.append(times, days[4] + DAY))
    data = {"A": bars(make.days(len(saturday)) | {"timestamp": saturday})}
    assert names(bt.inspect(data, calendar=evening)) == {"days_without_session"}


def test_a_few_trades_in_a_week_miss_no_session(make, names):
    times = make.session_minutes()["timestamp"][[0, 800, 1949]]
    prices = make.prices(3)
    assert names(bt.inspect(bt.Trades(times, prices, prices), calendar="XNYS")) == set()


def test_single_bars_that_are_missing_in_sessions(make, bars, only):
    data = bars(make.without(make.session_minutes(), [0, 5, 389, 390, 500, 501, 1949]), "1min")
    finding = only(bt.inspect(data, calendar="XNYS"), "missing_bars", changes=False)
    assert finding.count == 5  # the data may begin and end within a session
    assert [row.value for row in finding.rows] == [
        "1 missing before", "1 missing after", "1 missing before", "2 missing before",
    ]  # fmt: skip


def test_a_long_hole_within_a_session(make, bars, only):
    data = bars(make.without(make.session_minutes(), list(range(500, 560))), "1min")
    finding = only(bt.inspect(data, calendar="XNYS"), "long_gaps", changes=True)
    assert (finding.rows[0].number, finding.rows[0].value) == (500, "1 hour after the row before")


@pytest.mark.parametrize(
    ("hours", "words"), [(-5, "5 hours later"), (9, "9 hours earlier"), (2, "2 hours earlier")]
)
def test_times_of_another_zone_are_found_with_sessions(make, bars, only, hours, words):
    columns = make.session_minutes()
    columns["timestamp"] += hours * HOUR
    found = bt.inspect(bars(columns, "1min"), calendar="XNYS")
    assert words in only(found, "other_clock", changes=True).text


def test_extended_hours_are_no_other_clock(make, bars, names):
    times = make.session_minutes()["timestamp"].reshape(5, 390)[:, :1] - 5 * HOUR + MINUTE * np.arange(900)
    columns = make.days(4500) | {"timestamp": times.ravel()}
    assert names(bt.inspect(bars(columns, "1min"), calendar="XNYS")) == {"outside_sessions"}


def test_the_time_of_day_is_that_of_the_local_clock(make, bars):
    facts = bt.inspect(bars(make.session_minutes(), "1min"), timezone="America/New_York").datasets[0].facts
    assert facts["time of day"] == "09:30:00 to 15:59:00"


def test_rows_outside_sessions_change_nothing(make, bars, only):
    columns = make.session_minutes()
    columns["timestamp"][:10] -= 2 * HOUR
    found = bt.inspect(bars(columns, "1min"), calendar="XNYS")
    assert only(found, "outside_sessions", changes=False).count == 10


def test_a_trade_at_the_close_is_of_its_session(make, names):
    columns = make.session_minutes()
    times = np.append(columns["timestamp"], columns["timestamp"][-1] + MINUTE)
    prices = make.prices(len(times))
    assert names(bt.inspect(bt.Trades(times, prices, prices), calendar="XNYS")) == set()


def test_sessions_of_the_instrument_go_before_the_calendar(make, bars, names):
    hours = bt.TradingHours(
        timezone="UTC",
        week={day: [("14:30", "21:00")] for day in ("monday", "tuesday", "wednesday", "thursday", "friday")},
    )
    data = {"A": bars(make.session_minutes(), "1min")}
    assert "outside_sessions" in names(bt.inspect(data, calendar="XTKS"))
    found = bt.inspect(data, calendar="XTKS", instruments={"A": bt.Instrument(sessions=hours)})
    assert names(found) == set()
    assert found.datasets[0].facts["sessions"] == "trading hours"


def test_a_few_days_on_weekends_change_results_and_many_do_not(make, bars, only):
    columns = make.days(500)
    stray = int(columns["timestamp"][99]) + DAY  # a Friday
    assert np.datetime64(stray, "ns").astype("M8[D]").astype(object).weekday() == 5
    times = np.insert(columns["timestamp"], 100, stray)
    more = make.days(501) | {"timestamp": times}
    finding = only(bt.inspect(bars(more)), "stray_weekend_days", changes=True)
    assert (finding.rows[0].number, finding.rows[0].value) == (100, "Saturday")
    sundays = columns["timestamp"][columns["timestamp"] // DAY % 7 == 4] - DAY  # before each Monday
    times = np.sort(np.concatenate([columns["timestamp"], sundays]))
    many = make.days(len(times)) | {"timestamp": times}
    assert only(bt.inspect(bars(many)), "weekend_rows", changes=False).count == 100


def test_the_local_clock_says_what_a_weekend_is(make, bars, names):
    columns = make.days() | {"timestamp": make.weekdays() - 9 * HOUR}  # midnights of Tokyo
    assert "weekend_rows" in names(bt.inspect(bars(columns)))
    assert names(bt.inspect(bars(columns), timezone="Asia/Tokyo")) == set()


@pytest.mark.parametrize("calendar", [None, "XNYS"])
def test_times_after_now(make, only, calendar):
    columns = make.trades()
    columns["timestamp"][2998:] = np.datetime64("2200-01-01", "ns").astype(int) + SECOND * np.arange(2)
    finding = only(bt.inspect(bt.Trades(**columns), calendar=calendar), "future_times", changes=True)
    assert (finding.count, finding.rows[0].number) == (2, 2998)


def test_an_empty_container(only):
    assert only(bt.inspect(bt.Trades([], [])), "empty", changes=True).count == 1
