"""What is to be inspected -> its datasets, one at a time; what a reader refuses is read leniently."""

import re
from collections.abc import Iterator, Mapping, Sequence
from os import PathLike, fspath
from pathlib import Path
from typing import Any, NamedTuple

from btcore.config import Instrument, checked
from btcore.data.catalog.catalog import Catalog
from btcore.data.catalog.lookup import Wanted, not_found, symbols_there
from btcore.data.containers import KINDS, Bars, Quotes, Trades
from btcore.data.definitions import with_fixed_times
from btcore.data.files.formats import format_of, reader_of
from btcore.data.files.seen import see_file
from btcore.data.run_data import is_columns, is_table
from btcore.data.run_source import ALL_TIME, as_source
from btcore.data.source import AnyContainer, DefinitionSource, Source, check_resolution
from btcore.data.tables.kinds import kinds_of
from btcore.data.tables.symbols import SeveralSymbolsError
from btcore.data.tables.table import sample_of
from btcore.errors import ConfigError, DataError, not_one_of

from .report import Finding, found

_LENIENT: dict[str, dict[str, Any]] = {
    "bars": {"sort": True, "missing": "drop", "duplicates": "first"},
    "quotes": {"sort": True, "missing": "drop", "crossed": "keep"},
    "trades": {"sort": True, "missing": "drop"},
}
_COUNTED = re.compile(r"(.*): (\d+) of \d+ rows")
# Beginnings of notes of a lenient reading -> the finding that they are.
_NOTES = {
    "rows put in order": "unsorted_rows",
    "rows reversed": "unsorted_rows",
    "bars dropped, as others have": "duplicate_bars",
    "rows dropped, as": "missing_values",
}


class Dataset(NamedTuple):
    """A dataset to inspect; `data` is None if it cannot be read at all. `refused` are findings of reading."""

    symbol: str
    data: AnyContainer | None
    kind: str
    instrument: Instrument
    timezone: str | None = None
    refused: tuple[Finding, ...] = ()


class Choice(NamedTuple):
    """The arguments of `inspect` that choose and read datasets."""

    symbol: str | None
    symbols: Sequence[str] | None
    resolution: str | None
    instruments: Mapping[str, Instrument]
    timezone: str | None
    options: Mapping[str, Any]


def open_datasets(data: Any, choice: Choice) -> Iterator[Dataset]:
    """The datasets, each read when it is taken. ConfigError for arguments that do not apply to the data."""
    source = as_source(data)
    if isinstance(choice.symbols, str):
        raise ConfigError(f"symbols: {choice.symbols!r} is not a list of symbols; [{choice.symbols!r}] is")
    if source is not None:
        for name in ("symbol",) if choice.symbol is not None else tuple(choice.options):
            raise ConfigError(f"{name}: it is not for a {type(source).__name__}; symbols= chooses from one")
        return _of_catalog(source, choice) if isinstance(source, Catalog) else _of_source(source, choice)
    for name in ("symbols", "resolution"):
        if getattr(choice, name) is not None:
            raise ConfigError(f"{name}: it is for a Catalog or another Source, not for {type(data).__name__}")
    if isinstance(data, Mapping) and not data:
        raise ConfigError("data: the mapping has no symbol")
    if isinstance(data, Mapping) and not (is_columns(data) and kinds_of([str(name) for name in data])):
        if choice.symbol is not None:
            raise ConfigError(f"symbol: {choice.symbol!r} is given, but data maps symbols itself")
        return (made for name, value in data.items() for made in _of_value(value, str(name), choice))
    return _of_value(data, choice.symbol, choice)


def _of_catalog(catalog: Catalog, choice: Choice) -> Iterator[Dataset]:
    resolution = None if choice.resolution is None else check_resolution(choice.resolution)
    there = catalog.list()
    chosen = [
        each
        for each in there
        if resolution in {None, each.resolution} and (choice.symbols is None or each.symbol in choice.symbols)
    ]
    for symbol in choice.symbols or ():
        if not any(each.symbol == symbol for each in chosen):
            raise not_found(Wanted.of(symbol, resolution), there)
    if not chosen:
        what = f"{resolution} data" if resolution else "data"
        raise DataError(f"no {what}; {symbols_there(each.symbol for each in there)}")
    for each in chosen:
        data = catalog.read(each.symbol, each.resolution, kind=each.kind, source=each.source or None)
        yield _dataset(each.symbol, data, choice, source=catalog)


def _of_source(source: Source, choice: Choice) -> Iterator[Dataset]:
    resolution = None if choice.resolution is None else check_resolution(choice.resolution)
    if resolution is None:
        raise ConfigError(f"resolution: inspecting a {type(source).__name__} needs it, such as 'day'")
    for symbol in source.symbols(resolution) if choice.symbols is None else choice.symbols:
        for data in source.load(symbol, resolution, *ALL_TIME):
            yield _dataset(symbol, data, choice, source=source)


