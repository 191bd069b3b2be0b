"""How a column of times is to be read, and what was read; `btcore.data.timestamps.read_times` does it."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from .clock import FIRST_YEAR, LAST_YEAR
from .zones import Dst, Times


class TimeRules(NamedTuple):
    """How to read times.

    `timezone` is that of local times, None for UTC or the zone that the column itself names. Numbers count
    `unit` ("s", "ms", "us", "ns" since 1970, or "excel" for the day numbers of spreadsheets; None: inferred,
    one for the whole column; "by_row": inferred for each row). Texts are in `time_format` (of strptime), None
    for ISO 8601. `dst` says what a local time is that a change of the clock skips or repeats. Times outside
    `years`, both included, are refused. `notation` is that of the first piece of a file read in pieces, which
    holds for the others.
    """

    timezone: str | None = None
    unit: str | None = None
    time_format: str | None = None
    dst: Dst = "raise"
    years: tuple[int, int] = (1800, 2100)
    notation: str = ""

    @property
    def allowed_years(self) -> tuple[int, int]:
        """`years`, as far as int64 nanoseconds reach."""
        return max(self.years[0], FIRST_YEAR), min(self.years[1], LAST_YEAR)


class ReadTimes(NamedTuple):
    """Times that have been read.

    `ns` is read-only int64 ns UTC. `dates` is true if the values were dates without a time of day. Bars
    follow the local clock of `zone`, an IANA name. `note` is one line that says what was read, "" if nothing
    was inferred or assumed. `notation` is how the values are written: the unit of numbers, "naive" or "zoned"
    texts. `counts` says of how many times something was decided. `local` is true if the values
    were local times, `zone_known` if `zone` was given or named by the column, not assumed.
    """

    ns: Times
    dates: bool = False
    zone: str = "UTC"
    note: str = ""
    notation: str = ""
    counts: Mapping[str, int] = MappingProxyType({})
    local: bool = False
    zone_known: bool = False

    @property
    def timezone(self) -> str | None:
        """The zone of the times, None if it was not given."""
        return self.zone if self.zone_known else None
