"""Ticks or finer bars -> bars of a longer interval."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from btcore.errors import DataError, reject_rows
from btcore.times.clock import zone
from btcore.times.intervals import HOUR_NS, Interval, interval_name, interval_ns
from btcore.times.zones import Times, localize, utc_offsets

from .columns import Floats, frozen
from .containers import Bars, Quotes, Trades
from .validate import check_bars


def resample(data: Bars | Quotes | Trades, to: Interval, timezone: str = "UTC") -> Bars:
    """Bars of interval `to`, one for each interval with data.

    Trades give their prices and summed size (0 if sizes are unknown); quotes give mid prices, volume 0 and
    source "mid"; bars give their open, high, low, close and summed volume. Intervals begin on the local clock
    of `timezone`: a day at local midnight. All bars have the nominal length, also when the clock changes: the
    bar of a local day of 23 hours ends an hour after the day, and that of a day of 25 hours begins an hour
    after its midnight, so that no bar ends before its data are known. DataError if `to` is not a multiple of
    the interval of the bars, or a bar would have to be split.
    """
    length = interval_ns(to)
    zone(timezone)
    times = data.timestamp
    if isinstance(data, Bars):
        source = data.source
        if length % data.interval:
            mine, theirs = interval_name(length), interval_name(data.interval)
            raise DataError(f"resample: {mine} is not a multiple of the bars' interval, {theirs}")
    else:
        source = "mid" if isinstance(data, Quotes) else "trade"
    negative_prices = data.negative_prices
    if len(data) == 0:
        return Bars([], [], [], [], [], interval=length, source=source, negative_prices=negative_prices)
    buckets = _buckets(times, length, timezone)
    first = np.flatnonzero(np.concatenate(([True], buckets[1:] != buckets[:-1])))
    stamps = _stamps(buckets[first], length, timezone)
    if isinstance(data, Bars):
        if length == data.interval and np.array_equal(stamps, times):
            return data
        _reject_split(data, first, stamps, length)
    columns = {"timestamp": stamps, **_aggregates(data, first)}
    check_bars(columns, length, negative_prices)  # intervals can overlap if a clock moves by half an hour
    meta = {"interval": length, "source": source, "negative_prices": negative_prices}
    return Bars._trusted({name: frozen(c) for name, c in columns.items()}, meta)


def _buckets(times: Times, length: int, timezone: str) -> Times:
    """The start of the interval that each time falls in: local time, or UTC for intervals up to an hour."""
    offsets = utc_offsets(times, timezone)
    local = times + offsets if isinstance(offsets, np.ndarray) or offsets else times
    starts: Times = local - local % length
    # The hour that autumn repeats is two intervals of an hour, but lies within one of four hours or a day.
    return starts - offsets if length <= HOUR_NS else starts


def _stamps(starts: Times, length: int, timezone: str) -> Times:
    """The timestamp of the bar of each interval, UTC."""
    if length <= HOUR_NS:
        return starts
    begin = localize(starts, timezone, "bars", "earlier")
    end = localize(starts + length, timezone, "bars", "earlier")
    return np.maximum(begin, end - length)


def _reject_split(bars: Bars, first: NDArray[np.intp], stamps: Times, length: int) -> None:
    """RowError for a bar that ends after the interval it begins in: the longer bar would have later data."""
    last = np.append(first[1:], len(bars)) - 1
    late = np.zeros(len(bars), bool)
    late[last] = bars.timestamp[last] + bars.interval > stamps + length
    reject_rows("bars", late, lambda _: f"ends after the {interval_name(length)} that it begins in")


def _aggregates(data: Bars | Quotes | Trades, first: NDArray[np.intp]) -> dict[str, NDArray[Any]]:
    """Open, high, low, close and volume of each interval; `first` is its first row."""
    last = np.append(first[1:], len(data)) - 1
    volume: Floats | None = None
    if isinstance(data, Bars):
        opened, high, low, closed, volume = data.open, data.high, data.low, data.close, data.volume
    elif isinstance(data, Quotes):
        opened = high = low = closed = 0.5 * (data.bid + data.ask)  # as the engine marks a position
    else:
        opened = high = low = closed = data.price
        volume = data.size
    columns = {
        "open": opened[first],
        "high": np.maximum.reduceat(high, first),
        "low": np.minimum.reduceat(low, first),
        "close": closed[last],
    }
    return columns if volume is None else columns | {"volume": np.add.reduceat(volume, first)}
