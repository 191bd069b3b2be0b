"""Whether options apply to the data that are read, and columns that were chosen by their names."""

import re

from btcore.errors import DataError

from .names import Found
from .options import TableSettings


def check_applies(kind: str, settings: TableSettings) -> None:
    """DataError for a setting that has no meaning for data of that kind."""
    defaults = TableSettings()
    for names, kinds in _ONLY_FOR.items():
        for name in names:
            if kind not in kinds and getattr(settings, name) != getattr(defaults, name):
                raise DataError(f"{name}: it is for {' and '.join(kinds)}, not for {kind}")


_ONLY_FOR = {
    ("stamp", "calendar", "duplicates"): ("bars",),
    ("crossed",): ("quotes",),
    ("sides",): ("trades",),
}


def check_zone_of_name(found: Found, settings: TableSettings) -> None:
    """DataError if local times are of a column whose name says UTC, but are to be those of another zone."""
    name = found.times[0]
    chosen = "timestamp" in (settings.columns or {})
    if (
        chosen
        or settings.timezone in {None, "UTC", "Etc/UTC", "GMT"}
        or not re.search("utc|gmt", name.lower())
    ):
        return
    raise DataError(
        f"the name of the column {name!r} says UTC, but timezone= is {settings.timezone!r}; "
        f"leave timezone= out, or pass columns={{'timestamp': {name!r}}} if its times are local"
    )


def check_dates_of_ticks(found: Found, settings: TableSettings) -> None:
    """Refuses ticks whose times are dates if the time of day is probably in a column that is not used."""
    if "timestamp" in (settings.columns or {}):
        return
    name = found.times[0]
    clocks = [
        other for other in found.names if other not in found.used and re.search("time|clock", other.lower())
    ]
    if clocks:
        hint = f"the time of day may be in {clocks[0]!r}: columns={{'timestamp': {(name, clocks[0])!r}}}"
        raise DataError(f"the times are dates; {hint}, or columns={{'timestamp': {name!r}}} if it is not")
