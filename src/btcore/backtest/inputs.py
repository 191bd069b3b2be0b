"""Checks of instruments and of the equity grid, and the price columns for excursions of round trips."""

from collections.abc import Callable, Mapping
from typing import Any

from btcore.config import Instrument, checked
from btcore.data.containers import Quotes, Trades
from btcore.data.markets import SymbolStreams
from btcore.errors import ConfigError, DataError
from btcore.times.intervals import MINUTE_NS, Interval, interval_ns

LOWEST = {"bars": "low", "quotes": "bid", "trades": "price"}  # the column with the lowest prices
SHOWN_FIRST = ("quotes", "trades", "bars")


def check_instruments(given: Mapping[str, Instrument] | None, markets: SymbolStreams) -> list[Instrument]:
    """One Instrument for each symbol, in the order of `markets`; the default where none is given.

    ConfigError, which names the symbol, for an invalid one or a symbol that is not in the run.
    """
    given = {} if given is None else given
    if not isinstance(given, Mapping):
        raise ConfigError(f"instruments: {given!r} is not a mapping of symbols to Instrument")
    symbols = [symbol for symbol, _ in markets]
    unknown = sorted(set(given) - set(symbols))
    if unknown:
        raise ConfigError(
            f"instruments: {unknown[0]!r} is not in this run; its symbols are {', '.join(symbols)}"
        )
    return [
        checked(f"instruments[{symbol!r}]", given[symbol], Instrument) if symbol in given else Instrument()
        for symbol in symbols
    ]


def refuse_negative(markets: SymbolStreams, instruments: list[Instrument]) -> None:
    """Raises ConfigError for a price of 0 or less of an instrument that does not allow it."""
    for (symbol, containers), instrument in zip(markets, instruments, strict=True):
        for container in containers:
            if not container.negative_prices or instrument.negative_prices:
                continue
            if container.columns[LOWEST[container.kind]].min() <= 0.0:
                raise ConfigError(
                    f"instruments[{symbol!r}]: its {container.kind} have prices of 0 or less; "
                    "Instrument(negative_prices=True) allows them"
                )


def mark_grid(mark_every: Interval | None, markets: SymbolStreams) -> int:
    """The step of the equity grid in ns; 0, the default for bars alone, is a point at every event time."""
    if mark_every is None:
        only_bars = all(c.kind == "bars" for _, containers in markets for c in containers)
        return 0 if only_bars else MINUTE_NS
    try:
        return interval_ns(mark_every)
    except DataError as error:
        raise ConfigError(f"mark_every: {error}") from error


def price_columns(markets: SymbolStreams) -> Callable[[str], Any]:
    """A function of a symbol that returns four columns: start and end of each price (ns UTC), low, high."""
    streams = dict(markets)

    def columns(symbol: str) -> Any:
        source = min(streams[symbol], key=lambda c: SHOWN_FIRST.index(c.kind))
        start = source.timestamp
        if isinstance(source, Quotes):
            mid = 0.5 * (source.bid + source.ask)
            return start, start, mid, mid
        if isinstance(source, Trades):
            return start, start, source.price, source.price
        return start, start + source.interval, source.low, source.high

    return columns
