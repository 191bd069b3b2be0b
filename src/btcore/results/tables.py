"""The seven tables of a result, computed from the journal of a run: text for codes, one column per value."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from btcore.metrics.round_trips import match_fills, write_excursions
from btcore.model import Flag, FlowKind, NoteKind, OrderType, Status
from btcore.rules.order_words import REASONS

from . import labels
from .journal import Curve, RunJournal
from .summary import BenchmarkValues

Table = NDArray[Any]
Prices = tuple[ArrayLike, ArrayLike, ArrayLike, ArrayLike]
PriceSource = Callable[[str], Prices | None]

TABLES = (
    "equity_curve",
    "trades",
    "round_trips",
    "exposures",
    "orders",
    "cash_flows",
    "order_events",
    "benchmark_curve",
)
OPTIONAL_TIMES = frozenset(
    {"arrived_at", "closed_at", "expires_at", "recovery"}
)  # -1 if there is no such time
TIME_COLUMNS = OPTIONAL_TIMES | {
    "peak",
    "trough",
    "timestamp",
    "entry_timestamp",
    "exit_timestamp",
    "event_timestamp",
    "sent_at",
}
BLOCK_ROWS = 1024  # rows that are written together, so that they stay in the cache
NO_EXPIRY = np.iinfo(np.int64).max


class _TextColumn(NamedTuple):
    """A column of text: `texts[codes]`."""

    codes: Table
    texts: Table

    @property
    def dtype(self) -> np.dtype[Any]:
        return self.texts.dtype


def _text(codes: Table, names: Sequence[str]) -> _TextColumn:
    return _TextColumn(codes, np.asarray(names or ("",), dtype=np.str_))


def _table(**columns: Table | _TextColumn) -> Table:
    """Columns of one length as packed records."""
    dtype = np.dtype([(name, column.dtype) for name, column in columns.items()])
    first = next(iter(columns.values()))
    table = np.empty(len(first.codes if isinstance(first, _TextColumn) else first), dtype)
    for start in range(0, len(table), BLOCK_ROWS):
        part = slice(start, start + BLOCK_ROWS)
        rows = table[part]
        for name, column in columns.items():
            rows[name] = column.texts[column.codes[part]] if isinstance(column, _TextColumn) else column[part]
    return table


def by_time(records: Table) -> Table:
    """Records by time; records of the same time keep their order."""
    ts = np.ascontiguousarray(records["ts"])
    return records if np.all(ts[1:] >= ts[:-1]) else records[np.argsort(ts, kind="stable")]


def _ratio(above: Table, below: Table) -> Table:
    """above / below; NaN where `below` is zero."""
    ratio = np.full(len(above), np.nan)
    np.divide(above, below, out=ratio, where=below != 0.0)
    return ratio


def equity_curve(journal: RunJournal) -> Table:
    """timestamp, equity, cash, positions (their value)."""
    return _table(**curve_columns(journal))


def curve_columns(journal: RunJournal) -> dict[str, Table]:
    """The columns of `equity_curve`: those of the journal, and the value of the positions."""
    curve = journal.curve
    return {**dict(zip(Curve.fields, curve, strict=True)), "positions": curve.equity - curve.cash}


def trades(journal: RunJournal) -> Table:
    """Every fill, with the event and the rule that caused it; by time, then in order of execution."""
    fills = by_time(journal.fills)
    rows = _order_rows(fills["order_id"], journal.orders)
    return _table(
        timestamp=fills["ts"],
        symbol=_text(fills["symbol"], journal.symbols),
        side=_text(fills["side"] + 1, labels.SIDES),
        quantity=fills["last_qty"],
        price=fills["last_px"],
        commission=fills["commission"],
        order_id=fills["order_id"],
        liquidity=_text(fills["liquidity"], labels.LIQUIDITY),
        event=fills["event"],
        event_timestamp=fills["ts_event"],
        rule=_text(fills["rule"], labels.RULES),
        reference_price=fills["reference_px"],
        slippage=fills["side"] * (fills["last_px"] - fills["reference_px"]) + 0.0,
        improvement=_improvement(fills, journal, *rows),
        size_seen=np.where(np.isinf(fills["size_seen"]), np.nan, fills["size_seen"]),
        entry_latency=_entry_latency(journal.orders, *rows),
        leg=_text(fills["leg"] + 1, labels.LEGS),
        tag=_tags(fills["order_id"], journal.tags),
    )


def _order_rows(order_ids: Table, orders: Table) -> tuple[Table, Table]:
    """The row of each id in `orders`, whose ids ascend, and whether it is there."""
    rows = np.searchsorted(orders["id"], order_ids)
    found = rows < len(orders)
    found[found] = orders["id"][rows[found]] == order_ids[found]
    return rows, found


def _improvement(fills: Table, journal: RunJournal, rows: Table, found: Table) -> Table:
    """How much better than its limit each fill is; NaN without a limit, or if it may have changed since."""
    improvement = np.full(len(fills), np.nan)
    limits = journal.orders["limit_px"][rows[found]]
    improvement[found] = fills["side"][found] * (limits - fills["last_px"][found])
    changes = journal.notes[np.isin(journal.notes["kind"], (NoteKind.AMENDED, NoteKind.RESTATED))]
    changes = changes[np.lexsort((changes["ts"], changes["order_id"]))]
    last = np.searchsorted(changes["order_id"], fills["order_id"], side="right") - 1
    changed = last >= 0
    change, fill = changes[last[changed]], fills[changed]
    changed[changed] = (change["order_id"] == fill["order_id"]) & (change["ts"] >= fill["ts"])
    improvement[changed] = np.nan
    return improvement + 0.0  # never -0.0


def _entry_latency(orders: Table, rows: Table, found: Table) -> Table:
    """Nanoseconds from sending to arrival; NaN for children, which arrive when they are released."""
    latency = np.full(len(rows), np.nan)
    rows = rows[found]
    elapsed = orders["ts_arrived"][rows] - orders["ts_sent"][rows]
    latency[found] = np.where(orders["parent"][rows] > 0, np.nan, elapsed)
    return latency


def round_trips(journal: RunJournal, prices: PriceSource | None) -> Table:
    """Entries paired first in, first out with exits, by time of exit. Without prices, mae and mfe are NaN."""
    closed = match_fills(journal.fills, journal.restatements)[0]
    for i in np.unique(closed["symbol"]) if prices else ():
        columns = prices(journal.symbols[i]) if prices else None
        if columns is not None:
            write_excursions(closed, int(i), *columns)
    closed = closed[np.argsort(closed["exit_ts"], kind="stable")]
    notional = np.abs(closed["entry_px"]) * closed["qty"] * closed["entry_value"]
    return _table(
        symbol=_text(closed["symbol"], journal.symbols),
        side=_text(closed["side"] + 1, labels.LEGS),
        quantity=closed["qty"],
        entry_timestamp=closed["entry_ts"],
        exit_timestamp=closed["exit_ts"],
        entry_price=closed["entry_px"],
        exit_price=closed["exit_px"],
        pnl=closed["pnl"],
        **{"return": _ratio(closed["pnl"], notional)},
        duration=closed["exit_ts"] - closed["entry_ts"],
        mae=closed["mae"],
        mfe=closed["mfe"],
        commission=closed["commission"],
        entry_order_id=closed["entry_order_id"],
        exit_order_id=closed["exit_order_id"],
        entry_tag=_tags(closed["entry_order_id"], journal.tags),
        exit_tag=_tags(closed["exit_order_id"], journal.tags),
    )


def exposures(journal: RunJournal) -> Table:
    """Every position at every point of the curve; gross and net exposure of the account, in money."""
    held, timestamp, equity = journal.exposures, journal.curve.timestamp, journal.curve.equity
    at = np.searchsorted(timestamp, held["timestamp"], side="right") - 1
    # bincount adds in order, so the sums are reproducible.
    gross = np.bincount(at, np.abs(held["value"]), len(timestamp))
    net = np.bincount(at, held["value"], len(timestamp))
    return _table(
        timestamp=held["timestamp"],
        symbol=_text(held["symbol"], journal.symbols),
        quantity=held["quantity"],
        value=held["value"],
        weight=_ratio(held["value"], equity[at]),
        gross=gross[at],
        net=net[at],
        leg=_text(held["leg"] + 1, labels.LEGS),
    )


def orders(journal: RunJournal) -> Table:
    """Every order with its last terms, its status and reason; -1 for a time that does not exist."""
    sent = journal.orders
    kind, flags = sent["order_type"], sent["flags"]
    is_touch = np.isin(kind, (OrderType.MARKET_IF_TOUCHED, OrderType.LIMIT_IF_TOUCHED))
    is_trailing = np.isin(kind, (OrderType.TRAILING_STOP, OrderType.TRAILING_STOP_LIMIT))
    is_open = sent["status"] <= Status.PARTIALLY_FILLED
    has_no_price = flags & Flag.FROM_FILL != 0
    limit, trigger = (np.where(has_no_price, np.nan, sent[name]) for name in ("limit_px", "stop_px"))
    return _table(
        order_id=sent["id"],
        symbol=_text(sent["symbol"], journal.symbols),
        side=_text(sent["side"] + 1, labels.SIDES),
        order_type=_text(kind, labels.ORDER_TYPES),
        time_in_force=_text(sent["time_in_force"], labels.TIMES_IN_FORCE),
        quantity=np.where(sent["status"] == Status.FILLED, sent["qty"], sent["asked_qty"]),
        limit_price=limit,
        stop_price=np.where(is_touch, np.nan, trigger),
        filled_quantity=sent["filled_qty"],
        average_price=sent["avg_px"],
        status=_text(sent["status"], labels.STATUSES),
        reason=_text(sent["reason"], REASONS),
        sent_at=sent["ts_sent"],
        arrived_at=sent["ts_arrived"],
        closed_at=sent["ts_closed"],
        leaves_quantity=np.where(is_open, sent["qty"] - sent["filled_qty"], 0.0),
        touch_price=np.where(is_touch, trigger, np.nan),
        trail=np.where(is_trailing, sent["trail"], np.nan),
        trail_by=_text(np.where(is_trailing, sent["trail_by"], len(labels.TRAIL_BY)), (*labels.TRAIL_BY, "")),
        limit_offset=np.where(is_trailing, sent["limit_offset"], np.nan),
        expires_at=np.where(sent["ts_expires"] == NO_EXPIRY, -1, sent["ts_expires"]),
        oco=sent["oco"],
        parent=sent["parent"],
        post_only=flags & Flag.POST_ONLY != 0,
        reduce_only=flags & Flag.REDUCE_ONLY != 0,
        forced=flags & Flag.FORCED != 0,
        tag=_tags(sent["id"], journal.tags),
    )


def _tags(ids: Table, tags: Mapping[int, str]) -> _TextColumn:
    """The tag of the order of each id; empty without one."""
    names = {tag: code for code, tag in enumerate(dict.fromkeys(tags.values()), 1)}
    codes = np.zeros(max(int(ids.max(initial=0)), *tags, 0) + 1, np.int32)
    for order_id, tag in tags.items():
        codes[order_id] = names[tag]
    return _text(codes[ids], ("", *names))


def cash_flows(journal: RunJournal) -> Table:
    """Changes of cash other than trades, in order; interest has no symbol."""
    flows = journal.cash_flows
    return _table(
        timestamp=flows["ts"],
        symbol=_text(flows["symbol"], (*journal.symbols, "")),  # symbol -1 is the account
        kind=_text(flows["kind"], labels.FLOWS),
        amount=flows["amount"],
    )


def order_events(journal: RunJournal) -> Table:
    """Changes of orders other than fills and ends, by time; order 0 is the account."""
    notes = by_time(journal.notes)
    is_dividend = notes["reason"] == FlowKind.DIVIDEND
    restated = len(REASONS) + np.where(is_dividend, 0, 1)
    reason = np.where(notes["kind"] == NoteKind.RESTATED, restated, notes["reason"])
    return _table(
        timestamp=notes["ts"],
        order_id=notes["order_id"],
        event=_text(notes["kind"], labels.EVENTS),
        reason=_text(reason, (*REASONS, "dividend", "split")),
        value=np.where(notes["kind"] == NoteKind.AMEND_REFUSED, np.nan, notes["value"]),
    )


def benchmark_curve(journal: RunJournal, benchmark: BenchmarkValues | None) -> Table:
    """timestamp, value: what the capital would be worth in the benchmark, at each point of the curve."""
    times = journal.curve.timestamp if benchmark is not None else np.empty(0, np.int64)
    worth = np.empty(0) if benchmark is None else benchmark(times, float(journal.curve.equity[0]))
    return _table(timestamp=times, value=worth)
