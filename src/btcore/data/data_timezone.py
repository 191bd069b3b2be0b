"""The zone of a run: the one that is given, else the one that all data have, else UTC."""

from collections.abc import Mapping
from typing import Literal, NamedTuple

SHOWN = 5  # symbols of one zone in a line of the log


class ZoneChoice(NamedTuple):
    """A zone, why it is that one, and lines of the log about it."""

    timezone: str
    origin: Literal["given", "data", "default"]
    lines: tuple[str, ...]


def choose_timezone(given: str | None, zones: Mapping[str, str | None]) -> ZoneChoice:
    """The zone of a run over symbols whose data have these zones; None is unknown.

    There is a line where a reader may expect another zone: it comes from the data and is not UTC, it is given
    and differs from one of the data, or the data do not agree.
    """
    known = {name for name in zones.values() if name is not None}
    if given is not None:
        differ = {symbol: name for symbol, name in zones.items() if name not in (None, given)}
        line = f"timezone: {given}, as given; that of the data is {_listed(differ)}"
        return ZoneChoice(given, "given", (line,) if differ else ())
    if len(known) == 1 and None not in zones.values():
        (name,) = known
        return ZoneChoice(name, "data", () if name == "UTC" else (f"timezone: {name}, that of the data",))
    line = f"timezone: UTC, as the data have no common one: {_listed(zones)}"
    return ZoneChoice("UTC", "default", (line,) if known - {"UTC"} else ())


def _listed(zones: Mapping[str, str | None]) -> str:
    """Each zone with its symbols; one zone alone without them."""
    by_zone: dict[str, list[str]] = {}
    for symbol, name in zones.items():
        by_zone.setdefault(name or "unknown", []).append(symbol)
    return ", ".join(f"{name} ({listed(symbols, SHOWN)})" for name, symbols in by_zone.items())


def listed(symbols: list[str], shown: int) -> str:
    """The first symbols, and how many more there are."""
    more = len(symbols) - shown
    return ", ".join(symbols[:shown]) + (f" and {more} more" if more > 0 else "")
