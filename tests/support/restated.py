"""Cases, scripts and outcomes restated: in other units of price and size, mirrored, or on another day.

Factors of units are powers of two, so only the exponent of a float changes.
"""

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from math import isnan
from typing import Any

from engines import Case, Maker, Outcome
from msgspec import structs
from strategy_scripts import Action

from btcore.config import Commission

PRICES = ("limit", "stop", "touch", "take_profit", "stop_loss")
OPPOSITE = {"buy": "sell", "sell": "buy"}


@dataclass(frozen=True)
class Units:
    """The restated values of a price of 1 and a size of 1; money is their product."""

    price: float = 1.0
    size: float = 1.0

    @property
    def money(self) -> float:
        return self.price * self.size


def rows_in(units: Units, kind: str, row: tuple[float, ...]) -> tuple[float, ...]:
    p, s = units.price, units.size
    factors = {"quotes": (1, p, p, s, s), "trades": (1, p, s, 1), "bars": (1, p, p, p, p, s)}[kind]
    return tuple(value * factor for value, factor in zip(row, factors, strict=False))


def case_in(units: Units, case: Case) -> Case:
    """The case in other units: data, steps, costs in money, capital."""
    p, m = units.price, units.money
    execution, instruments = case.execution, case.instruments

    def commission_in(own: Commission | None) -> Commission | None:
        return own and structs.replace(
            own,
            per_share=own.per_share * p,
            per_order=own.per_order * m,
            minimum=times(own.minimum, m),
            maximum=times(own.maximum, m),
            round_to=own.round_to * m,
        )

    return replace(
        case,
        streams=map_rows(case.streams, lambda kind, row: rows_in(units, kind, row)),
        initial_capital=case.initial_capital * m,
        execution=structs.replace(
            execution,
            commission_per_share=execution.commission_per_share * p,
            commission_min=times(execution.commission_min, m),
            commission_max=times(execution.commission_max, m),
            commission_per_order=execution.commission_per_order * m,
            max_order=times(execution.max_order, units.size),
            max_position=times(execution.max_position, units.size),
            max_loss=times(execution.max_loss, m),
            commission_round_to=execution.commission_round_to * m,
            commission_tiers=[
                structs.replace(t, notional=t.notional * m) for t in execution.commission_tiers
            ],
        ),
        instruments={
            symbol: structs.replace(
                instrument,
                tick_size=instrument.tick_size * p,
                lot_size=instrument.lot_size * units.size,
                min_notional=instrument.min_notional * m,
                dividends=[(at, amount * p) for at, amount in instrument.dividends],
                mark_prices=[(at, px * p) for at, px in instrument.mark_prices],
                price_bands=[
                    (at, *(None if px is None else px * p for px in band))
                    for at, *band in instrument.price_bands
                ],
                delisting=instrument.delisting and (instrument.delisting[0], instrument.delisting[1] * p),
                commission=commission_in(instrument.commission),
            )
            for symbol, instrument in instruments.items()
        },
    )


def map_rows(
    streams: dict[str, dict[str, Any]],
    change: Callable[[str, tuple[float, ...]], tuple[float, ...]],
    *,
    mirrored: bool = False,
) -> dict[str, dict[str, Any]]:
    """The streams with each row changed; mirrored, the bid of a bar becomes its ask."""

    def sides(rows: dict[int, Any]) -> dict[int, Any]:
        found = {}
        for ts, pair in rows.items():
            moved = [change("bars", (ts, *prices, 1.0)) for prices in (reversed(pair) if mirrored else pair)]
            found[int(moved[0][0])] = tuple(tuple(row[1:5]) for row in moved)
        return found

    def changed(kind: str, rows: Any) -> Any:
        if kind == "sides":
            return sides(rows)
        return rows if kind in ("interval", "ends") else [change(kind, row) for row in rows]

    return {
        symbol: {kind: changed(kind, rows) for kind, rows in stream.items()}
        for symbol, stream in streams.items()
    }


def times(value: float | None, factor: float) -> float | None:
    return None if value is None else value * factor


class RestatedContext:
    """A context that restates requests in other units, or mirrored, before it passes them on."""

    def __init__(self, ctx: Any, units: Units, mirrored: bool = False) -> None:
        self.ctx = ctx
        self.units = units
        self.mirrored = mirrored

    def __getattr__(self, name: str) -> Any:
        return getattr(self.ctx, name)

    def terms(self, terms: dict[str, Any]) -> dict[str, Any]:
        restated = dict(terms)
        for name in restated.keys() & {*PRICES, "limit_offset"}:
            restated[name] *= -1 if self.mirrored and name in PRICES else self.units.price
        if "trail" in restated and restated.get("trail_by", "price") == "price":
            restated["trail"] *= self.units.price
        if "quantity" in restated:
            restated["quantity"] *= self.units.size
        return restated

    def side(self, side: str) -> str:
        return OPPOSITE[side] if self.mirrored else side

    def buy(self, symbol: str, quantity: float, **terms: Any) -> int:
        return getattr(self.ctx, self.side("buy"))(symbol, quantity * self.units.size, **self.terms(terms))

    def sell(self, symbol: str, quantity: float, **terms: Any) -> int:
        return getattr(self.ctx, self.side("sell"))(symbol, quantity * self.units.size, **self.terms(terms))

    def bracket(self, symbol: str, quantity: float, *, side: str = "buy", **terms: Any) -> Any:
        restated = self.terms(terms)
        return self.ctx.bracket(symbol, quantity * self.units.size, side=self.side(side), **restated)

    def amend(self, order_id: int, **terms: Any) -> None:
        self.ctx.amend(order_id, **self.terms(terms))


