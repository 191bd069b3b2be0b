"""Callbacks for `Targets`: they rebalance when a date or a row of targets is due, and send its orders."""

from collections.abc import Sequence
from math import isfinite

import numpy as np

from btcore.config import Execution, Instrument
from btcore.errors import OrderError, near_name
from btcore.strategies.callbacks.context import Context

from .plan import Floats, plan
from .rebalance_dates import RebalanceDates
from .targets import AT_START, Targets
from .trading_costs import Markets, Rates, TradingCosts


def make_handler(  # noqa: PLR0917 - the settings of a run
    targets: Targets,
    markets: Markets,
    instruments: Sequence[Instrument],
    timezone: str,
    execution: Execution,
    fx: Rates | None = None,
) -> "TargetsHandler":
    """The callbacks of one run over `markets`, with one instrument for each.

    OrderError for a symbol that is not in the run, for a lot that is not a multiple of an instrument's, and
    for targets that the account cannot hold.
    """
    symbols = [symbol for symbol, _ in markets]
    unknown = sorted(set(targets.symbol.tolist()) - set(symbols))
    if unknown:
        meant, known = near_name(unknown[0], symbols), ", ".join(symbols)
        raise OrderError(f"targets: {unknown[0]!r} is not in this run{meant}; its symbols are {known}")
    for symbol, instrument in zip(symbols, instruments, strict=True):
        steps = targets.lot / instrument.lot_size if targets.lot and instrument.lot_size else 1.0
        if abs(steps - round(steps)) > 1e-9 or steps < 0.5:
            raise OrderError(
                f"targets.lot: {targets.lot} is not a multiple of {symbol}'s lot_size {instrument.lot_size}"
            )
    if execution.position_mode == "hedging":
        raise OrderError("targets: a target is a net position; position_mode must be 'netting'")
    shorts = targets.symbol[targets.value < 0.0]
    if execution.account == "cash" and len(shorts):
        raise OrderError(f"targets: {shorts[0]} has a target below 0; a cash account cannot sell short")
    costs = TradingCosts(markets, instruments, timezone, execution, fx)
    return TargetsHandler(targets, costs, timezone)


