"""The part of a result that later data must not change, and the first difference of two such parts."""

from typing import Any, NamedTuple

import numpy as np

from btcore.results.result import Result
from btcore.results.tables import TIME_COLUMNS, Table
from btcore.times.clock import moment_text

from .truncate import Span

SENT = ["order_id", "sent_at", "symbol", "side", "order_type", "time_in_force"]  # fixed when an order is sent
FILL = ["timestamp", "symbol", "side", "quantity", "price", "commission", "order_id", "liquidity"]
OUTCOME = [
    "arrived_at", "status", "reason", "filled_quantity", "average_price", "closed_at", "leaves_quantity",
]  # fmt: skip


class Past(NamedTuple):
    """Orders as sent, their outcomes, fills, the equity curve and the log."""

    sent: Table
    outcomes: Table
    fills: Table
    curve: Table
    logs: list[str]


def whole(result: Result) -> Past:
    """The whole of a result."""
    orders = result.orders
    names = orders.dtype.names or ()
    terms = [name for name in names if name not in SENT + OUTCOME]
    outcome = ["order_id", "sent_at", *(name for name in OUTCOME if name in names)]
    return Past(orders[SENT + terms], orders[outcome], result.trades, result.equity_curve, result.logs)


def until(result: Result, cut: int, span: Span) -> Past:
    """The part that is fixed at `cut` (ns UTC), of the result of a run that continues after it."""
    orders, fills, curve = result.orders, result.trades, result.equity_curve
    # A fill at a bar's open has the time of the open, but is known at the bar's end.
    known_at = fills["timestamp"] + np.array([span.lengths[s] for s in fills["symbol"].tolist()], np.int64)
    return Past(
        orders[orders["sent_at"] <= cut][SENT],
        orders[:0],
        fills[known_at <= cut][FILL],
        curve[curve["timestamp"] < cut],
        [],
    )


def difference(was: Past, now: Past, change: str) -> str | None:
    """The first difference in words, or None. `change` describes what was altered for `now`.

    Orders as sent are compared before outcomes, then fills, the curve and the log.
    """
    labels = (_order, _order, _fill, _point)  # of the four tables
    for one, other, label in zip(was[:4], now[:4], labels, strict=True):
        row, column = _first_difference(one, other)
        if column:
            then, here = _text(column, one[column][row]), _text(column, other[column][row])
            return f"{label(one[row])}: {column} is {then}, {change} it is {here}"
        if row < len(one):
            return f"{label(one[row])}: {change} there is none"
        if row < len(other):
            return f"{label(other[row])}: there is one only {change}"
    for line in range(max(len(was.logs), len(now.logs))):
        then, here = (repr(logs[line]) if line < len(logs) else "missing" for logs in (was.logs, now.logs))
        if then != here:
            return f"logs[{line}]: is {then}, {change} it is {here}"
    return None


def _first_difference(one: Table, other: Table) -> tuple[int, str]:
    """The first row that differs, and its first column that does; "" if one table, or both, end there."""
    row, name = min(len(one), len(other)), ""
    for column in one.dtype.names or ():
        a, b = one[column][:row], other[column][:row]
        differs = a != b
        if a.dtype.kind == "f":
            differs &= ~(np.isnan(a) & np.isnan(b))
        if differs.any():
            row, name = int(differs.argmax()), column
    return row, name


def _text(column: str, value: Any) -> str:
    if column in TIME_COLUMNS:
        return moment_text(int(value)) if value >= 0 else "never"
    return str(value) if value != "" and not (isinstance(value, float) and np.isnan(value)) else "none"


def _order(row: Any) -> str:
    return f"order {row['order_id']} sent at {moment_text(int(row['sent_at']))}"


def _fill(row: Any) -> str:
    return f"fill of order {row['order_id']} at {moment_text(int(row['timestamp']))}"


def _point(row: Any) -> str:
    return f"account at {moment_text(int(row['timestamp']))}"
