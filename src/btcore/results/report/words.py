"""Values as text: durations in words, money, percent, numbers and times."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from btcore.results.export import rfc3339
from btcore.results.tables import OPTIONAL_TIMES, Table
from btcore.times.intervals import DAY_NS, HOUR_NS, MINUTE_NS, SECOND_NS

UNKNOWN = "n/a"
# The largest unit of a duration, and the next smaller one, which is shown beside it.
TWO_UNITS = (
    (DAY_NS, "day", HOUR_NS, "h"),
    (HOUR_NS, "h", MINUTE_NS, "min"),
    (MINUTE_NS, "min", SECOND_NS, "s"),
)
SMALL_UNITS = ((SECOND_NS, "s"), (10**6, "ms"), (10**3, "µs"), (1, "ns"))
ALONE = 10 * DAY_NS  # from here on a duration is whole days


def duration_words(ns: float) -> str:
    """A duration in words, to two units: 505 days, 3 h 20 min, 1 day, 2.5 s, 40 ms."""
    if not math.isfinite(ns):
        return UNKNOWN
    if ns < 0:
        return "-" + duration_words(-ns)
    if ns >= ALONE - HOUR_NS / 2:
        return f"{round(ns / DAY_NS):,} days"
    for unit, name, smaller, small_name in TWO_UNITS:
        count = round(ns / smaller)
        if count * smaller >= unit and ns >= MINUTE_NS:
            whole, rest = divmod(count, unit // smaller)
            text = f"{whole} {name}{'s' if name == 'day' and whole != 1 else ''}"
            return f"{text} {rest} {small_name}" if rest else text
    for unit, name in SMALL_UNITS:
        if ns >= unit:
            return f"{ns / unit:.4g} {name}"
    return "0 s"


def money(value: float) -> str:
    """Two decimals and commas; n/a for NaN."""
    return f"{value:z,.2f}" if math.isfinite(value) else UNKNOWN


def percent(value: float) -> str:
    """Two decimals, four below a hundredth of a percent, with the unit; n/a for NaN."""
    places = 4 if 1e-4 <= abs(value) < 0.01 else 2
    return f"{value:z,.{places}f} %" if math.isfinite(value) else UNKNOWN


def number(value: float) -> str:
    """At most four decimals, six digits below one; n/a for NaN."""
    if not math.isfinite(value):
        return UNKNOWN
    if value and abs(value) < 1:
        text = f"{value:.6g}"
        return text if "e" in text else text.rstrip("0")
    return f"{value:z,.4f}".rstrip("0").rstrip(".")


def time_texts(name: str, column: Table) -> list[str]:
    """The times of a column in UTC, as short as all of them allow: days, minutes, or all digits.

    "" for a time that does not exist.
    """
    known = column >= 0 if name in OPTIONAL_TIMES else np.ones(len(column), bool)
    texts = rfc3339(np.where(known, column, 0))
    given = [text for text, is_known in zip(texts, known.tolist(), strict=True) if is_known]
    if all(text.endswith("T00:00:00Z") for text in given):
        size = 10
    elif all(len(text) == 20 and text.endswith(":00Z") for text in given):
        size = 16
    else:
        size = 0
    shown = [text[:size] if size else text.rstrip("Z") for text in texts]
    return [text.replace("T", " ") if ok else "" for text, ok in zip(shown, known.tolist(), strict=True)]


def moment(ns: int) -> str:
    """One time in UTC, without a time of day at midnight."""
    return time_texts("timestamp", np.array([ns], np.int64))[0]


def exact(value: Any) -> str:
    """A value with all of its digits, for the attributes of the page."""
    return "" if value is None else repr(value) if isinstance(value, float) else str(value)


def listed(names: Sequence[str], most: int = 8) -> str:
    """Names with commas; beyond `most` their number."""
    more = f" and {len(names) - most:,} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more
