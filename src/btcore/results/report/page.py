"""A run on one page of HTML that needs nothing else: no network, no library; light or dark as its reader."""

import json
from collections import Counter
from datetime import datetime
from html import escape
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from btcore.metrics.api import drawdown
from btcore.results.archive import write_text
from btcore.results.export import rfc3339, to_rows
from btcore.results.summary import Metrics, Value, show
from btcore.results.tables import TIMES, Table
from btcore.times.clock import to_ns

from .axes import decimate
from .chart import LEFT, POINTS, RIGHT, WIDTH, Drawable, draw_bare, heading, run_of, shorten
from .theme import PAGE_STYLE, SCRIPT, STYLE

ROWS = 500  # of a table that are shown; the page says how many there are
PERCENT = frozenset(
    {
        "total_return",
        "annual_return",
        "annual_volatility",
        "max_drawdown",
        "downside_risk",
        "value_at_risk_95",
    }
    | {"conditional_value_at_risk_95", "win_rate", "exposure_time"}
)
CARDS = ("total_return", "annual_return", "sharpe_ratio", "max_drawdown", "win_rate", "final_equity")
GROUPS = {
    "Performance": (
        "total_return", "annual_return", "sharpe_ratio", "sortino_ratio", "calmar_ratio", "omega_ratio",
        "stability",
    ),
    "Money": (
        "initial_capital", "final_equity", "realized_pnl", "unrealized_pnl", "total_commission",
        "net_interest", "borrow_fees", "funding", "dividends", "cash_in_lieu",
    ),
    "Risk": (
        "annual_volatility", "max_drawdown", "max_drawdown_duration_days", "downside_risk",
        "value_at_risk_95", "conditional_value_at_risk_95", "tail_ratio", "skew", "kurtosis", "exposure_time",
        "turnover", "traded_notional",
    ),
    "Round trips": (
        "round_trips", "win_rate", "profit_factor", "expectancy", "average_win", "average_loss", "best_trade",
        "worst_trade", "average_duration_seconds",
    ),
    "Orders and convention": (
        "orders", "orders_filled", "orders_canceled", "orders_expired", "orders_rejected", "total_trades",
        "liquidations", "ambiguous_bars", "events", "period", "periods", "periods_per_year", "risk_free",
        "ddof",
    ),
}  # fmt: skip
MONEY = frozenset({"pnl", "mae", "mfe", "commission", "amount"})
EVIDENCE = ("event", "event_timestamp", "improvement", "size_seen", "entry_latency")
MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]


class Reportable(Drawable, Protocol):
    """What of a result is reported."""

    logs: list[str]

    @property
    def round_trips(self) -> Table: ...
    @property
    def orders(self) -> Table: ...
    @property
    def cash_flows(self) -> Table: ...


def write_report(result: Reportable, path: str | Path) -> Path:
    """One self-contained HTML file; returns where it is."""
    target = Path(path)
    write_text(target, page(result))
    return target


def page(result: Reportable) -> str:
    """The whole page."""
    run = run_of(result)
    title, under = heading(result)
    terms = [f"{show(result.metrics['initial_capital'])} {run.get('currency', '')}".strip()]
    terms += [f"days in {run['timezone']}"] if "timezone" in run else []
    terms += [str(result.manifest["data_source"])] if "data_source" in result.manifest else []
    body = [
        f"<h1>{escape(shorten(title, 400))}</h1>",
        f'<div class="soft">{escape(" · ".join([under, *terms]))}</div>',
        f'<div class="soft mono">fingerprint {escape(result.fingerprint)}</div>',
        _cards(result.metrics),
        f'<div class="chart">{draw_bare(result).svg}<div id="rule"></div><div id="tip"></div></div>',
        "<h2>Metrics</h2>",
        metrics_table(result.metrics),
        _months(result.equity_curve, str(run.get("timezone", "UTC"))),
        _table("Round trips", result.round_trips, ("entry_order_id", "exit_order_id")),
        _table("Trades", result.trades, EVIDENCE),
        _table("Cash flows", result.cash_flows, ()) if len(result.cash_flows) else "",
        _endings(result.orders),
        _logs(result.logs),
        "<h2>Manifest</h2><details class='box'><summary>What was run, as data</summary>"
        f"<pre class='mono'>{escape(json.dumps(result.manifest, indent=2))}</pre></details>",
    ]
    return (
        f'<!doctype html><html lang="en" class="bt"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{escape(shorten(title, 80))}</title>"
        f"<style>{STYLE}{PAGE_STYLE}</style></head><body><main>{''.join(body)}</main>"
        f'<script type="application/json" id="points">{_points(result.equity_curve)}</script>'
        f"<script>{SCRIPT}</script></body></html>\n"
    )


def metrics_table(metrics: Metrics) -> str:
    """All of them, in groups; what is in no group comes last."""
    known = {key for keys in GROUPS.values() for key in keys}
    others = tuple(key for key in metrics if key not in known)
    boxes = []
    for name, keys in {**GROUPS, "Other": others}.items():
        lines = "".join(
            f"<tr><td>{escape(_spoken(key))}</td><td>{_shown(key, metrics[key])}</td></tr>"
            for key in keys
            if key in metrics
        )
        if lines:
            boxes.append(f'<div class="box"><b>{name}</b><table>{lines}</table></div>')
    return f'<div class="groups">{"".join(boxes)}</div>'


def _spoken(key: str) -> str:
    return (
        key.replace("_", " ")
        .replace(" 95", " 95 %")
        .replace(" days", ", days")
        .replace(" seconds", ", seconds")
    )


