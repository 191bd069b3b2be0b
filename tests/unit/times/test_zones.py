"""Local times become UTC: by the rules of IANA zones, and by the order of rows where the clock goes back."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from btcore.errors import ConfigError, DataError
from btcore.times.zones import check_zone, localize, localize_counted, utc_offsets

MINUTE = 60 * 10**9
NEW_YORK, LORD_HOWE = "America/New_York", "Australia/Lord_Howe"


def local(*texts):
    """Local times of 2024-11-03, when New York's clock goes from 02:00 back to 01:00."""
    return np.array([f"2024-11-03T{text}" for text in texts], "datetime64[ns]").astype(np.int64)


def utc(*texts):
    return local(*texts).tolist()


def infer(times, kind="trades", zone=NEW_YORK):
    return localize(times, zone, kind, "infer").tolist()


HALF_HOURS = ("00:30", "01:00", "01:30", "01:00", "01:30", "02:00")
HALF_HOURS_UTC = ("04:30", "05:00", "05:30", "06:00", "06:30", "07:00")


@pytest.mark.parametrize("kind", ["bars", "quotes", "trades"])
def test_infer_takes_the_rows_after_the_clock_went_back_as_the_second_pass(kind):
    assert infer(local(*HALF_HOURS), kind) == utc(*HALF_HOURS_UTC)
    newest_first = local(*HALF_HOURS)[::-1]
    assert infer(newest_first, kind) == utc(*HALF_HOURS_UTC)[::-1]


def test_infer_takes_two_bars_of_one_local_time_as_one_of_each_pass():
    assert infer(local("00:00", "01:00", "01:00", "02:00"), "bars") == utc("04:00", "05:00", "06:00", "07:00")
    assert infer(local("02:00", "01:00", "01:00", "00:00"), "bars") == utc("07:00", "06:00", "05:00", "04:00")


def test_infer_keeps_ticks_of_equal_times_in_one_pass():
    ticks = local("01:10", "01:10", "01:50", "01:50", "01:10", "01:10", "02:00")
    assert infer(ticks) == utc("05:10", "05:10", "05:50", "05:50", "06:10", "06:10", "07:00")
    assert infer(ticks[::-1]) == utc("05:10", "05:10", "05:50", "05:50", "06:10", "06:10", "07:00")[::-1]


def test_infer_takes_each_change_of_the_clock_by_itself():
    """Rows of a year apart are neighbours, but not of one hour."""
    texts = ["2023-11-05T01:30", "2023-11-05T01:10", "2024-11-03T01:40", "2024-11-03T01:20"]
    found = infer(np.array(texts, "datetime64[ns]").astype(np.int64))
    expected = ["2023-11-05T05:30", "2023-11-05T06:10", "2024-11-03T05:40", "2024-11-03T06:20"]
    assert found == np.array(expected, "datetime64[ns]").astype(np.int64).tolist()


def test_infer_knows_a_clock_that_goes_back_by_half_an_hour():
    """Lord Howe repeats 01:30 to 02:00 on 2024-04-07, from UTC+11 to UTC+10:30."""
    texts = [f"2024-04-07T{t}" for t in ("01:00", "01:30", "01:45", "01:30", "01:45", "02:00")]
    found = infer(np.array(texts, "datetime64[ns]").astype(np.int64), zone=LORD_HOWE)
    assert np.diff(found).tolist() == [30 * MINUTE, 15 * MINUTE, 15 * MINUTE, 15 * MINUTE, 15 * MINUTE]


@pytest.mark.parametrize(
    ("texts", "kind", "row", "problem"),
    [
        (("00:00", "01:00", "02:00"), "bars", 1, "go over that hour only once"),
        (("01:10", "01:20"), "trades", 0, "go over that hour only once"),
        (("00:00", "01:00", "01:00", "02:00"), "trades", 1, "go over that hour only once"),
        (("02:00", "01:20", "01:10", "00:00"), "trades", 2, "go over that hour only once"),
        (("01:10", "01:50", "01:20", "01:40", "01:30"), "trades", 4, "go back more than once in that hour"),
        (("01:00", "01:30", "01:00", "01:30", "01:00"), "bars", 4, "go back more than once in that hour"),
    ],
)
def test_infer_refuses_an_hour_that_the_rows_do_not_go_over_twice(texts, kind, row, problem):
    with pytest.raises(
        DataError, match=rf"{kind}\[{row}\]: local time .* occurs twice .*{problem}; pass dst"
    ):
        infer(local(*texts), kind)


def test_infer_does_not_take_one_tick_out_of_order_for_the_second_pass():
    ticks = local("01:00") + np.array([*range(30), 28, *range(30, 60)]) * MINUTE
    with pytest.raises(
        DataError, match=r"trades\[30\]: local time 2024-11-03T01:28:00 .* go back there by 60 s"
    ):
        infer(ticks)


@pytest.mark.parametrize("dst", ["raise", "infer"])
def test_a_skipped_time_is_refused(dst):
    gap = np.array(["2024-03-10T01:30", "2024-03-10T02:30"], "datetime64[ns]").astype(np.int64)
    with pytest.raises(DataError, match=r"trades\[1\]: local time 2024-03-10T02:30:00 does not exist"):
        localize(gap, NEW_YORK, "trades", dst)


def test_the_times_that_dst_decides_are_counted():
    assert localize_counted(local(*HALF_HOURS), NEW_YORK, dst="infer")[1] == {
        "local times that occur twice (dst=infer)": 4
    }
    gap = np.array(["2024-03-10T02:30"], "datetime64[ns]").astype(np.int64)
    assert localize_counted(gap, NEW_YORK, dst="later")[1] == {"local times that never occur (dst=later)": 1}
    assert localize_counted(local("03:00"), NEW_YORK)[1] == {}


def test_an_unknown_dst_is_refused():
    with pytest.raises(ConfigError, match="dst: 'guess' is not one of raise, earlier, later, infer"):
        check_zone("UTC", "guess")


@pytest.mark.parametrize("text", ["1677-09-21T00:12:43.145224193", "2262-04-11T23:47:16.854775807"])
def test_the_last_times_of_int64_have_no_local_time(text):
    edge = np.array([text], "datetime64[ns]").astype(np.int64)
    assert localize(edge, "UTC").tolist() == edge.tolist()
    with pytest.raises(DataError, match=r"local time .* is outside the years 1678 to 2261"):
        localize(edge, NEW_YORK, dst="earlier")


@given(
    st.sampled_from([NEW_YORK, "Europe/London", LORD_HOWE, "America/Sao_Paulo", "Asia/Tehran"]),
    st.integers(0, 4000),
    st.sampled_from([1, 5, 10, 15, 30]),
    st.booleans(),
)
def test_bars_without_gaps_are_inferred_whatever_the_zone(zone, day, minutes, newest_first):
    """Local times of bars in a row lose their offset; infer finds it again."""
    start = 1_546_300_800 * 10**9 + day * 1440 * MINUTE
    times = start + np.arange(3 * 1440 // minutes) * minutes * MINUTE
    given_times = (times + utc_offsets(times, zone))[:: -1 if newest_first else 1]
    assert (
        localize(given_times, zone, "bars", "infer").tolist() == times[:: -1 if newest_first else 1].tolist()
    )
