"""Both engines behind one interface: from a `Case` and a strategy to the same plain `Outcome`.

Over 300 lines: a field of an outcome is read from both engines, and a reader compares the two.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, fields
from math import isclose, isnan, nan
from typing import Any

from reference import Reference

import btcore
from btcore import model
from btcore.config import Execution, Instrument
from btcore.costs import CostModel


@dataclass(frozen=True)
class OtherStream:
    """Bars of another resolution, a stream as those of a Case."""

    symbol: str
    resolution: str
    stream: dict[str, Any]
    build: str = ""  # what btcore is told to build; the stream is then the one expected


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
    cost_model: CostModel | None = None
    others: list[OtherStream] = field(default_factory=list)  # by symbol, then length


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


# What an outcome has of each row, and the name it has in the second engine and in btcore's records.
NEVER = 2**63 - 1  # the expiry of a DAY or CLS order without a session close after it
FILL = {
    "ts": ("timestamp", "ts"),
    "order_id": ("order_id", "order_id"),
    "side": ("side", "side"),
    "leg": ("leg", "leg"),
    "quantity": ("quantity", "last_qty"),
    "price": ("price", "last_px"),
    "commission": ("commission", "commission"),
}
ORDER = {
    "id": ("id", "id"),
    "side": ("side", "side"),
    "parent": ("parent", "parent"),
    "ts_sent": ("ts_sent", "ts_sent"),
    "ts_arrived": ("ts_arrived", "ts_arrived"),
    "ts_closed": ("ts_closed", "ts_closed"),
    "ts_expires": ("ts_expires", "ts_expires"),
    "quantity": ("total", "qty"),
    "limit": ("limit", "limit_px"),
    "stop": ("stop", "stop_px"),
    "trail": ("trail", "trail"),
    "limit_offset": ("limit_offset", "limit_offset"),
    "filled": ("filled", "filled_qty"),
    "avg_px": ("avg_px", "avg_px"),
}
POSITION = {
    "quantity": ("quantity", "qty"),
    "avg_px": ("avg_px", "avg_px"),
    "avg_cost": ("avg_cost", "avg_cost"),
    "realized_pnl": ("realized_pnl", "realized_pnl"),
    "commission": ("commission", "commission"),
}
EXPOSURE = {
    "ts": ("timestamp", "timestamp"),
    "leg": ("leg", "leg"),
    "quantity": ("quantity", "quantity"),
    "value": ("value", "value"),
}
CASH_FLOW = {"ts": ("timestamp", "ts"), "kind": ("kind", "kind"), "amount": ("amount", "amount")}
POINT = ("equity", "cash", "positions")
REASONS = {  # of btcore, where the lower-case name is not the text of the second engine
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
        cost_model=case.cost_model,
        others=[(each.symbol, each.resolution, each.stream) for each in case.others],
    ).run(strategy)

    def plain(item: Any, names: dict[str, tuple[str, str]]) -> dict[str, Any]:
        return {name: getattr(item, theirs) for name, (theirs, _) in names.items()}

    return Outcome(
        fills=[plain(f, FILL) | {"symbol": f.symbol, "liquidity": f.liquidity} for f in result.fills],
        orders=[
            plain(order, ORDER)
            | {
                "symbol": order.symbol,
                "type": order.type,
                "time_in_force": order.time_in_force,
                "flags": order.post_only
                + 2 * order.reduce_only
                + 4 * order.liquidation
                + 8 * order.from_fill,
                "status": order.status,
                "reason": order.reason,
                "trail_by": order.trail_by if order.trails else "",
            }
            for order in result.orders
        ],
        positions=[
            plain(position, POSITION)
            | {
                "symbol": symbol,
                "leg": leg,
                "mark": market.mark,
                "point_value": result.point_values[symbol],
            }
            for symbol, market in result.markets.items()
            for leg, position in market.positions.items()
        ],
        equity=[{"ts": p.timestamp, **{name: getattr(p, name) for name in POINT}} for p in result.equity],
        exposures=[plain(e, EXPOSURE) | {"symbol": e.symbol} for e in result.exposures],
        cash_flows=[plain(f, CASH_FLOW) | {"symbol": f.symbol} for f in result.cash_flows],
        ambiguous_bars=result.ambiguous_bars,
        logs=common_log_lines(result.logs),
        strategy=strategy,
    )


def result_of(case: Case, make: Maker) -> btcore.Result:
    return btcore.run(
        {
            symbol: with_others(
                containers(stream, case.instruments.get(symbol, Instrument()).negative_prices),
                [each for each in case.others if each.symbol == symbol and not each.build],
            )
            for symbol, stream in case.streams.items()
        },
        make(btcore.Strategy)(),
        initial_capital=case.initial_capital,
        currency=case.currency,
        execution=case.execution,
        instruments=case.instruments,
        timezone=case.timezone,
        start=case.start,
        mark_every=case.mark_every,
        calendar=case.calendar,
        fx=case.fx,
        cost_model=case.cost_model,
        build_bars=list(dict.fromkeys(each.build for each in case.others if each.build)),
    )


def run_btcore(case: Case, make: Maker) -> Outcome:
    result = result_of(case, make)
    return outcome_of(result, list(case.streams), result.strategy)


def outcome_of(result: btcore.Result, symbols: list[str], strategy: Any = None) -> Outcome:
    """A result in the plain values of an `Outcome`."""
    journal = result.journal

    def plain(row: Any, names: dict[str, tuple[str, str]]) -> dict[str, Any]:
        symbol = symbols[row["symbol"]] if row["symbol"] >= 0 else None
        return {name: row[ours].item() for name, (_, ours) in names.items()} | {"symbol": symbol}

    def position(row: Any) -> dict[str, Any]:
        flat = {} if row["qty"] else {"avg_px": nan, "avg_cost": nan}
        names = {name: row[name].item() for name in ("leg", "mark", "point_value")}
        return plain(row, POSITION) | flat | names

    return Outcome(
        fills=[
            plain(row, FILL) | {"liquidity": model.Liquidity(int(row["liquidity"])).name.lower()}
            for row in journal.fills
        ],
        orders=[
            plain(row, ORDER) | order_words(row)
            for row in sorted(journal.orders, key=lambda row: int(row["id"]))
        ],
        positions=[position(row) for row in journal.positions],
        equity=[
            {
                "ts": int(ts),
                "equity": float(equity),
                "cash": float(cash),
                "positions": float(equity - cash),
            }
            for ts, equity, cash in zip(*journal.curve, strict=True)
        ],
        exposures=[plain(row, EXPOSURE) for row in journal.exposures],
        cash_flows=[plain(row, CASH_FLOW) for row in journal.cash_flows],
        ambiguous_bars=int(journal.ambiguous_bars),
        logs=common_log_lines(result.logs),
        strategy=strategy,
    )


def order_words(row: Any) -> dict[str, Any]:
    """The codes of an order as text; terms that it does not have are empty."""
    reason = model.Reason(int(row["reason"])).name
    words: dict[str, Any] = {
        "type": model.OrderType(int(row["order_type"])).name.lower().replace("_", "-"),
        "time_in_force": model.TimeInForce(int(row["time_in_force"])).name,
        "flags": int(row["flags"]),
        "status": model.Status(int(row["status"])).name,
        "reason": REASONS.get(reason, reason.lower()),
        "trail_by": ("price", "percent", "ticks")[int(row["trail_by"])] if trails(row) else "",
    }
    if not expires(row) or row["ts_expires"] == NEVER:
        words["ts_expires"] = -1
    if not trails(row):
        words["trail"] = nan
    if trails(row) != "offset":
        words["limit_offset"] = nan
    return words


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
        found.append(
            btcore.Quotes(*columns(stream["quotes"]), crossed="keep", negative_prices=negative_prices)
        )
    if stream.get("trades"):
        found.append(btcore.Trades(*columns(stream["trades"]), negative_prices=negative_prices))
    if stream.get("bars"):
        made = columns(stream["bars"])
        lengths = {"interval": stream.get("interval")}
        if "ends" in stream:
            lengths["end"] = [stream["ends"][ts] for ts in made[0]]
        if "sides" in stream:
            pairs = [stream["sides"][int(ts)] for ts in made[0]]
            lengths["bid"], lengths["ask"] = (columns([pair[i] for pair in pairs]) for i in (0, 1))
        found.append(btcore.Bars(*made, **lengths, negative_prices=negative_prices))
    return found[0] if len(found) == 1 else tuple(found)


def with_others(found: Any, others: list[OtherStream]) -> Any:
    """The containers with the bars of other resolutions."""
    if not others:
        return found
    made = [containers(each.stream, negative_prices=True) for each in others]
    return (*(found if isinstance(found, tuple) else (found,)), *made)


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


def assert_engines_agree(case: Case, make: Maker, record: str = "seen") -> None:
    """Plays the case in both engines, and compares all that they return and the record of the strategy.

    `record` is the attribute in which the strategy writes down what it saw.
    """
    expected, found = run_reference(case, make), run_btcore(case, make)
    scale = max(case.initial_capital, *(abs(point["cash"]) for point in expected.equity))
    # In order of cause: what the strategy saw, then the fills, then the rest.
    assert_same(getattr(expected.strategy, record), getattr(found.strategy, record), scale, record)
    for part in fields(expected):
        if part.name != "strategy":
            assert_same(getattr(expected, part.name), getattr(found, part.name), scale, part.name)


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
