"""Binary heaps of orders, by a price or a time, from which an order can be removed by its position."""

from libc.stdint cimport int32_t, int64_t, int8_t
from libc.stdlib cimport free, realloc
from libc.string cimport memset

from btcore.memory cimport NO_MEMORY, reserve

cdef enum:
    N_SLOTS = 3
    NO_SLOT = -1             # a heap whose positions are not stored

cdef struct Place:           # where an order is, beside its record
    int32_t[3] at            # by slot: 1 + its position in the heap of that slot; 0: in none
    int32_t next_in_bucket   # 1 + the index of the next order of its bucket (`groups.pxd`); 0: none
    int32_t first_child      # 1 + the index of its child with the lowest id; 0: none
    int32_t next_child       # 1 + the index of its parent's next child, by id
    int8_t rests             # 1: it is in the index of resting orders, not in its queue

cdef struct Places:          # by index of order; none are stored until an order needs one
    Place* items
    int64_t cap

cdef struct Entry:
    double key               # the lowest comes first, then the lowest `ts`, then the lowest `order`
    int64_t ts
    int32_t order            # index

cdef struct Heap:
    Entry* items
    int64_t n
    int64_t cap


cdef inline int reserve_places(Places* places, int64_t n) noexcept nogil:
    """Makes room for the places of `n` orders. Returns 0, or NO_MEMORY with nothing changed."""
    cdef int64_t wanted = max(2 * places.cap, n)
    cdef Place* moved
    if n <= places.cap:
        return 0
    moved = <Place*> realloc(places.items, <size_t> wanted * sizeof(Place))
    if moved == NULL:
        return NO_MEMORY
    memset(&moved[places.cap], 0, <size_t> (wanted - places.cap) * sizeof(Place))
    places.items = moved
    places.cap = wanted
    return 0


cdef inline bint rests_in_index(const Places* places, int64_t order) noexcept nogil:
    return order < places.cap and places.items[order].rests


cdef inline bint comes_before(const Entry* a, const Entry* b) noexcept nogil:
    if a.key != b.key:
        return a.key < b.key
    return a.ts < b.ts or (a.ts == b.ts and a.order < b.order)


cdef inline void put(Heap* heap, Places* places, int slot, int64_t i, const Entry* entry) noexcept nogil:
    heap.items[i] = entry[0]
    if slot != NO_SLOT:
        places.items[entry.order].at[slot] = <int32_t> (i + 1)


cdef inline void sift(Heap* heap, Places* places, int slot, int64_t i, const Entry entry) noexcept nogil:
    """Puts an entry at position `i`, or above or below it where the order of the heap demands it."""
    cdef int64_t next_
    while i > 0 and comes_before(&entry, &heap.items[(i - 1) // 2]):
        put(heap, places, slot, i, &heap.items[(i - 1) // 2])
        i = (i - 1) // 2
    while True:
        next_ = 2 * i + 1
        if next_ >= heap.n:
            break
        if next_ + 1 < heap.n and comes_before(&heap.items[next_ + 1], &heap.items[next_]):
            next_ += 1
        if not comes_before(&heap.items[next_], &entry):
            break
        put(heap, places, slot, i, &heap.items[next_])
        i = next_
    put(heap, places, slot, i, &entry)


cdef inline int reserve_entry(Heap* heap, int64_t n) noexcept nogil:
    """Makes room for entry number `n`, counted from 0. Returns 0, or NO_MEMORY."""
    while heap.cap <= n:
        if reserve(<void**> &heap.items, &heap.cap, heap.cap, sizeof(Entry)) < 0:
            return NO_MEMORY
    return 0


cdef inline void push(Heap* heap, Places* places, int slot, double key, int64_t ts, int32_t order) noexcept nogil:
    """Adds an entry, for which there is room."""
    heap.n += 1
    sift(heap, places, slot, heap.n - 1, Entry(key=key, ts=ts, order=order))


cdef inline int32_t remove_at(Heap* heap, Places* places, int slot, int64_t i) noexcept nogil:
    """Removes the entry at position `i`, and returns its order."""
    cdef int32_t order = heap.items[i].order
    cdef Entry last
    heap.n -= 1
    if slot != NO_SLOT:
        places.items[order].at[slot] = 0
    if i < heap.n:
        last = heap.items[heap.n]
        sift(heap, places, slot, i, last)
    return order


cdef inline void free_heap(Heap* heap) noexcept nogil:
    free(heap.items)
