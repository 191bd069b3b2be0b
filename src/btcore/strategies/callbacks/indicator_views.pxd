"""What a callback sees of an indicator: its values up to the latest row of its symbol that was delivered."""

from libc.stdint cimport int32_t, int64_t

ctypedef double* column_t
ctypedef const int64_t* rows_t


cdef class RowsSeen:
    cdef const int64_t* rows     # by stream; NULL outside of callbacks
    cdef int64_t now             # the time of the callback


cdef class IndicatorView:
    cdef RowsSeen seen
    cdef readonly str name
    cdef readonly str symbol     # of two, both with a comma
    cdef readonly tuple fields   # the names of the values
    cdef int32_t[2] streams      # whose rows count; the second is -1 for one symbol, both are where `times` count
    cdef dict places             # of the values, by field
    cdef tuple arrays            # of the fields, float64
    cdef column_t[3] columns      # where these are
    cdef rows_t[2] shared        # by rows of each stream: rows that both symbols have; NULL for one symbol
    cdef tuple counts            # the arrays of `shared`
    cdef readonly object times   # at which the values are known, int64 ns UTC
    cdef rows_t ends             # where these are
    cdef int64_t n_times
    cdef int64_t passed          # of these times, where they count
    cdef int64_t known           # values that were known after the run
    cdef object update           # of an object of one's own; None for an array
    cdef str kind                # of its events
    cdef str resolution          # likewise
    cdef dict events             # their columns by name
    cdef int64_t fed             # rows that it has had

    cdef int64_t count(self)
    cdef int feed(self) except -1
