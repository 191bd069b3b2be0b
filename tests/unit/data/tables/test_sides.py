"""Sides of trades, as vendors write them, become 1, -1 and 0; letters with two meanings are refused."""

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from btcore.data.tables.sides import maker_column, side_column
from btcore.errors import DataError, RowError


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (["B", "A", "N"], [1, -1, 0]),
        (["b", " a ", None, ""], [1, -1, 0, 0]),
        (["buy", "SELL", "none", "unknown"], [1, -1, 0, 0]),
        (["B", "S", "N"], [1, -1, 0]),
        (["1", "-1", "0", "+1"], [1, -1, 0, 1]),
        ([b"buy", b"sell"], [1, -1]),
        (np.array([1, -1, 0]), [1, -1, 0]),
        (np.array([1.0, -1.0, np.nan]), [1, -1, 0]),
        (pd.Series(["B", None, "A"]), [1, 0, -1]),
        (pd.Series([1, pd.NA, -1], dtype="Int64"), [1, 0, -1]),
        (pl.Series(["A", "B", None]), [-1, 1, 0]),
        (pa.chunked_array([["B"], ["N", "A"]]), [1, 0, -1]),
    ],
)
def test_sides(values, expected):
    assert side_column(values).tolist() == expected


def test_the_meaning_of_letters_of_the_book_is_noted():
    notes: list[str] = []
    side_column(["A", "B"], notes=notes)
    assert notes == ["side: A is a sale, B a purchase, N unknown"]
    notes.clear()
    side_column(["B", "S"], notes=notes)
    assert notes == []


@pytest.mark.parametrize("values", [["A", "S"], ["A", "buy"], ["A", "B", "bid"], ["ask", "bid"], ["A", "1"]])
def test_letters_with_two_meanings_are_refused(values):
    with pytest.raises(RowError, match=r"side is not"):
        side_column(values)


@pytest.mark.parametrize(
    ("values", "sides", "expected"),
    [
        (["x", "y", "z"], {"x": 1, "y": -1, "z": 0}, [1, -1, 0]),
        (["A", "B"], {"A": 1, "B": -1}, [1, -1]),
        ([1, 2, 1], {1: 1, 2: -1}, [1, -1, 1]),
        (np.array([1.0, 2.0]), {1: 1, 2: -1}, [1, -1]),
        ([True, False, None], {True: 1, False: -1}, [1, -1, 0]),
        (pl.Series(["Ask", "Bid", None]), {"ask": 1, "bid": -1}, [1, -1, 0]),
    ],
)
def test_sides_by_a_mapping(values, sides, expected):
    assert side_column(values, sides=sides).tolist() == expected


def test_values_that_are_no_side_are_refused():
    with pytest.raises(RowError, match=r"side is not one of the values in sides, 'x' \(side='B'\)"):
        side_column(["x", "B"], sides={"x": 1})
    with pytest.raises(RowError, match=r"trades\[1\]: side is not buy or sell, \+1, -1 or 0 \(side='long'\)"):
        side_column(["buy", "long"])
    with pytest.raises(RowError, match=r"trades\[1\]: side is not \+1, -1 or 0 \(side=2\)"):
        side_column([1, 2])
    with pytest.raises(DataError, match=r"trades\.side: .* are needed, not bool; pass sides="):
        side_column([True, False])


@pytest.mark.parametrize(
    "values",
    [
        [True, False, True],
        np.array([True, False, True]),
        ["true", "False", "TRUE"],
        ["t", "f", "t"],
        [1, 0, 1],
        np.array([1.0, 0.0, 1.0]),
        pl.Series(["1", "0", "1"]),
        pd.Series([True, False, True]),
        pa.array([True, False, True]),
    ],
)
def test_a_buyer_who_is_the_maker_is_a_sale(values):
    assert maker_column(values).tolist() == [-1, 1, -1]


@pytest.mark.parametrize("value", [None, "perhaps", 2, ""])
def test_other_makers_are_refused(value):
    with pytest.raises(RowError, match=r"trades\[1\]: buyer_maker is not true, false, 1 or 0"):
        maker_column([True, value])


@pytest.mark.parametrize("values", [[1, 0, 1], np.array([1, 0]), ["1", "0"], np.array([1.0, 0.0, np.nan])])
def test_ones_and_zeros_may_be_purchases_and_sales_and_are_noted(values):
    notes: list[str] = []
    side_column(values, notes=notes)
    assert notes == ["side: 1 is a purchase, 0 unknown, and -1 does not occur"]


@pytest.mark.parametrize("values", [[1, 1], [1, 0, -1], np.array([1, 0, -1]), ["buy", "0", "1"], [0, 0]])
def test_other_sides_are_not_noted(values):
    notes: list[str] = []
    side_column(values, notes=notes)
    assert notes == []


@pytest.mark.parametrize("values", [[1, 2], np.array([1, 2]), ["bid", "ask"], ["A", "S"]])
def test_the_error_of_an_unknown_side_names_the_option(values):
    with pytest.raises(RowError, match=r"; sides= says what other values mean"):
        side_column(values)
