"""The account of a result, computed again from its fills and cash flows with exact arithmetic."""

from fractions import Fraction
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from .labels import FLOWS

if TYPE_CHECKING:
    from .result import Result

ROUNDING = 1e-9  # of the money that changed hands, or of the quantity traded: a larger difference is an error


class Reconciliation(NamedTuple):
    """The largest differences between a result and its account computed again; None for what is not known.

    cash: of the last cash balance, from capital, fills and cash flows, in money.
    positions: of the last positions, from fills and splits, in units.
    equity: at any point of the curve, from its cash and the values of its exposures, in money.
    money, units: the sums of what changed hands, which rounding errors are in proportion to.
    """

    cash: float | None
    positions: float | None
    equity: float
    money: float
    units: float

    @property
    def is_exact(self) -> bool:
        """True if no difference is more than the rounding of the numbers in between."""
        return (
            (self.cash or 0.0) <= ROUNDING * self.money
            and (self.positions or 0.0) <= ROUNDING * self.units
            and self.equity <= ROUNDING * self.money
        )


def reconcile(result: "Result") -> Reconciliation:
    """The differences of a result. A loaded one has no point values: see `_Moves`."""
    curve, moves = result.columns(), _Moves(result)
    capital = Fraction(float(curve["equity"][0]))
    paid, units = moves.paid(), moves.units()
    cash = None if paid is None else abs(float(capital + sum(paid) - Fraction(float(curve["cash"][-1]))))
    money = float(abs(capital) + sum(map(abs, paid or ())))
    return Reconciliation(
        cash=cash,
        positions=None if units is None else _position_difference(result, units),
        equity=_equity_difference(result),
        money=money,
        units=float(sum(abs(Fraction(float(q))) for q in result.trades["quantity"])) or 1.0,
    )


class _Moves:
    """What changed cash and positions, as exact numbers.

    A result that has just been run has the point value of each fill and the splits of each position. A loaded
    one has the multipliers of its manifest: with other currencies its cash, and with splits its positions,
    are not known.
    """

    def __init__(self, result: "Result") -> None:
        self.result = result
        self.terms: dict[str, Any] = result.manifest.get("run", {}).get("instruments", {})
        self.currency = result.manifest.get("run", {}).get("currency")

    def paid(self) -> list[Fraction] | None:
        """Changes of cash, by fill and by cash flow."""
        trades, journal = self.result.trades, self.result.journal
        if journal is not None:
            fills = journal.fills
            values = [Fraction(float(v)) for v in fills["point_value"]]
            rows = zip(fills["side"], fills["last_qty"], fills["last_px"], fills["commission"], strict=True)
        else:
            foreign = [t for t in self.terms.values() if t.get("currency") not in (None, self.currency)]
            if foreign:
                return None
            multipliers = {symbol: t.get("multiplier", 1.0) for symbol, t in self.terms.items()}
            values = [Fraction(float(multipliers.get(s, 1.0))) for s in trades["symbol"].tolist()]
            side = np.where(trades["side"] == "buy", 1, -1)
            rows = zip(side, trades["quantity"], trades["price"], trades["commission"], strict=True)
        paid = [
            -(int(s) * Fraction(float(q)) * Fraction(float(p)) * value + Fraction(float(c)))
            for (s, q, p, c), value in zip(rows, values, strict=True)
        ]
        return paid + [Fraction(float(amount)) for amount in self.result.cash_flows["amount"]]

    def units(self) -> dict[str, Fraction] | None:
        """The last position of each symbol."""
        trades, journal = self.result.trades, self.result.journal
        held: dict[str, Fraction] = {}
        if journal is None:
            if any(t.get("splits") for t in self.terms.values()) or self._has_cash_in_lieu():
                return None
            for symbol, side, quantity in zip(
                trades["symbol"].tolist(), trades["side"].tolist(), trades["quantity"].tolist(), strict=True
            ):
                held[symbol] = held.get(symbol, Fraction(0)) + (1 if side == "buy" else -1) * Fraction(
                    quantity
                )
            return held
        legs: dict[tuple[int, int], Fraction] = {}
        splits = journal.restatements.tolist()
        names = journal.restatements.dtype.names or ()
        number, ratio, away, symbol_at, leg_at = (
            names.index(name) for name in ("n_fills", "ratio", "cash_qty", "symbol", "leg")
        )
        for i, fill in enumerate([*journal.fills, None]):
            while splits and (fill is None or splits[0][number] <= i):
                split = splits.pop(0)
                key = split[symbol_at], split[leg_at]
                legs[key] = legs.get(key, Fraction(0)) * Fraction(split[ratio]) - Fraction(split[away])
            if fill is not None:
                key = int(fill["symbol"]), int(fill["leg"])
                legs[key] = legs.get(key, Fraction(0)) + int(fill["side"]) * Fraction(float(fill["last_qty"]))
        for (symbol_index, _), quantity in legs.items():
            name = journal.symbols[symbol_index]
            held[name] = held.get(name, Fraction(0)) + quantity
        return held

    def _has_cash_in_lieu(self) -> bool:
        return bool(np.any(self.result.cash_flows["kind"] == FLOWS[-1]))


def _position_difference(result: "Result", units: dict[str, Fraction]) -> float:
    """The largest difference to the exposures of the last point of the curve."""
    exposures = result.exposures
    last = exposures[exposures["timestamp"] == result.columns()["timestamp"][-1]]
    found: dict[str, Fraction] = {}
    for symbol, quantity in zip(last["symbol"].tolist(), last["quantity"].tolist(), strict=True):
        found[symbol] = found.get(symbol, Fraction(0)) + Fraction(quantity)
    names = {*found, *units}
    return max((abs(float(found.get(n, 0) - units.get(n, 0))) for n in names), default=0.0)


def _equity_difference(result: "Result") -> float:
    """The largest difference of equity to cash plus the values of the exposures, at any point."""
    curve, exposures = result.columns(), result.exposures
    sums = [Fraction(value) for value in curve["cash"].tolist()]
    at = np.searchsorted(curve["timestamp"], exposures["timestamp"], "right") - 1
    for point, value in zip(at.tolist(), exposures["value"].tolist(), strict=True):
        sums[point] += Fraction(value)
    equity = curve["equity"].tolist()
    return max((abs(float(Fraction(e) - s)) for e, s in zip(equity, sums, strict=True)), default=0.0)
