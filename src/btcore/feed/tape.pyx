"""The columns of all symbols of a run, and the order of their events: by delivery, then symbol, then kind, then row."""

cimport cython
from libc.stdint cimport int8_t, int32_t, int64_t, uint8_t, uint16_t
from libc.stdlib cimport free

import numpy as np

from btcore.feed.merge cimport merge_streams
from btcore.feed.stream cimport BLOCK
from btcore.memory cimport zeroed
from btcore.model cimport BAR, QUOTE, TRADE

KINDS = {"quotes": QUOTE, "trades": TRADE, "bars": BAR}
MAX_STREAMS = 65535
_MAX_NARROW = 256  # streams whose numbers fit into a byte


cdef const double* address_of(object column, list columns):
    """The address of a float64 column, NULL for None. Appends the column to `columns`, which keeps it alive."""
    cdef const double[::1] view
    if column is None:
        return NULL
    view = column
    columns.append(view)
    return &view[0] if view.shape[0] else NULL


@cython.final
cdef class Tape:
    """The merged events of a run: `Tape([("AAPL", bars), ("MSFT", (quotes, trades))])`.

    `order` is the stream of each event, uint8 for up to 256 streams, else uint16; None for a single stream. Streams
    are numbered by symbol, then quotes, trades, bars. The order of a tape can be passed to a tape of the same
    containers, which then does not merge. `history` is the number of first rows of each stream that are before the run:
    strategies can read them, and they are no events of it; they come first in the order. Raises ValueError for an order
    of streams with other numbers of rows, for block extremes of other rows, and for more than MAX_STREAMS streams.

    A tape does not copy the columns. Any number of runs in any number of threads may read it.
    """

    def __cinit__(self):
        self.streams = NULL
        self.indexes = NULL

    def __init__(self, markets, order=None, history=None):
        cdef int32_t s = 0
        pairs = []
        for _, containers in markets:
            containers = containers if isinstance(containers, tuple) else (containers,)
            pairs.extend((s, c) for c in sorted(containers, key=lambda c: KINDS[c.kind]))
            s += 1
        if len(pairs) > MAX_STREAMS:
            raise ValueError(f"data: {len(pairs)} streams; at most {MAX_STREAMS} are allowed")
        self.symbols = tuple(symbol for symbol, _ in markets)
        self.containers = tuple(c for _, c in pairs)
        self.columns = []
        self.n_symbols = s
        self.n_streams = len(pairs)
        self.n_events = sum(len(c) for c in self.containers)
        self.history = tuple(history) if history is not None else (0,) * self.n_streams
        self.n_history = sum(self.history)
        if len(self.history) != self.n_streams or any(
            not 0 <= rows <= len(c) for rows, c in zip(self.history, self.containers)
        ):
            raise ValueError(f"history: {self.history} are not numbers of rows of the {self.n_streams} streams")
        self.streams = <Stream*> zeroed(self.n_streams, sizeof(Stream))
        self.indexes = <BlockIndex*> zeroed(self.n_streams, sizeof(BlockIndex))
        for i, (symbol_index, container) in enumerate(pairs):
            self.set_columns(&self.streams[i], container)
            self.set_index(&self.streams[i], &self.indexes[i], container)
            self.streams[i].symbol = symbol_index
        if self.n_streams > 1:
            self.set_order(order)

    cdef set_columns(self, Stream* stream, container):
        """Stores the addresses of the container's columns in `stream`."""
        cdef const int64_t[::1] ts = container.timestamp
        cdef const int64_t[::1] ends
        cdef const int8_t[::1] side
        columns = self.columns
        columns.append(ts)
        stream.n = ts.shape[0]
        stream.ts = stream.ends = &ts[0] if ts.shape[0] else NULL
        stream.kind = KINDS[container.kind]
        if stream.kind == QUOTE:
            stream.a = address_of(container.bid, columns)
            stream.b = address_of(container.ask, columns)
            stream.c = address_of(container.bid_size, columns)
            stream.d = address_of(container.ask_size, columns)
        elif stream.kind == BAR:
            if "end" not in container.columns:
                stream.interval = container.interval
            elif stream.n:
                ends = container.columns["end"]
                columns.append(ends)
                stream.ends = &ends[0]
            stream.a = address_of(container.open, columns)
            stream.b = address_of(container.high, columns)
            stream.c = address_of(container.low, columns)
            stream.d = address_of(container.close, columns)
            stream.e = address_of(container.volume, columns)
            if container.bid is not None and stream.n:
                stream.two_sided = 1
                self.set_side(&stream.bid, container.bid)
                self.set_side(&stream.ask, container.ask)
        else:
            stream.a = address_of(container.price, columns)
            stream.b = address_of(container.size, columns)
            if container.side is not None and stream.n:
                side = container.side
                columns.append(side)
                stream.side = &side[0]

    cdef set_side(self, SideColumns* side, prices):
        """Stores the addresses of the prices of one side of bars."""
        side.open = address_of(prices.open, self.columns)
        side.high = address_of(prices.high, self.columns)
        side.low = address_of(prices.low, self.columns)
        side.close = address_of(prices.close, self.columns)

    cdef set_index(self, Stream* stream, BlockIndex* index, container):
        """Stores the addresses of the container's block extremes in `index`, if it has them."""
        cdef const double[:, ::1] extremes
        if container.index is None or stream.n == 0:
            return
        extremes, index.offset = container.index
        index.n_blocks = extremes.shape[1]
        if extremes.shape[0] != (4 if stream.kind == QUOTE else 2) or index.n_blocks * BLOCK < index.offset + stream.n:
            raise ValueError(
                f"{container!r}: block extremes of shape ({extremes.shape[0]}, {index.n_blocks}) with offset "
                f"{index.offset} do not belong to its rows"
            )
        self.columns.append(extremes)
        index.buy_low = &extremes[0, 0]
        index.buy_high = &extremes[1, 0]
        index.sell_low = &extremes[extremes.shape[0] - 2, 0]
        index.sell_high = &extremes[extremes.shape[0] - 1, 0]
        stream.index = index

    cdef set_order(self, order):
        """Checks and stores the given order; merges the streams if it is None."""
        cdef const uint8_t[::1] narrow
        cdef const uint16_t[::1] wide
        cdef bint given = order is not None
        dtype = np.dtype(np.uint8 if self.n_streams <= _MAX_NARROW else np.uint16)
        if not given:
            order = self.merge(dtype)
        elif order.dtype != dtype or order.shape != (self.n_events,):
            raise ValueError(f"order: shape {order.shape} of {order.dtype}, not ({self.n_events},) of {dtype}")
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
            raise ValueError("order: belongs to streams with other numbers of rows")

    cdef merge(self, dtype):
        """The order of the streams, a read-only array."""
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
        """True if the order has each stream as often as the stream has rows, so that no read is past its end."""
        cdef int64_t* left = <int64_t*> zeroed(self.n_streams, sizeof(int64_t))
        cdef int64_t k, wrong = 0
        cdef int32_t s
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

    def __reduce__(self):
        """Pickled with its order, so that another process does not merge again."""
        cdef int32_t i
        streams = [[] for _ in range(self.n_symbols)]
        for i in range(self.n_streams):
            streams[self.streams[i].symbol].append(self.containers[i])
        return Tape, (list(zip(self.symbols, map(tuple, streams))), self.order)

    def last_time(self):
        """When the last event is delivered, ns UTC."""
        cdef int32_t s
        return max(
            delivery(&self.streams[s], self.streams[s].n - 1) for s in range(self.n_streams) if self.streams[s].n
        )

    def __dealloc__(self):
        free(self.streams)
        free(self.indexes)
