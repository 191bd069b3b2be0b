"""A table or a file -> the one container it holds; its kind follows from the columns."""

from collections.abc import Callable
from os import PathLike, fspath
from pathlib import Path
from typing import Any, NamedTuple

from btcore.errors import DataError

from .containers import KINDS
from .files import formats
from .source import AnyContainer
from .tables.kinds import kind_of
from .tables.options import TableSettings
from .tables.symbols import UnknownSymbolError
from .tables.table import sample_of, symbol_column
from .tables.tickers import field_names, has_tickers, tickers_of
from .vendors.choice import Candidates
from .vendors.layout import Sample


class Place(NamedTuple):
    """Where a table or file is in the data of a run, its symbol, and the zone of times without an offset."""

    where: str  # begins every message: data['SPY']
    symbol: str
    timezone: str

    def item(self, number: int) -> "Place":
        """The place of one of several tables or files."""
        return self._replace(where=f"{self.where}[{number}]")

    def options(self) -> dict[str, Any]:
        """The options of the reader; UTC is not given, so that a column with a zone of its own keeps it."""
        return {} if self.timezone == "UTC" else {"timezone": self.timezone}


def read_table(table: Any, place: Place) -> AnyContainer:
    """The container of a table, by `from_frame` with default options."""
    if hasattr(table, "collect_schema") and hasattr(table, "collect"):  # a polars LazyFrame
        table = table.collect()
    tickers = tickers_of(table) if has_tickers(table) else []

    def sample() -> Sample:
        return Sample(field_names(table)) if tickers else sample_of(table)

    def convert(kind: str, options: dict[str, Any]) -> AnyContainer:
        if place.symbol in tickers or len(tickers) > 1:  # the only ticker may have another name
            options = options | {"symbol": place.symbol}
        made: AnyContainer = KINDS[kind].from_frame(table, **options)
        return made

    def call(kind: str) -> str:
        return f"bt.{KINDS[kind].__name__}.from_frame(frame, ...)"

    return _read(sample, convert, call, place)


def read_file(path: str | PathLike[str], place: Place) -> AnyContainer:
    """The container in a file, by its reader with default options."""
    file, shown = Path(path), repr(fspath(path))
    if file.is_dir():
        catalog = f"a catalog is read by bt.Catalog({shown}).read(...)"
        raise DataError(f"{place.where}: {shown} is a folder, not a file; {catalog}")
    if not file.exists():
        raise DataError(f"{place.where}: there is no file {shown}")
    try:
        reader = formats.reader_of(file)
    except DataError as error:
        raise DataError(f"{place.where}: {error}") from error

    def convert(kind: str, options: dict[str, Any]) -> AnyContainer:
        return reader(file, kind, **options)

    def call(kind: str) -> str:
        return f"bt.{reader.__name__}({file.name!r}, {kind!r}, ...)"

    return _read(lambda: formats.sample_of(file), convert, call, place, f"{file.name}: ")


Convert = Callable[[str, dict[str, Any]], AnyContainer]  # of a kind and options


def _read(
    read_sample: Callable[[], Sample],
    convert: Convert,
    call: Callable[[str], str],
    place: Place,
    file: str = "",
) -> AnyContainer:
    """The container that `convert` makes of the kind that the layout or the names have.

    `call` is the code that reads a kind with options, which a run does not take: the DataError of a kind that
    is known ends with it. `file` begins a message about the columns.
    """
    hint = ""
    try:
        sample = read_sample()
        choice = Candidates.of(TableSettings(), None).choose(sample)
        names = sample.names if choice is None else choice.names
        kind = kind_of(names, call, file) if choice is None else choice.kind
        hint = f" (options are taken by {call(kind)})"
        if choice is not None and "timezone" in choice.details.options:
            place = place._replace(timezone="UTC")  # the format knows the clock of the file
        return _of_symbol(convert, kind, names, place)
    except DataError as error:
        raise DataError(f"{place.where}: {error}{hint}") from error


def _of_symbol(convert: Convert, kind: str, names: list[str], place: Place) -> AnyContainer:
    """The rows of the symbol if there is a column of symbols; all of them if it has one other symbol."""
    if symbol_column(names) is None:
        return convert(kind, place.options())
    try:
        return convert(kind, place.options() | {"symbol": place.symbol})
    except DataError as error:
        if not isinstance(error, UnknownSymbolError) and not isinstance(error.__cause__, UnknownSymbolError):
            raise
    return convert(kind, place.options())
