"""Times that are texts: ISO 8601 and its relatives, with a UTC offset, the name of a zone, or neither."""

import re
from typing import Any

import numpy as np

from btcore.errors import DataError, reject_rows
from btcore.times.intervals import DAY_NS, HOUR_NS, MINUTE_NS, SECOND_NS
from btcore.times.rules import TimeRules
from btcore.times.zones import Times

from .found import Found, days_since_1970, year_bounds, years_text
from .numbers import from_number_texts
from .text_zones import OFFSET, offset_ns, to_utc

_NUMBER = r"[+-]?\d+(\.\d*)?"
_UNIFORM = re.compile(
    r"\d{4}(?P<dash>[-/]?)\d\d(?P=dash)\d\d(?:(?P<gap>[Tt ])\d\d(?P<colon>:?)\d\d"
    r"(?:(?P<second>(?P=colon)\d\d)(?P<fraction>[.,](?:\d{9}|\d{6}|\d{3}))?)?"
    rf"(?P<zone>\s*(?:Z|z|UTC|{OFFSET}))?)?"
)
_TIME = (
    r"(?:(?:[Tt]|\s+)"
    r"(?:(?P<h1>\d{1,2}):(?P<n1>\d\d)(?::(?P<s1>\d\d)(?:[.,](?P<f1>\d{1,9})0*)?)?"
    r"|(?P<h2>\d\d)(?P<n2>\d\d)(?:(?P<s2>\d\d)(?:[.,](?P<f2>\d{1,9})0*)?)?)"
    r"\s*(?P<zone>[+-]\d\d(?::?\d\d)?|[A-Za-z][\w+/:-]*)?)?$"
)
_YEAR_FIRST = r"^(?P<y>\d{4})(?:[-/.](?P<a1>\d{1,2})[-/.](?P<b1>\d{1,2})|(?P<a2>\d\d)(?P<b2>\d\d))" + _TIME
_YEAR_LAST = r"^(?P<a1>\d{1,2})[-/.](?P<b1>\d{1,2})[-/.](?P<y>\d{4})" + _TIME
_DAY_FIRST, _MONTH_FIRST = "day first", "month first"


def from_texts(texts: Any, kind: str, rules: TimeRules, name: str) -> Found:
    """Times of a polars column of texts without nulls."""
    uniform = _read_uniform(texts, rules)
    if uniform is not None:
        return uniform
    texts = texts.str.strip_chars()
    reject_rows(kind, (texts == "").to_numpy(), lambda _: f"{name} is missing")
    if texts.str.contains(f"^{_NUMBER}$").all():
        return from_number_texts(texts, kind, rules, name)
    if re.match(_YEAR_LAST, texts[0]):
        return _read_year_last(texts, kind, rules, name)
    return _read_fields(texts, _YEAR_FIRST, kind, rules, name)


