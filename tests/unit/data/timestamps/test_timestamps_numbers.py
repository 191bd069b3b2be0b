"""Times that are numbers: one unit through a column, day numbers, digits that are dates."""

from decimal import Decimal

import numpy as np
import polars as pl
import pytest

from btcore.data import Quotes, Trades, read_csv
from btcore.data.timestamps import TimeRules, read_times
from btcore.errors import DataError

SECONDS = 1_704_153_600  # 2024-01-02
UNITS = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}  # counts of a second


def ns(text):
    return int(np.datetime64(text, "ns").astype(int))


def read(values, **rules):
    return read_times(values, "trades", TimeRules(**rules))


def holders(values):
    """The same column as an array, as numbers of polars, and as texts."""
    return np.array(values), pl.Series(values), pl.Series([str(value) for value in values])


@pytest.mark.parametrize("unit", UNITS)
def test_the_unit_follows_from_the_size_of_the_counts_and_is_noted(unit):
    for column in holders([SECONDS * UNITS[unit], (SECONDS + 60) * UNITS[unit]]):
        found = read(column)
        assert found.ns.tolist() == [ns("2024-01-02T00:00"), ns("2024-01-02T00:01")]
        assert (found.notation, found.dates, found.zone) == (unit, False, "UTC")
        assert found.note.startswith("times: epoch ")


@pytest.mark.parametrize("one", UNITS)
@pytest.mark.parametrize("other", UNITS)
@pytest.mark.parametrize("switch", [1, 3, 5])
def test_a_unit_that_switches_is_refused_in_the_row_where_it_does(one, other, switch):
    """In both directions, after the first row, in the middle, and before the last row."""
    if one == other:
        return
    rows = [SECONDS + 60 * i for i in range(6)]
    numbers = [x * UNITS[one if i < switch else other] for i, x in enumerate(rows)]
    for column in holders(numbers):
        here = rf"trades\[{switch}\]: timestamp {numbers[switch]} is 2024-01-02T"
        before = rf'{numbers[switch - 1]} is 2024-01-02T.*unit="by_row"'
        with pytest.raises(DataError, match=f"{here}.*, but in the row before {before}"):
            read(column)
        found = read(column, unit="by_row")
        assert found.ns.tolist() == [x * 10**9 for x in rows]
        assert f"from {numbers[switch]}" in found.note


def test_a_switch_from_milliseconds_to_microseconds_names_the_line_of_a_file(tmp_path):
    file = tmp_path / "t.csv"
    file.write_text("time,price\n1735689598000,1\n1735689599000,1\n1735689600000000,1\n")
    with pytest.raises(DataError, match=r"t\.csv row 4: timestamp 1735689600000000 is 2025-01-01"):
        read_csv(file, "trades")


@pytest.mark.parametrize("numbers", [[-SECONDS * 1000, -SECONDS], [-SECONDS * 1000, SECONDS * 10**6]])
def test_negative_counts_may_not_switch_either(numbers):
    with pytest.raises(DataError, match=r"trades\[1\]: timestamp"):
        read(numbers)


@pytest.mark.parametrize("row", [0, 2, 4])
@pytest.mark.parametrize("unit", UNITS)
def test_a_zero_that_stands_for_a_missing_time_is_refused(row, unit):
    numbers = [(SECONDS + i) * UNITS[unit] for i in range(5)]
    numbers[row] = 0
    for column in holders(numbers):
        with pytest.raises(
            DataError, match=rf"trades\[{row}\]: timestamp 0 is 1970-01-01, but in the row beside"
        ):
            read(column)


@pytest.mark.parametrize("unit", UNITS)
def test_a_series_that_goes_through_1970_has_one_unit(unit):
    days = [x * 86400 * UNITS[unit] for x in range(-4000, 4000, 300)]
    assert 0 not in days
    assert read(days).ns.tolist() == [x * 86400 * 10**9 for x in range(-4000, 4000, 300)]
    with_zero = [x * 86400 * UNITS[unit] for x in range(-3650, 3651, 365)]
    assert read(with_zero).ns[10] == 0


def test_counts_of_a_unit_that_nothing_tells_are_refused():
    for numbers in ([1, 2, 3], [0, 60, 120], [10101], [-86400, 0], [1.5, 2.5], ["7", "8"]):
        with pytest.raises(DataError, match="could be of any unit; pass unit="):
            read(numbers)
    assert read([0, 60], unit="s").ns.tolist() == [0, 60 * 10**9]
    assert read([12, 13], unit="ns").ns.tolist() == [12, 13]


