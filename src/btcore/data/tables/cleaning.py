"""The rows of a table, ordered, without duplicates and repaired, before a container is made; with notes."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from btcore.data.checks import valid_prices
from btcore.data.columns import Mask
from btcore.errors import RowError
from btcore.times.order import check_neighbours
from btcore.times.rules import ReadTimes

from .names import PRICES
from .options import TableSettings

Index = NDArray[np.intp]

_DONE = {"keep": "kept", "drop": "dropped"}
REPAIRED_ULPS = 4  # units in the last place: as much may come from arithmetic with floats


class Notes:
    """What is said about data that were read: lines, and counts of rows that add up over pieces of a file."""

    def __init__(self) -> None:
        self._lines: dict[str, None] = {}
        self._counts: Counter[str] = Counter()
        self.rows = 0

    def say(self, line: str) -> None:
        """Adds the line unless it is there, or empty."""
        if line:
            self._lines[line] = None

    def count(self, what: str, rows: int) -> None:
        """Adds to the number of rows of which `what` is said."""
        if rows:
            self._counts[what] += rows

    def lines(self) -> tuple[str, ...]:
        """All lines, then the counts."""
        return (*self._lines, *(f"{what}: {rows} of {self.rows} rows" for what, rows in self._counts.items()))


class Rows(NamedTuple):
    """Times and columns of the rows that are left, and the row of the table of each (None: all rows)."""

    times: ReadTimes
    columns: dict[str, NDArray[Any]]
    origin: Index | None = None

    def take(self, chosen: Mask | Index) -> "Rows":
        """The rows of a mask, or in the order of an index."""
        index = np.arange(len(self.times.ns)) if self.origin is None else self.origin
        times = self.times._replace(ns=self.times.ns[chosen])
        return Rows(times, {name: column[chosen] for name, column in self.columns.items()}, index[chosen])

    def within(self, index: Index) -> "Rows":
        """The same rows, if the table they were taken from has the rows `index` of another."""
        return self._replace(origin=index if self.origin is None else index[self.origin])

    def locate_errors(self) -> AbstractContextManager[None]:
        """Makes the row of a RowError the row of the table."""
        return rows_of(self.origin)


@contextmanager
def rows_of(index: Index | None) -> Iterator[None]:
    """Makes the row of a RowError, counted in selected rows, the row of the table."""
    try:
        yield
    except RowError as error:
        if index is None:
            raise
        raise RowError(error.kind, int(index[error.row]), error.problem, error.count) from None


def clean(rows: Rows, kind: str, settings: TableSettings, notes: Notes, hint: Callable[[], str]) -> Rows:
    """The rows in order of time, without what the settings drop, with repaired prices; RowError for the rest.

    `hint` gives the possible reason for bars with the same timestamp, for an error.
    """
    rows = _in_order(rows, kind, settings, notes)
    if kind == "bars":
        rows = _without_duplicates(rows, settings, notes, hint)
        for side in ("", "bid_", "ask_"):
            if f"{side}open" in rows.columns:
                _repair(rows, side, notes)
    if kind == "quotes" and settings.crossed != "refuse":  # which the container does
        rows = _without_crossed(rows, settings, notes)
    return rows


def _in_order(rows: Rows, kind: str, settings: TableSettings, notes: Notes) -> Rows:
    times = rows.times.ns
    falls = times[1:] < times[:-1]
    if not falls.any():
        return rows
    newest_first = bool((times[1:] <= times[:-1]).all())
    if not settings.sort:
        hint = (
            "the rows are newest first; sort=True puts them in order"
            if newest_first
            else "sort=True orders rows by time"
        )
        with rows.locate_errors():
            check_neighbours(kind, times, "unsorted: earlier than the row before", falls, f"; {hint}")
    if newest_first and kind != "bars":
        # Ticks of one time are newest first as well. Of bars, `duplicates` counts in the order of the table.
        notes.count("rows reversed, as they were newest first", len(times))
        return rows.take(np.arange(len(times))[::-1])
    ordered = rows.take(np.argsort(times, kind="stable"))
    notes.count("rows put in order of time, those of one time as in the table", len(times))
    if kind != "bars":
        same = ordered.times.ns[1:] == ordered.times.ns[:-1]
        notes.count(
            "rows with the time of the row before, whose order may be the other way round", int(same.sum())
        )
    return ordered


def _without_duplicates(rows: Rows, settings: TableSettings, notes: Notes, hint: Callable[[], str]) -> Rows:
    times = rows.times.ns
    same = times[1:] == times[:-1]
    if not same.any():
        return rows
    if settings.duplicates == "refuse":
        with rows.locate_errors():
            problem = "duplicate bar: same timestamp as the row before"
            check_neighbours("bars", times, problem, same, f"; {hint()}")
    # Of the rows with one timestamp, the first has no equal row before it, the last none after it.
    kept = ~np.append(False, same) if settings.duplicates == "first" else ~np.append(same, False)
    notes.count(
        f"bars dropped, as others have their timestamp (the {settings.duplicates} is kept)", int(same.sum())
    )
    return rows.take(kept)


def _repair(rows: Rows, side: str, notes: Notes) -> None:
    """Moves high and low to an open or close that is beyond them by a few units in the last place."""
    opened, high, low, closed = (rows.columns[f"{side}{price}"] for price in PRICES)
    if valid_prices(opened, high, low, closed, -np.inf):
        return
    top, bottom = np.maximum(opened, closed), np.minimum(opened, closed)
    beyond = ~((top <= high) & (low <= bottom))
    with np.errstate(invalid="ignore"):
        above = beyond & (top > high) & (top - high <= REPAIRED_ULPS * np.spacing(np.abs(high)))
        below = beyond & (bottom < low) & (low - bottom <= REPAIRED_ULPS * np.spacing(np.abs(low)))
    rows.columns[f"{side}high"] = np.where(above, top, high)
    rows.columns[f"{side}low"] = np.where(below, bottom, low)
    what = "bars repaired: open or close was beyond high or low by a rounding error"
    notes.count(f"{what} of {side[:-1]}" if side else what, int((above | below).sum()))


def _without_crossed(rows: Rows, settings: TableSettings, notes: Notes) -> Rows:
    crossed = rows.columns["bid"] > rows.columns["ask"]
    if not crossed.any():
        return rows
    notes.count(f"crossed quotes (bid > ask) {_DONE[settings.crossed]}", int(crossed.sum()))
    return rows if settings.crossed == "keep" else rows.take(~crossed)
