"""The market-hours database of LEAN -> trading hours of btcore."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from btcore.config import TradingHours
from btcore.errors import ConfigError, DataError
from btcore.times.clock import zone
from btcore.times.hours import DAYS

from .tables import open_text

FILE = "market-hours/market-hours-database.json"
_DAY, _WEEK = 86_400, 7 * 86_400  # seconds
_SUNDAY_FIRST = ("sunday", *DAYS[:6])
# The time at which a day of a market without a close ends: LEAN lets DAY orders expire then.
_ENDS_OF_DAYS = {"forex": 17 * 3600, "cfd": 17 * 3600}


class MarketHours(NamedTuple):
    """The zone of an exchange, its sessions (None if it has none), and a note about what is left out."""

    timezone: str
    sessions: TradingHours | None
    note: str = ""


class HoursDatabase:
    """The entries of the database by asset, market and symbol."""

    def __init__(self, entries: Mapping[str, Any]) -> None:
        self._entries = {name.lower(): entry for name, entry in entries.items()}

    @classmethod
    def read(cls, folder: Path) -> "HoursDatabase | None":
        """The database of a LEAN folder, None if it has none; DataError if it cannot be read."""
        text = open_text(folder / FILE)
        if text is None:
            return None
        try:
            return cls(msgspec.json.decode(text)["entries"])
        except (msgspec.DecodeError, KeyError, TypeError, AttributeError) as error:
            raise DataError(f"{FILE}: it is not JSON with entries") from error

    def find(self, asset: str, market: str, symbol: str) -> MarketHours | None:
        """The hours of a symbol, or those of all symbols of its market; None if there are none."""
        for name in (symbol, "[*]"):
            key = f"{asset}-{market}-{name}".lower()
            if key in self._entries:
                try:
                    return market_hours(self._entries[key], asset)
                except (KeyError, TypeError, ValueError, ConfigError) as error:
                    raise DataError(f"{FILE}: {key}: {error}") from error
        return None


def market_hours(entry: Mapping[str, Any], asset: str) -> MarketHours:
    """The hours of one entry: its segments of the state "market"."""
    timezone = zone_name(entry["exchangeTimeZone"])
    segments = []
    for number, day in enumerate(_SUNDAY_FIRST):
        for segment in entry.get(day, ()):
            if segment["state"] == "market":
                begin, end = (number * _DAY + seconds_of(segment[side]) for side in ("start", "end"))
                segments.append((begin, end))
    pieces = [piece for span in joined(segments) for piece in cut_by_days(span, asset)]
    if not pieces:
        return MarketHours(timezone, None)
    week: dict[str, list[tuple[str, str]]] = {}
    for begin, end in pieces:
        last_day, seconds = divmod(end - 1, _DAY)
        pair = clock(begin % _DAY), clock(seconds + 1)
        week.setdefault(_SUNDAY_FIRST[last_day % 7], []).append(pair)
    hours = TradingHours(
        timezone=timezone,
        week={day: week[day] for day in DAYS if day in week},
        holidays=[iso(text) for text in entry.get("holidays", ())],
        early_closes={iso(day): clock(seconds_of(at)) for day, at in entry.get("earlyCloses", {}).items()},
        late_opens={iso(day): clock(seconds_of(at)) for day, at in entry.get("lateOpens", {}).items()},
    )
    return MarketHours(timezone, hours)


def joined(segments: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Spans of the week in seconds, of segments without a gap between them; the week is a circle."""
    spans: list[tuple[int, int]] = []
    for begin, end in sorted(segments):
        if spans and spans[-1][1] == begin:
            spans[-1] = (spans[-1][0], end)
        else:
            spans.append((begin, end))
    if len(spans) > 1 and spans[0][0] == 0 and spans[-1][1] == _WEEK:
        spans[0] = (spans.pop()[0] - _WEEK, spans[0][1])
    return spans


def cut_by_days(span: tuple[int, int], asset: str) -> list[tuple[int, int]]:
    """The span cut at the end of each day of a market that does not close, in pieces of a day or less."""
    at = _ENDS_OF_DAYS.get(asset, 0)
    if asset not in _ENDS_OF_DAYS and span[1] - span[0] <= _DAY:
        return [span]
    pieces, begin = [], span[0]
    while begin < span[1]:
        end = min((begin - at) // _DAY * _DAY + _DAY + at, span[1])
        pieces.append((begin, end))
        begin = end
    return pieces


def seconds_of(text: str) -> int:
    """Seconds of a time such as 09:30:00, or 1.00:00:00 for the end of a day."""
    match = re.fullmatch(r"(?:(\d)[.:])?(\d\d?):(\d\d?):(\d\d?)", text)
    if match is None:
        raise ValueError(f"{text!r} is not a time HH:MM:SS")
    days, hours, minutes, seconds = (int(part or 0) for part in match.groups())
    return ((days * 24 + hours) * 60 + minutes) * 60 + seconds


def clock(seconds: int) -> str:
    """The text of a time of day: "09:30", "24:00"."""
    minutes, second = divmod(seconds, 60)
    text = f"{minutes // 60:02}:{minutes % 60:02}"
    return f"{text}:{second:02}" if second else text


def iso(text: str) -> str:
    """The date M/D/YYYY as YYYY-MM-DD."""
    month, day, year = (int(part) for part in text.split("/"))
    return f"{year:04}-{month:02}-{day:02}"


def zone_name(text: str) -> str:
    """The IANA name of a zone of LEAN: "UTC-05" is Etc/GMT+5."""
    match = re.fullmatch(r"UTC([+-])(\d\d)", text)
    name = f"Etc/GMT{'+' if match[1] == '-' else '-'}{int(match[2])}" if match else text
    return str(zone(name))
