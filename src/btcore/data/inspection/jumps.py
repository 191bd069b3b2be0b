"""Jumps of a price: outliers that come back, and one-way jumps with or without a split to explain them."""

from typing import Any, NamedTuple

import numpy as np

from btcore.config import Instrument
from btcore.data.containers import Bars, Quotes
from btcore.data.source import AnyContainer
from btcore.data.timestamps import moment_ns
from btcore.times.intervals import DAY_NS, WEEK_NS

from .report import SHOWN, Finding, Row, found, rows_at

OFF = 0.5  # an outlier is this much off its neighbours
BACK = 0.25  # and the price after it is within this of the price before
LONGEST = 5  # rows of an outlier
LONG_AGO = 30 * DAY_NS  # no row for so long before a jump: it is not taken for a split
# New shares for one old, and how near to it the ratio of prices is.
RATIOS = (
    {1.5: 0.025}
    | {float(n): 0.05 for n in range(2, 5)}
    | {float(n): 0.1 for n in range(5, 10)}
    | {float(n): 0.15 for n in (10, 12, 15, 20, 25, 30, 40, 50, 75, 100)}
)
KNOWN_SPLIT = 0.15  # how near a jump is to a split that the instrument has
SMALLEST_SPLIT = 1.2  # new shares for one: smaller ones are lost among other changes of prices
_BOTH_WAYS = RATIOS | {1 / ratio: near for ratio, near in RATIOS.items()}


def jump_findings(data: AnyContainer, instrument: Instrument) -> list[Finding]:
    """Outliers, and jumps that stay. Prices of zero and below have no ratios, and are left out."""
    times, bad = data.timestamp, np.zeros(len(data), bool)
    # In a month or more a price may double and come back.
    longest = 1 if isinstance(data, Bars) and not 0 < data.interval <= WEEK_NS else LONGEST
    for prices in _series(data):
        bad |= _outliers(prices, longest)
    findings = []
    if isinstance(data, Bars) and 0 < data.interval <= DAY_NS:  # the range of a month may be this wide
        bad |= _wicks(data)
    if bad.any():
        at = np.flatnonzero(bad)
        text = f"a price is {OFF:.0%} or more off its neighbours, for {LONGEST} rows at most, and then back"
        columns = (data.open, data.high, data.low, data.close) if isinstance(data, Bars) else _series(data)
        findings.append(found("outliers", len(at), text, rows_at(times, at, *columns)))
    return findings + _one_way(data, bad, instrument)


def _series(data: AnyContainer) -> tuple[Any, ...]:
    """The prices whose neighbours are compared."""
    if isinstance(data, Bars):
        return (data.close,)
    return (data.bid, data.ask) if isinstance(data, Quotes) else (data.price,)


def _ratio(after: Any, before: Any) -> Any:
    """after / before; 1 where one is not positive."""
    valid = (after > 0) & (before > 0)
    return np.divide(after, before, out=np.ones(len(after)), where=valid)


def _is_off(ratio: Any) -> Any:
    return (ratio >= 1 + OFF) | (ratio <= 1 - OFF)


def _outliers(prices: Any, longest: int) -> Any:
    """The rows of runs of at most `longest` rows that are off the price before, and then back."""
    bad = np.zeros(len(prices), bool)
    starts = np.flatnonzero(_is_off(_ratio(prices[1:], prices[:-1]))) + 1
    for length in range(1, longest + 1):
        starts = starts[starts + length < len(prices)]
        before = prices[starts - 1]
        starts = starts[_is_off(_ratio(prices[starts + length - 1], before))]
        back = _ratio(prices[starts + length], prices[starts - 1])
        done = (np.abs(back - 1) <= BACK) & ~bad[starts - 1]
        for step in range(length):
            bad[starts[done] + step] = True
        starts = starts[~done]
    return bad


def _wicks(bars: Bars) -> Any:
    """Bars whose high or low, or open, is off the closes beside it although their own close is not."""
    close = bars.close
    before = np.concatenate((close[:1], close[:-1]))
    after = np.concatenate((bars.open[1:], close[-1:]))
    top = np.maximum(np.maximum(before, after), close)
    bottom = np.minimum(np.minimum(before, after), close)
    return (_ratio(bars.high, top) >= 1 + OFF) | (_ratio(bars.low, bottom) <= 1 - OFF)


class _Jumps(NamedTuple):
    """Rows at which a price jumps, with the prices before and after."""

    rows: Any
    before: Any
    after: Any


