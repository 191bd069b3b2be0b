"""What the engine calls for `Orders`: sends each order at its time."""

cimport cython
from libc.stdint cimport int32_t, int64_t, int8_t

import numpy as np

from btcore.contract cimport Handler, new_order, send_order
from btcore.model cimport Account, END, Market, NEVER, Outbox, Request, START, TIMER


cdef struct State:
    int64_t n
    int64_t next                 # the next row to send
    const int64_t* timestamp
    const int32_t* symbol
    const int8_t* side
    const double* quantity
    const double* limit_price
    const double* stop_price     # a stop or touch price
    const double* trail
    const double* limit_offset
    const int8_t* order_type
    const int8_t* trail_by
    const int8_t* time_in_force
    const int8_t* flags
    const int64_t* expires
    const int64_t* oco
    const int64_t* parent        # row of the parent order, counted from 1; 0: none
    const int64_t* latency
    int64_t* ids                 # of the orders sent; NULL: not needed
    bint sends_all               # at the end it sends the rows after it, which expire


@cython.final
cdef class ArrayHandler(Handler):
    """Sends the orders of columns of equal length, sorted by timestamp.

    `symbol` has indexes into the symbols of the run. A price of NaN is none; a latency of -1 is that of the run. `ids`
    receives the id of each order; it may have no items if there are no parents. Ids are not rows where the simulation
    sends orders too.
    """
    cdef readonly object ids
    cdef State columns
    cdef list owners             # keeps the columns alive

    def __init__(
        self, const int64_t[::1] timestamp not None, const int32_t[::1] symbol not None,
        const int8_t[::1] side not None, const double[::1] quantity not None,
        const double[::1] limit_price not None, const double[::1] stop_price not None,
        const double[::1] trail not None, const double[::1] limit_offset not None,
        const int8_t[::1] order_type not None, const int8_t[::1] trail_by not None,
        const int8_t[::1] time_in_force not None, const int8_t[::1] flags not None,
        const int64_t[::1] expires not None, const int64_t[::1] oco not None, const int64_t[::1] parent not None,
        const int64_t[::1] latency not None, int64_t[::1] ids not None,
    ):
        self.owners = [
            timestamp, symbol, side, quantity, limit_price, stop_price, trail, limit_offset, order_type, trail_by,
            time_in_force, flags, expires, oco, parent, latency, ids,
        ]
        self.ids = np.asarray(ids)
        self.state = &self.columns
        self.on_event = on_event
        self.ignores_sizes = True
        self.columns.sends_all = True
        self.columns.n = timestamp.shape[0]
        if self.columns.n == 0:
            return
        self.columns.timestamp = &timestamp[0]
        self.columns.symbol = &symbol[0]
        self.columns.side = &side[0]
        self.columns.quantity = &quantity[0]
        self.columns.limit_price = &limit_price[0]
        self.columns.stop_price = &stop_price[0]
        self.columns.trail = &trail[0]
        self.columns.limit_offset = &limit_offset[0]
        self.columns.order_type = &order_type[0]
        self.columns.trail_by = &trail_by[0]
        self.columns.time_in_force = &time_in_force[0]
        self.columns.flags = &flags[0]
        self.columns.expires = &expires[0]
        self.columns.oco = &oco[0]
        self.columns.parent = &parent[0]
        self.columns.latency = &latency[0]
        if ids.shape[0]:
            self.columns.ids = &ids[0]

    def leave_out_later(self):
        """Rows after the end of the data are not sent."""
        self.columns.sends_all = False

    @property
    def described(self):
        """The entry of the run's manifest. Its name is part of fingerprints, so it stays if the class is renamed."""
        return {"kind": "compiled", "name": "OrderArray", "params": {}}


cdef int on_event(void* state, const Market* market, const Account* account, Outbox* out) noexcept nogil:
    """Sends the orders that are due, and sets the timer of the next one. At the end it sends the rest, which expire."""
    cdef State* columns = <State*> state
    cdef Request request
    cdef bint is_over = market.kind == END and columns.sends_all
    cdef int64_t i, order_id
    if market.kind != START and market.kind != TIMER and market.kind != END:
        return 0
    while columns.next < columns.n and (columns.timestamp[columns.next] <= market.now or is_over):
        i = columns.next
        columns.next += 1
        request = new_order(columns.symbol[i], columns.side[i], columns.quantity[i])
        request.limit_px, request.stop_px = columns.limit_price[i], columns.stop_price[i]
        request.trail, request.limit_offset = columns.trail[i], columns.limit_offset[i]
        request.order_type, request.trail_by = columns.order_type[i], columns.trail_by[i]
        request.time_in_force, request.flags = columns.time_in_force[i], columns.flags[i]
        request.expires, request.oco, request.latency = columns.expires[i], columns.oco[i], columns.latency[i]
        if columns.parent[i] > 0:
            request.parent = columns.ids[columns.parent[i] - 1]
        order_id = send_order(out, &request)
        if order_id < 0:
            return 1
        if columns.ids != NULL:
            columns.ids[i] = order_id
    out.next_timer = columns.timestamp[columns.next] if columns.next < columns.n else NEVER
    return 0
