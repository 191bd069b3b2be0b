"""`build_bars` of a run: bars of other resolutions that are built from the rows of each symbol."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from btcore.errors import ConfigError, DataError, RowError, not_one_of
from btcore.times.hours import TradingHours
from btcore.times.resolutions import check_resolution

from .containers import Bars
from .markets import SymbolStreams
from .other_bars import OtherBars
from .resampling import MEASURES, resample
from .source import AnyContainer

SOURCES = ("trades", "quotes", "bars")  # the first that a symbol has is what bars are built from
OPTIONS = ("to", "anchor", "calendar", *MEASURES)  # of `resample`
BarSpec = str | Mapping[str, Any]

_MEASURED = re.compile(rf"(\S+) ({'|'.join(MEASURES)})")


class Spec(NamedTuple):
    """One entry of `build_bars`: its name, the options of `resample`, and the kind it is built from."""

    resolution: str
    options: dict[str, Any]
    source: str | None = None


def read_specs(given: Any) -> list[Spec]:
    """The entries of `build_bars`; ConfigError for one that says no bars, or for two of one name."""
    if given is None:
        return []
    if isinstance(given, str | Mapping) or not isinstance(given, Sequence):
        raise ConfigError(f"build_bars: {given!r} is not a list, such as ['5min', '1000 ticks']")
    specs = [_read(f"build_bars[{i}]", each) for i, each in enumerate(given)]
    names = [spec.resolution for spec in specs]
    for i, name in enumerate(names):
        if name in names[:i]:
            raise ConfigError(f"build_bars[{i}]: bars of {name} are given twice")
    return specs


def _read(where: str, given: Any) -> Spec:
    if isinstance(given, str):
        match = _MEASURED.fullmatch(given)
        options: dict[str, Any] = {"to": given} if match is None else {match[2]: _number(where, match[1])}
        return Spec(_name(where, options), options)
    if not isinstance(given, Mapping):
        raise ConfigError(f"build_bars: {given!r} at {where} is not a text such as '5min', or a mapping")
    for name in given:
        if name not in {*OPTIONS, "source"}:
            known = (*OPTIONS, "source")
            raise ConfigError(f"{where}: {not_one_of(name, known)}")
    options = {name: value for name, value in given.items() if name != "source"}
    source = given.get("source")
    if source is not None and source not in SOURCES:
        raise ConfigError(f"{where}.source: {not_one_of(source, SOURCES)}")
    return Spec(_name(where, options), options, source)


def _number(where: str, text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise ConfigError(f"{where}: {text!r} is not a number") from None


def _name(where: str, options: Mapping[str, Any]) -> str:
    """ "5min" -> "5min", 1000 ticks -> "1000 ticks"; ConfigError unless there is one length or measure."""
    given = [name for name in ("to", *MEASURES) if options.get(name) is not None]
    if len(given) != 1:
        raise ConfigError(f"{where}: one of to, {', '.join(MEASURES)} is needed, not {len(given)} of them")
    (name,) = given
    if name == "to":
        try:
            return check_resolution(options["to"])
        except DataError as error:
            measured = f"or a number and one of {', '.join(MEASURES)}, such as '1000 ticks'"
            raise ConfigError(f"{where}: {error}, {measured}") from error
    try:
        return f"{float(options[name]):.12g} {name}"
    except (TypeError, ValueError):
        raise ConfigError(f"{where}.{name}: {options[name]!r} is not a number") from None


def build_bars(
    specs: Sequence[Spec],
    markets: SymbolStreams,
    hours: Sequence[str | TradingHours | None],
    timezone: str,
    start: int | None,
) -> tuple[list[OtherBars], list[str]]:
    """The bars of all entries for every symbol, and lines of the log about rows that are left out.

    `hours` are the sessions of each symbol, None for local days: bars of parts of a day begin at their opens.
    A first bar that begins before `start`, ns UTC, is left out, as the rows before are not in the run.
    DataError, which names the entry and the symbol, for bars that cannot be built.
    """
    found, lines = [], []
    for i, spec in enumerate(specs):
        for (symbol, containers), sessions in zip(markets, hours, strict=True):
            where = f"build_bars[{i}] of {symbol}"
            source = _source(where, spec, containers)
            bars = _built(where, spec, source, sessions, timezone)
            label = f"{symbol} {spec.resolution}"
            lines += [f"{label}: {note}" for note in bars.notes[len(source.notes) :]]
            if start is not None and len(bars) and bars.timestamp[0] < start:
                bars = bars.slice(start, None)
                lines.append(f"{label}: the first bar begins before the run and is left out")
            found.append(OtherBars(symbol, spec.resolution, bars, built=True))
    return found, lines


def _source(where: str, spec: Spec, containers: Sequence[AnyContainer]) -> AnyContainer:
    by_kind = {each.kind: each for each in containers}
    kind = spec.source or next(each for each in SOURCES if each in by_kind)
    if kind not in by_kind:
        raise DataError(f"{where}: it has no {kind}, but {', '.join(by_kind)}")
    return by_kind[kind]


def _built(
    where: str, spec: Spec, source: AnyContainer, sessions: str | TradingHours | None, timezone: str
) -> Bars:
    if isinstance(source, Bars) and source.resolution == spec.resolution:
        raise DataError(f"{where}: {spec.resolution} is the resolution of its bars")
    options = dict(spec.options)
    if "to" in options and not {"anchor", "calendar"} & options.keys():
        options["calendar"] = sessions
    try:
        return resample(source, timezone=timezone, **options)
    except RowError as error:
        raise DataError(f"{where}: {error}") from error
    except DataError as error:
        raise DataError(f"{where}: {str(error).removeprefix('resample: ')}") from error
