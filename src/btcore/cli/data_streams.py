"""Files -> the streams of an import, each of one symbol, and their rows in order of time."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from btcore.errors import ConfigError, DataError, near_name

from .data_names import symbol_of
from .data_progress import ImportProgress

if TYPE_CHECKING:
    from btcore.data.source import AnyContainer

FIRST_ROWS = 1000  # read of a file in pieces to know its place among others


class File(NamedTuple):
    """A file to import. `symbols` are those asked for: none, one, or several of a table of many."""

    path: Path
    form: str  # csv, parquet, arrow or npz
    kind: str | None
    options: Mapping[str, Any]
    symbols: tuple[str, ...] = ()
    has_several: bool = False  # its column of symbols is known to have several


class Stream(NamedTuple):
    """The rows of one symbol in a file. `first` are the first of them, `how` says why it has that symbol."""

    symbol: str
    file: Path
    how: str
    first: "AnyContainer"
    pieces: Callable[[], Iterator["AnyContainer"]]

    @property
    def key(self) -> tuple[str, str, str, str]:
        """What identifies its dataset."""
        return self.symbol, self.first.resolution, self.first.kind, getattr(self.first, "source", "")


class SeveralSymbols(Exception):  # noqa: N818 -- no error: the file is read in another way
    """A file that was read as one symbol has several."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.path = path


def open_streams(file: File, progress: ImportProgress | None) -> list[Stream]:
    """The streams of a file; DataError if it cannot be opened, or lacks a symbol that is asked for.

    A file that can be read in pieces is opened only; another is read. SeveralSymbols if it turns out to have
    several and none is asked for, which may be only when the pieces are taken.
    """
    from btcore.data.files.seen import see_file

    seen = see_file(file.path, file.form, file.kind, file.options)
    if seen.has_all and file.kind is None:
        each = [file._replace(kind=kind) for kind in seen.kinds]
        return [stream for one in each for stream in open_streams(one, progress)]
    kind = _kind(file, seen.kinds)
    if len(file.symbols) > 1 and not seen.column:
        raise ConfigError(
            f"--symbol: {len(file.symbols)} symbols for {file.path.name}, which has no column of symbols; "
            "--columns symbol=NAME names one"
        )
    if file.has_several or len(file.symbols) > 1:
        return _streams_by_symbol(file, kind, progress)
    symbol, how = symbol_of(file.path)
    if not file.symbols and not seen.symbol:
        _check_symbol(symbol, file, "the name of the file")
    options, in_pieces = dict(file.options), seen.in_pieces and kind in seen.kinds
    if file.symbols:
        (symbol,), how = file.symbols, ""
        if seen.column:
            options["symbol"] = symbol
            in_pieces = in_pieces and seen.symbol == symbol  # another may be a name for the only one
    elif seen.symbol:
        symbol, how = seen.symbol, f"by the column {seen.column!r} of {file.path.name}"
        _check_symbol(symbol, file, f"the column {seen.column!r}")
    told_apart = _telling_apart(file, seen.column)
    if not in_pieces:
        with told_apart(), _read_as_bars(unknown=not seen.kinds and kind is None):
            data = _read_one(file, kind, options, progress)
        return [Stream(symbol, file.path, how, data, lambda: iter((data,)))]

    def pieces() -> Iterator["AnyContainer"]:
        _begin(file.path, progress)
        with told_apart():
            for piece in _scanned(file, kind, options):
                if progress is not None:
                    progress.count(len(piece))
                yield piece

    with told_apart():
        first = next(_scanned(file, kind, options | {"rows": FIRST_ROWS}))
    return [Stream(symbol, file.path, how, first, pieces)]


def joined(streams: Sequence[Stream]) -> Iterator["AnyContainer"]:
    """The rows of the files of one dataset, in order of time.

    DataError, which names both, if two files overlap; at once as far as their first rows show it.
    """
    from btcore.data.following import last_row

    for before, stream in pairwise(streams):
        _check_follows(before.file, last_row(before.first), stream.file, stream.first)
    return _pieces(streams)


def _pieces(streams: Sequence[Stream]) -> Iterator["AnyContainer"]:
    from btcore.data.following import last_row

    before: AnyContainer | None = None
    last = Path()
    for stream in streams:
        begins = before is not None
        for piece in stream.pieces():
            if len(piece):
                if begins and before is not None:
                    _check_follows(last, before, stream.file, piece)
                before, begins = last_row(piece), False
            yield piece
        last = stream.file


