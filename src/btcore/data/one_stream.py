"""A table or a file -> the one container it holds; its kind follows from the columns."""

from collections.abc import Callable
from os import PathLike, fspath
from pathlib import Path
from typing import Any

from btcore.errors import DataError

from .containers import KINDS
from .files.formats import Reader, column_names, reader_of
from .frames import _getters, match_columns
from .source import AnyContainer
from .tickers import has_tickers, table_of

_NEEDS = (
    "bars need timestamp, open, high, low and close, quotes timestamp, bid and ask, "
    "trades timestamp and price"
)


def read_table(table: Any, symbol: str, where: str) -> AnyContainer:
    """The container of a table, by `from_frame` with default options; a DataError begins with `where`."""
    notes: tuple[str, ...] = ()
    if has_tickers(table):
        table, notes = table_of(table, symbol, where)

    def call(kind: str) -> str:
        return f"bt.{KINDS[kind].__name__}.from_frame(frame, ...)"

    found = _read(lambda: list(_getters(table)), lambda kind: KINDS[kind].from_frame(table), call, where)
    return found.with_notes(notes) if notes else found


def read_file(path: str | PathLike[str], where: str) -> AnyContainer:
    """The container in a file, by its reader with default options; a DataError begins with `where`."""
    file = Path(path)
    if file.is_dir():
        catalog = f"a catalog is read by bt.Catalog({fspath(path)!r}).read(...)"
        raise DataError(f"{where}: {fspath(path)!r} is a folder, not a file; {catalog}")
    if not file.exists():
        raise DataError(f"{where}: there is no file {fspath(path)!r}")
    reader = _reader(file, where)

    def call(kind: str) -> str:
        return f"bt.{reader.__name__}({file.name!r}, {kind!r}, ...)"

    return _read(lambda: column_names(file), lambda kind: reader(file, kind), call, where)


def _reader(file: Path, where: str) -> Reader:
    try:
        return reader_of(file)
    except DataError as error:
        raise DataError(f"{where}: {error}") from error


def _read(
    names: Callable[[], list[str]],
    convert: Callable[[str], AnyContainer],
    call: Callable[[str], str],
    where: str,
) -> AnyContainer:
    """The container that `convert` makes of the kind that the names have.

    `call` is the code that reads a kind with options, which a run does not take; a DataError ends with it.
    """
    kind = "bars"
    try:
        kind = _kind_of(names(), call)
        return convert(kind)
    except DataError as error:
        raise DataError(f"{where}: {error} (options are taken by {call(kind)})") from error


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
