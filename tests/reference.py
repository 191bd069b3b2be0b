"""The oracle: docs/simulation.md written a second time, slowly, in plain Python.

Nothing here is shared with the engine but the words and the run's settings. The methods follow the page's
order; where speed and clarity disagree, clarity wins. After every event the run checks itself.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, time, timedelta
from heapq import heappop, heappush
from math import floor, inf, isclose, isfinite, isnan, nan
from typing import Any
from zoneinfo import ZoneInfo

from btcore.config import Execution, Instrument
from btcore.errors import OrderError, StrategyError

SELL, BUY = -1, 1
MARKET, LIMIT, STOP, STOP_LIMIT = "market", "limit", "stop", "stop-limit"
NEW, PARTIALLY_FILLED, FILLED = "NEW", "PARTIALLY_FILLED", "FILLED"
CANCELED, EXPIRED, REJECTED = "CANCELED", "EXPIRED", "REJECTED"
MAKER, TAKER = "maker", "taker"
MINUTE = 60 * 10**9
MAX_ROUNDS = 10_000


@dataclass(frozen=True, slots=True)
class Quote:
    symbol: str
    timestamp: int
    bid: float
    ask: float
    bid_size: float = inf
    ask_size: float = inf

    @property
    def delivered(self) -> int:
        return self.timestamp

    @property
    def first_price(self) -> float:
        return (self.bid + self.ask) / 2

    mark = first_price


@dataclass(frozen=True, slots=True)
class Trade:
    symbol: str
    timestamp: int
    price: float
    size: float = inf
    side: int = 0

    @property
    def delivered(self) -> int:
        return self.timestamp

    @property
    def first_price(self) -> float:
        return self.price

    mark = first_price


@dataclass(frozen=True, slots=True)
class Bar:
    symbol: str
    timestamp: int
    open: float
    high: float
    low: float
    close: float
    volume: float
    interval: int

    @property
    def delivered(self) -> int:
        return self.timestamp + self.interval

    @property
    def first_price(self) -> float:
        return self.open

    @property
    def mark(self) -> float:
        return self.close


Event = Quote | Trade | Bar
HOOKS = {Quote: "on_quote", Trade: "on_trade", Bar: "on_bar"}


@dataclass(slots=True, eq=False)
class Order:
    id: int
    symbol: str
    side: int
    type: str
    quantity: float
    limit: float
    stop: float
    time_in_force: str
    oco: int
    ts_sent: int
    ts_arrived: int = -1
    ts_closed: int = -1
    ts_expires: int = -1
    filled: float = 0.0
    avg_px: float = nan
    status: str = NEW
    reason: str = ""
    admitted: bool = False
    triggered: bool = False
    met: bool = False

    @property
    def leaves(self) -> float:
        return self.quantity - self.filled

    @property
    def is_open(self) -> bool:
        return self.status in (NEW, PARTIALLY_FILLED)

    @property
    def has_limit(self) -> bool:
        return self.type in (LIMIT, STOP_LIMIT)

    @property
    def has_stop(self) -> bool:
        return self.type in (STOP, STOP_LIMIT)

    @property
    def sleeps(self) -> bool:
        """A stop that has not been triggered."""
        return self.has_stop and not self.triggered

    @property
    def rests(self) -> bool:
        """A limit order after its meeting with the market."""
        return self.has_limit and self.met and not self.sleeps

    def is_triggered_by(self, price: float) -> bool:
        return price >= self.stop if self.side == BUY else price <= self.stop

    def is_marketable_at(self, price: float) -> bool:
        if not self.has_limit:
            return True
        return price <= self.limit if self.side == BUY else price >= self.limit

    def is_passed_by(self, price: float) -> bool:
        return price < self.limit if self.side == BUY else price > self.limit


@dataclass(frozen=True, slots=True)
class Fill:
    timestamp: int
    order_id: int
    symbol: str
    side: int
    quantity: float
    price: float
    commission: float
    liquidity: str


@dataclass(slots=True)
class Position:
    quantity: float = 0.0
    avg_px: float = 0.0
    realized_pnl: float = 0.0
    commission: float = 0.0


@dataclass(frozen=True, slots=True)
class Point:
    timestamp: int
    equity: float
    cash: float
    positions: float


@dataclass(frozen=True, slots=True)
class Exposure:
    timestamp: int
    symbol: str
    quantity: float
    value: float


@dataclass(slots=True)
class Pool:
    """The size of one quote's side, one print or one bar that is not yet taken."""

    left: float = inf


