"""Both engines behind one interface: from a `Case` and a strategy to the same plain `Outcome`."""

from collections.abc import Callable
from dataclasses import dataclass, field
from math import isclose, isnan, nan
from typing import Any

from reference import Reference

import btcore
from btcore import model
from btcore.config import Execution, Instrument


@dataclass
class Case:
    streams: dict[str, dict[str, Any]]
    execution: Execution = field(default_factory=Execution)
    instruments: dict[str, Instrument] = field(default_factory=dict)
    initial_capital: float = 1_000_000.0
    timezone: str = "UTC"
    start: int | None = None
    mark_every: int | None = None
    currency: str = "USD"
    fx: dict[str, Any] = field(default_factory=dict)
    calendar: str | None = None
    sessions: tuple[list[int], list[int]] | None = None  # that calendar's opens and closes


@dataclass
class Outcome:
    """What both engines must agree on, as rows of plain values."""

    fills: list[dict[str, Any]]
    orders: list[dict[str, Any]]
    positions: list[dict[str, Any]]
    equity: list[dict[str, Any]]
    exposures: list[dict[str, Any]]
    cash_flows: list[dict[str, Any]]
    ambiguous_bars: int
    logs: list[str]  # the strategy's own lines, and "amend <id>" for a dropped amendment
    strategy: Any


Maker = Callable[[type], type]  # from a base class to a strategy class


EngineRun = Callable[[Case, Maker], Outcome]


def run_reference(case: Case, make: Maker) -> Outcome:
    strategy = make(object)()
    result = Reference(
        case.streams,
        initial_capital=case.initial_capital,
        execution=case.execution,
        instruments=case.instruments,
        timezone=case.timezone,
        start=case.start,
        mark_every_ns=case.mark_every,
        currency=case.currency,
        fx=case.fx,
        sessions=case.sessions,
    ).run(strategy)
    return Outcome(
        fills=[
            {
                "ts": fill.timestamp,
                "order_id": fill.order_id,
                "symbol": fill.symbol,
                "side": fill.side,
                "liquidity": fill.liquidity,
                "leg": fill.leg,
                "quantity": fill.quantity,
                "price": fill.price,
                "commission": fill.commission,
            }
            for fill in result.fills
        ],
        orders=[
            {
                "id": order.id,
                "symbol": order.symbol,
                "side": order.side,
                "type": order.type,
                "time_in_force": order.time_in_force,
                "parent": order.parent,
                "flags": order.post_only + 2 * order.reduce_only + 4 * order.liquidation,
                "status": order.status,
                "reason": order.reason,
                "ts_sent": order.ts_sent,
                "ts_arrived": order.ts_arrived,
                "ts_closed": order.ts_closed,
                "ts_expires": order.ts_expires,
                "quantity": order.total,
                "limit": order.limit,
                "stop": order.stop,
                "trail": order.trail,
                "trail_by": order.trail_by if order.trails else "",
                "limit_offset": order.limit_offset,
                "filled": order.filled,
                "avg_px": order.avg_px,
            }
            for order in result.orders
        ],
        positions=[
            {
                "symbol": symbol,
                "leg": leg,
                "quantity": position.quantity,
                "avg_px": position.avg_px,
                "avg_cost": position.avg_cost,
                "mark": market.mark,
                "point_value": result.point_values[symbol],
                "realized_pnl": position.realized_pnl,
                "commission": position.commission,
            }
            for symbol, market in result.markets.items()
            for leg, position in market.positions.items()
        ],
        equity=[
            {
                "ts": point.timestamp,
                "equity": point.equity,
                "cash": point.cash,
                "positions": point.positions,
            }
            for point in result.equity
        ],
        exposures=[
            {
                "ts": exposure.timestamp,
                "symbol": exposure.symbol,
                "leg": exposure.leg,
                "quantity": exposure.quantity,
                "value": exposure.value,
            }
            for exposure in result.exposures
        ],
        cash_flows=[
            {"ts": flow.timestamp, "symbol": flow.symbol, "kind": flow.kind, "amount": flow.amount}
            for flow in result.cash_flows
        ],
        ambiguous_bars=result.ambiguous_bars,
        logs=common_log_lines(result.logs),
        strategy=strategy,
    )


