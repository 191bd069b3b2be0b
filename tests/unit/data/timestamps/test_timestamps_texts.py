"""Times that are texts: forms of ISO 8601, zones by offset and by name, dates in other orders, years."""

import numpy as np
import polars as pl
import pytest

from btcore.data.timestamps import TimeRules, read_times
from btcore.errors import DataError

OTHER = "2024-01-02 00:00:00.5"  # a form of its own, so that no column is uniform with it


def ns(text):
    return int(np.datetime64(text, "ns").astype(int))


def read(values, **rules):
    return read_times(pl.Series(values, dtype=pl.String), "bars", TimeRules(**rules))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("20240102T093000Z", "2024-01-02T09:30"),
        ("20240102T0930", "2024-01-02T09:30"),
        ("20240102T093000,250", "2024-01-02T09:30:00.25"),
        ("20240102 093000.123456789", "2024-01-02T09:30:00.123456789"),
        ("2024-01-02t09:30:00z", "2024-01-02T09:30"),
        ("2024-01-02T09:30:00,123", "2024-01-02T09:30:00.123"),
        ("2024-01-02T09:30:00.1", "2024-01-02T09:30:00.1"),
        ("2024-01-02T09:30:00.12345678", "2024-01-02T09:30:00.12345678"),
        ("2024-01-02T09:30:00.1234567890", "2024-01-02T09:30:00.123456789"),
        ("2024-01-02T09:30:00+01", "2024-01-02T08:30"),
        ("2024-01-02T09:30:00-0530", "2024-01-02T15:00"),
        ("2024-01-02T09:30:00+05:45", "2024-01-02T03:45"),
        ("2024-01-02 09:30 GMT", "2024-01-02T09:30"),
        ("2024.01.02 09:30", "2024-01-02T09:30"),
        ("2024-1-2 9:30", "2024-01-02T09:30"),
        ("2024-01-02 09:30:00 America/New_York", "2024-01-02T14:30"),
        ("20240702 09:30:00 US/Eastern", "2024-07-02T13:30"),
        ("2024-01-02 09:30 Japan", "2024-01-02T00:30"),
    ],
)
def test_forms_of_times_alone_and_among_others(text, expected):
    """One form through the column is parsed by polars, a mixture by its fields: both agree."""
    zoned = text[-1] in "zZTk" or not text[-1].isdigit() or "+" in text or "-05" in text
    other = OTHER + ("Z" if zoned else "")
    assert read([text, text]).ns.tolist() == [ns(expected)] * 2
    assert read([other, text]).ns.tolist() == [ns("2024-01-02T00:00:00.5"), ns(expected)]
    assert read([text]).notation == ("zoned" if zoned else "naive")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("2024-02-30", "is not a time that exists"),
        ("2023-02-29 00:00:00", "is not a time that exists"),
        ("2024-13-01 00:00", "is not a time that exists"),
        ("2024-01-02 24:00", "is not a time that exists"),
        ("2024-01-02 09:60:00", "is not a time that exists"),
        ("2016-12-31 23:59:60", "is not a time that exists"),
        ("2016-12-31T23:59:60Z", "is not a time that exists"),
        ("2016-12-31T23:59:60.250", "is not a time that exists"),
        ("2024-01-02T09:30:00.1234567891", "is not an ISO 8601 time"),
        ("2024-01-02T09", "is not an ISO 8601 time"),
        ("24-01-02", "is not an ISO 8601 time"),
        ("+024-01-02", "is not an ISO 8601 time"),
        ("12024-01-02", "is not an ISO 8601 time"),
        ("noon", "is not an ISO 8601 time; pass time_format="),
        ("09:30:00", "is a time of day without a date"),
        ("9:30", "is a time of day without a date"),
        ("2024-01-02 09:30:00 GMT+1", r"GMT\+1 is not a UTC offset"),
        ("2024-01-02 09:30:00 UTC+25:00", r"UTC\+25:00 is not a UTC offset"),
        ("2024-01-02T09:30:00+25:00", r"\+25:00 is not a UTC offset"),
        ("2024-01-02T09:30:00-00:99", "-00:99 is not a UTC offset"),
        ("2024-01-02 09:30:00 EST", "EST is an abbreviation, which several zones may share"),
        ("2024-01-02 09:30:00 CET", "CET is an abbreviation"),
        ("2024-01-02 09:30:00 EST5EDT", "EST5EDT is an abbreviation"),
        ("2024-01-02 09:30:00 America/Gotham", "America/Gotham is not a known IANA time zone"),
        ("2024-01-02 09:30 PM", "PM needs time_format= with %I and %p"),
        ("", "timestamp is missing"),
    ],
)
def test_texts_that_are_no_times_are_refused(text, problem):
    for good in ("2024-01-01T00:00:00.5Z", "2024-01-01 00:00:00.5"):
        with pytest.raises(DataError, match=rf"bars\[1\]: .*{problem}|has no UTC offset, but others have"):
            read([good, text])
    with pytest.raises(DataError, match=rf"bars\[0\]: .*{problem}"):
        read([text])


