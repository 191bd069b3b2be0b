"""One run of many, and what it decides in a block of bars.

A stance depends on prices alone, never on the account: so all the changes of a block are known before the account is
played through it.
"""

from libc.math cimport isnan
from libc.stdint cimport int32_t, int64_t, int8_t, uint64_t

from btcore.metrics.curve cimport CurveStats
from btcore.fastpath.account cimport Book
from btcore.fastpath.rolling_means cimport Mean
from btcore.fastpath.simd cimport Kernels, lowest_bit
from btcore.metrics.run_metrics cimport Measures
from btcore.model cimport Position
from btcore.metrics.round_trips cimport Matcher
from btcore.strategies.builtin.signal cimport SignalState

cdef enum:
    WORDS = 16
    BLOCK = 64 * WORDS       # bars taken at once
    SLACK = 8                # room for what wide registers touch beyond the end

cdef enum Code:
    PLAYED = 0
    GIVEN_UP = 1             # something the general engine must play
    NO_MEMORY = 2

cdef struct Change:
    int32_t at               # bar of the block
    int8_t stance

cdef struct Lane:
    const SignalState* signal    # asked at every bar; NULL: a crossing of two means
    Mean* fast
    Mean* slow
    int8_t below             # the stance while the fast mean is below
    int8_t decided           # it has taken a side
    int8_t stance
    int8_t code
    double weight
    double cash
    Position position
    CurveStats curve
    Matcher matcher
    double* closes           # its equity at the end of every period, after that at the start
    Measures* measures

cdef struct Block:           # what a thread works with
    int64_t begin
    int64_t n
    int64_t first_end        # of the period ends within it
    int64_t last_end
    double least             # of the closes
    double most
    int64_t n_changes
    Kernels wide
    Book book
    uint64_t[WORDS] above
    uint64_t[WORDS] level
    Change[BLOCK] changes
    double[BLOCK + SLACK] px
    double[BLOCK + SLACK] equity
    double[BLOCK + SLACK] zeros


cdef inline void change(Block* block, Lane* lane, int64_t at, int8_t stance) noexcept nogil:
    block.changes[block.n_changes] = Change(at=<int32_t> at, stance=stance)
    block.n_changes += 1
    lane.stance = stance


cdef inline void ask(Block* block, Lane* lane) noexcept nogil:
    """The changes of stance in the block, by the strategy's own rule."""
    cdef int64_t i
    cdef int8_t stance
    for i in range(block.n):
        if isnan(block.px[i]):
            continue
        stance = lane.signal.decide(lane.signal.terms, lane.signal.symbols, block.px[i], lane.stance)
        if stance != lane.stance:
            change(block, lane, i, stance)


cdef inline void cross(Block* block, Lane* lane) noexcept nogil:
    """Likewise of `ma_crossover`, 64 bars at once: where the means are level, or not known, the side is kept."""
    cdef int64_t warm = lane.slow.size - 1 - block.begin, w, words = (block.n + 63) // 64
    cdef uint64_t side, turns, left
    cdef bint above = lane.stance > 0
    cdef int j
    if warm >= block.n:
        return
    block.wide.compare(lane.fast.out, lane.slow.out, words, block.above, block.level)
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
                change(block, lane, 64 * w + j, lane.below)
        while left:  # seldom: takes over the side before it
            j = lowest_bit(left)
            left &= left - 1
            turns = side >> (j - 1) & 1 if j > 0 else above
            side = side & ~(<uint64_t> 1 << j) | turns << j
        turns = side ^ (side << 1 | above)
        above = side >> 63
        while turns:
            j = lowest_bit(turns)
            turns &= turns - 1
            change(block, lane, 64 * w + j, 1 if side >> j & 1 else lane.below)
