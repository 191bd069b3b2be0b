"""Ticks or finer bars -> longer bars, or bars of a number of ticks, a volume, a value, a range or bricks."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from btcore.errors import DataError, reject_rows
from btcore.times.buckets import Buckets, anchor_ns, clock_buckets, session_buckets
from btcore.times.clock import zone
from btcore.times.hours import TradingHours
from btcore.times.intervals import Interval, Length, bar_length, interval_name
from btcore.times.order import with_times
from btcore.times.zones import Times

from .columns import Floats, frozen
from .containers import Bars, Quotes, Trades
from .tables.names import PRICES
from .tick_bars import Bricks, full_bars, mid_or_price, price_bars

Columns = dict[str, NDArray[Any]]
MEASURES = ("ticks", "volume", "value", "range", "renko")  # of bars that are not of a length of time


def resample(
    data: Bars | Quotes | Trades,
    to: Interval | None = None,
    timezone: str | None = None,
    *,
    anchor: str | None = None,
    calendar: str | TradingHours | None = None,
    ticks: int | None = None,
    volume: float | None = None,
    value: float | None = None,
    range: float | None = None,
    renko: float | None = None,
    sides: bool = False,
) -> Bars:
    """Bars of length `to`, one for each period with data, or of ticks, volume, value, range or renko.

    Trades give their prices and summed size (no volume if sizes are unknown). Quotes give mid prices, no
    volume and source "mid", and with `sides` the prices of bid and ask too. Bars give their open, high, low,
    close and summed volume, and both sides if they have them. Every bar has its true end.

    Periods of `to` begin on the local clock of `timezone` (None: that of the data, UTC if it is unknown):
    days at midnight, weeks on Monday, months on their first day. `anchor` moves that: "09:30" for hours and
    days, "sun 17:00" for weeks. With a `calendar` (the code of an exchange, such as "XNYS", or TradingHours)
    they begin at the open of each session, and the last of a session ends at its close; rows outside the
    sessions are left out, which a note says.

    A bar of ticks, volume or value (price times size) begins with its first tick and ends 1 ns after its
    last; it takes whole trades, and all ticks of its last nanosecond. One of a `range` is full when its high
    less its low reaches that. `renko` is the size of a brick: a bar lasts until a brick is complete, a move
    by that size in the direction of the last brick, or by twice the size against it, counted from its close.
    Its prices are multiples of the size, open to close, and several bricks of one nanosecond are one bar,
    which a note counts. The last bar is left out unless it is full, which a note says.

    DataError if `to` is not a multiple of the interval of the bars, a bar would have to be split, or sizes
    are needed and unknown.
    """
    measures = (ticks, volume, value, range, renko)
    given = {"to": to, **dict(zip(MEASURES, measures, strict=True))}
    passed = [name for name, what in given.items() if what is not None]
    if len(passed) != 1:
        raise DataError(
            f"resample: one of {', '.join(given)} is needed, not {' and '.join(passed) or 'none'}"
        )
    (measure,) = passed
    if sides and not isinstance(data, Quotes):
        raise DataError(f"resample: sides is for quotes, not for {data.kind}")
    clock = timezone or data.timezone or "UTC"
    zone(clock)
    table = Table(data, _columns(data, sides), timezone or data.timezone)
    if to is None:
        if anchor is not None or calendar is not None:
            raise DataError("resample: anchor and calendar are for bars of a length of time, `to`")
        bricks = None
        if measure in {"range", "renko"}:
            first, left, bricks = price_bars(data, measure, given[measure])
        else:
            first, left = full_bars(data, measure, given[measure])
        notes = (f"resample: the last {left} ticks fill no bar and are left out",) if left else ()
        return _tick_bars(table, first, len(data) - left, bricks, notes)
    if anchor is not None and calendar is not None:
        raise DataError("resample: anchor and calendar both say when bars begin; pass one of them")
    return _time_bars(table, bar_length(to), clock, anchor, calendar)


class Table(NamedTuple):
    """The data, the columns that are aggregated, and the zone of the bars; None if it is unknown."""

    data: Bars | Quotes | Trades
    columns: Columns
    timezone: str | None


def _columns(data: Bars | Quotes | Trades, sides: bool) -> Columns:
    """The columns; with `sides` of quotes, bid and ask as four prices each."""
    columns = dict(data.columns)
    if sides:
        columns |= {f"{side}_{price}": columns[side] for side in ("bid", "ask") for price in PRICES}
    return columns


def _time_bars(
    table: Table, length: Length, timezone: str, anchor: str | None, calendar: str | TradingHours | None
) -> Bars:
    data, columns = table.data, table.columns
    start = anchor_ns(anchor, length)
    fixed = not length.months and calendar is None
    if isinstance(data, Bars) and data.interval and fixed and length.ns % data.interval:
        theirs = interval_name(data.interval)
        raise DataError(f"resample: {length.name} is not a multiple of the bars' interval, {theirs}")
    if len(data) == 0:
        return _bars(table, {"timestamp": data.timestamp} | _empty(columns), length, ())
    ends = data.end if isinstance(data, Bars) else data.timestamp + 1
    if calendar is None:
        buckets = clock_buckets(data.timestamp, length, timezone, start)
    else:
        buckets = session_buckets(data.timestamp, ends, length, timezone, calendar)
    if isinstance(data, Bars):
        if _are_bars(data, buckets):
            return data if table.timezone == data.timezone else _bars(table, columns, length, ())
        _reject_split(data, ends, buckets, length)
    notes = _left_out(data, buckets, calendar)
    if notes:
        columns = {name: column[buckets.rows] for name, column in columns.items()}
    found = {"timestamp": buckets.starts} | _aggregates(data, columns, buckets.first)
    if length.ns == 0 or not np.array_equal(buckets.ends, buckets.starts + length.ns):
        found["end"] = buckets.ends
    return _bars(table, found, length, notes)


def _tick_bars(
    table: Table, first: NDArray[np.intp], rows: int, bricks: Bricks | None, notes: tuple[str, ...]
) -> Bars:
    """Bars of the rows from each `first` to the next, and of `rows` rows in all."""
    times = table.data.timestamp[:rows]
    if len(first) == 0:
        return _bars(table, {"timestamp": times} | _empty(table.columns), Length(0), notes)
    columns = {name: column[:rows] for name, column in table.columns.items()}
    found: Columns = {"timestamp": times[first]} | _aggregates(table.data, columns, first)
    found["end"] = times[np.append(first[1:], rows) - 1] + 1
    if bricks is not None:
        found |= bricks.prices
        notes += bricks.notes
    return _bars(table, found, Length(0), notes)


def _bars(table: Table, columns: Columns, length: Length, notes: tuple[str, ...]) -> Bars:
    data = table.data
    source = data.source if isinstance(data, Bars) else "mid" if isinstance(data, Quotes) else "trade"
    meta: dict[str, Any] = {"interval": length.ns, "months": length.months, "source": source}
    meta |= {"negative_prices": data.negative_prices, "timezone": table.timezone}
    frozen_columns = {name: frozen(column) for name, column in columns.items()}
    return Bars._trusted(frozen_columns, meta, notes=(*data.notes, *notes))


def _are_bars(bars: Bars, buckets: Buckets) -> bool:
    """Whether the bars are those of the buckets already."""
    return np.array_equal(bars.timestamp, buckets.starts) and np.array_equal(bars.end, buckets.ends)


def _left_out(
    data: Bars | Quotes | Trades, buckets: Buckets, calendar: str | TradingHours | None
) -> tuple[str, ...]:
    """A note of the rows that are in no session; DataError if all are."""
    name = "its trading hours" if isinstance(calendar, TradingHours) else calendar
    outside = 0 if buckets.rows is None else len(data) - len(buckets.rows)
    if outside == len(data):
        raise DataError(f"resample: none of the {len(data)} rows lies in a session of {name}")
    return (f"resample: {outside} rows outside the sessions of {name} are left out",) if outside else ()


def _reject_split(bars: Bars, ends: Times, buckets: Buckets, length: Length) -> None:
    """RowError for a bar that ends after the period it begins in: the longer bar would have later data."""
    rows = np.arange(len(bars)) if buckets.rows is None else buckets.rows
    if len(rows) == 0:
        return
    until = np.repeat(buckets.ends, np.diff(buckets.first, append=len(rows)))
    late = np.zeros(len(bars), bool)
    late[rows] = ends[rows] > until
    problem = f"ends after the {length.name} that it begins in"
    reject_rows("bars", late, with_times(problem, bars.timestamp, ends))


def _aggregates(data: Bars | Quotes | Trades, columns: Columns, first: NDArray[np.intp]) -> Columns:
    """Open, high, low, close and volume of each run of rows; `first` is its first row."""
    last = np.append(first[1:], len(columns["timestamp"])) - 1
    if isinstance(data, Bars):
        found = _candles([columns[name] for name in PRICES], first, last)
    else:
        found = _candles([mid_or_price(columns)] * 4, first, last)
    size = columns.get("volume", columns.get("size"))
    if size is not None:
        found["volume"] = np.add.reduceat(size, first)
    for side in ("bid_", "ask_"):
        if f"{side}open" in columns:
            candles = _candles([columns[side + name] for name in PRICES], first, last)
            found |= {side + name: column for name, column in candles.items()}
    return found


def _candles(columns: list[Floats], first: NDArray[np.intp], last: NDArray[np.intp]) -> dict[str, Floats]:
    """Open, high, low and close of runs of rows of these four columns."""
    opened, high, low, closed = columns
    return {
        "open": opened[first],
        "high": np.maximum.reduceat(high, first),
        "low": np.minimum.reduceat(low, first),
        "close": closed[last],
    }


def _empty(columns: Columns) -> Columns:
    """The columns of no bars of data with these columns."""
    sides = [name for name in columns if name.endswith(PRICES) and name not in PRICES]
    volume = ["volume"] if {"volume", "size"} & columns.keys() else []
    return {name: np.zeros(0) for name in (*PRICES, *volume, *sides)}
