"""Many symbols' columns as one stream of events, ordered by delivery, then symbol, then kind, then row."""

from libc.stdint cimport int32_t, int64_t

from btcore.feed.stream cimport BlockIndex, MergeOrder, Stream, delivery, load, stream_at


cdef class Tape:
    cdef Stream* streams
    cdef BlockIndex* indexes
    cdef MergeOrder event_order        # whose event comes next
    cdef readonly int32_t n_streams
    cdef readonly int32_t n_symbols
    cdef readonly int64_t n_events
    cdef readonly object order   # the array that `event_order` points into; None where one stream is alone
    cdef list columns            # keeps what the pointers point into
    cdef readonly tuple symbols
    cdef readonly tuple containers

    cdef borrow(self, Stream* stream, container)
    cdef lend_index(self, Stream* stream, BlockIndex* index, container)
    cdef take_order(self, order)
    cdef merged(self, dtype)
    cdef bint has_all_rows(self) except -1
