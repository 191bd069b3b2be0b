"""Trading hours: their sessions in UTC, and what is refused."""

import msgspec
import numpy as np
import pytest

import btcore as bt
from btcore.config import checked
from btcore.times.hours import DAYS, check_sessions, sessions_of

WEEKDAYS = DAYS[:5]


def ns(text):
    return int(np.datetime64(text, "ns").astype(np.int64))


def texts(times):
    return [str(t) for t in np.asarray(times).view("M8[ns]").astype("M8[m]")]


def within(hours, first, last):
    """Opens and closes of the sessions that open up to `last`, as texts; one more follows."""
    found = sessions_of(hours, ns(first), ns(last))
    return texts(found.opens[:-1]), texts(found.closes[:-1])


def regular(**more):
    week = {day: [("09:30", "16:00")] for day in WEEKDAYS}
    return bt.TradingHours(timezone="America/New_York", week=week, **more)


def test_a_session_is_local_and_follows_its_clock():
    found = sessions_of(regular(), ns("2024-03-08T15:00"), ns("2024-03-11T14:00"))
    assert texts(found.opens) == ["2024-03-08T14:30", "2024-03-11T13:30", "2024-03-12T13:30"]
    assert texts(found.closes) == ["2024-03-08T21:00", "2024-03-11T20:00", "2024-03-12T20:00"]


def test_sessions_begin_at_or_before_the_first_time_and_end_after_the_last():
    found = sessions_of(regular(), ns("2024-03-10"), ns("2024-03-11T20:00"))
    assert texts(found.opens) == ["2024-03-08T14:30", "2024-03-11T13:30", "2024-03-12T13:30"]


def test_holidays_early_closes_and_late_opens():
    hours = regular(
        holidays=["2024-11-28"], early_closes={"2024-11-29": "13:00"}, late_opens={"2024-12-02": "11:00"}
    )
    opens, closes = within(hours, "2024-11-27T15:00", "2024-12-02T17:00")
    assert opens == ["2024-11-27T14:30", "2024-11-29T14:30", "2024-12-02T16:00"]
    assert closes == ["2024-11-27T21:00", "2024-11-29T18:00", "2024-12-02T21:00"]


def test_an_open_at_or_after_its_close_is_on_the_day_before():
    week = {day: [("17:00", "17:00")] for day in WEEKDAYS}
    forex = bt.TradingHours(timezone="America/New_York", week=week)
    opens, closes = within(forex, "2024-01-05T12:00", "2024-01-08T12:00")
    assert opens == ["2024-01-04T22:00", "2024-01-07T22:00"]
    assert closes == ["2024-01-05T22:00", "2024-01-08T22:00"]
    evening = bt.TradingHours(timezone="UTC", week={"monday": [("18:00", "09:00"), ("10:00", "24:00")]})
    opens, closes = within(evening, "2024-01-08T01:00", "2024-01-08T11:00")
    assert opens == ["2024-01-07T18:00", "2024-01-08T10:00"]
    assert closes == ["2024-01-08T09:00", "2024-01-09T00:00"]


def test_a_session_of_which_nothing_is_left_is_none():
    gone = regular(early_closes={"2024-01-03": "09:30"})
    opens, _ = within(gone, "2024-01-02T15:00", "2024-01-04T15:00")
    assert opens == ["2024-01-02T14:30", "2024-01-04T14:30"]


def test_trading_hours_equal_those_of_the_exchange():
    pytest.importorskip("exchange_calendars")
    span = ns("2024-04-01T15:00"), ns("2024-05-20T15:00")
    ours, theirs = sessions_of(regular(), *span), sessions_of("XNYS", *span)
    np.testing.assert_array_equal(ours.opens, theirs.opens)
    np.testing.assert_array_equal(ours.closes, theirs.closes)


def test_a_span_without_a_session_is_refused():
    hours = bt.TradingHours(
        timezone="UTC", week={"monday": [("10:00", "11:00")]}, holidays=mondays("2020-01-06", 200)
    )
    with pytest.raises(bt.ConfigError, match="no session opens at or before 2022-06-01T00:00:00"):
        sessions_of(hours, ns("2022-06-01"), ns("2022-06-02"))