class TargetsHandler:
    """The callbacks of one run of a Targets. It has no market callbacks: timers alone call it."""

    def __init__(self, targets: Targets, costs: TradingCosts, timezone: str) -> None:
        self.settings = targets
        self.costs = costs
        self.symbols = costs.symbols
        self.timezone = timezone
        self.dates = None if targets.schedule is None else RebalanceDates.parse(targets.schedule)
        self.lots = costs.lots if targets.lot is None else np.full(len(self.symbols), targets.lot)
        self.round_trip = costs.max_round_trip()
        # A timer runs before the events of its instant. An order with latency cannot fill at that instant, so
        # it is sent 1 ns later, when those events are known.
        self.delay = 1 if self.round_trip else 0
        index = {symbol: i for i, symbol in enumerate(self.symbols)}
        self.row_symbols = [index[symbol] for symbol in targets.symbol.tolist()]
        self.row_times: list[int] = targets.timestamp.tolist()

        self.targets: Floats = np.full(len(self.symbols), np.nan)
        self.next_row = 0  # rows before it are in `targets`
        self.anchor = 0  # the origin of a grid of steps
        self.next_date: int | None = None  # of the schedule; None until there is a target
        self.unpriced: set[int] = set()  # symbols to trade at their first price
        self.goals = np.zeros(len(self.symbols))  # the position that the latest order of each symbol leads to
        self.sent: dict[int, float] = {}  # by symbol of the latest orders: the order's share of equity
        self.check_time: int | None = None  # when the outcome of these orders is known
        self.has_logged_scaling = False
        self.has_logged_clip = False

    def on_start(self, ctx: Context) -> None:
        """Rebalances to the targets dated before the run."""
        self.on_timer(ctx)

    def on_timer(self, ctx: Context) -> None:
        """Rebalances if that is due, and sets the next timer."""
        now = ctx.now - self.delay
        is_due = self._apply_rows(now)
        if self.dates is not None and self.next_row:
            if self.next_date is None:
                self.anchor = ctx.now if self.row_times[0] == AT_START else self.row_times[0]
            is_due = self.next_date is None or now >= self.next_date
            if is_due:
                self.next_date = self.dates.after(now, self.anchor, self.timezone)
        if is_due:
            self._rebalance(ctx)
        else:
            self._follow_up(ctx, now)
        next_time = self._next_time(now)
        if next_time is not None:
            ctx.set_timer(next_time + self.delay)

    def _apply_rows(self, now: int) -> bool:
        """Applies the rows dated up to `now` to `targets`; False if there are none."""
        first, times = self.next_row, self.row_times
        while self.next_row < len(times) and times[self.next_row] <= now:
            row = self.next_row
            if self.settings.close_others and (row == 0 or times[row] > times[row - 1]):
                self.targets[:] = 0.0
            self.targets[self.row_symbols[row]] = self.settings.value[row]
            self.next_row += 1
        return self.next_row > first

    def _next_time(self, now: int) -> int | None:
        """The next time at which something may be due."""
        # + 1: a timer runs before the events of its instant, and a symbol's first price is one of them.
        times = [self.costs.first_mark_time(i) + 1 - self.delay for i in self.unpriced]
        if self.next_date is not None:
            times.append(self.next_date)
        elif self.next_row < len(self.row_times):
            times.append(self.row_times[self.next_row])
        if self.check_time is not None:
            times.append(self.check_time)
        return min((time for time in times if time > now), default=None)

    def _rebalance(self, ctx: Context) -> None:
        """Trades the symbols that have a price; the others follow at their first price."""
        without_price = {i for i, symbol in enumerate(self.symbols) if not isfinite(ctx.mark(symbol))}
        self.unpriced = {i for i in without_price if isfinite(self.targets[i]) and self.targets[i] != 0.0}
        self._trade(ctx, set(range(len(self.symbols))) - without_price, self.settings.max_turnover)

    def _follow_up(self, ctx: Context, now: int) -> None:
        """Trades the symbols whose order was rejected, and those that now have their first price."""
        if self.check_time is not None and now >= self.check_time:
            self._retry_rejected(ctx)
        priced = {i for i in self.unpriced if isfinite(ctx.mark(self.symbols[i]))}
        self.unpriced -= priced
        if priced:
            self._trade(ctx, priced, self.settings.max_turnover)

    def _retry_rejected(self, ctx: Context) -> None:
        """Plans rejected orders once more: prices moved in flight, so that buying power was short."""
        sent, self.check_time = self.sent, None
        rejected = {
            i
            for i in sent
            if not ctx.open_orders(self.symbols[i]) and self._is_off_goal(ctx.position(self.symbols[i]), i)
        }
        if not rejected:
            return
        turnover = self.settings.max_turnover
        if turnover is not None:
            turnover = max(0.0, turnover - sum(share for i, share in sent.items() if i not in rejected))
        self._trade(ctx, rejected, turnover)
        self.check_time = None

    def _is_off_goal(self, position: float, symbol: int) -> bool:
        goal = float(self.goals[symbol])
        return abs(position - goal) > 1e-9 * max(abs(position), abs(goal))

    def _trade(self, ctx: Context, tradable: set[int], max_turnover: float | None) -> None:
        """Plans the trades of the `tradable` symbols, and sends their orders."""
        equity, now, settings = ctx.equity, ctx.now, self.settings
        prices = np.array([ctx.mark(symbol) for symbol in self.symbols])
        point_values = self.costs.point_values(now)
        held = [self._held(ctx, i) for i in range(len(self.symbols))]
        planned = plan(
            equity,
            prices,
            point_values,
            self.lots,
            held,
            self.targets,
            kind=settings.kind,
            tradable=[i in tradable for i in range(len(self.symbols))],
            drift=settings.drift,
            max_weight=settings.max_weight,
            max_turnover=max_turnover,
            cash_floor=settings.cash_floor,
            min_notionals=self.costs.min_notionals(now),
            costs=self.costs.costs(prices, now),
            fee=self.costs.fees,
            half_spreads=self.costs.half_spreads(now),
            margin_weights=self.costs.margin_weights,
            leverage=self.costs.leverage,
        )
        self.sent = {}
        for i, delta in planned.orders:
            self.goals[i] = held[i] + delta
            self.sent[i] = abs(delta) * float(prices[i] * point_values[i]) / equity
            ctx.order_target(self.symbols[i], float(self.goals[i]))
        self.check_time = now - self.delay + self.round_trip + 1 if self.sent else None
        if planned.scale < 1.0 - 1e-9 and not self.has_logged_scaling:
            self.has_logged_scaling = True
            ctx.log(
                f"targets: {planned.scale:.2%} of what is asked, which is more than cash_floor and leverage "
                f"allow; first at {np.datetime64(now, 'ns')}Z"
            )
        if planned.clipped and not self.has_logged_clip:
            self.has_logged_clip = True
            ctx.log(
                f"targets: weights beyond max_weight ({settings.max_weight:g}) are clipped to it; first "
                f"{self.symbols[planned.clipped[0]]!r} at {np.datetime64(now, 'ns')}Z"
            )

    def _held(self, ctx: Context, symbol: int) -> float:
        """The position after its open orders fill."""
        name = self.symbols[symbol]
        return float(self.goals[symbol]) if ctx.open_orders(name) else ctx.position(name)