@pytest.mark.parametrize(
    ("good", "damaged"),
    [
        ("2024-01-12T10:12:12Z", "2024-01-12T10:12: 2Z"),
        ("2024-01-12T10:12:12", "2024-01-12T10: 2:12"),
        ("2024-01-12 10:12:12", "2024-01-12 10: 2:12"),
        ("2024-01-12 10:12:12.123456789", "2024-01-12 10:12:\t2.123456789"),
        ("2024-01-12", "2024-01- 2"),
        ("2024-01-12 10:12:12", "2024- 1-12T10:12:12"),
        ("2024-01-12T10:12:12Z", "2024-1-12T\u00a02:12:12Z"),
    ],
)
def test_a_blank_is_no_digit(good, damaged):
    with pytest.raises(DataError, match=r"bars\[2\]: .*is not an ISO 8601 time"):
        read([good, good, damaged])


def test_an_hour_of_one_digit_may_follow_a_blank():
    texts = ["2024-01-12  9:30:00", "2024-01-12 10:30:00"]
    assert read(texts).ns.tolist() == [ns("2024-01-12T09:30"), ns("2024-01-12T10:30")]


@pytest.mark.parametrize(
    "text",
    [
        "31.01.2024 10:30:00.000 GMT+0100",
        "2024-01-31 04:00 UTC-05:30",
        "2024-01-31 09:30 gmt+0000",
        "2024-01-31 09:30 UTC",
    ],
)
def test_offsets_after_the_letters_gmt_or_utc(text):
    assert read([text]).ns.tolist() == [ns("2024-01-31T09:30")]


@pytest.mark.parametrize("year", ["0001", "0024", "1600", "1677", "2262", "2300", "9999"])
@pytest.mark.parametrize(
    "form",
    ["{}-09-21", "{}0921", "{}-09-21 00:12:43", "{}-09-21T00:12:43Z", "{}-09-21T00:12:43.145224193",
      "{}0921T001243Z"],
)  # fmt: skip
def test_years_that_int64_cannot_hold_are_refused_in_every_form(year, form):
    text = form.format(year)
    same, other = form.format("2024"), "2024-01-02 00:00:00.5" + ("Z" if text.endswith("Z") else "")
    for column, row in (([text], 0), ([same, text], 1), ([text, same], 0), ([other, text, other], 1)):
        if text.isdigit() and (other in column or text.startswith("00")):
            continue  # a number among texts, or without its zeros
        with pytest.raises(
            DataError, match=rf"bars\[{row}\]: timestamp '?{text}'? is outside the years 1678 to 2261"
        ):
            read(column, years=(1, 9999))
        with pytest.raises(
            DataError, match=rf"bars\[{row}\]: timestamp '?{text}'? is outside the years 1800 to 2100"
        ):
            read(column)


def test_the_first_and_the_last_year_that_are_allowed():
    assert read(["1678-01-01", "2261-12-31"], years=(1678, 2261)).ns.tolist() == [
        ns("1678"),
        ns("2261-12-31"),
    ]
    assert read(["1800-01-01T00:00Z", "2100-12-31T23:59Z"]).ns.tolist() == [
        ns("1800"),
        ns("2100-12-31T23:59"),
    ]
    for text in ("1800-01-01T00:00+00:01", "2100-12-31T23:59-00:01"):
        with pytest.raises(DataError, match="outside the years 1800 to 2100"):
            read([text])


