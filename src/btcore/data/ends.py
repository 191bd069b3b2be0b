"""A column with the ends of bars."""

from typing import Any

from btcore.times.intervals import DAY_NS
from btcore.times.rules import TimeRules
from btcore.times.zones import Times, localize, utc_offsets

from .columns import frozen
from .timestamps import read_times


def read_ends(values: Any, rules: TimeRules, *, literal: bool = False) -> tuple[Times, str]:
    """The ends of bars as int64 ns UTC, and a note if they are dates.

    A date is the end of that local day: with its beginning, the close of the day would be known a day early.
    Errors are those of `read_times`.
    """
    read = read_times(values, "bars", rules, "end", literal=literal)
    if not read.dates:
        return read.ns, ""
    local = read.ns + utc_offsets(read.ns, read.zone)
    after = localize(local // DAY_NS * DAY_NS + DAY_NS, read.zone, "bars", "earlier")
    return frozen(
        after
    ), "end: the values are dates; the bars end with these days, at the midnights after them"
