"""Bars against working orders: open, range, close. docs/simulation.md states the rules.

A bar does not show the order of its prices. `terms.intrabar` decides: PESSIMISTIC fills stops before limits,
OPTIMISTIC limits before stops, PATH assumes one path (`match_path.pxd`). All functions that return `int` return -1
if memory runs out.
"""

from libc.math cimport INFINITY, fmax, fmin, isnan
from libc.stdint cimport int32_t, int64_t, int8_t

from btcore.engine.blotter cimport Queue, is_open, leaves, matchable
from btcore.engine.fills cimport fill_as_maker, fill_as_taker, trigger
from btcore.engine.match_path cimport match_path, rests_at_once
from btcore.engine.match_ticks cimport admit_waiting, check_mark_bounds, expire_and_activate, stays_untriggered
from btcore.engine.queues cimport has_open_order, is_affected, refresh_queue, wake_reached
from btcore.engine.state cimport Exchange, Pool, bar_of, rests, set_price, takes_close
from btcore.feed.stream cimport Sides
from btcore.model cimport (
    BAR, BAR_CLOSE, BAR_LIMIT, BAR_OPEN, BAR_STOP, BAR_TOUCH, Bar, CLS, NEVER, OPTIMISTIC, Order, PATH, QUOTE, Quote,
    Ticker,
)
from btcore.rules.matching cimport (
    fills_resting, has_trigger, is_limit, is_touch, is_trailing, is_untriggered, trail_stop, triggers
)
from btcore.rules.rounding cimport whole_lots

cdef enum Phase:
    AT_OPEN
    STOPS
    LIMITS
    RELEASED                 # children released inside the range
    RELEASED_STOPS           # stops among them that the close is beyond
    CLOSE

cdef enum:
    IN_THIS_BAR = 2          # Order.triggered: inside the range of the current bar


cdef inline double extreme(const Order* order, const Bar* bar) noexcept nogil:
    """The extreme that can reach a limit or touch price: the low for a buy. Stops use the other one."""
    return bar.low if order.side > 0 else bar.high


cdef inline int match_open(Exchange* ex, Order* order, const Bar* bar, int64_t ts) noexcept nogil:
    """Matches an order against the open."""
    cdef double* pool = &ex.pools[order.symbol].ask
    cdef int64_t at = ts if ex.beside_quotes else bar.ts  # beside quotes nothing happens before what they have filled
    ex.rule = BAR_OPEN
    order.fresh = 0
    if takes_close(ex, order) or stays_untriggered(ex, order, bar.open, at):
        return 0
    if not (is_limit(order) and order.met):
        return fill_as_taker(ex, order, bar.open, pool, at)
    if fills_resting(order.side, bar.open, order.limit_px, ex.terms.through):
        return fill_as_maker(ex, order, bar.open, pool, at)
    return 0


cdef inline double reached_level(const Order* order, double level, int direction) noexcept nogil:
    """The price at which the range reaches a level above (`direction` 1) or below (-1) the market.

    For a child released inside the range at a price beyond the level, it is the price of the release.
    """
    if not order.fresh:
        return level
    return fmax(level, order.release_px) if direction > 0 else fmin(level, order.release_px)


cdef inline int trigger_in_range(Exchange* ex, Order* order, double px, int64_t ts) noexcept nogil:
    """Triggers the order if `px` reaches its trigger, and fills it there.

    A limit order that cannot fill at the trigger price rests.
    """
    cdef int direction = -order.side if is_touch(order) else order.side
    if not triggers(order, px):
        return 0
    px = reached_level(order, order.stop_px, direction)
    trigger(ex, order, IN_THIS_BAR, ts)
    ex.rule = BAR_TOUCH if is_touch(order) else BAR_STOP
    return fill_as_taker(ex, order, px, &ex.pools[order.symbol].ask, ts)


cdef inline int match_stop(Exchange* ex, Order* order, const Bar* bar, int64_t ts) noexcept nogil:
    """Matches an untriggered stop against the range."""
    if not is_untriggered(order) or is_touch(order):
        return 0
    return trigger_in_range(ex, order, bar.high if order.side > 0 else bar.low, ts)


