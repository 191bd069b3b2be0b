"""The columns of all symbols of a run, and the order of their events: by delivery, then symbol, then kind, then row."""

from libc.stdint cimport int32_t, int64_t

from btcore.feed.stream cimport BlockIndex, MergeOrder, SideColumns, Stream, delivery, load, stream_at


cdef class Tape:
    cdef Stream* streams
    cdef BlockIndex* indexes
    cdef MergeOrder event_order  # the stream of each event
    cdef readonly int32_t n_streams
    cdef readonly int32_t n_symbols
    cdef readonly int64_t n_events
    cdef readonly int64_t n_history  # of these, rows before the run
    cdef readonly tuple history      # the same by stream
    cdef readonly object order   # the array that `event_order` points into; None for a single stream
    cdef list columns            # keeps alive the arrays that the pointers point into
    cdef readonly tuple symbols
    cdef readonly tuple containers

    cdef set_columns(self, Stream* stream, container)
    cdef set_side(self, SideColumns* side, prices)
    cdef set_index(self, Stream* stream, BlockIndex* index, container)
    cdef set_order(self, order)
    cdef merge(self, dtype)
    cdef bint has_all_rows(self) except -1