REASONS = {
    "NONE": "",
    "IOC_REMAINDER": "ioc",
    "FOK_UNFILLED": "fok",
    "DAY_OVER": "day",
    "GTD_OVER": "gtd",
    "AT_OPENING": "opening",
    "AT_CLOSE": "closing",
    "WOULD_TAKE": "post_only",
    "NOTHING_TO_REDUCE": "reduce_only",
    "PARENT_ENDED": "parent",
    "NO_CASH": "cash",
}


def run_btcore(case: Case, make: Maker) -> Outcome:
    strategy = make(btcore.Strategy)()
    result = btcore.run(
        {
            symbol: containers(stream, case.instruments.get(symbol, Instrument()).negative_prices)
            for symbol, stream in case.streams.items()
        },
        strategy,
        initial_capital=case.initial_capital,
        currency=case.currency,
        execution=case.execution,
        instruments=case.instruments,
        timezone=case.timezone,
        start=case.start,
        mark_every=case.mark_every,
        calendar=case.calendar,
        fx=case.fx,
    )
    return outcome_of(result, list(case.streams), strategy)


def outcome_of(result: btcore.Result, symbols: list[str], strategy: Any = None) -> Outcome:
    """A result in the plain values of an `Outcome`."""
    journal = result.journal

    def reason(code: int) -> str:
        name = model.Reason(code).name
        return REASONS.get(name, name.lower())

    return Outcome(
        fills=[
            {
                "ts": int(row["ts"]),
                "order_id": int(row["order_id"]),
                "symbol": symbols[row["symbol"]],
                "side": int(row["side"]),
                "liquidity": model.Liquidity(int(row["liquidity"])).name.lower(),
                "leg": int(row["leg"]),
                "quantity": float(row["last_qty"]),
                "price": float(row["last_px"]),
                "commission": float(row["commission"]),
            }
            for row in journal.fills
        ],
        orders=[
            {
                "id": int(row["id"]),
                "symbol": symbols[row["symbol"]],
                "side": int(row["side"]),
                "type": model.OrderType(int(row["order_type"])).name.lower().replace("_", "-"),
                "time_in_force": model.TimeInForce(int(row["time_in_force"])).name,
                "parent": int(row["parent"]),
                "flags": int(row["flags"]),
                "status": model.Status(int(row["status"])).name,
                "reason": reason(int(row["reason"])),
                "ts_sent": int(row["ts_sent"]),
                "ts_arrived": int(row["ts_arrived"]),
                "ts_closed": int(row["ts_closed"]),
                "ts_expires": int(row["ts_expires"]) if expires(row) else -1,
                "quantity": float(row["qty"]),
                "limit": float(row["limit_px"]),
                "stop": float(row["stop_px"]),
                "trail": float(row["trail"]) if trails(row) else nan,
                "trail_by": ("price", "percent", "ticks")[int(row["trail_by"])] if trails(row) else "",
                "limit_offset": float(row["limit_offset"]) if trails(row) == "offset" else nan,
                "filled": float(row["filled_qty"]),
                "avg_px": float(row["avg_px"]),
            }
            for row in sorted(journal.orders, key=lambda row: int(row["id"]))
        ],
        positions=[
            {
                "symbol": symbols[row["symbol"]],
                "leg": int(row["leg"]),
                "quantity": float(row["qty"]),
                "avg_px": float(row["avg_px"]) if row["qty"] else nan,
                "avg_cost": float(row["avg_cost"]) if row["qty"] else nan,
                "mark": float(row["mark"]),
                "point_value": float(row["point_value"]),
                "realized_pnl": float(row["realized_pnl"]),
                "commission": float(row["commission"]),
            }
            for row in journal.positions
        ],
        equity=[
            {
                "ts": int(ts),
                "equity": float(equity),
                "cash": float(cash),
                "positions": float(equity - cash),
            }
            for ts, equity, cash in zip(*journal.curve, strict=True)
        ],
        exposures=[
            {
                "ts": int(row["timestamp"]),
                "symbol": symbols[row["symbol"]],
                "leg": int(row["leg"]),
                "quantity": float(row["quantity"]),
                "value": float(row["value"]),
            }
            for row in journal.exposures
        ],
        cash_flows=[
            {
                "ts": int(row["ts"]),
                "symbol": symbols[row["symbol"]] if row["symbol"] >= 0 else None,
                "kind": int(row["kind"]),
                "amount": float(row["amount"]),
            }
            for row in journal.cash_flows
        ],
        ambiguous_bars=int(journal.ambiguous_bars),
        logs=common_log_lines(result.logs),
        strategy=strategy,
    )


