"""The changes of stance of one run in a block of rows.

A stance depends on prices alone, never on the account. So all changes within a block are found first, and the account
is simulated afterwards.
"""

from libc.math cimport isnan
from libc.stdint cimport int32_t, int64_t, int8_t, uint64_t

from btcore.fastpath.rolling_means cimport Mean
from btcore.fastpath.simd cimport Kernels, lowest_bit
from btcore.strategies.builtin.signal cimport SignalState

cdef enum:
    WORDS = 16               # words of 64 rows per block
    BLOCK = 64 * WORDS       # rows per block
    SLACK = 8                # extra items, since wide registers read and write beyond the end

cdef struct Change:          # of stance
    int32_t at               # index of the row in the block
    int8_t stance            # the new one: 1 long, 0 flat, -1 short

cdef struct Decider:         # the strategy of one run
    const SignalState* signal    # called at every row; NULL: ma_crossover of the two means below
    Mean* fast
    Mean* slow
    int8_t below             # stance while the fast mean is below the slow one: 0 or -1
    int8_t decided           # 1: the means have differed once, so the stance follows them
    int8_t stance            # the current one

cdef struct Decisions:       # the working memory of one thread, for the rows of one block
    int64_t begin            # index of its first row
    int64_t n                # rows
    const double* px         # prices of the rows
    int64_t n_changes
    Kernels kernels
    uint64_t[WORDS] above    # one bit per row: the fast mean is above the slow one
    uint64_t[WORDS] level    # one bit per row: the means are equal up to rounding
    Change[BLOCK] changes
    double[BLOCK + SLACK] zeros


cdef inline void add_change(Decisions* block, Decider* decider, int64_t at, int8_t stance) noexcept nogil:
    """Records a change of stance at bar `at` of the block."""
    block.changes[block.n_changes] = Change(at=<int32_t> at, stance=stance)
    block.n_changes += 1
    decider.stance = stance


cdef inline void find_changes(Decisions* block, Decider* decider) noexcept nogil:
    """Records the changes of stance in the block by calling the strategy's `decide` at each bar."""
    cdef int64_t i
    cdef int8_t stance
    for i in range(block.n):
        if isnan(block.px[i]):
            continue
        stance = decider.signal.decide(decider.signal.params, decider.signal.symbols, block.px[i], decider.stance)
        if stance != decider.stance:
            add_change(block, decider, i, stance)


cdef inline void find_crossings(Decisions* block, Decider* decider) noexcept nogil:
    """Records the changes of stance of an MA crossover, 64 bars at once.

    Must equal `decide` of `strategies/builtin/ma_crossover.pyx`. Where the means are level or not yet known, the stance
    does not change.
    """
    cdef int64_t warm = decider.slow.size - 1 - block.begin, w, words = (block.n + 63) // 64
    cdef uint64_t side, turns, left
    cdef bint above = decider.stance > 0
    cdef int j
    if warm >= block.n:
        return
    block.kernels.compare(decider.fast.out, decider.slow.out, words, block.above, block.level)
    for w in range(words):
        side = block.above[w]
        left = block.level[w]
        if 64 * w < warm:
            left |= ~<uint64_t> 0 if 64 * (w + 1) <= warm else (<uint64_t> 1 << (warm - 64 * w)) - 1
        if 64 * (w + 1) > block.n:
            left |= ~<uint64_t> 0 << (block.n - 64 * w)
        if not decider.decided and left != ~<uint64_t> 0:
            j = lowest_bit(~left)
            decider.decided = 1
            if decider.below != 0 and not side >> j & 1:
                add_change(block, decider, 64 * w + j, decider.below)
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
            add_change(block, decider, 64 * w + j, 1 if side >> j & 1 else decider.below)
