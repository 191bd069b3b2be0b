"""Rows against sessions: sessions and bars that are missing, gaps, and rows outside."""

from typing import Any

import numpy as np
from msgspec.structs import replace

from btcore.data.containers import Bars
from btcore.data.source import AnyContainer
from btcore.times.clock import moment_text
from btcore.times.intervals import DAY_NS, HOUR_NS
from btcore.times.sessions import Sessions

from .report import SHOWN, Finding, Row, found, rows_at
from .times import FEW, count_text, long_gaps

# The share of rows that another clock puts in the sessions, and how much more than the one they have.
_BETTER = ((0.95, 0.1), (0.85, 0.3))
_MOST_HOURS = 14  # that a local clock is away from UTC
_SAMPLE = 100_000  # rows that are tried on other clocks


def session_findings(data: AnyContainer, sessions: Sessions) -> list[Finding]:
    """Findings about the rows and the sessions from the first row to the last."""
    if isinstance(data, Bars) and (data.interval >= DAY_NS or not data.interval):
        return _of_days(data, sessions)
    return _within_day(data, sessions)


def _of_days(bars: Bars, sessions: Sessions) -> list[Finding]:
    """Bars of days or longer: each session closes in a bar, and each bar has a part of a session."""
    last = sessions.closes - 1
    row = np.searchsorted(bars.timestamp, last, "right") - 1
    within = (row >= 0) & (last < bars.end[np.maximum(row, 0)])
    expected = (last >= bars.timestamp[0]) & (last < bars.end[-1])
    findings = _missing_sessions(bars, sessions, expected & ~within, row)
    opened = np.searchsorted(sessions.opens, bars.end, "left") - 1
    empty = (opened < 0) | (sessions.closes[np.maximum(opened, 0)] <= bars.timestamp)
    if empty.any():
        at = np.flatnonzero(empty)
        text = f"no time of these bars is in a session of {sessions.name}: holidays, or another clock"
        findings.append(
            found(
                "days_without_session", len(at), text, rows_at(bars.timestamp, at, bars.close, names="close")
            )
        )
    return findings


def _missing_sessions(data: AnyContainer, sessions: Sessions, missing: Any, row: Any) -> list[Finding]:
    at = np.flatnonzero(missing)
    if not len(at):
        return []
    blocks = np.split(at, np.flatnonzero(np.diff(at) > 1) + 1)
    lines = [
        Row(
            max(int(row[block[0]]), 0),
            moment_text(int(sessions.opens[block[0]])),
            f"{len(block)} missing from here on, after the row",
        )
        for block in blocks[:SHOWN]
    ]
    text = f"sessions of {sessions.name} between the first row and the last have no row"
    return [found("missing_sessions", len(at), text, lines)]


def _within_day(data: AnyContainer, sessions: Sessions) -> list[Finding]:
    """Ticks, and bars shorter than a day."""
    times = data.timestamp
    opens, closes = sessions.opens, sessions.closes
    ends = data.end if isinstance(data, Bars) else times + 1
    session = np.searchsorted(opens, ends - 1, "right") - 1
    # A tick at the close is of the closing auction.
    inside = (session >= 0) & (closes[np.maximum(session, 0)] > times - (not isinstance(data, Bars)))
    held = np.flatnonzero(inside)
    counts = np.bincount(session[held], minlength=len(opens))
    expected = (opens >= times[0]) & (closes <= ends[-1])
    before = np.searchsorted(times, opens) - 1
    enough = isinstance(data, Bars) or len(data) >= FEW  # a contract may trade a few times in a week
    findings = _missing_sessions(data, sessions, expected & (counts == 0) & enough, before)
    if len(held):
        findings += _gaps(data, sessions, session[held], held)
        if isinstance(data, Bars):
            findings += _missing_bars(data, sessions, session[held], held)
    at = np.flatnonzero(~inside)
    if len(at):
        text = f"{len(at)} of {len(times)} rows are outside the sessions of {sessions.name}"
        lines = [Row(*rows_at(times, [row])[0][:2], "outside") for row in at[:SHOWN]]
        findings.append(found("outside_sessions", len(at), text, lines))
        findings += _other_clock(data, sessions, len(held) / len(times))
    return findings


