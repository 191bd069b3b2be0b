"""Which datasets of a catalog are meant, and the error that lists what there is."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from btcore.data.containers import KINDS
from btcore.data.source import check_resolution, check_symbol
from btcore.errors import DataError, near_name, not_one_of
from btcore.times.clock import moment_text

from .definitions import Definition
from .entries import Entry
from .index import Index

Bounds = tuple[int | None, int | None]
_MOST_SYMBOLS = 20  # that an error lists


class Selected(NamedTuple):
    """Datasets and definitions of a catalog."""

    datasets: list[Entry]
    definitions: dict[str, Definition]


class Wanted(NamedTuple):
    """The part of a dataset's key that is given; None matches any."""

    symbol: str
    resolution: str | None = None
    kind: str | None = None
    source: str | None = None

    @classmethod
    def of(
        cls, symbol: str, resolution: str | None = None, kind: str | None = None, source: str | None = None
    ) -> "Wanted":
        """These arguments, checked, and the resolution by its usual name; DataError for an invalid one."""
        check_symbol(symbol)
        if kind is not None and kind not in KINDS:
            raise DataError(f"kind: {not_one_of(kind, KINDS)}")
        return cls(symbol, None if resolution is None else check_resolution(resolution), kind, source)

    def matches(self, entry: Entry) -> bool:
        """Whether a dataset has all of these."""
        return all(given in {None, found} for given, found in zip(self, entry.key, strict=True))

    def select(self, entries: Sequence[Entry]) -> list[Entry]:
        """The datasets meant, the preferred first: by kind, then bars of trades before other sources."""
        found = [entry for entry in entries if self.matches(entry)]
        return sorted(found, key=lambda e: (e.kind, e.source != "trade", e.source))

    @property
    def words(self) -> str:
        """In words: "minute bars of mid of 'AAPL'"."""
        what = f"{self.resolution or ''} {self.kind or 'data'}".strip()
        return f"{what}{f' of {self.source}' if self.source else ''} of {self.symbol!r}"


def not_found(wanted: Wanted, entries: Sequence[Entry], bounds: Bounds = (None, None)) -> DataError:
    """The error for a missing dataset or range; it lists the data there are."""
    text = f"no {wanted.words}"
    for word, bound in zip(("from", "to"), bounds, strict=True):
        text += "" if bound is None else f" {word} {moment_text(bound)}"
    others = [entry for entry in entries if entry.symbol == wanted.symbol]
    if not others:
        symbols = {entry.symbol for entry in entries}
        return DataError(f"{text}{near_name(wanted.symbol, symbols)}; {symbols_there(symbols)}")
    listed = "; ".join(f"{e.name} from {moment_text(e.first)} to {moment_text(e.last)}" for e in others)
    return DataError(f"{text}; there is {listed}")


def symbols_there(symbols: Iterable[str]) -> str:
    """The symbols there are, in words for an error."""
    known = sorted(set(symbols))
    more = len(known) - _MOST_SYMBOLS
    listed = ", ".join(known[:_MOST_SYMBOLS]) + (f" and {more} more" if more > 0 else "")
    return f"the symbols with data are {listed}" if known else "the catalog is empty"


def select_symbols(index: Index, symbols: Iterable[str] | None, resolution: str | None) -> Selected:
    """The datasets and definitions of symbols (None: all), of one resolution if it is given.

    DataError, which lists the data there are, for a symbol without any, and if there are none at all.
    """
    if isinstance(symbols, str):
        raise DataError(f"symbols: {symbols!r} is not a list of symbols; [{symbols!r}] is")
    name = None if resolution is None else check_resolution(resolution)
    names = None if symbols is None else {check_symbol(symbol): None for symbol in symbols}
    datasets = [
        entry
        for entry in index.datasets
        if (names is None or entry.symbol in names) and name in {None, entry.resolution}
    ]
    present = {entry.symbol for entry in datasets}
    definitions = {
        symbol: definition
        for symbol, definition in index.definitions.items()
        if (names is None or symbol in names) and (name is None or symbol in present)
    }
    for symbol in names or ():
        if symbol not in present and symbol not in definitions:
            raise not_found(Wanted(symbol, name), index.datasets)
    if not datasets and not definitions:
        what = "data" if name is None else f"{name} data"
        there = symbols_there(entry.symbol for entry in index.datasets)
        raise DataError(f"symbols: none is given; {there}" if names == {} else f"no {what}; {there}")
    return Selected(datasets, definitions)
