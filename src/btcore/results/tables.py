"""A run's journal as the tables a user reads: names for numbers, plain columns, nothing left out."""

from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from btcore.metrics.round_trips import match_fills, write_excursions
from btcore.model import Flag, FlowKind, NoteKind, OrderType, Status

from . import labels

Table = NDArray[Any]
Prices = tuple[ArrayLike, ArrayLike, ArrayLike, ArrayLike]
PriceSource = Callable[[str], Prices | None]

TABLES = ("equity_curve", "trades", "round_trips", "exposures", "orders", "cash_flows", "order_events")
UNSURE = frozenset({"arrived_at", "closed_at", "expires_at"})  # times that may never come: -1
TIMES = UNSURE | {"timestamp", "entry_timestamp", "exit_timestamp", "event_timestamp", "sent_at"}
ROWS = 1024  # of a table that are written together
NEVER = np.iinfo(np.int64).max


class Curve:
    """The points of an equity curve as contiguous columns: int64 ns UTC, and money.

    Cash may be given as a function that makes it: metrics do not ask for it.
    """

    fields = ("timestamp", "equity", "cash")

    def __init__(
        self,
        timestamp: NDArray[np.int64],
        equity: NDArray[np.float64],
        cash: NDArray[np.float64] | Callable[[], NDArray[np.float64]],
    ) -> None:
        self.timestamp = timestamp
        self.equity = equity
        self._cash = cash

    @cached_property
    def cash(self) -> NDArray[np.float64]:
        return self._cash() if callable(self._cash) else self._cash

    def __iter__(self) -> Iterator[Table]:
        return iter((self.timestamp, self.equity, self.cash))


class Journal(Protocol):
    """What the engine hands over; records as in `btcore.model`, their symbols indexes into `symbols`."""

    @property
    def orders(self) -> Table: ...
    @property
    def fills(self) -> Table: ...
    @property
    def curve(self) -> Curve: ...
    @property
    def exposures(self) -> Table: ...
    @property
    def positions(self) -> Table: ...
    @property
    def cash_flows(self) -> Table: ...
    @property
    def restatements(self) -> Table: ...
    @property
    def notes(self) -> Table: ...
    @property
    def closes(self) -> Table | None: ...
    @property
    def symbols(self) -> tuple[str, ...]: ...
    @property
    def logs(self) -> list[str]: ...
    @property
    def ambiguous_bars(self) -> int: ...
    @property
    def events(self) -> int: ...


class _Named(NamedTuple):
    """A column of words, as the places where they stand in `words`."""

    codes: Table
    words: Table

    @property
    def dtype(self) -> np.dtype[Any]:
        return self.words.dtype


def _named(codes: Table, names: Sequence[str]) -> _Named:
    return _Named(codes, np.asarray(names or ("",), dtype=np.str_))


def _table(**columns: Table | _Named) -> Table:
    """Columns of one length as packed records, written some rows at a time, which then stay in the cache."""
    dtype = np.dtype([(name, column.dtype) for name, column in columns.items()])
    first = next(iter(columns.values()))
    table = np.empty(len(first.codes if isinstance(first, _Named) else first), dtype)
    for start in range(0, len(table), ROWS):
        part = slice(start, start + ROWS)
        rows = table[part]
        for name, column in columns.items():
            rows[name] = column.words[column.codes[part]] if isinstance(column, _Named) else column[part]
    return table


def _by_time(records: Table) -> Table:
    """Those of one instant stay in their order."""
    ts = np.ascontiguousarray(records["ts"])
    return records if np.all(ts[1:] >= ts[:-1]) else records[np.argsort(ts, kind="stable")]


def _ratio(above: Table, below: Table) -> Table:
    """above / below, NaN where below is zero."""
    ratio = np.full(len(above), np.nan)
    np.divide(above, below, out=ratio, where=below != 0.0)
    return ratio


def equity_curve(journal: Journal) -> Table:
    """timestamp, equity, cash, positions (what they are worth)."""
    return _table(**curve_columns(journal))


