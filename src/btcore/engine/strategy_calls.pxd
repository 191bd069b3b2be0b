"""Calls of the strategy with events and reports, and the requests that it sends in return."""

from libc.math cimport isnan
from libc.stdint cimport int32_t, int64_t, int8_t

from btcore.contract cimport LISTED
from btcore.engine.blotter cimport add_order, apply_end_to_known
from btcore.engine.in_flight cimport Report, next_report_ts, next_request_ts, pop_request, push_request
from btcore.engine.margin cimport check_margin
from btcore.engine.requests cimport handle_request
from btcore.engine.run cimport OUT_OF_MEMORY, Run, STRATEGY_FAILED, TOO_MANY_ROUNDS, schedule_mark
from btcore.engine.state cimport Exchange, note, share_orders
from btcore.model cimport (
    Account, CLIPPED, END, FILL, FILLED, Fill, MARKET, NEVER, NEW, NONE, ORDER_ENDED, ORDER_REJECTED, ORDER_TRIGGERED,
    Order, PARTIALLY_FILLED, Position, REJECTED, Request, START, SUBMIT,
)
from btcore.rules.accounting cimport apply_fill
from btcore.rules.latency cimport delay

cdef enum:
    MAX_ROUNDS = 10000           # of requests within one event


cdef inline void call_strategy(Run* run, int kind) noexcept nogil:
    """Calls the strategy with an event of `kind` and the account as it knows it."""
    cdef Exchange* ex = &run.ex
    cdef const Account* account = &ex.account
    cdef int32_t i
    if ex.blotter.in_flight.delayed:
        account = &ex.known
        for i in range(account.n_symbols):  # response latency does not apply to prices
            ex.known.positions[i].mark = ex.account.positions[i].mark
    run.market.kind = <int8_t> kind
    run.market.calls += 1
    if (kind == START or kind == END) and run.kinds >> LISTED & 1 and not run.kinds >> kind & 1:
        return
    ask_strategy(run, account)


cdef inline bint ask_strategy(Run* run, const Account* account) noexcept nogil:
    """Calls the strategy's function. True if it has failed, by its return value or an invalid order."""
    run.code = run.on_event(run.strategy, &run.market, account, &run.out)
    if run.code | run.out.fault:
        run.error = STRATEGY_FAILED
        return True
    return False


cdef inline void report_fill(Run* run, int64_t i) noexcept nogil:
    """Calls the strategy with fill number `i`."""
    run.market.fill = &run.ex.journal.fills[i]
    run.market.symbol = run.market.fill.symbol
    call_strategy(run, FILL)


cdef inline void deliver_reports(Run* run) noexcept nogil:
    """Reports new fills to the strategy; with response latency, those reports that have arrived by now."""
    cdef Exchange* ex = &run.ex
    if ex.blotter.in_flight.reports_ends:
        while next_report_ts(&ex.blotter.in_flight) <= run.market.now and run.error == 0:
            apply_report(run, &ex.blotter.in_flight.reports[ex.blotter.in_flight.next_report])
            ex.blotter.in_flight.next_report += 1
        return
    if not run.kinds >> FILL & 1:
        ex.journal.n_reported = ex.journal.n_fills
    while ex.journal.n_reported < ex.journal.n_fills and run.error == 0:
        ex.journal.n_reported += 1
        report_fill(run, ex.journal.n_reported - 1)


cdef inline void apply_report(Run* run, const Report* report) noexcept nogil:
    """Applies an arrived report to the strategy's copy of the account, and calls the strategy for a fill."""
    cdef Exchange* ex = &run.ex
    cdef Order* order = &ex.blotter.orders[report.order_id - 1]
    cdef int64_t i = report.fill
    cdef const Fill* fill
    if i < 0:
        if i == -1 and not report.applied:
            apply_end_to_known(&ex.blotter, order, report.status)
        report_order(run, order, ORDER_TRIGGERED if i == -2 else kind_of_end(report.status))
        return
    fill = &ex.journal.fills[i]
    if not report.applied:
        ex.blotter.out_of_memory |= apply_fill_to_known(&ex.known, fill)
        add_known_fill(order, fill)
        if order.order_type == MARKET:
            ex.blotter.pending[fill.symbol] -= fill.side * fill.last_qty
        order.known_status = PARTIALLY_FILLED if order.known_status == NEW else order.known_status
        if report.status == FILLED:
            order.known_status = FILLED
            order.known_filled_qty = order.filled_qty
            if order.order_type == MARKET:
                ex.blotter.pending[fill.symbol] -= order.side * (order.asked_qty - order.filled_qty)
    if run.kinds >> FILL & 1:
        report_fill(run, i)


