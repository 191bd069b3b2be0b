"""Time and events: the clock of a run, the steps of an event, requests and reports in flight."""

from collections.abc import Callable
from heapq import heappop, heappush
from math import inf
from typing import Any
from zoneinfo import ZoneInfo

from btcore.config import Execution, Instrument
from btcore.costs import CostModel
from btcore.errors import StrategyError

from .accounts import Accounts
from .admission import Admission
from .bars import Bars
from .context import Context
from .contingent import Contingent
from .curve import Curve
from .matching import Matching
from .model import (
    EXPIRED,
    FILLED,
    HOOKS,
    LONG,
    NETTED,
    REJECTED,
    SHORT,
    Bar,
    CashFlow,
    Event,
    Exposure,
    Fill,
    Market,
    Order,
    OtherBar,
    Point,
    Position,
    Quote,
    ReferenceResult,
    Report,
    Trade,
)
from .numbers import Jitter, Listed, LocalDays, WeeklyHours, nanoseconds
from .orders import Orders
from .scheduled import Scheduled

MINUTE = 60 * 10**9
MAX_ROUNDS = 10_000


class Reference(Orders, Admission, Contingent, Matching, Bars, Accounts, Scheduled, Curve):
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
        currency: str = "USD",
        fx: dict[str, Any] | None = None,
        sessions: tuple[list[int], list[int]] | None = None,
        cost_model: CostModel | None = None,
        others: list[tuple[str, str, dict[str, Any]]] | None = None,
    ) -> None:
        self.execution = terms = execution or Execution()
        self.cost_model = cost_model or CostModel()
        self.timezone = ZoneInfo(timezone)
        instruments = instruments or {}
        self.sessions = Listed(*sessions) if sessions else LocalDays(self.timezone)
        self.own_sessions = {
            symbol: WeeklyHours(instrument.sessions)
            for symbol, instrument in instruments.items()
            if instrument.sessions is not None
        }
        self.events = sequence(streams, sessions, self.own_sessions)
        legs = (LONG, SHORT) if terms.position_mode == "hedging" else (NETTED,)
        self.markets = {
            symbol: Market(
                symbol,
                instruments.get(symbol, Instrument()),
                execution_source(stream),
                {leg: Position() for leg in legs},
                quoted=execution_source(stream) is Quote,
            )
            for symbol, stream in streams.items()
        }
        weekly = self.own_sessions
        if not sessions:
            self.own_sessions = self.days_with_data() | self.own_sessions
        first = min(event.timestamp for event in self.events)
        self.start = self.now = first if start is None else start
        assert self.now <= first, "the reference is given data from `start` on"
        bars_alone = all(type(event) is Bar for event in self.events)
        self.grid = mark_every_ns or (None if bars_alone else MINUTE)
        self.next_grid_point: int | None = None

        self.leverage = 1.0 if terms.account == "cash" else terms.leverage
        self.initial_capital = self.cash = float(initial_capital)
        self.orders: list[Order] = []
        self.fills: list[Fill] = []
        self.cash_flows: list[CashFlow] = []
        self.requests: list[tuple[int, int, Callable[[], None]]] = []  # a heap: due, number, what to do
        self.requests_sent = 0
        self.entry_jitter = Jitter(terms, 0, terms.latency_jitter_ms)
        self.response_jitter = Jitter(terms, 1, terms.response_jitter_ms)
        self.delayed = self.response_jitter.most > 0 or has_latency(terms.response_latency_ms)
        self.reports: list[Report] = []  # in flight, in the order created
        self.seen: dict[tuple[str, int], float] = {}  # positions as reported, by symbol and leg
        self.timers: list[int] = []  # a heap
        self.rounds = 0
        self.delivered = 0  # events
        self.others = sequence_of_others(others or [], self.start, sessions, weekly)
        self.bars_now: dict[str, Bar] = {}  # that end at the current time
        self.points: list[Point] = []
        self.exposures: list[Exposure] = []
        self.traded_notional: dict[tuple[int, int], float] = {}  # by month
        self.ambiguous_bars = self.snapped = 0
        self.logs: list[str] = []
        self.arrivals: list[int] = []  # of orders that the limit of their rate has counted
        self.context = Context(self)
        self.prepare_scheduled_events(currency, fx or {})

    def days_with_data(self) -> dict[str, Listed]:
        """The sessions of each symbol without a calendar: local days in which its orders meet an event."""
        times: dict[str, list[int]] = {symbol: [] for symbol in self.markets}
        for event in self.events:
            if type(event) is self.markets[event.symbol].source:
                times[event.symbol].append(event.timestamp)
        return {symbol: LocalDays(self.timezone).with_rows(given) for symbol, given in times.items()}

    def run(self, strategy: Any) -> ReferenceResult:
        self.strategy = strategy
        self.write_point(self.now)
        self.call("on_start")
        for event, following in zip(self.events, [*self.events[1:], None], strict=True):
            self.process(event)
            last_of_its_time = following is not None and following.delivered > event.delivered
            if last_of_its_time:
                self.wake_up(event.delivered, scheduled_only=True)
                while self.others and self.others[0].end == event.delivered:
                    self.wake_up(event.delivered)
                    self.deliver_other_bar()
            self.check()
            if self.grid is None and last_of_its_time:  # the last point comes after `on_end`
                self.write_point(event.delivered)
        while self.others and self.others[0].end <= self.now:
            self.deliver_other_bar()
        self.delist_at_end()
        self.call("on_end")
        for order in self.orders:
            if order.is_open:
                order.status, order.reason, order.ts_closed = EXPIRED, "end_of_data", self.now
        if self.execution.close_at_end:
            self.close_positions()
        self.write_last_point()
        assert all(not order.is_open and order.ts_closed >= 0 for order in self.orders)
        if self.snapped:
            self.logs.append(f"{self.snapped} orders snapped to steps")
        return ReferenceResult(
            fills=self.fills,
            orders=self.orders,
            markets=self.markets,
            point_values={symbol: self.point_value(market) for symbol, market in self.markets.items()},
            equity=self.points,
            exposures=self.exposures,
            cash_flows=self.cash_flows,
            ambiguous_bars=self.ambiguous_bars,
            logs=self.logs,
        )

    def process(self, event: Event) -> None:
        """The six steps of one event."""
        market = self.markets[event.symbol]
        self.rounds = 0
        self.wake_up(event.delivered)
        self.set_clock(event.delivered)
        self.schedule_point()
        self.expire(event)
        if type(event) is Bar:
            market.closed_at = -1
        self.match(event, market)
        self.delivered += 1
        changes: list[Callable[[], None]] = []
        if type(event) is market.source:
            market.set_price(event.mark)
            market.closed_at = event.delivered
        if type(event) is (Bar if self.rests_on_bars(market) else market.source):
            changes, market.deferred = market.deferred, []
        self.check_margin()
        for change in changes:
            change()
            self.check_margin()
        self.deliver_reports()
        self.call(HOOKS[type(event)], event)
        self.handle_arrivals()
        if type(event) is Bar:
            self.bars_now[event.symbol] = event
            if not self.has_undelivered_bar(event.delivered):
                bars, self.bars_now = self.bars_now, {}
                self.call("on_bars", bars)
                self.handle_arrivals()

    def wake_up(self, until: int, scheduled_only: bool = False) -> None:
        """Processes wake-ups due at or before `until`: scheduled events, arrivals, reports, timers.

        A scheduled event due when bars are delivered comes after the last of these bars. Bars of other
        resolutions that end before `until` come after all else that is due by their end.
        """
        while True:
            item = self.scheduled[0].timestamp if self.scheduled else inf
            if item == until and not scheduled_only and self.has_undelivered_bar(until):
                item = inf
            arrival = self.requests[0][0] if self.requests else inf
            report = self.reports[0].due if self.reports else inf
            timer = max(self.timers[0], self.now) if self.timers else inf
            due = item if scheduled_only else min(item, arrival, report, timer)
            other = self.others[0].end if self.others and not scheduled_only else inf
            if other < min(due, until):
                self.deliver_other_bar()
                continue
            if due > until:
                return
            self.set_clock(due)
            if due == item:
                while self.scheduled and self.scheduled[0].timestamp == due:
                    self.scheduled.pop(0).happen()
                    self.check_margin()
            elif due == timer < min(arrival, report):
                heappop(self.timers)
                self.count_round()
                self.call("on_timer")
            self.handle_arrivals()

    def deliver_other_bar(self) -> None:
        """Shows the strategy the next bar of another resolution."""
        bar = self.others.pop(0)
        self.set_clock(bar.end)
        self.rounds = 0
        self.call("on_other_bar", bar)
        self.handle_arrivals()

    def has_undelivered_bar(self, at: int) -> bool:
        """True if a bar due at exactly that time has not been delivered yet."""
        return any(type(e) is Bar and e.delivered == at for e in self.events[self.delivered :])

    def handle_arrivals(self) -> None:
        """Handles due requests and delivers due reports until none are left."""
        while (self.requests and self.requests[0][0] <= self.now) or (
            self.reports and self.reports[0].due <= self.now
        ):
            self.count_round()
            arrived = []
            while self.requests and self.requests[0][0] <= self.now:
                arrived.append(heappop(self.requests))
            for _, _, handle in arrived:
                handle()
                self.check_margin()
            self.deliver_reports()

    def count_round(self) -> None:
        self.rounds += 1
        if self.rounds > MAX_ROUNDS:
            raise StrategyError(f"more than {MAX_ROUNDS} rounds of requests within one event")

    def call(self, hook: str, *args: Any) -> None:
        method = getattr(self.strategy, hook, None)
        if method is not None:
            method(self.context, *args)

    def set_clock(self, now: int) -> None:
        assert now >= self.now
        if self.next_grid_point is not None and now > self.next_grid_point:
            self.write_grid_point()
        self.now = now

    # Latency

    def request(self, handle: Callable[[], None], latency_ms: float | None = None) -> None:
        self.requests_sent += 1
        drawn = latency_ms is None
        latency = self.latency + self.entry_jitter.draw() if drawn else nanoseconds(latency_ms)
        heappush(self.requests, (self.now + latency, self.requests_sent, handle))

    def report(self, order: Order, fill: Fill | None = None, triggered: bool = False) -> None:
        """Sends the strategy a report of a fill, of the order's trigger, or of its end."""
        due = self.now + self.response_latency + self.response_jitter.draw()
        if self.reports:
            due = max(due, self.reports[-1].due)
        ended = not (order.is_open or triggered)
        self.reports.append(Report(due, order, fill, ended, triggered))
        if not self.delayed:  # the strategy sees the account directly
            self.apply_report(self.reports[-1])

    def apply_report(self, report: Report) -> None:
        """Applies an arrived report to the strategy's view of the account."""
        if report.applied:
            return
        report.applied = True
        report.order.end_reported |= report.ended
        if report.fill is not None:
            key = report.fill.symbol, report.fill.leg
            self.seen[key] = self.seen.get(key, 0.0) + report.fill.side * report.fill.quantity

    def apply_all_reports(self) -> None:
        """At a split, shows the strategy the actual positions."""
        for report in self.reports:
            self.apply_report(report)
        for market in self.markets.values():
            for leg, position in market.positions.items():
                self.seen[market.symbol, leg] = position.quantity

    def seen_quantity(self, market: Market, leg: int) -> float:
        return self.seen.get((market.symbol, leg), 0.0) if self.delayed else market.positions[leg].quantity

    @property
    def seen_cash(self) -> float:
        return self.cash - sum(r.fill.paid for r in self.reports if r.fill and not r.applied)

    @property
    def seen_equity(self) -> float:
        held = {
            m.symbol: sum(self.seen_quantity(m, leg) for leg in m.positions) for m in self.markets.values()
        }
        return self.seen_cash + sum(self.value_of(m, held[m.symbol]) for m in self.markets.values())

    def deliver_reports(self) -> None:
        while self.reports and self.reports[0].due <= self.now:
            report = self.reports.pop(0)
            self.apply_report(report)
            if report.fill is not None:
                self.call("on_fill", report.fill)
            elif report.triggered:
                self.call("on_trigger", report.order)
            elif report.order.status != FILLED:
                self.call("on_reject" if report.order.status == REJECTED else "on_cancel", report.order)


