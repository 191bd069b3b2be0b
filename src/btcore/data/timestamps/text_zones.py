"""UTC offsets and names of zones at the end of texts."""

import re
from typing import Any

import numpy as np

from btcore.errors import ConfigError, RowError, reject_rows
from btcore.times.clock import zone
from btcore.times.intervals import HOUR_NS, MINUTE_NS
from btcore.times.rules import TimeRules
from btcore.times.zones import Times, localize

from .found import Found, numbered_among

_UTC = ("Z", "UTC", "GMT")
_NAMED_OFFSET = re.compile(r"(?:GMT|UTC)([+-]\d\d:?\d\d)", re.IGNORECASE)  # GMT+0100 is an hour ahead of UTC
OFFSET = r"[+-](?:0\d|1[0-5])(?::?[0-5]\d)?"


def offset_ns(text: str) -> int:
    """The nanoseconds of "Z", "UTC", "+hh", "+hhmm" or "+hh:mm"."""
    digits = re.sub(r"\D", "", text)
    if not digits:
        return 0
    sign = -1 if "-" in text else 1
    return sign * (int(digits[:2]) * HOUR_NS + int(digits[2:] or 0) * MINUTE_NS)


def to_utc(local: Times, zones: Any, texts: Any, *, kind: str, rules: TimeRules, name: str) -> Found:
    """UTC times of local ones, by the text of the zone of each: an offset or an IANA name.

    `zones` and `texts` are polars columns. RowError for a text without a zone, or with one that is unknown.
    """
    missing = zones.is_null().to_numpy()
    reject_rows(kind, missing, lambda row: f"{name} {texts[row]!r} has no UTC offset, but others have")
    times = local.copy()
    named = []
    for text in zones.unique(maintain_order=True):
        rows = np.flatnonzero((zones == text).to_numpy())
        offset = _NAMED_OFFSET.sub(r"\1", text)
        if offset.upper() in _UTC or re.fullmatch(OFFSET, offset):
            times[rows] -= offset_ns(offset)
            continue
        if problem := _problem(text):
            first = int(rows[0])
            what = f"{name} {texts[first]!r} is not a time: {problem}"
            raise RowError(kind, first, what, len(rows))
        named.append(text)
        with numbered_among(rows):
            times[rows] = localize(local[rows], text, kind, rules.dst)
    if not named:
        return Found(times, local=False, notation="zoned", what="texts with UTC offsets")
    single = named[0] if len(named) == zones.n_unique() == 1 else None
    what = f"texts in {single}" if single else f"texts with the names of zones: {', '.join(named)}"
    return Found(times, local=False, notation="zoned", what=what, zone=single)


def _problem(text: str) -> str:
    """What is wrong with the name of a zone; "" for an IANA name."""
    if text.upper() in ("AM", "PM"):
        return f"{text} needs time_format= with %I and %p"
    if text[0] in "+-" or re.match(r"(?:GMT|UTC)[+-]", text):  # GMT+1 is an hour behind UTC in names of zones
        return f"{text} is not a UTC offset"
    if "/" not in text and text == text.upper():
        return (
            f"{text} is an abbreviation, which several zones may share; remove it and pass "
            "timezone= with an IANA name such as 'America/New_York'"
        )
    try:
        zone(text)
    except ConfigError:
        return f"{text} is not a known IANA time zone such as 'America/New_York'"
    return ""
