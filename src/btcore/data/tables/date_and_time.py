"""A date and a time of day in two columns -> one column of texts that `read_times` reads."""

from typing import Any

import numpy as np

from btcore.errors import DataError, RowError

_CLOCK = r"^\d{1,2}:\d{2}(:\d{2}([.,]\d+)?)?\s*([AaPp]\.?[Mm]\.?)?\s*(Z|UTC|[+-]\d{2}:?\d{2})?$"
WIDTHS = {4: "HHMM", 6: "HHMMSS", 9: "HHMMSSmmm"}  # times of day in digits


def _series(values: Any) -> Any:
    """A column of any package in polars."""
    import polars as pl

    package = type(values).__module__.partition(".")[0]
    if package == "polars":
        return values
    try:
        if package == "pyarrow":
            return pl.from_arrow(values)
        array = np.asarray(values)
        if array.dtype.kind in "OUS":
            return pl.Series(array.tolist(), strict=False)
        if array.dtype.kind == "M" and np.datetime_data(array.dtype)[0] not in {"D", "ms", "us", "ns"}:
            array = array.astype("M8[us]")  # of the other units polars has none
        return pl.Series(array)
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, TypeError, ValueError) as error:
        raise DataError("the dates or times of day are not values of one kind") from error


def text_column(values: Any) -> Any:
    """A column of any package as a polars column of texts; dates and times of day are ISO 8601."""
    import polars as pl

    values = _series(values)
    if values.dtype == pl.Date:
        return values.dt.strftime("%Y-%m-%d")
    if values.dtype == pl.Time:
        return values.dt.strftime("%H:%M:%S%.f")
    if values.dtype == pl.Datetime:
        return values.dt.strftime("%Y-%m-%d")
    if values.dtype.is_float() and (values.fill_nan(None).drop_nulls() % 1 == 0).all():
        values = values.cast(pl.Int64, strict=False)  # integers with gaps are floats in pandas
    if values.dtype.is_nested() or values.dtype in (pl.Duration, pl.Object, pl.Binary):
        raise DataError(f"dates and times of day are needed, not {values.dtype}")
    return values.cast(pl.String).str.strip_chars()


def are_times_of_day(values: Any) -> bool:
    """Whether every value is a time of day: 09:30, 9:30:15 AM, 093000."""
    import polars as pl

    texts = text_column(values).drop_nulls()
    texts = texts.filter(texts != "")
    digits = texts.cast(pl.Int64, strict=False)
    return bool((texts.str.contains(_CLOCK) | (digits.is_not_null() & (texts.str.len_chars() <= 6))).all())


def joined(
    dates: Any, times: Any, kind: str, names: tuple[str, ...], time_format: str | None, *, known: int = 0
) -> tuple[Any, int]:
    """Texts "date time", null where one of the two is missing; the digits of times without colons, or 0.

    Without `time_format` dates are written YYYY-MM-DD if the year comes first, and times HH:MM:SS. `known` is
    the number of digits in the pieces before. RowError for a time that is none; DataError for times in digits
    whose number does not tell what they are, and for dates with a time zone or a time of day.
    """
    import polars as pl

    day, clock = text_column(dates), text_column(times)
    _check_dates(dates, kind, names[0])
    if time_format is None:
        day = _iso_dates(day)
        clock, known = _clock(clock, kind, names[1], known)
    empty = (day == "") | (clock == "")
    return pl.select(pl.when(~empty).then(day + " " + clock)).to_series(), known


def _check_dates(dates: Any, kind: str, name: str) -> None:
    """Refuses datetimes that are more than dates: the time of day is taken from the other column."""
    import polars as pl

    column = _series(dates)
    if column.dtype != pl.Datetime:
        return
    if column.dtype.time_zone is not None or getattr(getattr(dates, "dtype", None), "tz", None) is not None:
        raise DataError(f"{kind}.{name}: dates without a time zone are needed beside times of day")
    later = (column.dt.truncate("1d") != column).fill_null(False)
    if later.any():
        row = int(later.arg_max())
        raise RowError(kind, row, f"{name} has a time of day ({name}={column[row]})", int(later.sum()))


def _iso_dates(texts: Any) -> Any:
    plain = texts.str.replace(r"^(\d{4})[-./](\d{1,2})[-./](\d{1,2})$", "${1}-0${2}-0${3}")
    return plain.str.replace(r"-0(\d\d)-", "-${1}-").str.replace(r"-0(\d\d)$", "-${1}")


def _clock(texts: Any, kind: str, name: str, known: int) -> tuple[Any, int]:
    """Times of day as HH:MM:SS, with what follows the seconds; the digits of those without colons, or 0."""
    import polars as pl

    digits = texts.str.contains(r"^\d+$").fill_null(False)
    if digits.any():
        texts, known = _from_digits(texts, digits, name, known)
    invalid = ~texts.str.contains(_CLOCK).fill_null(True) & (texts != "")
    if invalid.any():
        row = int(invalid.arg_max())
        raise RowError(kind, row, f"{name} is not a time of day ({name}={texts[row]!r})", int(invalid.sum()))
    texts = texts.str.replace(r"^(\d):", "0${1}:").str.replace(",", ".", literal=True)
    halves = texts.str.contains(r"[AaPp]\.?[Mm]").fill_null(False)
    if not halves.any():
        return texts, known
    plain = (
        texts.str.to_uppercase().str.replace_all(r"\.([MA]?)(M?)\.?$", "${1}${2}").str.replace_all(r"\s", "")
    )
    read = pl.select(
        pl.coalesce(
            plain.str.to_time(form, strict=False) for form in ("%I:%M:%S%p", "%I:%M%p", "%I:%M:%S%.f%p")
        )
    ).to_series()
    return pl.select(
        pl.when(halves).then(read.dt.strftime("%H:%M:%S%.f")).otherwise(texts)
    ).to_series(), known


def _from_digits(texts: Any, digits: Any, name: str, known: int) -> tuple[Any, int]:
    """HHMM, HHMMSS or HHMMSSmmm, whose leading zeros may be lost, as HH:MM:SS.mmm; the number of digits."""
    import polars as pl

    longest = int(texts.filter(digits).str.len_chars().max())
    if longest > max(WIDTHS) or (
        not known and longest < 3 and (texts.filter(digits).cast(pl.Int64) != 0).any()
    ):
        example = texts.filter(digits)[0]
        raise DataError(
            f"{name}: {example!r} is not a time of day HHMM, HHMMSS or HHMMSSmmm; pass time_format="
        )
    width = known or next(width for width in WIDTHS if longest <= width)
    if longest > width:
        raise DataError(
            f"{name}: times of day of {longest} digits follow those of {width}; read_* reads such a file, "
            "as a whole, and time_format= tells how they are written"
        )
    padded = texts.str.zfill(width)
    read = padded.str.replace(r"^(\d\d)(\d\d)$", "${1}:${2}").str.replace(
        r"^(\d\d)(\d\d)(\d\d)$", "${1}:${2}:${3}"
    )
    read = read.str.replace(r"^(\d\d)(\d\d)(\d\d)(\d{3})$", "${1}:${2}:${3}.${4}")
    return pl.select(pl.when(digits).then(read).otherwise(texts)).to_series(), width
