"""`Context`: the data that callbacks read, and the methods that send orders and set timers.

Over 300 lines: a cdef class cannot be split over files.
"""

cimport cython
from libc.math cimport NAN, isfinite, isnan
from libc.stdint cimport int32_t, int64_t, int8_t

from heapq import heappop, heappush

from btcore.contract cimport (
    amend_trailing, cancel, lowers, money_quantity, new_order, order_target, order_target_money, order_target_percent,
    send_order,
)
from btcore.model cimport (
    FROM_FILL, GTD, NEVER, NEW, NONE, Order, PARTIALLY_FILLED, POST_ONLY, Position, REDUCE_ONLY, Request, SUBMIT,
    TRAILING_STOP_LIMIT,
)
from btcore.rules.accounting cimport equity
from btcore.rules.matching cimport TOUCHING, TRAILING, WITH_LIMIT, WITH_TRIGGER
from btcore.rules.order_terms cimport (
    MAX_LATENCY_MS, NO_CONFLICT, child_conflict, order_type_of, price_conflict, time_conflict
)
from btcore.strategies.callbacks.indicator_views cimport IndicatorView, RowsSeen

from btcore.data.timestamps import moment_ns
from btcore.errors import ConfigError, DataError, OrderError, near_name
from btcore.model import OrderType
from btcore.rules.order_terms import (
    CONFLICTS as _CONFLICTS, LATENCY_RANGE as _LATENCY_RANGE, TIME_IN_FORCE as _TIME_IN_FORCE, TRAIL_BY as _TRAIL_BY
)
from btcore.strategies.callbacks.indicators import kind_of, make_view
from btcore.strategies.callbacks.order_state import order_state
from btcore.strategies.callbacks.repeating import local_datetime, repeat_at, repeat_every
from btcore.strategies.callbacks.ticket import tickets_of
from btcore.times.clock import zone


_KINDS = ("quotes", "trades", "bars")  # the order of a symbol's streams on the tape


