"""Streams into one order: by delivery, then stream, then row.

One window of time is done after the other, so long that it holds a few thousand rows. These are gathered stream by
stream as offsets into the window, each with its stream in the low bits, and sorted by counting while the cache holds
them. A heap or a tournament of streams waits for a chain of comparisons at every row; here no row waits for another.
"""

from libc.stdint cimport INT64_MAX, int32_t, int64_t, uint8_t, uint16_t, uint32_t, uint64_t
from libc.stdlib cimport calloc, free, malloc
from libc.string cimport memcpy, memset

from btcore.feed.stream cimport Stream, delivery

cdef enum:
    WANTED = 4096                # rows in a window ..
    EACH = 16                    # .. or so many a stream, if that is more
    STREAM_BITS = 16
    OFFSET_BITS = 48
    DIGIT = 11                   # bits that one pass sorts by
    PATIENCE = 8                 # places a row may move, on average, within its bucket


cdef struct Window:
    int64_t start                # delivery of its first row
    uint64_t width               # ns
    int64_t n                    # rows gathered
    int64_t capacity
    int64_t following            # delivery of the first row after it
    uint64_t* keys               # offset << STREAM_BITS | stream
    uint64_t* spare
    uint32_t* counts
    int64_t* rows                # of each stream, the next one
    int64_t* ends                # and the first after the window


cdef inline int32_t bits_of(uint64_t x) noexcept nogil:
    cdef int32_t n = 0
    while x:
        n += 1
        x >>= 1
    return n


cdef inline bint gather(Window* window, const Stream* streams, int32_t n_streams) noexcept nogil:
    """The rows of the window, stream by stream; False if they are more than it can hold."""
    cdef const int64_t* ts
    cdef int64_t row, end, n = 0
    cdef uint64_t offset, start
    cdef int32_t s
    window.following = INT64_MAX
    for s in range(n_streams):
        ts = streams[s].ts
        start = <uint64_t> window.start - <uint64_t> streams[s].interval
        row = window.rows[s]
        end = min(streams[s].n, row + window.capacity - n)
        while row < end:
            offset = <uint64_t> ts[row] - start
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
    """Counts into places: each the sum of those before it."""
    cdef uint32_t count, place = 0
    cdef int64_t i
    for i in range(n):
        count = counts[i]
        counts[i] = place
        place += count


cdef inline void scatter(Window* window, int32_t shift, uint64_t mask) noexcept nogil:
    """Sorts by some bits and leaves equal ones in their order."""
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
    """From the least digit of the offsets to the greatest."""
    cdef int32_t shift = STREAM_BITS
    while shift < STREAM_BITS + bits:
        scatter(window, shift, (1 << DIGIT) - 1)
        shift += DIGIT


cdef inline bint sort_by_buckets(Window* window, int32_t bits) noexcept nogil:
    """By the leading bits into about as many buckets as rows, then by insertion; False where a bucket has too much."""
    cdef int32_t shift = max(0, bits - bits_of(window.n))
    cdef int64_t i, j, patience = PATIENCE * window.n
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
        patience -= i - j
        if patience < 0:
            return False
    return True


cdef inline int64_t take_moment(
    Window* window, const Stream* streams, int32_t n_streams, uint8_t* narrow, uint16_t* wide
) noexcept nogil:
    """Writes the rows delivered at the window's start, which are in order as they stand; returns how many."""
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


cdef inline int64_t take_window(
    Window* window, int32_t n_streams, uint8_t* narrow, uint16_t* wide
) noexcept nogil:
    """Writes the rows gathered, sorted; returns how many."""
    cdef int32_t bits = bits_of(window.width - 1)
    cdef int64_t i
    # Insertion must not be tried where two passes do; after it was given up, the rows are sorted all the same,
    # as the keys tell everything of them.
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
    """So that the next window holds about as many rows as are wanted, if they come as those of this one did."""
    cdef double factor = <double> wanted / max(window.n, 1)
    cdef double width = window.width * min(max(factor, 0.25), 4.0)
    return <uint64_t> min(max(width, 1.0), <double> ((<uint64_t> 1 << OFFSET_BITS) - 1))


cdef inline void merge_windows(
    Window* window, const Stream* streams, int32_t n_streams, int64_t left, uint8_t* narrow, uint16_t* wide
) noexcept nogil:
    cdef int64_t done, wanted = window.capacity // 2
    while left > 0:
        window.start = window.following
        if gather(window, streams, n_streams):
            done = take_window(window, n_streams, narrow, wide)
            window.width = next_width(window, wanted)
        elif window.width > 1:
            window.width >>= 1
            window.following = window.start
            continue
        else:
            done = take_moment(window, streams, n_streams, narrow, wide)
        left -= done
        if narrow != NULL:
            narrow += done
        else:
            wide += done


cdef inline int merge_streams(
    const Stream* streams, int32_t n_streams, uint8_t* narrow, uint16_t* wide
) noexcept nogil:
    """Fills `narrow`, or where it is NULL `wide`, with the stream of each event; -1 without memory."""
    cdef int64_t left = 0, capacity = 2 * max(WANTED, EACH * n_streams)
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
