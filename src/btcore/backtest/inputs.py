"""Checks of data against instruments and settings, and the price columns for excursions of round trips."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from btcore.config import Execution, Instrument, checked
from btcore.costs import CostModel
from btcore.data.containers import Bars, Quotes, Trades
from btcore.data.following import last_row
from btcore.data.markets import SymbolStreams
from btcore.data.source import AnyContainer
from btcore.data.timestamps import moment_ns
from btcore.errors import ConfigError, DataError, near_name
from btcore.times.clock import moment_text
from btcore.times.intervals import MINUTE_NS, Interval, interval_ns

LOWEST: dict[str, tuple[str, ...]] = {  # columns with the lowest prices
    "bars": ("low",),
    "quotes": ("bid", "ask"),
    "trades": ("price",),
}
SOURCES = ("quotes", "trades", "bars")  # the first kind that a symbol has fills its orders
SIZES = {"bars": "volume", "quotes": "bid_size", "trades": "size"}  # quotes have both sizes or neither


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
            f"instruments: {unknown[0]!r} is not in this run{near_name(unknown[0], symbols)}; "
            f"its symbols are {', '.join(symbols)}"
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
            if min(container.columns[name].min() for name in LOWEST[container.kind]) <= 0.0:
                raise ConfigError(
                    f"instruments[{symbol!r}]: its {container.kind} have prices of 0 or less; "
                    "Instrument(negative_prices=True) allows them"
                )


def refuse_path_of_sides(markets: SymbolStreams, execution: Execution) -> None:
    """Raises ConfigError for `intrabar="path"` with bars of bid and ask: two paths have no common order."""
    for symbol, containers in markets:
        met = _streams_that_fill(containers, execution)
        if execution.intrabar == "path" and any(isinstance(c, Bars) and c.bid is not None for c in met):
            raise ConfigError(
                f"execution.intrabar: 'path' needs bars of one price, and data[{symbol!r}] has bars of bid "
                "and ask; give 'pessimistic', 'optimistic' or 'bounds'"
            )


def require_quotes_and_bars(markets: SymbolStreams, execution: Execution) -> None:
    """Raises ConfigError for `resting_on="bars"` without quotes and bars, or with `bar_fill="close"`."""
    if execution.resting_on == "quotes":
        return
    if execution.bar_fill == "close":
        raise ConfigError("execution.resting_on: 'bars' does not go with bar_fill='close'; give one of them")
    kinds = [{container.kind for container in containers} for _, containers in markets]
    if not any({"quotes", "bars"} <= each for each in kinds):
        raise ConfigError(
            "execution.resting_on: 'bars' needs a symbol with quotes and bars, and there is none"
        )


def require_sizes(markets: SymbolStreams, execution: Execution) -> None:
    """Raises ConfigError for a setting that needs sizes, if data that fill orders have none."""
    for symbol, containers in markets:
        for container in _streams_that_fill(containers, execution):
            setting = _sized_setting(container, execution)
            if setting and not has_sizes(container):
                raise ConfigError(f"execution.{setting}: {_lack_of_sizes(symbol, container)}")


def _sized_setting(container: AnyContainer, execution: Execution) -> str:
    """The setting in force that needs the sizes of the container; "" if there is none."""
    if not isinstance(container, Bars):
        if execution.displayed_size:
            return "displayed_size"
        return "consume" if execution.caps_size else ""
    if execution.volume_share is not None:
        return "volume_share"
    return next((name for name in ("slippage_volume", "slippage_sqrt") if getattr(execution, name)), "")


def _lack_of_sizes(symbol: str, container: AnyContainer) -> str:
    """The words for an error: which sizes the container lacks."""
    if not isinstance(container, Bars):
        return f"the {container.kind} of {symbol} have no sizes"
    if container.volume is None:
        return f"the bars of {symbol} have no volume"
    return f"the volume of all {len(container)} bars of {symbol} is 0"


def has_sizes(container: AnyContainer) -> bool:
    """True if sizes are known; a volume of 0 in every bar is unknown."""
    sizes = container.columns.get(SIZES[container.kind])
    return sizes is not None and (not isinstance(container, Bars) or bool(sizes.any()))


def execution_source(containers: Sequence[AnyContainer]) -> AnyContainer:
    """The stream that fills the symbol's orders and sets its mark."""
    return min(containers, key=lambda c: SOURCES.index(c.kind))


def _streams_that_fill(containers: Sequence[AnyContainer], execution: Execution) -> list[AnyContainer]:
    """The streams whose prices fill orders: the source, and beside quotes trades, or bars (`resting_on`)."""
    source = execution_source(containers)
    beside = (
        Bars if execution.resting_on == "bars" and any(isinstance(c, Bars) for c in containers) else Trades
    )
    return [c for c in containers if c is source or (isinstance(source, Quotes) and isinstance(c, beside))]


def time_span(markets: SymbolStreams) -> tuple[int, int]:
    """The timestamp of the first row, and the time at which the last one is delivered; ns UTC."""
    streams = [c for _, containers in markets for c in containers]
    ends = [c.end if isinstance(c, Bars) else c.timestamp for c in map(last_row, streams)]
    return min(int(c.timestamp[0]) for c in streams), max(int(end[0]) for end in ends)


def refuse_after_delisting(markets: SymbolStreams, instruments: Sequence[Instrument], timezone: str) -> None:
    """Raises ConfigError for data after the delisting of their symbol."""
    for (symbol, containers), instrument in zip(markets, instruments, strict=True):
        if instrument.delisting is None:
            continue
        at = moment_ns(instrument.delisting[0], timezone, f"instruments[{symbol!r}].delisting")
        for container in containers:
            late = container.end > at if isinstance(container, Bars) else container.timestamp >= at
            if late.any():
                row = int(late.argmax())
                raise ConfigError(
                    f"instruments[{symbol!r}].delisting: {moment_text(at)}, but {container.kind}[{row}] of "
                    f"{symbol} is later, at {moment_text(int(container.timestamp[row]))}; cut the data there"
                )


def checked_cost_model(model: Any) -> CostModel | None:
    """The model; ConfigError for another object."""
    if model is not None and not isinstance(model, CostModel):
        raise ConfigError(f"cost_model: {model!r} is not a CostModel")
    return model


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
        source = execution_source(streams[symbol])
        start = source.timestamp
        if isinstance(source, Quotes):
            mid = 0.5 * (source.bid + source.ask)
            return start, start, mid, mid
        if isinstance(source, Trades):
            return start, start, source.price, source.price
        return start, source.end, source.low, source.high

    return columns
