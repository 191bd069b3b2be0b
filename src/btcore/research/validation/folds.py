"""Which rows train and which test: windows over time, purged folds, combinations and paths.

All of it is arithmetic: nothing here reads data or plays a run.
"""

from collections.abc import Sequence
from itertools import combinations
from math import comb
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from btcore.errors import ConfigError
from btcore.times.clock import moment_text

from .spans import Span, Timeline

Rows = NDArray[np.int64]
MOST_SPLITS = 10_000


class Window(NamedTuple):
    """One step of a walk forward, ns UTC: training and test have the rows from a start to before an end."""

    train_start: int
    train_end: int
    test_start: int
    test_end: int


class Spans(NamedTuple):
    """The lengths of the windows; `gap` are those left out between training and test."""

    train: Span
    test: Span
    step: Span
    gap: tuple[Span, ...] = ()


def windows(line: Timeline, spans: Spans, *, anchored: bool, keep_short: bool) -> list[Window]:
    """The windows of a walk forward, in order of time; none of them if the data have no room for one.

    Window i begins i steps after the beginning (an anchored one at the beginning). Its test begins one
    `train` after that and lasts one `test`. A last test that the data do not fill is left out, or shortened
    if `keep_short`. ConfigError if tests would overlap, and for one without a row.
    """
    anchor = line.anchor(spans.train)
    base = line.after(anchor, spans.train)
    found: list[Window] = []
    while base is not None:
        i = len(found)
        begin, test_start = line.after(anchor, spans.step.times(i)), line.after(base, spans.step.times(i))
        if begin is None or test_start is None or test_start > int(line.rows[-1]):
            break
        if found and test_start < found[-1].test_end:
            raise ConfigError("step: it is shorter than test, so that tests would overlap")
        test_end = _test_end(line, spans, base, test_start, i)
        is_short = test_end is None or test_end > line.last
        if is_short and not keep_short:
            break
        stop = line.end if test_end is None or is_short else test_end
        if not np.diff(np.searchsorted(line.rows, [test_start, stop]))[0]:  # else there may be millions
            raise ConfigError(
                f"window {i}: its test, {moment_text(test_start)} to {moment_text(stop)}, has no rows"
            )
        train_end = test_start
        for each in spans.gap:
            train_end = line.after(train_end, each.times(-1)) or 0
        found.append(Window(anchor if anchored else begin, train_end, test_start, stop))
        if is_short:
            break
    return found


def _test_end(line: Timeline, spans: Spans, base: int, test_start: int, i: int) -> int | None:
    """Where test i ends; counted from the first test if the units are equal, so that tests are adjacent."""
    if spans.step.unit == spans.test.unit:
        return line.after(base, Span(spans.step.size * i + spans.test.size, spans.test.unit))
    return line.after(test_start, spans.test)


def groups(size: int, count: int, name: str = "groups") -> list[tuple[int, int]]:
    """`size` periods as `count` groups that follow each other, [first, stop); the first are one longer.

    These are the groups of `np.array_split`. ConfigError, which begins with `name`, for fewer than two groups
    and for empty ones.
    """
    if count < 2:
        raise ConfigError(f"{name}: {count} is not a whole number above 1")
    if size < count:
        raise ConfigError(f"{name}: {count} are more than the {size} periods of returns")
    ends = np.cumsum([size // count + (i < size % count) for i in range(count)]).tolist()
    return list(zip([0, *ends[:-1]], ends, strict=True))


def label_ends(size: int, purge: int) -> Rows:
    """Where the label of each period ends, as the index of a period: after its own and `purge` more."""
    return np.arange(size, dtype=np.int64) + 1 + purge


def purged_train(
    starts: ArrayLike, ends: ArrayLike, tests: Sequence[tuple[int, int]], embargo: int = 0
) -> Rows:
    """The observations that may train, ascending indexes, int64: snippet 7.3 of AFML, for each test.

    starts, ends: when the label of each observation begins and ends; starts ascend, and each end is later
        than its start. They are times, or indexes of observations.
    tests: the observations [first, stop) of each test, contiguous.
    embargo: the number of observations that are left out after the last label of a test has ended.

    Before a test those train whose label ends at or before the beginning of the first label of the test.
    After it those that begin at or after the end of its last label, without the first `embargo` of them. With
    several tests an observation must be allowed by each. ConfigError for a label that does not end after it
    begins: the snippet would let the first and the last observation of a test train.
    """
    begin, end = np.asarray(starts), np.asarray(ends)
    if (end <= begin).any():
        row = int((end <= begin).argmax())
        raise ConfigError(f"ends[{row}]: the label ends at {end[row]}, not after its start {begin[row]}")
    allowed = np.ones(len(begin), np.bool_)
    for first, stop in tests:
        is_before = end <= begin[first]
        after = int(np.searchsorted(begin, end[first:stop].max())) + embargo
        allowed &= is_before | (np.arange(len(begin)) >= after)
    return np.flatnonzero(allowed).astype(np.int64)


def splits(count: int, tests: int) -> list[tuple[int, ...]]:
    """The test groups of each split, in lexicographic order: every choice of `tests` of `count` groups.

    ConfigError unless 1 <= tests < count, and for more than MOST_SPLITS.
    """
    if not 1 <= tests < count:
        raise ConfigError(f"test_groups: {tests} is not from 1 to {count - 1}, one less than groups")
    if comb(count, tests) > MOST_SPLITS:
        raise ConfigError(
            f"groups: {count} groups with {tests} in each test make {comb(count, tests):,} splits, and "
            f"{MOST_SPLITS:,} are the most"
        )
    return list(combinations(range(count), tests))


def paths(count: int, tests: int) -> Rows:
    """The split that tests each group in each path, int64, shape (paths, groups).

    Path j takes the j-th split in which a group is tested (AFML, figures 12.1 and 12.2); there are
    comb(count - 1, tests - 1) paths, and every test of a split is in one of them.
    """
    of_group = [
        [i for i, chosen in enumerate(splits(count, tests)) if group in chosen] for group in range(count)
    ]
    return np.array(of_group, np.int64).T