def _other_clock(data: AnyContainer, sessions: Sessions, inside: float) -> list[Finding]:
    """Whether the rows would be in the sessions if all times were some hours later or earlier."""
    if len(data) < FEW:
        return []
    times = data.timestamp[:: max(1, len(data) // _SAMPLE)]

    def share(shift: int) -> float:
        session = np.searchsorted(sessions.opens, times + shift, "right") - 1
        within = (session >= 0) & (times + shift <= sessions.closes[np.maximum(session, 0)])
        return float(within.mean())

    shares = {hours: share(hours * HOUR_NS) for hours in range(-_MOST_HOURS, _MOST_HOURS + 1)}
    best = max(shares, key=lambda hours: shares[hours])
    if not any(shares[best] >= least and shares[best] - inside >= more for least, more in _BETTER):
        return []
    later = "later" if best > 0 else "earlier"
    text = (
        f"{inside:.0%} of the rows are in the sessions of {sessions.name}, but {shares[best]:.0%} would be "
        f"{count_text(abs(best), 'hour')} {later}: they may be of another zone, or the sessions of another "
        "exchange"
    )
    return [found("other_clock", len(data), text)]


def _gaps(data: AnyContainer, sessions: Sessions, session: Any, held: Any) -> list[Finding]:
    """Gaps in time that counts only the sessions with rows."""
    opens, closes = sessions.opens, sessions.closes
    lengths = np.zeros(len(opens), np.int64)
    present = np.unique(session)
    lengths[present] = (closes - opens)[present]
    begins = np.cumsum(lengths) - lengths
    times = data.timestamp[held]
    ends = data.end[held] if isinstance(data, Bars) else times

    def in_sessions(moments: Any) -> Any:
        return begins[session] + np.clip(moments - opens[session], 0, lengths[session])

    gaps = in_sessions(times)[1:] - in_sessions(ends)[:-1]
    if not len(gaps):
        return []
    floor = 10 * data.interval if isinstance(data, Bars) else HOUR_NS
    return [
        replace(
            finding,
            rows=tuple(
                row._replace(number=int(held[np.searchsorted(times, _ns(row))])) for row in finding.rows
            ),
        )
        for finding in long_gaps(times, gaps, gaps, floor, " in sessions")
    ]


def _ns(row: Row) -> int:
    return int(np.datetime64(row.time.removesuffix("Z"), "ns").astype(np.int64))


def _missing_bars(bars: Bars, sessions: Sessions, session: Any, held: Any) -> list[Finding]:
    """Bars that are not there between others of their session, after its open and before its close."""
    times, step = bars.timestamp[held], bars.interval
    same = session[1:] == session[:-1]
    between = np.where(same, np.rint(np.diff(times) / step).astype(np.int64) - 1, 0)
    starts, stops = np.append(True, ~same), np.append(~same, True)
    head = np.maximum(0, (times[starts] - sessions.opens[session[starts]]) // step)
    tail = np.maximum(0, (sessions.closes[session[stops]] - bars.end[held][stops]) // step)
    head[0], tail[-1] = 0, 0  # the data may begin and end within a session
    missing = np.zeros(len(held), np.int64)  # before each row
    missing[1:] = np.maximum(0, between)
    missing[starts] += head
    total = int(missing.sum() + tail.sum())
    if not total:
        return []
    after = np.zeros(len(held), np.int64)
    after[stops] = tail
    shown = []
    for i in np.flatnonzero((missing > 0) | (after > 0))[:SHOWN]:
        words = [
            f"{count} missing {where}"
            for count, where in ((missing[i], "before"), (after[i], "after"))
            if count
        ]
        shown.append(Row(*rows_at(bars.timestamp, [held[i]])[0][:2], ", ".join(words)))
    expected = total + len(held)
    text = (
        f"{total} of {expected} bars in sessions of {sessions.name} that have rows ({total / expected:.2%})"
    )
    return [found("missing_bars", total, text, shown)]