@cython.final
cdef class Context:
    """The first argument of every callback: account, data, orders and timers. It raises OrderError outside of them.

    Symbols are names; an unknown one raises OrderError. Times are int64 ns UTC. Money is in the run's currency,
    prices are in the instrument's.
    """

    def __init__(self, tuple symbols not None):
        self.symbols = symbols
        self.indexes = {symbol: i for i, symbol in enumerate(symbols)}
        self.timers = []
        self.working = []
        self.logs = []
        self.tags = {}
        self.sent_terms = {}
        self.streams = {}
        self.resolutions = ("",) * len(symbols)
        self.other_resolutions = ()
        self.timezone = "UTC"
        self.seen = RowsSeen()
        self.indicators = {}
        self.fed_indicators = []
        self.tickets = None

    def attach_data(self, markets, str timezone not None, sessions=None, others=(), tuple other_resolutions=()):
        """Sets the data that `history` reads, (symbol, containers) in the order of the run, and the run's timezone.

        `sessions` are the opens and closes of the run's calendar, ns UTC; None without one. `others` are the bars of
        other resolutions, OtherBars, and `other_resolutions` the names of these.
        """
        self.streams = {}
        self.timezone = timezone
        self.sessions = sessions
        for symbol, containers in markets:
            for container in sorted(containers, key=lambda c: _KINDS.index(c.kind)):
                self.streams[symbol, container.kind] = (len(self.streams), container)
        self.resolutions = tuple([
            self.streams[symbol, "bars"][1].resolution if (symbol, "bars") in self.streams else ""
            for symbol in self.symbols
        ])
        self.other_resolutions = other_resolutions
        for other in others:
            self.streams[other.symbol, other.resolution] = (-1, other.bars)

    def history(self, str symbol not None, str column not None, *, rows=None, kind=None):
        """A column of the symbol's data up to and including the latest event, as a read-only numpy view.

        `rows` limits it to the last rows. `kind` is "bars", "quotes" or "trades", needed if the symbol has several, or
        one of its other resolutions, such as "day", of which the bars that have ended are seen. OrderError for a column
        or a kind that the symbol does not have.
        """
        self.index(symbol)
        stream, container = self.streams[symbol, kind_of(self.streams, symbol, kind, "history")]
        if column not in container.columns:
            meant = near_name(column, container.columns)
            raise OrderError(f"{symbol}: column {column!r} is not one of {', '.join(container.columns)}{meant}")
        cdef int64_t end
        if stream < 0:
            end = container.end.searchsorted(self.market.now, "right")
        else:
            end = self.market.rows[<int64_t> stream]
        return container.columns[column][0 if rows is None else max(0, end - rows):end]

    def indicator(self, what, symbol not None, *parameters, kind=None, column=None, name=None, **named):
        """An indicator of a symbol, as of its latest row at each callback: `ctx.indicator("rsi", "AAPL", 14)`.

        `what` is a name of `btcore.indicators`, whose parameters follow. Of one column it is close, mid or trade price,
        or `column`; of two series, `symbol` is a pair, of rows with the same time. Or `what` is one's own: an object
        with `update(event)`, or a function of an event (and of what follows), which have each row before the callback
        and return the value; a function of whole columns, which `column` names (one or a tuple); an array with a value
        for each row of the symbol in this run. Rows are those of `kind`, if the symbol has several, or those of another
        resolution, such as "day", which count from their end on. The values are in
        `Result.indicators` by name and symbol; `name` replaces "rsi_14". ConfigError for an invalid name or parameter,
        and a function that looks ahead; OrderError for a symbol that is not in the run; DataError for missing columns.
        """
        self.check_active()
        cdef IndicatorView view = make_view(
            what, symbol, parameters, named, streams=self.streams, seen=self.seen, timezone=self.timezone, kind=kind,
            column=column, name=name,
        )
        key = view.name, view.symbol
        if key in self.indicators:
            if name is None and isinstance(what, str) and kind is None:
                return self.indicators[key]
            raise ConfigError(f"indicator: {view.name!r} of {view.symbol} exists already; give it another name=")
        self.indicators[key] = view
        if view.update is not None:
            self.fed_indicators.append(view)
            view.feed()
        return view

    cdef bint has_rows(self, int64_t n) except -1:
        """True if each symbol has had `n` rows of its bars; of its quotes, else trades, if it has no bars."""
        for symbol in self.symbols:
            kind = next(each for each in ("bars", "quotes", "trades") if (symbol, each) in self.streams)
            stream, _container = self.streams[symbol, kind]
            if self.market.rows[<int64_t> stream] < n:
                return False
        return True

    cdef int feed_indicators(self) except -1:
        cdef IndicatorView view
        for view in self.fed_indicators:
            view.feed()
        return 0

    def finish_indicators(self):
        """The values of each indicator, by name and symbol; called once, after the run, while its engine exists."""
        cdef IndicatorView view
        if not self.indicators:
            return {}
        self.seen.rows = self.market.rows
        try:
            for view in self.indicators.values():
                view.finish()
        finally:
            self.seen.rows = NULL
        return {key: view.table for key, view in self.indicators.items()}

    cdef int32_t index(self, str symbol) except -1:
        self.check_active()
        try:
            return self.indexes[symbol]
        except KeyError:
            meant, known = near_name(symbol, self.symbols), ", ".join(self.symbols)
            raise OrderError(f"{symbol!r} is not in this run{meant}; its symbols are {known}") from None

    cdef int check_active(self) except -1:
        """Raises OrderError outside of a callback."""
        if self.out == NULL:
            raise OrderError("a context works only inside the strategy's callbacks")
        return 0

    @property
    def now(self):
        """The run's clock, int64 ns UTC."""
        self.check_active()
        return self.market.now

    @property
    def time(self):
        """The run's clock as an aware datetime in the run's timezone, to the microsecond."""
        self.check_active()
        return local_datetime(self.market.now, zone(self.timezone))

    @property
    def cash(self):
        """The account's cash, in the run's currency."""
        self.check_active()
        return self.account.cash

    @property
    def equity(self):
        """Cash plus positions at their marks, in the run's currency."""
        self.check_active()
        return equity(self.account)

    def position(self, str symbol not None, leg=None):
        """The signed quantity held. In a hedging account it is the sum of both legs, or that of `leg`.

        `leg` is "long" or "short"; OrderError for another value, or in an account that nets positions.
        """
        return self.position_of(symbol, leg).qty

    cdef const Position* position_of(self, str symbol, leg) except NULL:
        cdef int32_t s = self.index(symbol)
        if leg is None:
            return &self.account.positions[s]
        if leg not in ("long", "short"):
            raise OrderError(f"{symbol}: leg {leg!r} is not 'long' or 'short'{near_name(leg, ('long', 'short'))}")
        if self.account.legs == NULL:
            raise OrderError(f"{symbol}: leg {leg!r} needs position_mode 'hedging'; this account nets positions")
        return &self.account.legs[2 * s + (leg == "short")]

    def average_price(self, str symbol not None, leg=None):
        """The average entry price of the position, 0.0 if flat. In a hedging account give a `leg`, as in `position`."""
        return self.position_of(symbol, leg).avg_px

    def mark(self, str symbol not None):
        """The price at which the position is valued: close, mid or last trade. NaN before the first price."""
        cdef int32_t s = self.index(symbol)
        return self.account.positions[s].mark if self.market.tickers[s].priced else NAN

    def buy(self, str symbol not None, double quantity, **terms):
        """Sends an order and returns its Ticket, which is its id. The order type follows from the prices given:

        none: market. `limit`: limit. `stop`: stop. Both: stop-limit. `touch`: market-if-touched. `touch` and `limit`:
        limit-if-touched. `trail`: trailing stop, `trail` away from the best price in the unit `trail_by`, "price",
        "percent" or "ticks"; `stop` is the stop's first price. `trail` and `limit_offset`: trailing stop-limit.

        `time_in_force` is "GTC", "DAY", "IOC", "FOK", "OPG" (opening), "CLS" (close) or "GTD", which needs `expires`:
        int64 ns UTC, a datetime, a date or an ISO 8601 text, local in the run's timezone without an offset. Orders of
        a symbol with one positive `oco` number cancel each other. `parent` is the id of the order whose fills release
        this one. `post_only` rejects the order if it would take liquidity; `reduce_only` limits its fills to the open
        position. `market_to_limit`: what is left after the first fill is a limit order at its price. `latency_ms`
        replaces the run's latency. `from_fill`, of a child: `limit`, `stop` and `touch` are signed fractions of
        the average price of its parent's fills, -0.02 is 2 % below it, and become prices at the release. `tag` is a
        text that the result has beside the order.

        OrderError for an invalid term, or for terms that exclude each other.
        """
        return self.send(symbol, 1, quantity, **terms)

    def sell(self, str symbol not None, double quantity, **terms):
        """Sends an order to sell; otherwise as `buy`."""
        return self.send(symbol, -1, quantity, **terms)

    def bracket(
        self, str symbol not None, double quantity, *, side="buy", limit=None, stop=None,
        take_profit=None, stop_loss=None, str time_in_force not None="GTC", latency_ms=None, str tag=None,
    ):
        """Sends an entry order with two children that its fills release: a take-profit limit and a stop-loss stop.

        Returns the tickets (entry, take profit, stop loss); None for a child whose price is not given. A fill of one
        child reduces the other. `limit`, `stop` and `time_in_force` are those of the entry; `tag` is that of all.
        OrderError as in `buy`.
        """
        cdef int8_t sign = side_of(symbol, side)
        for name, value in (("take_profit", take_profit), ("stop_loss", stop_loss)):
            self.price(self.index(symbol), symbol, name, value)
        entry = self.send(
            symbol, sign, quantity, limit=limit, stop=stop, time_in_force=time_in_force, latency_ms=latency_ms,
            tag=tag,
        )
        self.last_oco += 1
        children = {"parent": entry, "oco": self.last_oco, "latency_ms": latency_ms, "tag": tag}
        target = loss = None
        if take_profit is not None:
            target = self.send(symbol, -sign, quantity, limit=take_profit, **children)
        if stop_loss is not None:
            loss = self.send(symbol, -sign, quantity, stop=stop_loss, **children)
        return entry, target, loss

    def send(
        self, str symbol not None, side, double quantity, *, limit=None, stop=None, touch=None, trail=None,
        str trail_by not None="price", limit_offset=None, str time_in_force not None="GTC", expires=None, int64_t oco=0,
        int64_t parent=0, bint post_only=False, bint reduce_only=False, latency_ms=None, bint market_to_limit=False,
        bint from_fill=False, str tag=None,
    ):
        """Sends an order; `side` is "buy" or "sell", or 1 or -1. The terms are those of `buy`."""
        cdef int32_t s = self.index(symbol)
        cdef Request request = new_order(s, side_of(symbol, side), quantity)
        if not (isfinite(quantity) and quantity > 0.0):
            raise OrderError(f"{symbol}: quantity {quantity} is not a positive number")
        if time_in_force not in _TIME_IN_FORCE:
            meant, known = near_name(time_in_force, _TIME_IN_FORCE), ", ".join(_TIME_IN_FORCE)
            raise OrderError(f"{symbol}: time_in_force {time_in_force!r} is not one of {known}{meant}")
        if trail_by not in _TRAIL_BY:
            meant = near_name(trail_by, _TRAIL_BY)
            raise OrderError(f"{symbol}: trail_by {trail_by!r} is not one of {', '.join(_TRAIL_BY)}{meant}")
        if oco < 0:
            raise OrderError(f"{symbol}: oco {oco} is not 0 or a positive group number")
        if latency_ms is not None:
            if not 0 <= latency_ms <= MAX_LATENCY_MS:
                raise OrderError(f"{symbol}: latency_ms {latency_ms} is not {_LATENCY_RANGE}")
            request.latency = round(latency_ms * 1e6)
        if parent != 0 and self.symbol_of(parent) != s:
            raise OrderError(f"{symbol}: parent {parent} is not the id of an order for the same symbol")
        raise_conflict(symbol, price_conflict(
            limit is not None, stop is not None, touch is not None, trail is not None, limit_offset is not None,
            market_to_limit,
        ))
        if from_fill:
            request.limit_px, request.stop_px = fractions(symbol, limit, stop if touch is None else touch)
        else:
            request.limit_px = self.price(s, symbol, "limit", limit)
            request.stop_px = self.price(
                s, symbol, "stop" if touch is None else "touch", stop if touch is None else touch
            )
        request.trail = distance(symbol, "trail", trail, True)
        request.limit_offset = distance(symbol, "limit_offset", limit_offset, False)
        request.order_type = order_type_of(
            limit is not None, stop is not None, touch is not None, trail is not None, limit_offset is not None,
            market_to_limit,
        )
        request.trail_by = _TRAIL_BY[trail_by]
        request.time_in_force = _TIME_IN_FORCE[time_in_force]
        request.flags = POST_ONLY * post_only | REDUCE_ONLY * reduce_only | FROM_FILL * from_fill
        request.oco, request.parent = oco, parent
        self.last_oco = max(self.last_oco, oco)
        if request.time_in_force == GTD and expires is not None:
            request.expires = self.moment_of("expires", expires)
        raise_conflict(symbol, time_conflict(
            request.order_type, request.time_in_force, expires is not None, post_only
        ))
        raise_conflict(symbol, child_conflict(
            from_fill, parent != 0, limit is not None, stop is not None or touch is not None
        ))
        cdef int64_t order_id = send_order(self.out, &request)
        if order_id < 0:
            raise MemoryError
        self.keep_terms(order_id, &request)
        if tag:
            self.tags[order_id] = tag
        return self.ticket(order_id)

    cdef object ticket(self, int64_t order_id):
        if self.tickets is None:
            self.tickets = tickets_of(self)
        return self.tickets(order_id)

    cdef int keep_terms(self, int64_t order_id, const Request* request) except -1:
        """Stores the terms that a request gives, with response latency: the exchange's own are not known then."""
        if not self.market.delayed:
            return 0
        given = terms_of(request)
        before = self.sent_terms.get(order_id, given)
        self.sent_terms[order_id] = tuple([b if isnan(g) else g for g, b in zip(given, before)])
        return 0

    def order(self, int64_t order_id):
        """The state of an order as an `OrderState`, with what the strategy knows of it. OrderError for an unknown id.

        With response latency, status and fills are those reported so far, and quantity and prices those that the
        strategy requested last; else all are those of the exchange.
        """
        cdef const Request* request = self.unsent(order_id)
        cdef const Order* order
        if request != NULL:
            return order_state(
                order_id, self.symbols[request.symbol], request.side, request.order_type, request.time_in_force,
                terms_of(request), request.qty, 0.0, NAN, NEW, self.tags.get(order_id, ""), NONE,
            )
        order = &self.account.orders[order_id - 1]
        terms = (order.asked_qty, order.limit_px, order.stop_px, order.trail, order.limit_offset)
        if order.flags & FROM_FILL:
            terms = (order.asked_qty, NAN, NAN, order.trail, order.limit_offset)
        leaves = order.qty - order.filled_qty
        if self.market.delayed:
            terms = self.sent_terms.get(order_id, terms)
            leaves = terms[0] - order.known_filled_qty
        return order_state(
            order_id, self.symbols[order.symbol], order.side, order.order_type, order.time_in_force, terms,
            leaves if order.known_status <= PARTIALLY_FILLED else 0.0, order.known_filled_qty, order.known_avg_px,
            order.known_status, self.tags.get(order_id, ""),
            order.reason if order.known_status > PARTIALLY_FILLED else NONE,
        )

    cdef double price(self, int32_t s, where, str name, value) except? -2.0:
        """NaN for None; OrderError for an invalid price."""
        if value is None:
            return NAN
        cdef double px = value
        cdef bint any_sign = self.account.instruments[s].negative_prices
        if not (isfinite(px) and (px > 0.0 or any_sign)):
            raise OrderError(f"{where}: {name} price {value} is not a {'finite' if any_sign else 'positive'} number")
        return px

    def order_target(self, str symbol not None, double quantity):
        """Sends a market order for the difference between `quantity` and the position with its open market orders.

        Returns its ticket, None if there is no difference.
        """
        cdef int32_t s = self.index(symbol)
        if not isfinite(quantity):
            raise OrderError(f"{symbol}: target {quantity} is not a finite number")
        return ticket_or_none(self, order_target(self.account, self.out, s, quantity))

    def order_target_percent(self, str symbol not None, double weight):
        """`order_target` for a quantity worth `weight` of equity (1.0 is all of it); None if there is no difference.

        The quantity is rounded down to whole lots after a taker's costs. It is smaller if the other positions and
        open market orders leave less buying power: `order_events` then has the quantity asked for. If nothing is left
        of it, the whole order is sent, and rejected. OrderError before the symbol's first price.
        """
        return ticket_or_none(self, order_target_percent(
            self.market, self.account, self.out, self.weighted(symbol, weight), weight
        ))

    cdef int32_t weighted(self, str symbol, double weight, str name="weight") except -1:
        """The index of a symbol that can be ordered by weight or value; OrderError if it cannot."""
        cdef int32_t s = self.index(symbol)
        if not isfinite(weight):
            raise OrderError(f"{symbol}: {name} {weight} is not a finite number")
        if not self.market.tickers[s].priced:
            raise OrderError(f"{symbol}: no price yet; a target {name} needs one")
        return s

    def order_target_value(self, str symbol not None, double value):
        """`order_target` for a quantity worth `value` in the run's currency, signed; None if there is no difference.

        Otherwise as `order_target_percent`.
        """
        return ticket_or_none(self, order_target_money(
            self.market, self.account, self.out, self.weighted(symbol, value, "value"), value, abs(value)
        ))

    def close(self, str symbol not None, leg=None):
        """Closes the position by a market order, of what its open market orders leave of it; returns its ticket.

        None if nothing is left. Other open orders stay. In a hedging account give a `leg`: its position is closed by a
        reduce-only order. OrderError as in `position`.
        """
        cdef double qty = self.position_of(symbol, leg).qty
        if self.account.legs == NULL:
            return self.order_target(symbol, 0.0)
        if leg is None:
            raise OrderError(f"{symbol}: a hedging account has two positions; close needs leg='long' or leg='short'")
        return self.send(symbol, -1 if qty > 0 else 1, abs(qty), reduce_only=True) if qty else None

    def close_all(self):
        """Closes every position as `close` does; returns the tickets, in the order of the symbols."""
        self.check_active()
        legs = (None,) if self.account.legs == NULL else ("long", "short")
        sent = [self.close(symbol, leg) for symbol in self.symbols for leg in legs]
        return [order_id for order_id in sent if order_id is not None]

    def order_target_weights(self, weights not None):
        """Brings several symbols to weights of equity, {symbol: weight}; other symbols stay as they are.

        Orders that lower a position are sent first, sells before buys in each, so that sales pay for purchases. Each
        order is as in `order_target_percent`. Returns the tickets by symbol, None where there is no difference.
        OrderError for an invalid symbol or weight, before anything is sent.
        """
        cdef int32_t s
        cdef double now, target
        ranked = []
        for symbol, weight in dict(weights).items():
            s = self.weighted(symbol, weight)
            now = self.account.positions[s].qty + self.out.pending[s]
            target = money_quantity(self.market, self.account, s, weight, abs(weight) * equity(self.account))
            ranked.append((not lowers(now, target), target > now, len(ranked), symbol, float(weight)))
        sent = {}
        for _, _, _, symbol, weight in sorted(ranked):
            sent[symbol] = ticket_or_none(self, order_target_percent(
                self.market, self.account, self.out, self.index(symbol), weight
            ))
        return {symbol: sent[symbol] for symbol in weights}

    def cancel(self, int64_t order_id):
        """Requests the cancellation of an order; the request has the latency of an order. OrderError: unknown id."""
        self.symbol_of(order_id)
        if cancel(self.out, order_id) < 0:
            raise MemoryError

    def amend(
        self, int64_t order_id, *, quantity=None, limit=None, stop=None, touch=None, trail=None, limit_offset=None
    ):
        """Requests new terms of an order; the request has the latency of an order.

        They are its total quantity, its limit, stop or touch price, and of a trailing order its distance (in the unit
        that it was sent with) and the offset of its limit. A trailing stop-limit has a limit once it has triggered.
        None leaves a value unchanged. OrderError for an unknown id, an invalid value, or one that the order type does
        not have.
        """
        cdef int32_t s = self.symbol_of(order_id)
        cdef int8_t kind = self.type_of(order_id)
        cdef double qty = NAN if quantity is None else quantity
        if quantity is not None and not (isfinite(qty) and qty > 0.0):
            raise OrderError(f"order {order_id}: quantity {quantity} is not a positive number")
        where = f"order {order_id}"
        cdef double distance = NAN if trail is None else trail
        cdef double offset = NAN if limit_offset is None else limit_offset
        if limit is not None and not WITH_LIMIT >> kind & 1:
            raise OrderError(f"{where}: a {type_name(kind)} order has no limit price to amend")
        if stop is not None and (not WITH_TRIGGER >> kind & 1 or TOUCHING >> kind & 1):
            raise OrderError(f"{where}: a {type_name(kind)} order has no stop price to amend")
        if touch is not None and not TOUCHING >> kind & 1:
            raise OrderError(f"{where}: a {type_name(kind)} order has no touch price to amend")
        if trail is not None and not TRAILING >> kind & 1:
            raise OrderError(f"{where}: a {type_name(kind)} order has no trailing distance to amend")
        if limit_offset is not None and kind != TRAILING_STOP_LIMIT:
            raise OrderError(f"{where}: a {type_name(kind)} order has no limit offset to amend")
        if trail is not None and not (isfinite(distance) and distance > 0.0):
            raise OrderError(f"{where}: trail {trail} is not a positive number")
        if limit_offset is not None and not (isfinite(offset) and offset >= 0.0):
            raise OrderError(f"{where}: limit_offset {limit_offset} is not a number of 0 or more")
        trigger = self.price(s, where, "stop" if touch is None else "touch", stop if touch is None else touch)
        limit_px = self.price(s, where, "limit", limit)
        if amend_trailing(self.out, order_id, qty, limit_px, trigger, distance, offset) < 0:
            raise MemoryError
        self.keep_terms(order_id, &self.out.items[self.out.count - 1])

    cdef const Request* unsent(self, int64_t order_id) except? NULL:
        """The request of an order sent in this callback; NULL if it was sent before. OrderError for an unknown id."""
        cdef int64_t i
        self.check_active()
        if 1 <= order_id <= self.account.n_orders:
            return NULL
        for i in range(self.out.count):
            if self.out.items[i].action == SUBMIT and self.out.items[i].order_id == order_id:
                return &self.out.items[i]
        raise OrderError(f"order {order_id}: no order with this id was sent")

    cdef int32_t symbol_of(self, int64_t order_id) except -1:
        cdef const Request* request = self.unsent(order_id)
        return self.account.orders[order_id - 1].symbol if request == NULL else request.symbol

    cdef int8_t type_of(self, int64_t order_id) except -1:
        cdef const Request* request = self.unsent(order_id)
        return self.account.orders[order_id - 1].order_type if request == NULL else request.order_type

    def open_orders(self, symbol=None):
        """Ids of the open orders, of `symbol` or of all symbols, in the order of sending.

        With response latency an order is listed until its end has been reported.
        """
        cdef int32_t s = -1 if symbol is None else self.index(symbol)
        cdef int64_t i
        self.check_active()
        for i in range(self.n_listed, self.account.n_orders):
            self.working.append(i + 1)
        self.n_listed = self.account.n_orders
        self.working = [order_id for order_id in self.working if self.is_working(order_id)]
        found = [order_id for order_id in self.working if s < 0 or self.symbol_of(order_id) == s]
        for i in range(self.out.count):
            if self.out.items[i].action == SUBMIT and (s < 0 or self.out.items[i].symbol == s):
                found.append(self.out.items[i].order_id)
        return found

    cdef bint is_working(self, int64_t order_id):
        return self.account.orders[order_id - 1].known_status <= PARTIALLY_FILLED

    def set_timer(self, moment, str name=None, *, bint after_bars=False):
        """Schedules one call of `on_timer` at `moment`, before the next event if past.

        It is int64 ns UTC, a datetime, a date or an ISO 8601 text; without an offset it is local in the run's timezone.
        OrderError for anything else. An `on_timer(self, ctx, name)` receives the `name`. A timer comes before the bars
        and ticks of its moment; with `after_bars` it comes after them, one nanosecond later.
        """
        self.check_active()
        self.add_timer(self.moment_of("moment", moment) + after_bars, name, None)

    def every(self, interval, str name=None, *, bint after_bars=False):
        """Calls `on_timer` at each multiple of `interval`, such as "5min", since local midnight in the run's timezone.

        "day", "week" (Monday), "month" and "quarter" are the local midnights that begin one. The first call is later
        than now, and they go on to the end of the data, also at times without data. `name` and `after_bars` are as in
        `set_timer`. OrderError for another interval, or one of more than a day.
        """
        self.check_active()
        self.add_repeating(repeat_every(interval, self.timezone), name, after_bars)

    def at(self, clock, str name=None, *, timezone=None, offset=None, bint after_bars=False):
        """Calls `on_timer` every day at a local time, such as "15:55", or at each session's "open" or "close".

        `timezone` is that of the time of day, by default the run's. Sessions are those of the run's calendar; `offset`,
        such as "-5min", is added to their times. Otherwise as `every`. OrderError for another time, without a calendar,
        or for an unknown timezone.
        """
        self.check_active()
        self.add_repeating(repeat_at(clock, timezone, offset, self.timezone, self.sessions), name, after_bars)

    cdef int add_timer(self, int64_t ts, str name, repeat) except -1:
        heappush(self.timers, (ts, self.n_timers, name, repeat))
        self.n_timers += 1
        self.out.next_timer = self.timers[0][0]
        return 0

    cdef int add_repeating(self, repeat, str name, bint after_bars) except -1:
        cdef int64_t ts = repeat.after(self.market.now)
        if ts != NEVER:
            self.add_timer(ts + after_bars, name, (repeat, after_bars))
        return 0

    cdef object take_timer(self):
        """Removes the timer that is due, adds its repetition, and returns its name."""
        _ts, _number, name, repeat = heappop(self.timers)
        self.out.next_timer = self.timers[0][0] if self.timers else NEVER
        if repeat is not None:
            self.add_repeating(repeat[0], name, repeat[1])
        return name

    cdef int64_t moment_of(self, str name, value) except? -1:
        """A time in ns UTC; OrderError for what is none."""
        if type(value) is int:
            return value
        try:
            return moment_ns(value, self.timezone, name)
        except DataError as error:
            raise OrderError(str(error)) from None

    @property
    def waiting_timers(self):
        """The times of the timers set once that have not been called, int64 ns UTC."""
        return [timer[0] for timer in self.timers if timer[3] is None]

    def log(self, str message not None):
        """Adds a line to the `logs` of the result."""
        self.check_active()
        self.logs.append((self.market.calls, message))