def _shown(key: str, value: Value) -> str:
    return escape(show(value)) + (" %" if key in PERCENT and value is not None else "")


def _cards(metrics: Metrics) -> str:
    cards = "".join(
        f'<div class="card"><span class="soft">{_spoken(key)}</span><b>{_shown(key, metrics[key])}</b></div>'
        for key in CARDS
    )
    return f'<div class="cards">{cards}</div>'


def _points(curve: Table) -> str:
    """The drawn points, for the pointer: place across the drawing, time, equity, drawdown."""
    equity, clock = np.ascontiguousarray(curve["equity"]), curve["timestamp"]
    keep = decimate(equity, POINTS)
    across = (clock[keep] - clock[0]) / max(int(clock[-1] - clock[0]), 1)
    place = (LEFT + across * (WIDTH - LEFT - RIGHT)) / WIDTH
    columns: dict[str, Any] = {
        "x": np.round(place, 5).tolist(),
        "t": rfc3339(np.ascontiguousarray(clock[keep])),
        "e": equity[keep].tolist(),
        "d": np.round(100.0 * drawdown(equity)[keep], 4).tolist(),
    }
    return json.dumps(columns, separators=(",", ":"), allow_nan=False)


def _months(curve: Table, timezone: str) -> str:
    """Returns of local calendar months, where the run sees more than one."""
    first, last = (datetime.fromisoformat(t) for t in rfc3339(curve["timestamp"][[0, -1]]))
    if (last - first).days < 32:
        return ""
    clock, equity = curve["timestamp"][1:], curve["equity"][1:]
    base, rows = float(curve["equity"][0]), []
    for year in range(first.year - 1, last.year + 2):
        start, cells, seen = base, [], False
        for month in range(12):
            after = datetime(year + (month == 11), (month + 1) % 12 + 1, 1)
            count = int(np.searchsorted(clock, to_ns(after, timezone), side="right"))
            clock, close = clock[count:], float(equity[count - 1]) if count else base
            equity = equity[count:]
            cells.append(_cell(close, base) if count else "<td></td>")
            base, seen = close, seen or count > 0
        if seen:
            rows.append(f"<tr><td>{year}</td>{''.join(cells)}{_cell(base, start)}</tr>")
    names = "".join(f"<th>{name}</th>" for name in ("Year", *MONTHS, "Total"))
    return (
        f'<h2>Monthly returns, %</h2><div class="box"><table><thead><tr>{names}</tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table></div>"
    )


def _cell(close: float, base: float) -> str:
    if base <= 0.0:
        return "<td>n/a</td>"
    change = 100.0 * (close / base - 1.0)
    return f'<td class="{"up" if change > 0 else "down" if change < 0 else ""}">{change:.2f}</td>'


def _table(name: str, table: Table, without: tuple[str, ...]) -> str:
    if not len(table):
        return f'<h2>{name}</h2><div class="box soft">None.</div>'
    silent = [c for c in table.dtype.names or () if table.dtype[c].kind == "U" and not np.any(table[c] != "")]
    names = [column for column in table.dtype.names or () if column not in (*without, *silent)]
    words = {column for column in names if table.dtype[column].kind == "U" or "timestamp" in column}
    heads = "".join(f"<th{_word(column in words)}>{_spoken(column)}</th>" for column in names)
    lines = "".join(
        f"<tr>{''.join(f'<td{_word(c in words)}>{escape(_plain(c, row[c]))}</td>' for c in names)}</tr>"
        for row in to_rows(table[:ROWS])
    )
    count = f"{len(table):,}" if len(table) <= ROWS else f"first {ROWS} of {len(table):,}"
    return (
        f'<h2>{name} <span class="soft">({count})</span></h2><div class="box tall"><table>'
        f"<thead><tr>{heads}</tr></thead><tbody>{lines}</tbody></table></div>"
    )


def _word(is_word: bool) -> str:
    return ' class="word"' if is_word else ""


def _plain(column: str, value: Any) -> str:
    if value is None:
        return ""
    if column in TIMES:
        return str(value).replace("T", " ").rstrip("Z")
    if column == "duration":
        return str(np.timedelta64(value, "ns").astype("timedelta64[s]").item())
    if column == "return":
        return f"{100 * value:.2f} %"
    if column in MONEY:
        return f"{value:,.2f}"
    return f"{value:,.4f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)


def _endings(orders: Table) -> str:
    """How the orders ended, and why."""
    ends = Counter(zip(orders["status"].tolist(), orders["reason"].tolist(), strict=True))
    if not ends:
        return '<h2>Orders</h2><div class="box soft">None.</div>'
    lines = "".join(
        f'<tr><td>{escape(status)}</td><td class="word">{escape(reason)}</td><td>{count:,}</td></tr>'
        for (status, reason), count in sorted(ends.items())
    )
    head = '<tr><th>status</th><th class="word">reason</th><th>orders</th></tr>'
    return f'<h2>Orders</h2><div class="box"><table><thead>{head}</thead><tbody>{lines}</tbody></table></div>'


def _logs(logs: list[str]) -> str:
    if not logs:
        return ""
    count = f"{len(logs):,}" if len(logs) <= ROWS else f"first {ROWS} of {len(logs):,}"
    text = escape("\n".join(logs[:ROWS]))
    head = f'<h2>Log <span class="soft">({count})</span></h2>'
    return f'{head}<div class="box tall"><pre class="mono">{text}</pre></div>'