def _one_way(data: AnyContainer, bad: Any, instrument: Instrument) -> list[Finding]:
    jumps = _staying(data, bad)
    times = data.timestamp
    ends = data.end if isinstance(data, Bars) else times
    splits = [(moment_ns(moment, "UTC", "splits"), ratio) for moment, ratio in instrument.splits]
    plain, unexplained = [], []
    for row, before, after in zip(*jumps, strict=True):
        ratio = float(before / after)
        begin, end = int(times[row - 1]), int(ends[row])
        if any(begin < when <= end and abs(ratio / each - 1) <= KNOWN_SPLIT for when, each in splits):
            continue
        nearest = min(_BOTH_WAYS, key=lambda each: abs(ratio / each - 1))
        # Over a long time without rows a price may have gone anywhere; `long_gaps` says so.
        near = abs(ratio / nearest - 1) <= _BOTH_WAYS[nearest] and times[row] - ends[row - 1] < LONG_AGO
        shown = f"from {before:.10g} to {after:.10g}"
        if near:
            unexplained.append((row, f"{shown}, near a split of {_split_text(nearest)}"))
        elif ratio >= 1 / (1 - OFF) or ratio <= 1 / (1 + OFF):
            plain.append((row, shown))
    findings = []
    for name, rows, text in (
        (
            "split_jumps",
            unexplained,
            "the price jumps by the ratio of a split, and the instrument has none there",
        ),
        ("jumps", plain, f"the price changes by {OFF:.0%} or more and stays there"),
    ):
        if rows:
            lines = [Row(*rows_at(times, [row])[0][:2], words) for row, words in rows[:SHOWN]]
            findings.append(found(name, len(rows), text, lines))
    return findings + _splits_without_jump(data, splits)


def _staying(data: AnyContainer, bad: Any) -> _Jumps:
    """The jumps, of the smallest ratio of a split or more, at rows that are no outliers and stay there.

    Rows that are outliers are left out first. A bar jumps from the close before to its open.
    """
    good = np.flatnonzero(~bad)
    if isinstance(data, Bars):
        first, last = data.open[good], data.close[good]
    else:
        first = last = (data.bid[good] + data.ask[good]) / 2 if isinstance(data, Quotes) else data.price[good]
    ratio = _ratio(first[1:], last[:-1])
    least = min(RATIOS) * (1 - RATIOS[min(RATIOS)])
    at = np.flatnonzero((ratio >= least) | (ratio <= 1 / least)) + 1
    stays = np.abs(_ratio(last[at], first[at]) - 1) <= BACK
    later = last[np.minimum(at + LONGEST, len(last) - 1)]
    stays &= np.abs(_ratio(later, last[at]) - 1) <= OFF
    at = at[stays]
    return _Jumps(good[at], last[at - 1], first[at])


def _first_after(data: AnyContainer, when: int) -> int:
    """The first bar that ends after that time; the first tick at or after it."""
    if isinstance(data, Bars):
        return int(np.searchsorted(data.end, when, "right"))
    return int(np.searchsorted(data.timestamp, when))


def _part(before: float, after: float, ratio: float) -> float:
    """The change of a price as a part of that of a split; 1, which is all of it, if one is not positive."""
    return float(np.log(before / after) / np.log(ratio)) if before > 0 and after > 0 else 1.0


def _split_text(ratio: float) -> str:
    if ratio in {1.5, 1 / 1.5}:
        return "3:2" if ratio > 1 else "2:3"
    return f"{ratio:.0f}:1" if ratio > 1 else f"1:{1 / ratio:.0f}"


def _splits_without_jump(data: AnyContainer, splits: list[tuple[int, float]]) -> list[Finding]:
    """Splits within the data at which the price changes by less than half of its ratio: it is adjusted."""
    times = data.timestamp
    price_before = data.close if isinstance(data, Bars) else _series(data)[-1]
    price_after = data.open if isinstance(data, Bars) else price_before
    shown = []
    for when, ratio in splits:
        row = _first_after(data, when)
        if not 0 < row < len(data) or abs(np.log(ratio)) < np.log(SMALLEST_SPLIT):
            continue
        before, after = float(price_before[row - 1]), float(price_after[row])
        # A midnight of Tokyo is on the UTC day before: the jump may be at the next row.
        following = range(row, min(row + 2, len(data)))
        changes = [
            _part(float(price_before[i - 1]), float(price[i]), ratio)
            for i in following
            for price in (price_after, price_before)  # the first trade of a bar may be of the day before
        ]
        if max(changes) < 0.5:
            text = f"a split of {ratio:.10g} new shares for one, but from {before:.10g} to {after:.10g}"
            shown.append(Row(*rows_at(times, [row])[0][:2], text))
    if not shown:
        return []
    text = "the price does not change at a split of the instrument: the data may be adjusted for it already"
    return [found("splits_without_jump", len(shown), text, shown[:SHOWN])]
