"""The open orders of each OCO group, found by its number: a hash table whose buckets are lists through the places."""

from libc.stdint cimport int32_t, int64_t, uint64_t
from libc.stdlib cimport calloc, free

from btcore.engine.heaps cimport Place, Places, reserve_places
from btcore.memory cimport NO_MEMORY
from btcore.model cimport Order


cdef struct Groups:
    int32_t* buckets         # 1 + the index of the bucket's first order; 0: none
    int64_t n_buckets        # a power of two
    int64_t n_orders


cdef inline int64_t bucket_of(const Groups* groups, int64_t oco) noexcept nogil:
    return <int64_t> ((<uint64_t> oco * 0x9E3779B97F4A7C15ULL) >> 32 & <uint64_t> (groups.n_buckets - 1))


cdef inline int32_t first_in_group(const Groups* groups, int64_t oco) noexcept nogil:
    """1 + the index of the first order of the group's bucket, which may be of another group; 0: none."""
    return groups.buckets[bucket_of(groups, oco)] if groups.n_buckets > 0 else 0


cdef inline int grow_groups(Groups* groups, Places* places, const Order* orders) noexcept nogil:
    """Doubles the number of buckets. Returns 0, or NO_MEMORY with nothing changed."""
    cdef Groups grown = Groups(buckets=NULL, n_buckets=max(2 * groups.n_buckets, 64), n_orders=groups.n_orders)
    cdef Place* place
    cdef int64_t b, to
    cdef int32_t i
    grown.buckets = <int32_t*> calloc(grown.n_buckets, sizeof(int32_t))
    if grown.buckets == NULL:
        return NO_MEMORY
    for b in range(groups.n_buckets):
        while groups.buckets[b]:
            i = groups.buckets[b]
            place = &places.items[i - 1]
            groups.buckets[b] = place.next_in_bucket
            to = bucket_of(&grown, orders[i - 1].oco)
            place.next_in_bucket = grown.buckets[to]
            grown.buckets[to] = i
    free(groups.buckets)
    groups[0] = grown
    return 0


cdef inline int join_group(Groups* groups, Places* places, const Order* orders, int64_t i) noexcept nogil:
    """Adds the order with index `i`, which has a group. Returns 0, or NO_MEMORY."""
    cdef int64_t b
    if reserve_places(places, i + 1) < 0:
        return NO_MEMORY
    if groups.n_orders >= groups.n_buckets and grow_groups(groups, places, orders) < 0:
        return NO_MEMORY
    b = bucket_of(groups, orders[i].oco)
    places.items[i].next_in_bucket = groups.buckets[b]
    groups.buckets[b] = <int32_t> (i + 1)
    groups.n_orders += 1
    return 0


cdef inline void leave_group(Groups* groups, Places* places, const Order* order) noexcept nogil:
    """Removes an order that is in its group."""
    cdef int32_t* link = &groups.buckets[bucket_of(groups, order.oco)]
    while link[0] != order.id:
        link = &places.items[link[0] - 1].next_in_bucket
    link[0] = places.items[order.id - 1].next_in_bucket
    groups.n_orders -= 1
