"""Source: the protocol of a catalog and the sample market; checks of symbols and resolutions."""

import re
from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from btcore.config import SYMBOL_PATTERN, SYMBOL_WORDS
from btcore.errors import DataError
from btcore.times.intervals import RESOLUTION_NS

from .containers import Bars, Quotes, Trades

AnyContainer = Bars | Quotes | Trades
RESOLUTIONS = ("tick", *RESOLUTION_NS)


@runtime_checkable
class Source(Protocol):
    """Market data by symbol and resolution."""

    def load(self, symbol: str, resolution: str, start_ns: int, end_ns: int) -> tuple[AnyContainer, ...]:
        """The streams that a run reads, without empty ones; DataError, which lists the data, if all are."""

    def check(self, symbol: str, resolution: str, start_ns: int, end_ns: int) -> None:
        """Raises the DataError that `load` would, without reading the data if possible."""

    def symbols(self, resolution: str | None = None) -> Sequence[str]:
        """The symbols with data, or with data of that resolution, sorted."""

    def describe(self) -> str:
        """The `data_source` in the manifest of a run, such as "catalog"."""


def check_symbol(symbol: str) -> str:
    """The symbol; DataError if it is not valid."""
    if not isinstance(symbol, str) or not re.search(SYMBOL_PATTERN, symbol):
        raise DataError(f"symbol: {symbol!r} is not {SYMBOL_WORDS}")
    return symbol


def check_resolution(resolution: str) -> str:
    """The resolution; DataError if it is not one of `RESOLUTIONS`."""
    if resolution not in RESOLUTIONS:
        raise DataError(f"resolution: {resolution!r} is not one of {', '.join(RESOLUTIONS)}")
    return resolution
