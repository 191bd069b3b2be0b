"""The loop: arrive -> match -> account -> ask the strategy -> mark equity."""

from libc.stdint cimport int32_t, int64_t

from btcore.contract cimport Handler
from btcore.engine.blotter cimport Report
from btcore.model cimport Dated, Market, Outbox
from btcore.engine.skip cimport Alarm
from btcore.feed.stream cimport Stream
from btcore.feed.tape cimport Tape
from btcore.engine.state cimport Exchange


cdef class Engine:
    cdef Exchange ex
    cdef Market market
    cdef Outbox out
    cdef readonly Tape tape
    cdef Handler handler
    cdef int64_t* rows               # the next row of each stream
    cdef readonly int64_t n_done     # events
    cdef int64_t seq                 # requests sent
    cdef int64_t mark_every          # ns; 0: every distinct time
    cdef int64_t mark_due
    cdef int64_t next_wake
    cdef int64_t last_point
    cdef tuple sessions              # keeps opens and closes alive
    cdef const Dated[::1] dated      # by time
    cdef int64_t n_dated
    cdef int64_t at_dated            # the next one
    cdef int64_t n_drawn             # requests that drew a latency
    cdef bint hears                  # the strategy, of the one stream's events
    cdef bint restful                # its quiet stretches can be skipped
    cdef Alarm wake_alarm
    cdef Alarm expiry_alarm
    cdef int code

    cdef void loop(self, int64_t n) noexcept nogil
    cdef void step(self) noexcept nogil
    cdef int bring(self, const Stream* stream, int64_t row, int64_t t) noexcept nogil
    cdef void rest(self, int64_t end) noexcept nogil
    cdef void pass_over(self, const Stream* stream, int64_t row, int64_t end, bint by_bars) noexcept nogil
    cdef void follow_up(self, int32_t symbol, int kind, int failed) noexcept nogil
    cdef void wake(self, int64_t t) noexcept nogil
    cdef int64_t next_dated(self, int64_t t) noexcept nogil
    cdef void pass_dated(self, int64_t ts) noexcept nogil
    cdef void skip_dated(self, int64_t start) noexcept nogil
    cdef void settle(self) noexcept nogil
    cdef void hear(self, Report* report) noexcept nogil
    cdef void tell(self, int64_t i) noexcept nogil
    cdef void drain(self) noexcept nogil
    cdef void report(self) noexcept nogil
    cdef void ask(self, int kind) noexcept nogil
    cdef int64_t next_due(self) noexcept nogil
    cdef void plan(self) noexcept nogil
    cdef void touch(self) noexcept nogil
    cdef void mark(self, int64_t ts) noexcept nogil
