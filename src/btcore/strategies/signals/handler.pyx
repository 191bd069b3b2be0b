"""What the engine calls for `Signals`: turns the signals of a moment into orders, by the account as it is then."""

cimport cython
from libc.math cimport fabs, isnan
from libc.stdint cimport int32_t, int64_t, int8_t

import numpy as np

from btcore.contract cimport Handler, cancel, money_quantity, new_order, room, send_order, target_quantity
from btcore.feed.stream cimport Stream
from btcore.model cimport (
    Account, BAR, FILL, FORCED, FROM_FILL, LIMIT, MARKET, Market, NEVER, Order, Outbox, PARTIALLY_FILLED, PERCENT,
    REDUCE_ONLY, Request, START, STOP, SUBMIT, TIMER, TRAILING_STOP,
)
from btcore.rules.accounting cimport equity
from btcore.rules.rounding cimport smaller, whole_lots

cpdef enum Signal:           # bits of a row
    LONG_ENTRY = 1
    LONG_EXIT = 2
    SHORT_ENTRY = 4
    SHORT_EXIT = 8

cpdef enum Ignored:          # why a signal did nothing
    ENTRY_AND_EXIT = 0       # both, of one side, in one row
    BOTH_ENTRIES = 1         # long and short in one row
    ALREADY_IN = 2           # an entry, while its position is held or its entry works
    NOT_IN = 3               # an exit without a position of its side
    NO_PRICE = 4             # an entry by equity before the first price of its symbol

cdef enum:
    N_IGNORED = 5


cdef struct Book:            # the latest orders of one symbol
    int64_t entry            # id of the entry; 0: none, or an exit has cancelled it
    int64_t group            # the OCO group of the position's exits, which is the id of its entry
    int64_t close            # id of the latest order to close
    double qty               # of the latest entry, signed


cdef struct State:
    int64_t n_groups
    int64_t next_group
    const int64_t* group_end     # the row after the last one of each group
    const int64_t* group_time
    const int32_t* group_stream  # the stream whose row completes the moment of the group; -1: a timer
    const int64_t* group_row     # that row
    const int32_t* symbol        # by row
    const int8_t* signals
    const double* size           # NaN: by equity
    const double* stop_loss      # NaN: none; likewise below
    const double* take_profit
    const double* trailing_stop
    const double* limit_price
    int8_t* entries              # by row: the side that it enters, 0 for none
    Book* books                  # by symbol
    int64_t oldest               # no order before this index is a market order that works
    double weight                # the share of equity of an entry without a size
    int64_t[N_IGNORED] ignored   # number of signals that did nothing
    int64_t[N_IGNORED] first     # the time of the first of them, ns UTC
    int32_t[N_IGNORED] first_symbol


