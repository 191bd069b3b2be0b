"""What a Python strategy sees and does."""

cimport cython
from libc.math cimport NAN, isfinite
from libc.stdint cimport int32_t, int64_t, int8_t

from heapq import heappush

from btcore.contract cimport amend, cancel, new_order, order_target, send_order, target_quantity
from btcore.model cimport (
    GTD, PARTIALLY_FILLED, POST_ONLY, Position, REDUCE_ONLY, Request, SUBMIT, TRAILING_STOP_LIMIT,
)
from btcore.rules.accounting cimport equity
from btcore.rules.matching cimport TOUCHING, WITH_LIMIT, WITH_TRIGGER
from btcore.rules.order_terms cimport NO_CONFLICT, order_type_of, price_conflict, time_conflict

from btcore.errors import OrderError
from btcore.rules.order_terms import (
    CONFLICTS as _CONFLICTS, TIME_IN_FORCE as _TIME_IN_FORCE, TRAIL_BY as _TRAIL_BY
)
from btcore.times.clock import to_ns


_KINDS = ("quotes", "trades", "bars")  # as the tape orders a symbol's streams


@cython.final
cdef class Context:
    """What a strategy sees and does. Symbols are names, times int64 ns UTC, money is in the run's currency."""

    def __init__(self, tuple symbols not None):
        self.symbols = symbols
        self.indexes = {symbol: i for i, symbol in enumerate(symbols)}
        self.timers = []
        self.working = []
        self.logs = []

    def see(self, markets):
        """What `history` looks at: (symbol, containers) in the order of the run."""
        self.streams = {}
        for symbol, containers in markets:
            for container in sorted(containers, key=lambda c: _KINDS.index(c.kind)):
                self.streams[symbol, container.kind] = (len(self.streams), container)

    def history(self, str symbol not None, str column not None, *, rows=None, kind=None):
        """A read-only view of a column of the symbol's data, up to and with the newest event; the last `rows` of it.

        `kind` is "bars", "quotes" or "trades" where the symbol has several. OrderError if there is no such column.
        """
        self.index(symbol)
        kinds = [k for s, k in self.streams or () if s == symbol and kind in (None, k)]
        if len(kinds) != 1:
            raise OrderError(f"{symbol}: history of which kind? It has {', '.join(kinds) or f'no {kind}'}")
        place, container = self.streams[symbol, kinds[0]]
        if column not in container.columns:
            raise OrderError(f"{symbol}: {column!r} is not one of {', '.join(container.columns)}")
        cdef int64_t seen = self.market.rows[<int64_t> place]
        return container.columns[column][0 if rows is None else max(0, seen - rows):seen]

    cdef int32_t index(self, str symbol) except -1:
        self.live()
        try:
            return self.indexes[symbol]
        except KeyError:
            raise OrderError(f"{symbol!r} is not in this run; its symbols are {', '.join(self.symbols)}") from None

    cdef int live(self) except -1:
        if self.out == NULL:
            raise OrderError("a context works only inside the strategy's callbacks")
        return 0

    @property
    def now(self):
        """The run's clock, ns UTC."""
        self.live()
        return self.market.now

    @property
    def cash(self):
        self.live()
        return self.account.cash

    @property
    def equity(self):
        """Cash and positions at their marks."""
        self.live()
        return equity(self.account)

    def position(self, str symbol not None, leg=None):
        """Signed quantity held; of a hedging account the sum, or its "long" or "short" `leg`."""
        return self.book(symbol, leg).qty

    cdef const Position* book(self, str symbol, leg) except NULL:
        cdef int32_t s = self.index(symbol)
        if leg is None:
            return &self.account.positions[s]
        if leg not in ("long", "short"):
            raise OrderError(f"{symbol}: leg {leg!r} is not 'long' or 'short'")
        if self.account.legs == NULL:
            raise OrderError(f"{symbol}: a leg is asked for, but positions are netted")
        return &self.account.legs[2 * s + (leg == "short")]

    def average_price(self, str symbol not None, leg=None):
        """Average price of what is held; 0.0 when flat. A hedging account has one for each `leg` alone."""
        return self.book(symbol, leg).avg_px

    def mark(self, str symbol not None):
        """The price positions are valued at: close, mid or last trade; NaN before the first."""
        cdef int32_t s = self.index(symbol)
        return self.account.positions[s].mark if self.market.tickers[s].priced else NAN

    def buy(self, str symbol not None, double quantity, **terms):
        """Sends an order and returns its id. Its type follows from the prices given:

        none, market; `limit`; `stop`; both, stop-limit; `touch` (market-if-touched), with `limit` limit-if-touched;
        `trail` (trailing stop; `trail_by` "price", "percent" or "ticks"; `stop` if it is to start there), with
        `limit_offset` trailing stop-limit. `time_in_force` GTC, DAY, IOC, FOK, OPG (at the opening), CLS (at the
        close) or GTD, until `expires` (int64 ns UTC or a datetime). Orders of a symbol with one positive `oco` number
        end each other; a `parent` is the id of the order whose fills release this one. `post_only`, `reduce_only`;
        `latency_ms` replaces the run's for this order. OrderError if that makes no sense.
        """
        return self.send(symbol, 1, quantity, **terms)

    def sell(self, str symbol not None, double quantity, **terms):
        """As `buy`, to the other side."""
        return self.send(symbol, -1, quantity, **terms)

    def bracket(
        self, str symbol not None, double quantity, *, str side not None="buy", limit=None, stop=None,
        take_profit=None, stop_loss=None, str time_in_force not None="GTC", latency_ms=None,
    ):
        """An entry and what its fills release: a limit that takes profit and a stop that limits loss.

        (entry, take profit, stop loss) ids, None for a price that is not given. `time_in_force` is the entry's.
        """
        if side not in ("buy", "sell"):
            raise OrderError(f"{symbol}: side {side!r} is not 'buy' or 'sell'")
        cdef int8_t way = 1 if side == "buy" else -1
        for what, value in (("take_profit", take_profit), ("stop_loss", stop_loss)):
            self.price(self.index(symbol), symbol, what, value)
        entry = self.send(
            symbol, way, quantity, limit=limit, stop=stop, time_in_force=time_in_force, latency_ms=latency_ms
        )
        self.groups += 1
        children = {"parent": entry, "oco": self.groups, "latency_ms": latency_ms}
        target = loss = None
        if take_profit is not None:
            target = self.send(symbol, -way, quantity, limit=take_profit, **children)
        if stop_loss is not None:
            loss = self.send(symbol, -way, quantity, stop=stop_loss, **children)
        return entry, target, loss

    def send(
        self, str symbol not None, int side, double quantity, *, limit=None, stop=None, touch=None, trail=None,
        str trail_by not None="price", limit_offset=None, str time_in_force not None="GTC", expires=None, int64_t oco=0,
        int64_t parent=0, bint post_only=False, bint reduce_only=False, latency_ms=None,
    ):
        """`buy` (side 1) or `sell` (side -1)."""
        cdef int32_t s = self.index(symbol)
        cdef Request request = new_order(s, 1 if side > 0 else -1, quantity)
        if not (isfinite(quantity) and quantity > 0.0):
            raise OrderError(f"{symbol}: quantity {quantity} is not a positive number")
        if time_in_force not in _TIME_IN_FORCE:
            raise OrderError(f"{symbol}: time_in_force {time_in_force!r} is not one of {', '.join(_TIME_IN_FORCE)}")
        if trail_by not in _TRAIL_BY:
            raise OrderError(f"{symbol}: trail_by {trail_by!r} is not one of {', '.join(_TRAIL_BY)}")
        if oco < 0:
            raise OrderError(f"{symbol}: oco {oco} is negative")
        if latency_ms is not None:
            if not 0.0 <= latency_ms <= 86_400_000.0:
                raise OrderError(f"{symbol}: latency_ms {latency_ms} is not between 0 and a day")
            request.latency = round(latency_ms * 1e6)
        if parent != 0 and self.symbol_of(parent) != s:
            raise OrderError(f"{symbol}: its parent, order {parent}, is of another symbol")
        refuse_conflict(symbol, price_conflict(
            limit is not None, stop is not None, touch is not None, trail is not None, limit_offset is not None
        ))
        request.limit_px = self.price(s, symbol, "limit", limit)
        request.stop_px = self.price(s, symbol, "stop" if touch is None else "touch", stop if touch is None else touch)
        request.trail = distance(symbol, "trail", trail, True)
        request.limit_offset = distance(symbol, "limit_offset", limit_offset, False)
        request.order_type = order_type_of(
            limit is not None, stop is not None, touch is not None, trail is not None, limit_offset is not None
        )
        request.trail_by = _TRAIL_BY[trail_by]
        request.time_in_force = _TIME_IN_FORCE[time_in_force]
        request.flags = POST_ONLY * post_only | REDUCE_ONLY * reduce_only
        request.oco, request.parent = oco, parent
        self.groups = max(self.groups, oco)
        if request.time_in_force == GTD and expires is not None:
            request.expires = moment_of(expires)
        refuse_conflict(symbol, time_conflict(
            request.order_type, request.time_in_force, expires is not None, post_only
        ))
        cdef int64_t order_id = send_order(self.out, &request)
        if order_id < 0:
            raise MemoryError
        return order_id

    cdef double price(self, int32_t s, where, str what, value) except? -2.0:
        if value is None:
            return NAN
        cdef double px = value
        if not (isfinite(px) and (px > 0.0 or self.account.instruments[s].negative_prices)):
            raise OrderError(f"{where}: {what} price {value} is not a positive number")
        return px

    def order_target(self, str symbol not None, double quantity):
        """A market order for what position and open market orders lack of `quantity`; its id, None if nothing."""
        cdef int32_t s = self.index(symbol)
        if not isfinite(quantity):
            raise OrderError(f"{symbol}: target {quantity} is not a number")
        return sent(order_target(self.account, self.out, s, quantity))

    def order_target_percent(self, str symbol not None, double weight):
        """`order_target` for `weight` of equity (1.0 is all of it), in whole lots, after a taker's costs.

        Less, where buying power does not carry it beside the other symbols and their open market orders.
        """
        cdef int32_t s = self.index(symbol)
        if not isfinite(weight):
            raise OrderError(f"{symbol}: weight {weight} is not a number")
        if not self.market.tickers[s].priced:
            raise OrderError(f"{symbol}: has had no price yet")
        return sent(order_target(
            self.account, self.out, s, target_quantity(self.market, self.account, self.out, s, weight)
        ))

    def cancel(self, int64_t order_id):
        """Asks to end an order; the request travels like an order."""
        self.symbol_of(order_id)
        if cancel(self.out, order_id) < 0:
            raise MemoryError

    def amend(self, int64_t order_id, *, quantity=None, limit=None, stop=None, touch=None):
        """Asks for a new total quantity, limit, stop or touch price; the request travels like an order."""
        cdef int32_t s = self.symbol_of(order_id)
        cdef int8_t kind = self.type_of(order_id)
        cdef double qty = NAN if quantity is None else quantity
        if quantity is not None and not (isfinite(qty) and qty > 0.0):
            raise OrderError(f"order {order_id}: quantity {quantity} is not a positive number")
        if limit is not None and (not WITH_LIMIT >> kind & 1 or kind == TRAILING_STOP_LIMIT):
            raise OrderError(f"order {order_id}: has no limit price")
        if stop is not None and (not WITH_TRIGGER >> kind & 1 or TOUCHING >> kind & 1):
            raise OrderError(f"order {order_id}: has no stop price")
        if touch is not None and not TOUCHING >> kind & 1:
            raise OrderError(f"order {order_id}: has no touch price")
        where = f"order {order_id}"
        trigger = self.price(s, where, "stop" if touch is None else "touch", stop if touch is None else touch)
        if amend(self.out, order_id, qty, self.price(s, where, "limit", limit), trigger) < 0:
            raise MemoryError

    cdef const Request* unsent(self, int64_t order_id) except? NULL:
        """An order of this very callback; NULL for one sent before. OrderError if there is none."""
        cdef int64_t i
        self.live()
        if 1 <= order_id <= self.account.n_orders:
            return NULL
        for i in range(self.out.count):
            if self.out.items[i].action == SUBMIT and self.out.items[i].order_id == order_id:
                return &self.out.items[i]
        raise OrderError(f"order {order_id}: there is none")

    cdef int32_t symbol_of(self, int64_t order_id) except -1:
        cdef const Request* request = self.unsent(order_id)
        return self.account.orders[order_id - 1].symbol if request == NULL else request.symbol

    cdef int8_t type_of(self, int64_t order_id) except -1:
        cdef const Request* request = self.unsent(order_id)
        return self.account.orders[order_id - 1].order_type if request == NULL else request.order_type

    def open_orders(self, symbol=None):
        """Ids of the orders sent and not known to have ended, in the order of sending."""
        cdef int32_t s = -1 if symbol is None else self.index(symbol)
        cdef int64_t i
        self.live()
        for i in range(self.n_seen, self.account.n_orders):
            self.working.append(i + 1)
        self.n_seen = self.account.n_orders
        self.working = [order_id for order_id in self.working if self.is_working(order_id)]
        found = [order_id for order_id in self.working if s < 0 or self.symbol_of(order_id) == s]
        for i in range(self.out.count):
            if self.out.items[i].action == SUBMIT and (s < 0 or self.out.items[i].symbol == s):
                found.append(self.out.items[i].order_id)
        return found

    cdef bint is_working(self, int64_t order_id):
        return self.account.orders[order_id - 1].known_status <= PARTIALLY_FILLED

    def set_timer(self, moment):
        """Calls `on_timer` once at that time (int64 ns UTC or a datetime); at the next event if it has passed."""
        self.live()
        heappush(self.timers, moment_of(moment))
        self.out.next_timer = self.timers[0]

    def log(self, str message not None):
        """A line for the result's `logs`."""
        self.live()
        self.logs.append((self.market.calls, message))


cdef int64_t moment_of(value) except? -1:
    return int(value) if isinstance(value, int) else to_ns(value)


cdef object sent(int64_t order_id):
    """An id for the caller: None where there was nothing to send."""
    if order_id < 0:
        raise MemoryError
    return order_id or None


cdef int refuse_conflict(str symbol, int conflict) except -1:
    if conflict != NO_CONFLICT:
        raise OrderError(f"{symbol}: {_CONFLICTS[conflict]}")
    return 0


cdef double distance(where, str what, value, bint positive) except? -2.0:
    if value is None:
        return NAN
    cdef double d = value
    if not (isfinite(d) and (d > 0.0 or (d == 0.0 and not positive))):
        raise OrderError(f"{where}: {what} {value} is not a positive number")
    return d
