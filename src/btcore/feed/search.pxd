"""Search in a column of sorted times."""

from libc.stdint cimport int64_t

from btcore.model cimport NEVER


cdef struct CachedSearch:        # the last answer, reused while the same time is searched for
    int64_t when
    int64_t row
    int64_t distance             # rows from the start of the last search to its answer: the guess for the next search


cdef inline int64_t first_at(
    const int64_t* times, int64_t row, int64_t end, int64_t when, int64_t guess=1
) noexcept nogil:
    """The first row in [row, end) whose time is `when` or later; `end` if there is none.

    Galloping search: it begins `guess` rows ahead and doubles its steps, so a near answer is found sooner.
    """
    cdef int64_t low, high, middle, step = 8
    if row >= end or times[row] >= when:
        return row
    if when == NEVER or times[end - 1] < when:
        return end
    low, high = row, end - 1  # from here on times[low] < when <= times[high]
    middle = min(row + guess, high)
    if times[middle] < when:
        low = middle
        while low + step < high and times[low + step] < when:
            low += step
            step *= 2
        high = min(low + step, high)
    else:
        high = middle
        while high - step > low and times[high - step] >= when:
            high -= step
            step *= 2
        low = max(high - step, low)
    while high - low > 1:
        middle = low + (high - low) // 2
        if times[middle] < when:
            low = middle
        else:
            high = middle
    return high


cdef inline int64_t first_at_cached(
    CachedSearch* search, const int64_t* times, int64_t row, int64_t end, int64_t when
) noexcept nogil:
    """As `first_at`. `times` and `end` are the same in each call; `row` does not fall."""
    if when != search.when or row > search.row:
        search.row = first_at(times, row, end, when, search.distance)
        search.when = when
        search.distance = max(search.row - row, 1)
    return search.row
