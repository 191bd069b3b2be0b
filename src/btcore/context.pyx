"""Python callbacks over the one C contract: what a `bt.Strategy` is given, and the adapter that calls it."""

cimport cython
from cpython.ref cimport PyObject
from libc.math cimport NAN, isfinite
from libc.stdint cimport int32_t, int64_t, int8_t

from heapq import heappop, heappush

from btcore.contract cimport (
    Handler, amend, cancel, order_target, submit, target_quantity
)
from btcore.events cimport bar_event, fill_event, quote_event, trade_event
from btcore.model cimport (
    Account, BAR, END, FILL, LIMIT, Market, NEVER, Outbox, PARTIALLY_FILLED, QUOTE, START, STOP, STOP_LIMIT,
    SUBMIT, TIMER, TRADE,
)
from btcore.rules.accounting cimport equity

from btcore.config import TIME_IN_FORCE as _TIME_IN_FORCE, to_ns
from btcore.errors import OrderError


@cython.final
cdef class Context:
    """What a strategy sees and does. Symbols are names, times int64 ns UTC, money is in the run's currency."""
    cdef const Market* market
    cdef const Account* account
    cdef Outbox* out
    cdef dict indexes
    cdef list timers
    cdef list sent                   # (id, symbol) of the orders not known to have ended
    cdef readonly tuple symbols
    cdef readonly list logs          # (number of the call, message)

    def __init__(self, tuple symbols not None):
        self.symbols = symbols
        self.indexes = {symbol: i for i, symbol in enumerate(symbols)}
        self.timers = []
        self.sent = []
        self.logs = []

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

    def position(self, str symbol not None):
        """Signed quantity held."""
        return self.account.positions[self.index(symbol)].qty

    def average_price(self, str symbol not None):
        """Average price of what is held; 0.0 when flat."""
        return self.account.positions[self.index(symbol)].avg_px

    def mark(self, str symbol not None):
        """The price positions are valued at: close, mid or last trade; NaN before the first."""
        cdef int32_t s = self.index(symbol)
        return self.account.positions[s].mark if self.market.tickers[s].priced else NAN

    def buy(
        self, str symbol not None, double quantity, *, limit=None, stop=None, str time_in_force not None="GTC",
        int64_t oco=0, latency_ms=None,
    ):
        """Sends an order and returns its id. Market, limit, stop or stop-limit, by the prices given.

        `time_in_force` GTC, DAY, IOC or FOK; orders of a symbol with one positive `oco` number end each other;
        `latency_ms` replaces the run's for this order. OrderError if a number makes no sense.
        """
        return self.send(symbol, 1, quantity, limit, stop, time_in_force, oco, latency_ms)

    def sell(
        self, str symbol not None, double quantity, *, limit=None, stop=None, str time_in_force not None="GTC",
        int64_t oco=0, latency_ms=None,
    ):
        """As `buy`, to the other side."""
        return self.send(symbol, -1, quantity, limit, stop, time_in_force, oco, latency_ms)

    cdef send(self, str symbol, int8_t side, double quantity, limit, stop, str time_in_force, int64_t oco, latency_ms):
        cdef int32_t s = self.index(symbol)
        cdef int64_t latency = -1, order_id
        if not (isfinite(quantity) and quantity > 0.0):
            raise OrderError(f"{symbol}: quantity {quantity} is not a positive number")
        if time_in_force not in _TIME_IN_FORCE:
            raise OrderError(f"{symbol}: time_in_force {time_in_force!r} is not one of {', '.join(_TIME_IN_FORCE)}")
        if oco < 0:
            raise OrderError(f"{symbol}: oco {oco} is negative")
        if latency_ms is not None:
            if not 0.0 <= latency_ms <= 86_400_000.0:
                raise OrderError(f"{symbol}: latency_ms {latency_ms} is not between 0 and a day")
            latency = round(latency_ms * 1e6)
        order_id = submit(
            self.out, s, side, quantity, price(symbol, "limit", limit), price(symbol, "stop", stop),
            _TIME_IN_FORCE[time_in_force], oco, latency,
        )
        return self.note(order_id, s)

    cdef object note(self, int64_t order_id, int32_t s):
        if order_id < 0:
            raise MemoryError
        if order_id == 0:
            return None
        self.sent.append((order_id, s))
        return order_id

    def order_target(self, str symbol not None, double quantity):
        """A market order for what position and open market orders lack of `quantity`; its id, None if nothing."""
        cdef int32_t s = self.index(symbol)
        if not isfinite(quantity):
            raise OrderError(f"{symbol}: target {quantity} is not a number")
        return self.note(order_target(self.account, self.out, s, quantity), s)

    def order_target_percent(self, str symbol not None, double weight):
        """`order_target` for `weight` of equity (1.0 is all of it), in whole lots, after a taker's costs.

        Less, where buying power does not carry it beside the other symbols and their open market orders.
        """
        cdef int32_t s = self.index(symbol)
        if not isfinite(weight):
            raise OrderError(f"{symbol}: weight {weight} is not a number")
        if not self.market.tickers[s].priced:
            raise OrderError(f"{symbol}: has had no price yet")
        return self.note(
            order_target(
                self.account, self.out, s, target_quantity(self.market, self.account, self.out, s, weight)
            ), s,
        )

    def cancel(self, int64_t order_id):
        """Asks to end an order; the request travels like an order."""
        self.find(order_id)
        if cancel(self.out, order_id) < 0:
            raise MemoryError

    def amend(self, int64_t order_id, *, quantity=None, limit=None, stop=None):
        """Asks for a new total quantity, limit or stop price; the request travels like an order."""
        cdef int8_t kind = self.find(order_id)
        cdef double qty = NAN if quantity is None else quantity
        if quantity is not None and not (isfinite(qty) and qty > 0.0):
            raise OrderError(f"order {order_id}: quantity {quantity} is not a positive number")
        if limit is not None and kind != LIMIT and kind != STOP_LIMIT:
            raise OrderError(f"order {order_id}: has no limit price")
        if stop is not None and kind != STOP and kind != STOP_LIMIT:
            raise OrderError(f"order {order_id}: has no stop price")
        where = f"order {order_id}"
        if amend(self.out, order_id, qty, price(where, "limit", limit), price(where, "stop", stop)) < 0:
            raise MemoryError

    cdef int find(self, int64_t order_id) except -1:
        """Type of an order, sent already or in this very callback."""
        cdef int64_t i
        self.live()
        if 1 <= order_id <= self.account.n_orders:
            return self.account.orders[order_id - 1].order_type
        for i in range(self.out.count):
            if self.out.items[i].action == SUBMIT and self.out.items[i].order_id == order_id:
                return self.out.items[i].order_type
        raise OrderError(f"order {order_id}: there is none")

    def open_orders(self, symbol=None):
        """Ids of the orders sent and not ended, in the order of sending."""
        cdef int32_t s = -1 if symbol is None else self.index(symbol)
        self.live()
        self.sent = [pair for pair in self.sent if self.is_open(pair[0])]
        return [order_id for order_id, owner in self.sent if s < 0 or owner == s]

    cdef bint is_open(self, int64_t order_id):
        return order_id > self.account.n_orders or self.account.orders[order_id - 1].status <= PARTIALLY_FILLED

    def set_timer(self, moment):
        """Calls `on_timer` once at that time (int64 ns UTC or a datetime); at the next event if it has passed."""
        self.live()
        heappush(self.timers, int(moment) if isinstance(moment, int) else to_ns(moment))
        self.out.next_timer = self.timers[0]

    def log(self, str message not None):
        """A line for the result's `logs`."""
        self.live()
        self.logs.append((self.market.calls, message))


