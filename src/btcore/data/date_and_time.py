"""A date and a time of day in two columns -> one column of texts that `read_times` reads."""

from typing import Any

import numpy as np

from btcore.errors import DataError, RowError

_CLOCK = r"^\d{1,2}:\d{2}(:\d{2}([.,]\d+)?)?\s*([AaPp]\.?[Mm]\.?)?\s*(Z|UTC|[+-]\d{2}:?\d{2})?$"
_WIDTHS = (4, 6, 9)  # of times in digits: HHMM, HHMMSS, HHMMSSmmm


def text_column(values: Any) -> Any:
    """A column of any package as a polars column of texts; dates and times of day are ISO 8601."""
    import polars as pl

    package = type(values).__module__.partition(".")[0]
    if package == "pyarrow":
        values = pl.from_arrow(values)
    elif package != "polars":
        array = np.asarray(values)
        values = pl.Series(array.tolist(), strict=False) if array.dtype.kind in "OUS" else pl.Series(array)
    if values.dtype == pl.Date:
        return values.dt.strftime("%Y-%m-%d")
    if values.dtype == pl.Time:
        return values.dt.strftime("%H:%M:%S%.f")
    if values.dtype == pl.Datetime:
        return values.dt.strftime("%Y-%m-%d")
    if values.dtype.is_float():
        values = values.cast(pl.Int64, strict=False)  # integers with gaps are floats in pandas
    return values.cast(pl.String).str.strip_chars()


def are_times_of_day(values: Any) -> bool:
    """Whether every value is a time of day: 09:30, 9:30:15 AM, 093000."""
    import polars as pl

    texts = text_column(values).drop_nulls()
    texts = texts.filter(texts != "")
    digits = texts.cast(pl.Int64, strict=False)
    return bool((texts.str.contains(_CLOCK) | (digits.is_not_null() & (texts.str.len_chars() <= 6))).all())


def joined(dates: Any, times: Any, kind: str, names: tuple[str, ...], time_format: str | None) -> Any:
    """Texts "date time", null where one of the two is missing.

    Without `time_format` dates are written YYYY-MM-DD if the year comes first, and times HH:MM:SS. RowError
    for a time that is none; DataError for times in digits whose number does not tell what they are.
    """
    import polars as pl

    day, clock = text_column(dates), text_column(times)
    if time_format is None:
        day = _iso_dates(day)
        clock = _clock(clock, kind, names[1])
    empty = (day == "") | (clock == "")
    return pl.select(pl.when(~empty).then(day + " " + clock)).to_series()


def _iso_dates(texts: Any) -> Any:
    plain = texts.str.replace(r"^(\d{4})[-./](\d{1,2})[-./](\d{1,2})$", "${1}-0${2}-0${3}")
    return plain.str.replace(r"-0(\d\d)-", "-${1}-").str.replace(r"-0(\d\d)$", "-${1}")


def _clock(texts: Any, kind: str, name: str) -> Any:
    """Times of day as HH:MM:SS, with what follows the seconds."""
    import polars as pl

    digits = texts.str.contains(r"^\d+$").fill_null(False)
    if digits.any():
        texts = _from_digits(texts, digits, name)
    invalid = ~texts.str.contains(_CLOCK).fill_null(True) & (texts != "")
    if invalid.any():
        row = int(invalid.arg_max())
        raise RowError(kind, row, f"{name} is not a time of day ({name}={texts[row]!r})", int(invalid.sum()))
    texts = texts.str.replace(r"^(\d):", "0${1}:").str.replace(",", ".", literal=True)
    halves = texts.str.contains(r"[AaPp]\.?[Mm]").fill_null(False)
    if not halves.any():
        return texts
    plain = (
        texts.str.to_uppercase().str.replace_all(r"\.([MA]?)(M?)\.?$", "${1}${2}").str.replace_all(r"\s", "")
    )
    read = pl.select(
        pl.coalesce(
            plain.str.to_time(form, strict=False) for form in ("%I:%M:%S%p", "%I:%M%p", "%I:%M:%S%.f%p")
        )
    ).to_series()
    return pl.select(pl.when(halves).then(read.dt.strftime("%H:%M:%S%.f")).otherwise(texts)).to_series()


def _from_digits(texts: Any, digits: Any, name: str) -> Any:
    """HHMM, HHMMSS or HHMMSSmmm, whose leading zeros may be lost, as HH:MM:SS.mmm."""
    import polars as pl

    longest = int(texts.filter(digits).str.len_chars().max())
    if longest > _WIDTHS[-1] or (longest < 3 and (texts.filter(digits).cast(pl.Int64) != 0).any()):
        example = texts.filter(digits)[0]
        raise DataError(
            f"{name}: {example!r} is not a time of day HHMM, HHMMSS or HHMMSSmmm; pass time_format="
        )
    width = next(width for width in _WIDTHS if longest <= width)
    padded = texts.str.zfill(width)
    read = padded.str.replace(r"^(\d\d)(\d\d)$", "${1}:${2}").str.replace(
        r"^(\d\d)(\d\d)(\d\d)$", "${1}:${2}:${3}"
    )
    read = read.str.replace(r"^(\d\d)(\d\d)(\d\d)(\d{3})$", "${1}:${2}:${3}.${4}")
    return pl.select(pl.when(digits).then(read).otherwise(texts)).to_series()