cdef inline int kind_of_end(int8_t status) noexcept nogil:
    """The kind of the callback for the end of an order; FILL, which no end has, for a complete fill."""
    if status == REJECTED:
        return ORDER_REJECTED
    return FILL if status == FILLED else ORDER_ENDED


cdef inline void report_order(Run* run, const Order* order, int kind) noexcept nogil:
    """Calls the strategy with a report of an order, if it listens to them."""
    if kind == FILL or not run.kinds >> kind & 1:
        return
    run.notice.order_id, run.notice.symbol = order.id, order.symbol
    run.market.fill, run.market.symbol = &run.notice, order.symbol
    call_strategy(run, kind)


cdef inline void add_known_fill(Order* order, const Fill* fill) noexcept nogil:
    """Adds a reported fill to what the strategy knows of its order."""
    cdef double before = order.known_filled_qty, qty = fill.last_qty, px = fill.last_px
    order.known_avg_px = px if before == 0.0 else (order.known_avg_px * before + px * qty) / (before + qty)
    order.known_filled_qty = before + qty


cdef inline int apply_fill_to_known(Account* known, const Fill* fill) noexcept nogil:
    """Applies a reported fill to the strategy's copy of the account."""
    cdef int32_t s = fill.symbol
    cdef Position* net = &known.positions[s]
    cdef Position* position = net
    cdef double point_value = net.point_value
    cdef int code
    if fill.leg != 0:
        position = &known.legs[2 * s + (fill.leg < 0)]
    position.point_value = fill.point_value  # the exchange rate at the time of the fill
    code = apply_fill(&known.cash, position, NULL, fill.side * fill.last_qty, fill.last_px, fill.commission)
    position.point_value = point_value
    if fill.leg != 0:
        net.qty = known.legs[2 * s].qty + known.legs[2 * s + 1].qty
    return code


cdef inline bint send_requests(Run* run) noexcept nogil:
    """Puts the strategy's requests in flight, each with its latency, and adds new orders to the table.

    A single request that arrives at once, with none in flight due before it, stays in the outbox: True for it.
    """
    cdef Exchange* ex = &run.ex
    cdef Request* request
    cdef int64_t i, now = run.market.now
    cdef bint stays = run.out.count == 1 and next_request_ts(&ex.blotter.in_flight) > now
    for i in range(run.out.count):
        request = &run.out.items[i]
        request.ts_arrives = now + delay(&ex.terms.entry, request.latency, run.n_drawn)
        run.n_drawn += request.latency < 0
        request.seq = run.n_requests
        run.n_requests += 1
        if request.action == SUBMIT and add_order(&ex.blotter, request, now) < 0:
            run.error = OUT_OF_MEMORY
        if not isnan(request.unclipped_qty) and note(
            ex, request.order_id, CLIPPED, NONE, request.unclipped_qty, now
        ) < 0:
            run.error = OUT_OF_MEMORY
        stays = stays and request.ts_arrives <= now
        if not stays and push_request(&ex.blotter.in_flight, request) < 0:
            run.error = OUT_OF_MEMORY
    run.out.count = 0
    share_orders(ex)
    return stays


cdef inline void handle_arrived(Run* run, const Request* request) noexcept nogil:
    """Carries out a request that has arrived, and checks the margin if it has changed."""
    cdef int failed = handle_request(&run.ex, request, run.market.now)
    if run.ex.margin_stale:
        failed |= check_margin(&run.ex, run.market.now)
    if failed | run.ex.blotter.out_of_memory:
        run.error = OUT_OF_MEMORY


cdef inline void handle_requests(Run* run) noexcept nogil:
    """Sends requests, handles those that have arrived and reports their fills, until the strategy requests no more."""
    cdef Exchange* ex = &run.ex
    cdef Request request
    cdef int64_t fills
    cdef int _round
    for _round in range(MAX_ROUNDS):
        fills = ex.journal.n_fills
        if send_requests(run) and run.error == 0:
            handle_arrived(run, run.out.items)
        while next_request_ts(&ex.blotter.in_flight) <= run.market.now and run.error == 0:
            request = pop_request(&ex.blotter.in_flight)
            handle_arrived(run, &request)
        if ex.journal.n_fills != fills and run.mark_due == NEVER:
            schedule_mark(run)
        deliver_reports(run)
        if run.out.count == 0 or run.error:
            return
    run.error = TOO_MANY_ROUNDS
