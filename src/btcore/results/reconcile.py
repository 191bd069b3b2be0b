"""The account of a result, computed again from its fills and cash flows with exact arithmetic."""

from collections.abc import Iterator
from fractions import Fraction
from itertools import accumulate, groupby, islice, product
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from .account_terms import AccountTerms, Split
from .tables import Table

if TYPE_CHECKING:
    from .result import Result

ROUNDING = 1e-9  # of the money that changed hands, or of the quantity traded: a larger difference is an error
MOST = 4096  # ways to take the moves of a point, that are tried
Key = tuple[str, str]  # symbol, and the leg in a hedging account
ZERO = Fraction(0)


class Reconciliation(NamedTuple):
    """The largest differences between a result and its account computed again; None for what is not known.

    cash: of the cash at any point of the curve, from capital, fills and cash flows, in money.
    positions: of any position at any point, from fills and splits, in units.
    equity: at any point, from the cash and the values of the exposures, in money.
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
    """The differences of a result.

    Files of releases before 0.5.0 have no exchange rates and no splits: with another currency their `cash`,
    and with splits their `positions`, are None.
    """
    terms, trades, curve = result._account_terms, result.trades, result.columns()
    told = result.manifest.get("run", {})
    instruments: dict[str, Any] = told.get("instruments", {})
    currency = told.get("currency")
    knows_values = terms is not None or all(
        item.get("currency") in (None, currency) for item in instruments.values()
    )
    knows_splits = terms is not None or not any(item.get("splits") for item in instruments.values())
    values = _point_values(trades, terms, instruments)
    moves = _moves(trades, values, [] if terms is None else terms.splits)
    cash, positions = _Walk(result, moves).differences()
    flows = (Fraction(amount) for amount in result.cash_flows["amount"].tolist())
    paid = (move.cash for each in moves.values() for move in each)
    money = sum(map(abs, flows), abs(Fraction(float(curve["equity"][0])))) + sum(map(abs, paid))
    return Reconciliation(
        cash=float(cash) if knows_values else None,
        positions=float(positions) if knows_splits else None,
        equity=_equity_difference(result),
        money=float(money),
        units=float(sum(map(Fraction, trades["quantity"].tolist()))) or 1.0,
    )


class _Move(NamedTuple):
    """A fill or a split: the position after it is `ratio * position + units`."""

    ratio: Fraction
    units: Fraction
    cash: Fraction
    timestamp: int
    is_open: bool = False  # a fill at the open of a bar, whose end is later
    is_split: bool = False


KIND = slice(_Move._fields.index("timestamp"), None)  # what all fills of one open have in common


def _point_values(trades: Table, terms: AccountTerms | None, instruments: dict[str, Any]) -> list[Fraction]:
    """Money per point of price, of each fill."""
    if terms is None:
        of_symbol = {symbol: Fraction(item.get("multiplier", 1.0)) for symbol, item in instruments.items()}
        return [of_symbol.get(symbol, Fraction(1)) for symbol in trades["symbol"].tolist()]
    changes, now, values = iter([*terms.point_values, None]), dict[str, Fraction](), []
    change = next(changes)
    for row, symbol in enumerate(trades["symbol"].tolist()):
        while change is not None and change.row == row:
            now[change.symbol] = Fraction(change.value)
            change = next(changes)
        values.append(now.get(symbol, Fraction(1)))
    return values


def _moves(trades: Table, values: list[Fraction], splits: list[Split]) -> dict[Key, list[_Move]]:
    """The fills and splits of each position, in the order in which they happened."""
    moves: dict[Key, list[_Move]] = {}
    columns = ("timestamp", "symbol", "leg", "side", "quantity", "price", "commission", "rule")
    rows = zip(*(trades[name].tolist() for name in columns), values, strict=True)
    for timestamp, symbol, leg, side, quantity, price, commission, rule, value in rows:
        units = Fraction(quantity) if side == "buy" else -Fraction(quantity)
        paid = -(units * Fraction(price) * value + Fraction(commission))
        moves.setdefault((symbol, leg), []).append(
            _Move(Fraction(1), units, paid, timestamp, is_open=rule == "bar_open")
        )
    for done, split in enumerate(splits):
        before = sum(1 for other in splits[:done] if (other.symbol, other.leg) == (split.symbol, split.leg))
        move = _Move(Fraction(split.ratio), -Fraction(split.paid_out), ZERO, split.timestamp, is_split=True)
        moves.setdefault((split.symbol, split.leg), []).insert(split.fills + before, move)
    return moves


class _Position:
    """One position, which follows its moves from point to point."""

    def __init__(self, moves: list[_Move]) -> None:
        self.moves = moves
        self.done = 0  # moves that the point shows
        self.held = list(accumulate(moves, lambda q, move: q * move.ratio + move.units, initial=ZERO))
        self.paid = list(accumulate((move.cash for move in moves), initial=ZERO))

    def choices(self, time: int, quantity: Fraction, is_last: bool) -> list[int]:
        """The numbers of moves that the point at `time` may show, as far as its position tells.

        A point shows what happened before it: not the open of a bar that ends later, nor always a split at
        its own time. If its position fits none of the numbers, all are returned.
        """
        end = sure = self.done
        steps = [end]  # all fills of one open are shown, or none
        while end < len(self.moves) and self.moves[end].timestamp <= time:
            move = self.moves[end]
            if not move.is_open and not (move.is_split and move.timestamp == time):
                sure = end + 1
            if end > self.done and move[KIND] != self.moves[end - 1][KIND]:
                steps.append(end)
            end += 1
        found = [end] if is_last else sorted({sure, end, *(step for step in steps if step > sure)})
        return [n for n in found if abs(self.held[n] - quantity) <= ROUNDING * abs(quantity)] or found


class _Walk:
    """Follows the curve, and compares cash and positions at each point where anything may have changed."""

    def __init__(self, result: "Result", moves: dict[Key, list[_Move]]) -> None:
        curve, self.exposures = result.columns(), result.exposures
        self.times, self.cash = curve["timestamp"], curve["cash"]
        self.positions = {key: _Position(each) for key, each in moves.items()}
        self.point = np.searchsorted(self.times, self.exposures["timestamp"], "right") - 1
        flows = result.cash_flows
        self.flow_times = flows["timestamp"]
        amounts = [Fraction(amount) for amount in flows["amount"].tolist()]
        self.flowed = list(accumulate(amounts, initial=Fraction(float(curve["equity"][0]))))

    def differences(self) -> tuple[Fraction, Fraction]:
        """The largest differences of cash and of a position."""
        worst_cash = worst_position = ZERO
        for at in self._points():
            time, is_last = int(self.times[at]), at == len(self.times) - 1
            shown = self._shown(at)
            for key in shown.keys() - self.positions.keys():
                self.positions[key] = _Position([])
            cash = Fraction(float(self.cash[at]))
            choices = [
                position.choices(time, shown.get(key, ZERO), is_last)
                for key, position in self.positions.items()
            ]
            apart, numbers = min(
                self._apart(time, cash, is_last, each) for each in islice(product(*choices), MOST)
            )
            worst_cash = max(worst_cash, apart)
            for (key, position), number in zip(self.positions.items(), numbers, strict=True):
                position.done = number
                worst_position = max(worst_position, abs(position.held[number] - shown.get(key, ZERO)))
        return worst_cash, worst_position

    def _apart(
        self, time: int, cash: Fraction, is_last: bool, numbers: tuple[int, ...]
    ) -> tuple[Fraction, tuple[int, ...]]:
        """The difference of the cash of a point to that after so many moves of each position."""
        each = zip(self.positions.values(), numbers, strict=True)
        paid = sum((position.paid[number] for position, number in each), ZERO)
        # Interest and the like at the time of a point may be booked after it.
        before, after = (int(np.searchsorted(self.flow_times, time, side)) for side in ("left", "right"))
        booked = (self.flowed[number] for number in ({after} if is_last else {before, after}))
        return min(abs(money + paid - cash) for money in booked), numbers

    def _shown(self, at: int) -> dict[Key, Fraction]:
        """The positions at a point, by the exposures."""
        rows = self.exposures[
            np.searchsorted(self.point, at, "left") : np.searchsorted(self.point, at, "right")
        ]
        keys = zip(rows["symbol"].tolist(), rows["leg"].tolist(), strict=True)
        return dict(zip(keys, map(Fraction, rows["quantity"].tolist()), strict=True))

    def _points(self) -> list[int]:
        """The points at which cash or a position differs from the point before, or may, and the last one."""
        count = len(self.times)
        marked = np.zeros(count + 1, np.bool_)
        marked[:-1][np.diff(self.cash, prepend=self.cash[:1]) != 0.0] = True
        moved = [move.timestamp for position in self.positions.values() for move in position.moves]
        for times in (np.array(moved, np.int64), self.flow_times):
            marked[np.searchsorted(self.times, times, "left")] = True
            marked[np.searchsorted(self.times, times, "right")] = True
        for rows in self._rows_by_position():
            at, quantity = self.point[rows], self.exposures["quantity"][rows]
            begins = np.append(True, (np.diff(at) != 1) | (np.diff(quantity) != 0.0))
            marked[at[begins]] = True
            marked[at[np.append(np.diff(at) != 1, True)] + 1] = True
        marked[0], marked[count - 1] = False, True  # the first point is the capital
        return np.flatnonzero(marked[:count]).tolist()

    def _rows_by_position(self) -> Iterator[Any]:
        names = [self.exposures["symbol"], self.exposures["leg"]]
        order = np.lexsort([np.arange(len(self.exposures)), *names])
        keys = zip(*(name[order].tolist() for name in names), strict=True)
        start = 0
        for _, group in groupby(keys):
            end = start + sum(1 for _ in group)
            yield order[start:end]
            start = end


def _equity_difference(result: "Result") -> float:
    """The largest difference of equity to cash plus the values of the exposures, at any point."""
    curve, exposures = result.columns(), result.exposures
    sums = [Fraction(value) for value in curve["cash"].tolist()]
    at = np.searchsorted(curve["timestamp"], exposures["timestamp"], "right") - 1
    for point, value in zip(at.tolist(), exposures["value"].tolist(), strict=True):
        sums[point] += Fraction(value)
    equity = curve["equity"].tolist()
    return max((abs(float(Fraction(e) - s)) for e, s in zip(equity, sums, strict=True)), default=0.0)