def restate_requests(make: Maker, units: Units, *, mirrored: bool = False, after: int = 0) -> Maker:
    """The scripted strategy, with its requests after time `after` restated."""

    def made(base: type) -> type:
        class Restated(make(base)):  # type: ignore[misc]
            def act(self, ctx: Any, action: Action) -> None:
                super().act(RestatedContext(ctx, units, mirrored) if ctx.now > after else ctx, action)

        return Restated

    return made


OUTCOME_UNITS = {
    "fills": {"quantity": "size", "price": "price", "commission": "money"},
    "orders": {
        **dict.fromkeys(("quantity", "filled"), "size"),
        **dict.fromkeys(("limit", "stop", "trail", "limit_offset", "avg_px"), "price"),
    },
    "positions": {
        "quantity": "size",
        **dict.fromkeys(("avg_px", "avg_cost", "mark"), "price"),
        **dict.fromkeys(("realized_pnl", "commission"), "money"),
    },
    "equity": dict.fromkeys(("equity", "cash", "positions"), "money"),
    "exposures": {"quantity": "size", "value": "money"},
    "cash_flows": {"amount": "money"},
}


def outcome_in(units: Units, outcome: Outcome) -> Outcome:
    def row_in(part: str, row: dict[str, Any]) -> dict[str, Any]:
        kinds = OUTCOME_UNITS[part]
        if row.get("trail_by", "price") not in ("price", ""):
            kinds = {name: kind for name, kind in kinds.items() if name != "trail"}
        return {
            name: value * getattr(units, kinds[name]) if name in kinds else value
            for name, value in row.items()
        }

    return replace(
        outcome, **{part: [row_in(part, row) for row in getattr(outcome, part)] for part in OUTCOME_UNITS}
    )


# Mirrored: every price negated, buys exchanged with sells. A short position at a negative price has the value
# of the long one, so money is equal to the last bit.


def mirrored_row(kind: str, row: tuple[float, ...]) -> tuple[float, ...]:
    if kind == "quotes":
        ts, bid, ask, *sizes = row
        return (ts, -ask, -bid, *reversed(sizes))
    if kind == "trades":
        ts, price, *rest = row
        return (ts, -price, *rest[:1], *(-side for side in rest[1:]))
    ts, opened, high, low, closed, volume = row
    return (ts, -opened, -low, -high, -closed, volume)


MIRRORED = {
    "fills": ("side", "leg", "price"),
    "orders": ("side", "limit", "stop", "avg_px"),
    "positions": ("leg", "quantity", "avg_px", "avg_cost", "mark"),
    "exposures": ("leg", "quantity"),
}


def mirrored_outcome(outcome: Outcome) -> Outcome:
    parts: dict[str, Any] = {}
    for part, names in MIRRORED.items():
        rows = [
            {name: -value if name in names else value for name, value in row.items()}
            for row in getattr(outcome, part)
        ]
        if part in ("positions", "exposures"):  # the long leg is the first
            rows.sort(key=lambda row: (row.get("ts", 0), row["symbol"], -row["leg"]))
        parts[part] = rows
    return replace(outcome, **parts)


# Another day


def shifted_case(case: Case, by: int) -> Case:
    """The case with every time later by `by`."""

    def later(items: Any) -> Any:
        return [(at + by, value) for at, value in items] if isinstance(items, list) else items

    def moved(struct: Any, *names: str) -> Any:
        return structs.replace(struct, **{name: later(getattr(struct, name)) for name in names})

    streams = map_rows(case.streams, lambda _, row: (row[0] + by, *row[1:]))
    for stream in streams.values():
        if "ends" in stream:
            stream["ends"] = {ts + by: end + by for ts, end in stream["ends"].items()}
    stepped = ("latency_ms", "response_latency_ms", "cash_rate", "debit_rate")
    return replace(
        case,
        streams=streams,
        execution=moved(case.execution, *stepped),
        instruments={
            symbol: structs.replace(
                moved(instrument, "borrow_rate", "funding", "splits", "dividends", "mark_prices"),
                halts=[(begin + by, end + by) for begin, end in instrument.halts],
                price_bands=[(at + by, *band) for at, *band in instrument.price_bands],
                delisting=instrument.delisting and (instrument.delisting[0] + by, instrument.delisting[1]),
            )
            for symbol, instrument in case.instruments.items()
        },
        start=None if case.start is None else case.start + by,
        fx={currency: later(rates) for currency, rates in case.fx.items()},
    )


def shifted_outcome(outcome: Outcome, by: int) -> Outcome:
    stamps = ("ts", "ts_sent", "ts_arrived", "ts_closed", "ts_expires")

    def moved(row: dict[str, Any]) -> dict[str, Any]:
        return {name: v + by if name in stamps and v != -1 else v for name, v in row.items()}

    return replace(
        outcome, **{part: [moved(row) for row in getattr(outcome, part)] for part in OUTCOME_UNITS}
    )


def exactly(outcome: Outcome, *leave_out: str) -> dict[str, Any]:
    """An outcome without the strategy, comparable by ==: NaN becomes None, -0.0 becomes 0.0."""

    def plain(value: Any) -> Any:
        if isinstance(value, list):
            return [plain(v) for v in value]
        if isinstance(value, dict):
            return {name: plain(v) for name, v in value.items()}
        if isinstance(value, float):
            return None if isnan(value) else value + 0.0
        return value

    parts = (f.name for f in fields(outcome) if f.name not in ("strategy", *leave_out))
    return {part: plain(getattr(outcome, part)) for part in parts}
