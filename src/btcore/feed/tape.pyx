"""Many symbols' columns as one stream of events, ordered by delivery, then symbol, then kind, then row."""

cimport cython
from libc.stdint cimport int8_t, int32_t, int64_t, uint8_t, uint16_t
from libc.stdlib cimport calloc, free

import numpy as np

from btcore.feed.merge cimport merge_streams
from btcore.model cimport BAR, QUOTE, TRADE
from btcore.feed.stream cimport BLOCK

KINDS = {"quotes": QUOTE, "trades": TRADE, "bars": BAR}
MAX_STREAMS = 65535
_NARROW = 256  # streams that a byte can tell apart


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

    `order` tells the stream of each event, uint8 for up to 256 streams, else uint16; None where one stream is
    alone. Streams count by symbol, then quotes, trades, bars. An order that a tape of the same containers made
    may be given to another, which then merges nothing; ValueError if it has other numbers of events.

    It only borrows the columns and may serve any number of runs, in any number of threads.
    """

    def __cinit__(self):
        self.streams = NULL
        self.indexes = NULL

    def __init__(self, markets, order=None):
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
        self.indexes = <BlockIndex*> calloc(max(1, self.n_streams), sizeof(BlockIndex))
        if self.streams == NULL or self.indexes == NULL:
            raise MemoryError
        for i, (symbol_index, container) in enumerate(pairs):
            self.borrow(&self.streams[i], container)
            self.lend_index(&self.streams[i], &self.indexes[i], container)
            self.streams[i].symbol = symbol_index
        if self.n_streams > 1:
            self.take_order(order)

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

    cdef lend_index(self, Stream* stream, BlockIndex* index, container):
        """The extremes of the container's blocks, where it has them."""
        cdef const double[:, ::1] found
        if container.index is None or stream.n == 0:
            return
        found, index.offset = container.index
        index.n_blocks = found.shape[1]
        if found.shape[0] != (4 if stream.kind == QUOTE else 2) or index.n_blocks * BLOCK < index.offset + stream.n:
            raise ValueError(f"{container!r}: an index of {found.shape[0]} x {index.n_blocks} blocks is not its own")
        self.columns.append(found)
        index.buy_low = &found[0, 0]
        index.buy_high = &found[1, 0]
        index.sell_low = &found[found.shape[0] - 2, 0]
        index.sell_high = &found[found.shape[0] - 1, 0]
        stream.index = index

    cdef take_order(self, order):
        """The order given, if it can be one of these streams; else they are merged."""
        cdef const uint8_t[::1] narrow
        cdef const uint16_t[::1] wide
        cdef bint given = order is not None
        dtype = np.dtype(np.uint8 if self.n_streams <= _NARROW else np.uint16)
        if not given:
            order = self.merged(dtype)
        elif order.dtype != dtype or order.shape != (self.n_events,):
            raise ValueError(f"order: {order.shape} {order.dtype}, not ({self.n_events},) {dtype}")
        self.order = order
        if self.n_events == 0:
            return
        if dtype == np.uint8:
            narrow = order
            self.event_order.narrow = &narrow[0]
        else:
            wide = order
            self.event_order.wide = &wide[0]
        if given and not self.has_all_rows():
            raise ValueError("order: it is of streams with other numbers of rows")

    cdef merged(self, dtype):
        cdef uint8_t[::1] narrow
        cdef uint16_t[::1] wide
        cdef uint8_t* bytes_ = NULL
        cdef uint16_t* words = NULL
        cdef int outcome
        order = np.empty(self.n_events, dtype)
        if self.n_events == 0:
            return order
        if dtype == np.uint8:
            narrow = order
            bytes_ = &narrow[0]
        else:
            wide = order
            words = &wide[0]
        with nogil:
            outcome = merge_streams(self.streams, self.n_streams, bytes_, words)
        if outcome < 0:
            raise MemoryError
        order.flags.writeable = False
        return order

    cdef bint has_all_rows(self) except -1:
        """Whether the order has each stream as often as there are rows in it, so that no row is ever beyond its end."""
        cdef int64_t* left = <int64_t*> calloc(self.n_streams, sizeof(int64_t))
        cdef int64_t k, wrong = 0
        cdef int32_t s
        if left == NULL:
            raise MemoryError
        with nogil:
            for s in range(self.n_streams):
                left[s] = self.streams[s].n
            for k in range(self.n_events):
                s = stream_at(&self.event_order, k)
                if s >= self.n_streams:
                    wrong = 1
                    break
                left[s] -= 1
            for s in range(self.n_streams):
                wrong |= left[s]
        free(left)
        return wrong == 0

    def first_time(self):
        """The earliest market time there is, ns UTC."""
        return min(int(c.timestamp[0]) for c in self.containers if len(c))

    def last_time(self):
        """Delivery time of the last event, ns UTC."""
        return max(int(c.timestamp[len(c) - 1]) + getattr(c, "interval", 0) for c in self.containers if len(c))

    def __dealloc__(self):
        free(self.streams)
        free(self.indexes)