cdef inline int match_limit(Exchange* ex, Order* order, const Bar* bar, int64_t ts) noexcept nogil:
    """Matches a resting limit or an untriggered if-touched order against the range."""
    if is_untriggered(order):
        return trigger_in_range(ex, order, extreme(order, bar), ts) if is_touch(order) else 0
    if is_limit(order) and order.met and order.triggered != IN_THIS_BAR and fills_resting(
        order.side, extreme(order, bar), order.limit_px, ex.terms.through
    ):
        ex.rule = BAR_LIMIT
        return fill_as_maker(
            ex, order, reached_level(order, order.limit_px, -order.side), &ex.pools[order.symbol].ask, ts
        )
    return 0


cdef inline int match_released(Exchange* ex, Order* order, const Bar* bar, int64_t ts) noexcept nogil:
    """Matches what was released of a child inside the range.

    PESSIMISTIC fills its stop in the same bar, OPTIMISTIC its limit or touch price.
    """
    cdef double before = order.filled_qty
    cdef int code
    if ex.terms.intrabar == OPTIMISTIC:
        if is_limit(order):
            if not rests_at_once(order):
                return 0
            order.met = 1
        elif not is_untriggered(order) or not is_touch(order):
            return 0
        act_as_released(order, bar)
        return match_limit(ex, order, bar, ts)
    code = match_released_stop(ex, order, bar, bar.high if order.side > 0 else bar.low, ts)
    ex.journal.ambiguous_bars += order.filled_qty > before
    return code


cdef inline void act_as_released(Order* order, const Bar* bar) noexcept nogil:
    """Lets what was released inside the range act there, at no better price than that of the release.

    Of bars of bid and ask, the price of the child's side at the release is only known to lie in that side's range.
    """
    order.release_px = fmin(fmax(order.release_px, bar.low), bar.high)
    order.later_qty = 0.0
    order.fresh = 1


cdef inline int match_released_stop(
    Exchange* ex, Order* order, const Bar* bar, double px, int64_t ts
) noexcept nogil:
    """Matches what was released of a stop inside the range against `px`: the extreme, or the close.

    Every path from the release to a close beyond the stop reaches it. Of a stop that has triggered inside this bar, the
    rest fills in the same way.
    """
    if not is_stop(order) or (order.triggered and (order.triggered != IN_THIS_BAR or is_limit(order))):
        return 0
    act_as_released(order, bar)
    if is_untriggered(order):
        return trigger_in_range(ex, order, px, ts)
    if not triggers(order, px):
        return 0
    ex.rule = BAR_STOP
    return fill_as_taker(ex, order, reached_level(order, order.stop_px, order.side), &ex.pools[order.symbol].ask, ts)


cdef inline bint is_stop(const Order* order) noexcept nogil:
    """True for a stop that does not trail."""
    return has_trigger(order) and not is_touch(order) and not is_trailing(order)


cdef inline int match_close(Exchange* ex, Order* order, const Bar* bar, int64_t ts) noexcept nogil:
    """Fills at the close: a CLS order in the last bar of its session, a market order with `fill_at_close`.

    Moves a trailing stop with the range.
    """
    cdef double px = extreme(order, bar)
    if takes_close(ex, order):
        ex.rule = BAR_CLOSE
        order.later_qty = 0.0
        return fill_as_taker(ex, order, bar.close, &ex.pools[order.symbol].ask, ts)
    if order.time_in_force == CLS and not order.active and order.ts_expires <= ex.tickers[order.symbol].next_open:
        order.active = 1
        ex.rule = BAR_CLOSE
        return fill_as_taker(ex, order, bar.close, &ex.pools[order.symbol].ask, ts)
    if is_untriggered(order) and is_trailing(order):
        trail_stop(order, px, ex.account.instruments[order.symbol].tick_size)
    return 0


cdef inline bint takes_part(
    const Exchange* ex, const Order* order, const Bar* bar, int64_t ts, int phase
) noexcept nogil:
    """True if the order takes part in this phase of a bar delivered at `ts`."""
    if not is_open(order) or not order.admitted or leaves(order) <= 0.0:
        return False
    if ex.beside_quotes and ((phase == AT_OPEN and not rests(order)) or (phase == CLOSE and not is_untriggered(order))):
        return False
    if phase == RELEASED or phase == RELEASED_STOPS:
        return order.active and (order.fresh or order.later_qty > 0.0)
    if phase == CLOSE and takes_close(ex, order):
        return order.ts_arrived <= ts
    if matchable(order) <= 0.0:
        return False
    if phase == CLOSE:
        return order.ts_arrived <= bar.ts
    return order.ts_arrived <= bar.ts and order.active


