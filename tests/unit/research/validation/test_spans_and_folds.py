"""Lengths of windows, windows over a calendar, and properties of purged folds and paths."""

from datetime import datetime, timedelta
from itertools import pairwise
from math import comb
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from btcore.errors import ConfigError
from btcore.research.validation.folds import (
    Spans,
    groups,
    label_ends,
    paths,
    purged_train,
    splits,
    windows,
)
from btcore.research.validation.spans import Span, Timeline, span_of

DAY = 86_400 * 10**9


def at(text: str, zone: str = "UTC") -> int:
    return round(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp()) * 10**9


def days(first: str, count: int, zone: str = "UTC", hour: int = 0) -> Timeline:
    """A row on each local day, at that hour."""
    begin = datetime.fromisoformat(first).replace(hour=hour, tzinfo=ZoneInfo(zone))
    rows = np.array([round((begin + timedelta(days=i)).timestamp()) * 10**9 for i in range(count)], np.int64)
    return Timeline(rows, rows, int(rows[0]), int(rows[-1]) + DAY, zone)


@pytest.mark.parametrize(
    ("given", "span"),
    [
        ("2y", Span(24, "months")),
        ("6mo", Span(6, "months")),
        ("1q", Span(3, "months")),
        ("90d", Span(90 * DAY, "ns")),
        ("2w", Span(14 * DAY, "ns")),
        (timedelta(hours=4), Span(4 * 3600 * 10**9, "ns")),
        ("500 bars", Span(500, "bars")),
        ("1 bar", Span(1, "bars")),
        ("20 periods", Span(20, "periods")),
        (20, Span(20, "periods")),
    ],
)
def test_lengths(given: Any, span: Span) -> None:
    assert span_of("train", given) == span


@pytest.mark.parametrize("given", ["two years", "0 bars", "-1y", 0, -3, 1.5, True, None, "bars", ""])
def test_other_lengths_are_refused(given: Any) -> None:
    with pytest.raises(ConfigError, match=r'^train: .* is not a length of time such as "2y"'):
        span_of("train", given)


def spans(train: Any, test: Any, step: Any = None, *gap: Any) -> Spans:
    return Spans(
        span_of("train", train),
        span_of("test", test),
        span_of("step", test if step is None else step),
        tuple(span_of("purge", each) for each in gap),
    )


def test_windows_of_months_follow_the_clock_of_the_zone() -> None:
    zone = "America/New_York"
    line = days("2020-01-02", 800, zone, hour=9)
    found = windows(line, spans("1y", "6mo"), anchored=False, keep_short=False)
    expected = [
        ("2020-01-02", "2021-01-02", "2021-01-02", "2021-07-02"),
        ("2020-07-02", "2021-07-02", "2021-07-02", "2022-01-02"),
    ]
    assert [tuple(each) for each in found] == [tuple(at(text, zone) for text in row) for row in expected]


def test_months_without_that_day_end_on_their_last_and_tests_follow_each_other() -> None:
    line = days("2020-01-31", 400)
    found = windows(line, spans("1mo", "1mo"), anchored=False, keep_short=False)
    starts = ["2020-02-29", "2020-03-29", "2020-04-29", "2020-05-29"]
    assert [each.test_start for each in found[:4]] == [at(text) for text in starts]
    assert [each.test_end for each in found[:-1]] == [each.test_start for each in found[1:]]
    assert [each.train_start for each in found[:3]] == [
        at(t) for t in ("2020-01-31", "2020-02-29", "2020-03-31")
    ]


def test_a_day_of_23_hours_is_a_day() -> None:
    zone = "America/New_York"
    line = days("2024-03-01", 40, zone)
    found = windows(line, spans("7d", "7d"), anchored=False, keep_short=False)
    assert found[0].test_end == at("2024-03-15", zone)  # the clock jumps on 10 March


