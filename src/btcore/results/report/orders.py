"""Costs by kind, orders by status and reason, cash flows and the log."""

from collections import Counter
from html import escape

from btcore.results.tables import Table

from .parts import ROWS, box, filled, long_table, nothing, section, value
from .small_charts import bar
from .words import UNKNOWN, money


def costs_and_orders(costs: dict[str, float | None], orders: Table, currency: str) -> str:
    """What trading cost by kind, and the number of orders by status and reason."""
    return section("Costs and orders", _costs(costs, currency), _outcomes(orders))


def _costs(costs: dict[str, float | None], currency: str) -> str:
    known = [paid for name, paid in costs.items() if paid is not None and name != "total"]
    low, high = min(known, default=0.0), max(known, default=0.0)
    lines = "".join(
        f'<tr><td>{escape(name)}</td><td class="bars">'
        f"{'' if paid is None or name == 'total' else bar(-paid, -high, -low)}</td>"
        f"<td>{value(UNKNOWN if paid is None else money(paid), paid, 'costs', key=name)}</td></tr>"
        for name, paid in costs.items()
    )
    note = f"paid{currency and ', ' + currency}; negative: received"
    return box("Costs", f"<table><tbody>{lines}</tbody></table>", note, "bars")


def _outcomes(orders: Table) -> str:
    ends = Counter(zip(orders["status"].tolist(), orders["reason"].tolist(), strict=True))
    if not ends:
        return nothing("Orders by status and reason", "No order was sent.")
    lines = "".join(
        f'<tr><td>{escape(status)}</td><td class="word">{escape(reason)}</td>'
        f"<td>{value(f'{count:,}', count, 'orders', status=status, reason=reason)}</td></tr>"
        for (status, reason), count in sorted(ends.items())
    )
    head = (
        '<tr><th scope="col">status</th><th scope="col" class="word">reason</th>'
        '<th scope="col">orders</th></tr>'
    )
    return box("Orders by status and reason", f"<table><thead>{head}</thead><tbody>{lines}</tbody></table>")


def cash_flows_section(flows: Table, currency: str) -> str:
    """Changes of cash other than trades; empty without any."""
    units = {"amount": currency and f", {currency}"}
    return long_table("Cash flows", "cash_flows", flows, filled(flows), units) if len(flows) else ""


def log_section(logs: list[str]) -> str:
    """The first lines of the log; empty without any."""
    if not logs:
        return ""
    count = f"{len(logs):,}" if len(logs) <= ROWS else f"first {ROWS} of {len(logs):,}"
    text = escape("\n".join(logs[:ROWS]))
    return (
        f'<h2>Log <span class="soft">({count})</span></h2><div class="box">'
        f'<div class="scroll tall" tabindex="0" role="group" aria-label="Log"><pre class="mono">{text}</pre>'
        "</div></div>"
    )