def curve_columns(journal: Journal) -> dict[str, Table]:
    """The columns of `equity_curve`: the journal's own, and what positions are worth."""
    curve = journal.curve
    return {**dict(zip(Curve.fields, curve, strict=True)), "positions": curve.equity - curve.cash}


def trades(journal: Journal) -> Table:
    """Every fill with its evidence, by time; of one instant in the order they happened."""
    fills = _by_time(journal.fills)
    places = _places(fills["order_id"], journal.orders)
    return _table(
        timestamp=fills["ts"],
        symbol=_named(fills["symbol"], journal.symbols),
        side=_named(fills["side"] + 1, labels.SIDES),
        quantity=fills["last_qty"],
        price=fills["last_px"],
        commission=fills["commission"],
        order_id=fills["order_id"],
        liquidity=_named(fills["liquidity"], labels.LIQUIDITY),
        event=fills["event"],
        event_timestamp=fills["ts_event"],
        rule=_named(fills["rule"], labels.RULES),
        reference_price=fills["reference_px"],
        slippage=fills["side"] * (fills["last_px"] - fills["reference_px"]) + 0.0,
        improvement=_improvement(fills, journal, *places),
        size_seen=np.where(np.isinf(fills["size_seen"]), np.nan, fills["size_seen"]),
        entry_latency=_entry_latency(journal.orders, *places),
        leg=_named(fills["leg"] + 1, labels.LEGS),
    )


def _places(order_ids: Table, orders: Table) -> tuple[Table, Table]:
    """Where each order stands in the table of orders, and whether it does; ids ascend in it."""
    at = np.searchsorted(orders["id"], order_ids)
    known = at < len(orders)
    known[known] = orders["id"][at[known]] == order_ids[known]
    return at, known


def _improvement(fills: Table, journal: Journal, at: Table, known: Table) -> Table:
    """How much better than its limit each fill is; NaN without one, or if it may have been another then."""
    better = np.full(len(fills), np.nan)
    better[known] = fills["side"][known] * (journal.orders["limit_px"][at[known]] - fills["last_px"][known])
    moved = journal.notes[np.isin(journal.notes["kind"], (NoteKind.AMENDED, NoteKind.RESTATED))]
    moved = moved[np.lexsort((moved["ts"], moved["order_id"]))]
    last = np.searchsorted(moved["order_id"], fills["order_id"], side="right") - 1
    later = last >= 0
    note, fill = moved[last[later]], fills[later]
    later[later] = (note["order_id"] == fill["order_id"]) & (note["ts"] >= fill["ts"])
    better[later] = np.nan
    return better + 0.0  # never -0.0


def _entry_latency(orders: Table, at: Table, known: Table) -> Table:
    """Nanoseconds from sending to arrival; NaN for children, whose arrival is their release."""
    late = np.full(len(at), np.nan)
    at = at[known]
    waited = orders["ts_arrived"][at] - orders["ts_sent"][at]
    late[known] = np.where(orders["parent"][at] > 0, np.nan, waited)
    return late


def round_trips(journal: Journal, prices: PriceSource | None) -> Table:
    """First in, first out, by time of exit. Without prices, mae and mfe are NaN."""
    closed = match_fills(journal.fills, journal.restatements)[0]
    for i in np.unique(closed["symbol"]) if prices else ():
        columns = prices(journal.symbols[i]) if prices else None
        if columns is not None:
            write_excursions(closed, int(i), *columns)
    closed = closed[np.argsort(closed["exit_ts"], kind="stable")]
    notional = np.abs(closed["entry_px"]) * closed["qty"] * closed["entry_value"]
    return _table(
        symbol=_named(closed["symbol"], journal.symbols),
        side=_named(closed["side"] + 1, labels.LEGS),
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
    )


