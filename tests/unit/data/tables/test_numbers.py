"""Numbers as texts become the floats that Python reads in them; numbers that may be two are refused."""

import random
from decimal import Decimal

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from btcore.data.tables import numbers
from btcore.data.tables.number_texts import Form
from btcore.data.tables.numbers import read_numbers
from btcore.errors import DataError, RowError


def read(*columns, form=Form(), notes=None):  # noqa: B008 - a NamedTuple cannot change
    named = {f"c{i}": values for i, values in enumerate(columns)}
    found, _ = read_numbers(named, "bars", form, [] if notes is None else notes)
    return [
        [None if column.absent is not None and column.absent[row] else float(value)
         for row, value in enumerate(column.values)]
        for column in found.values()
    ]  # fmt: skip


def texts(*values):
    return pl.Series(values, dtype=pl.String)


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (["187.15", "0.1", "1e5", " 5 ", "+3", "-2.5", ".5", "7."], [187.15, 0.1, 1e5, 5, 3, -2.5, 0.5, 7]),
        (["187,15", "1.234,5", "82.488.700"], [187.15, 1234.5, 82488700]),
        (["187,15", "1.234"], [187.15, 1234]),
        (["0,123", "5,250"], [0.123, 5.25]),
        (["42,845.2", "1,234", "1,234,567"], [42845.2, 1234, 1234567]),
        (["1,234,567", "1,234"], [1234567, 1234]),
        (["$184.22", "-$5", "$-6.5", "\N{EURO SIGN} 7", "8 \N{EURO SIGN}"], [184.22, -5, -6.5, 7, 8]),
        (["(1,234.5)", "3.5"], [-1234.5, 3.5]),
        (["117.65K", "97.84M", "1.2b", "2T", "5"], [117650, 97840000, 1.2e9, 2e12, 5]),
        (["1 234.5", "1\N{NO-BREAK SPACE}234.5", "1'234.5"], [1234.5, 1234.5, 1234.5]),
        (["\N{MINUS SIGN}3.5", "4.5"], [-3.5, 4.5]),
    ],
)
def test_texts_of_numbers(written, expected):
    assert read(texts(*written)) == [expected]


def test_texts_give_the_float_that_python_gives():
    rng = random.Random(5)
    plain = [f"{rng.randrange(10 ** rng.randrange(1, 17))}.{rng.randrange(10**9):09d}" for _ in range(3000)]
    assert read(texts(*plain)) == [[float(x) for x in plain]]
    commas = [x.replace(".", ",") for x in plain]
    assert read(texts(*commas)) == [[float(x) for x in plain]]
    kilos = [f"{rng.randrange(1000)}.{rng.randrange(100):02d}K" for _ in range(500)]
    assert read(texts(*kilos)) == [[float(Decimal(x[:-1]) * 1000) for x in kilos]]
    grouped = [f"{rng.randrange(10**9):,}.{rng.randrange(10**6)}" for _ in range(500)]
    assert read(texts(*grouped)) == [[float(x.replace(",", "")) for x in grouped]]


def test_one_column_tells_the_decimal_point_of_the_others():
    assert read(texts("1,234"), texts("187,15")) == [[1.234], [187.15]]
    assert read(texts("1,234"), texts("187.15")) == [[1234], [187.15]]
    assert read(texts("1.234"), texts("187,15")) == [[1234], [187.15]]
    assert read(texts("1.234"), texts("187.15")) == [[1.234], [187.15]]


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ([["187,150"], ["5"]], "c0 '187,150' can be read in two ways.*pass decimal="),
        ([["1,000", "2,000"]], "c0 '1,000' can be read in two ways"),
        ([["1,234"], ["1.234"]], "c0 '1,234' can be read in two ways"),
        ([["187,15"], ["184.22"]], "numbers are written in two ways: c1 '184.22' and c0 '187,15'"),
        ([["1,234.5", "1.234,5"]], "numbers are written in two ways"),
    ],
)
def test_numbers_that_may_be_two_are_refused(columns, message):
    with pytest.raises(DataError, match=message):
        read(*(texts(*column) for column in columns))


def test_the_form_may_be_given():
    assert read(texts("1,234"), form=Form(",")) == [[1.234]]
    assert read(texts("1,234"), form=Form(".")) == [[1234]]
    assert read(texts("1,234"), form=Form(None, ",")) == [[1234]]
    assert read(texts("1.234"), form=Form(None, ".")) == [[1234]]
    assert read(texts("1_000,5"), form=Form(None, "_")) == [[1000.5]]
    with pytest.raises(
        RowError, match=r"bars\[1\]: c0 is not a number with the decimal point '.' \(c0='187,15'\)"
    ):
        read(texts("5.5", "187,15"), form=Form("."))


@pytest.mark.parametrize(
    ("written", "message"),
    [
        (["5", "abc"], r"bars\[1\]: c0 is not a number \(c0='abc'\)"),
        (["5.5", "1,23,456.5"], r"bars\[1\]: c0 is not a number"),
        (["5", "--5"], r"bars\[1\]: c0 is not a number"),
        (["5", "(-5)"], r"bars\[1\]: c0 is not a number"),
        (["5", "1.2.3"], r"bars\[1\]: c0 is not a number"),
        (["5", "12 5.5"], r"bars\[1\]: c0 is not a number"),
        (["1_000"], r"bars\[0\]: c0 is not a number"),
        (["5", "98.5%"], r"bars\[1\]: c0 is a percentage, not a number \(c0='98.5%'\)"),
        (["5", "1e3K"], r"bars\[1\]: c0 is not a number"),
    ],
)
def test_other_texts_are_refused_with_their_row(written, message):
    with pytest.raises(RowError, match=message):
        read(texts(*written))