@cython.final
cdef class SignalsHandler(Handler):
    """Plays the rows of columns of equal length, sorted by time and symbol. Rows of one group are decided together.

    `symbol` has indexes into the symbols of the run, `signals` the bits of Signal. `group_end`, `group_time`,
    `group_stream` and `group_row` describe the groups as `State` does.
    """
    cdef State columns
    cdef list owners             # keeps the memory of the columns alive

    def __init__(
        self, const int64_t[::1] group_end not None, const int64_t[::1] group_time not None,
        const int32_t[::1] group_stream not None, const int64_t[::1] group_row not None,
        const int32_t[::1] symbol not None, const int8_t[::1] signals not None, const double[::1] size not None,
        const double[::1] stop_loss not None, const double[::1] take_profit not None,
        const double[::1] trailing_stop not None, const double[::1] limit_price not None,
        int n_symbols, double weight,
    ):
        cdef int8_t[::1] entries = np.zeros(max(1, symbol.shape[0]), np.int8)
        cdef int64_t[::1] books = np.zeros(n_symbols * sizeof(Book) // sizeof(int64_t), np.int64)
        self.owners = [
            group_end, group_time, group_stream, group_row, symbol, signals, size, stop_loss, take_profit,
            trailing_stop, limit_price, entries, books,
        ]
        self.state = &self.columns
        self.on_event = on_event
        self.scan = scan
        self.ignores_sizes = True
        self.columns.weight = weight
        self.columns.entries = &entries[0]
        self.columns.books = <Book*> &books[0]
        self.kinds = 1 << FILL
        self.columns.n_groups = group_end.shape[0]
        if self.columns.n_groups == 0:
            return
        if (np.asarray(group_stream) >= 0).any():
            self.kinds |= 1 << BAR
        self.columns.group_end = &group_end[0]
        self.columns.group_time = &group_time[0]
        self.columns.group_stream = &group_stream[0]
        self.columns.group_row = &group_row[0]
        self.columns.symbol = &symbol[0]
        self.columns.signals = &signals[0]
        self.columns.size = &size[0]
        self.columns.stop_loss = &stop_loss[0]
        self.columns.take_profit = &take_profit[0]
        self.columns.trailing_stop = &trailing_stop[0]
        self.columns.limit_price = &limit_price[0]

    @property
    def ignored(self):
        """By Ignored, where there were any: the number of signals that did nothing, time and symbol of the first."""
        return {
            Ignored(i): (self.columns.ignored[i], self.columns.first[i], self.columns.first_symbol[i])
            for i in range(N_IGNORED) if self.columns.ignored[i]
        }


cdef int on_event(void* state, const Market* market, const Account* account, Outbox* out) noexcept nogil:
    """Decides the groups whose moment is complete, and sets the timer of one that no bar completes."""
    cdef State* columns = <State*> state
    cdef int64_t g
    if market.kind == FILL:
        return close_late_fill(columns, market, account, out)
    while columns.next_group < columns.n_groups:
        g = columns.next_group
        if columns.group_stream[g] < 0:
            if market.kind != TIMER or columns.group_time[g] > market.now:
                break
        elif market.kind != BAR or market.rows[columns.group_stream[g]] <= columns.group_row[g]:
            break
        columns.next_group += 1
        if decide_group(columns, g, market, account, out) < 0:
            return 1
    if market.kind == BAR or market.kind == TIMER or market.kind == START:
        g = columns.next_group
        out.next_timer = NEVER
        if g < columns.n_groups and columns.group_stream[g] < 0:
            out.next_timer = columns.group_time[g]
    return 0


cdef int64_t scan(void* state, const Stream* stream, int64_t row, int64_t end) noexcept nogil:
    """The next row of the only stream that completes a group, or `end`."""
    cdef State* columns = <State*> state
    cdef int64_t g = columns.next_group
    if g >= columns.n_groups or columns.group_stream[g] < 0:
        return end
    return min(end, max(row, columns.group_row[g]))


cdef int decide_group(
    State* columns, int64_t g, const Market* market, const Account* account, Outbox* out
) noexcept nogil:
    """Sends the orders of a group: what closes positions first, as it pays for the rest. -1 if memory runs out."""
    cdef int64_t first = columns.group_end[g - 1] if g > 0 else 0, i
    for i in range(first, columns.group_end[g]):
        if decide(columns, i, market, account, out) < 0:
            return -1
    for i in range(first, columns.group_end[g]):
        if columns.entries[i] != 0 and enter(columns, i, market, account, out) < 0:
            return -1
    return 0


cdef inline bint is_working(const Account* account, int64_t order_id) noexcept nogil:
    """True if the strategy has sent the order and does not know of its end."""
    return order_id > 0 and (
        order_id > account.n_orders or account.orders[order_id - 1].known_status <= PARTIALLY_FILLED
    )


cdef inline bint is_working_market(const Order* order) noexcept nogil:
    return order.order_type == MARKET and order.known_status <= PARTIALLY_FILLED


cdef inline double closing_quantity(
    State* columns, const Account* account, const Outbox* out, int32_t symbol
) noexcept nogil:
    """The signed open quantity of the market orders that close positions; those of entries have no group."""
    cdef const Order* order
    cdef const Request* request
    cdef double qty = 0.0
    cdef int64_t i
    while columns.oldest < account.n_orders and not is_working_market(&account.orders[columns.oldest]):
        columns.oldest += 1
    for i in range(columns.oldest, account.n_orders):
        order = &account.orders[i]
        if order.symbol == symbol and order.oco != 0 and is_working_market(order):
            qty += order.side * (order.asked_qty - order.known_filled_qty)
    if columns.books[symbol].close > account.n_orders:  # sent at this event
        for i in range(out.count):
            request = &out.items[i]
            if request.action == SUBMIT and request.symbol == symbol and request.oco != 0 and (
                request.order_type == MARKET
            ):
                qty += request.side * request.qty
    return qty


cdef inline double held_quantity(
    State* columns, const Account* account, const Outbox* out, int32_t symbol
) noexcept nogil:
    """The signed position as if the orders that close it had filled."""
    cdef double held = account.positions[symbol].qty
    cdef double closing = closing_quantity(columns, account, out, symbol)
    return 0.0 if fabs(held + closing) <= 1e-9 * fabs(closing) else held + closing


cdef inline int stance(
    State* columns, const Account* account, const Outbox* out, int32_t symbol
) noexcept nogil:
    """1 long, -1 short, 0 flat: the side of the entry while it works, else that of the quantity held."""
    cdef const Book* book = &columns.books[symbol]
    cdef double held = book.qty
    if not is_working(account, book.entry):
        held = held_quantity(columns, account, out, symbol)
    return (held > 0.0) - (held < 0.0)


cdef inline void ignore(State* columns, const Market* market, int32_t symbol, int why, int count) noexcept nogil:
    """Counts signals that do nothing."""
    if count > 0 and columns.ignored[why] == 0:
        columns.first[why] = market.now
        columns.first_symbol[why] = symbol
    columns.ignored[why] += count


cdef int decide(State* columns, int64_t i, const Market* market, const Account* account, Outbox* out) noexcept nogil:
    """Resolves the signals of a row, closes what they close, and stores the side that they enter."""
    cdef int32_t s = columns.symbol[i]
    cdef int signals = columns.signals[i], now = stance(columns, account, out, s), entry = 0
    if signals & LONG_ENTRY and signals & LONG_EXIT:
        signals &= ~(LONG_ENTRY | LONG_EXIT)
        ignore(columns, market, s, ENTRY_AND_EXIT, 2)
    if signals & SHORT_ENTRY and signals & SHORT_EXIT:
        signals &= ~(SHORT_ENTRY | SHORT_EXIT)
        ignore(columns, market, s, ENTRY_AND_EXIT, 2)
    if signals & LONG_ENTRY and signals & SHORT_ENTRY:
        signals &= ~(LONG_ENTRY | SHORT_ENTRY)
        ignore(columns, market, s, BOTH_ENTRIES, 2)
    ignore(
        columns, market, s, NOT_IN, (signals & LONG_EXIT != 0 and now <= 0) + (signals & SHORT_EXIT != 0 and now >= 0)
    )
    if signals & LONG_ENTRY:
        entry = 1
    elif signals & SHORT_ENTRY:
        entry = -1
    if entry != 0 and entry == now:
        ignore(columns, market, s, ALREADY_IN, 1)
        entry = 0
    columns.entries[i] = <int8_t> entry
    if (now > 0 and (signals & LONG_EXIT or entry < 0)) or (now < 0 and (signals & SHORT_EXIT or entry > 0)):
        return leave(columns, s, market, account, out)
    return 0


cdef int leave(State* columns, int32_t s, const Market* market, const Account* account, Outbox* out) noexcept nogil:
    """Cancels the entry if it works, and closes the position at the market. -1 if memory runs out; likewise below.

    The order is of the group of the position's exits: a fill of one of them cancels it, also while it is in flight, and
    its fill cancels them. Until then they protect the position.
    """
    cdef Book* book = &columns.books[s]
    cdef double held = held_quantity(columns, account, out, s)
    cdef Request request
    if is_working(account, book.entry) and cancel(out, book.entry) < 0:
        return -1
    book.entry = 0
    if held == 0.0:
        return 0
    request = new_order(s, -1 if held > 0.0 else 1, fabs(held))
    request.oco = book.group
    if market.delayed:  # the position may be another one by now
        request.flags = REDUCE_ONLY
    book.close = send_order(out, &request)
    return -1 if book.close < 0 else 0


cdef int close_late_fill(
    State* columns, const Market* market, const Account* account, Outbox* out
) noexcept nogil:
    """Closes what an entry fills before its cancellation arrives."""
    cdef const Order* order = &account.orders[market.fill.order_id - 1]
    cdef Book* book = &columns.books[order.symbol]
    cdef Request request
    if order.id == book.entry or order.oco != 0 or order.flags & (FORCED | REDUCE_ONLY):
        return 0  # orders that close have a group, and those of the simulation a flag
    request = new_order(order.symbol, -market.fill.side, market.fill.last_qty)
    request.oco = order.id
    book.close = send_order(out, &request)
    return book.close < 0


cdef int enter(State* columns, int64_t i, const Market* market, const Account* account, Outbox* out) noexcept nogil:
    """Sends the entry of a row with its exits, unless its quantity is zero."""
    cdef int32_t s = columns.symbol[i]
    cdef int8_t side = columns.entries[i]
    cdef Book* book = &columns.books[s]
    cdef Request request = new_order(s, side, columns.size[i])
    request.limit_px = columns.limit_price[i]
    if not isnan(request.limit_px):
        request.order_type = LIMIT
    if isnan(request.qty):
        if not market.tickers[s].priced:
            ignore(columns, market, s, NO_PRICE, 1)
            return 0
        size_by_equity(&request, columns.weight, market, account, out)
        if request.qty == 0.0:
            return 0
    book.entry = send_order(out, &request)
    if book.entry < 0:
        return -1
    book.qty = side * request.qty
    book.group = book.entry
    return send_exits(columns, i, &request, out)


cdef void size_by_equity(
    Request* request, double weight, const Market* market, const Account* account, Outbox* out
) noexcept nogil:
    """Sets the quantity as `order_target_percent` does from flat; at the limit price of an order that has one."""
    cdef int32_t s = request.symbol
    cdef double money = weight * equity(account), asked, target, unit
    if request.order_type == LIMIT:
        unit = (
            fabs(request.limit_px) * account.positions[s].point_value * (1.0 + account.instruments[s].cost_rate)
        )
        asked = whole_lots(money / unit, account.instruments[s].lot_size)
        target = smaller(money, room(account, out, s) / account.instruments[s].margin_weight)
        target = whole_lots(target / unit, account.instruments[s].lot_size)
    else:
        asked = fabs(money_quantity(market, account, s, request.side * weight, money))
        target = fabs(target_quantity(market, account, out, s, request.side * weight))
    request.qty = 0.0
    if money <= 0.0:
        return
    out.n_small += asked == 0.0
    request.qty = asked if target == 0.0 else target  # admission decides about what no buying power is left for
    if 0.0 < target < asked:
        request.unclipped_qty = asked


cdef int send_exits(State* columns, int64_t i, const Request* entry, Outbox* out) noexcept nogil:
    """Sends the stop, the target and the trailing stop of a row: children of its entry, in one group."""
    cdef Request request
    if not isnan(columns.stop_loss[i]):
        request = exit_of(entry)
        request.order_type, request.flags = STOP, REDUCE_ONLY | FROM_FILL
        request.stop_px = -entry.side * columns.stop_loss[i]
        if send_order(out, &request) < 0:
            return -1
    if not isnan(columns.take_profit[i]):
        request = exit_of(entry)
        request.order_type, request.flags = LIMIT, REDUCE_ONLY | FROM_FILL
        request.limit_px = entry.side * columns.take_profit[i]
        if send_order(out, &request) < 0:
            return -1
    if not isnan(columns.trailing_stop[i]):
        request = exit_of(entry)
        request.order_type, request.flags = TRAILING_STOP, REDUCE_ONLY
        request.trail, request.trail_by = 100.0 * columns.trailing_stop[i], PERCENT
        if send_order(out, &request) < 0:
            return -1
    return 0


cdef inline Request exit_of(const Request* entry) noexcept nogil:
    """A child of the entry on the other side, in the group that has the entry's id as its number."""
    cdef Request request = new_order(entry.symbol, -entry.side, entry.qty)
    request.parent = request.oco = entry.order_id
    return request