@dataclass(slots=True)
class Market:
    """One symbol: what it trades on, what it shows, what its source has left to take, what is held of it."""

    symbol: str
    instrument: Instrument
    source: type[Event]
    mark: float = nan
    standing: Quote | None = None
    pools: dict[int, Pool] = field(default_factory=dict)  # by the side of the order that takes
    position: Position = field(default_factory=Position)
    deferred: list[Callable[[], None]] = field(default_factory=list)  # changes that wait for a bar's end

    @property
    def value(self) -> float:
        held = self.position.quantity
        return held * self.mark * self.instrument.multiplier if held else 0.0


@dataclass(slots=True)
class ReferenceResult:
    fills: list[Fill]
    orders: list[Order]
    positions: dict[str, Position]
    marks: dict[str, float]
    equity: list[Point]
    exposures: list[Exposure]
    ambiguous_bars: int
    logs: list[str]


class Context:
    """What a strategy may see and ask."""

    def __init__(self, run: "Reference") -> None:
        self._run = run

    @property
    def now(self) -> int:
        return self._run.now

    @property
    def cash(self) -> float:
        return self._run.cash

    @property
    def equity(self) -> float:
        return self._run.equity

    def position(self, symbol: str) -> float:
        return self._run.markets[symbol].position.quantity

    def open_orders(self, symbol: str | None = None) -> list[int]:
        return [o.id for o in self._run.orders if o.is_open and symbol in (None, o.symbol)]

    def buy(self, symbol: str, quantity: float, **terms: Any) -> int:
        return self._run.send(BUY, symbol, quantity, **terms)

    def sell(self, symbol: str, quantity: float, **terms: Any) -> int:
        return self._run.send(SELL, symbol, quantity, **terms)

    def cancel(self, order_id: int) -> None:
        order = self._run.orders[order_id - 1]
        self._run.request(lambda: self._run.after_open_bar(order, lambda: self._run.cancel(order)))

    def amend(
        self,
        order_id: int,
        *,
        quantity: float | None = None,
        limit: float | None = None,
        stop: float | None = None,
    ) -> None:
        order = self._run.orders[order_id - 1]
        if (limit is not None and not order.has_limit) or (stop is not None and not order.has_stop):
            raise OrderError(f"order {order_id}: a {order.type} order has no such price")
        change = lambda: self._run.amend(order, quantity, limit, stop)  # noqa: E731
        self._run.request(lambda: self._run.after_open_bar(order, change))

    def set_timer(self, timestamp: int) -> None:
        heappush(self._run.timers, timestamp)

    def log(self, message: str) -> None:
        self._run.logs.append(message)


