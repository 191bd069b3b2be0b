"""The market side of bars: open, range, close. docs/simulation.md is its law."""

from libc.math cimport NAN, fmax, fmin, isnan
from libc.stdint cimport int32_t, int64_t, int8_t

from btcore.engine.blotter cimport Queue, is_open, is_woken, refresh
from btcore.engine.match_ticks cimport admit_waiting, awaken, is_silent, watch
from btcore.engine.fills cimport make, speak, take
from btcore.model cimport (
    BAR, BAR_CLOSE, BAR_LIMIT, BAR_OPEN, BAR_STOP, BAR_TOUCH, Bar, CLS, FOK, IOC, OPTIMISTIC, Order, PATH, Ticker
)
from btcore.rules.matching cimport is_limit, is_touch, is_trailing, is_untriggered, reaches, trail_stop, triggers
from btcore.rules.rounding cimport whole_lots
from btcore.engine.state cimport Exchange, takes_part

cdef enum Phase:
    AT_OPEN
    STOPS
    LIMITS
    RELEASED                 # inside the range
    OVERRUN                  # stops released inside the range that the close has passed
    CLOSE

cdef inline double extreme(const Order* order, const Bar* bar) noexcept nogil:
    """The price of the range that speaks for a limit or touch price; a stop looks at the other."""
    return bar.low if order.side > 0 else bar.high


cdef inline int meet_open(Exchange* ex, Order* order, const Bar* bar, int64_t ts) noexcept nogil:
    cdef double* pool = &ex.pools[order.symbol].ask
    ex.rule = BAR_OPEN
    order.fresh = 0
    if is_silent(ex, order, bar.open, bar.ts):
        return 0
    if not (is_limit(order) and order.met):
        return take(ex, order, bar.open, pool, bar.ts)
    if reaches(order.side, bar.open, order.limit_px):
        return make(ex, order, bar.open, pool, bar.ts)
    return 0


cdef inline double clipped(const Order* order, double level, int way) noexcept nogil:
    """Where a child released inside the range acts: at its level, or where its release has passed it already.

    `way` is 1 for levels that lie above the market, -1 for those below.
    """
    if not order.fresh:
        return level
    return fmax(level, order.release_px) if way > 0 else fmin(level, order.release_px)


cdef inline int trigger_in_range(Exchange* ex, Order* order, double px, int64_t ts) noexcept nogil:
    """The range reaches the order's trigger: it fills there; with a limit that can't, it rests from the next bar."""
    cdef int way = -order.side if is_touch(order) else order.side
    if not triggers(order, px):
        return 0
    px = clipped(order, order.stop_px, way)
    speak(ex, order, 2, ts)
    ex.rule = BAR_TOUCH if is_touch(order) else BAR_STOP
    return take(ex, order, px, &ex.pools[order.symbol].ask, ts)


cdef inline int stop_in_range(Exchange* ex, Order* order, const Bar* bar, int64_t ts) noexcept nogil:
    if not is_untriggered(order) or is_touch(order):
        return 0
    return trigger_in_range(ex, order, bar.high if order.side > 0 else bar.low, ts)


cdef inline int limit_in_range(Exchange* ex, Order* order, const Bar* bar, int64_t ts) noexcept nogil:
    if is_untriggered(order):
        return trigger_in_range(ex, order, extreme(order, bar), ts) if is_touch(order) else 0
    if is_limit(order) and order.met and order.triggered != 2 and reaches(
        order.side, extreme(order, bar), order.limit_px
    ):
        ex.rule = BAR_LIMIT
        return make(ex, order, clipped(order, order.limit_px, -order.side), &ex.pools[order.symbol].ask, ts)
    return 0


cdef inline bint rests_at_once(const Order* order) noexcept nogil:
    """A limit released inside the range needs no meeting, unless it lives for that alone."""
    return is_limit(order) and order.time_in_force != IOC and order.time_in_force != FOK


cdef inline int released_in_range(Exchange* ex, Order* order, const Bar* bar, int64_t ts) noexcept nogil:
    """A child of an order that filled inside the range: the worse of what may have come after, or the better."""
    cdef double before = order.filled_qty
    cdef int code
    if ex.terms.intrabar == OPTIMISTIC:
        if is_limit(order):
            if not rests_at_once(order):
                return 0
            order.met = 1
        return limit_in_range(ex, order, bar, ts)
    if is_trailing(order):
        return 0
    code = stop_in_range(ex, order, bar, ts)
    ex.journal.ambiguous_bars += order.filled_qty > before
    return code