def has_latency(setting: Any) -> bool:
    return any(ms > 0 for _, ms in setting) if isinstance(setting, list) else setting > 0


def execution_source(stream: dict[str, Any]) -> type[Event]:
    if stream.get("quotes"):
        return Quote
    return Trade if stream.get("trades") else Bar


def end_of(stream: dict[str, Any], bar: tuple[float, ...]) -> int:
    """When a row of bars is over: `ends` has its end by its timestamp if the bars have no common length."""
    ts = int(bar[0])
    return stream["ends"][ts] if "ends" in stream else ts + stream["interval"]


def ended_at_closes(stream: dict[str, Any], opens: list[int], closes: list[int]) -> dict[str, Any]:
    """The stream with the ends that bars of regular hours have in these sessions."""
    starts = [int(row[0]) for row in stream.get("bars") or []]
    hours = list(zip(opens, closes, strict=True))
    if not starts or "ends" in stream:
        return stream
    begun_in = {next((o for o, c in hours if o <= ts < c), None) for ts in starts}
    if None in begun_in or len(begun_in) == 1:
        return stream
    ends = {}
    for ts, following in zip(starts, [*starts[1:], inf], strict=True):
        end = min(ts + stream["interval"], following)
        ends[ts] = min(end, max(c for o, c in hours if o < end))
    return stream | {"ends": ends}


