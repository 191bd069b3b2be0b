"""A table read from a file -> a container; errors name the file and the line of the row."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from btcore.data.columns import float_column
from btcore.data.containers import KINDS, Bars
from btcore.data.frames import aggressor_sides
from btcore.data.source import AnyContainer
from btcore.data.timestamps import moments_column
from btcore.errors import DataError, RowError, reject_rows
from btcore.times.intervals import Interval, smallest_gap
from btcore.times.zones import Dst


@contextmanager
def located(place: str, first_row: int = 1) -> Iterator[None]:
    """Puts `place` in front of a DataError; a RowError becomes "`place` row N", counted from `first_row`."""
    try:
        yield
    except RowError as error:
        raise DataError(error.located(f"{place} row {error.row + first_row}")) from error
    except DataError as error:
        raise DataError(f"{place}: {error}") from error


class Reading(NamedTuple):
    """A file and the arguments of its reader: kind, notation of times, settings of the container."""

    file: Path
    kind: str
    timezone: str = "UTC"
    unit: str | None = None
    time_format: str | None = None
    dst: Dst = "raise"
    interval: Interval | None = None
    source: str = "trade"
    first_row: int = 1  # the line of the first row of data, or its number
    negative_prices: bool = False

    def locate_errors(self) -> AbstractContextManager[None]:
        """Puts the name of the file, and the line of an invalid row, into DataErrors."""
        return located(self.file.name, self.first_row)

    def build_from_frame(self, frame: Any, found: dict[str, str]) -> AnyContainer:
        """The container of a polars frame; `found` maps the columns of `kind` to those of the frame."""
        frame = drop_blank_end(frame)
        if frame.height == 0:
            raise DataError(f"{self.file.name}: the file has no rows")
        with self.locate_errors():
            table = self._convert(frame, found)
        return self.build(table)

    def build(self, table: dict[str, Any]) -> AnyContainer:
        """The container of converted columns."""
        with self.locate_errors():
            if len(table["timestamp"]) == 0:
                raise DataError("the file has no rows")
            if self.kind != "bars":
                return KINDS[self.kind](**table, negative_prices=self.negative_prices)
            length = smallest_gap(table["timestamp"]) if self.interval is None else self.interval
            return Bars(**table, interval=length, source=self.source, negative_prices=self.negative_prices)

    def _convert(self, frame: Any, found: dict[str, str]) -> dict[str, Any]:
        import polars as pl

        # Polars joins chunks on all cores, and numpy then shares the memory. Texts are converted anyway.
        joined = frame.select(pl.exclude(pl.String)).rechunk()
        table: dict[str, Any] = {}
        for name, theirs in found.items():
            column = (joined if theirs in joined.columns else frame)[theirs]
            if name == "timestamp":
                table[name] = moments_column(
                    column,
                    self.kind,
                    self.timezone,
                    unit=self.unit,
                    time_format=self.time_format,
                    dst=self.dst,
                )
            elif name == "buyer_maker":
                table["side"] = aggressor_sides(column.to_numpy(), self.kind)
            elif name == "side":
                table[name] = column.fill_null("") if column.dtype == pl.String else column
            else:
                table[name] = _convert_numbers(column, self.kind, name)
        return table


def drop_blank_end(frame: Any) -> Any:
    """The polars frame without the rows of nulls at its end, which empty lines of a CSV become."""
    import polars as pl

    blank = pl.all_horizontal(pl.all().is_null())
    if frame.height == 0 or not frame.tail(1).select(blank).item():
        return frame
    last = frame.select(~blank).to_series().arg_true().max()
    return frame.head(0 if last is None else last + 1)


def _convert_numbers(column: Any, kind: str, name: str) -> Any:
    import polars as pl

    if column.dtype == pl.String:
        numbers = column.str.strip_chars().cast(pl.Float64, strict=False)
        texts, invalid = column, numbers.is_null() & column.is_not_null() & (column != "")
        reject_rows(kind, invalid.to_numpy(), lambda row: f"{name} is not a number ({name}={texts[row]!r})")
        column = numbers
    if column.null_count():
        reject_rows(kind, column.is_null().to_numpy(), lambda _: f"{name} is missing")
    if column.dtype.is_decimal():
        column = column.cast(pl.Float64)
    return float_column(column, kind, name)