def test_a_zone_that_the_texts_name_is_that_of_the_local_clock_unless_another_is_given():
    eastern = ["20240102 09:30:00 US/Eastern", "20240702 09:30:00 US/Eastern"]
    found = read(eastern)
    assert found.ns.tolist() == [ns("2024-01-02T14:30"), ns("2024-07-02T13:30")]
    assert (found.zone, found.note) == ("US/Eastern", "times: texts in US/Eastern")
    assert read(eastern, timezone="Europe/London").ns.tolist() == found.ns.tolist()
    assert read(eastern, timezone="Europe/London").zone == "Europe/London"
    two = read([*eastern, "20240102 09:30:00 US/Pacific"])
    assert two.ns.tolist() == [*found.ns.tolist(), ns("2024-01-02T17:30")]
    assert (two.zone, two.note) == ("UTC", "times: texts with the names of zones: US/Eastern, US/Pacific")
    with pytest.raises(DataError, match=r"bars\[1\]: .* has no UTC offset, but others have"):
        read([eastern[0], "20240102 09:30:00"])


def test_local_times_of_named_zones_obey_dst():
    twice = [f"2024-11-03 01:{minute}:00 America/New_York" for minute in ("10", "40", "20", "50")]
    with pytest.raises(DataError, match=r"bars\[0\]: local time 2024-11-03T01:10:00 occurs twice"):
        read(twice)
    later = read(twice, dst="infer").ns.tolist()
    assert later == [ns(f"2024-11-03T{text}") for text in ("05:10", "05:40", "06:20", "06:50")]


@pytest.mark.parametrize(
    ("texts", "expected", "order"),
    [
        (["13/01/2024", "02/01/2024"], ["2024-01-13", "2024-01-02"], "day first"),
        (["01/13/2024 09:30", "02/01/2024 16:00"], ["2024-01-13T09:30", "2024-02-01T16:00"], "month first"),
        (["02.01.2024 00:00:00.5", "31.01.2024 00:00"], ["2024-01-02T00:00:00.5", "2024-01-31"], "day first"),
        (["1-2-2024", "1-31-2024"], ["2024-01-02", "2024-01-31"], "month first"),
    ],
)
def test_dates_that_end_with_the_year_are_read_if_a_value_tells_the_order(texts, expected, order):
    found = read(texts)
    assert found.ns.tolist() == [ns(text) for text in expected]
    assert found.notation == order
    assert f"texts with the {order}, as " in found.note


@pytest.mark.parametrize("texts", [["01/03/2024", "02/03/2024"], ["12.12.2024"], ["1-2-2024 09:30"]])
def test_dates_that_could_begin_with_day_or_month_are_refused(texts):
    with pytest.raises(DataError, match=r'may begin with the day or the month.*time_format=, such as "%d'):
        read(texts)


def test_dates_in_both_orders_are_refused_and_pieces_keep_the_order_of_the_first():
    with pytest.raises(DataError, match="of '13/01/2024' and '01/13/2024' one begins with the day"):
        read(["13/01/2024", "01/13/2024"])
    first = read(["13/01/2024"])
    rules = TimeRules(notation=first.notation)
    assert read_times(["02/01/2024"], "bars", rules).ns.tolist() == [ns("2024-01-02")]
    with pytest.raises(DataError, match="one begins with the day"):
        read_times(["01/14/2024"], "bars", rules)


@pytest.mark.parametrize(
    ("texts", "dates"),
    [
        (["2024-01-02", "2024-01-03"], True),
        (["2024-01-02 00:00:00", "2024-01-03 00:00:00"], True),
        (["2024-01-02 00:00", "2024-01-03 00:01"], False),
        (["2024-01-02T00:00:00Z"], False),
        (["2024-01-02 00:00:00 America/New_York"], False),
    ],
)
def test_local_midnights_are_dates_and_instants_are_not(texts, dates):
    assert read(texts).dates is dates


def test_notes_say_what_zone_was_assumed():
    assert read(["2024-01-02"]).note == "times: texts, without a time zone: read as UTC"
    assert read(["2024-01-02"], timezone="Asia/Tokyo").note == "times: texts, local in Asia/Tokyo"
    assert read(["2024-01-02T00:00Z"], timezone="Asia/Tokyo").note == "times: texts with UTC offsets"
