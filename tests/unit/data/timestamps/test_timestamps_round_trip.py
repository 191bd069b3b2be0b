"""Instants written in any notation are read back equal to the nanosecond."""

from decimal import Decimal

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from btcore.data.timestamps import TimeRules, read_times
from btcore.times.zones import localize, utc_offsets

ZONES = ["America/New_York", "Europe/London", "Asia/Kolkata", "Australia/Lord_Howe", "UTC"]
RESOLUTION = {"s": 10**9, "ms": 10**6, "us": 10**3, "ns": 1}
# From 1980 on no count of any unit is small enough to be taken for another unit.
FIRST, LAST = 315_532_800 * 10**9, 4_102_444_800 * 10**9


def text_of(ns, unit, form):
    date, _, time = str(np.datetime64(ns, "ns").astype(f"datetime64[{unit}]")).partition("T")
    return form.format(date=date, time=time, compact=date.replace("-", ""), plain=time.replace(":", ""))


FORMS = {
    "{date}T{time}": {},
    "{date} {time}Z": {},
    "{date}t{time}z": {},
    "{date}T{time}+00": {},
    "{compact}T{plain}Z": {},
    "{compact} {time}": {},
    "{date}/{time}": {"time_format": "%Y-%m-%d/%H:%M:%S.%f"},
    "{time} {date}": {"time_format": "%H:%M:%S.%f %Y-%m-%d"},
    "{date} {time} UTC": {"time_format": "%Y-%m-%d %H:%M:%S.%f %Z"},
    "{date} {time} +0000": {"time_format": "%Y-%m-%d %H:%M:%S.%f %z"},
}
instants = st.lists(st.integers(FIRST, LAST), min_size=1, max_size=5)
units = st.sampled_from(list(RESOLUTION))


def whole(times, unit):
    return [time - time % RESOLUTION[unit] for time in times]


@pytest.mark.parametrize("form", FORMS)
@given(instants, units)
def test_texts_of_one_form(form, times, unit):
    times = whole(times, unit)
    texts = pl.Series([text_of(time, unit, form) for time in times])
    assert read_times(texts, "bars", TimeRules(**FORMS[form])).ns.tolist() == times


@given(
    instants,
    st.lists(st.sampled_from(["{date}T{time}Z", "{date} {time}+00:00", "{compact} {plain}z"]), min_size=5),
    st.lists(units, min_size=5),
)
def test_texts_of_several_forms(times, forms, resolutions):
    times = [whole([time], unit)[0] for time, unit in zip(times, resolutions, strict=False)]
    texts = [text_of(*row) for row in zip(times, resolutions, forms, strict=False)]
    assert read_times(pl.Series(texts), "bars").ns.tolist() == times


@given(instants, units)
def test_counts_as_integers_texts_and_decimals(times, unit):
    times = whole(times, unit)
    counts = [time // RESOLUTION[unit] for time in times]
    for column in (np.array(counts), pl.Series(counts), [str(count) for count in counts], pd.Series(counts)):
        assert read_times(column, "bars", TimeRules(unit=unit)).ns.tolist() == times
        inferred = read_times(column, "bars", TimeRules(unit="by_row"))
        assert inferred.ns.tolist() == times
    exact = [Decimal(time) / 10**9 for time in times]
    assert read_times([f"{x:.9f}" for x in exact], "bars", TimeRules(unit="s")).ns.tolist() == times


@given(instants, st.sampled_from(["YYYYMMDD", "YYYYMMDDHHMMSS", "YYYYMMDDHHMMSSmmm"]))
def test_digits(times, notation):
    unit = {8: "D", 14: "s", 17: "ms"}[len(notation)]
    moments = np.array(times, "datetime64[ns]").astype(f"datetime64[{unit}]")
    digits = ["".join(c for c in str(moment) if c.isdigit()) for moment in moments]
    expected = moments.astype("datetime64[ns]").astype(np.int64).tolist()
    for column in (np.array(digits, np.int64), digits):
        assert read_times(column, "bars").ns.tolist() == expected


@given(instants)
def test_day_numbers_to_the_millisecond(times):
    times = whole(times, "ms")
    days = np.array(times) / 86_400e9 + 25569
    assert read_times(days, "bars", TimeRules(unit="excel")).ns.tolist() == times
    assert read_times([f"{day:.11f}" for day in days], "bars", TimeRules(unit="excel")).ns.tolist() == times


@given(instants, st.sampled_from(ZONES), units)
def test_datetimes_of_pandas_and_polars(times, zone, unit):
    times = whole(times, unit)
    moments = pd.DatetimeIndex(np.array(times, "datetime64[ns]").astype(f"datetime64[{unit}]")).tz_localize(
        "UTC"
    )
    local = moments.tz_convert(zone)
    assert read_times(local, "bars").ns.tolist() == times
    assert read_times(list(local), "bars").ns.tolist() == times
    if unit != "s":  # polars has no seconds
        column = pl.Series(times).cast(pl.Datetime("ns", "UTC")).dt.convert_time_zone(zone)
        assert read_times(column, "bars").ns.tolist() == times


@given(instants, st.sampled_from(ZONES))
def test_local_texts_of_a_zone(times, zone):
    """Times that occur once; the name of the zone stands in the text, or is an option."""
    array = np.array(times)
    local = array + utc_offsets(array, zone)
    if not np.array_equal(localize(local, zone, dst="earlier"), localize(local, zone, dst="later")):
        return
    texts = pl.Series([text_of(int(time), "ns", "{date} {time}") for time in local])
    assert read_times(texts, "bars", TimeRules(zone)).ns.tolist() == times
    named = read_times(texts + f" {zone}", "bars")
    assert (named.ns.tolist(), named.zone) == (times, zone)
