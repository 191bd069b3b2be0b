"""Scheduled events: rates, splits, dividends, funding, accruals, session closes."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from math import inf, isnan
from typing import Any

from .model import (
    BORROW_FEE,
    BUY,
    CANCELED,
    CASH_IN_LIEU,
    DIVIDEND,
    FUNDING,
    INTEREST,
    SELL,
    TAKER,
    Bar,
    CashFlow,
    Lot,
    Market,
    Order,
    Position,
    Quote,
)
from .numbers import DAY, moment, nanoseconds, round_down

# Of one time they happen in this order, then by symbol.
ACCRUAL, RATE, SPLIT, PAYOUT, MARK, PERIODIC, SESSION_CLOSE, HALT, LOWER, UPPER, DELISTING = range(11)


@dataclass(frozen=True, slots=True)
class ScheduledEvent:
    timestamp: int
    rank: int
    happen: Callable[[], None]


class Scheduled:
    def prepare_scheduled_events(self, currency: str, fx: dict[str, Any]) -> None:
        self.scheduled: list[ScheduledEvent] = []
        terms = self.execution
        self.currency = currency
        self.latency = self.response_latency = 0
        self.cash_rate = self.debit_rate = 0.0
        self.fx_rates: dict[str, float] = {}
        self.borrow_rates: dict[str, float] = {}
        self.accrued_until = self.start

        self.add_steps(terms.latency_ms, self.set_latency, before=self.set_latency)
        self.add_steps(terms.response_latency_ms, self.set_response, before=self.set_response)
        for name, value in fx.items():
            self.add_steps(value, lambda rate, name=name: self.fx_rates.__setitem__(name, rate))
        self.add_steps(terms.cash_rate, lambda rate: setattr(self, "cash_rate", rate))
        self.add_steps(terms.debit_rate, lambda rate: setattr(self, "debit_rate", rate))
        for symbol, market in self.markets.items():
            rate_of = market.instrument.borrow_rate
            self.add_steps(rate_of, lambda rate, symbol=symbol: self.borrow_rates.__setitem__(symbol, rate))
        for market in self.markets.values():
            assert self.rate_of(market.instrument.currency) > 0, "an exchange rate must have begun"
            self.add(SPLIT, market.instrument.splits, self.split, market)
            self.add(PAYOUT, self.added_up(market.instrument.dividends), self.pay_dividend, market)
            self.add(PERIODIC, self.added_up(market.instrument.funding), self.pay_funding, market)
            self.add_trading(market)
        borrow_rates = [market.instrument.borrow_rate for market in self.markets.values()]
        stepped = [
            rate for rate in (terms.cash_rate, terms.debit_rate, *borrow_rates) if isinstance(rate, list)
        ]
        accruals = {moment(at, self.timezone) for steps in stepped for at, _ in steps}
        close = self.sessions.close_after(self.start)
        while close <= self.events[-1].delivered:
            accruals.add(close)
            close = self.sessions.close_after(close)
        for market in self.markets.values():
            sessions = self.own_sessions.get(market.symbol, self.sessions)
            close = sessions.close_after(self.start)
            while market.source is not Bar and close <= self.events[-1].delivered:
                self.scheduled.append(
                    ScheduledEvent(close, SESSION_CLOSE, lambda market=market: self.close_session(market))
                )
                close = sessions.close_after(close)
        self.scheduled += [ScheduledEvent(at, ACCRUAL, self.accrue) for at in accruals if at > self.start]
        self.scheduled.sort(key=lambda item: (item.timestamp, item.rank))  # stable: then by symbol

    def add_steps(
        self, setting: Any, step: Callable[[float], None], before: Callable[[float], None] | None = None
    ) -> None:
        """Schedules a rate that steps; `before` sets the value before the first step."""
        if not isinstance(setting, list):
            step(setting)
            return
        if before and setting:
            before(setting[0][1])
        for when, value in setting:
            ts = moment(when, self.timezone)
            if ts <= self.start:
                step(value)
            else:
                self.scheduled.append(ScheduledEvent(ts, RATE, lambda value=value: step(value)))

    def add(self, rank: int, dated: Any, happen: Callable[[Market, float], None], market: Market) -> None:
        for when, value in dated:
            ts = moment(when, self.timezone)
            if ts > self.start:
                self.scheduled.append(ScheduledEvent(ts, rank, lambda value=value: happen(market, value)))

    def add_trading(self, market: Market) -> None:
        """Mark prices, halts, price bands, delisting; those before the start are in force at once."""
        own, steps = market.instrument, []
        steps += [(MARK, when, price, self.set_mark) for when, price in own.mark_prices]
        steps += [(HALT, begin, 1, self.set_halt) for begin, _ in own.halts]
        steps += [(HALT, end, 0, self.set_halt) for _, end in own.halts]
        steps += [(LOWER, when, -inf if low is None else low, set_lower) for when, low, _ in own.price_bands]
        steps += [
            (UPPER, when, inf if high is None else high, set_upper) for when, _, high in own.price_bands
        ]
        steps += [(DELISTING, *own.delisting, self.delist)] if own.delisting else []
        for rank, when, value, change in sorted(steps, key=lambda step: moment(step[1], self.timezone)):
            ts = moment(when, self.timezone)
            if ts <= self.start:
                change(market, value, ts)
            else:
                self.scheduled.append(ScheduledEvent(ts, rank, partial(change, market, value, ts)))

    def set_mark(self, market: Market, price: float, ts: int) -> None:
        market.marked, market.mark = True, price

    def set_halt(self, market: Market, halted: float, ts: int) -> None:
        market.halted, market.halted_since = bool(halted), ts

    def delist(self, market: Market, price: float, ts: int) -> None:
        market.delisted, market.last, market.mark = True, price, price
        market.standing = market.sides = None
        for order in self.orders:
            is_there = order.waits_for_parent or order.ts_arrived >= 0
            if order.symbol == market.symbol and order.is_open and is_there:
                self.end(order, CANCELED, "delisted", self.now)
        for held in [position.quantity for position in market.positions.values()]:
            if held:
                order = self.closing_order(market, held)
                order.reduce_only = True
                self.execute(order, abs(held), price, self.now, commission=0.0, liquidity=TAKER)

    def delist_at_end(self) -> None:
        """Delistings at the time of the last event, which no later event brings about."""
        due = [item for item in self.scheduled if item.timestamp <= self.now and item.rank == DELISTING]
        for item in due:
            item.happen()
        if due:
            self.handle_arrivals()

    def added_up(self, dated: Any) -> list[tuple[int, float]]:
        totals: dict[int, float] = {}
        for when, value in dated:
            ts = moment(when, self.timezone)
            totals[ts] = totals.get(ts, 0.0) + value
        return list(totals.items())

    def set_latency(self, milliseconds: float) -> None:
        self.latency = nanoseconds(milliseconds)

    def set_response(self, milliseconds: float) -> None:
        self.response_latency = nanoseconds(milliseconds)

    def rate_of(self, currency: str | None) -> float:
        return 1.0 if currency in (None, self.currency) else self.fx_rates[currency]

    def flow(self, market: Market | None, kind: int, amount: float) -> None:
        """Books a payment that is not a trade."""
        if amount:
            self.cash += amount
            self.cash_flows.append(CashFlow(self.now, market.symbol if market else None, kind, amount))

    # Splits

    def split(self, market: Market, r: float) -> None:
        market.mark /= r
        market.last /= r
        market.lower, market.upper = market.lower / r, market.upper / r
        if market.standing:
            q = market.standing
            sizes = q.bid_size * r, q.ask_size * r
            market.standing = Quote(q.symbol, q.timestamp, q.bid / r, q.ask / r, *sizes)
        if market.sides:
            q = market.sides
            market.sides = Quote(q.symbol, q.timestamp, q.bid / r, q.ask / r)
        for pool in {id(pool): pool for pool in market.pools.values()}.values():
            pool.left *= r
            pool.shown *= r
        market.traded *= r
        for position in market.positions.values():
            self.split_position(market, position, r)
        for order in self.orders:
            if (
                order.symbol == market.symbol
                and order.is_open
                and (order.waits_for_parent or order.ts_arrived >= 0)
            ):
                self.split_order(market, order, r)
        self.apply_all_reports()

    def split_position(self, market: Market, position: Position, r: float) -> None:
        position.quantity *= r
        position.lots = [Lot(lot.quantity * r, lot.price / r, lot.cost / r) for lot in position.lots]
        direction = 1 if position.quantity > 0 else -1
        whole = direction * round_down(abs(position.quantity), market.instrument.lot_size)
        rest = position.quantity - whole
        if abs(rest) > 1e-9 * abs(position.quantity):
            cost = market.mark * self.point_value(market)
            self.apply_to_position(position, -rest, market.mark, cost)
            market.traded -= rest
            self.flow(market, CASH_IN_LIEU, rest * cost)

    def split_order(self, market: Market, order: Order, r: float) -> None:
        def whole(quantity: float) -> float:
            return round_down(quantity * r, market.instrument.lot_size)

        leaves, still = whole(order.leaves), whole(order.quantity - order.taken - order.filled)
        is_over = (
            still if order.waits_for_parent or not order.parent or self.may_grow(order) else leaves
        ) <= 0
        order.quantity, order.released = order.quantity * r, order.released * r
        order.filled, order.taken = order.filled * r, order.taken * r
        order.avg_px /= r
        if not order.from_fill:
            order.limit, order.stop = order.limit / r, order.stop / r
        order.limit_offset /= r
        if order.trail_by == "price":
            order.trail /= r
        if is_over:
            self.close(order, CANCELED, "requested", self.now)
            return
        order.quantity = order.filled + order.taken + still
        if order.parent and not order.waits_for_parent:
            order.released = order.filled + order.taken + leaves

    # Money by date

    def pay_dividend(self, market: Market, amount: float) -> None:
        self.flow(market, DIVIDEND, market.quantity * amount * self.point_value(market))
        market.mark -= amount
        market.last -= amount
        if market.standing:
            q = market.standing
            prices = q.bid - amount, q.ask - amount
            market.standing = Quote(q.symbol, q.timestamp, *prices, q.bid_size, q.ask_size)
        if market.sides:
            q = market.sides
            market.sides = Quote(q.symbol, q.timestamp, q.bid - amount, q.ask - amount)
        tick = market.instrument.tick_size
        for order in self.orders:
            if (
                order.symbol != market.symbol
                or not order.is_open
                or order.from_fill
                or not (order.waits_for_parent or order.ts_arrived >= 0)
            ):
                continue
            if order.side == BUY and round_down_or_nan(order.limit - amount, tick) > 0:
                order.limit = round_down(order.limit - amount, tick)
            falls = order.side == SELL and order.has_stop
            if falls and round_down_or_nan(order.stop - amount, tick) > 0:
                order.stop = round_down(order.stop - amount, tick)

    def pay_funding(self, market: Market, rate: float) -> None:
        if market.quantity:
            self.flow(market, FUNDING, -self.value_of(market, market.quantity) * rate)

    def accrue(self) -> None:
        years = (self.now - self.accrued_until) / (365 * DAY)
        self.accrued_until = self.now
        self.flow(None, INTEREST, self.cash * (self.debit_rate if self.cash < 0 else self.cash_rate) * years)
        for market in self.markets.values():
            if market.quantity < 0:
                value = abs(self.value_of(market, market.quantity))
                self.flow(market, BORROW_FEE, -value * self.borrow_rates[market.symbol] * years)


def set_lower(market: Market, price: float, ts: int) -> None:
    market.lower = price


def set_upper(market: Market, price: float, ts: int) -> None:
    market.upper = price


def round_down_or_nan(price: float, tick: float) -> float:
    return price if isnan(price) else round_down(price, tick)
