"""A table read from a file -> a container; every error gets the file's name and the row's line."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from btcore.data.columns import float_column
from btcore.data.containers import KINDS, Bars, Quotes, Trades
from btcore.data.frames import aggressor
from btcore.data.timestamps import moments_column
from btcore.errors import DataError, RowError
from btcore.times.intervals import Interval, smallest_gap
from btcore.times.zones import Dst

AnyContainer = Bars | Quotes | Trades
T = TypeVar("T")


class Reading(NamedTuple):
    """What is being read and how: the file, the kind wanted, how its times are written."""

    file: Path
    kind: str
    timezone: str = "UTC"
    unit: str | None = None
    time_format: str | None = None
    dst: Dst = "raise"
    interval: Interval | None = None
    source: str = "trade"
    first_row: int = 1  # the line, or number, of the first row of data
    negative_prices: bool = False

    def located(self, work: Callable[[], T]) -> T:
        """What `work()` returns; a DataError of it gets the file's name, a bad row its line."""
        try:
            return work()
        except RowError as error:
            raise DataError(error.located(f"{self.file.name} row {error.row + self.first_row}")) from error
        except DataError as error:
            raise DataError(f"{self.file.name}: {error}") from error

    def container(self, frame: Any, found: dict[str, str]) -> AnyContainer:
        """The container in a polars frame, `found` naming its column for each of ours."""
        frame = without_blank_end(frame)
        if frame.height == 0:
            raise DataError(f"{self.file.name}: the file is empty")
        return self.built(self.located(lambda: self._converted(frame, found)))

    def built(self, table: dict[str, Any]) -> AnyContainer:
        """The container of columns that its constructor understands."""
        return self.located(lambda: self._constructed(table))

    def _constructed(self, table: dict[str, Any]) -> AnyContainer:
        if len(table["timestamp"]) == 0:
            raise DataError("the file is empty")
        if self.kind != "bars":
            return KINDS[self.kind](**table, negative_prices=self.negative_prices)
        length = smallest_gap(table["timestamp"]) if self.interval is None else self.interval
        return Bars(**table, interval=length, source=self.source, negative_prices=self.negative_prices)

    def _converted(self, frame: Any, found: dict[str, str]) -> dict[str, Any]:
        import polars as pl

        # Polars joins the chunks on all cores, and numpy then shares its memory; texts go through it anyway.
        joined = frame.select(pl.exclude(pl.String)).rechunk()
        table: dict[str, Any] = {}
        for ours, theirs in found.items():
            column = (joined if theirs in joined.columns else frame)[theirs]
            if ours == "timestamp":
                table[ours] = moments_column(
                    column,
                    self.kind,
                    self.timezone,
                    unit=self.unit,
                    time_format=self.time_format,
                    dst=self.dst,
                )
            elif ours == "buyer_maker":
                table["side"] = aggressor(column.to_numpy(), self.kind)
            elif ours == "side":
                table[ours] = column.fill_null("") if column.dtype == pl.String else column
            else:
                table[ours] = _numbers(column, self.kind, ours)
        return table


def without_blank_end(frame: Any) -> Any:
    """The polars frame but for rows without any value at its end, as empty lines leave them."""
    import polars as pl

    blank = pl.all_horizontal(pl.all().is_null())
    if frame.height == 0 or not frame.tail(1).select(blank).item():
        return frame
    last = frame.select(~blank).to_series().arg_true().max()
    return frame.head(0 if last is None else last + 1)


def _numbers(column: Any, kind: str, name: str) -> Any:
    import polars as pl

    if column.dtype == pl.String:
        numbers = column.str.strip_chars().cast(pl.Float64, strict=False)
        wrong = numbers.is_null() & column.is_not_null() & (column != "")
        if wrong.any():
            row = int(wrong.arg_max())
            raise RowError(kind, row, f"{name} is no number ({name}={column[row]!r})", int(wrong.sum()))
        column = numbers
    if column.null_count():
        raise RowError(kind, int(column.is_null().arg_max()), f"{name} is missing", int(column.null_count()))
    if column.dtype.is_decimal():
        column = column.cast(pl.Float64)
    return float_column(column, kind, name)
