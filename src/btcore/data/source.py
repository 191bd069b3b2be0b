"""Source: the protocol of a catalog and the sample market; checks of symbols and resolutions."""

import re
from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from btcore.config import SYMBOL_PATTERN, SYMBOL_WORDS, Instrument
from btcore.errors import DataError
from btcore.times.resolutions import check_resolution

from .containers import Bars, Quotes, Trades

AnyContainer = Bars | Quotes | Trades

__all__ = ["AnyContainer", "Source", "check_resolution", "check_symbol"]


@runtime_checkable
class Source(Protocol):
    """Market data by symbol and resolution, over which `run` plays: a Catalog, a SampleMarket, or your own.

    Two more methods are used where a source has them: `definition(symbol)` gives the instrument of a symbol,
    and `timezone(symbol, resolution)` its zone.
    """

    def load(self, symbol: str, resolution: str, start_ns: int, end_ns: int) -> tuple[AnyContainer, ...]:
        """The streams that a run reads, without empty ones; DataError, which lists the data, if all are."""

    def check(self, symbol: str, resolution: str, start_ns: int, end_ns: int) -> None:
        """Raises the DataError that `load` would, without reading the data if possible."""

    def symbols(self, resolution: str | None = None) -> Sequence[str]:
        """The symbols with data, or with data of that resolution, sorted."""

    @property
    def data_source(self) -> str:
        """What the manifest of a run says of the origin of its data, such as "catalog"."""


class SymbolDefinition(Protocol):
    """What a source knows of a symbol beside its data."""

    @property
    def instrument(self) -> Instrument:
        """Its terms in a run over the source."""

    @property
    def timezone(self) -> str | None:
        """IANA name of the local clock of its market; None if unknown."""


@runtime_checkable
class DefinitionSource(Source, Protocol):
    """A Source that defines instruments."""

    def definition(self, symbol: str) -> SymbolDefinition | None:
        """The definition of the symbol; None if it has none."""


@runtime_checkable
class TimezoneSource(Source, Protocol):
    """A Source that knows zones before rows are read."""

    def timezone(self, symbol: str, resolution: str | None = None) -> str | None:
        """IANA name of the local clock of the symbol's data; None if unknown, or if they do not agree."""


def check_symbol(symbol: str) -> str:
    """The symbol; DataError if it is not valid."""
    if not isinstance(symbol, str) or not re.search(SYMBOL_PATTERN, symbol):
        raise DataError(f"symbol: {symbol!r} is not {SYMBOL_WORDS}")
    return symbol