cdef inline int stop_by_close(Exchange* ex, Order* order, const Bar* bar, int64_t ts) noexcept nogil:
    """The close lies beyond a released stop: on whatever path, it was reached."""
    if not is_untriggered(order) or is_touch(order) or is_trailing(order):
        return 0
    return trigger_in_range(ex, order, bar.close, ts)


cdef inline int meet_close(Exchange* ex, Order* order, const Bar* bar, int64_t ts) noexcept nogil:
    cdef double px = extreme(order, bar)
    if order.time_in_force == CLS and not order.active and order.ts_expires <= ex.tickers[order.symbol].next_open:
        order.active = 1
        ex.rule = BAR_CLOSE
        return take(ex, order, bar.close, &ex.pools[order.symbol].ask, ts)
    if is_untriggered(order) and is_trailing(order):
        trail_stop(order, px, ex.account.instruments[order.symbol].tick_size)
    return 0


cdef inline bint is_asked(const Order* order, const Bar* bar, int64_t ts, int phase) noexcept nogil:
    """The order has a say in that phase of the bar."""
    if not is_open(order) or not order.admitted or order.qty - order.filled_qty <= 0.0:
        return False
    if phase == RELEASED or phase == OVERRUN:
        return order.fresh and order.active
    return order.ts_arrived <= bar.ts and (order.active or phase == CLOSE)


cdef inline int walk(Exchange* ex, int32_t symbol, const Bar* bar, int64_t ts, int phase) noexcept nogil:
    """One phase of a bar: every order that takes part, in the order of arrival."""
    cdef Order* order
    cdef int32_t i = ex.blotter.queues[symbol].head
    cdef int code = 0
    ex.span = bar if phase == STOPS and ex.terms.intrabar != OPTIMISTIC else NULL
    while i >= 0 and code == 0:
        order = &ex.blotter.orders[i]
        if is_asked(order, bar, ts, phase):
            if phase == AT_OPEN:
                code = meet_open(ex, order, bar, ts)
            elif phase == STOPS:
                code = stop_in_range(ex, order, bar, ts)
            elif phase == LIMITS:
                code = limit_in_range(ex, order, bar, ts)
            elif phase == RELEASED:
                code = released_in_range(ex, order, bar, ts)
            elif phase == OVERRUN:
                code = stop_by_close(ex, order, bar, ts)
            else:
                code = meet_close(ex, order, bar, ts)
        i = ex.blotter.orders[i].next
    ex.span = NULL
    return code


cdef inline double level_ahead(const Order* order, int way, double at) noexcept nogil:
    """Where the order acts on a leg that goes `way` (1 up, -1 down) from `at`; NaN if it has nothing there."""
    cdef double level
    if is_untriggered(order):
        if (order.side > 0) == (is_touch(order) == (way > 0)):
            return NAN
        level = order.stop_px
    elif is_limit(order) and order.met and order.side * way < 0:
        level = order.limit_px
    else:
        return NAN
    return fmax(level, at) if way > 0 else fmin(level, at)


cdef inline int visit(Exchange* ex, Order* order, double at, int64_t ts) noexcept nogil:
    """The path has come to the order's level."""
    cdef double* pool = &ex.pools[order.symbol].ask
    order.visited = 1
    if is_untriggered(order):
        speak(ex, order, 1, ts)
        ex.rule = BAR_TOUCH if is_touch(order) else BAR_STOP
        return take(ex, order, at, pool, ts)
    ex.rule = BAR_LIMIT
    return make(ex, order, at, pool, ts)


cdef inline bint is_on_path(const Order* order, const Bar* bar) noexcept nogil:
    return (
        is_open(order) and order.admitted and order.active and (order.ts_arrived <= bar.ts or order.fresh)
        and order.qty - order.filled_qty > 0.0
    )


cdef inline void trail_along(Exchange* ex, int32_t symbol, const Bar* bar, double at) noexcept nogil:
    cdef Order* order
    cdef int32_t i = ex.blotter.queues[symbol].head
    while i >= 0:
        order = &ex.blotter.orders[i]
        i = order.next
        if is_on_path(order, bar) and is_untriggered(order) and is_trailing(order):
            trail_stop(order, at, ex.account.instruments[symbol].tick_size)


