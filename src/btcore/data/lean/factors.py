"""Factor files of LEAN: splits and dividends, and prices that are adjusted for them."""

from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from btcore.data.columns import Floats
from btcore.errors import DataError
from btcore.times.intervals import EPOCH_WEEKDAY

from .tables import day_number, open_text

Days = NDArray[np.int64]  # local dates, days since 1970
Dated = list[tuple[str, float]]  # local dates and values, as `Instrument` takes them

_PRICES = ("open", "high", "low", "close", "price", "bid", "ask")
_SIZES = ("volume", "size", "bid_size", "ask_size")
_RATIO = 1e-5  # relative; factors have seven digits


class Factors(NamedTuple):
    """A factor file: the factors of a row hold for the dates up to and including its own.

    An adjusted price is `raw * price * split`. `reference` is the close of the row's date.
    """

    days: Days
    price: Floats
    split: Floats
    reference: Floats

    @property
    def first(self) -> int:
        """The first date of the security."""
        return int(self.days[0])

    def at(self, days: Days) -> tuple[Floats, Floats]:
        """The factors of price and of split on each date; those of the last row after it."""
        rows = np.minimum(np.searchsorted(self.days, days), len(self.days) - 1)
        return self.price[rows], self.split[rows]

    def splits(self, next_day: "NextDay") -> Dated:
        """(ex-date, new shares for one)."""
        found = []
        for row in np.flatnonzero(self.split[1:] != self.split[:-1]):
            ratio = float(self.split[row + 1] / self.split[row])
            simple = Fraction(ratio).limit_denominator(100)
            if simple and abs(float(simple) / ratio - 1) < _RATIO:
                ratio = float(simple)
            found.append((next_day.after(int(self.days[row])), ratio))
        return found

    def dividends(self, next_day: "NextDay", *, split_adjusted: bool) -> Dated:
        """(ex-date, money per share), in the money of its day or in that of split-adjusted prices.

        The amount of a day on which shares are split too is that of a new share.
        """
        found = []
        for row in np.flatnonzero(self.price[1:] != self.price[:-1]):
            paid = round(float(self.reference[row] * (1 - self.price[row] / self.price[row + 1])), 2)
            share = self.split[row] if split_adjusted else self.split[row] / self.split[row + 1]
            if paid > 0:
                found.append((next_day.after(int(self.days[row])), paid * float(share)))
        return found

    def adjusted(self, columns: dict[str, Any], days: Days, *, dividends: bool) -> dict[str, Any]:
        """The columns with prices and sizes adjusted for splits, and for `dividends` too."""
        price, split = self.at(days)
        factor = price * split if dividends else split
        changed = dict(columns)
        for name, column in columns.items():
            if name.removeprefix("bid_").removeprefix("ask_") in _PRICES:
                changed[name] = column * factor
            elif name in _SIZES:
                changed[name] = column / split
        return changed


class NextDay(NamedTuple):
    """The next day of trading: a weekday that is no holiday."""

    holidays: frozenset[str] = frozenset()

    def after(self, day: int) -> str:
        """The date of the next day of trading."""
        while True:
            day += 1
            text = str(np.datetime64(day, "D"))
            if (day + EPOCH_WEEKDAY) % 7 < 5 and text not in self.holidays:
                return text


def read_factors(folder: Path, asset: str, market: str, ticker: str) -> Factors | None:
    """The factor file of a ticker, None if there is none; DataError names file and line of a wrong row."""
    file = folder / asset / market / "factor_files" / f"{ticker.lower()}.csv"
    text = open_text(file)
    if text is None:
        return None
    rows = []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        cells = line.split(",")
        place = f"factor_files/{file.name} line {number}"
        try:
            values = [float(cell) for cell in cells[1:4]]
        except ValueError:
            values = []
        if len(cells) < 4 or len(values) < 3 or not all(0 < value < np.inf for value in values[:2]):
            raise DataError(f"{place}: {line!r} is not date, price factor, split factor, close")
        rows.append((day_number(cells[0], place), *values))
    if not rows or any(after[0] <= before[0] for before, after in pairwise(rows)):
        raise DataError(f"factor_files/{file.name}: the dates must ascend, and there must be one")
    days, price, split, reference = (np.array(column) for column in zip(*rows, strict=True))
    return Factors(days.astype(np.int64), price, split, reference)