def _check_follows(last: Path, row: "AnyContainer", file: Path, piece: "AnyContainer") -> None:
    """DataError if the rows of a file do not come after the last row of the file before."""
    from btcore.data.following import check_follows
    from btcore.times.clock import moment_text

    begin, end = int(piece.timestamp[0]), int(row.timestamp[-1])
    try:
        check_follows(row, piece)
    except DataError as error:
        if begin > end:
            raise DataError(f"{file.name}: after {last.name}: {error}") from error
        raise DataError(
            f"{file.name}: it begins at {moment_text(begin)}, but {last.name} of the same symbol ends at "
            f"{moment_text(end)}; files of one symbol must not overlap"
        ) from error


def _check_symbol(symbol: str, file: File, place: str) -> None:
    """DataError, which says where it is from, for a symbol that a catalog cannot have."""
    from btcore.data.source import check_symbol

    try:
        check_symbol(symbol)
    except DataError as error:
        what = str(error).removeprefix(f"symbol: {symbol!r} is not ")
        raise DataError(
            f"{file.path.name}: by {place} the symbol is {symbol!r}, which is not {what}; "
            "--symbol gives another"
        ) from error


def _kind(file: File, kinds: tuple[str, ...]) -> str | None:
    """The kind that is asked for, or the only one that the columns allow; None is the reader's default.

    ConfigError if the columns allow several.
    """
    if file.kind is not None or not kinds:
        return file.kind
    if len(kinds) > 1:
        ways = " or ".join(f"--kind {kind}" for kind in kinds)
        raise ConfigError(f"{file.path.name}: by its columns it may be {' or '.join(kinds)}; give {ways}")
    return kinds[0]


def _scanned(file: File, kind: str | None, options: Mapping[str, Any]) -> Iterator["AnyContainer"]:
    from btcore.data import scan_csv, scan_parquet

    scan: Any = {"csv": scan_csv, "parquet": scan_parquet}[file.form]
    yield from scan(file.path, kind, **options)


def _read(file: File, kind: str | None, options: Mapping[str, Any], progress: ImportProgress | None) -> Any:
    from btcore import data

    _begin(file.path, progress)
    found = getattr(data, f"read_{file.form}")(file.path, kind, **options)
    if progress is not None:
        progress.count(sum(map(len, found.values())) if isinstance(found, dict) else len(found))
    return found


def _read_one(
    file: File, kind: str | None, options: Mapping[str, Any], progress: ImportProgress | None
) -> "AnyContainer":
    """The rows of the symbol that is asked for; all of them, if the file has one other symbol."""
    from btcore.data.tables.symbols import UnknownSymbolError

    try:
        made: AnyContainer = _read(file, kind, options, progress)
    except DataError as error:
        if _cause(error, UnknownSymbolError) is None:
            raise
        others = {name: value for name, value in options.items() if name != "symbol"}
        made = _read(file, kind, others, progress)
    return made


def _streams_by_symbol(file: File, kind: str | None, progress: ImportProgress | None) -> list[Stream]:
    """A stream for each symbol of a table of many, or for each that is asked for."""
    found: dict[str, AnyContainer] = _read(file, kind, {**file.options, "by": "symbol"}, progress)
    if missing := [symbol for symbol in file.symbols if symbol not in found]:
        known = ", ".join(map(repr, list(found)[:5])) + (
            f" and {len(found) - 5} more" if len(found) > 5 else ""
        )
        meant = near_name(missing[0], found)
        raise DataError(f"{file.path.name}: symbol: there is no {missing[0]!r}{meant}; it has {known}")

    for symbol in found:
        _check_symbol(symbol, file, "a column")

    def stream(symbol: str) -> Stream:
        return Stream(symbol, file.path, "", found[symbol], lambda: iter((found[symbol],)))

    return [stream(symbol) for symbol in file.symbols or found]


@contextmanager
def _read_as_bars(*, unknown: bool) -> Iterator[None]:
    """Says in errors that the rows are read as bars, if the kind is unknown."""
    try:
        yield
    except DataError as error:
        if not unknown:
            raise
        hint = "they were read as bars: --kind quotes or --kind trades says otherwise"
        raise DataError(f"{error}; {hint}") from error


def _telling_apart(file: File, column: str) -> Any:
    """A context in which a column of several symbols raises SeveralSymbols, if none is asked for."""
    from btcore.data.tables.symbols import SeveralSymbolsError

    @contextmanager
    def told_apart() -> Iterator[None]:
        try:
            yield
        except DataError as error:
            several = _cause(error, SeveralSymbolsError)
            if several is None or file.symbols or several.column != column:
                raise
            raise SeveralSymbols(file.path) from error

    return told_apart


def _cause(error: BaseException | None, kind: Any) -> Any:
    """The error of that kind from which this one was made; None without."""
    while error is not None and not isinstance(error, kind):
        error = error.__cause__
    return error


def _begin(path: Path, progress: ImportProgress | None) -> None:
    if progress is not None:
        progress.begin(path.name, path.stat().st_size)
