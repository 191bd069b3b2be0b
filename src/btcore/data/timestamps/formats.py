"""Times that are texts in a format of the user, in the directives of strptime."""

import re
from typing import Any

from btcore.errors import DataError, reject_rows
from btcore.times.rules import TimeRules

from .found import Found, year_bounds, years_text
from .text_zones import to_utc

# Directive -> the number of characters that it stands for, 0 if that varies.
_WIDTHS: dict[str, int] = {
    **{"Y": 4, "y": 2, "m": 2, "d": 2, "e": 0, "j": 3, "b": 3, "h": 3, "B": 0, "a": 3, "A": 0, "F": 10},
    **{"D": 8, "H": 2, "I": 2, "M": 2, "S": 2, "p": 2, "T": 8, "R": 5, "f": 0, "z": 0, "Z": 0, "%": 1},
    **{"3f": 3, "6f": 6, "9f": 9, ".f": 0, ".3f": 4, ".6f": 7, ".9f": 10},
}
_SHOWN = "%Y %y %m %b %B %d %j %a %A %H %I %M %S %p %f %z %Z %F %T %D %R %%"
_DAYS = {"d", "e", "j", "F", "D"}
_DIRECTIVE = re.compile(r"%(\.?[369]?f|.|$)")
_ZONES = {"z": r"\s*([+-]\d\d(?::?\d\d)?|[Zz]|UTC)$", "Z": r"\s*([A-Za-z][\w+/-]*)$"}


def from_format(texts: Any, kind: str, rules: TimeRules, name: str) -> Found:
    """Times of a polars column of texts in `rules.time_format`."""
    import polars as pl

    given = rules.time_format or ""
    check_format(given)
    original = texts = texts.str.strip_chars()

    def reject(invalid: Any) -> None:
        reject_rows(
            kind, invalid.to_numpy(), lambda row: f"{name} {original[row]!r} is not in the format {given!r}"
        )

    time_format, zones = given, None
    if ending := re.search(r"\s*%([zZ])$", given):
        pattern, time_format = _ZONES[ending[1]], given[: ending.start()]
        zones, texts = texts.str.extract(pattern, 1), texts.str.replace(pattern, "")
        reject(zones.is_null())
    # Polars skips blanks before a number, so that a 12 whose first digit is lost would be a 2.
    reject(texts.str.count_matches(r"\s") != len(re.findall(r"\s", time_format)))
    time_format = _fixed_fraction(time_format, texts, given)
    used = _directives(time_format)
    if used & {"H", "I"} and "M" not in used:  # polars needs the minute
        time_format, texts = f"{time_format} %M", texts + " 00"
    if used & {"S", "T"}:
        reject(texts.str.contains(r"\b60\b") & texts.str.contains(r":60(?:\D|$)"))
    try:
        parsed = texts.str.to_datetime(time_format, time_unit="us", strict=False)
    except pl.exceptions.PolarsError:
        raise DataError(f"time_format: {given!r} is not a format that a time can be read in") from None
    reject(parsed.is_null())
    _reject_years(parsed, original, kind, rules, name)
    if "y" in used or "D" in used:
        both = (parsed.dt.year() == 2069).to_numpy()
        reject_rows(kind, both, lambda row: f"{name} {original[row]!r}: the year 69 could be 1969 or 2069")
    if any("f" in directive for directive in used):
        cut = texts.str.contains(r"[.,]\d{9}0*[1-9]")
        reject_rows(
            kind, cut.to_numpy(), lambda row: f"{name} {original[row]!r} has more digits than nanoseconds"
        )
        parsed = texts.str.to_datetime(time_format, time_unit="ns", strict=False)
    times = parsed.dt.cast_time_unit("ns").to_physical().to_numpy()
    if zones is not None:
        return to_utc(times, zones, original, kind=kind, rules=rules, name=name)
    if parsed.dtype.time_zone is not None:
        return Found(times, local=False, notation="zoned", what="texts with UTC offsets")
    day = "" if used & _DAYS else ", read as the first day of the month"
    return Found(times, local=True, notation="naive", what=f"texts in the format {given!r}{day}")


def check_format(time_format: str) -> None:
    """DataError for a directive that is not allowed, or a format without a date."""

    def refuse(problem: str) -> None:
        raise DataError(f"time_format: {time_format!r} {problem}")

    used = _directives(time_format)
    for directive in sorted(used - set(_WIDTHS)):
        refuse(f"has %{directive}, which is not one of {_SHOWN}")
    if re.search(r"%Z(?!$)", time_format):
        refuse("has %Z, which must be at its end")
    months = {"m", "b", "B", "h"}
    dated = used & {"F", "D"} or (used & {"Y", "y"} and used & (months | {"j"}))
    if not dated:
        refuse("has no date: a year and a month are needed, %Y-%m-%d for example")
    hours = used & {"H", "I", "T", "R"}
    if ("I" in used) != ("p" in used):
        refuse("has only one of %I and %p, which need each other")
    if used & {"M", "S"} and not hours:
        refuse("has minutes or seconds, but no hour")
    if "S" in used and not used & {"M", "R"}:
        refuse("has seconds, but no minutes")
    if any("f" in directive for directive in used) and not used & {"S", "T"}:
        refuse("has a fraction, but no seconds")


def _directives(time_format: str) -> set[str]:
    return set(_DIRECTIVE.findall(time_format))


def _fixed_fraction(time_format: str, texts: Any, given: str) -> str:
    """The format for polars, whose %f is a count of nanoseconds, while strptime's is a fraction of a second.

    After a dot the fraction may have any number of digits; elsewhere all texts must have the same.
    """
    time_format = time_format.replace(".%f", "%.f")
    if "f" not in _directives(time_format):
        return time_format
    others = [directive for directive in _DIRECTIVE.findall(time_format) if directive != "f"]
    lengths = texts.str.len_chars()
    if lengths.min() == lengths.max() and all(_WIDTHS[directive] for directive in others):
        literals = len(_DIRECTIVE.sub("", time_format))
        digits = lengths[0] - literals - sum(_WIDTHS[directive] for directive in others)
        if digits in (3, 6, 9):
            return time_format.replace("%f", f"%{digits}f")
    raise DataError(
        f"time_format: {given!r} needs all texts to have the same 3, 6 or 9 digits for %f; "
        "a fraction of any length follows a dot, as in %S.%f"
    )


def _reject_years(parsed: Any, texts: Any, kind: str, rules: TimeRules, name: str) -> None:
    """RowError for a year that is not allowed: `parsed` is in microseconds, which hold every year."""
    first, end = (bound // 1000 for bound in year_bounds(rules))
    times = parsed.to_physical().to_numpy()

    def problem(row: int) -> str:
        year = parsed.dt.year()[row]
        hint = "; %y reads a year of two digits" if year < 100 else ""
        return f"{name} {texts[row]!r} is of the year {year}, {years_text(rules)}{hint}"

    reject_rows(kind, (times < first) | (times >= end), problem)
