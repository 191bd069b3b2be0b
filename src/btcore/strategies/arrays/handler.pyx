"""Orders known before the run, sent each at its time."""

cimport cython
from libc.stdint cimport int32_t, int64_t, int8_t

from btcore.contract cimport Handler, new_order, send_order
from btcore.model cimport Account, Market, NEVER, Outbox, Request, START, TIMER


cdef struct State:
    int64_t n
    int64_t at               # the next one to send
    const int64_t* timestamp
    const int32_t* symbol
    const int8_t* side
    const double* quantity
    const double* limit_price
    const double* stop_price     # a stop's or touch price
    const double* trail
    const double* limit_offset
    const int8_t* order_type
    const int8_t* trail_by
    const int8_t* time_in_force
    const int8_t* flags
    const int64_t* expires
    const int64_t* oco
    const int64_t* parent        # row counted from 1, which is its order's id; 0 none
    const int64_t* latency


@cython.final
cdef class OrderArray(Handler):
    """Plays columns of one length, sorted by timestamp; `symbol` are indexes, NaN prices and latency -1 are none."""
    cdef State own
    cdef list columns

    def __init__(
        self, const int64_t[::1] timestamp not None, const int32_t[::1] symbol not None,
        const int8_t[::1] side not None, const double[::1] quantity not None,
        const double[::1] limit_price not None, const double[::1] stop_price not None,
        const double[::1] trail not None, const double[::1] limit_offset not None,
        const int8_t[::1] order_type not None, const int8_t[::1] trail_by not None,
        const int8_t[::1] time_in_force not None, const int8_t[::1] flags not None,
        const int64_t[::1] expires not None, const int64_t[::1] oco not None, const int64_t[::1] parent not None,
        const int64_t[::1] latency not None,
    ):
        self.columns = [
            timestamp, symbol, side, quantity, limit_price, stop_price, trail, limit_offset, order_type, trail_by,
            time_in_force, flags, expires, oco, parent, latency,
        ]
        self.state = &self.own
        self.on_event = on_event
        self.ignores_sizes = True
        self.own.n = timestamp.shape[0]
        if self.own.n == 0:
            return
        self.own.timestamp = &timestamp[0]
        self.own.symbol = &symbol[0]
        self.own.side = &side[0]
        self.own.quantity = &quantity[0]
        self.own.limit_price = &limit_price[0]
        self.own.stop_price = &stop_price[0]
        self.own.trail = &trail[0]
        self.own.limit_offset = &limit_offset[0]
        self.own.order_type = &order_type[0]
        self.own.trail_by = &trail_by[0]
        self.own.time_in_force = &time_in_force[0]
        self.own.flags = &flags[0]
        self.own.expires = &expires[0]
        self.own.oco = &oco[0]
        self.own.parent = &parent[0]
        self.own.latency = &latency[0]


cdef int on_event(void* state, const Market* market, const Account* account, Outbox* out) noexcept nogil:
    cdef State* own = <State*> state
    cdef Request request
    cdef int64_t i
    if market.kind != START and market.kind != TIMER:
        return 0
    while own.at < own.n and own.timestamp[own.at] <= market.now:
        i = own.at
        own.at += 1
        request = new_order(own.symbol[i], own.side[i], own.quantity[i])
        request.limit_px, request.stop_px = own.limit_price[i], own.stop_price[i]
        request.trail, request.limit_offset = own.trail[i], own.limit_offset[i]
        request.order_type, request.trail_by = own.order_type[i], own.trail_by[i]
        request.time_in_force, request.flags = own.time_in_force[i], own.flags[i]
        request.expires, request.oco, request.parent = own.expires[i], own.oco[i], own.parent[i]
        request.latency = own.latency[i]
        if send_order(out, &request) < 0:
            return 1
    out.next_timer = own.timestamp[own.at] if own.at < own.n else NEVER
    return 0
