"""Events that do nothing but move the price and call the strategy.

`play_ticks` and `pass_quote` leave the same bytes as `loop.process_event` (tests/properties/test_ticks.py).
"""

from libc.math cimport INFINITY
from libc.stdint cimport int64_t

from btcore.engine.blotter cimport Queue
from btcore.engine.run cimport Run
from btcore.engine.skip cimport has_levels
from btcore.engine.state cimport Exchange, Pool, set_price
from btcore.engine.strategy_calls cimport ask_strategy
from btcore.feed.stream cimport Stream, load
from btcore.model cimport Account, BAR, NEVER, Position, QUOTE, Ticker


cdef inline bint can_play_ticks(const Run* run) noexcept nogil:
    """True if the run may call the strategy in `play_ticks`. The one place that decides this.

    It has one stream, of quotes or trades, to which the strategy listens and which it cannot scan. Marks lie on a grid
    of times: without one, each event is a mark.
    """
    return (
        run.n_streams == 1 and run.ex.streams[0].kind != BAR and run.listens and run.scan == NULL
        and run.mark_every > 0 and not run.ex.has_marks
    )


cdef inline bint play_ticks(Run* run, int64_t end) noexcept nogil:
    """Plays rows before `end` up to the first that may affect an order, or before which something is due.

    True if the strategy has failed, requested something or set a timer at the last row; `n_done` does not count that
    row yet.
    """
    cdef const Ticker* ticker = run.ex.tickers
    cdef bint is_quote = run.ex.streams[0].kind == QUOTE
    if (
        run.mark_due == NEVER or run.ex.blotter.queues[0].needs_every_price or not ticker.priced
        or ticker.quoted != is_quote
    ):
        return False
    return play_rows(run, end, True) if is_quote else play_rows(run, end, False)


cdef inline bint play_rows(Run* run, int64_t end, bint is_quote) noexcept nogil:
    """As `play_ticks`. What the strategy sees is written at each row, the rest after the last."""
    cdef Exchange* ex = &run.ex
    cdef const Stream* stream = ex.streams
    cdef const Queue* queue = ex.blotter.queues
    cdef const Account* account = &ex.known if ex.blotter.in_flight.delayed else &ex.account
    cdef Ticker* ticker = ex.tickers
    cdef Position* position = ex.account.positions
    cdef Position* shown = account.positions  # response latency does not apply to prices
    cdef const double* sizes = stream.c if is_quote else stream.b
    cdef bint sized = sizes != NULL and (ex.load_sizes or not is_quote), watched = has_levels(queue), acts = False
    cdef int64_t row = run.n_done, first = row, stop = min(run.next_wakeup, queue.next_expiry), t
    cdef double buy, sell, mark
    run.market.symbol = 0
    run.market.kind = stream.kind
    while row < end and not acts:
        t = stream.ts[row]
        sell = mark = stream.a[row]
        buy = stream.b[row] if is_quote else sell
        if t >= stop or (watched and is_reached(queue, buy, sell)):
            break
        if is_quote:
            ticker.quote.ts = t
            ticker.quote.bid = sell
            ticker.quote.ask = buy
            if sized:
                ticker.quote.bid_qty = sizes[row]
                ticker.quote.ask_qty = stream.d[row]
            mark = 0.5 * (sell + buy)
        else:
            ticker.trade.ts = t
            ticker.trade.px = mark
            if sized:
                ticker.trade.qty = sizes[row]
            if stream.side != NULL:
                ticker.trade.side = stream.side[row]
        ticker.px = position.mark = shown.mark = mark
        ticker.event = row
        row += 1
        run.rows[0] = row
        run.market.now = t
        run.market.calls += 1
        acts = ask_strategy(run, account) or run.out.count > 0 or run.out.next_timer < run.next_wakeup
    if row > first:
        run.n_done = row - acts
        set_pools(ex, ticker, is_quote)
    return acts


cdef inline bint pass_quote(Run* run, const Stream* stream, int64_t row, int64_t t) noexcept nogil:
    """Moves the clock to `t` and loads a quote that can affect no order; if it may affect one, changes nothing.

    True if it has loaded the quote. As `run.deliver`, which is ten times as long, would do it.
    """
    cdef Exchange* ex = &run.ex
    cdef const Queue* queue = &ex.blotter.queues[stream.symbol]
    cdef Ticker* ticker = &ex.tickers[stream.symbol]
    if (
        is_reached(queue, stream.b[row], stream.a[row]) or queue.needs_every_price
        or stream.ts[row] >= queue.next_expiry
    ):
        return False
    load(stream, row, ticker, ex.load_sizes)
    run.market.now = t
    ticker.event = run.n_done
    ticker.quoted = ticker.priced = 1
    set_price(ex, stream.symbol, 0.5 * (ticker.quote.bid + ticker.quote.ask))
    if ex.terms.displayed_size:
        ex.pools[stream.symbol] = Pool(ask=ticker.quote.ask_qty, bid=ticker.quote.bid_qty)
    return True


cdef inline bint is_reached(const Queue* queue, double buy, double sell) noexcept nogil:
    """True if prices at which a buy and a sell would trade reach a level of the queue."""
    return (
        buy <= queue.buy_limit or sell >= queue.sell_limit or buy >= queue.buy_stop or sell <= queue.sell_stop
    )


cdef inline void set_pools(Exchange* ex, const Ticker* ticker, bint is_quote) noexcept nogil:
    """Sets the size that the latest event offers."""
    if not is_quote:
        ex.trade_pool = ticker.trade.qty if ex.terms.displayed_size else INFINITY
        ex.pools[0].ask = ex.trade_pool
    elif ex.terms.displayed_size:
        ex.pools[0] = Pool(ask=ticker.quote.ask_qty, bid=ticker.quote.bid_qty)