def _of_value(value: Any, symbol: str | None, choice: Choice) -> Iterator[Dataset]:
    """The datasets of a container, table or path, or of a tuple or list of them."""
    if isinstance(value, tuple | list):
        for each in value:
            yield from _of_value(each, symbol, choice)
    elif isinstance(value, Bars | Quotes | Trades):
        for name in choice.options:
            raise ConfigError(f"{name}: it is for files and tables, not for {type(value).__name__}")
        yield _dataset(symbol or "data", value, choice)
    else:
        yield from _Reading.of(value, choice).datasets(symbol, choice)


def _dataset(
    symbol: str,
    data: AnyContainer | None,
    choice: Choice,
    *,
    source: Source | None = None,
    kind: str = "",
    refused: tuple[Finding, ...] = (),
) -> Dataset:
    definition = source.definition(symbol) if isinstance(source, DefinitionSource) else None
    zone = None if data is None else data.timezone
    if definition is not None and definition.timezone is not None:
        zone = definition.timezone
    zone = choice.timezone or zone
    instrument = Instrument() if definition is None else definition.instrument
    instrument = checked(f"instruments[{symbol!r}]", choice.instruments.get(symbol, instrument), Instrument)
    instrument = with_fixed_times(instrument, zone, symbol)
    return Dataset(symbol, data, kind if data is None else data.kind, instrument, zone, refused)


class _Reading(NamedTuple):
    """How a file or table is read: `read(kind, options)`, the kinds that it may have, a name, the options."""

    read: Any
    kinds: tuple[str, ...]
    name: str
    options: dict[str, Any]

    @classmethod
    def of(cls, value: Any, choice: Choice) -> "_Reading":
        options = dict(choice.options)
        kind = options.pop("kind", None)
        if kind not in {None, *KINDS}:
            raise ConfigError(f"kind: {not_one_of(kind, KINDS)}")
        if choice.timezone is not None:
            options["timezone"] = choice.timezone
        if isinstance(value, str | PathLike):
            file = Path(value)
            if not file.exists():
                raise FileNotFoundError(f"there is no file or folder {fspath(value)!r}")
            reader = reader_of(file)
            seen = (kind,) if kind else _seen(lambda: see_file(file, format_of(file), None, options).kinds)
            return cls(lambda k, more: reader(file, k, **more), seen, file.name, options)
        if not is_table(value):
            raise ConfigError(
                "data: a container, a table, the path of a file, a mapping of symbols to these, or a "
                f"Catalog or another Source is needed, not {type(value).__name__}"
            )
        seen = (kind,) if kind else _seen(lambda: tuple(kinds_of(sample_of(value).names)))
        return cls(lambda k, more: KINDS[k].from_frame(value, **more), seen, "data", options)

    def datasets(self, symbol: str | None, choice: Choice) -> Iterator[Dataset]:
        """The containers of each kind that the columns allow; what is left of a refused one."""
        for kind in self.kinds or ("bars",):
            refused: tuple[Finding, ...] = ()
            try:
                made = self._by_symbol(kind, self.options, symbol)
            except DataError as error:
                made, refused = self._lenient(kind, symbol), (found("refused", 1, str(error)),)
            if not made:
                yield _dataset(symbol or self.name, None, choice, kind=kind, refused=refused)
            for name, data in made.items():
                findings = (*refused, *_findings_of_notes(data)) if refused else ()
                yield _dataset(name or symbol or self.name, data, choice, refused=findings)

    def _by_symbol(self, kind: str, options: dict[str, Any], symbol: str | None) -> dict[str, AnyContainer]:
        """The container, as {"": container}; of several, that of `symbol` or all (None)."""
        try:
            made = self.read(kind, options)
        except DataError as error:
            if not isinstance(error, SeveralSymbolsError) and not isinstance(
                error.__cause__, SeveralSymbolsError
            ):
                raise
            chosen = {"by": "symbol"} if symbol is None else {"symbol": symbol}
            made = self.read(kind, options | chosen)
        return made if isinstance(made, dict) else {"": made}

    def _lenient(self, kind: str, symbol: str | None) -> dict[str, AnyContainer]:
        """What can be read if rows are ordered and left out, then with prices of any sign; else nothing."""
        options = _LENIENT[kind] | self.options
        for more in ({}, {"negative_prices": True}):
            try:
                return self._by_symbol(kind, options | more, symbol)
            except DataError:
                continue
        return {}


def _seen(kinds: Any) -> tuple[str, ...]:
    """The kinds that the columns allow; none if they cannot be seen, which the reader then says."""
    try:
        return tuple(kinds())
    except DataError:
        return ()


def _findings_of_notes(data: AnyContainer) -> Iterator[Finding]:
    for note in data.notes:
        match = _COUNTED.fullmatch(note)
        for begin, name in _NOTES.items():
            if match and note.startswith(begin):
                yield found(name, int(match[2]), note)
