"""Python callbacks over the one C contract: the adapter that calls a `bt.Strategy`'s hooks."""

cimport cython
from cpython.ref cimport PyObject

from heapq import heappop

from btcore.strategies.callbacks.context cimport Context
from btcore.contract cimport Handler
from btcore.strategies.callbacks.events cimport (
    BarEvent, FillEvent, QuoteEvent, TradeEvent, read_bar, read_fill, read_quote, read_trade
)
from btcore.model cimport Account, BAR, FILL, Market, NEVER, Outbox, QUOTE, TIMER, TRADE

cdef extern from *:
    """
    #ifdef Py_GIL_DISABLED  /* a count of references proves nothing there */
    #define BTCORE_IS_SHARED(event) 1
    #else
    #define BTCORE_IS_SHARED(event) (Py_REFCNT(event) != 1)
    #endif
    """
    bint is_shared "BTCORE_IS_SHARED" (PyObject* event)

cdef extern from "Python.h":
    size_t PY_VECTORCALL_ARGUMENTS_OFFSET
    object PyObject_Vectorcall(object hook, PyObject* const* args, size_t nargs, PyObject* names)


_HOOKS = ("on_quote", "on_trade", "on_bar", "on_fill", "on_timer", "on_start", "on_end")  # by Kind


cdef struct State:
    PyObject* adapter


@cython.final
cdef class PythonHandler(Handler):
    """Calls the hooks a strategy object defines, and only those.

    An event that nobody holds when the next one comes is used again for it, so that none is allocated.
    """
    cdef State box
    cdef readonly Context context
    cdef readonly object error       # what a hook raised
    cdef tuple hooks                 # by Kind, None where there is none
    cdef QuoteEvent quote            # the last of each
    cdef TradeEvent trade
    cdef BarEvent bar
    cdef FillEvent fill

    def __init__(self, strategy, tuple symbols not None):
        self.context = Context(symbols)
        self.hooks = tuple([getattr(strategy, name, None) for name in _HOOKS])
        for kind, hook in enumerate(self.hooks):
            self.kinds |= (hook is not None) << kind
        self.keeps_gil = self.kinds & (1 << QUOTE | 1 << TRADE | 1 << BAR)
        self.box.adapter = <PyObject*> self
        self.state = &self.box
        self.on_event = call

    cdef int answer(self, const Market* market) noexcept:
        try:
            self.pass_on(market)
            return 0
        except BaseException as error:
            self.error = error
            return 1

    cdef int pass_on(self, const Market* market) except -1:
        cdef Context ctx = self.context
        cdef int kind = market.kind
        if kind == TIMER:
            heappop(ctx.timers)
            ctx.out.next_timer = ctx.timers[0] if ctx.timers else NEVER
        hook = self.hooks[kind]
        if hook is None:
            return 0
        if kind == QUOTE:
            if is_shared(<PyObject*> self.quote):
                self.quote = QuoteEvent.__new__(QuoteEvent)
            read_quote(self.quote, ctx.symbols, market)
            tell(hook, ctx, self.quote)
        elif kind == TRADE:
            if is_shared(<PyObject*> self.trade):
                self.trade = TradeEvent.__new__(TradeEvent)
            read_trade(self.trade, ctx.symbols, market)
            tell(hook, ctx, self.trade)
        elif kind == BAR:
            if is_shared(<PyObject*> self.bar):
                self.bar = BarEvent.__new__(BarEvent)
            read_bar(self.bar, ctx.symbols, market)
            tell(hook, ctx, self.bar)
        elif kind == FILL:
            if is_shared(<PyObject*> self.fill):
                self.fill = FillEvent.__new__(FillEvent)
            read_fill(self.fill, ctx.symbols, market)
            tell(hook, ctx, self.fill)
        else:
            hook(ctx)
        return 0


cdef inline object tell(object hook, Context ctx, object event):
    """`hook(ctx, event)`, from an array that leaves a bound method room for its self."""
    cdef PyObject* args[3]
    args[1], args[2] = <PyObject*> ctx, <PyObject*> event
    return PyObject_Vectorcall(hook, args + 1, 2 | PY_VECTORCALL_ARGUMENTS_OFFSET, NULL)


cdef int call(void* state, const Market* market, const Account* account, Outbox* out) noexcept nogil:
    with gil:
        return ask(<PythonHandler> (<State*> state).adapter, market, account, out)


cdef int ask(PythonHandler handler, const Market* market, const Account* account, Outbox* out) noexcept:
    cdef Context ctx = handler.context
    cdef int code
    ctx.market, ctx.account, ctx.out = market, account, out
    code = handler.answer(market)
    ctx.out = NULL
    return code
