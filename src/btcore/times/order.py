"""Checks of the order of times; each is a RowError that names the first invalid row and shows its times."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from btcore.errors import RowError, reject_rows

from .clock import moment_text
from .zones import Times

LATEST = int(np.iinfo(np.int64).max)


def check_sorted(kind: str, times: Times) -> None:
    """RowError unless no time is earlier than the one before."""
    check_neighbours(kind, times, "unsorted: earlier than the row before", times[1:] < times[:-1])


def check_ascending(kind: str, times: Times) -> None:
    """RowError unless each time is later than the one before."""
    check_sorted(kind, times)
    same = "duplicate bar: same timestamp as the row before"
    check_neighbours(kind, times, same, times[1:] == times[:-1])


def check_neighbours(
    kind: str, times: Times, problem: str, invalid: NDArray[np.bool_], hint: str = ""
) -> None:
    """RowError for the first invalid pair of neighbours; `invalid[i]` is about rows i and i + 1."""

    def text(row: int) -> str:
        here, before = moment_text(int(times[row])), moment_text(int(times[row - 1]))
        return f"{problem} (timestamp={here}, before={before}){hint}"

    reject_rows(kind, np.append(False, invalid), text)


def check_no_overlap(kind: str, times: Times, name: str, invalid: NDArray[np.bool_]) -> None:
    """RowError for the first bar that begins before the one before, of the length `name`, has ended."""
    problem = f"overlapping: the bar before is {name} long and has not ended"
    check_neighbours(kind, times, problem, invalid, "; bars of different lengths need a column end")


def check_ends(kind: str, starts: Times, ends: Times) -> None:
    """RowError for the first bar that ends before it has begun, or after the next one begins."""
    reject_rows(kind, ends <= starts, with_times("the end is not after the timestamp", starts, ends))
    late = np.append(ends[:-1] > starts[1:], False)[: len(ends)]
    problem = "the end is after the next bar begins (a date as an end is the end of that day)"
    reject_rows(kind, late, with_times(problem, starts, ends))


def check_last_end(kind: str, times: Times, length: int) -> None:
    """RowError if the last bar ends after the latest time within int64."""
    if len(times) and int(times[-1]) > LATEST - length:
        problem = "ends after the year 2262, the last within the range of int64 nanoseconds"
        raise RowError(kind, len(times) - 1, problem)


def with_times(problem: str, starts: Times, ends: Times) -> Callable[[int], str]:
    """The text of a problem of a row, with its timestamp and end."""
    return lambda row: (
        f"{problem} (timestamp={moment_text(int(starts[row]))}, end={moment_text(int(ends[row]))})"
    )
