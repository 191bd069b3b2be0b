"""Values as text."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from btcore.results.report.words import duration_words, listed, moment, money, number, percent, time_texts

SECOND, DAY = 10**9, 86_400 * 10**9


@pytest.mark.parametrize(
    ("ns", "words"),
    [
        (43_655_563.64 * SECOND, "505 days"),
        (12_000 * SECOND, "3 h 20 min"),
        (10 * DAY, "10 days"),
        (10 * DAY - 1, "10 days"),
        (3 * DAY + 4 * 3600 * SECOND, "3 days 4 h"),
        (DAY, "1 day"),
        (DAY - 1, "1 day"),
        (2 * DAY, "2 days"),
        (3600 * SECOND, "1 h"),
        (59 * 60 * SECOND + 59.9 * SECOND, "1 h"),
        (61 * SECOND, "1 min 1 s"),
        (59.5 * SECOND, "59.5 s"),
        (0.25 * SECOND, "250 ms"),
        (1500, "1.5 µs"),
        (7, "7 ns"),
        (0, "0 s"),
        (-12_000 * SECOND, "-3 h 20 min"),
        (float("nan"), "n/a"),
        (1e6 * DAY, "1,000,000 days"),
    ],
)
def test_durations(ns, words):
    assert duration_words(ns) == words


@given(st.integers(0, 10**19))
def test_durations_have_at_most_two_units(ns):
    parts = duration_words(ns).split()
    assert len(parts) in (2, 4)
    assert float(parts[0].replace(",", "")) > 0 or ns == 0


def test_numbers():
    assert [money(v) for v in (-0.001, 1234.5, -7.0, float("nan"))] == ["0.00", "1,234.50", "-7.00", "n/a"]
    assert [percent(v) for v in (-0.001, 12.345, -1e-5, float("inf"))] == [
        "-0.0010 %",
        "12.35 %",
        "0.00 %",
        "n/a",
    ]
    assert [number(v) for v in (1.0, 1234.56789, 0.00001234, 0.5, 0.0, -3.10)] == [
        "1", "1,234.5679", "1.234e-05", "0.5", "0", "-3.1",
    ]  # fmt: skip
    assert listed(["a", "b", "c"], 2) == "a, b and 1 more"


def test_times_of_a_column_are_as_short_as_all_of_them_allow():
    assert time_texts("timestamp", np.array([0, DAY])) == ["1970-01-01", "1970-01-02"]
    assert time_texts("timestamp", np.array([0, 60 * SECOND])) == ["1970-01-01 00:00", "1970-01-01 00:01"]
    assert time_texts("timestamp", np.array([0, 5])) == [
        "1970-01-01 00:00:00",
        "1970-01-01 00:00:00.000000005",
    ]
    assert time_texts("recovery", np.array([-1, DAY])) == ["", "1970-01-02"]
    assert time_texts("timestamp", np.array([-DAY])) == ["1969-12-31"]
    assert time_texts("recovery", np.array([-1])) == [""]
    assert moment(DAY) == "1970-01-02"
