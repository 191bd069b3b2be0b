"""A table or a file -> the one container it holds; its kind follows from the columns."""

from collections.abc import Callable
from os import PathLike, fspath
from pathlib import Path
from typing import Any, NamedTuple

from btcore.errors import DataError

from .containers import KINDS
from .files.formats import column_names, reader_of
from .frames import column_names as names_of
from .frames import match_columns
from .source import AnyContainer
from .tickers import has_tickers, table_of

_NEEDS = (
    "bars need timestamp, open, high, low and close, quotes timestamp, bid and ask, "
    "trades timestamp and price"
)


class Place(NamedTuple):
    """Where a table or file stands in the data of a run, its symbol, and the zone of naive times."""

    where: str  # begins every message: data['SPY']
    symbol: str
    timezone: str

    def item(self, number: int) -> "Place":
        """The place of one of several tables or files."""
        return self._replace(where=f"{self.where}[{number}]")

    def options(self) -> dict[str, Any]:
        """Of the reader; UTC is not given, so that a table may have a zone of its own."""
        return {} if self.timezone == "UTC" else {"timezone": self.timezone}


def read_table(table: Any, place: Place) -> AnyContainer:
    """The container of a table, by `from_frame` with default options."""
    notes: tuple[str, ...] = ()
    if has_tickers(table):
        table, notes = table_of(table, place.symbol, place.where)

    def convert(kind: str) -> AnyContainer:
        made: AnyContainer = KINDS[kind].from_frame(table, **place.options())
        return made

    def call(kind: str) -> str:
        return f"bt.{KINDS[kind].__name__}.from_frame(frame, ...)"

    found = _read(lambda: names_of(table), convert, call, place)
    return found.with_notes(notes) if notes else found


def read_file(path: str | PathLike[str], place: Place) -> AnyContainer:
    """The container in a file, by its reader with default options."""
    file, shown = Path(path), repr(fspath(path))
    if file.is_dir():
        catalog = f"a catalog is read by bt.Catalog({shown}).read(...)"
        raise DataError(f"{place.where}: {shown} is a folder, not a file; {catalog}")
    if not file.exists():
        raise DataError(f"{place.where}: there is no file {shown}")
    try:
        reader = reader_of(file)
    except DataError as error:
        raise DataError(f"{place.where}: {error}") from error

    def convert(kind: str) -> AnyContainer:
        return reader(file, kind, **place.options())

    def call(kind: str) -> str:
        return f"bt.{reader.__name__}({file.name!r}, {kind!r}, ...)"

    return _read(lambda: column_names(file), convert, call, place)


def _read(
    names: Callable[[], list[str]],
    convert: Callable[[str], AnyContainer],
    call: Callable[[str], str],
    place: Place,
) -> AnyContainer:
    """The container that `convert` makes of the kind that the names have.

    `call` is the code that reads a kind with options, which a run does not take; a DataError ends with it.
    """
    kind = "bars"
    try:
        kind = _kind_of(names(), call)
        return convert(kind)
    except DataError as error:
        raise DataError(f"{place.where}: {error} (options are taken by {call(kind)})") from error


def _kind_of(names: list[str], call: Callable[[str], str]) -> str:
    """The kind whose columns are among these names; DataError, which lists them, for none or several."""
    kinds = [kind for kind in KINDS if _has_columns(names, kind)]
    if "bars" in kinds and "trades" in kinds:
        kinds.remove("trades")  # trades have no open, high and low: such a price is a close
    if len(kinds) == 1:
        return kinds[0]
    listed = f"the columns are {', '.join(map(repr, names)) or 'none'}"
    if kinds:
        ways = " or ".join(map(call, kinds))
        raise DataError(f"{listed}, which may be {' or '.join(kinds)}; choose by {ways}")
    raise DataError(f"{listed}; {_NEEDS}; name others by columns={{...}}")


def _has_columns(names: list[str], kind: str) -> bool:
    try:
        match_columns(names, kind)
    except DataError:
        return False
    return True