def exposures(journal: Journal) -> Table:
    """Every position at every point of the curve; gross and net are the account's, in money."""
    held, timestamp, equity = journal.exposures, journal.curve.timestamp, journal.curve.equity
    at = np.searchsorted(timestamp, held["timestamp"], side="right") - 1
    gross = np.bincount(at, np.abs(held["value"]), len(timestamp))  # adds in order, so always the same bits
    net = np.bincount(at, held["value"], len(timestamp))
    return _table(
        timestamp=held["timestamp"],
        symbol=_named(held["symbol"], journal.symbols),
        quantity=held["quantity"],
        value=held["value"],
        weight=_ratio(held["value"], equity[at]),
        gross=gross[at],
        net=net[at],
        leg=_named(held["leg"] + 1, labels.LEGS),
    )


def orders(journal: Journal) -> Table:
    """Every order with its last terms, its terminal status and reason; a time that never came is -1."""
    sent = journal.orders
    kind, flags = sent["order_type"], sent["flags"]
    touched = np.isin(kind, (OrderType.MARKET_IF_TOUCHED, OrderType.LIMIT_IF_TOUCHED))
    trails = np.isin(kind, (OrderType.TRAILING_STOP, OrderType.TRAILING_STOP_LIMIT))
    is_open = sent["status"] <= Status.PARTIALLY_FILLED
    return _table(
        order_id=sent["id"],
        symbol=_named(sent["symbol"], journal.symbols),
        side=_named(sent["side"] + 1, labels.SIDES),
        order_type=_named(kind, labels.ORDER_TYPES),
        time_in_force=_named(sent["time_in_force"], labels.TIMES_IN_FORCE),
        quantity=np.where(sent["status"] == Status.FILLED, sent["qty"], sent["asked_qty"]),
        limit_price=sent["limit_px"],
        stop_price=np.where(touched, np.nan, sent["stop_px"]),
        filled_quantity=sent["filled_qty"],
        average_price=sent["avg_px"],
        status=_named(sent["status"], labels.STATUSES),
        reason=_named(sent["reason"], labels.REASONS),
        sent_at=sent["ts_sent"],
        arrived_at=sent["ts_arrived"],
        closed_at=sent["ts_closed"],
        leaves_quantity=np.where(is_open, sent["qty"] - sent["filled_qty"], 0.0),
        touch_price=np.where(touched, sent["stop_px"], np.nan),
        trail=np.where(trails, sent["trail"], np.nan),
        trail_by=_named(np.where(trails, sent["trail_by"], len(labels.TRAIL_BY)), (*labels.TRAIL_BY, "")),
        limit_offset=np.where(trails, sent["limit_offset"], np.nan),
        expires_at=np.where(sent["ts_expires"] == NEVER, -1, sent["ts_expires"]),
        oco=sent["oco"],
        parent=sent["parent"],
        post_only=flags & Flag.POST_ONLY != 0,
        reduce_only=flags & Flag.REDUCE_ONLY != 0,
        forced=flags & Flag.FORCED != 0,
    )


def cash_flows(journal: Journal) -> Table:
    """Money that no trade moved, as it moved; the account's own flows have no symbol."""
    flows = journal.cash_flows
    return _table(
        timestamp=flows["ts"],
        symbol=_named(flows["symbol"], (*journal.symbols, "")),  # -1 is the last
        kind=_named(flows["kind"], labels.FLOWS),
        amount=flows["amount"],
    )


def order_events(journal: Journal) -> Table:
    """What befell orders besides fills and ends, by time; order 0 is the account."""
    notes = _by_time(journal.notes)
    is_dividend = notes["reason"] == FlowKind.DIVIDEND
    restated = len(labels.REASONS) + np.where(is_dividend, 0, 1)
    reason = np.where(notes["kind"] == NoteKind.RESTATED, restated, notes["reason"])
    return _table(
        timestamp=notes["ts"],
        order_id=notes["order_id"],
        event=_named(notes["kind"], labels.EVENTS),
        reason=_named(reason, (*labels.REASONS, "dividend", "split")),
        value=np.where(notes["kind"] == NoteKind.AMEND_REFUSED, np.nan, notes["value"]),
    )