cdef inline int match_phase(Exchange* ex, int32_t symbol, const Bar* bar, int64_t ts, int phase) noexcept nogil:
    """Runs one phase of a bar for every order that takes part, by time of arrival."""
    cdef Order* order
    cdef const Bar* own
    cdef int32_t i = ex.blotter.queues[symbol].head
    cdef int code = 0
    ex.stop_bar = bar if phase == STOPS and ex.terms.intrabar != OPTIMISTIC else NULL
    while i >= 0 and code == 0:
        order = &ex.blotter.orders[i]
        if takes_part(ex, order, bar, ts, phase):
            own = bar_of(ex, order, bar)
            if phase == AT_OPEN:
                code = match_open(ex, order, own, ts)
            elif phase == STOPS:
                code = match_stop(ex, order, own, ts)
            elif phase == LIMITS:
                code = match_limit(ex, order, own, ts)
            elif phase == RELEASED:
                code = match_released(ex, order, own, ts)
            elif phase == RELEASED_STOPS:
                code = match_released_stop(ex, order, own, own.close, ts)
            else:
                code = match_close(ex, order, own, ts)
        i = ex.blotter.orders[i].next
    ex.stop_bar = NULL
    return code


cdef inline void clear_bar_flags(Exchange* ex, int32_t symbol) noexcept nogil:
    """Resets the flags of orders that apply to the current bar alone."""
    cdef Order* order
    cdef int32_t i = ex.blotter.queues[symbol].head
    while i >= 0:
        order = &ex.blotter.orders[i]
        i = order.next
        order.fresh = 0
        order.later_qty = 0.0
        if order.triggered == IN_THIS_BAR:
            order.triggered = 1
    ex.n_released_now = 0


cdef inline int match_bar(Exchange* ex, int32_t symbol, const Bar* bar, int64_t ts) noexcept nogil:
    """Runs all phases of a bar delivered at `ts`."""
    cdef bint optimistic = ex.terms.intrabar == OPTIMISTIC
    cdef const Sides* sides = &ex.sides[symbol]
    ex.in_range = ex.beside_quotes and ex.terms.intrabar != PATH
    if match_phase(ex, symbol, bar, ts, AT_OPEN) < 0:
        return -1
    if not has_open_order(&ex.blotter, symbol):
        ex.n_released_now = 0
        return 0
    show_sides(ex, symbol, 0.5 * (sides.bid.open + sides.bid.close), 0.5 * (sides.ask.open + sides.ask.close))
    if ex.terms.intrabar == PATH:
        if match_path(ex, symbol, bar, ts) < 0:
            return -1
    else:
        ex.in_range = 1
        if (
            match_phase(ex, symbol, bar, ts, LIMITS if optimistic else STOPS) < 0
            or match_phase(ex, symbol, bar, ts, STOPS if optimistic else LIMITS) < 0
            or (ex.n_released_now > 0 and match_phase(ex, symbol, bar, ts, RELEASED) < 0)
            or (ex.n_released_now > 0 and optimistic and match_phase(ex, symbol, bar, ts, RELEASED_STOPS) < 0)
        ):
            return -1
        ex.in_range = 0
    show_sides(ex, symbol, sides.bid.close, sides.ask.close)
    if match_phase(ex, symbol, bar, ts, CLOSE) < 0:
        return -1
    clear_bar_flags(ex, symbol)
    return 0


cdef inline void show_sides(Exchange* ex, int32_t symbol, double bid, double ask) noexcept nogil:
    """Sets the bid and the ask of a symbol with bars of both: those of the open, of the close, or their mean."""
    if ex.sides[symbol].given:
        ex.tickers[symbol].quote.bid, ex.tickers[symbol].quote.ask = bid, ask
        ex.tickers[symbol].quoted = 1


