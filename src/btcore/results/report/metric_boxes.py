"""The metrics of a run in groups, and the main ones on cards."""

from html import escape

from btcore.results.metric_kinds import GROUPS, IN_MONEY, MAIN, PERCENT
from btcore.results.summary import Metrics, Value
from btcore.times.intervals import DAY_NS, SECOND_NS

from .parts import label, value
from .words import UNKNOWN, duration_words, money, number, percent

DURATIONS = {"max_drawdown_duration_days": DAY_NS, "average_duration_seconds": SECOND_NS}


def metric_text(key: str, content: Value, currency: str = "") -> str:
    """A metric with its unit: percent, money, a duration in words, or a number."""
    if content is None:
        return UNKNOWN
    if isinstance(content, str):
        return content
    if key in PERCENT:
        return percent(content)
    if key in DURATIONS:
        return duration_words(content * DURATIONS[key])
    if key in IN_MONEY:
        return f"{money(content)} {currency}".strip()
    if key == "risk_free":
        return f"{100.0 * content:z,.4f} % a period"
    if key == "minimum_track_record_length":
        return f"{content:,.1f} periods"
    if key in ("fills_beyond_shown", "periods_per_year"):
        return number(content)
    return f"{content:z,.2f}" if isinstance(content, float) else f"{content:,}"


def metric_label(key: str) -> str:
    """The name of a metric as words, without the unit that `metric_text` shows."""
    return label(key.removesuffix("_days").removesuffix("_seconds") if key in DURATIONS else key)


def metric(metrics: Metrics, key: str, currency: str = "") -> str:
    """A metric as a value of the page."""
    return value(metric_text(key, metrics[key], currency), metrics[key], "metrics", key=key)


def metrics_table(metrics: Metrics, currency: str = "") -> str:
    """All metrics in groups; those without a group come last. A benchmark group needs a benchmark."""
    known = {key for keys in GROUPS.values() for key in keys}
    others = tuple(key for key in metrics if key not in known)
    boxes = []
    for name, keys in {**GROUPS, "Other": others}.items():
        shown = [key for key in keys if key in metrics]
        if name == "Benchmark" and all(metrics[key] is None for key in shown):
            continue
        lines = "".join(
            f'<tr><td class="label">{escape(metric_label(key))}</td>'
            f"<td>{metric(metrics, key, currency)}</td></tr>"
            for key in shown
        )
        if lines:
            boxes.append(f'<div class="box"><h3>{name}</h3><table>{lines}</table></div>')
    return f'<div class="groups">{"".join(boxes)}</div>'


def metric_cards(metrics: Metrics, currency: str = "") -> str:
    """The main metrics."""
    cards = "".join(
        f'<div class="card"><span class="soft label">{metric_label(key)}</span>'
        f"<b>{metric(metrics, key, currency)}</b></div>"
        for key in MAIN
    )
    return f'<div class="cards">{cards}</div>'
