"""Quotes, trades, bars of two sides: what is crossed, locked, stale, equal or without size; spreads."""

from typing import Any

import numpy as np

from btcore.data.containers import Bars, Quotes, Trades
from btcore.times.intervals import HOUR_NS

from .report import SHOWN, Finding, Row, found, rows_at
from .runs import runs

QUANTILES = (0, 1, 50, 99, 100)  # per cent
_STALE_ROWS = 10
_DOUBLED, _MANY = 1 / 3, 100  # of the trades equal the one before, among so many


def quote_findings(quotes: Quotes) -> list[Finding]:
    """Findings about the two sides of quotes."""
    times, bid, ask = quotes.timestamp, quotes.bid, quotes.ask
    findings = []
    for name, mask, text in (
        (
            "crossed_quotes",
            bid > ask,
            "the bid is above the ask; fills at both would be a profit without risk",
        ),
        ("locked_quotes", bid == ask, "bid and ask are equal"),
    ):
        if mask.any():
            at = np.flatnonzero(mask)
            findings.append(found(name, len(at), text, rows_at(times, at, bid, ask, names="bid ask")))
    if quotes.bid_size is not None and quotes.ask_size is not None:
        at = np.flatnonzero((quotes.bid_size == 0) | (quotes.ask_size == 0))
        if len(at):
            shown = rows_at(times, at, quotes.bid_size, quotes.ask_size, names="bid_size ask_size")
            findings.append(
                found("zero_size_quotes", len(at), "a side has no size, so nothing fills there", shown)
            )
    return findings + _stale(quotes)


def side_findings(bars: Bars) -> list[Finding]:
    """Bars of two sides that open or close with the bid above the ask."""
    if bars.bid is None or bars.ask is None:
        return []
    at = np.flatnonzero((bars.bid.open > bars.ask.open) | (bars.bid.close > bars.ask.close))
    if not len(at):
        return []
    text = "bars open or close with the bid above the ask; their mids are used"
    sides = (bars.bid.open, bars.ask.open, bars.bid.close, bars.ask.close)
    shown = rows_at(bars.timestamp, at, *sides, names="bid_open ask_open bid_close ask_close")
    return [found("crossed_bars", len(at), text, shown)]


def _stale(quotes: Quotes) -> list[Finding]:
    """Runs of equal quotes; a feed that has stopped repeats the last one."""
    times = quotes.timestamp
    begins, ends = runs(_equal_rows(quotes, ("bid", "ask", "bid_size", "ask_size")))
    long = (ends - begins >= _STALE_ROWS) & (times[ends - 1] - times[begins] >= HOUR_NS)
    if not long.any():
        return []
    text = f"{_STALE_ROWS} quotes or more, over an hour or more, are all the same: the feed may have stopped"
    shown = [
        Row(
            *rows_at(times, [first], quotes.bid, quotes.ask, names="bid ask")[0][:2],
            f"{last - first} equal quotes",
        )
        for first, last in zip(begins[long][:SHOWN], ends[long][:SHOWN], strict=True)
    ]
    return [found("stale_quotes", int(long.sum()), text, shown)]


def tick_findings(ticks: Quotes | Trades) -> list[Finding]:
    """Ticks with the time of the row before, and those that are equal to it in all columns."""
    times = ticks.timestamp
    same_time = times[1:] == times[:-1]
    findings = []
    equal = _equal_rows(ticks, tuple(ticks.columns))
    if equal.any():
        at, text = (
            np.flatnonzero(equal) + 1,
            "all columns equal the row before; an exchange may print such rows",
        )
        prices = (ticks.price,) if isinstance(ticks, Trades) else (ticks.bid, ticks.ask)
        shown = rows_at(times, at, *prices)
        findings.append(found("equal_rows", len(at), text, shown))
        if isinstance(ticks, Trades) and len(at) >= max(_DOUBLED * len(ticks), _MANY):
            text = f"{len(at)} of {len(ticks)} trades equal the one before: they may be there twice"
            findings.append(found("doubled_rows", len(at), text, shown))
    if same_time.any():
        at = np.flatnonzero(same_time) + 1
        text = f"{len(at)} of {len(ticks)} rows have the time of the row before, and take place after it"
        prices = (ticks.price,) if isinstance(ticks, Trades) else (ticks.bid, ticks.ask)
        findings.append(found("equal_times", len(at), text, rows_at(times, at, *prices)))
    return findings


def _equal_rows(ticks: Quotes | Trades, names: tuple[str, ...]) -> Any:
    """Whether each row, from the second on, has the values of the row before in these columns."""
    equal = np.ones(max(len(ticks) - 1, 0), bool)
    for column in (ticks.columns[name] for name in names if name in ticks.columns):
        equal &= column[1:] == column[:-1]
    return equal


def spread_facts(bid: Any, ask: Any) -> dict[str, Any]:
    """Quantiles of the spread, in price and in bps of the mid."""
    spread, mid = ask - bid, (ask + bid) / 2
    facts = {"spread": _quantiles(spread)}
    if (mid > 0).all():
        facts["spread in bps"] = _quantiles(spread / mid * 1e4)
    return facts


def _quantiles(values: Any) -> dict[str, float]:
    found_at = np.quantile(values, [each / 100 for each in QUANTILES], method="inverted_cdf")
    return {f"{each} %": float(f"{value:.6g}") for each, value in zip(QUANTILES, found_at, strict=True)}
