"""The head of the page: what was run, on what data, with which costs and account, and its ambiguous bars."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from btcore.results.heading import run_of
from btcore.results.summary import Metrics
from btcore.times.intervals import interval_name

from .metric_boxes import metric_text
from .parts import value
from .terms import account_words, cost_words
from .words import moment, money

STREAMS = 12  # rows of the table of data that are shown
SYNTHETIC = "synthetic"  # how the `data_source` of data that btcore has made up begins


def headline(
    title: str,
    span: str,
    *,
    manifest: Mapping[str, Any],
    fingerprint: str,
    metrics: Metrics,
    costs: Mapping[str, float | None],
    bounds: Any,
    logs: Sequence[str],
) -> str:
    """The heading and a box of facts about the run."""
    run = run_of(manifest)
    currency = str(run.get("currency") or "")
    data = manifest.get("data") or []
    facts = [
        ("Data", _source(manifest) + _streams(data)),
        ("Costs", _costs(cost_words(run, data, logs, currency), costs, currency)),
        ("Account", _account(run, metrics, currency)),
        ("Time", escape(_time_words(run))),
        ("Ambiguous bars", _ambiguous(run, metrics, bounds, currency)),
        ("Fingerprint", f'<span class="mono">{escape(fingerprint)}</span>'),
    ]
    rows = "".join(f"<dt>{name}</dt><dd>{text}</dd>" for name, text in facts if text)
    return (
        f'<header><h1>{escape(title)}</h1><div class="soft">{escape(span)}</div>'
        f'<dl class="box facts">{rows}</dl></header>'
    )


def _source(manifest: Mapping[str, Any]) -> str:
    """Where the data come from, and whether btcore has made them up."""
    source = str(manifest.get("data_source") or "")
    if source.startswith(SYNTHETIC):
        return f'<b class="flag">{escape(source)}</b>: made up by btcore, no market has had these prices. '
    if not source:
        return "The manifest does not say where the data come from. "
    if source == "memory":
        return "given in memory: where they come from is not known. "
    return f"{escape(source)}. "


def _streams(data: Sequence[Mapping[str, Any]]) -> str:
    """A row for each stream of data: its symbol, its kind and resolution, rows, first and last time."""
    if not data or "kind" not in data[0]:
        return ""
    lines = []
    for number, stream in enumerate(data[:STREAMS]):
        first, last = (
            value(moment(stream[key]), stream[key], "manifest", key=f"data.{number}.{key}")
            if stream.get(key) is not None
            else ""
            for key in ("first", "last")
        )
        rows = value(f"{stream['rows']:,}", stream["rows"], "manifest", key=f"data.{number}.rows")
        lines.append(
            f'<tr><td>{escape(str(stream["symbol"]))}</td><td class="word">{escape(_kind(stream))}</td>'
            f'<td>{rows}</td><td class="word">{first}</td><td class="word">{last}</td></tr>'
        )
    heads = "".join(
        f'<th scope="col"{kind}>{name}</th>'
        for name, kind in (
            ("symbol", ""),
            ("data", " class=word"),
            ("rows", ""),
            ("first", " class=word"),
            ("last", " class=word"),
        )
    )
    more = f'<div class="soft">and {len(data) - STREAMS:,} more streams</div>' if len(data) > STREAMS else ""
    return (
        '<div class="scroll" tabindex="0" role="group" aria-label="Data"><table class="streams"><thead>'
        f"<tr>{heads}</tr></thead><tbody>{''.join(lines)}</tbody></table></div>{more}"
    )


def _kind(stream: Mapping[str, Any]) -> str:
    """The kind and the resolution of a stream."""
    kind, length = str(stream["kind"]), stream.get("interval")
    if stream.get("resolution"):
        return f"{kind} of {stream['resolution']}, seen only"
    if kind != "bars":
        return kind
    return f"{kind} of {interval_name(length)}" if length else "bars of varying length"


def _costs(words: Sequence[str], costs: Mapping[str, float | None], currency: str) -> str:
    paid = costs.get("total")
    total = ""
    if paid is not None:
        shown = value(f"{money(paid)} {currency}".strip(), paid, "costs", key="total")
        total = f". Paid in all: {shown}"
    return escape("; ".join(words)) + total


def _account(run: Mapping[str, Any], metrics: Metrics, currency: str) -> str:
    capital = metrics["initial_capital"]
    shown = value(
        metric_text("initial_capital", capital, currency), capital, "metrics", key="initial_capital"
    )
    words = account_words(run)
    return f"capital {shown}" + escape("".join(f"; {each}" for each in words))


def _time_words(run: Mapping[str, Any]) -> str:
    zone = str(run.get("timezone") or "UTC")
    days = f"sessions of {run['calendar']}" if run.get("calendar") else "local days"
    if zone == "UTC":
        return f"Times are UTC. Periods are {days}."
    return f"Times are UTC. Months, years, hours, weekdays and days in {zone}; periods are {days}."


def _ambiguous(run: Mapping[str, Any], metrics: Metrics, bounds: Any, currency: str) -> str:
    """How many bars had two readings, and the range of the main figures between both."""
    count = metrics.get("ambiguous_bars")
    if count is None:
        return ""
    shown = value(f"{count:,}", count, "metrics", key="ambiguous_bars")
    if bounds is not None:
        ranges = []
        for key in ("total_return", "final_equity"):
            low, high = (
                value(metric_text(key, part[key], currency), part[key], "bounds", reading=reading, key=key)
                for reading, part in (("pessimistic", bounds.pessimistic), ("optimistic", bounds.optimistic))
            )
            ranges.append(f"{key.replace('_', ' ')} {low} (pessimistic) to {high} (optimistic)")
        return f"{shown}: {', '.join(ranges)}"
    if not count:
        return f"{shown}: in no bar a stop filled whose limit could have been first"
    order = str((run.get("execution") or {}).get("intrabar") or "pessimistic")
    return f"{shown}, read in the {escape(order)} order; a run with intrabar=bounds has both readings"
