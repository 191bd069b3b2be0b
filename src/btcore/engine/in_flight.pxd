"""Messages on their way: requests to the exchange, reports to the strategy. Both arrive in order of time."""

from libc.stdint cimport int64_t, int8_t
from libc.stdlib cimport free

from btcore.memory cimport append, reserve
from btcore.model cimport NEVER, Order, Request
from btcore.rules.latency cimport LatencyTerms, delay


cdef struct Report:
    int64_t ts_arrives
    int64_t order_id
    int64_t fill             # index of the fill; -1: the order has ended; -2: it was triggered
    int8_t status            # of the order
    int8_t applied           # the strategy's copy of the account already includes it; only the callback is due

cdef struct InFlight:
    Request* requests        # a binary heap ordered by (ts_arrives, seq)
    int64_t n_requests
    int64_t cap_requests
    Report* reports          # in order of arrival; empty without response latency and callbacks for ends
    int64_t n_reports
    int64_t cap_reports
    int64_t next_report      # index of the first that has not arrived
    LatencyTerms response    # delay of reports
    int8_t delayed           # 1: with response latency, the strategy learns of fills and ends from reports
    int8_t reports_ends      # 1: fills and ends are reported; with `delayed`, or if it has a callback for ends
    int8_t reports_triggers  # 1: so are triggers, for which it has a callback


cdef inline void free_in_flight(InFlight* in_flight) noexcept nogil:
    free(in_flight.requests)
    free(in_flight.reports)


cdef inline bint is_earlier(const Request* a, const Request* b) noexcept nogil:
    return a.ts_arrives < b.ts_arrives or (a.ts_arrives == b.ts_arrives and a.seq < b.seq)


cdef inline int64_t next_request_ts(const InFlight* in_flight) noexcept nogil:
    """When the next request arrives; NEVER if none is on its way."""
    return in_flight.requests[0].ts_arrives if in_flight.n_requests > 0 else NEVER


cdef inline int64_t next_report_ts(const InFlight* in_flight) noexcept nogil:
    """When the next report arrives; NEVER if none is on its way."""
    return in_flight.reports[in_flight.next_report].ts_arrives if in_flight.next_report < in_flight.n_reports else NEVER


cdef inline int64_t next_message_ts(const InFlight* in_flight) noexcept nogil:
    return min(next_request_ts(in_flight), next_report_ts(in_flight))


cdef inline int push_request(InFlight* in_flight, const Request* request) noexcept nogil:
    """Sends a request; its `ts_arrives` and `seq` are set. Returns 0, or -1 if memory runs out."""
    cdef int64_t i = in_flight.n_requests, parent
    if reserve(<void**> &in_flight.requests, &in_flight.cap_requests, i, sizeof(Request)) < 0:
        return -1
    in_flight.n_requests += 1
    while i > 0:
        parent = (i - 1) // 2
        if not is_earlier(request, &in_flight.requests[parent]):
            break
        in_flight.requests[i] = in_flight.requests[parent]
        i = parent
    in_flight.requests[i] = request[0]
    return 0


cdef inline Request pop_request(InFlight* in_flight) noexcept nogil:
    """Removes and returns the request that arrives first."""
    cdef Request first = in_flight.requests[0], last
    cdef int64_t i = 0, child
    in_flight.n_requests -= 1
    last = in_flight.requests[in_flight.n_requests]
    while True:
        child = 2 * i + 1
        if child >= in_flight.n_requests:
            break
        if child + 1 < in_flight.n_requests and is_earlier(
            &in_flight.requests[child + 1], &in_flight.requests[child]
        ):
            child += 1
        if not is_earlier(&in_flight.requests[child], &last):
            break
        in_flight.requests[i] = in_flight.requests[child]
        i = child
    in_flight.requests[i] = last
    return first


cdef inline int send_report(InFlight* in_flight, const Order* order, int64_t fill, int64_t now) noexcept nogil:
    """Reports fill number `fill`, with -1 the end of the order, with -2 its trigger. None overtakes another.

    Returns 0, or -1 if memory runs out.
    """
    cdef int64_t n = in_flight.n_reports
    cdef Report report = Report(
        ts_arrives=now + delay(&in_flight.response, -1, n), order_id=order.id, fill=fill, status=order.status,
        applied=not in_flight.delayed,
    )
    if n > 0:
        report.ts_arrives = max(report.ts_arrives, in_flight.reports[n - 1].ts_arrives)
    return append(<void**> &in_flight.reports, &in_flight.n_reports, &in_flight.cap_reports, &report, sizeof(Report))