def sequence_of_others(
    streams: list[tuple[str, str, dict[str, Any]]],
    start: int,
    sessions: tuple[list[int], list[int]] | None,
    own_sessions: dict[str, WeeklyHours],
) -> list[OtherBar]:
    """Bars of other resolutions that end after `start`, by end, then as given: symbol, resolution, rows."""
    bars: list[OtherBar] = []
    for symbol, resolution, given in streams:
        own, starts = own_sessions.get(symbol), [int(row[0]) for row in given["bars"]]
        hours = own.between(min(starts), max(starts)) if own and starts else sessions
        stream = ended_at_closes(given, *hours) if hours else given
        bars += [OtherBar(symbol, resolution, *row, end=end_of(stream, row)) for row in stream["bars"]]
    return sorted((bar for bar in bars if bar.end > start), key=lambda bar: bar.end)


def sequence(
    streams: dict[str, dict[str, Any]],
    sessions: tuple[list[int], list[int]] | None = None,
    own_sessions: dict[str, WeeklyHours] | None = None,
) -> list[Event]:
    """All streams as one list, by delivery time, symbol, kind (quote, trade, bar) and row."""
    events: list[Event] = []
    for symbol, given in streams.items():
        own = (own_sessions or {}).get(symbol)
        starts = [int(row[0]) for row in given.get("bars") or []]
        hours = own.between(min(starts), max(starts)) if own and starts else sessions
        stream = ended_at_closes(given, *hours) if hours else given
        events += [Quote(symbol, *row) for row in stream.get("quotes") or []]
        events += [Trade(symbol, *row) for row in stream.get("trades") or []]
        sides = stream.get("sides", {})
        for row in stream.get("bars") or []:
            bid, ask = sides.get(int(row[0]), (None, None))
            events.append(Bar(symbol, *row, end=end_of(stream, row), bid=bid, ask=ask))
    return sorted(
        events, key=lambda event: event.delivered
    )  # a stable sort keeps the order of symbols, kinds and rows