def test_the_gap_is_left_out_before_the_test() -> None:
    line = days("2020-01-01", 100)
    found = windows(line, spans(30, 10, None, "5d", 3), anchored=True, keep_short=False)
    assert [(each.test_start - each.train_end) // DAY for each in found] == [8] * len(found)
    assert {each.train_start for each in found} == {line.first}
    assert len(found) == 7


def test_a_step_longer_than_the_test_leaves_a_gap_and_a_shorter_one_is_refused() -> None:
    line = days("2020-01-01", 100)
    found = windows(line, spans(30, 10, 20), anchored=False, keep_short=False)
    assert [(b.test_start - a.test_end) // DAY for a, b in pairwise(found)] == [
        10,
        10,
        10,
    ]
    with pytest.raises(ConfigError, match="step: it is shorter than test"):
        windows(line, spans(30, 10, 5), anchored=False, keep_short=False)


def test_no_room() -> None:
    line = days("2020-01-01", 20)
    assert windows(line, spans(20, 1), anchored=False, keep_short=True) == []
    assert windows(line, spans(15, 6), anchored=False, keep_short=False) == []
    assert len(windows(line, spans(15, 6), anchored=False, keep_short=True)) == 1
    assert len(windows(line, spans(15, 5), anchored=False, keep_short=False)) == 1


LENGTHS = st.one_of(
    st.integers(1, 60),
    st.integers(1, 60).map(lambda n: f"{n} bars"),
    st.integers(1, 60).map(lambda n: f"{n}d"),
    st.integers(1, 3).map(lambda n: f"{n}mo"),
)


@settings(max_examples=200, deadline=None)
@given(
    lengths=st.tuples(LENGTHS, LENGTHS),
    anchored=st.booleans(),
    short=st.booleans(),
    gap=st.integers(0, 9),
    zone=st.sampled_from(["UTC", "Europe/Berlin"]),
)
def test_training_is_before_its_test_and_tests_do_not_overlap(
    lengths: tuple[Any, Any], *, anchored: bool, short: bool, gap: int, zone: str
) -> None:
    line = days("2020-01-15", 300, zone)
    found = windows(line, spans(*lengths, None, *[gap] * bool(gap)), anchored=anchored, keep_short=short)
    for each in found:
        assert each.train_end <= each.test_start < each.test_end <= line.end
        between = line.rows[(line.rows >= each.train_end) & (line.rows < each.test_start)]
        assert len(between) == min(gap, int((line.rows < each.test_start).sum()))
    for one, other in pairwise(found):
        assert one.test_end == other.test_start
        assert one.train_start <= other.train_start
    if short and found:
        assert found[-1].test_end == line.end


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_no_label_of_training_overlaps_one_of_a_test(data: Any) -> None:
    """The rule of the page, row by row: an independent statement of what `purged_train` returns."""
    size = data.draw(st.integers(4, 40))
    starts = np.cumsum(data.draw(st.lists(st.integers(1, 5), min_size=size, max_size=size)))
    ends = starts + np.array(data.draw(st.lists(st.integers(1, 15), min_size=size, max_size=size)))
    embargo = data.draw(st.integers(0, 5))
    count = data.draw(st.integers(2, min(size, 6)))
    chosen = data.draw(st.lists(st.integers(0, count - 1), min_size=1, max_size=count - 1, unique=True))
    tests = [groups(size, count)[g] for g in sorted(chosen)]
    train = set(purged_train(starts, ends, tests, embargo).tolist())
    for first, stop in tests:
        begin, over = starts[first], ends[first:stop].max()
        after = [i for i in range(size) if starts[i] >= over]
        for i in range(size):
            allowed = ends[i] <= begin or (starts[i] >= over and i not in after[:embargo])
            assert allowed or i not in train
            if i in train:
                assert not any(starts[i] < ends[j] and starts[j] < ends[i] for j in range(first, stop))
    expected = {
        i
        for i in range(size)
        if all(
            ends[i] <= starts[first] or i >= int(np.searchsorted(starts, ends[first:stop].max())) + embargo
            for first, stop in tests
        )
    }
    assert train == expected


@settings(max_examples=100, deadline=None)
@given(st.integers(5, 60), st.integers(2, 5), st.integers(0, 8), st.integers(0, 8))
def test_no_period_of_a_test_trains(size: int, count: int, purge: int, embargo: int) -> None:
    for chosen in splits(count, 1 + count // 3):
        tests = [groups(size, count)[g] for g in chosen]
        train = set(purged_train(np.arange(size), label_ends(size, purge), tests, embargo).tolist())
        for first, stop in tests:
            left_out = range(max(first - purge, 0), min(stop + purge + embargo, size))
            assert train.isdisjoint(left_out)
        outside = {i for i in range(size) if all(i < a - purge or i >= b + purge + embargo for a, b in tests)}
        assert train == outside


@pytest.mark.parametrize(("count", "tests"), [(4, 2), (5, 2), (6, 2), (6, 3), (7, 5), (10, 2)])
def test_every_test_of_a_split_is_in_one_path(count: int, tests: int) -> None:
    every, table = splits(count, tests), paths(count, tests)
    assert every == sorted(every)
    assert len(every) == comb(count, tests)
    assert table.shape == (comb(count - 1, tests - 1), count)
    used = [(int(split), group) for path in table for group, split in enumerate(path)]
    assert sorted(used) == sorted((i, group) for i, chosen in enumerate(every) for group in chosen)


def test_groups_are_those_of_numpy() -> None:
    for size, count in ((10, 3), (100, 7), (9, 9)):
        parts = np.array_split(np.arange(size), count)
        assert [(int(p[0]), int(p[-1]) + 1) for p in parts] == groups(size, count)


@pytest.mark.parametrize(("size", "count", "text"), [(3, 4, "more than the 3 periods"), (9, 1, "above 1")])
def test_impossible_groups_are_refused(size: int, count: int, text: str) -> None:
    with pytest.raises(ConfigError, match=text):
        groups(size, count)


@pytest.mark.parametrize(
    ("count", "tests", "text"), [(4, 4, "from 1 to 3"), (4, 0, "from 1 to 3"), (40, 20, "splits")]
)
def test_impossible_splits_are_refused(count: int, tests: int, text: str) -> None:
    with pytest.raises(ConfigError, match=text):
        splits(count, tests)
