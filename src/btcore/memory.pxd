"""Growing arrays, and prefetch. Arrays double in size; nothing else allocates memory during a run."""

from libc.stdint cimport int64_t
from libc.stdlib cimport calloc, realloc
from libc.string cimport memcpy

cdef enum:
    NO_MEMORY = -1
    AHEAD = 256              # items to prefetch ahead in a loop of few nanoseconds per item

cdef extern from *:
    """
    #if defined(__GNUC__)
    #define BTCORE_PREFETCH(item) __builtin_prefetch(item)
    #else
    #define BTCORE_PREFETCH(item) ((void) 0)
    #endif
    """
    void prefetch "BTCORE_PREFETCH" (const void* item) noexcept nogil  # a hint to the CPU; any address is allowed


cdef inline int reserve(void** items, int64_t* capacity, int64_t count, size_t size) noexcept nogil:
    """Makes room for one more than `count` items. Returns 0, or NO_MEMORY with nothing changed."""
    cdef int64_t wanted
    cdef void* moved
    if count < capacity[0]:
        return 0
    wanted = 2 * capacity[0] if capacity[0] > 0 else 64
    moved = realloc(items[0], <size_t> wanted * size)
    if moved == NULL:
        return NO_MEMORY
    items[0] = moved
    capacity[0] = wanted
    return 0


cdef inline int append(
    void** items, int64_t* count, int64_t* capacity, const void* item, size_t size
) noexcept nogil:
    """Appends a copy of one item of `size` bytes. Returns 0, or NO_MEMORY with nothing changed."""
    if reserve(items, capacity, count[0], size) < 0:
        return NO_MEMORY
    memcpy(<char*> items[0] + <size_t> count[0] * size, item, size)
    count[0] += 1
    return 0


cdef inline void* zeroed(int64_t count, size_t size) except NULL:
    """Memory for `count` items of `size` bytes each, all zero. The caller frees it with `free`. Raises MemoryError."""
    cdef void* items = calloc(count if count > 0 else 1, size)
    if items == NULL:
        raise MemoryError
    return items