def _read_uniform(texts: Any, rules: TimeRules) -> Found | None:
    """The times if all texts are written like the first, in years that are allowed; None if not.

    Programs write times that way, and polars parses one fixed format eight times faster than `_read_fields`.
    """
    first = _UNIFORM.fullmatch(texts[0])
    if first is None or first[0].isdigit() or (texts.str.len_bytes() != len(first[0])).any():
        return None
    if _has_other_blanks(texts, first[0]):
        return None
    dash, gap, colon, second, fraction, zone = first.group(
        "dash", "gap", "colon", "second", "fraction", "zone"
    )
    form = f"%Y{dash}%m{dash}%d"
    if gap:
        form += f"{gap}%H{colon}%M" + (f"{colon}%S" if second else "")
        form += f"{fraction[0]}%{len(fraction) - 1}f" if fraction else ""
    # Polars wraps around silently outside of 1677 to 2262: in microseconds it does not. With nine digits the
    # texts themselves show the first and the last year, as those of one shape sort by it.
    unit = "ns" if fraction and len(fraction) == 10 else "us"
    years = rules.allowed_years
    if unit == "ns" and (texts.min()[:4] < f"{years[0]:04}" or texts.max()[:4] > f"{years[1]:04}"):
        return None
    parsed = texts.str.to_datetime(form + (zone or ""), time_unit=unit, strict=False)
    if parsed.null_count():
        return None
    local = parsed.to_physical().to_numpy()
    if unit == "us":
        begin, end = (bound // 1000 for bound in year_bounds(rules))
        if local.min() < begin or local.max() >= end:
            return None
        local = local * 1000
    if second and _has_second_60(texts, local, first):
        return None
    return _found(local, None if zone is None else offset_ns(zone))


def _has_other_blanks(texts: Any, first: str) -> bool:
    """Whether a text has a blank where the first, which is as long, has none: polars reads it as a digit."""
    import polars as pl

    arrow = texts.to_arrow(compat_level=pl.CompatLevel.oldest())
    offsets = np.frombuffer(arrow.buffers()[1], np.int64)[arrow.offset : arrow.offset + len(arrow) + 1]
    letters = np.frombuffer(arrow.buffers()[2], np.uint8)[offsets[0] : offsets[-1]].reshape(len(arrow), -1)
    # Below 33 are blanks, from 128 on the parts of letters beyond ASCII: one comparison of unsigned bytes.
    blanks = [place for place, letter in enumerate(first) if letter == " "]
    expected = all((letters[:, place] == ord(" ")).all() for place in blanks)
    return not expected or np.count_nonzero(letters - np.uint8(33) >= 95) != len(blanks) * len(arrow)


def _has_second_60(texts: Any, local: Times, first: re.Match[str]) -> bool:
    """Whether a text has the second 60, which polars reads as the first of the next minute."""
    if not first["fraction"]:
        return bool(texts.str.ends_with("60" + (first["zone"] or "")).any())
    candidates = texts.filter(local % MINUTE_NS < SECOND_NS)
    return bool((candidates.str.slice(first.end("second") - 2, 2) == "60").any())


def _found(local: Times, offsets: Times | int | None) -> Found:
    if offsets is None:
        return Found(local, local=True, notation="naive", what="texts")
    times = local - offsets if np.any(offsets) else local
    return Found(times, local=False, notation="zoned", what="texts with UTC offsets")


def _read_year_last(texts: Any, kind: str, rules: TimeRules, name: str) -> Found:
    """Dates such as 31/01/2024, if some value tells the day from the month."""
    fields = texts.str.extract_groups(_YEAR_LAST).struct.unnest()
    parts = [_integers(fields[part]) for part in ("a1", "b1")]
    shown = {}
    for order, values in zip((_DAY_FIRST, _MONTH_FIRST), parts, strict=True):
        if (values > 12).any():
            shown[order] = texts[int((values > 12).argmax())]
    if rules.notation in (_DAY_FIRST, _MONTH_FIRST):
        shown.setdefault(rules.notation, "")
    if len(shown) != 1:
        found = " and ".join(repr(text) for text in shown.values())
        problem = f"{texts[0]!r} may begin with the day or the month, and no other text tells which"
        if found:
            problem = f"of {found} one begins with the day and one with the month"
        mark = texts[0].lstrip("0123456789")[0]
        forms = f'"%d{mark}%m{mark}%Y" or "%m{mark}%d{mark}%Y"'
        raise DataError(f"{name}: {problem}; pass time_format=, such as {forms}")
    order, text = next(iter(shown.items()))
    read = _read_fields(texts, _YEAR_LAST, kind, rules, name, day_first=order == _DAY_FIRST)
    what = f"texts with the {order}" + (f", as {text!r} shows" if text else "")
    return read._replace(notation=order, what=what)


def _read_fields(
    texts: Any, pattern: str, kind: str, rules: TimeRules, name: str, *, day_first: bool = False
) -> Found:
    """Times of the fields that a pattern finds in each text."""
    fields = texts.str.extract_groups(pattern).struct.unnest()
    unread = fields["y"].is_null().to_numpy()

    def problem(row: int) -> str:
        if re.match(r"\d{1,2}:\d\d", texts[row]):
            return f"{name} {texts[row]!r} is a time of day without a date"
        return f"{name} {texts[row]!r} is not an ISO 8601 time; pass time_format= for other formats"

    reject_rows(kind, unread, problem)

    def field(*names: str) -> Times:
        found = fields[names[0]]
        for other in names[1:]:
            found = found.fill_null(fields[other]) if other in fields.columns else found
        return _integers(found)

    year, month, day = field("y"), field("a1", "a2"), field("b1", "b2")
    if day_first:
        month, day = day, month
    first, last = rules.allowed_years
    beyond = (year < first) | (year > last)
    reject_rows(kind, beyond, lambda row: f"{name} {texts[row]!r} is {years_text(rules)}")
    days, exists = days_since_1970(year, month, day)
    hour, minute, second = field("h1", "h2"), field("n1", "n2"), field("s1", "s2")
    exists &= (hour < 24) & (minute < 60) & (second < 60)
    reject_rows(kind, ~exists, lambda row: f"{name} {texts[row]!r} is not a time that exists")
    fraction = _integers(fields["f1"].fill_null(fields["f2"]).str.pad_end(9, "0"))
    local = days * DAY_NS + hour * HOUR_NS + minute * MINUTE_NS + second * SECOND_NS + fraction
    if fields["zone"].null_count() == len(texts):
        return _found(local, None)
    return to_utc(local, fields["zone"], texts, kind=kind, rules=rules, name=name)


def _integers(texts: Any) -> Times:
    """A polars column of digits as int64; 0 for a null."""
    import polars as pl

    numbers: Times = texts.cast(pl.Int64).fill_null(0).to_numpy()
    return numbers