@pytest.mark.parametrize(
    ("numbers", "unit", "other"),
    [
        ([SECONDS, SECONDS + 1], "ms", "seconds"),
        ([SECONDS * 1000], "us", "milliseconds"),
        ([SECONDS], "ns", "seconds"),
    ],
)
def test_a_unit_that_makes_all_times_the_first_weeks_of_1970_is_refused(numbers, unit, other):
    with pytest.raises(
        DataError, match=rf"unit: timestamp .* is 1970-01-.*, but .* is 2024-01-02T.* in {other}"
    ):
        read(numbers, unit=unit)


@pytest.mark.parametrize(
    ("numbers", "unit", "problem"),
    [
        ([SECONDS, SECONDS * 1000], "s", r"\[1\]: timestamp .* is after the year 9999 in seconds, outside "
         rf"the years 1800 to 2100; years= sets them; {SECONDS * 1000} is 2024-01-02"),
        ([10**18], "ms", r"\[0\]: timestamp 1000000000000000000 is .*outside"),
        ([2**63 - 1], "s", r"\[0\]: timestamp 9223372036854775807 is after the year 9999 in seconds"),
        ([2**63 - 1], None, r"\[0\]: timestamp 9223372036854775807 is 2262-04-11.*outside"),
        ([-(2**63) + 1], None, r"\[0\]: timestamp .* is 1677-09-21.*outside"),
        ([-(2**63)], None, r"\[0\]: timestamp -9223372036854775808 is NaT"),
        ([1e300], None, r"\[0\]: timestamp 1e\+300 is after the year 9999"),
        ([float("inf")], None, r"\[0\]: timestamp inf is not a finite number"),
        ([SECONDS, float("nan")], None, r"\[1\]: timestamp nan is not a finite number"),
        (np.array([2**64 - 1], np.uint64), None, r"\[0\]: timestamp is after the year 2262"),
        ([10**30], None, r"\[0\]: timestamp 10{30} is outside the range of int64"),
        (["99999999999999999999"], None, r"\[0\]: timestamp 9{20} is outside the range of int64"),
        ([4_133_980_800], None, r"\[0\]: timestamp 4133980800 is 2101-01-01.*outside"),
        ([-5_364_662_401], None, r"\[0\]: timestamp -5364662401 is 1799-12-31.*outside"),
    ],
)  # fmt: skip
def test_counts_outside_the_years_are_refused(numbers, unit, problem):
    with pytest.raises(DataError, match="trades" + problem):
        read(numbers, unit=unit)


def test_years_can_be_set_within_what_int64_holds():
    assert read([4_133_980_800], years=(1800, 2200)).ns.tolist() == [ns("2101-01-01")]
    with pytest.raises(DataError, match="outside the years 2000 to 2010; years= sets them"):
        read([SECONDS], years=(2000, 2010))
    with pytest.raises(DataError, match=r"outside the years 1678 to 2261$"):
        read([9_300_000_000], years=(1, 9999))


def test_fractions_of_texts_are_exact_and_those_of_floats_are_rounded_to_microseconds():
    assert read(["1704153600.123456789"]).ns.tolist() == [ns("2024-01-02T00:00:00.123456789")]
    assert read(["1704153600000.000001", "1704153600001."]).ns.tolist() == [
        ns("2024-01-02T00:00:00.000000001"),
        ns("2024-01-02T00:00:00.001"),
    ]
    assert read(["-1704153600.25"]).ns.tolist() == [-SECONDS * 10**9 - 250_000_000]
    assert read([Decimal("1704153600.000000001")]).ns.tolist() == [SECONDS * 10**9 + 1]
    assert read(pl.Series([Decimal("1704153600.5")])).ns.tolist() == [SECONDS * 10**9 + 500_000_000]
    floats = read([1704153600.25])
    assert floats.ns.tolist() == [ns("2024-01-02T00:00:00.25")]
    assert "rounded to microseconds" in floats.note
    with pytest.raises(DataError, match=r"1704153600\.1234567891 has more digits than nanoseconds"):
        read(["1704153600.1234567891"])


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        ([45293, 45294], ["2024-01-02", "2024-01-03"]),
        ([45293.0, 45293.5], ["2024-01-02", "2024-01-02T12:00"]),
        ([45293.395833333336], ["2024-01-02T09:30"]),
        (["45293.3958333333"], ["2024-01-02T09:30"]),
        (["25569", "73050"], ["1970-01-01", "2099-12-31"]),
    ],
)
def test_day_numbers_of_spreadsheets(days, expected):
    found = read(days)
    assert found.ns.tolist() == [ns(text) for text in expected]
    assert found.dates == all("T" not in text for text in expected)
    assert "spreadsheet day numbers" in found.note
    assert ("rounded" in found.note) == (not found.dates)


