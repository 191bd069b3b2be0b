"""The next rows of many streams, copied a few hundred at a time into one block of memory of the run.

Mapped files begin at the same offset of a huge page. While many streams are read in step, their rows lie at the same
offsets, so all of them compete for a few places of the caches, which choose a place by the lower bits of the address.
The rows of such columns are copied: each line is read once, and the copies lie side by side.
"""

from libc.stdint cimport int8_t, int32_t, int64_t
from libc.string cimport memcpy, memset

from btcore.feed.stream cimport SideColumns, Stream
from btcore.model cimport BAR, TRADE


cdef enum:
    LINE = 64                    # bytes of a cache line
    SETS = 2048                  # of the second cache: lines whose numbers are equal modulo SETS share WAYS places
    WAYS = 8
    STAGED_ROWS = 256            # copied at once
    STAGED_PLACES = 264          # of a column: one for the open of the next bar; others let columns begin in other sets


cdef struct Staged:              # rows [first, end) of a stream
    int64_t first
    int64_t end
    Stream rows                  # their columns and those of the row after, counted from `first`; NULL: not copied
    int64_t[2] unused            # makes the size that of three cache lines


cdef inline bint is_crowded(const int64_t* column, int32_t* counts) noexcept nogil:
    """True if the set of the column's first line has WAYS columns already. Counts it."""
    cdef size_t line = <size_t> column // LINE % SETS
    counts[line] += 1
    return counts[line] > WAYS


cdef inline bint are_crowded(const Stream* streams, int32_t n_streams) noexcept nogil:
    """True if half of the columns that every event reads find no place in the cache while the streams go in step."""
    cdef int32_t[SETS] counts
    cdef int32_t s, n = 0, crowded = 0
    memset(counts, 0, sizeof(counts))
    for s in range(n_streams):
        if streams[s].n == 0:
            continue
        crowded += is_crowded(streams[s].ts, counts)
        crowded += is_crowded(<const int64_t*> streams[s].a, counts)
        n += 2
        if streams[s].kind != TRADE:
            crowded += is_crowded(<const int64_t*> streams[s].b, counts)
            n += 1
    return 2 * crowded >= n and n > 0


cdef inline void place(int64_t* block, const void** column, const void* source, int64_t* taken) noexcept nogil:
    """Gives the copy of a column its place in the block, if there is a column; NULL without a block."""
    column[0] = NULL
    if source != NULL:
        column[0] = NULL if block == NULL else block + taken[0]
        taken[0] += STAGED_PLACES


cdef inline int64_t place_columns(
    Staged* staged, const Stream* stream, bint sized, int64_t* block, int64_t taken
) noexcept nogil:
    """Gives the columns that a run reads places in the block, from `taken` on; returns the number taken afterwards.

    `block` may be NULL, to count. Sizes of quotes are read if `sized`.
    """
    cdef Stream* rows = &staged.rows
    cdef bint all_columns = sized or stream.kind == BAR
    rows[0] = stream[0]
    place(block, <const void**> &rows.ts, stream.ts, &taken)
    place(block, <const void**> &rows.a, stream.a, &taken)
    place(block, <const void**> &rows.b, stream.b, &taken)
    place(block, <const void**> &rows.c, stream.c if all_columns else NULL, &taken)
    place(block, <const void**> &rows.d, stream.d if all_columns else NULL, &taken)
    place(block, <const void**> &rows.e, stream.e, &taken)
    place(block, <const void**> &rows.side, stream.side, &taken)
    place_side(&rows.bid, &stream.bid, block, &taken)
    place_side(&rows.ask, &stream.ask, block, &taken)
    rows.ends = rows.ts
    if stream.ends != stream.ts:
        place(block, <const void**> &rows.ends, stream.ends, &taken)
    return taken


cdef inline void place_side(
    SideColumns* rows, const SideColumns* side, int64_t* block, int64_t* taken
) noexcept nogil:
    place(block, <const void**> &rows.open, side.open, taken)
    place(block, <const void**> &rows.high, side.high, taken)
    place(block, <const void**> &rows.low, side.low, taken)
    place(block, <const void**> &rows.close, side.close, taken)


cdef inline void copy_rows(
    const void* place, const void* column, int64_t row, int64_t count, size_t size
) noexcept nogil:
    if place != NULL:
        memcpy(<void*> place, <const char*> column + <size_t> row * size, <size_t> count * size)


cdef inline void copy_side(const SideColumns* rows, const SideColumns* side, int64_t row, int64_t count) noexcept nogil:
    copy_rows(rows.open, side.open, row, count, sizeof(double))
    copy_rows(rows.high, side.high, row, count, sizeof(double))
    copy_rows(rows.low, side.low, row, count, sizeof(double))
    copy_rows(rows.close, side.close, row, count, sizeof(double))


cdef inline void stage(Staged* staged, const Stream* stream, int64_t row) noexcept nogil:
    """Copies the rows from `row` on."""
    cdef Stream* rows = &staged.rows
    cdef int64_t count = min(stream.n - row, <int64_t> STAGED_ROWS + 1)
    rows.n = count
    copy_rows(rows.ts, stream.ts, row, count, sizeof(int64_t))
    copy_rows(rows.a, stream.a, row, count, sizeof(double))
    copy_rows(rows.b, stream.b, row, count, sizeof(double))
    copy_rows(rows.c, stream.c, row, count, sizeof(double))
    copy_rows(rows.d, stream.d, row, count, sizeof(double))
    copy_rows(rows.e, stream.e, row, count, sizeof(double))
    copy_rows(rows.side, stream.side, row, count, sizeof(int8_t))
    if rows.ends != rows.ts:
        copy_rows(rows.ends, stream.ends, row, count, sizeof(int64_t))
    if rows.two_sided:
        copy_side(&rows.bid, &stream.bid, row, count)
        copy_side(&rows.ask, &stream.ask, row, count)
    staged.first = row
    staged.end = min(stream.n, row + STAGED_ROWS)
