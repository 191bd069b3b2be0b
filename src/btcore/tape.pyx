"""Many symbols' columns as one stream of events, ordered by delivery, then symbol, then kind, then row."""

cimport cython
from libc.stdint cimport int8_t, int32_t, int64_t, uint16_t
from libc.stdlib cimport calloc, free, malloc

from btcore.model cimport BAR, QUOTE, TRADE

KINDS = {"quotes": QUOTE, "trades": TRADE, "bars": BAR}
MAX_STREAMS = 65535


cdef const double* doubles(object column, list keep):
    """The address of a float64 column, NULL for None."""
    cdef const double[::1] view
    if column is None:
        return NULL
    view = column
    keep.append(view)
    return &view[0] if view.shape[0] else NULL


@cython.final
cdef class Tape:
    """The merged events of a run: `Tape([("AAPL", bars), ("MSFT", (quotes, trades))])`.

    It only borrows the columns and may serve any number of runs, in any number of threads.
    """

    def __cinit__(self):
        self.streams = NULL
        self.order = NULL

    def __init__(self, markets):
        cdef int32_t s = 0
        pairs = []
        for _, containers in markets:
            containers = containers if isinstance(containers, tuple) else (containers,)
            pairs.extend((s, c) for c in sorted(containers, key=lambda c: KINDS[c.kind]))
            s += 1
        if len(pairs) > MAX_STREAMS:
            raise ValueError(f"data: {len(pairs)} streams, at most {MAX_STREAMS} are possible")
        self.symbols = tuple(symbol for symbol, _ in markets)
        self.containers = tuple(c for _, c in pairs)
        self.columns = []
        self.n_symbols = s
        self.n_streams = len(pairs)
        self.n_events = sum(len(c) for c in self.containers)
        self.streams = <Stream*> calloc(max(1, self.n_streams), sizeof(Stream))
        if self.streams == NULL:
            raise MemoryError
        for i, (symbol_index, container) in enumerate(pairs):
            self.borrow(&self.streams[i], container)
            self.streams[i].symbol = symbol_index
        if self.n_streams > 1 and self.n_events:
            self.order = <uint16_t*> malloc(self.n_events * sizeof(uint16_t))
            if self.order == NULL:
                raise MemoryError
            with nogil:
                self.merge()

    cdef borrow(self, Stream* stream, container):
        cdef const int64_t[::1] ts = container.timestamp
        cdef const int8_t[::1] side
        keep = self.columns
        keep.append(ts)
        stream.n = ts.shape[0]
        stream.ts = &ts[0] if ts.shape[0] else NULL
        stream.kind = KINDS[container.kind]
        if stream.kind == QUOTE:
            stream.a = doubles(container.bid, keep)
            stream.b = doubles(container.ask, keep)
            stream.c = doubles(container.bid_size, keep)
            stream.d = doubles(container.ask_size, keep)
        elif stream.kind == BAR:
            stream.interval = container.interval
            stream.a = doubles(container.open, keep)
            stream.b = doubles(container.high, keep)
            stream.c = doubles(container.low, keep)
            stream.d = doubles(container.close, keep)
            stream.e = doubles(container.volume, keep)
        else:
            stream.a = doubles(container.price, keep)
            stream.b = doubles(container.size, keep)
            if container.side is not None and stream.n:
                side = container.side
                keep.append(side)
                stream.side = &side[0]

    cdef int32_t merge(self) except -1 nogil:
        """A heap of streams by (delivery, stream): the streams stand in the order that breaks ties."""
        cdef int32_t* heap = <int32_t*> malloc(self.n_streams * sizeof(int32_t))
        cdef int64_t* row = <int64_t*> calloc(self.n_streams, sizeof(int64_t))
        cdef int64_t* due = <int64_t*> malloc(self.n_streams * sizeof(int64_t))
        cdef int32_t n = 0, i, s
        cdef int64_t k
        if heap == NULL or row == NULL or due == NULL:
            free(heap)
            free(row)
            free(due)
            with gil:
                raise MemoryError
        for s in range(self.n_streams):
            if self.streams[s].n > 0:
                due[s] = delivery(&self.streams[s], 0)
                heap[n] = s
                n += 1
        for i in range(n // 2 - 1, -1, -1):
            sift(heap, n, i, due)
        for k in range(self.n_events):
            s = heap[0]
            self.order[k] = <uint16_t> s
            row[s] += 1
            if row[s] < self.streams[s].n:
                due[s] = delivery(&self.streams[s], row[s])
            else:
                n -= 1
                heap[0] = heap[n]
            sift(heap, n, 0, due)
        free(heap)
        free(row)
        free(due)
        return 0

    def first_time(self):
        """The earliest market time there is, ns UTC."""
        return min(int(c.timestamp[0]) for c in self.containers if len(c))

    def last_time(self):
        """Delivery time of the last event, ns UTC."""
        return max(int(c.timestamp[len(c) - 1]) + getattr(c, "interval", 0) for c in self.containers if len(c))

    def __dealloc__(self):
        free(self.streams)
        free(self.order)


cdef inline void sift(int32_t* heap, int32_t n, int32_t i, const int64_t* due) noexcept nogil:
    cdef int32_t child, s = heap[i]
    while True:
        child = 2 * i + 1
        if child >= n:
            break
        if child + 1 < n and comes_first(heap[child + 1], heap[child], due):
            child += 1
        if not comes_first(heap[child], s, due):
            break
        heap[i] = heap[child]
        i = child
    heap[i] = s


cdef inline bint comes_first(int32_t s, int32_t t, const int64_t* due) noexcept nogil:
    return due[s] < due[t] or (due[s] == due[t] and s < t)
