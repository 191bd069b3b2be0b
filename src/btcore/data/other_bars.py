"""Bars of several resolutions of one symbol: which are its bars, and which are only seen by strategies."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from btcore.errors import ConfigError
from btcore.model import OTHER_BAR_DTYPE
from btcore.times.resolutions import IRREGULAR

from .containers import Bars
from .markets import SymbolData
from .tables.names import PRICES

MONTH_NS = 30 * 86_400 * 10**9  # only to compare lengths


class OtherBars(NamedTuple):
    """The bars of another resolution of a symbol: they fill no orders and set no mark.

    `built` is true if the run built them from other rows of the symbol.
    """

    symbol: str
    resolution: str
    bars: Bars
    built: bool = False


def split_resolutions(data: Mapping[str, SymbolData]) -> tuple[Mapping[str, SymbolData], list[OtherBars]]:
    """The data with the bars of one resolution for each symbol, and the bars of its others, shortest first.

    The symbol's bars are the first given. ConfigError if others are shorter, and for two streams of one
    resolution.
    """
    if not isinstance(data, Mapping) or not any(_has_several_bars(streams) for streams in data.values()):
        return data, []
    base: dict[str, SymbolData] = {}
    others = []
    for symbol, streams in data.items():
        if not (isinstance(streams, tuple | list) and _has_several_bars(streams)):
            base[symbol] = streams
            continue
        first, *more = (each for each in streams if isinstance(each, Bars))
        names = [first.resolution, *(each.resolution for each in more)]
        for name in names:
            if names.count(name) > 1:
                raise ConfigError(f"data[{symbol!r}]: two streams of {_words(name)}; join them first")
        more.sort(key=_length)
        if first.resolution != IRREGULAR and _length(more[0]) < _length(first):
            raise ConfigError(
                f"data[{symbol!r}]: {names[0]} bars come before {more[0].resolution} bars; the first bars "
                "given fill orders, so the shortest come first"
            )
        base[symbol] = (*(each for each in streams if not isinstance(each, Bars)), first)
        others += [OtherBars(symbol, each.resolution, each) for each in more]
    return base, others


def _has_several_bars(streams: Any) -> bool:
    return isinstance(streams, tuple | list) and sum(isinstance(each, Bars) for each in streams) > 1


def _length(bars: Bars) -> tuple[bool, int]:
    return bars.resolution == IRREGULAR, bars.interval or bars._months * MONTH_NS


def _words(resolution: str) -> str:
    if resolution == IRREGULAR:
        return "bars without a length (build_bars= names those that it builds)"
    return f"{resolution} bars"


def resolutions_of(others: Sequence[OtherBars]) -> tuple[str, ...]:
    """The other resolutions of a run: given ones from short to long, then those that it builds."""
    given = sorted((each for each in others if not each.built), key=lambda each: _length(each.bars))
    built = [each for each in others if each.built]
    return tuple(dict.fromkeys(each.resolution for each in (*given, *built)))


def refuse_repeated(others: Sequence[OtherBars]) -> None:
    """ConfigError for two streams of one resolution of a symbol."""
    for i, each in enumerate(others):
        if any((other.symbol, other.resolution) == (each.symbol, each.resolution) for other in others[:i]):
            raise ConfigError(f"build_bars: the data of {each.symbol} have bars of {each.resolution} already")


def ended_by(others: Sequence[OtherBars], last: int) -> list[OtherBars]:
    """The bars that end by `last`, ns UTC, the end of a run; the others are never over in it."""
    found = []
    for each in others:
        rows = int(np.searchsorted(each.bars.end, last, "right"))
        end = int(each.bars.timestamp[rows]) if rows < len(each.bars) else None
        found.append(each._replace(bars=each.bars.slice(None, end)))
    return found


def records_of(others: Sequence[OtherBars], symbols: Sequence[str], start: int) -> NDArray[Any]:
    """The bars that end after `start` as the engine reads them: by end, then symbol, then resolution."""
    names = resolutions_of(others)
    parts = [np.zeros(0, OTHER_BAR_DTYPE)]
    for each in others:
        first = int(np.searchsorted(each.bars.end, start, "right"))
        part = np.zeros(len(each.bars) - first, OTHER_BAR_DTYPE)
        part["bar"]["ts"] = each.bars.timestamp[first:]
        for name in PRICES:
            part["bar"][name] = each.bars.columns[name][first:]
        part["bar"]["volume"] = np.nan if each.bars.volume is None else each.bars.volume[first:]
        part["end"] = each.bars.end[first:]
        part["symbol"], part["resolution"] = symbols.index(each.symbol), names.index(each.resolution)
        parts.append(part)
    joined = np.concatenate(parts)
    return joined[np.lexsort((joined["resolution"], joined["symbol"], joined["end"]))]
