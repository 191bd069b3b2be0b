"""The report of a run: one HTML page without network access or libraries, in a light and a dark theme."""

import json
from collections import Counter
from html import escape
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from btcore.metrics.api import drawdown
from btcore.results.archive import write_text
from btcore.results.export import rfc3339, to_rows
from btcore.results.summary import Metrics, Value, format_metric
from btcore.results.tables import TIME_COLUMNS, Table

from .axes import decimate
from .chart import LEFT, POINTS, RIGHT, WIDTH, Drawable, draw_untitled, heading, run_manifest, shorten
from .sections import bounds_table, cost_split, deepest_drawdowns, monthly_returns
from .theme import PAGE_STYLE, SCRIPT, STYLE

ROWS = 500  # of a table that are shown; the page states how many there are
PERCENT = frozenset(
    {
        "total_return",
        "annual_return",
        "annual_volatility",
        "max_drawdown",
        "downside_risk",
        "value_at_risk_95",
    }
    | {"conditional_value_at_risk_95", "win_rate", "exposure_time", "probabilistic_sharpe_ratio"}
    | {"benchmark_return", "alpha", "tracking_error", "up_capture", "down_capture"}
)
CARDS = ("total_return", "annual_return", "sharpe_ratio", "max_drawdown", "win_rate", "final_equity")
GROUPS: dict[str, tuple[str, ...]] = {
    "Performance": (
        "total_return", "annual_return", "sharpe_ratio", "sortino_ratio", "calmar_ratio", "omega_ratio",
        "stability",
    ),
    "Money": (
        "initial_capital", "final_equity", "realized_pnl", "unrealized_pnl", "total_commission",
        "slippage_cost", "spread_cost", "net_interest", "borrow_fees", "funding", "dividends", "cash_in_lieu",
    ),
    "Risk": (
        "annual_volatility", "max_drawdown", "max_drawdown_duration_days", "downside_risk",
        "value_at_risk_95", "conditional_value_at_risk_95", "tail_ratio", "skew", "kurtosis",
        "probabilistic_sharpe_ratio", "minimum_track_record_length", "exposure_time",
        "turnover", "traded_notional", "fills_beyond_shown",
    ),
    "Benchmark": (
        "benchmark_return", "alpha", "beta", "correlation", "tracking_error", "information_ratio",
        "up_capture", "down_capture", "treynor_ratio",
    ),
    "Round trips": (
        "round_trips", "win_rate", "profit_factor", "expectancy", "average_win", "average_loss", "best_trade",
        "worst_trade", "average_duration_seconds", "longest_winning_streak", "longest_losing_streak",
    ),
    "Orders and convention": (
        "orders", "orders_filled", "orders_canceled", "orders_expired", "orders_rejected", "total_trades",
        "liquidations", "ambiguous_bars", "events", "period", "periods", "periods_per_year",
        "periods_per_year_from", "risk_free", "ddof",
    ),
}  # fmt: skip
MONEY = frozenset({"pnl", "mae", "mfe", "commission", "amount"})
HIDDEN_TRADE_COLUMNS = ("event", "event_timestamp", "improvement", "size_seen", "entry_latency")


class Reportable(Drawable, Protocol):
    """The parts of a result that a report shows."""

    @property
    def round_trips(self) -> Table: ...
    @property
    def orders(self) -> Table: ...
    @property
    def cash_flows(self) -> Table: ...
    @property
    def bounds(self) -> Any: ...
    @property
    def monthly(self) -> Table: ...
    @property
    def yearly(self) -> Table: ...
    @property
    def drawdowns(self) -> Table: ...
    @property
    def costs(self) -> dict[str, float | None]: ...


def write_report(result: Reportable, path: str | Path) -> Path:
    """Writes the report of a result; returns its path."""
    target = Path(path)
    write_text(target, page(result))
    return target