def expires(row: Any) -> bool:
    """True for GTD orders, and for DAY orders that have arrived (a child: been released)."""
    lifetime = model.TimeInForce(int(row["time_in_force"])).name
    return lifetime == "GTD" or (lifetime == "DAY" and int(row["ts_arrived"]) >= 0)


def trails(row: Any) -> str:
    """ "trail" for a trailing stop, "offset" for a trailing stop-limit, else ""."""
    name = model.OrderType(int(row["order_type"])).name
    return {"TRAILING_STOP": "trail", "TRAILING_STOP_LIMIT": "offset"}.get(name, "")


def containers(stream: dict[str, Any], negative_prices: bool = False) -> Any:
    """A symbol's rows as btcore containers."""
    found: list[Any] = []
    if stream.get("quotes"):
        found.append(btcore.Quotes(*columns(stream["quotes"]), negative_prices=negative_prices))
    if stream.get("trades"):
        found.append(btcore.Trades(*columns(stream["trades"]), negative_prices=negative_prices))
    if stream.get("bars"):
        made = columns(stream["bars"])
        found.append(btcore.Bars(*made, interval=stream["interval"], negative_prices=negative_prices))
    return found[0] if len(found) == 1 else tuple(found)


def columns(rows: list[tuple[float, ...]]) -> list[list[float]]:
    return [list(column) for column in zip(*rows, strict=True)]


def common_log_lines(lines: list[str]) -> list[str]:
    """The log lines that both engines must share; the text of a dropped amendment is reduced to its ids."""
    common = []
    for line in lines:
        if line.startswith("script: "):
            common.append(line)
        elif "amend" in line:
            common.append("amend " + " ".join(w for w in line.replace(":", " ").split() if w.isdigit()))
    return common


ENGINES: dict[str, EngineRun] = {"reference": run_reference, "btcore": run_btcore}


def assert_same(ours: Any, theirs: Any, scale: float, path: str = "") -> None:
    """Asserts equality, of floats to 1e-9 of themselves or of `scale`; the error names the path."""
    if isinstance(ours, dict):
        assert ours.keys() == theirs.keys(), path
        for key in ours:
            assert_same(ours[key], theirs[key], scale, f"{path}.{key}")
    elif isinstance(ours, (list, tuple)):
        for i, (one, other) in enumerate(zip(ours, theirs, strict=False)):
            assert_same(one, other, scale, f"{path}[{i}]")
        assert len(ours) == len(theirs), f"{path}: {ours[len(theirs) :] or theirs[len(ours) :]} is one-sided"
    elif isinstance(ours, float) and isinstance(theirs, float):
        tolerance = 1e-9 * scale if path.endswith(MONEY) else 0.0
        close = isclose(ours, theirs, rel_tol=1e-9, abs_tol=max(tolerance, 1e-12))
        same = close or (isnan(ours) and isnan(theirs))
        assert same, f"{path}: {ours} and {theirs}"
    else:
        assert ours == theirs, f"{path}: {ours!r} and {theirs!r}"


# Sums of money may cancel to almost zero, so they are compared on the scale of the capital.
MONEY = ("equity", "cash", "positions", "realized_pnl", "commission", "value", "amount")
