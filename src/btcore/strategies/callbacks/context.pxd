"""`Context`: the data that callbacks read, and the methods that send orders and set timers."""

from libc.stdint cimport int8_t, int32_t, int64_t

from btcore.model cimport Account, Market, Outbox, Position, Request
from btcore.strategies.callbacks.indicator_views cimport RowsSeen


cdef class Context:
    cdef const Market* market
    cdef const Account* account
    cdef Outbox* out
    cdef dict indexes
    cdef list timers                # a heap of (ns UTC, number, name, (Repeat, after_bars) or None)
    cdef int64_t n_timers            # set so far
    cdef object sessions             # opens and closes of the run's calendar; None: there is none
    cdef list working                # ids of the orders that are not known to have ended
    cdef int64_t n_listed            # orders that were added to `working` so far
    cdef int64_t last_oco            # the highest oco number used
    cdef readonly str timezone       # of the run; times without an offset are local in it
    cdef dict streams                # by (symbol, kind or other resolution): index on the tape or -1, container
    cdef tuple resolutions           # of the bars, by symbol; "" for a symbol without
    cdef tuple other_resolutions     # of the run
    cdef RowsSeen seen               # rows that indicators may show
    cdef dict indicators             # by (name, symbol)
    cdef list fed_indicators         # those of one's own, which have to be fed
    cdef readonly tuple symbols
    cdef readonly list logs          # (number of the callback, message)
    cdef readonly dict tags          # by id of the order
    cdef object tickets              # the class of its tickets; None before the first
    cdef dict sent_terms             # with response latency: by id, the terms of an order as last requested

    cdef int feed_indicators(self) except -1
    cdef bint has_rows(self, int64_t n) except -1
    cdef int32_t index(self, str symbol) except -1
    cdef int check_active(self) except -1
    cdef const Position* position_of(self, str symbol, leg) except NULL
    cdef double price(self, int32_t s, where, str name, value) except? -2.0
    cdef const Request* unsent(self, int64_t order_id) except? NULL
    cdef int32_t symbol_of(self, int64_t order_id) except -1
    cdef int8_t type_of(self, int64_t order_id) except -1
    cdef bint is_working(self, int64_t order_id)
    cdef object ticket(self, int64_t order_id)
    cdef int keep_terms(self, int64_t order_id, const Request* request) except -1
    cdef int64_t moment_of(self, str name, value) except? -1
    cdef int add_timer(self, int64_t ts, str name, repeat) except -1
    cdef int add_repeating(self, repeat, str name, bint after_bars) except -1
    cdef object take_timer(self)
    cdef int32_t weighted(self, str symbol, double weight, str name=*) except -1
