"""The compact records of a plain run: for each order the row it filled at, or its reject reason."""

from libc.stdint cimport int64_t, int8_t

from btcore.fastpath.account cimport PlainAccount
from btcore.feed.tape cimport Stream, Tape
from btcore.model cimport Fill, Order


cdef enum:
    LOOK_AHEAD = 8                   # orders


cdef class PlainRecords:
    cdef readonly Tape tape
    cdef Stream stream               # the only stream of the tape
    cdef const int64_t[::1] sent     # time of each order, ns UTC, ascending
    cdef const int8_t[:] side
    cdef const double[:] quantity
    cdef int64_t[::1] rows           # row of the stream at which each order filled
    cdef int8_t[::1] reasons         # NONE: filled, or still waiting to fill
    cdef double[::1] paid            # quantity filled of an order with the reason NO_CASH; else not set
    cdef double[::1] px              # price of the fill; not set without one, likewise below
    cdef double[::1] cost            # its commission
    cdef int64_t n_given             # orders known in advance
    cdef int64_t n_sent              # orders sent so far
    cdef int64_t n_arrived           # orders dated within the data; the others are sent at the end, and expire
    cdef int64_t n_filled            # orders with a fill so far
    cdef readonly int64_t n_cut      # orders of which the account could pay only a part
    cdef readonly int64_t n_done     # events processed
    cdef readonly int64_t now        # ns UTC
    cdef bint answers_quotes         # 1: each order is sent, and fills, at the quote that the strategy answers
    cdef readonly int64_t start      # ns UTC
    cdef int64_t mark_every          # ns between points of the curve; 0: a point at every distinct time
    cdef PlainAccount plain
    cdef object instrument
    cdef object execution
    cdef double capital

    cdef int64_t sent_at(self, int64_t i) noexcept nogil
    cdef double filled_quantity(self, int64_t i) noexcept nogil
    cdef bint filled_on_arrival(self, int64_t i) noexcept nogil
    cdef void look_ahead(self, int64_t i) noexcept nogil
    cdef int64_t filled_at(self, int64_t i) noexcept nogil
    cdef int8_t status_of(self, int64_t i) noexcept nogil
    cdef void write_order(self, Order* order, int64_t i) noexcept nogil
    cdef void write_fill(self, Fill* fill, int64_t i) noexcept nogil
    cdef int64_t next_fill(self, int64_t i) noexcept nogil
