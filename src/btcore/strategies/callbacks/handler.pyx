"""What the engine calls for a `Strategy`: the callbacks that its class defines."""

cimport cython
from cpython.ref cimport PyObject

from libc.stdint cimport int64_t

from btcore.contract cimport Handler
from btcore.model cimport (
    Account, BAR, BARS, FILL, Market, ORDER_REJECTED, OTHER_BAR, Outbox, QUOTE, TIMER, TRADE
)
from btcore.strategies.callbacks.context cimport Context
from btcore.strategies.callbacks.events cimport (
    BarEvent, FillEvent, QuoteEvent, TradeEvent, read_bar, read_fill, read_other_bar, read_quote, read_trade
)

from btcore.errors import ConfigError
from btcore.strategies.callbacks.repeating import takes_name

cdef extern from *:
    """
    #ifdef Py_GIL_DISABLED  /* the reference count is not exact there */
    #define BTCORE_IS_SHARED(event) 1
    #else
    #define BTCORE_IS_SHARED(event) (Py_REFCNT(event) != 1)
    #endif
    """
    bint is_shared "BTCORE_IS_SHARED" (PyObject* event)

cdef extern from "Python.h":
    size_t PY_VECTORCALL_ARGUMENTS_OFFSET
    object PyObject_Vectorcall(object callback, PyObject* const* args, size_t nargs, PyObject* names)


_CALLBACKS = (
    "on_quote", "on_trade", "on_bar", "on_fill", "on_timer", "on_start", "on_end", "on_bars", "on_reject", "on_cancel",
    "on_trigger", "on_other_bar",
)  # by Kind


cdef struct State:
    PyObject* handler


@cython.final
cdef class CallbackHandler(Handler):
    """Calls the callbacks of `strategy`, an object with any of `on_start`, `on_bar`, `on_quote` and so on.

    An event object is reused for the next event of its kind, unless the strategy holds a reference to it. So most
    events allocate no memory.
    """
    cdef State box
    cdef readonly Context context
    cdef readonly object strategy
    cdef readonly object error       # the exception that a callback raised, or None
    cdef tuple callbacks             # by Kind; None where the strategy has none
    cdef bint names_timers           # on_timer takes the name of the timer
    cdef QuoteEvent quote            # the latest event of each kind
    cdef TradeEvent trade
    cdef BarEvent bar
    cdef FillEvent fill
    cdef dict bars                   # by symbol, those of the current time; None: the strategy has no on_bars
    cdef int64_t warm_up             # rows of each symbol before the first call; 0 once they are there

    def __init__(self, strategy, tuple symbols not None):
        self.context = Context(symbols)
        self.strategy = strategy
        self.callbacks = tuple([getattr(strategy, name, None) for name in _CALLBACKS])
        for kind, callback in enumerate(self.callbacks):
            self.kinds |= (callback is not None) << kind
        self.bars = None if self.callbacks[BARS] is None else {}
        if self.bars is not None:
            self.kinds |= 1 << BAR
        rows = getattr(strategy, "warm_up", 0)
        if isinstance(rows, bool) or not isinstance(rows, int) or rows < 0:
            raise ConfigError(
                f"strategy: {type(strategy).__name__}.warm_up {rows!r} is not a whole number of rows from 0 on"
            )
        self.warm_up = rows
        self.names_timers = takes_name(self.callbacks[TIMER])
        self.keeps_gil = self.kinds & (1 << QUOTE | 1 << TRADE | 1 << BAR)
        self.box.handler = <PyObject*> self
        self.state = &self.box
        self.on_event = on_event

    cdef int handle(self, const Market* market, const Account* account, Outbox* out) noexcept:
        """Runs the callback of one event. The context is valid only during the call."""
        cdef Context ctx = self.context
        cdef int code
        ctx.market, ctx.account, ctx.out = market, account, out
        ctx.seen.rows, ctx.seen.now = market.rows, market.now
        code = self.run_callback(market)
        ctx.out, ctx.seen.rows = NULL, NULL
        return code

    cdef int run_callback(self, const Market* market) noexcept:
        """Returns 0, or 1 if the callback raised; the exception is then in `error`."""
        try:
            self.dispatch(market)
            return 0
        except BaseException as error:
            self.error = error
            return 1

    cdef int dispatch(self, const Market* market) except -1:
        cdef Context ctx = self.context
        cdef int kind = market.kind
        name = ctx.take_timer() if kind == TIMER else None
        if ctx.fed_indicators:
            ctx.feed_indicators()
        if self.warm_up and kind in (QUOTE, TRADE, BAR, BARS, TIMER, OTHER_BAR):
            if not ctx.has_rows(self.warm_up):
                return 0
            self.warm_up = 0
        callback = self.callbacks[kind]
        if kind == BAR and self.bars is not None:
            self.bars[ctx.symbols[market.symbol]] = self.latest_bar(market)
            if callback is not None:
                call(callback, ctx, self.bar)
            return 0
        if callback is None:
            return 0
        if kind == QUOTE:
            if is_shared(<PyObject*> self.quote):
                self.quote = QuoteEvent.__new__(QuoteEvent)
            read_quote(self.quote, ctx.symbols, market)
            call(callback, ctx, self.quote)
        elif kind == TRADE:
            if is_shared(<PyObject*> self.trade):
                self.trade = TradeEvent.__new__(TradeEvent)
            read_trade(self.trade, ctx.symbols, market)
            call(callback, ctx, self.trade)
        elif kind == BAR:
            call(callback, ctx, self.latest_bar(market))
        elif kind == BARS:
            bars, self.bars = self.bars, {}
            call(callback, ctx, bars)
        elif kind == FILL:
            if is_shared(<PyObject*> self.fill):
                self.fill = FillEvent.__new__(FillEvent)
            read_fill(self.fill, ctx.symbols, market)
            call(callback, ctx, self.fill)
        elif kind == OTHER_BAR:
            bar = BarEvent.__new__(BarEvent)
            read_other_bar(bar, ctx.symbols, ctx.other_resolutions, market)
            call(callback, ctx, bar)
        elif kind >= ORDER_REJECTED:
            callback(ctx, ctx.order(market.fill.order_id))
        elif kind == TIMER and self.names_timers:
            callback(ctx, name)
        else:
            callback(ctx)
        return 0

    cdef BarEvent latest_bar(self, const Market* market):
        if is_shared(<PyObject*> self.bar):
            self.bar = BarEvent.__new__(BarEvent)
        read_bar(self.bar, self.context.symbols, self.context.resolutions, market)
        return self.bar


cdef inline object call(object callback, Context ctx, object event):
    """`callback(ctx, event)`. The free first item lets a bound method insert its `self` without a copy."""
    cdef PyObject* args[3]
    args[1], args[2] = <PyObject*> ctx, <PyObject*> event
    return PyObject_Vectorcall(callback, args + 1, 2 | PY_VECTORCALL_ARGUMENTS_OFFSET, NULL)


cdef int on_event(void* state, const Market* market, const Account* account, Outbox* out) noexcept nogil:
    with gil:
        return (<CallbackHandler> (<State*> state).handler).handle(market, account, out)
