"""What the engine calls for a `Strategy`: the callbacks that its class defines."""

cimport cython
from cpython.ref cimport PyObject

from btcore.contract cimport Handler
from btcore.model cimport Account, BAR, FILL, Market, Outbox, QUOTE, TIMER, TRADE
from btcore.strategies.callbacks.context cimport Context
from btcore.strategies.callbacks.events cimport (
    BarEvent, FillEvent, QuoteEvent, TradeEvent, read_bar, read_fill, read_quote, read_trade
)

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


_CALLBACKS = ("on_quote", "on_trade", "on_bar", "on_fill", "on_timer", "on_start", "on_end")  # by Kind


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

    def __init__(self, strategy, tuple symbols not None):
        self.context = Context(symbols)
        self.strategy = strategy
        self.callbacks = tuple([getattr(strategy, name, None) for name in _CALLBACKS])
        for kind, callback in enumerate(self.callbacks):
            self.kinds |= (callback is not None) << kind
        self.names_timers = takes_name(self.callbacks[TIMER])
        self.keeps_gil = self.kinds & (1 << QUOTE | 1 << TRADE | 1 << BAR)
        self.box.handler = <PyObject*> self
        self.state = &self.box
        self.on_event = on_event

    cdef int handle(self, const Market* market, const Account* account, Outbox* out) noexcept:
        """Runs the callback of one event. The context is valid only during the call."""
        cdef Context ctx = self.context
        cdef int code
        ctx.market, ctx.account, ctx.out, ctx.seen.rows = market, account, out, market.rows
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
        callback = self.callbacks[kind]
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
            if is_shared(<PyObject*> self.bar):
                self.bar = BarEvent.__new__(BarEvent)
            read_bar(self.bar, ctx.symbols, market)
            call(callback, ctx, self.bar)
        elif kind == FILL:
            if is_shared(<PyObject*> self.fill):
                self.fill = FillEvent.__new__(FillEvent)
            read_fill(self.fill, ctx.symbols, market)
            call(callback, ctx, self.fill)
        elif kind == TIMER and self.names_timers:
            callback(ctx, name)
        else:
            callback(ctx)
        return 0


cdef inline object call(object callback, Context ctx, object event):
    """`callback(ctx, event)`. The free first item lets a bound method insert its `self` without a copy."""
    cdef PyObject* args[3]
    args[1], args[2] = <PyObject*> ctx, <PyObject*> event
    return PyObject_Vectorcall(callback, args + 1, 2 | PY_VECTORCALL_ARGUMENTS_OFFSET, NULL)


cdef int on_event(void* state, const Market* market, const Account* account, Outbox* out) noexcept nogil:
    with gil:
        return (<CallbackHandler> (<State*> state).handler).handle(market, account, out)