def mondays(first, count):
    return [str(day) for day in np.datetime64(first) + np.arange(0, 7 * count, 7).astype("m8[D]")]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"week": {}}, r"week: \{\} is not a mapping of one weekday or more"),
        ({"week": {"monday": []}}, "week: no weekday has a session"),
        ({"week": {"mon": []}}, "week: 'mon' is not one of monday, tuesday"),
        ({"week": {"monday": [["9:30", "16:00"]]}}, r"week\['monday'\]\[0\]: '9:30' is not a time"),
        ({"week": {"monday": [["09:30", "24:01"]]}}, "'24:01' is not a time from 00:00 to 24:00"),
        ({"week": {"monday": [["09:30", "12:00"], ["11:59", "13:00"]]}}, "closes after the next one opens"),
        ({"week": {"monday": [["10:00", "24:00"]], "tuesday": [["23:00", "01:00"]]}}, "next one opens"),
        ({"week": {"sunday": [["10:00", "24:00"]], "monday": [["23:00", "01:00"]]}}, r"week\['sunday'\]"),
        ({"holidays": ["20241225"]}, r"holidays\[0\]: '20241225' is not a date"),
        ({"early_closes": {"2024-02-30": "13:00"}}, "early_closes: '2024-02-30' is not a date"),
        ({"late_opens": {"2024-02-01": "1 pm"}}, r"late_opens\['2024-02-01'\]: '1 pm' is not a time"),
        ({"timezone": "New York"}, "'New York' is not a known IANA time zone"),
    ],
)
def test_invalid_hours_are_refused(given, message):
    fields = {"timezone": "UTC", "week": {"monday": [["09:30", "16:00"]]}} | given
    with pytest.raises(bt.ConfigError, match=message):
        bt.TradingHours(**fields)
    with pytest.raises(bt.ConfigError, match=r"^instrument\.sessions\.*.*" + message):
        checked("instrument", {"sessions": fields}, bt.Instrument)


def test_an_instrument_with_sessions_is_json_and_back():
    given = bt.Instrument(sessions=regular(holidays=["2024-12-25"]))
    assert msgspec.json.decode(msgspec.json.encode(given), type=bt.Instrument) == given
    assert msgspec.json.decode(b'{"sessions": "XNYS"}', type=bt.Instrument).sessions == "XNYS"


def test_an_unknown_exchange_is_refused_before_anything_runs():
    pytest.importorskip("exchange_calendars")
    with pytest.raises(bt.ConfigError, match="sessions: 'XXXX' is not in exchange_calendars"):
        check_sessions("XXXX")
    bars = bt.sample_bars("A", "2024-01-01", "2024-02-01", "1d")
    with pytest.raises(bt.ConfigError, match=r"^instruments\['A'\]\.sessions: 'XXXX' is not in"):
        bt.run({"A": bars}, "buy_and_hold", instruments={"A": bt.Instrument(sessions="XXXX")})
    body = {"symbols": ["A"], "start_date": "2024-01-01", "end_date": "2024-02-01"}
    request = checked("", body | {"instruments": {"A": {"sessions": "XXXX"}}}, bt.RunRequest)
    with pytest.raises(bt.ConfigError, match=r"^instruments\['A'\]\.sessions: 'XXXX' is not in"):
        bt.run_request(request, bt.SampleMarket())


def test_the_sessions_are_in_the_manifest_and_change_the_fingerprint():
    bars = bt.sample_bars("A", "2024-01-01", "2024-02-01", "1h")
    plain, own = (
        bt.run({"A": bars}, "buy_and_hold", instruments={"A": bt.Instrument(sessions=sessions)})
        for sessions in (None, regular())
    )
    assert plain.fingerprint != own.fingerprint
    assert (
        plain.fingerprint
        == bt.run({"A": bars}, "buy_and_hold", instruments={"A": bt.Instrument()}).fingerprint
    )
    assert "America/New_York" in msgspec.json.encode(own.manifest).decode()


def test_leakcheck_knows_the_sessions_of_an_instrument():
    week = {day: [("14:00", "20:30")] for day in WEEKDAYS}
    hours = bt.TradingHours(timezone="UTC", week=week)
    bars = bt.sample_bars("A", "2024-01-02", "2024-02-15", "1h")
    instruments = {"A": bt.Instrument(sessions=hours)}
    run = bt.run({"A": bars}, "momentum", {"lookback_period": 5}, instruments=instruments)
    assert any("end at a session close of its trading hours" in line for line in run.logs)
    report = bt.leakcheck({"A": bars}, "momentum", {"lookback_period": 5}, instruments=instruments)
    assert report.cuts
