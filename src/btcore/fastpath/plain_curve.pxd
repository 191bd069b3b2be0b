"""The equity curve of a plain run: its fills are applied again, and each point is written or summed up.

`replay` gives the points of the curve in order of time to a `Points`, which has columns for all of them, or room for
some and a `CurveSum` that they are added to whenever the room is full.
"""

from libc.stdint cimport int64_t

from btcore.fastpath.plain_records cimport PlainRecords
from btcore.metrics.curve cimport CurveStats
from btcore.metrics.round_trips cimport Matcher
from btcore.model cimport Exposure

cdef struct CurveSum:            # what metrics need of a curve and of fills
    CurveStats curve
    Matcher matcher
    double spread_cost           # half the spread of each quote that a taker met, in money
    const int64_t* closes        # when each period ends, ns UTC, ascending
    int64_t n_closes
    int64_t next_close
    int64_t n_new                # points since the last end of a period
    int64_t* end_ts              # time and equity of the last point of each period
    double* end_equity
    int64_t n_ends

cdef struct Points:
    int64_t* ts                  # ns UTC; NULL: points are counted alone
    double* equity
    double* cash                 # NULL: not written
    int64_t n
    int64_t capacity             # of the columns; with `sums` they are emptied when full
    CurveSum* sums               # NULL: none
    Exposure* exposures          # NULL: not written
    int64_t n_exposures


cdef class PlainCurve(PlainRecords):
    cdef replay(self, Points* points)