cdef inline int match_beside_quotes(Exchange* ex, int32_t symbol, int64_t ts) noexcept nogil:
    """Matches a bar delivered at `ts` against the resting orders of a symbol with quotes. Returns as `on_bar`.

    The standing quote, its sizes and the mark stay as they are.
    """
    cdef Ticker* ticker = &ex.tickers[symbol]
    cdef const Bar* bar = &ticker.bar
    cdef const Sides* sides = &ex.sides[symbol]
    cdef const Bar* ask = &sides.ask if sides.given else bar
    cdef const Bar* bid = &sides.bid if sides.given else bar
    cdef Queue* queue = &ex.blotter.queues[symbol]
    cdef Quote quote = ticker.quote
    cdef Pool pools = ex.pools[symbol]
    cdef int64_t event = ticker.event
    cdef int8_t quoted = ticker.quoted
    cdef double lot = ex.account.instruments[symbol].lot_size
    cdef bint affected = expire_and_activate(ex, symbol, bar.ts, bar.ts)
    cdef int code
    if not is_affected(queue, ask.low, ask.high, bid.low, bid.high, bar.ts) or not ticker.priced:
        return affected
    if ex.trading[symbol].halted and ex.trading[symbol].halted_since <= bar.ts:
        return affected
    ticker.source, ticker.quoted, ticker.event = BAR, 0, ex.event[0]
    ex.pools[symbol].ask = (
        INFINITY if isnan(ex.terms.volume_share) else whole_lots(ex.terms.volume_share * bar.volume, lot)
    )
    ex.beside_quotes = 1
    wake_reached(&ex.blotter, symbol, ask.low, ask.high, bid.low, bid.high, bar.ts)
    show_sides(ex, symbol, bid.open, ask.open)
    code = match_bar(ex, symbol, bar, ts)
    ex.beside_quotes = 0
    ticker.source, ticker.quoted, ticker.event, ticker.quote = QUOTE, quoted, event, quote
    ex.pools[symbol] = pools
    refresh_queue(&ex.blotter, symbol)
    return -1 if code < 0 else 1


cdef inline int on_bar(Exchange* ex, int32_t symbol, int64_t ts) noexcept nogil:
    """Processes a bar delivered at `ts`.

    Returns 1 if it may have affected an order, 0 if it has not, -1 if memory runs out.

    If the symbol also has quotes or trades, its orders fill against those, and the bar only expires and activates
    orders; with `resting_on="bars"` it fills the orders that rest beside quotes.
    """
    cdef Ticker* ticker = &ex.tickers[symbol]
    cdef const Bar* bar = &ticker.bar
    cdef Queue* queue = &ex.blotter.queues[symbol]
    cdef const Sides* sides = &ex.sides[symbol]
    cdef const Bar* ask = &sides.ask if sides.given else bar
    cdef const Bar* bid = &sides.bid if sides.given else bar
    cdef double mark = bar.close
    cdef bint affected
    cdef int code = 0
    if queue.rests_on_bars:
        return match_beside_quotes(ex, symbol, ts)
    if ticker.source != BAR:
        return expire_and_activate(ex, symbol, bar.ts, bar.ts)
    ticker.event = ex.event[0]
    queue.bar_end = NEVER
    if sides.given:
        mark = 0.5 * (sides.bid.close + sides.ask.close)
    affected = is_affected(queue, ask.low, ask.high, bid.low, bid.high, bar.ts)
    if not isnan(ex.terms.volume_share) and (affected or ex.terms.fill_at_close):
        ex.pools[symbol].ask = whole_lots(ex.terms.volume_share * bar.volume, ex.account.instruments[symbol].lot_size)
    if affected:
        wake_reached(&ex.blotter, symbol, ask.low, ask.high, bid.low, bid.high, bar.ts)
        show_sides(ex, symbol, sides.bid.open, sides.ask.open)
        if not ticker.priced:
            set_price(ex, symbol, 0.5 * (sides.bid.open + sides.ask.open) if sides.given else bar.open)
            ticker.priced = 1
        expire_and_activate(ex, symbol, bar.ts, ts - 1)
        admit_waiting(ex, symbol, ts)
        if not (ex.trading[symbol].halted and ex.trading[symbol].halted_since <= bar.ts):
            code = match_bar(ex, symbol, bar, ts)
        check_mark_bounds(ex, queue, mark)
        refresh_queue(&ex.blotter, symbol)
    show_sides(ex, symbol, sides.bid.close, sides.ask.close)
    set_price(ex, symbol, mark)
    ticker.priced = 1
    queue.bar_end = ts
    return -1 if code < 0 else affected