class Reference:
    def __init__(
        self,
        streams: dict[str, dict[str, Any]],
        *,
        initial_capital: float,
        execution: Execution | None = None,
        instruments: dict[str, Instrument] | None = None,
        timezone: str = "UTC",
        start: int | None = None,
        mark_every_ns: int | None = None,
    ) -> None:
        self.execution = execution or Execution()
        self.timezone = ZoneInfo(timezone)
        self.latency = nanoseconds(self.execution.latency_ms)
        self.events = sequence(streams)
        instruments = instruments or {}
        self.markets = {
            symbol: Market(symbol, instruments.get(symbol, Instrument()), execution_source(stream))
            for symbol, stream in streams.items()
        }
        self.now = self.events[0].timestamp if start is None else start
        assert self.now <= self.events[0].timestamp, "the reference is given data from `start` on"
        bars_alone = all(type(event) is Bar for event in self.events)
        self.grid = mark_every_ns or (None if bars_alone else MINUTE)
        self.next_grid_point: int | None = None

        self.initial_capital = self.cash = float(initial_capital)
        self.orders: list[Order] = []
        self.fills: list[Fill] = []
        self.unreported: list[Fill] = []
        self.requests: list[tuple[int, int, Callable[[], None]]] = []  # a heap: due, number, what to do
        self.requests_sent = 0
        self.timers: list[int] = []  # a heap
        self.rounds = 0
        self.delivered = 0  # events
        self.points: list[Point] = []
        self.exposures: list[Exposure] = []
        self.ambiguous_bars = 0
        self.logs: list[str] = []
        self.context = Context(self)

    # Time and events

    def run(self, strategy: Any) -> ReferenceResult:
        self.strategy = strategy
        self.write_point(self.now)
        self.call("on_start")
        for event, following in zip(self.events, [*self.events[1:], None], strict=True):
            self.happen(event)
            self.check()
            last_of_its_time = following is None or following.delivered > event.delivered
            if self.grid is None and last_of_its_time:
                self.write_point(event.delivered)
        self.call("on_end")
        for order in self.orders:
            if order.is_open:
                self.close(order, EXPIRED, "end_of_data", self.now)
        self.write_last_point()
        assert all(not order.is_open and order.ts_closed >= 0 for order in self.orders)
        return ReferenceResult(
            fills=self.fills,
            orders=self.orders,
            positions={symbol: market.position for symbol, market in self.markets.items()},
            marks={symbol: market.mark for symbol, market in self.markets.items()},
            equity=self.points,
            exposures=self.exposures,
            ambiguous_bars=self.ambiguous_bars,
            logs=self.logs,
        )

    def happen(self, event: Event) -> None:
        """The six steps of one event."""
        market = self.markets[event.symbol]
        self.rounds = 0
        self.wake_up(event.delivered)
        self.set_clock(event.delivered)
        self.note_activity()
        self.expire(event)
        self.match(event, market)
        self.delivered += 1
        if type(event) is market.source:
            market.mark = event.mark
            changes, market.deferred = market.deferred, []
            for change in changes:
                change()
        self.report_fills()
        self.call(HOOKS[type(event)], event)
        self.settle()

    def wake_up(self, until: int) -> None:
        """Arrivals and timers due at or before `until`; at one instant, arrivals first."""
        while True:
            arrival = self.requests[0][0] if self.requests else inf
            timer = max(self.timers[0], self.now) if self.timers else inf
            if min(arrival, timer) > until:
                return
            self.set_clock(min(arrival, timer))
            if arrival > timer:
                heappop(self.timers)
                self.count_round()
                self.call("on_timer")
            self.settle()

    def settle(self) -> None:
        """Handle what has arrived, report its fills, and again, until nothing is left."""
        while self.requests and self.requests[0][0] <= self.now:
            self.count_round()
            arrived = []
            while self.requests and self.requests[0][0] <= self.now:
                arrived.append(heappop(self.requests))
            for _, _, handle in arrived:
                handle()
            self.report_fills()

    def count_round(self) -> None:
        self.rounds += 1
        if self.rounds > MAX_ROUNDS:
            raise StrategyError(f"more than {MAX_ROUNDS} rounds of requests within one event")

    def report_fills(self) -> None:
        fills, self.unreported = self.unreported, []
        for fill in fills:
            self.call("on_fill", fill)

    def call(self, hook: str, *args: Any) -> None:
        method = getattr(self.strategy, hook, None)
        if method is not None:
            method(self.context, *args)

    def set_clock(self, now: int) -> None:
        assert now >= self.now
        if self.next_grid_point is not None and now > self.next_grid_point:
            self.write_grid_point()
        self.now = now

    # Orders

    def send(
        self,
        side: int,
        symbol: str,
        quantity: float,
        *,
        limit: float | None = None,
        stop: float | None = None,
        time_in_force: str = "GTC",
        oco: int = 0,
        latency_ms: float | None = None,
    ) -> int:
        kind = {(0, 0): MARKET, (1, 0): LIMIT, (0, 1): STOP, (1, 1): STOP_LIMIT}
        order = Order(
            id=len(self.orders) + 1,
            symbol=symbol,
            side=side,
            type=kind[limit is not None, stop is not None],
            quantity=float(quantity),
            limit=nan if limit is None else float(limit),
            stop=nan if stop is None else float(stop),
            time_in_force=time_in_force,
            oco=oco,
            ts_sent=self.now,
        )
        self.orders.append(order)
        self.request(
            lambda: self.arrive(order), self.latency if latency_ms is None else nanoseconds(latency_ms)
        )
        return order.id

    def request(self, handle: Callable[[], None], latency: int | None = None) -> None:
        self.requests_sent += 1
        due = self.now + (self.latency if latency is None else latency)
        heappush(self.requests, (due, self.requests_sent, handle))

    def arrive(self, order: Order) -> None:
        if not order.is_open:
            return
        order.ts_arrived = self.now
        if order.time_in_force == "DAY":
            order.ts_expires = midnight_after(self.now, self.timezone)
        if not isnan(self.markets[order.symbol].mark):
            self.admit(order)
            self.meet_standing_quote(order)

    def admit(self, order: Order) -> None:
        fault = self.fault_of(order)
        if fault:
            self.close(order, REJECTED, fault, self.now)
        else:
            order.admitted = True

    def admit_the_waiting(self, event: Event, market: Market) -> None:
        """The symbol's first event gives the first price; who arrived before it is admitted now."""
        market.mark = event.first_price
        for order in self.arrived(market.symbol):
            self.admit(order)

    def fault_of(self, order: Order, instead_of: Order | None = None) -> str:
        """Why the order may not enter the market; "" if it may."""
        instrument = self.markets[order.symbol].instrument
        prices = [order.limit] * order.has_limit + [order.stop] * order.has_stop
        if not isfinite(order.quantity) or order.quantity <= 0:
            return "invalid_quantity"
        if not all(isfinite(price) and price > 0 for price in prices):
            return "invalid_price"
        if not is_multiple(order.quantity, instrument.lot_size):
            return "lot_size"
        if not all(is_multiple(price, instrument.tick_size) for price in prices):
            return "tick_size"
        if not self.can_afford(order, instead_of):
            return "buying_power"
        return ""

    def can_afford(self, order: Order, instead_of: Order | None) -> bool:
        market = self.markets[order.symbol]
        before = self.worst_quantity(market)
        after = self.worst_quantity(market, without=instead_of, plus=order)
        if after <= before:
            return True
        exposure = after * market.instrument.multiplier * self.price_of(order, market)
        for other in self.markets.values():
            if other is not market:
                worst = self.worst_quantity(other)
                exposure += worst * other.instrument.multiplier * other.mark if worst else 0.0
        return exposure <= self.execution.leverage * self.equity * (1 + 1e-9)

    def worst_quantity(
        self, market: Market, without: Order | None = None, plus: Order | None = None
    ) -> float:
        counted = [o for o in self.arrived(market.symbol) if o.admitted and o is not without]
        counted += [plus] if plus else []
        certain = sum(o.side * o.leaves for o in counted if o.type == MARKET)
        buys = sum(o.leaves for o in counted if o.side == BUY and o.type != MARKET)
        sells = sum(o.leaves for o in counted if o.side == SELL and o.type != MARKET)
        held = market.position.quantity + certain
        return max(abs(held + buys), abs(held - sells))

    def price_of(self, order: Order, market: Market) -> float:
        if order.has_limit:
            return order.limit
        if order.has_stop:
            return order.stop
        if market.standing:
            return market.standing.ask if order.side == BUY else market.standing.bid
        return market.mark

    def arrived(self, symbol: str) -> list[Order]:
        """The symbol's open orders in the market, in the order of their arrival, then of their sending."""
        orders = [o for o in self.orders if o.symbol == symbol and o.is_open and o.ts_arrived >= 0]
        return sorted(orders, key=lambda o: (o.ts_arrived, o.id))

    def working(self, symbol: str) -> Iterator[Order]:
        """Those among them that are admitted and, when their turn comes, still open."""
        return (order for order in self.arrived(symbol) if order.admitted and order.is_open)

    def close(self, order: Order, status: str, reason: str, ts: int) -> None:
        order.status, order.reason, order.ts_closed = status, reason, ts

    def after_open_bar(self, order: Order, change: Callable[[], None]) -> None:
        """Makes the change, once a bar that has opened and acts on the order is over."""
        market = self.markets[order.symbol]
        coming = (e for e in self.events[self.delivered :] if type(e) is Bar and e.symbol == order.symbol)
        bar = next(coming, None)
        takes_part = bar and market.source is Bar and 0 <= order.ts_arrived <= bar.timestamp
        if order.is_open and takes_part and bar.timestamp < self.now:
            market.deferred.append(change)
        else:
            change()

    def cancel(self, order: Order) -> None:
        if order.is_open:
            self.close(order, CANCELED, "requested", self.now)

    def amend(self, order: Order, quantity: float | None, limit: float | None, stop: float | None) -> None:
        if not order.is_open:
            return
        if quantity is not None and quantity <= order.filled:
            self.close(order, CANCELED, "requested", self.now)
            return
        amended = replace(order)
        if quantity is not None:
            amended.quantity = float(quantity)
        if limit is not None:
            amended.limit = float(limit)
        if stop is not None:
            amended.stop = float(stop)
        fault = self.fault_of(amended, instead_of=order) if order.admitted else ""
        if fault:
            self.logs.append(f"amend of order {order.id} dropped: {fault}")
            return
        order.quantity, order.limit, order.stop = amended.quantity, amended.limit, amended.stop
        order.met = False
        self.meet_standing_quote(order)

    def expire(self, event: Event) -> None:
        for order in self.arrived(event.symbol):
            if order.time_in_force == "DAY" and order.ts_expires <= event.timestamp:
                self.close(order, EXPIRED, "day", order.ts_expires)

    # Matching

    def match(self, event: Event, market: Market) -> None:
        if type(event) is market.source:
            market.pools = self.pools_of(event, market)
            if isinstance(event, Quote):
                market.standing = event
            if isnan(market.mark):
                self.admit_the_waiting(event, market)
            match_source = {Quote: self.match_quote, Trade: self.match_trade, Bar: self.match_bar}
            match_source[type(event)](event)
        elif isinstance(event, Trade):
            self.match_print_beside_quotes(event, self.pool(event.size))

    def meet(self, order: Order, price: float, ts: int) -> None:
        """A meeting with the market at `price`; also each further taking of a market order."""
        order.met = True
        if order.is_marketable_at(price):
            self.fill(order, price, ts, TAKER, self.pool_for(order))
        if order.is_open and order.time_in_force in ("IOC", "FOK"):
            self.close(order, CANCELED, order.time_in_force.lower(), ts)

    def meet_standing_quote(self, order: Order) -> None:
        standing = self.markets[order.symbol].standing
        if standing and order.admitted and order.is_open:
            self.try_quote(order, standing, self.now)

    def match_quote(self, quote: Quote) -> None:
        for order in self.working(quote.symbol):
            self.try_quote(order, quote, quote.timestamp)

    def try_quote(self, order: Order, quote: Quote, ts: int) -> None:
        price = quote.ask if order.side == BUY else quote.bid
        if order.sleeps:
            order.triggered = order.is_triggered_by(price)
        if order.sleeps:
            return
        if not order.rests:
            self.meet(order, price, ts)
        elif order.is_marketable_at(price):
            self.fill(order, order.limit, ts, MAKER, self.pool_for(order))

    def match_trade(self, trade: Trade) -> None:
        for order in self.working(trade.symbol):
            if order.sleeps:
                order.triggered = order.is_triggered_by(trade.price)  # and that print is spent
            elif not order.rests:
                self.meet(order, trade.price, trade.timestamp)
            else:
                self.try_print(order, trade, self.pool_for(order))

    def match_print_beside_quotes(self, trade: Trade, pool: Pool) -> None:
        for order in self.working(trade.symbol):
            if order.rests:
                self.try_print(order, trade, pool)

    def try_print(self, order: Order, trade: Trade, pool: Pool) -> None:
        """The resting rule of prints."""
        touched = self.execution.limit_fill == "touch" and trade.price == order.limit
        if touched or order.is_passed_by(trade.price):
            self.fill(order, order.limit, trade.timestamp, MAKER, pool)

    def match_bar(self, bar: Bar) -> None:
        taking_part = [o for o in self.working(bar.symbol) if o.ts_arrived <= bar.timestamp]
        self.match_open(bar, taking_part)
        triggered_inside = self.match_stops(bar, taking_part)
        for order in taking_part:
            if order.is_open and order.rests and order not in triggered_inside and reaches(bar, order):
                self.fill(order, order.limit, bar.delivered, MAKER, self.pool_for(order))

    def match_open(self, bar: Bar, taking_part: list[Order]) -> None:
        for order in taking_part:
            if not order.is_open:
                continue
            if order.sleeps:
                order.triggered = order.is_triggered_by(bar.open)
            if order.sleeps:
                continue
            if not order.rests:
                self.meet(order, bar.open, bar.timestamp)
            elif order.is_marketable_at(bar.open):
                self.fill(order, bar.open, bar.timestamp, MAKER, self.pool_for(order))

    def match_stops(self, bar: Bar, taking_part: list[Order]) -> list[Order]:
        triggered = []
        for order in taking_part:
            if not order.is_open or not order.sleeps:
                continue
            if not order.is_triggered_by(bar.high if order.side == BUY else bar.low):
                continue
            rivals = [
                other
                for other in taking_part
                if other.is_open
                and other.rests
                and other not in triggered
                and same_group(order, other)
                and reaches(bar, other)
            ]
            order.triggered = True
            triggered.append(order)
            self.meet(order, order.stop, bar.delivered)
            if rivals and order.filled > 0:
                self.ambiguous_bars += 1
        return triggered

    # Liquidity

    def pools_of(self, event: Event, market: Market) -> dict[int, Pool]:
        if isinstance(event, Quote):
            return {BUY: self.pool(event.ask_size), SELL: self.pool(event.bid_size)}
        if isinstance(event, Trade):
            shared = self.pool(event.size)
        elif self.execution.volume_share is None:
            shared = Pool()
        else:
            cap = self.execution.volume_share * event.volume
            shared = Pool(round_down(cap, market.instrument.lot_size))
        return {BUY: shared, SELL: shared}

    def pool(self, size: float) -> Pool:
        return Pool(size) if self.execution.displayed_size else Pool()

    def pool_for(self, order: Order) -> Pool:
        return self.markets[order.symbol].pools[order.side]

    def fill(self, order: Order, price: float, ts: int, liquidity: str, pool: Pool) -> None:
        """As much of the order as the pool allows, at `price`, slipped for a taker."""
        market = self.markets[order.symbol]
        quantity = min(order.leaves, round_down(pool.left, market.instrument.lot_size))
        if quantity <= 0 or (order.time_in_force == "FOK" and quantity < order.leaves):
            return
        pool.left -= quantity
        if liquidity == TAKER:
            price = self.slipped(order, price)
        commission = self.commission(quantity, price, market.instrument.multiplier, liquidity)
        fill = Fill(ts, order.id, order.symbol, order.side, quantity, price, commission, liquidity)
        self.fills.append(fill)
        self.unreported.append(fill)
        self.note_activity()

        value_before = order.filled * order.avg_px if order.filled else 0.0
        order.filled += quantity
        order.avg_px = (value_before + quantity * price) / order.filled
        order.status = PARTIALLY_FILLED
        if order.leaves <= 1e-12 * order.quantity:
            order.filled = order.quantity
            self.close(order, FILLED, "", ts)
        self.account(fill, market)
        for other in self.orders:
            if other.is_open and same_group(order, other):
                self.close(other, CANCELED, "oco", ts)

    def slipped(self, order: Order, price: float) -> float:
        price *= 1 + order.side * self.execution.slippage_bps / 10_000
        if order.has_limit:
            price = min(price, order.limit) if order.side == BUY else max(price, order.limit)
        return price

    # Commission

    def commission(self, quantity: float, price: float, multiplier: float, liquidity: str) -> float:
        terms = self.execution
        bps = terms.maker_bps if liquidity == MAKER else terms.taker_bps
        if bps is None:
            bps = terms.commission_bps
        charge = bps / 10_000 * quantity * price * multiplier + terms.commission_per_share * quantity
        if terms.commission_min is not None:
            charge = max(charge, terms.commission_min)
        if terms.commission_max is not None:
            charge = min(charge, terms.commission_max)
        return charge

    # Accounting

    def account(self, fill: Fill, market: Market) -> None:
        position, multiplier = market.position, market.instrument.multiplier
        signed = fill.side * fill.quantity
        self.cash -= signed * fill.price * multiplier + fill.commission
        position.commission += fill.commission

        held = position.quantity
        if held * signed >= 0:
            value = held * position.avg_px + signed * fill.price
            position.quantity = held + signed
            position.avg_px = value / position.quantity
            return
        closed = min(abs(held), abs(signed))
        direction = 1 if held > 0 else -1
        position.realized_pnl += (fill.price - position.avg_px) * closed * direction * multiplier
        remaining = held + signed
        if abs(remaining) < 1e-12 * max(abs(held), abs(signed)):
            remaining = 0.0
        if remaining == 0:
            position.avg_px = 0.0
        elif remaining * held < 0:
            position.avg_px = fill.price
        position.quantity = remaining

    @property
    def equity(self) -> float:
        return self.cash + self.positions_value

    @property
    def positions_value(self) -> float:
        return sum(market.value for market in self.markets.values())

    # The equity curve

    def write_point(self, ts: int) -> None:
        self.points.append(Point(ts, self.equity, self.cash, self.positions_value))
        for market in self.markets.values():
            if market.position.quantity:
                self.exposures.append(Exposure(ts, market.symbol, market.position.quantity, market.value))

    def note_activity(self) -> None:
        """An event or a fill at this moment: the grid point at or after it is due."""
        if self.grid is not None:
            self.next_grid_point = -(-self.now // self.grid) * self.grid

    def write_grid_point(self) -> None:
        if self.next_grid_point > self.points[-1].timestamp:
            self.write_point(self.next_grid_point)
        self.next_grid_point = None

    def write_last_point(self) -> None:
        if self.now > self.points[-1].timestamp or len(self.points) == 1:
            self.write_point(self.now)

    # What must hold after every event, whatever the market and the strategy

    def check(self) -> None:
        fee = paid = 0.0
        held = dict.fromkeys(self.markets, 0.0)
        for fill in self.fills:
            signed = fill.side * fill.quantity
            held[fill.symbol] += signed
            paid += signed * fill.price * self.markets[fill.symbol].instrument.multiplier
            fee += fill.commission
        scale = max(1.0, self.initial_capital, abs(paid))

        def same(a: float, b: float) -> bool:
            return isclose(a, b, rel_tol=1e-9, abs_tol=1e-9 * scale)

        assert same(self.cash, self.initial_capital - paid - fee)
        pnl = 0.0
        for symbol, market in self.markets.items():
            position = market.position
            assert same(position.quantity, held[symbol])
            unrealized = (market.mark - position.avg_px) * position.quantity if position.quantity else 0.0
            pnl += position.realized_pnl + unrealized * market.instrument.multiplier - position.commission
        assert same(self.equity, self.initial_capital + pnl)
        for order in self.orders:
            taken = sum(fill.quantity for fill in self.fills if fill.order_id == order.id)
            assert same(order.filled, taken)
            assert order.filled == 0 or order.filled <= order.quantity
            assert order.is_open == (order.ts_closed < 0)
            assert (order.status == FILLED) == (order.leaves <= 0 < order.filled)
            assert (order.reason == "") == (order.is_open or order.status == FILLED)


def nanoseconds(milliseconds: float) -> int:
    return round(milliseconds * 1e6)


def execution_source(stream: dict[str, Any]) -> type[Event]:
    if stream.get("quotes"):
        return Quote
    return Trade if stream.get("trades") else Bar


def sequence(streams: dict[str, dict[str, Any]]) -> list[Event]:
    """All streams as one, by delivery time, symbol in the order given, kind (quote, trade, bar) and row."""
    events: list[Event] = []
    for symbol, stream in streams.items():
        events += [Quote(symbol, *row) for row in stream.get("quotes") or []]
        events += [Trade(symbol, *row) for row in stream.get("trades") or []]
        events += [Bar(symbol, *row, stream["interval"]) for row in stream.get("bars") or []]
    return sorted(events, key=lambda event: event.delivered)  # a stable sort keeps the order above


def midnight_after(ts: int, timezone: ZoneInfo) -> int:
    """The first local midnight strictly after `ts`."""
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    local = (epoch + timedelta(seconds=ts // 10**9)).astimezone(timezone)
    midnight = datetime.combine(local.date() + timedelta(days=1), time(), timezone)
    since_epoch = midnight.astimezone(UTC) - epoch
    return (since_epoch.days * 86400 + since_epoch.seconds) * 10**9


def is_multiple(value: float, step: float) -> bool:
    return step == 0 or abs(value / step - round(value / step)) <= 1e-6


def round_down(size: float, lot: float) -> float:
    """`size` in whole lots; a billionth of a lot is rounding noise, not a missing lot."""
    return size if lot == 0 or size == inf else floor(size / lot + 1e-9) * lot


def same_group(order: Order, other: Order) -> bool:
    in_group = order.oco > 0 and order.oco == other.oco and order.symbol == other.symbol
    return in_group and order is not other


def reaches(bar: Bar, order: Order) -> bool:
    """The bar's range reaches the order's limit."""
    return order.is_marketable_at(bar.low if order.side == BUY else bar.high)