def test_day_numbers_are_local_and_those_before_march_1900_are_refused():
    assert read([45293], timezone="America/New_York").ns.tolist() == [ns("2024-01-02T05:00")]
    assert read([61], unit="excel").ns.tolist() == [ns("1900-03-01")]
    with pytest.raises(DataError, match=r"trades\[1\]: timestamp 60 is a day number before 1900-03-01"):
        read([61, 60], unit="excel")
    with pytest.raises(DataError, match=r"trades\[0\]: timestamp 80000 as a day number is outside the years"):
        read([80000], unit="excel")
    with pytest.raises(
        DataError, match=r"trades\[0\]: timestamp 1e\+09 as a day number is outside the years"
    ):
        read([1e9], unit="excel")


@pytest.mark.parametrize(
    ("digits", "expected", "notation"),
    [
        (20240229, "2024-02-29", "YYYYMMDD"),
        (202402290930, "2024-02-29T09:30", "YYYYMMDDHHMM"),
        (20240229093015, "2024-02-29T09:30:15", "YYYYMMDDHHMMSS"),
        (20240229093015123, "2024-02-29T09:30:15.123", "YYYYMMDDHHMMSSmmm"),
    ],
)
def test_digits_that_are_dates_and_times(digits, expected, notation):
    for column in (*holders([digits]), [float(digits)] if digits < 2**53 else [digits]):
        found = read(column)
        assert found.ns.tolist() == [ns(expected)]
        assert (found.notation, found.dates) == (notation, notation == "YYYYMMDD")
        assert notation in found.note


@pytest.mark.parametrize(
    ("numbers", "problem"),
    [
        ([20240101, 20240230], r"\[1\]: timestamp 20240230 is not a date YYYYMMDD; pass unit="),
        ([20240102093000, 20240102093060], r"\[1\]: timestamp 20240102093060 is not a time YYYYMMDDHHMMSS"),
        ([20240102243000], r"\[0\]: timestamp 20240102243000 is not a time"),
        ([20240102093000123, 20240102096000123], r"\[1\]: timestamp 20240102096000123 is not a time"),
        ([16000101], r"\[0\]: timestamp 16000101 is outside the years 1800 to 2100"),
        ([99991231], r"\[0\]: timestamp 99991231 is outside the years"),
        ([23000101000000], r"\[0\]: timestamp 23000101000000 is outside the years"),
        ([16000101000000000], r"\[0\]: timestamp 16000101000000000 is outside the years"),
        ([202401020930, 202401020960], r": 202401020930 could be a time YYYYMMDDHHMM, or the count of ms"),
        ([230001010000], r": 230001010000 could be a time YYYYMMDDHHMM, or the count of ms that is 1977"),
        (
            [2024010209],
            r': 2024010209 could be a time YYYYMMDDHH, or .* 2034-.*time_format="%Y%m%d%H" or unit="s"',
        ),
        ([20240102, 45293], r"could be of any unit"),
    ],
)
def test_digits_that_are_no_date_or_could_be_a_count_are_refused(numbers, problem):
    with pytest.raises(DataError, match=problem):
        read(numbers)


def test_counts_that_look_like_digits_of_dates_only_here_and_there_stay_counts():
    """Twelve digits: milliseconds of 1973 to 2001."""
    numbers = [900_000_000_000, 900_000_060_000, 900_101_010_101]
    assert read(numbers).ns.tolist() == [x * 10**6 for x in numbers]
    assert read([202_401_020_930], unit="ms").ns.tolist() == [202_401_020_930 * 10**6]


