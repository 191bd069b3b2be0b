"""Merges streams into one order of events: by delivery, then stream, then row.

The merge goes through windows of time that hold a few thousand rows each. The rows of a window become keys, the offset
into the window with the stream in the low bits, and are sorted by counting while they are in the cache. A heap of
streams needs a chain of dependent comparisons for each row; here the rows are independent of each other.
"""

from libc.stdint cimport INT64_MAX, int32_t, int64_t, uint8_t, uint16_t, uint32_t, uint64_t
from libc.stdlib cimport calloc, free, malloc
from libc.string cimport memcpy, memset

from btcore.feed.stream cimport Stream, delivery

cdef enum:
    WINDOW_ROWS = 4096           # target for the rows of a window ..
    ROWS_PER_STREAM = 16         # .. or this number for each stream, if that is more
    STREAM_BITS = 16
    OFFSET_BITS = 48
    DIGIT = 11                   # bits sorted by in one pass
    MAX_MEAN_MOVE = 8            # places by which insertion may move a row on average; beyond, digits are faster


cdef struct Window:
    int64_t start                # delivery of its first row
    uint64_t width               # ns
    int64_t n                    # rows in it
    int64_t capacity             # of `keys`
    int64_t following            # delivery of the first row after it
    uint64_t* keys               # offset << STREAM_BITS | stream
    uint64_t* spare              # a second array of the same size, to sort into
    uint32_t* counts
    int64_t* rows                # by stream: its next row
    int64_t* ends                # by stream: its first row after the window


cdef inline int32_t bits_of(uint64_t x) noexcept nogil:
    """The number of bits of `x` without leading zeros."""
    cdef int32_t n = 0
    while x:
        n += 1
        x >>= 1
    return n


cdef inline bint gather(Window* window, const Stream* streams, int32_t n_streams) noexcept nogil:
    """Writes the keys of the window's rows, stream by stream; False if there are more than it can hold."""
    cdef const int64_t* ends
    cdef int64_t row, end, n = 0
    cdef uint64_t offset, start
    cdef int32_t s
    window.following = INT64_MAX
    for s in range(n_streams):
        ends = streams[s].ends
        start = <uint64_t> window.start - <uint64_t> streams[s].interval
        row = window.rows[s]
        end = min(streams[s].n, row + window.capacity - n)
        while row < end:
            offset = <uint64_t> ends[row] - start
            if offset >= window.width:
                break
            window.keys[n] = offset << STREAM_BITS | <uint64_t> s
            n += 1
            row += 1
        if n == window.capacity:
            return False
        window.ends[s] = row
        if row < streams[s].n:
            window.following = min(window.following, delivery(&streams[s], row))
    window.n = n
    return True


cdef inline void accumulate(uint32_t* counts, int64_t n) noexcept nogil:
    """Replaces each count by the sum of the counts before it: the place of the first key with that digit."""
    cdef uint32_t count, place = 0
    cdef int64_t i
    for i in range(n):
        count = counts[i]
        counts[i] = place
        place += count


cdef inline void scatter(Window* window, int32_t shift, uint64_t mask) noexcept nogil:
    """One pass of a counting sort, by the bits of `mask` above `shift`. It is stable."""
    cdef const uint64_t* keys = window.keys
    cdef uint64_t* spare = window.spare
    cdef uint32_t* counts = window.counts
    cdef int64_t i
    memset(counts, 0, (mask + 1) * sizeof(uint32_t))
    for i in range(window.n):
        counts[keys[i] >> shift & mask] += 1
    accumulate(counts, mask + 1)
    for i in range(window.n):
        spare[counts[keys[i] >> shift & mask]] = keys[i]
        counts[keys[i] >> shift & mask] += 1
    window.spare = window.keys
    window.keys = spare


cdef inline void sort_by_digits(Window* window, int32_t bits) noexcept nogil:
    """Radix sort, from the least significant digit of the offsets to the most significant."""
    cdef int32_t shift = STREAM_BITS
    while shift < STREAM_BITS + bits:
        scatter(window, shift, (1 << DIGIT) - 1)
        shift += DIGIT


cdef inline bint sort_by_buckets(Window* window, int32_t bits) noexcept nogil:
    """Bucket sort by the leading bits, then insertion; False if insertion moves too many rows, which then are unsorted.

    There are about as many buckets as rows.
    """
    cdef int32_t shift = max(0, bits - bits_of(window.n))
    cdef int64_t i, j, moves_left = MAX_MEAN_MOVE * window.n
    cdef uint64_t key
    cdef uint64_t* keys
    scatter(window, STREAM_BITS + shift, (<uint64_t> 1 << (bits - shift)) - 1)
    keys = window.keys
    for i in range(1, window.n):
        key = keys[i]
        j = i
        while j > 0 and keys[j - 1] > key:
            keys[j] = keys[j - 1]
            j -= 1
        keys[j] = key
        moves_left -= i - j
        if moves_left < 0:
            return False
    return True


