"""Profit by symbol, hour and weekday, excursions, and the tables of round trips and trades."""

from collections.abc import Callable

import numpy as np

from btcore.results.tables import Table

from .parts import box, filled, label, long_table, nothing, section, value
from .small_charts import MARKS, bar, scatter
from .words import money, percent

MOST = 20  # symbols that are shown
HIDDEN_TRADE_COLUMNS = ("event", "event_timestamp", "improvement", "size_seen", "entry_latency")


def profit_section(trips: Table, by: Callable[[str], Table], currency: str, timezone: str) -> str:
    """The profit of round trips by symbol, hour and weekday of the exit; the excursions."""
    if not len(trips):
        return section("Round trips by group", nothing("Profit", "There are no round trips."))
    local = f"hour of the exit in {timezone}"
    groups = (
        ("symbol", "Profit by symbol", ""),
        ("hour", "Profit by hour", local),
        ("weekday", "Profit by weekday", local.replace("hour", "weekday")),
    )
    boxes = [box(title, *_profit(by(group), group, note), "bars") for group, title, note in groups]
    return section(
        f"Profit of round trips{currency and ', ' + currency}", *boxes, excursions(trips, currency)
    )


def _profit(table: Table, group: str, note: str) -> tuple[str, str]:
    """The rows of a group as bars, and the note of the box."""
    rows = np.arange(len(table))
    if len(table) > MOST:
        rows = np.sort(np.argsort(-np.abs(table["pnl"]), kind="stable")[:MOST])
        note = f"the {MOST} with the largest profits and losses of {len(table):,}"
    shown = table[rows]
    low, high = float(shown["pnl"].min()), float(shown["pnl"].max())
    lines = []
    for row, (name, trips, pnl, win_rate, commission) in zip(rows.tolist(), shown.tolist(), strict=True):
        place = {"group": group, "row": row}
        numbers = (
            ("pnl", pnl, money(pnl)),
            ("round_trips", trips, f"{trips:,}"),
            ("win_rate", win_rate, percent(win_rate)),
            ("commission", commission, money(commission)),
        )
        first, *others = (
            f"<td>{value(text, content, 'profit_by', **place, col=col)}</td>"
            for col, content, text in numbers
        )
        written = f"{name}:00" if group == "hour" else str(name)
        name_cell = value(written, name, "profit_by", **place, col="group")
        drawn = bar(pnl, low, high)
        lines.append(f'<tr><td>{name_cell}</td><td class="bars">{drawn}</td>{first}{"".join(others)}</tr>')
    names = (label(group), "", "profit", "trips", "win rate", "commission")
    heads = "".join(f'<th scope="col">{name}</th>' if name else "<td></td>" for name in names)
    return f"<table><thead><tr>{heads}</tr></thead><tbody>{''.join(lines)}</tbody></table>", note


def excursions(trips: Table, currency: str) -> str:
    """MFE against MAE of round trips, a disc for a gain and a cross for none."""
    title = "Excursions: MFE against MAE"
    known = np.flatnonzero(np.isfinite(trips["mae"]) & np.isfinite(trips["mfe"]))
    if not len(known):
        return nothing(title, "No round trip has excursions: the prices within it are not known.")
    rows = known[np.unique(np.linspace(0, len(known) - 1, min(len(known), MARKS)).astype(np.int64))]
    count = f"{len(rows):,}" if len(rows) == len(trips) else f"{len(rows):,} of {len(trips):,}"
    note = f"{count} round trips: ● gain, × loss"
    name = f"Maximum favourable against maximum adverse excursion of {count} round trips"
    unit = f"MAE across, MFE up{currency and ', ' + currency}"
    drawn = scatter(trips["mae"], trips["mfe"], gains=trips["pnl"], rows=rows, title=name, unit=unit)
    return box(title, f'<div data-of="round_trips">{drawn}</div>', note, "figure")


def round_trips_section(trips: Table, currency: str) -> str:
    """The first round trips."""
    return long_table(
        "Round trips",
        "round_trips",
        trips,
        filled(trips, ("entry_order_id", "exit_order_id")),
        dict.fromkeys(("pnl", "mae", "mfe", "commission"), currency and f", {currency}"),
    )


def trades_section(trades: Table, currency: str) -> str:
    """The first fills."""
    units = {"commission": currency and f", {currency}"}
    return long_table("Trades", "trades", trades, filled(trades, HIDDEN_TRADE_COLUMNS), units)