@pytest.mark.parametrize("unit", ["s", "ms", "us"])
@pytest.mark.parametrize("rows", [1, 3])
def test_constructors_refuse_integers_that_are_no_nanoseconds(unit, rows):
    numbers = [(SECONDS + i) * UNITS[unit] for i in range(rows)]
    with pytest.raises(
        DataError, match=rf'integers are nanoseconds UTC.*2024-01-02.*datetime64\[{unit}\].*unit="{unit}"'
    ):
        Trades(numbers, [1.0] * rows)
    times = np.array(numbers, f"datetime64[{unit}]")
    assert Trades(times, [1.0] * rows).timestamp[0] == SECONDS * 10**9


@pytest.mark.parametrize("numbers", [[0, 60 * 10**9], [1, 2], [5, SECONDS * 1000], [-(2**63) + 1, 2**63 - 1]])
def test_constructors_take_any_other_integer_as_nanoseconds(numbers):
    assert Quotes(numbers, [1.0, 1.0], [2.0, 2.0]).timestamp.tolist() == numbers


def test_options_that_do_not_apply_are_refused():
    with pytest.raises(DataError, match="unit: 'weeks' is not one of s, ms, us, ns, excel, by_row"):
        read([SECONDS], unit="weeks")
    with pytest.raises(DataError, match="unit: the times are texts, '2024-01-02' for example"):
        read(["2024-01-02"], unit="ms")
    with pytest.raises(DataError, match="unit: the times are datetimes"):
        read(np.array(["2024-01-02"], "datetime64[s]"), unit="s")
    with pytest.raises(DataError, match="unit and time_format: pass one of them"):
        read([20240102], unit="s", time_format="%Y%m%d")
    with pytest.raises(DataError, match="numbers with a fraction cannot be read as by_row"):
        read([1704153600.5], unit="by_row")
    with pytest.raises(DataError, match=r"trades\[1\]: timestamp 5 could be of any unit"):
        read([SECONDS, 5], unit="by_row")


def test_pieces_of_a_file_keep_the_notation_of_the_first():
    first = read([99_999_999_998 // 100])
    rules = TimeRules(notation=first.notation)
    assert read_times([20240102], "trades", rules).ns.tolist() == [20240102 * 10**9]
    dates = TimeRules(notation=read([20240102]).notation)
    with pytest.raises(DataError, match=r"trades\[0\]: timestamp 1704153600 is not a date YYYYMMDD"):
        read_times([SECONDS], "trades", dates)
    zoned = TimeRules(notation=read(["2024-01-02T00:00Z"]).notation)
    for other in (["2024-01-03"], [SECONDS], np.array(["2024-01-02"], "datetime64[s]")):
        with pytest.raises(DataError, match=r"trades\[0\]: .* but those before it as 'zoned'"):
            read_times(other, "trades", zoned)


@pytest.mark.parametrize(
    ("numbers", "problem"),
    [
        ([638_397_630_000_000_000, 638_397_630_010_000_000], r"ticks of \.NET, of 100 ns, it is 2024-01-02"),
        (
            [133_486_542_000_000_000, 133_486_542_010_000_000],
            "a FILETIME of Windows, of 100 ns, it is 2024-01-0",
        ),
        ([2_401_020_930, 2_401_020_931], "2401020931 is 2046-.* in seconds, after 2034"),  # YYMMDDHHMM
        ([2_401_020_930.5, 2_401_020_931.5], "2046-.* in seconds, after 2034"),
        ([3_786_912_000, 3_786_912_061], "3786912061 is 2090-01-01T00:01:01Z in seconds, after 2034"),
        ([4_102_444_800_000, 4_102_444_800_001], "in milliseconds, after 2034"),
    ],
)
def test_counts_that_other_programs_write_are_no_epoch_numbers(numbers, problem):
    for column in (np.array(numbers), pl.Series(list(map(str, numbers)))):
        with pytest.raises(DataError, match=problem):
            read(column)


def test_a_unit_that_is_given_allows_times_that_are_unlikely():
    for numbers, unit in (([638_397_630_000_000_000], "ns"), ([2_401_020_930], "s"), ([3_786_912_000], "s")):
        assert read(np.array(numbers), unit=unit).ns.tolist() == [numbers[0] * (1 if unit == "ns" else 10**9)]
    nineties = np.arange(int(630e15), int(640e15), 10**15)
    assert read(nineties).ns.tolist() == nineties.tolist()  # more than the first months of 1990