cdef inline int64_t write_one_time(
    Window* window, const Stream* streams, int32_t n_streams, uint8_t* narrow, uint16_t* wide
) noexcept nogil:
    """Writes the streams of the rows delivered at the start of the window, already in order; returns their number."""
    cdef int64_t row, n = 0
    cdef int32_t s
    window.following = INT64_MAX
    for s in range(n_streams):
        row = window.rows[s]
        while row < streams[s].n and delivery(&streams[s], row) == window.start:
            if narrow != NULL:
                narrow[n] = <uint8_t> s
            else:
                wide[n] = <uint16_t> s
            n += 1
            row += 1
        window.rows[s] = row
        if row < streams[s].n:
            window.following = min(window.following, delivery(&streams[s], row))
    return n


cdef inline int64_t write_window(
    Window* window, int32_t n_streams, uint8_t* narrow, uint16_t* wide
) noexcept nogil:
    """Sorts the rows of the window and writes their streams; returns their number."""
    cdef int32_t bits = bits_of(window.width - 1)
    cdef int64_t i
    # Two passes by digits beat buckets. Rows that buckets leave unsorted are still all there, so digits can sort them.
    if bits <= 2 * DIGIT or not sort_by_buckets(window, bits):
        sort_by_digits(window, bits)
    if narrow != NULL:
        for i in range(window.n):
            narrow[i] = <uint8_t> window.keys[i]
    else:
        for i in range(window.n):
            wide[i] = <uint16_t> window.keys[i]
    memcpy(window.rows, window.ends, n_streams * sizeof(int64_t))
    return window.n


cdef inline uint64_t next_width(const Window* window, int64_t wanted) noexcept nogil:
    """The width with which the next window holds about `wanted` rows, if they are as dense as in this one."""
    cdef double factor = <double> wanted / max(window.n, 1)
    cdef double width = window.width * min(max(factor, 0.25), 4.0)
    return <uint64_t> min(max(width, 1.0), <double> ((<uint64_t> 1 << OFFSET_BITS) - 1))


cdef inline void merge_windows(
    Window* window, const Stream* streams, int32_t n_streams, int64_t left, uint8_t* narrow, uint16_t* wide
) noexcept nogil:
    """Merges the `left` rows of all streams. A window with too many rows is halved; one of 1 ns needs no sorting."""
    cdef int64_t done, wanted = window.capacity // 2
    while left > 0:
        window.start = window.following
        if gather(window, streams, n_streams):
            done = write_window(window, n_streams, narrow, wide)
            window.width = next_width(window, wanted)
        elif window.width > 1:
            window.width >>= 1
            window.following = window.start
            continue
        else:
            done = write_one_time(window, streams, n_streams, narrow, wide)
        left -= done
        if narrow != NULL:
            narrow += done
        else:
            wide += done


cdef inline int merge_streams(
    const Stream* streams, int32_t n_streams, uint8_t* narrow, uint16_t* wide
) noexcept nogil:
    """Writes the stream of each event to `narrow`, or to `wide` if `narrow` is NULL.

    Returns 0, or -1 if memory runs out.
    """
    cdef int64_t left = 0, capacity = 2 * max(WINDOW_ROWS, ROWS_PER_STREAM * n_streams)
    cdef int64_t n_counts = max(2 * capacity, 1 << DIGIT)
    cdef Window window
    cdef int32_t s
    cdef int outcome = -1
    window.capacity = capacity
    window.width = 1
    window.keys = <uint64_t*> malloc(capacity * sizeof(uint64_t))
    window.spare = <uint64_t*> malloc(capacity * sizeof(uint64_t))
    window.counts = <uint32_t*> malloc(n_counts * sizeof(uint32_t))
    window.rows = <int64_t*> calloc(n_streams, sizeof(int64_t))
    window.ends = <int64_t*> calloc(n_streams, sizeof(int64_t))
    if (
        window.keys != NULL and window.spare != NULL and window.counts != NULL and window.rows != NULL
        and window.ends != NULL
    ):
        window.following = INT64_MAX
        for s in range(n_streams):
            left += streams[s].n
            if streams[s].n > 0:
                window.following = min(window.following, delivery(&streams[s], 0))
        merge_windows(&window, streams, n_streams, left, narrow, wide)
        outcome = 0
    free(window.keys)
    free(window.spare)
    free(window.counts)
    free(window.rows)
    free(window.ends)
    return outcome