def page(result: Reportable) -> str:
    """The HTML text of the report."""
    run = run_manifest(result)
    title, under = heading(result)
    terms = [f"{format_metric(result.metrics['initial_capital'])} {run.get('currency', '')}".strip()]
    terms += [f"days in {run['timezone']}"] if "timezone" in run else []
    terms += [str(result.manifest["data_source"])] if "data_source" in result.manifest else []
    body = [
        f"<h1>{escape(shorten(title, 400))}</h1>",
        f'<div class="soft">{escape(" · ".join([under, *terms]))}</div>',
        f'<div class="soft mono">fingerprint {escape(result.fingerprint)}</div>',
        _metric_cards(result.metrics),
        f'<div class="chart">{draw_untitled(result).svg}<div id="rule"></div><div id="tip"></div></div>',
        "<h2>Metrics</h2>",
        metrics_table(result.metrics),
        bounds_table(result.bounds),
        monthly_returns(result.monthly, result.yearly),
        deepest_drawdowns(result.drawdowns),
        cost_split(result.costs, str(run.get("currency", ""))),
        _table("Round trips", result.round_trips, ("entry_order_id", "exit_order_id")),
        _table("Trades", result.trades, HIDDEN_TRADE_COLUMNS),
        _table("Cash flows", result.cash_flows, ()) if len(result.cash_flows) else "",
        _order_outcomes(result.orders),
        _logs(result.logs),
        "<h2>Manifest</h2><details class='box'><summary>Data, strategy, settings and versions</summary>"
        f"<pre class='mono'>{escape(json.dumps(result.manifest, indent=2))}</pre></details>",
    ]
    return (
        f'<!doctype html><html lang="en" class="bt"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{escape(shorten(title, 80))}</title>"
        f"<style>{STYLE}{PAGE_STYLE}</style></head><body><main>{''.join(body)}</main>"
        f'<script type="application/json" id="points">{_points_json(result.equity_curve)}</script>'
        f"<script>{SCRIPT}</script></body></html>\n"
    )


def metrics_table(metrics: Metrics) -> str:
    """All metrics in groups; metrics without a group come last."""
    known = {key for keys in GROUPS.values() for key in keys}
    others = tuple(key for key in metrics if key not in known)
    boxes = []
    for name, keys in {**GROUPS, "Other": others}.items():
        lines = "".join(
            f"<tr><td>{escape(_label(key))}</td><td>{_metric_text(key, metrics[key])}</td></tr>"
            for key in keys
            if key in metrics
        )
        if lines:
            boxes.append(f'<div class="box"><b>{name}</b><table>{lines}</table></div>')
    return f'<div class="groups">{"".join(boxes)}</div>'


def _label(key: str) -> str:
    return (
        key.replace("_", " ")
        .replace(" 95", " 95 %")
        .replace(" days", ", days")
        .replace(" seconds", ", seconds")
    )


def _metric_text(key: str, value: Value) -> str:
    return escape(format_metric(value)) + (" %" if key in PERCENT and value is not None else "")


def _metric_cards(metrics: Metrics) -> str:
    cards = "".join(
        f'<div class="card"><span class="soft">{_label(key)}</span>'
        f"<b>{_metric_text(key, metrics[key])}</b></div>"
        for key in CARDS
    )
    return f'<div class="cards">{cards}</div>'


def _points_json(curve: Table) -> str:
    """The drawn points for the tooltip: x as a fraction of the width, time, equity, drawdown in percent."""
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


def _table(name: str, table: Table, without: tuple[str, ...]) -> str:
    if not len(table):
        return f'<h2>{name}</h2><div class="box soft">None.</div>'
    empty = [c for c in table.dtype.names or () if table.dtype[c].kind == "U" and not np.any(table[c] != "")]
    names = [column for column in table.dtype.names or () if column not in (*without, *empty)]
    classes = {c: ' class="word"' if table.dtype[c].kind == "U" or "timestamp" in c else "" for c in names}
    heads = "".join(f"<th{classes[column]}>{_label(column)}</th>" for column in names)
    lines = "".join(
        f"<tr>{''.join(f'<td{classes[c]}>{escape(_cell_text(c, row[c]))}</td>' for c in names)}</tr>"
        for row in to_rows(table[:ROWS])
    )
    count = f"{len(table):,}" if len(table) <= ROWS else f"first {ROWS} of {len(table):,}"
    return (
        f'<h2>{name} <span class="soft">({count})</span></h2><div class="box tall"><table>'
        f"<thead><tr>{heads}</tr></thead><tbody>{lines}</tbody></table></div>"
    )


def _cell_text(column: str, value: Any) -> str:
    if value is None:
        return ""
    if column in TIME_COLUMNS:
        return str(value).replace("T", " ").rstrip("Z")
    if column == "duration":
        return str(np.timedelta64(value, "ns").astype("timedelta64[s]").item())
    if column == "return":
        return f"{100 * value:.2f} %"
    if column in MONEY:
        return f"{value:,.2f}"
    return f"{value:,.4f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)


def _order_outcomes(orders: Table) -> str:
    """The number of orders by status and reason."""
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
