"""The adapter that calls a strategy's function by its address."""

cimport cython
from cpython.pycapsule cimport PyCapsule_GetName, PyCapsule_GetPointer
from libc.stdint cimport int32_t

from btcore.contract cimport Handler
from btcore.model cimport Account, BAR, END, FILL, Market, Outbox, QUOTE, START, TIMER, TRADE, on_event_t

from btcore.errors import OrderError
from btcore.strategies.compiled.order_calls import FAULTS as _FAULTS

# What a strategy may ask to hear of. Timers come to those who set them.
EVENTS = {"quotes": QUOTE, "trades": TRADE, "bars": BAR, "fills": FILL, "start": START, "end": END}
RAISED = -(1 << 31)    # what a function returns in which an exception was raised


def unpacked(capsule):
    """The pointer in a PyCapsule, as an integer, and its name, which of a `cdef api` function is its signature."""
    cdef const char* name = PyCapsule_GetName(capsule)
    return <size_t> PyCapsule_GetPointer(capsule, name), name.decode()


cdef struct Call:
    on_event_t function
    void* state
    int32_t kinds
    int32_t code             # what the function returned last
    int32_t fault


@cython.final
cdef class Relay(Handler):
    """One run of a compiled function: `on_event(state, market, account, out)` at the address, for each of `events`.

    It keeps `state`, a C-contiguous numpy array or None, and `owner`, to which the function belongs, alive.
    After the run `state` is as the function left it. `described` is for the run's manifest.
    """
    cdef Call box
    cdef object memory, owner
    cdef readonly dict described

    def __init__(self, size_t address, memory, events, owner, dict described not None):
        cdef unsigned char[::1] block
        self.memory, self.owner, self.described = memory, owner, described
        self.box.function = <on_event_t> <void*> address
        self.box.kinds = 1 << TIMER
        for name in events:
            self.box.kinds |= 1 << <int> EVENTS[name]
        if memory is not None:
            block = memory.reshape(-1).view("u1")
            self.box.state = &block[0]
        self.kinds = self.box.kinds
        self.state = &self.box
        self.on_event = call

    @property
    def final_state(self):
        """The run's own copy of the state."""
        return self.memory

    @property
    def error(self):
        """Why the run was ended, as an exception; None if it was not."""
        if self.box.fault:
            return OrderError(_FAULTS[self.box.fault])
        if self.box.code == RAISED:
            return RuntimeError("it raised an exception")
        return RuntimeError(f"it returned {self.box.code}") if self.box.code else None


cdef int call(void* state, const Market* market, const Account* account, Outbox* out) noexcept nogil:
    cdef Call* own = <Call*> state
    if not own.kinds >> market.kind & 1:
        return 0
    own.code = own.function(own.state, market, account, out)
    own.fault = out.fault
    return own.code != 0 or own.fault != 0
