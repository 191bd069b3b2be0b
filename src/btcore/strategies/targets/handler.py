"""The hooks that play a `Targets`: what is due when, and the orders that follow from it."""

from math import isfinite
from typing import TYPE_CHECKING

import numpy as np

from btcore.strategies.callbacks.context import Context

from .plan import Floats, plan
from .rebalance_dates import Timetable
from .trading_costs import Listing

if TYPE_CHECKING:
    from .targets import Targets

AT_START = int(np.iinfo(np.int64).min)  # a time before every run


class Rebalancer:
    """One playing of a Targets: it acts at the start and on timers, and sleeps through all other events."""

    def __init__(self, asked: "Targets", listing: Listing, timezone: str) -> None:
        self.asked = asked
        self.listing = listing
        self.symbols = listing.symbols
        self.timezone = timezone
        self.timetable = None if asked.schedule is None else Timetable.parse(asked.schedule)
        self.lots = listing.lots if asked.lot is None else np.full(len(self.symbols), asked.lot)
        self.travel = listing.travel()
        # A timer comes before the events of its instant. An order that travels can't arrive at that instant
        # anyway, so it is better sent when those are known.
        self.delay = 1 if self.travel else 0
        place = {symbol: i for i, symbol in enumerate(self.symbols)}
        self.places = [place[symbol] for symbol in asked.symbol.tolist()]
        self.times: list[int] = asked.timestamp.tolist()

        self.targets: Floats = np.full(len(self.symbols), np.nan)
        self.row = 0  # rows before this one are in `targets`
        self.anchor = 0  # of a grid of steps
        self.boundary: int | None = None  # the next moment of the timetable, once there is a target
        self.waiting: set[int] = set()  # symbols to trade at their first price
        self.goals = np.zeros(len(self.symbols))  # the quantities last ordered
        self.sent: dict[int, float] = {}  # what was ordered last, as a share of equity
        self.check: int | None = None  # when that has arrived
        self.is_scaled = False

    def on_start(self, ctx: Context) -> None:
        """Targets of before the run are due at once."""
        self.on_timer(ctx)

    def on_timer(self, ctx: Context) -> None:
        """Does what is due, and sets the timer of what is next."""
        now = ctx.now - self.delay
        is_due = self._take_rows(now)
        if self.timetable is not None and self.row:
            if self.boundary is None:
                self.anchor = ctx.now if self.times[0] == AT_START else self.times[0]
            is_due = self.boundary is None or now >= self.boundary
            if is_due:
                self.boundary = self.timetable.after(now, self.anchor, self.timezone)
        if is_due:
            self._rebalance(ctx)
        else:
            self._follow_up(ctx, now)
        following = self._next(now)
        if following is not None:
            ctx.set_timer(following + self.delay)

    def _take_rows(self, now: int) -> bool:
        """True if there were new ones."""
        first = self.row
        while self.row < len(self.times) and self.times[self.row] <= now:
            if self.asked.close_others and (self.row == 0 or self.times[self.row] > self.times[self.row - 1]):
                self.targets[:] = 0.0
            self.targets[self.places[self.row]] = self.asked.value[self.row]
            self.row += 1
        return self.row > first

    def _next(self, now: int) -> int | None:
        """When something is due next."""
        moments = [self.listing.first_mark(i) + 1 - self.delay for i in self.waiting]  # once it has been
        if self.boundary is not None:
            moments.append(self.boundary)
        elif self.row < len(self.times):
            moments.append(self.times[self.row])
        if self.check is not None:
            moments.append(self.check)
        return min((m for m in moments if m > now), default=None)

    def _rebalance(self, ctx: Context) -> None:
        """All symbols that have a price; the others when they have one."""
        unpriced = {i for i, symbol in enumerate(self.symbols) if not isfinite(ctx.mark(symbol))}
        self.waiting = {i for i in unpriced if isfinite(self.targets[i]) and self.targets[i] != 0.0}
        self._trade(ctx, set(range(len(self.symbols))) - unpriced, self.asked.max_turnover)

    def _follow_up(self, ctx: Context, now: int) -> None:
        """Orders that were refused, and symbols that have got their first price."""
        if self.check is not None and now >= self.check:
            self._send_refused_again(ctx)
        ready = {i for i in self.waiting if isfinite(ctx.mark(self.symbols[i]))}
        self.waiting -= ready
        if ready:
            self._trade(ctx, ready, self.asked.max_turnover)

    def _send_refused_again(self, ctx: Context) -> None:
        """Prices moved while an order travelled, and buying power did not carry it: planned anew, once."""
        sent, self.check = self.sent, None
        refused = {
            i
            for i in sent
            if not ctx.open_orders(self.symbols[i]) and self._is_off(ctx.position(self.symbols[i]), i)
        }
        if not refused:
            return
        turnover = self.asked.max_turnover
        if turnover is not None:
            turnover = max(0.0, turnover - sum(share for i, share in sent.items() if i not in refused))
        self._trade(ctx, refused, turnover)
        self.check = None

    def _is_off(self, position: float, symbol: int) -> bool:
        goal = float(self.goals[symbol])
        return abs(position - goal) > 1e-9 * max(abs(position), abs(goal))

    def _trade(self, ctx: Context, tradable: set[int], max_turnover: float | None) -> None:
        equity, now, asked = ctx.equity, ctx.now, self.asked
        prices = np.array([ctx.mark(symbol) for symbol in self.symbols])
        values = self.listing.point_values(now)
        held = [self._held(ctx, i) for i in range(len(self.symbols))]
        planned = plan(
            equity,
            prices,
            values,
            self.lots,
            held,
            self.targets,
            kind=asked.kind,
            tradable=[i in tradable for i in range(len(self.symbols))],
            drift=asked.drift,
            max_weight=asked.max_weight,
            max_turnover=max_turnover,
            cash_floor=asked.cash_floor,
            smallest=self.listing.smallest(now),
            costs=self.listing.costs(prices, now),
            fee=self.listing.fee,
            half_spreads=self.listing.half_spreads(now),
            loads=self.listing.loads,
            leverage=self.listing.leverage,
        )
        self.sent = {}
        for i, delta in planned.orders:
            self.goals[i] = held[i] + delta
            self.sent[i] = abs(delta) * float(prices[i] * values[i]) / equity
            ctx.order_target(self.symbols[i], float(self.goals[i]))
        self.check = now - self.delay + self.travel + 1 if self.sent else None
        if planned.kept < 1.0 - 1e-9 and not self.is_scaled:
            self.is_scaled = True
            ctx.log(
                f"targets: {planned.kept:.2%} of what is asked, which is more than cash_floor and leverage "
                f"allow; first at {np.datetime64(now, 'ns')}Z"
            )

    def _held(self, ctx: Context, symbol: int) -> float:
        """The position as if its open orders had filled."""
        name = self.symbols[symbol]
        return float(self.goals[symbol]) if ctx.open_orders(name) else ctx.position(name)
