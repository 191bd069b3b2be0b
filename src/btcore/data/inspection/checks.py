"""One dataset -> its facts and findings."""

from typing import Any

import numpy as np

from btcore.config import TradingHours
from btcore.data.containers import Bars, Quotes, Trades
from btcore.data.source import AnyContainer
from btcore.errors import ConfigError
from btcore.times.clock import moment_text
from btcore.times.hours import sessions_of
from btcore.times.intervals import DAY_NS
from btcore.times.sessions import calendar_code

from .jumps import jump_findings
from .opening import Dataset
from .prices import price_findings, volume_findings
from .report import Finding, Inspected, found
from .sessions import session_findings
from .ticks import quote_findings, side_findings, spread_facts, tick_findings
from .times import gap_findings, now_ns, time_findings, time_of_day, usual_gap_text


def check_calendar(calendar: str | TradingHours) -> None:
    """ConfigError unless it is trading hours or the code of an exchange that is known."""
    if isinstance(calendar, str):
        calendar_code(calendar)
    elif not isinstance(calendar, TradingHours):
        raise ConfigError(f"calendar: {calendar!r} is not an exchange such as 'XNYS', or TradingHours")


def check_dataset(dataset: Dataset, calendar: str | TradingHours | None) -> Inspected:
    """What is in the dataset; the sessions of its instrument go before the calendar."""
    data = dataset.data
    if data is None:
        return Inspected(dataset.symbol, dataset.kind, {"rows": "none can be read"}, dataset.refused)
    if not len(data):
        empty = found("empty", 1, "there are no rows")
        return Inspected(dataset.symbol, data.kind, _facts(data, dataset, None), (*dataset.refused, empty))
    hours = dataset.instrument.sessions or calendar
    named = hours if isinstance(hours, str) else "trading hours" if hours is not None else None
    findings = [*dataset.refused, *_findings(data, dataset, hours)]
    ordered = sorted(findings, key=lambda finding: not finding.changes_results)
    return Inspected(dataset.symbol, data.kind, _facts(data, dataset, named), tuple(ordered))


def _findings(data: AnyContainer, dataset: Dataset, hours: str | TradingHours | None) -> list[Finding]:
    zone = dataset.timezone or "UTC"
    found_here = []
    if hours is not None and data.resolution not in {"irregular"}:
        past = data.slice(None, now_ns())  # calendars end soon, and rows in the future are another finding
        if len(past):
            last = int(past.end[-1] if isinstance(past, Bars) else past.timestamp[-1])
            found_here += session_findings(past, sessions_of(hours, int(past.timestamp[0]), last))
    else:
        found_here += gap_findings(data, zone)
    found_here += time_findings(data, zone, has_sessions=hours is not None)
    found_here += jump_findings(data, dataset.instrument)
    found_here += price_findings(data, dataset.instrument)
    found_here += volume_findings(data)
    if isinstance(data, Quotes):
        found_here += quote_findings(data)
    if isinstance(data, Bars):
        found_here += side_findings(data)
    if isinstance(data, Quotes | Trades):
        found_here += tick_findings(data)
    return found_here


def _facts(data: AnyContainer, dataset: Dataset, sessions: str | None) -> dict[str, Any]:
    facts: dict[str, Any] = {"rows": len(data)}
    if len(data):
        facts |= {"first": moment_text(int(data.timestamp[0])), "last": moment_text(int(data.timestamp[-1]))}
    facts |= {"timezone": dataset.timezone or "unknown, read as UTC", "resolution": data.resolution}
    if len(data) and not (isinstance(data, Bars) and (data.interval >= DAY_NS or not data.interval)):
        facts["time of day"] = time_of_day(data.timestamp, dataset.timezone or "UTC")
    if isinstance(data, Bars) and len(data) > 1:
        facts["adjacent"] = (
            f"{np.mean(data.end[:-1] == data.timestamp[1:]):.2%} of bars begin when the last ends"
        )
    facts["columns"] = list(data.columns)
    if len(data) > 1:
        facts["usual gap"] = usual_gap_text(data)
    facts["sessions"] = sessions or "none given: gaps are compared with each other"
    if isinstance(data, Quotes) and len(data):
        facts |= spread_facts(data.bid, data.ask)
    elif len(data):
        low, high = (data.low, data.high) if isinstance(data, Bars) else (data.columns["price"],) * 2
        facts["prices"] = f"{low.min():.10g} to {high.max():.10g}"
    if isinstance(data, Bars) and len(data) and data.bid is not None and data.ask is not None:
        facts |= spread_facts(data.bid.close, data.ask.close)
    if data.notes:
        facts["notes"] = list(data.notes)
    return facts
