"""Ticks or finer bars -> bars of a longer interval."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from btcore.errors import DataError, RowError
from btcore.times.clock import zone
from btcore.times.intervals import HOUR_NS, Interval, interval_name, interval_ns
from btcore.times.zones import Times, localize, utc_offsets

from .columns import Floats, frozen
from .containers import Bars, Quotes, Trades
from .validate import check_bars


def resample(data: Bars | Quotes | Trades, to: Interval, timezone: str = "UTC") -> Bars:
    """Bars of interval `to`, one for each interval in which something happened.

    Trades give their prices and summed size (0 where sizes are not known), quotes their mids with volume 0
    and source "mid", bars their open, high, low, close and summed volume. Intervals begin on the clock of
    `timezone`: a day at local midnight. Bars have the nominal interval, also on the days a clock changes:
    after a local day of 23 hours the bar ends an hour late; a day of 25 hours is stamped an hour after its
    midnight, so that no bar ends before all it tells has happened. DataError if that would mean to split a
    bar.
    """
    length = interval_ns(to)
    zone(timezone)
    times = data.timestamp
    if isinstance(data, Bars):
        source = data.source
        if length % data.interval:
            mine, theirs = interval_name(length), interval_name(data.interval)
            raise DataError(f"resample: {mine} is not a multiple of the bars' own {theirs}")
    else:
        source = "mid" if isinstance(data, Quotes) else "trade"
    admitted = data.negative_prices
    if len(data) == 0:
        return Bars([], [], [], [], [], interval=length, source=source, negative_prices=admitted)
    buckets = _buckets(times, length, timezone)
    first = np.flatnonzero(np.concatenate(([True], buckets[1:] != buckets[:-1])))
    stamps = _stamps(buckets[first], length, timezone)
    if isinstance(data, Bars):
        if length == data.interval and np.array_equal(stamps, times):
            return data
        _refuse_split(data, first, stamps, length)
    columns = {"timestamp": stamps, **_aggregates(data, first)}
    check_bars(columns, length, admitted)  # two intervals can meet where a clock moves by half an hour
    meta = {"interval": length, "source": source, "negative_prices": admitted}
    return Bars._trusted({name: frozen(c) for name, c in columns.items()}, meta)


def _buckets(times: Times, length: int, timezone: str) -> Times:
    """The interval each time falls in: its start on the local clock, or up to an hour, in UTC."""
    offsets = utc_offsets(times, timezone)
    local = times + offsets if isinstance(offsets, np.ndarray) or offsets else times
    starts: Times = local - local % length
    # The repeated hour of autumn is two hours; but a day, or four hours, that holds both is one.
    return starts - offsets if length <= HOUR_NS else starts


def _stamps(starts: Times, length: int, timezone: str) -> Times:
    if length <= HOUR_NS:
        return starts
    begin = localize(starts, timezone, "bars", "earlier")
    end = localize(starts + length, timezone, "bars", "earlier")
    return np.maximum(begin, end - length)


def _refuse_split(bars: Bars, first: NDArray[np.intp], stamps: Times, length: int) -> None:
    """RowError where a bar ends after the interval it was put into: that bar would tell the future."""
    last = np.append(first[1:], len(bars)) - 1
    late = bars.timestamp[last] + bars.interval > stamps + length
    if late.any():
        row = int(last[late.argmax()])
        raise RowError(
            "bars", row, f"ends after the {interval_name(length)} that it begins in", int(late.sum())
        )


def _aggregates(data: Bars | Quotes | Trades, first: NDArray[np.intp]) -> dict[str, NDArray[Any]]:
    last = np.append(first[1:], len(data)) - 1
    volume: Floats | None = None
    if isinstance(data, Bars):
        opened, high, low, closed, volume = data.open, data.high, data.low, data.close, data.volume
    elif isinstance(data, Quotes):
        opened = high = low = closed = 0.5 * (data.bid + data.ask)  # as the engine marks a position
    else:
        opened = high = low = closed = data.price
        volume = data.size
    return {
        "open": opened[first],
        "high": np.maximum.reduceat(high, first),
        "low": np.minimum.reduceat(low, first),
        "close": closed[last],
        "volume": np.zeros(len(first)) if volume is None else np.add.reduceat(volume, first),
    }
