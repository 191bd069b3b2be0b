"""What a Python strategy sees and does."""

from libc.stdint cimport int8_t, int32_t, int64_t

from btcore.model cimport Account, Market, Outbox, Position, Request


cdef class Context:
    cdef const Market* market
    cdef const Account* account
    cdef Outbox* out
    cdef dict indexes
    cdef list timers
    cdef list working                # ids of the orders sent and not known to have ended
    cdef int64_t n_seen              # orders looked at for it
    cdef int64_t groups              # the highest oco number used
    cdef dict streams                # (symbol, kind): its place on the tape, its container
    cdef readonly tuple symbols
    cdef readonly list logs          # (number of the call, message)

    cdef int32_t index(self, str symbol) except -1
    cdef int live(self) except -1
    cdef const Position* book(self, str symbol, leg) except NULL
    cdef double price(self, int32_t s, where, str what, value) except? -2.0
    cdef const Request* unsent(self, int64_t order_id) except? NULL
    cdef int32_t symbol_of(self, int64_t order_id) except -1
    cdef int8_t type_of(self, int64_t order_id) except -1
    cdef bint is_working(self, int64_t order_id)
