"""A run's journal as the tables a user reads: names for numbers, plain columns, nothing left out."""

from collections.abc import Callable, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .round_trips import excursions, match_fills

Table = NDArray[Any]
Prices = tuple[ArrayLike, ArrayLike, ArrayLike, ArrayLike]
PriceSource = Callable[[str], Prices | None]

TABLES = ("equity_curve", "trades", "round_trips", "exposures", "orders")
TIMES = frozenset({"timestamp", "entry_timestamp", "exit_timestamp", "sent_at", "arrived_at", "closed_at"})

SIDES = ("sell", "", "buy")
LIQUIDITY = ("maker", "taker")
ORDER_TYPES = (
    "market", "limit", "stop", "stop_limit",
    "market_if_touched", "limit_if_touched", "trailing_stop", "trailing_stop_limit",
)  # fmt: skip
TIMES_IN_FORCE = ("gtc", "day", "ioc", "fok", "gtd", "opg", "cls")
STATUSES = ("new", "partially_filled", "filled", "canceled", "expired", "rejected")
REASONS = (
    "", "requested", "ioc", "fok", "oco", "day", "end_of_data",
    "invalid_quantity", "invalid_price", "lot_size", "tick_size", "buying_power", "gtd", "opening", "closing",
    "post_only", "reduce_only", "parent", "min_notional", "invalid_terms", "liquidation", "cash", "short_sale",
)  # fmt: skip


class Journal(Protocol):
    """What the engine hands over; records as in `btcore.model`, their symbols indexes into `symbols`."""

    @property
    def orders(self) -> Table: ...
    @property
    def fills(self) -> Table: ...
    @property
    def equity(self) -> Table: ...
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


def _named(codes: Table, names: Sequence[str]) -> Table:
    named: Table = np.asarray(names or ("",), dtype=np.str_)[codes]
    return named


def _table(**columns: Table) -> Table:
    """Columns of one length as packed records."""
    dtype = np.dtype([(name, column.dtype) for name, column in columns.items()])
    table = np.empty(len(next(iter(columns.values()))), dtype)
    for name, column in columns.items():
        table[name] = column
    return table


def _ratio(above: Table, below: Table) -> Table:
    """above / below, NaN where below is zero."""
    ratio = np.full(len(above), np.nan)
    np.divide(above, below, out=ratio, where=below != 0.0)
    return ratio


def equity_curve(journal: Journal) -> Table:
    """timestamp, equity, cash, positions (what they are worth)."""
    points = journal.equity
    return _table(**{name: points[name] for name in ("timestamp", "equity", "cash", "positions")})


def trades(journal: Journal) -> Table:
    """Every fill, by time; of one instant in the order they happened."""
    fills = journal.fills[np.argsort(journal.fills["ts"], kind="stable")]
    return _table(
        timestamp=fills["ts"],
        symbol=_named(fills["symbol"], journal.symbols),
        side=_named(fills["side"] + 1, SIDES),
        quantity=fills["last_qty"],
        price=fills["last_px"],
        commission=fills["commission"],
        order_id=fills["order_id"],
        liquidity=_named(fills["liquidity"], LIQUIDITY),
    )


def round_trips(journal: Journal, prices: PriceSource | None, trips: Table | None = None) -> Table:
    """First in, first out, by time of exit. Without prices, mae and mfe are NaN."""
    closed = match_fills(journal.fills, journal.restatements)[0] if trips is None else trips.copy()
    for i in np.unique(closed["symbol"]) if prices else ():
        columns = prices(journal.symbols[i]) if prices else None
        if columns is not None:
            excursions(closed, int(i), *columns)
    closed = closed[np.argsort(closed["exit_ts"], kind="stable")]
    notional = np.abs(closed["entry_px"]) * closed["qty"] * closed["entry_value"]
    return _table(
        symbol=_named(closed["symbol"], journal.symbols),
        side=_named(closed["side"] + 1, ("short", "", "long")),
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
    held, points = journal.exposures, journal.equity
    at = np.searchsorted(points["timestamp"], held["timestamp"], side="right") - 1
    gross = np.bincount(at, np.abs(held["value"]), len(points))  # adds in order, so always the same bits
    net = np.bincount(at, held["value"], len(points))
    return _table(
        timestamp=held["timestamp"],
        symbol=_named(held["symbol"], journal.symbols),
        quantity=held["quantity"],
        value=held["value"],
        weight=_ratio(held["value"], points["equity"][at]),
        gross=gross[at],
        net=net[at],
    )


def orders(journal: Journal) -> Table:
    """Every order with its terminal status and reason; a time that never came is -1."""
    sent = journal.orders
    return _table(
        order_id=sent["id"],
        symbol=_named(sent["symbol"], journal.symbols),
        side=_named(sent["side"] + 1, SIDES),
        order_type=_named(sent["order_type"], ORDER_TYPES),
        time_in_force=_named(sent["time_in_force"], TIMES_IN_FORCE),
        quantity=sent["qty"],
        limit_price=sent["limit_px"],
        stop_price=sent["stop_px"],
        filled_quantity=sent["filled_qty"],
        average_price=sent["avg_px"],
        status=_named(sent["status"], STATUSES),
        reason=_named(sent["reason"], REASONS),
        sent_at=sent["ts_sent"],
        arrived_at=sent["ts_arrived"],
        closed_at=sent["ts_closed"],
    )