def test_what_stands_for_no_value():
    none = ["", " ", "null", "NaN", "nan", "NA", "N/A", "#N/A", "None", "-", "--", ".", "9223372036854775807"]
    assert read(texts(*none, None, "1.5")) == [[None] * (len(none) + 1) + [1.5]]
    assert read(texts(*none, "1,5")) == [[None] * len(none) + [1.5]]
    assert read(np.array([1, 2**63 - 1])) == [[1, None]]
    assert read(np.array([1.0, float(2**63), np.nan])) == [[1, None, None]]
    assert read(np.array([1, 2**63 - 1, 2**64 - 1], np.uint64)) == [[1, None, None]]
    assert read(np.array([1, -(2**63)])) == [[1, None]]
    assert read(np.array([1.0, 1.7976931348623157e308, -(2.0**63), 1e300])) == [[1, None, None, 1e300]]
    assert read(texts("1", "1.7976931348623157E308", "18446744073709551615")) == [[1, None, None]]
    assert read(np.array([1, 127], np.int8)) == [[1, 127]]


@pytest.mark.parametrize(
    "values",
    [
        [1.5, None, 2],
        np.array([1.5, np.nan, 2]),
        np.ma.array([1.5, 9, 2], mask=[False, True, False]),
        np.array([1.5, None, "2"], object),
        pd.Series([1.5, None, 2]),
        pd.Series([1.5, pd.NA, 2], dtype="Float64"),
        pd.Series(["1.5", None, "2"]),
        pd.Series([Decimal("1.5"), None, 2], dtype=object),
        pl.Series([1.5, None, 2.0]),
        pl.Series(["1.5", "-", "2"]),
        pl.Series([Decimal("1.5"), None, Decimal(2)]),
        pa.chunked_array([[1.5, None], [2.0]]),
        pa.array(["1.5", None, "2"]),
    ],
)
def test_columns_of_every_package(values):
    assert read(values) == [[1.5, None, 2]]


@pytest.mark.parametrize(
    "values",
    [
        [True, False],
        np.array([1.5, True], object),
        pl.Series([True]),
        pd.Series([True]),
        pd.to_datetime(pd.Series(["2024-01-01"])),
    ],
)
def test_other_types_are_refused(values):
    with pytest.raises(DataError, match=r"numbers are needed, not|is not a number"):
        read(values)


def test_what_was_unusual_is_noted():
    notes: list[str] = []
    read(texts("$1,234.5"), texts("5"), texts("1.5K"), texts("(2.5)"), notes=notes)
    assert notes == [
        "c0: thousands are separated",
        "c0: signs of a currency are left out",
        "c2: K, M, B, T stand for thousands, millions and so on",
        "c3: numbers in parentheses are negative",
    ]
    notes.clear()
    read(texts("187,15"), texts("3,5"), notes=notes)
    assert notes == ["c0, c1: ',' is the decimal point"]
    notes.clear()
    read(texts("187.15", "-"), notes=notes)
    assert notes == []


WIDE = [Decimal("1.1"), Decimal("2.25")]


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        (np.array([1.5, 2.25], np.float16), [1.5, 2.25]),
        (pa.array(np.array([1.5, 2.25], np.float16)), [1.5, 2.25]),
        (pl.Series([7, 2**100], dtype=pl.Int128), [7.0, 2.0**100]),
        (pl.Series([7, None], dtype=pl.Int128), [7.0, None]),
        (pa.array(WIDE, pa.decimal256(50, 9)), [1.1, 2.25]),
        (pa.chunked_array([pa.array(WIDE, pa.decimal128(20, 4))]), [1.1, 2.25]),
    ],
)
def test_numbers_of_unusual_widths(column, expected):
    assert read(column) == [expected]


@pytest.mark.parametrize(
    "column",
    [
        pa.array([[1.0], [2.0]]),
        pa.array([1, 2], pa.duration("s")),
        pa.array([[("a", 1)], []], pa.map_(pa.string(), pa.int32())),
        pa.array([(1, 2, 3), (1, 2, 3)], pa.month_day_nano_interval()),
    ],
)
def test_columns_that_hold_no_numbers_are_refused_by_their_type(column):
    with pytest.raises(DataError, match=r"bars\.c0: numbers are needed, not "):
        read(column)


@pytest.mark.parametrize(
    ("text", "form", "point"),
    [("1.001,5", Form("."), "."), ("1,234.5", Form(","), ","), ("1.2.3", Form(), ".")],
)
def test_the_error_of_a_number_that_is_written_otherwise_says_the_decimal_point(text, form, point):
    with pytest.raises(
        RowError, match=rf"c0 is not a number with the decimal point '\{point}' \(c0='{text}'\)"
    ):
        read(texts("7", text), form=form)


def test_long_columns_are_read_in_threads_with_the_same_numbers_and_errors(monkeypatch):
    columns = {
        "open": np.array([1.0, np.nan, 2.0]),
        "close": ["1", "2", "x"],
        "volume": pl.Series([3, None, 4]),
    }
    valid = columns | {"close": ["1", "2", "3"]}
    alone, form = read_numbers(valid, "bars", Form(None, None), [])
    monkeypatch.setattr(numbers, "_MANY", 0)
    together, same_form = read_numbers(valid, "bars", Form(None, None), [])
    assert same_form == form
    for name in valid:
        assert np.array_equal(alone[name].values, together[name].values, equal_nan=True)
        assert np.array_equal(alone[name].absent, together[name].absent)
    with pytest.raises(RowError, match=r"bars\[2\]: close is not a number \(close='x'\)"):
        read_numbers(columns, "bars", Form(None, None), [])
