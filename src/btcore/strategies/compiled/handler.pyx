"""What the engine calls for a `Compiled`: the strategy's function, by its address."""

cimport cython
from cpython.pycapsule cimport PyCapsule_GetName, PyCapsule_GetPointer
from libc.stdint cimport int32_t

from btcore.contract cimport Handler, LISTED
from btcore.model cimport BAR, END, FILL, OTHER_BAR, QUOTE, START, TIMER, TRADE, on_event_t

from btcore.errors import OrderError
from btcore.strategies.compiled.order_calls import FAULTS as _FAULTS

# The events that a strategy may choose, by name. It is called for its timers in any case.
EVENTS = {
    "quotes": QUOTE, "trades": TRADE, "bars": BAR, "fills": FILL, "start": START, "end": END, "other_bars": OTHER_BAR,
}
RAISED = -(1 << 31)    # what a function of `jit.cfunc` returns after an exception
TOO_FEW = RAISED + 1   # what a function of `btcore.compiled` returns that has fewer states than there are symbols


def unpack_capsule(capsule):
    """The address in a PyCapsule and the capsule's name, which for a `cdef api` function is its signature."""
    cdef const char* name = PyCapsule_GetName(capsule)
    return <size_t> PyCapsule_GetPointer(capsule, name), name.decode()


@cython.final
cdef class CompiledHandler(Handler):
    """One run of the C function `on_event(state, market, account, out)` at `address`, for each of `events`.

    `memory`, a C-contiguous numpy array or None, is the state, which the function changes. `owner` is the object
    that the function belongs to; the handler holds a reference to it. `described` is the entry of the run's manifest.
    """
    cdef int32_t code            # what the function returned when it ended the run
    cdef int32_t fault           # the first invalid order call, 0 for none
    cdef object memory, owner
    cdef readonly dict described

    def __init__(self, size_t address, memory, events, owner, dict described not None):
        cdef unsigned char[::1] block
        self.memory, self.owner, self.described = memory, owner, described
        self.on_event = <on_event_t> <void*> address
        self.kinds = 1 << TIMER | 1 << LISTED
        for name in events:
            self.kinds |= 1 << <int> EVENTS[name]
        if memory is not None:
            block = memory.reshape(-1).view("u1")
            self.state = &block[0]

    @property
    def final_state(self):
        """The state of this run; None without one."""
        return self.memory

    def note_failure(self, int code, int fault):
        self.code, self.fault = code, fault

    @property
    def error(self):
        """Why the strategy ended the run, as an exception; None if it did not."""
        if self.fault:
            return OrderError(_FAULTS[self.fault])
        if self.code == RAISED:
            return RuntimeError("it raised an exception")
        if self.code == TOO_FEW:
            return RuntimeError("it was made for fewer symbols than the run has; give handler(symbols) their number")
        return RuntimeError(f"it returned {self.code}, not 0") if self.code else None
