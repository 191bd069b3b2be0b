"""One run of a sweep (a lane), and its changes of stance in a block of bars.

A stance depends on prices alone, never on the account. So all changes within a block are found first, and the account
is simulated afterwards.
"""

from libc.math cimport isnan
from libc.stdint cimport int32_t, int64_t, int8_t, uint64_t

from btcore.fastpath.account cimport PlainAccount
from btcore.fastpath.rolling_means cimport Mean
from btcore.fastpath.simd cimport Kernels, lowest_bit
from btcore.metrics.curve cimport CurveStats
from btcore.metrics.round_trips cimport Matcher
from btcore.metrics.run_metrics cimport RunMetrics
from btcore.model cimport Position
from btcore.strategies.builtin.signal cimport SignalState

cdef enum:
    WORDS = 16               # words of 64 bars per block
    BLOCK = 64 * WORDS       # bars per block
    SLACK = 8                # extra items, since wide registers read and write beyond the end

cdef enum Code:              # state of a lane
    PLAYED = 0               # no problem so far
    LEFT_TO_ENGINE = 1       # it has a case that only the engine simulates
    NO_MEMORY = 2

cdef struct Change:          # of stance
    int32_t at               # index of the bar in the block
    int8_t stance            # the new one: 1 long, 0 flat, -1 short

cdef struct Lane:
    const SignalState* signal    # a strategy called at every bar; NULL: ma_crossover of the two means below
    Mean* fast
    Mean* slow
    int8_t below             # stance while the fast mean is below the slow one: 0 or -1
    int8_t decided           # 1: the means have differed once, so the stance follows them
    int8_t stance            # the current one
    int8_t code              # Code
    double weight            # share of equity per unit of stance
    double cash
    Position position
    CurveStats curve
    Matcher matcher
    double* closes           # equity at the start, then at the end of each period
    RunMetrics* metrics

cdef struct Block:           # the working memory of one thread
    int64_t begin            # index of its first bar
    int64_t n                # bars
    int64_t first_end        # the period ends within it are [first_end, last_end)
    int64_t last_end
    double lowest            # close
    double highest           # close
    int64_t n_changes        # of the current lane
    Kernels kernels
    PlainAccount plain       # the account of the current lane
    uint64_t[WORDS] above    # one bit per bar: the fast mean is above the slow one
    uint64_t[WORDS] level    # one bit per bar: the means are equal up to rounding
    Change[BLOCK] changes
    double[BLOCK + SLACK] px       # closes
    double[BLOCK + SLACK] equity   # of the current lane
    double[BLOCK + SLACK] zeros


cdef inline void add_change(Block* block, Lane* lane, int64_t at, int8_t stance) noexcept nogil:
    """Records a change of stance at bar `at` of the block."""
    block.changes[block.n_changes] = Change(at=<int32_t> at, stance=stance)
    block.n_changes += 1
    lane.stance = stance


cdef inline void find_changes(Block* block, Lane* lane) noexcept nogil:
    """Records the changes of stance in the block by calling the strategy's `decide` at each bar."""
    cdef int64_t i
    cdef int8_t stance
    for i in range(block.n):
        if isnan(block.px[i]):
            continue
        stance = lane.signal.decide(lane.signal.params, lane.signal.symbols, block.px[i], lane.stance)
        if stance != lane.stance:
            add_change(block, lane, i, stance)


cdef inline void find_crossings(Block* block, Lane* lane) noexcept nogil:
    """Records the changes of stance of an MA crossover, 64 bars at once.

    Must equal `decide` of `strategies/builtin/ma_crossover.pyx`. Where the means are level or not yet known, the stance
    does not change.
    """
    cdef int64_t warm = lane.slow.size - 1 - block.begin, w, words = (block.n + 63) // 64
    cdef uint64_t side, turns, left
    cdef bint above = lane.stance > 0
    cdef int j
    if warm >= block.n:
        return
    block.kernels.compare(lane.fast.out, lane.slow.out, words, block.above, block.level)
    for w in range(words):
        side = block.above[w]
        left = block.level[w]
        if 64 * w < warm:
            left |= ~<uint64_t> 0 if 64 * (w + 1) <= warm else (<uint64_t> 1 << (warm - 64 * w)) - 1
        if 64 * (w + 1) > block.n:
            left |= ~<uint64_t> 0 << (block.n - 64 * w)
        if not lane.decided and left != ~<uint64_t> 0:
            j = lowest_bit(~left)
            lane.decided = 1
            if lane.below != 0 and not side >> j & 1:
                add_change(block, lane, 64 * w + j, lane.below)
        while left:  # rare: a bar whose means are level or unknown has the side of the bar before it
            j = lowest_bit(left)
            left &= left - 1
            turns = side >> (j - 1) & 1 if j > 0 else above
            side = side & ~(<uint64_t> 1 << j) | turns << j
        turns = side ^ (side << 1 | above)
        above = side >> 63
        while turns:
            j = lowest_bit(turns)
            turns &= turns - 1
            add_change(block, lane, 64 * w + j, 1 if side >> j & 1 else lane.below)
