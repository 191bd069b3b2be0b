"""Where a run gets its data: what a catalog and the sample market have in common."""

import re
from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from btcore.config import SYMBOL_PATTERN
from btcore.errors import DataError
from btcore.times.intervals import RESOLUTION_NS

from .containers import Bars, Quotes, Trades

AnyContainer = Bars | Quotes | Trades
RESOLUTIONS = ("tick", *RESOLUTION_NS)


@runtime_checkable
class Source(Protocol):
    """A place that has market data by symbol and resolution."""

    def load(self, symbol: str, resolution: str, start_ns: int, end_ns: int) -> tuple[AnyContainer, ...]:
        """The streams a run reads, none of them empty; DataError says what there is instead."""

    def check(self, symbol: str, resolution: str, start_ns: int, end_ns: int) -> None:
        """Raises the DataError that `load` would, at next to no cost."""

    def symbols(self, resolution: str | None = None) -> Sequence[str]:
        """The symbols it has data for, sorted."""

    def describe(self) -> str:
        """ "catalog" or "synthetic sample data": what a run's manifest says of its data."""


def check_symbol(symbol: str) -> str:
    """The symbol; DataError if it is none."""
    if not isinstance(symbol, str) or not re.search(SYMBOL_PATTERN, symbol):
        raise DataError(
            f"symbol: {symbol!r} is not 1 to 32 letters, digits and ._:=^- that begin with a letter or digit"
        )
    return symbol


def check_resolution(resolution: str) -> str:
    """The resolution; DataError if it is none."""
    if resolution not in RESOLUTIONS:
        raise DataError(f"resolution: {resolution!r} is not one of {', '.join(RESOLUTIONS)}")
    return resolution
