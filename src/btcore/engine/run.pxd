"""The state of one run and its clock: the current time, what is due next, and when the account is next marked."""

from libc.stdint cimport int32_t, int64_t

from btcore.contract cimport scan_t
from btcore.engine.in_flight cimport next_message_ts
from btcore.engine.journal cimport write_point
from btcore.engine.match_bars cimport on_bar
from btcore.engine.match_ticks cimport on_quote, on_trade
from btcore.engine.state cimport Exchange
from btcore.feed.search cimport CachedSearch
from btcore.feed.staged cimport Staged
from btcore.feed.stream cimport MergeOrder, Stream, load, load_sides
from btcore.model cimport (
    BAR, Dated as ScheduledEvent, Fill, Market, NEVER, OtherBar, Outbox, QUOTE, on_event_t
)


cdef enum RunError:
    OUT_OF_MEMORY = 1
    STRATEGY_FAILED = 2
    TOO_MANY_ROUNDS = 3          # the strategy answers each fill with another order, without end

cdef struct Run:
    Exchange ex
    Market market                # what the strategy sees; `market.now` is the clock
    Outbox out                   # what the strategy has requested
    on_event_t on_event          # the strategy
    scan_t scan                  # the strategy over many rows at once; NULL: it cannot
    void* strategy
    int32_t kinds                # events that it listens to: bit 1 << Kind
    int32_t n_streams
    MergeOrder event_order       # the stream of each event
    int64_t* rows                # by stream: the next row
    Staged* staged               # by stream: the next rows, copied; NULL: they are read in place
    int64_t n_done               # events processed
    int64_t n_requests           # requests sent
    int64_t n_drawn              # entry latencies drawn
    const ScheduledEvent* scheduled  # sorted by time
    int64_t n_scheduled
    int64_t next_scheduled       # index of the next one
    const OtherBar* others       # sorted by end; none if the strategy does not listen to them
    int64_t n_others
    int64_t next_other
    int64_t next_wakeup          # no event before this time needs `loop.run_due`
    int64_t mark_every           # ns; 0: every distinct time of an event
    int64_t mark_due             # time of the next mark; NEVER: nothing has changed since the last
    int64_t last_mark
    int32_t error                # RunError; not 0: the run stops
    int32_t code                 # what the strategy's latest call returned
    Fill notice                  # of which the order is set for a report of an order
    bint listens                 # the strategy listens to the events of the run's only stream
    bint skips                   # see `skip.can_skip`
    int64_t reach                # rows that the next skip searches before the strategy scans them
    bint plays_ticks             # see `ticks.can_play_ticks`
    CachedSearch wakeup_search   # for the row at `next_wakeup`
    CachedSearch expiry_search   # for the row at which an order expires or becomes active


cdef inline int deliver(Run* run, const Stream* stream, int64_t row, int64_t t) noexcept nogil:
    """Moves the clock to `t` and gives a row to the exchange.

    Returns 1 if the row may have affected an order, 0 if it has not, -1 if memory runs out.
    """
    cdef Exchange* ex = &run.ex
    load(stream, row, &ex.tickers[stream.symbol], ex.load_sizes)
    if stream.two_sided:
        load_sides(stream, row, &ex.sides[stream.symbol])
    run.market.now = t
    if stream.kind == QUOTE:
        return on_quote(ex, stream.symbol)
    if stream.kind == BAR:
        return on_bar(ex, stream.symbol, t) or ex.blotter.n_deferred > 0
    return on_trade(ex, stream.symbol)


cdef inline int64_t next_due(const Run* run) noexcept nogil:
    """When the next message, timer, scheduled event or bar of another resolution is due; marks are not counted."""
    cdef int64_t due = min(next_message_ts(&run.ex.blotter.in_flight), run.out.next_timer)
    if run.next_other < run.n_others:
        due = min(due, run.others[run.next_other].end + 1)  # it comes after the events of its time
    return min(due, run.scheduled[run.next_scheduled].ts) if run.next_scheduled < run.n_scheduled else due


cdef inline void set_next_wakeup(Run* run) noexcept nogil:
    """To be called when anything due has changed. A mark at `t` is written before the first event after `t`."""
    run.next_wakeup = next_due(run)
    if run.mark_due < run.next_wakeup:
        run.next_wakeup = run.mark_due + 1


cdef inline void schedule_mark(Run* run) noexcept nogil:
    """Schedules a mark now, or at the next multiple of `mark_every`. To be called when the account has changed."""
    cdef int64_t now = run.market.now
    if run.mark_every == 0:
        run.mark_due = now
        return
    run.mark_due = (now // run.mark_every + (now % run.mark_every > 0)) * run.mark_every
    if run.mark_due <= run.last_mark:
        run.mark_due = NEVER


cdef inline void write_mark(Run* run, int64_t ts) noexcept nogil:
    """Marks the account: a point of the equity curve at `ts`."""
    if write_point(&run.ex.journal, &run.ex.account, ts) < 0:
        run.error = OUT_OF_MEMORY
    run.last_mark = ts
    run.mark_due = NEVER
