"""One run of a sweep, a lane, and the block of bars that the lanes of a thread go through together."""

from libc.stdint cimport int64_t, int8_t

from btcore.fastpath.account cimport PlainAccount
from btcore.fastpath.decisions cimport BLOCK, Decider, Decisions, SLACK
from btcore.metrics.curve cimport CurveStats
from btcore.metrics.round_trips cimport Matcher
from btcore.metrics.run_metrics cimport RunMetrics
from btcore.model cimport Position

cdef enum Code:              # state of a lane
    PLAYED = 0               # no problem so far
    LEFT_TO_ENGINE = 1       # it has a case that only the engine simulates
    NO_MEMORY = 2

cdef struct Lane:
    Decider decider
    int8_t code              # Code
    double weight            # share of equity per unit of stance
    double cash
    Position position
    CurveStats curve
    Matcher matcher
    double* closes           # equity at the start, then at the end of each period
    RunMetrics* metrics

cdef struct Block:           # the working memory of one thread
    Decisions decisions      # of the current lane
    int64_t first_end        # the period ends within it are [first_end, last_end)
    int64_t last_end
    double lowest            # close
    double highest           # close
    PlainAccount plain       # the account of the current lane
    double[BLOCK + SLACK] px       # closes
    double[BLOCK + SLACK] equity   # of the current lane
