"""What a run takes as data, a Source included -> containers, and what is known of them: zone, instruments."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from os import PathLike, fspath
from pathlib import Path
from typing import Any, NamedTuple

from btcore.config import Instrument
from btcore.errors import ConfigError, DataError
from btcore.times.clock import FIRST_YEAR, LAST_YEAR, moment_text, to_ns, zone

from .catalog.catalog import Catalog
from .catalog.index import index_mark
from .containers import Bars, Quotes, Trades
from .data_timezone import ZoneChoice, choose_timezone
from .definitions import instruments_of
from .markets import Merged, SymbolData, select_rows
from .run_data import RunData, open_data
from .source import AnyContainer, Source, TimezoneSource, check_resolution, check_symbol
from .timestamps import Moment, moment_ns

DEFAULT_RESOLUTION = "day"  # that of a RunRequest
LISTED = 20  # symbols in an error
ALL_TIME = (
    to_ns(datetime(FIRST_YEAR, 1, 1, tzinfo=UTC)),
    to_ns(datetime(LAST_YEAR + 1, 1, 1, tzinfo=UTC)),
)

Bounds = tuple[int | None, int | None]


class OpenedData(NamedTuple):
    """The data of a run and what is known of them.

    data: symbols to their containers; of a Source only rows between `start` and `end`.
    zone: the zone of the run, and why.
    instruments: those that the source defines, without the ones that are the default.
    data_source: what the source says of itself; None for data without a source.
    """

    data: Mapping[str, SymbolData]
    zone: ZoneChoice
    instruments: dict[str, Instrument]
    data_source: str | None

    def by_symbol(self) -> Mapping[str, SymbolData]:
        """The data, with the container itself where a symbol of a Source has one only."""
        if self.data_source is None:
            return self.data
        return {name: s[0] if len(s := _streams(value)) == 1 else s for name, value in self.data.items()}


def open_run(
    data: RunData,
    *,
    symbol: str | None = None,
    symbols: Sequence[str] | None = None,
    resolution: str | None = None,
    timezone: str | None = None,
    start: Moment | None = None,
    end: Moment | None = None,
) -> OpenedData:
    """The data that the arguments of `run` describe. ConfigError or DataError if there are none."""
    if timezone is not None:
        zone(timezone)
    source = as_source(data)
    if source is not None:
        if symbol is not None:
            raise ConfigError(f"symbol: with a {type(source).__name__} it is symbols=[{symbol!r}]")
        name = check_resolution(DEFAULT_RESOLUTION if resolution is None else resolution)
        return _open_source(source, symbols, name, timezone, (start, end))
    for name, value in (("symbols", symbols), ("resolution", resolution)):
        if value is not None:
            raise _needs_source(name, data)
    opened = open_data(data, symbol, timezone or "UTC")
    streams = {check_symbol(name): _streams(value) for name, value in opened.items()}
    origin = opened.source if isinstance(opened, Merged) else None
    zones = _zones(origin, streams)
    return OpenedData(
        opened,
        choose_timezone(timezone, zones),
        {} if origin is None else instruments_of(origin, zones),
        None if origin is None else origin.data_source,
    )


def merge(
    data: RunData,
    symbol: str | None = None,
    timezone: str | None = None,
    *,
    symbols: Sequence[str] | None = None,
    resolution: str | None = None,
    start: Moment | None = None,
    end: Moment | None = None,
) -> Merged:
    """The data with the order of their events, sorted once for any number of runs: `run(merge(data), ...)`.

    `data`, `symbol`, `timezone`, `symbols` and `resolution` are as in `run`. `start` and `end` limit what is
    read of a Source. A run with a `start` or an `end` of its own uses a slice of the order if it can, and
    merges again if it cannot. It takes zone and instruments from the same source as the data.
    """
    if (start is not None or end is not None) and as_source(data) is None:
        raise ConfigError("start, end: merge takes them with a Catalog or another Source; give them to run")
    opened = open_run(
        data, symbol=symbol, symbols=symbols, resolution=resolution, timezone=timezone, start=start, end=end
    ).data
    return opened if isinstance(opened, Merged) else Merged(select_rows(opened, None, None))


def as_source(data: RunData) -> Source | None:
    """The Source that `data` is; a catalog for the path of its folder; None for other data."""
    if isinstance(data, str | PathLike) and Path(data).is_dir():
        folder = fspath(data)
        if index_mark(Path(data)) is None:
            raise ConfigError(
                f"data: {folder!r} is a folder without a catalog; files are given by symbol, as in "
                f'{{"SPY": "{folder.rstrip("/")}/spy.csv"}}'
            )
        return Catalog(folder)
    return data if isinstance(data, Source) and not isinstance(data, type) else None


def _needs_source(name: str, data: RunData) -> ConfigError:
    if isinstance(data, str | PathLike) and not Path(data).exists():
        return ConfigError(f"data: there is no file or folder {fspath(data)!r}")
    return ConfigError(
        f"{name}: it is for a Catalog or another Source, but data is {type(data).__name__}; the symbols of a "
        "run over other data are the keys of the mapping, and its resolution is that of the data"
    )


def check_source(
    source: Source, symbols: Sequence[str], resolution: str, start_ns: int | None, end_ns: int | None
) -> None:
    """DataError, with the position of the symbol, for data that the source does not have."""
    source.symbols(check_resolution(resolution))  # refuses a resolution that the source cannot have
    first, last = _whole((start_ns, end_ns))
    for i, symbol in enumerate(symbols):
        try:
            source.check(symbol, check_resolution(resolution), first, last)
        except DataError as error:
            raise DataError(f"symbols[{i}]: {_without_limits(str(error))}") from error


def _without_limits(message: str) -> str:
    """The message of a source without the times that stand for a start or an end that is not given."""
    for word, limit in zip(("from", "to"), ALL_TIME, strict=True):
        message = message.replace(f" {word} {moment_text(limit)}", "")
    return message


def source_timezone(source: Source, symbols: Iterable[str], resolution: str) -> ZoneChoice:
    """The zone that a run over the source has if none is given, as far as the source knows it unread."""
    known = source if isinstance(source, TimezoneSource) else None
    name = check_resolution(resolution)
    return choose_timezone(None, {s: None if known is None else known.timezone(s, name) for s in symbols})


def _open_source(
    source: Source,
    symbols: Sequence[str] | None,
    resolution: str,
    timezone: str | None,
    period: tuple[Moment | None, Moment | None],
) -> OpenedData:
    chosen = _chosen_symbols(source, symbols, resolution)
    # The zone in which `period` is read may be known only when rows have been read.
    bounds = _bounds(period, timezone or source_timezone(source, chosen, resolution).timezone)
    data = _load(source, chosen, resolution, bounds)
    choice = choose_timezone(timezone, zones := _zones(source, data))
    if _bounds(period, choice.timezone) != bounds:
        data = _load(source, chosen, resolution, _bounds(period, choice.timezone))
    return OpenedData(data, choice, instruments_of(source, zones), source.data_source)


def _chosen_symbols(source: Source, symbols: Sequence[str] | None, resolution: str) -> list[str]:
    """The symbols as a list, each valid and once."""
    if symbols is None or isinstance(symbols, str) or not isinstance(symbols, Sequence) or not symbols:
        given = "" if symbols is None else f"{symbols!r} is not one or more in a list; "
        raise ConfigError(
            f"symbols: a run over a {type(source).__name__} needs them, as in symbols=['SPY']; "
            f"{given}{_known(source, resolution)}"
        )
    for i, symbol in enumerate(symbols):
        try:
            check_symbol(symbol)
        except DataError as error:
            raise ConfigError(f"symbols[{i}]: {str(error).removeprefix('symbol: ')}") from None
        if symbol in symbols[:i]:
            raise ConfigError(f"symbols: {symbol!r} is given more than once")
    return list(symbols)


def _known(source: Source, resolution: str) -> str:
    """The words of an error: some symbols with data of the resolution, else some with any."""
    for known, data in ((source.symbols(resolution), f"{resolution} data"), (source.symbols(), "data")):
        if known:
            more = f" and {len(known) - LISTED} more" if len(known) > LISTED else ""
            return f"those with {data} are {', '.join(known[:LISTED])}{more}"
    return "it has no data"


def _bounds(period: tuple[Moment | None, Moment | None], timezone: str) -> Bounds:
    """The times of the period in ns UTC; those without an offset are local in the zone."""
    start, end = period
    first = None if start is None else moment_ns(start, timezone, "start")
    last = None if end is None else moment_ns(end, timezone, "end")
    if first is not None and last is not None and first >= last:
        raise ConfigError(f"end: {end!r} is not after start {start!r}")
    return first, last


def _whole(bounds: Bounds) -> tuple[int, int]:
    """The bounds as numbers, as a Source takes them."""
    first, last = (limit if b is None else b for b, limit in zip(bounds, ALL_TIME, strict=True))
    return first, last


def _load(source: Source, symbols: list[str], resolution: str, bounds: Bounds) -> Merged:
    """The containers of each symbol, in a stored order of their events if a catalog has one."""
    start, end = bounds
    check_source(source, symbols, resolution, start, end)
    if isinstance(source, Catalog):
        return source.merge(symbols, resolution, start, end, keep=False)
    loaded = {symbol: source.load(symbol, resolution, *_whole(bounds)) for symbol in symbols}
    return Merged(select_rows(loaded, start, end), source=source)


def _zones(source: Source | None, data: Mapping[str, Any]) -> dict[str, str | None]:
    """The zone of each symbol: that which the source says, else the one that its streams have."""
    return {symbol: _zone(source, symbol, _streams(value)) for symbol, value in data.items()}


def _zone(source: Source | None, symbol: str, streams: tuple[AnyContainer, ...]) -> str | None:
    if isinstance(source, TimezoneSource) and streams:
        return source.timezone(symbol, streams[0].resolution)
    zones = {stream.timezone for stream in streams}
    (zone_name,) = zones if len(zones) == 1 else (None,)
    return zone_name


def _streams(value: Any) -> tuple[AnyContainer, ...]:
    """The containers of a symbol; values of another type are refused later."""
    values = value if isinstance(value, tuple | list) else (value,)
    return tuple(each for each in values if isinstance(each, Bars | Quotes | Trades))
