"""Bars of several resolutions of one symbol: which are its bars, and which are only seen by strategies."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from btcore.errors import ConfigError
from btcore.model import OTHER_BAR_DTYPE
from btcore.times.resolutions import IRREGULAR

from .columns import Floats
from .containers import Bars
from .markets import SymbolData
from .source import AnyContainer
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
    if not isinstance(data, Mapping) or not any(_several(streams) for streams in data.values()):
        return data, []
    base: dict[str, SymbolData] = {}
    others = []
    for symbol, streams in data.items():
        if not (isinstance(streams, tuple | list) and _several(streams)):
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


def _several(streams: Any) -> bool:
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


def check_names(others: Sequence[OtherBars]) -> None:
    """ConfigError for two streams of one resolution of a symbol."""
    for i, each in enumerate(others):
        if any((other.symbol, other.resolution) == (each.symbol, each.resolution) for other in others[:i]):
            raise ConfigError(f"build_bars: the data of {each.symbol} have bars of {each.resolution} already")


def until(others: Sequence[OtherBars], last: int) -> list[OtherBars]:
    """Without the bars that end after `last`, ns UTC, the end of a run: they are never over in it."""
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


def early_row(bars: Bars, finer: AnyContainer) -> tuple[int, int] | None:
    """The first bar whose prices are those of finer rows after its end, and the time of the last of these.

    Its high, low or close is not that of the rows from its begin to its end, but all three are those of the
    rows until the next bar begins, or of the rows of the next bar. None if there is no such bar.
    """
    times = finer.end if isinstance(finer, Bars) else finer.timestamp
    low, high, close = _prices_of(finer)
    # The rows of a bar: finer bars that end by then, ticks before then.
    side: Literal["left", "right"] = "right" if isinstance(finer, Bars) else "left"
    begins = np.append(bars.timestamp, bars.end[-1:])
    first = np.searchsorted(finer.timestamp, begins)
    until_end = np.searchsorted(times, bars.end, side)
    until_next = np.searchsorted(times, begins[1:], side)
    own = _is_of(bars, (low, high, close), first[:-1], until_end)
    longer = _is_of(bars, (low, high, close), first[:-1], until_next)
    shifted = np.zeros(len(bars), bool)
    shifted[:-1] = _is_of(bars, (low, high, close), first[1:-1], until_end[1:], slice(0, -1))
    found = np.flatnonzero(~own & (longer | shifted) & (first[:-1] < until_end))
    if not len(found):
        return None
    row = int(found[0])
    last = until_next[row] if longer[row] else until_end[row + 1]
    return row, int(times[last - 1])


def _is_of(
    bars: Bars,
    prices: tuple[Floats, Floats, Floats],
    first: NDArray[np.intp],
    until: NDArray[np.intp],
    rows: slice = slice(None),
) -> NDArray[np.bool_]:
    """Whether high, low and close of bars are those of the finer rows from `first` to `until`."""
    low, high, close = prices
    filled = first < until
    found = np.zeros(len(first), bool)
    if not filled.any():
        return found
    begin, end = first[filled], until[filled]
    edges = np.column_stack([begin, np.minimum(end, len(low) - 1)]).ravel()
    lowest, highest = np.minimum.reduceat(low, edges)[::2], np.maximum.reduceat(high, edges)[::2]
    lowest, highest = np.minimum(lowest, low[end - 1]), np.maximum(highest, high[end - 1])
    found[filled] = (
        (bars.low[rows][filled] == lowest)
        & (bars.high[rows][filled] == highest)
        & (bars.close[rows][filled] == close[end - 1])
    )
    return found


def _prices_of(finer: AnyContainer) -> tuple[Floats, Floats, Floats]:
    """Low, high and close of each row."""
    if isinstance(finer, Bars):
        return finer.low, finer.high, finer.close
    price = (
        0.5 * (finer.columns["bid"] + finer.columns["ask"])
        if finer.kind == "quotes"
        else finer.columns["price"]
    )
    return price, price, price
