"""What was written down of an order array's run: a row and a reason an order."""

from libc.stdint cimport int64_t, int8_t

from btcore.fastpath.account cimport Book
from btcore.model cimport Exposure, Fill, Order
from btcore.feed.tape cimport Stream, Tape


cdef struct Trace:                   # the curve under way, into columns that may be absent
    int64_t* timestamp
    double* equity
    double* cash
    Exposure* held
    int64_t n_points
    int64_t n_held


cdef class OrderRecords:
    cdef readonly Tape tape
    cdef Stream stream               # the tape's one
    cdef const int64_t[::1] sent     # of each order, by time
    cdef const int8_t[:] side
    cdef const double[:] quantity
    cdef int64_t[::1] rows           # the one each has filled at
    cdef int8_t[::1] reasons         # NONE: it has filled, or waits to
    cdef int64_t n_sent
    cdef int64_t n_filled
    cdef readonly int64_t n_done     # events
    cdef readonly int64_t now        # ns UTC
    cdef int64_t start
    cdef int64_t mark_every          # ns; 0: every distinct time
    cdef Book book
    cdef object instrument
    cdef object execution
    cdef double capital

    cdef int64_t sent_at(self, int64_t i) noexcept nogil
    cdef bint met_standing(self, int64_t i) noexcept nogil
    cdef double px(self, int64_t i) noexcept nogil
    cdef int64_t filled_at(self, int64_t i) noexcept nogil
    cdef int fill_again(self, Book* book, int64_t i) noexcept nogil
    cdef void write_order(self, Order* order, int64_t i) noexcept nogil
    cdef void write_fill(self, Fill* made, int64_t i) noexcept nogil
    cdef play_again(self, Trace* trace)
    cdef void follow(self, Trace* trace, Book* book) noexcept nogil
    cdef int64_t next_fill(self, int64_t i) noexcept nogil
    cdef int64_t next_mark(self, int64_t now, int64_t last) noexcept nogil
