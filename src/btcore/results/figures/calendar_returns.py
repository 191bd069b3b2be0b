"""Returns of local calendar months and years."""

from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from btcore.times.clock import to_ns

MONTH = np.dtype([("year", np.int64), ("month", np.int64), ("return", np.float64)])
YEAR = np.dtype([("year", np.int64), ("return", np.float64)])
Column = NDArray[Any]


def monthly(timestamp: Column, equity: Column, timezone: str) -> Column:
    """The return in percent of each local calendar month that has points, records of MONTH.

    It goes from the last equity of the month before, at first from the first point of the curve, to the last
    of the month. A point at time t belongs to the month of t - 1 ns. NaN on a base at or below zero.
    """
    rows: list[tuple[int, int, float]] = []
    if len(timestamp) < 2:
        return np.array(rows, MONTH)
    first, last = (
        datetime.fromisoformat(str(np.datetime64(int(t), "us"))) for t in timestamp[[0, -1]] // 1000
    )
    base, done, month = float(equity[0]), 1, 12 * first.year + first.month - 2  # a zone may be behind UTC
    while done < len(timestamp) and month <= 12 * last.year + last.month:
        year, number = divmod(month, 12)
        after = datetime(year + (number == 11), (number + 1) % 12 + 1, 1)
        count = int(np.searchsorted(timestamp, to_ns(after, timezone), side="right"))
        if count > done:
            close = float(equity[count - 1])
            rows.append((year, number + 1, 100.0 * (close / base - 1.0) if base > 0.0 else np.nan))
            base, done = close, count
        month += 1
    return np.array(rows, MONTH)


def yearly(months: Column) -> Column:
    """The return in percent of each year, records of YEAR: that of its `months`, compounded."""
    years = list(dict.fromkeys(months["year"].tolist()))
    growth = [np.prod(1.0 + months["return"][months["year"] == year] / 100.0) for year in years]
    return np.array([(year, 100.0 * (g - 1.0)) for year, g in zip(years, growth, strict=True)], YEAR)
