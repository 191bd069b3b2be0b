"""Positions and labels of the ticks of a chart, and the selection of points of a long curve."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from btcore.results.tables import Table
from btcore.times.intervals import DAY_NS, HOUR_NS, MINUTE_NS, SECOND_NS

# numpy unit, its length in ns (approximate for months and years), steps in that unit, format of the label
TIME_STEPS = (
    ("ms", SECOND_NS // 1000, (1, 10, 100), "%f"),
    ("s", SECOND_NS, (1, 2, 5, 10, 15, 30), "%H:%M:%S"),
    ("m", MINUTE_NS, (1, 2, 5, 10, 15, 30), "%H:%M"),
    ("h", HOUR_NS, (1, 2, 3, 6, 12), "%d %b %H:%M"),
    ("D", DAY_NS, (1, 2, 7, 14), "%d %b %Y"),
    ("M", 30 * DAY_NS, (1, 2, 3, 6), "%b %Y"),
    ("Y", 365 * DAY_NS, (1, 2, 5, 10, 20, 50, 100), "%Y"),
)


def decimate(values: Table, limit: int) -> Table:
    """Indexes of at most `limit` values: the first, the last, and the lowest and highest of each interval."""
    size = len(values)
    if size <= limit:
        return np.arange(size)
    width = -(-size // max((limit - 2) // 2, 1))
    whole = size // width * width
    known = np.where(np.isfinite(values), values, 0.0)
    rows = known[:whole].reshape(-1, width)
    first = np.arange(0, whole, width)
    keep = [first + rows.argmin(1), first + rows.argmax(1), np.array([0, size - 1])]
    if whole < size:
        keep.append(whole + np.array([known[whole:].argmin(), known[whole:].argmax()]))
    return np.unique(np.concatenate(keep))


def spread(size: int, most: int) -> Table:
    """The indexes of at most `most` of `size` rows, evenly spread."""
    return np.arange(size) if size <= most else np.arange(most) * size // most


def value_ticks(low: float, high: float, about: int = 5) -> list[float]:
    """Round numbers between `low` and `high`: steps of 1, 2 or 5 times a power of ten."""
    rough = (high - low) / about
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * n for n in (1, 2, 5, 10) if power * n >= rough * (1 - 1e-9))
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [i * step for i in range(first, last + 1)]


def value_labels(ticks: Sequence[float]) -> list[str]:
    """Thousands as k, millions as M; as many decimals as the labels need to differ."""
    largest = max((abs(tick) for tick in ticks), default=0.0)
    unit, letter = next(
        ((n, s) for n, s in ((1e12, "T"), (1e9, "B"), (1e6, "M"), (1e4, "k")) if largest >= n), (1.0, "")
    )
    unit = 1e3 if letter == "k" else unit
    for decimals in range(7):
        labels = [f"{tick / unit:,.{decimals}f}{letter}" for tick in ticks]
        if len(set(labels)) == len(ticks):
            break
    return labels


def time_ticks(start: int, end: int, most: int = 9) -> list[tuple[int, str]]:
    """(ns, label) of at most about `most` round times in UTC between `start` and `end`."""
    fitting = (
        (unit, step, form)
        for unit, width, steps, form in TIME_STEPS
        for step in steps
        if end - start <= most * width * step
    )
    unit, step, form = next(fitting, ("Y", 100, "%Y"))
    span: Any = np.array([start, end]).astype("datetime64[ns]").astype(f"datetime64[{unit}]").astype(np.int64)
    marks = np.arange(span[0] // step * step, span[1] + 1, step)
    moments = marks.astype(f"datetime64[{unit}]").astype("datetime64[ns]")
    inside = [(int(moment.astype(np.int64)), moment) for moment in moments]
    return [(at, _tick_text(moment, form)) for at, moment in inside if start <= at <= end]


def _tick_text(moment: np.datetime64, form: str) -> str:
    if form == "%f":
        return str(moment.astype("datetime64[ms]"))[11:]
    text: str = moment.astype("datetime64[s]").item().strftime(form)
    return text