cdef inline int walk_leg(
    Exchange* ex, int32_t symbol, const Bar* bar, double start, double stop, int64_t ts
) noexcept nogil:
    """Along one leg of the path, level by level."""
    cdef Order* order
    cdef Order* nearest
    cdef int32_t i = ex.blotter.queues[symbol].head
    cdef int way = 1 if stop > start else -1
    cdef double at = start, level, best
    while i >= 0:
        ex.blotter.orders[i].visited = 0
        i = ex.blotter.orders[i].next
    while start != stop:
        nearest, best = NULL, stop
        i = ex.blotter.queues[symbol].head
        while i >= 0:
            order = &ex.blotter.orders[i]
            i = order.next
            if order.fresh and order.active and rests_at_once(order):
                order.met = 1
            if order.visited or not is_on_path(order, bar):
                continue
            level = level_ahead(order, way, at)
            if way * level < way * best or (level == best and nearest == NULL):
                nearest, best = order, level
        if nearest == NULL:
            break
        at = best
        if visit(ex, nearest, at, ts) < 0:
            return -1
        trail_along(ex, symbol, bar, at)
    trail_along(ex, symbol, bar, stop)
    return 0


cdef inline int walk_path(Exchange* ex, int32_t symbol, const Bar* bar, int64_t ts) noexcept nogil:
    cdef bint low_first = bar.open - bar.low <= bar.high - bar.open
    cdef double first = bar.low if low_first else bar.high
    cdef double second = bar.high if low_first else bar.low
    if walk_leg(ex, symbol, bar, bar.open, first, ts) < 0 or walk_leg(ex, symbol, bar, first, second, ts) < 0:
        return -1
    return walk_leg(ex, symbol, bar, second, bar.close, ts)


cdef inline void forget_bar(Exchange* ex, int32_t symbol) noexcept nogil:
    """What was inside this bar alone."""
    cdef Order* order
    cdef int32_t i = ex.blotter.queues[symbol].head
    while i >= 0:
        order = &ex.blotter.orders[i]
        i = order.next
        order.fresh = 0
        if order.triggered == 2:
            order.triggered = 1
    ex.fresh = 0


cdef inline int match_bar(Exchange* ex, int32_t symbol, const Bar* bar, int64_t ts) noexcept nogil:
    """The phases in their order."""
    cdef bint hopeful = ex.terms.intrabar == OPTIMISTIC
    if walk(ex, symbol, bar, ts, AT_OPEN) < 0:
        return -1
    if ex.terms.intrabar == PATH:
        if walk_path(ex, symbol, bar, ts) < 0:
            return -1
    elif (
        walk(ex, symbol, bar, ts, LIMITS if hopeful else STOPS) < 0
        or walk(ex, symbol, bar, ts, STOPS if hopeful else LIMITS) < 0
        or (ex.fresh > 0 and walk(ex, symbol, bar, ts, RELEASED) < 0)
        or (ex.fresh > 0 and hopeful and walk(ex, symbol, bar, ts, OVERRUN) < 0)
    ):
        return -1
    if walk(ex, symbol, bar, ts, CLOSE) < 0:
        return -1
    forget_bar(ex, symbol)
    return 0


cdef inline int on_bar(Exchange* ex, int32_t symbol, int64_t ts) noexcept nogil:
    """A bar, delivered at `ts`."""
    cdef Ticker* ticker = &ex.tickers[symbol]
    cdef const Bar* bar = &ticker.bar
    cdef Queue* queue = &ex.blotter.queues[symbol]
    cdef bint woken
    cdef int code = 0
    if ticker.source != BAR:
        return awaken(ex, symbol, bar.ts)
    ticker.event = ex.event[0]
    woken = is_woken(queue, bar.low, bar.high, bar.low, bar.high, bar.ts)
    if woken:
        if not isnan(ex.terms.volume_share):
            ex.pools[symbol].ask = whole_lots(
                ex.terms.volume_share * bar.volume, ex.account.instruments[symbol].lot_size
            )
        if not ticker.priced:
            ex.account.positions[symbol].mark = bar.open
            ticker.priced = 1
        awaken(ex, symbol, bar.ts)
        admit_waiting(ex, symbol, ts, bar.open)
        code = match_bar(ex, symbol, bar, ts)
        watch(ex, queue, bar.close)
        refresh(&ex.blotter, symbol)
    ex.account.positions[symbol].mark = bar.close
    ticker.priced = 1
    return -1 if code < 0 else woken
