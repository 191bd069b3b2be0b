"""Prices off the tick, of zero and below, and unchanged for long; volumes of zero and unknown ones."""

from typing import Any

import numpy as np

from btcore.config import Instrument
from btcore.data.containers import Bars, Quotes
from btcore.data.source import AnyContainer
from btcore.times.intervals import DAY_NS, HOUR_NS

from .report import SHOWN, Finding, Row, found, rows_at
from .runs import runs

_NEAR_TICK = 1e-6  # of a tick: as much may come from arithmetic with floats
_STALE_DAYS, _STALE_BARS = 5, 10


def price_findings(data: AnyContainer, instrument: Instrument) -> list[Finding]:
    """Findings about the prices of single rows, and about runs of bars with one price."""
    prices = _prices(data)
    findings = []
    tick = instrument.tick_size
    if tick > 0:
        off = np.zeros(len(data), bool)
        for column in _traded(data).values():
            steps = column / tick
            off |= np.abs(steps - np.rint(steps)) > np.maximum(_NEAR_TICK, 8 * np.spacing(np.abs(steps)))
        if off.any():
            text = f"prices are no multiple of the tick {tick:.10g}: adjusted, averaged, or another tick"
            findings.append(_of_mask("off_tick_prices", off, text, data, prices))
    low = np.zeros(len(data), bool)
    for column in prices.values() if data.negative_prices else ():
        low |= column <= 0
    if low.any():
        text = "prices of zero or below; returns of them have no meaning"
        findings.append(_of_mask("negative_prices", low, text, data, prices))
    return findings + (_unchanged(data) if isinstance(data, Bars) else [])


def _prices(data: AnyContainer) -> dict[str, Any]:
    names = ("open", "high", "low", "close", "bid", "ask", "price")
    return {name: column for name, column in data.columns.items() if name in names}


def _traded(data: AnyContainer) -> dict[str, Any]:
    """The prices that orders may have: those of the sides in place of a mid, and none of a mid alone."""
    if isinstance(data, Bars) and (data.bid is not None or data.source != "trade"):
        return {name: column for name, column in data.columns.items() if name.startswith(("bid_", "ask_"))}
    return _prices(data)


def _of_mask(name: str, mask: Any, text: str, data: AnyContainer, prices: dict[str, Any]) -> Finding:
    at = np.flatnonzero(mask)
    return found(name, len(at), text, rows_at(data.timestamp, at, *prices.values(), names=" ".join(prices)))


def _unchanged(bars: Bars) -> list[Finding]:
    """Runs of bars whose open, high, low and close are all the close of the bar before."""
    times, close = bars.timestamp, bars.close
    flat = (bars.high == bars.low) & (bars.close == bars.open)
    of_days = bars.interval >= DAY_NS
    # Bars that are filled in follow each other; those of days have weekends between them.
    follow = of_days | (bars.end[:-1] == times[1:])
    begins, ends = runs(flat[1:] & flat[:-1] & (close[1:] == close[:-1]) & follow)
    long = ends - begins >= (_STALE_DAYS if of_days else _STALE_BARS)
    long &= bars.end[ends - 1] - times[begins] >= HOUR_NS
    if not long.any():
        return []
    shown = [
        Row(*rows_at(times, [first])[0][:2], f"{last - first} bars at {close[first]:.10g}")
        for first, last in zip(begins[long][:SHOWN], ends[long][:SHOWN], strict=True)
    ]
    text = "a price stays for many bars: they were filled in, or the feed had stopped"
    return [found("unchanged_prices", int(long.sum()), text, shown)]


def volume_findings(data: AnyContainer) -> list[Finding]:
    """Bars without volume, and data without a column of volumes or sizes."""
    name = {"bars": "volume", "quotes": "bid_size", "trades": "size"}[data.kind]
    volume = data.columns.get(name)
    if volume is None:
        what = "sizes are" if isinstance(data, Quotes) else f"{name} is"
        text = f"{what} unknown: settings that need it, such as volume_share or displayed_size, are refused"
        return [found("unknown_volume", len(data), text)]
    if not isinstance(data, Bars):
        return []
    at = np.flatnonzero(volume == 0)
    if not len(at):
        return []
    share = "all" if len(at) == len(data) else f"{len(at)} of {len(data)}"
    text = f"{share} bars have no volume; a run with volume_share fills nothing in them"
    return [found("zero_volume", len(at), text, rows_at(data.timestamp, at, data.close, names="close"))]
