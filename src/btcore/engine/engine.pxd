"""One run: its memory, and copies of its records. The loop itself is in `loop.pxd`."""

from btcore.contract cimport Handler
from btcore.engine.cost_calls cimport CostCalls
from btcore.engine.run cimport Run
from btcore.feed.tape cimport Tape
from btcore.model cimport Dated as ScheduledEvent, OtherBar


cdef class Engine:
    cdef Run run
    cdef readonly Tape tape
    cdef Handler handler
    cdef CostCalls cost_calls        # the user's cost models; None for none
    cdef void* block                 # memory of the copies that `run.staged` points into
    cdef tuple sessions              # opens, closes and rows by symbol, which the run points into
    cdef const ScheduledEvent[::1] scheduled  # likewise
    cdef const OtherBar[::1] other_bars       # likewise

    cdef place_rows(self)
    cdef int check(self) except -1