cdef tuple terms_of(const Request* request):
    """Quantity, limit, stop, trail and limit offset; a child from the fill of its parent has no price yet."""
    if request.flags & FROM_FILL:
        return request.qty, NAN, NAN, request.trail, request.limit_offset
    return request.qty, request.limit_px, request.stop_px, request.trail, request.limit_offset


cdef str type_name(int8_t order_type):
    return OrderType(order_type).name.lower()


cdef object ticket_or_none(Context ctx, int64_t order_id):
    """The ticket of an order, None if none was sent (0). MemoryError for -1."""
    if order_id < 0:
        raise MemoryError
    return ctx.ticket(order_id) if order_id else None


cdef int side_of(str symbol, side) except 0:
    """1 to buy, -1 to sell; OrderError for another word or number."""
    if type(side) is str:
        if side == "buy":
            return 1
        if side == "sell":
            return -1
    elif type(side) is not bool and (side == 1 or side == -1):
        return 1 if side == 1 else -1
    raise OrderError(f"{symbol}: side {side!r} is not 'buy' or 'sell', 1 or -1{near_name(side, ('buy', 'sell'))}")


cdef int raise_conflict(str symbol, int conflict) except -1:
    if conflict != NO_CONFLICT:
        raise OrderError(f"{symbol}: {_CONFLICTS[conflict]}")
    return 0


cdef (double, double) fractions(str symbol, limit, trigger) except *:
    """Limit and trigger price of an order `from_fill`, NaN for None; OrderError for one of -1 or less."""
    given = [NAN if value is None else float(value) for value in (limit, trigger)]
    for value in (limit, trigger):
        if value is not None and not (isfinite(value) and value > -1.0):
            raise OrderError(f"{symbol}: {value} is not a fraction of the parent's price above -1")
    return given[0], given[1]


cdef double distance(str symbol, str name, value, bint positive) except? -2.0:
    """NaN for None; OrderError for a value that is not positive, or not `positive` and below 0."""
    if value is None:
        return NAN
    cdef double d = value
    if not (isfinite(d) and (d > 0.0 or (d == 0.0 and not positive))):
        raise OrderError(f"{symbol}: {name} {value} is not {'' if positive else '0 or '}a positive number")
    return d
