"""What a run is given besides its markets, checked: its instruments, the grid of its curve."""

from collections.abc import Callable, Mapping
from typing import Any

from btcore.config import Instrument, checked
from btcore.data.containers import Quotes, Trades
from btcore.data.markets import Markets
from btcore.errors import ConfigError, DataError
from btcore.times.intervals import Interval, interval_ns

MINUTE_NS = 60 * 10**9


def check_instruments(given: Mapping[str, Instrument] | None, markets: Markets) -> list[Instrument]:
    given = given or {}
    symbols = [symbol for symbol, _ in markets]
    strangers = sorted(set(given) - set(symbols))
    if strangers:
        raise ConfigError(
            f"instruments: {strangers[0]!r} is not in this run; its symbols are {', '.join(symbols)}"
        )
    return [
        checked(f"instruments[{symbol!r}]", given[symbol], Instrument) if symbol in given else Instrument()
        for symbol in symbols
    ]


def refuse_negative(markets: Markets, instruments: list[Instrument]) -> None:
    """ConfigError where data hold a price that is not positive, and their instrument says there is none."""
    for (symbol, containers), instrument in zip(markets, instruments, strict=True):
        for container in containers:
            if not container.negative_prices or instrument.negative_prices:
                continue
            least = {"bars": "low", "quotes": "bid", "trades": "price"}[container.kind]
            if container.columns[least].min() <= 0.0:
                raise ConfigError(
                    f"instruments[{symbol!r}]: its {container.kind} hold negative prices; "
                    "Instrument(negative_prices=True) admits them"
                )


def mark_grid(mark_every: Interval | None, markets: Markets) -> int:
    """ns; 0 for a point at every distinct time, as suits bars."""
    if mark_every is None:
        bars_alone = all(c.kind == "bars" for _, containers in markets for c in containers)
        return 0 if bars_alone else MINUTE_NS
    try:
        return interval_ns(mark_every)
    except DataError as error:
        raise ConfigError(f"mark_every: {error}") from error


def price_columns(markets: Markets) -> Callable[[str], Any]:
    """Of a symbol: when each price began and was known, and how low and high it was."""
    streams = dict(markets)
    ranks = {"quotes": 0, "trades": 1, "bars": 2}

    def columns(symbol: str) -> Any:
        source = min(streams[symbol], key=lambda c: ranks[c.kind])
        start = source.timestamp
        if isinstance(source, Quotes):
            mid = 0.5 * (source.bid + source.ask)
            return start, start, mid, mid
        if isinstance(source, Trades):
            return start, start, source.price, source.price
        return start, start + source.interval, source.low, source.high

    return columns