cdef double price(where, what, value) except? -2.0:
    if value is None:
        return NAN
    cdef double px = value
    if not (isfinite(px) and px > 0.0):
        raise OrderError(f"{where}: {what} price {value} is not a positive number")
    return px


cdef struct State:
    PyObject* adapter


@cython.final
cdef class PythonHandler(Handler):
    """Calls the hooks a strategy object defines, and only those."""
    cdef State box
    cdef readonly Context context
    cdef readonly object error       # what a hook raised
    cdef object on_start, on_bar, on_quote, on_trade, on_fill, on_timer, on_end

    def __init__(self, strategy, tuple symbols not None):
        self.context = Context(symbols)
        for kind, name in (
            (BAR, "on_bar"), (QUOTE, "on_quote"), (TRADE, "on_trade"), (FILL, "on_fill"),
        ):
            if getattr(strategy, name, None) is not None:
                self.kinds |= 1 << kind
        self.on_start = getattr(strategy, "on_start", None)
        self.on_bar = getattr(strategy, "on_bar", None)
        self.on_quote = getattr(strategy, "on_quote", None)
        self.on_trade = getattr(strategy, "on_trade", None)
        self.on_fill = getattr(strategy, "on_fill", None)
        self.on_timer = getattr(strategy, "on_timer", None)
        self.on_end = getattr(strategy, "on_end", None)
        self.box.adapter = <PyObject*> self
        self.state = &self.box
        self.on_event = call

    cdef object call(self, const Market* market):
        cdef int kind = market.kind
        cdef Context ctx = self.context
        if kind == BAR:
            self.on_bar(ctx, bar_event(ctx.symbols, market))
        elif kind == QUOTE:
            self.on_quote(ctx, quote_event(ctx.symbols, market))
        elif kind == TRADE:
            self.on_trade(ctx, trade_event(ctx.symbols, market))
        elif kind == FILL:
            self.on_fill(ctx, fill_event(ctx.symbols, market))
        elif kind == TIMER:
            heappop(ctx.timers)
            ctx.out.next_timer = ctx.timers[0] if ctx.timers else NEVER
            if self.on_timer is not None:
                self.on_timer(ctx)
        elif kind == START and self.on_start is not None:
            self.on_start(ctx)
        elif kind == END and self.on_end is not None:
            self.on_end(ctx)


cdef int call(void* state, const Market* market, const Account* account, Outbox* out) noexcept nogil:
    with gil:
        return guarded(<PythonHandler> (<State*> state).adapter, market, account, out)


cdef int guarded(PythonHandler handler, const Market* market, const Account* account, Outbox* out) noexcept:
    cdef Context ctx = handler.context
    ctx.market, ctx.account, ctx.out = market, account, out
    try:
        handler.call(market)
        return 0
    except BaseException as error:
        handler.error = error
        return 1
    finally:
        ctx.out = NULL
