"""The loop: events in order of time, and what is due between them.

Before an event at `t` come, in order of time, the messages, timers and scheduled events due at or before `t`, and the
bars of other resolutions that end before `t` and the marks due before `t`. Then the row is delivered to the exchange,
and the strategy is called.
"""

from libc.stdint cimport int32_t, int64_t

from btcore.engine.blotter cimport end_without_children, is_open
from btcore.engine.closing cimport close_positions
from btcore.engine.in_flight cimport next_message_ts
from btcore.engine.margin cimport check_margin
from btcore.engine.requests cimport handle_deferred
from btcore.engine.run cimport OUT_OF_MEMORY, Run, deliver, schedule_mark, set_next_wakeup, write_mark
from btcore.engine.scheduled cimport apply_scheduled, keeps_its_value
from btcore.engine.skip cimport can_skip, skip_rows
from btcore.engine.state cimport Exchange
from btcore.engine.strategy_calls cimport call_strategy, deliver_reports, handle_requests, send_requests
from btcore.engine.ticks cimport can_play_ticks, pass_quote, play_ticks
from btcore.feed.staged cimport Staged, stage
from btcore.feed.stream cimport Stream, delivery, prefetch_rows, stream_at
from btcore.model cimport (
    BAR, BARS, DELISTING, Dated as ScheduledEvent, END, END_OF_DATA, EXPIRED, NEVER, OTHER_BAR, Order, OtherBar, QUOTE,
    START, TIMER
)


cdef inline void start(Run* run) noexcept nogil:
    """Starts the run: applies past rates, writes the first mark, calls `on_start` and handles its requests."""
    cdef int64_t now = run.market.now
    if run.n_streams == 1:
        run.listens = run.kinds >> run.ex.streams[0].kind & 1
    run.skips = can_skip(run)
    run.plays_ticks = can_play_ticks(run)
    apply_past_rates(run, now)
    write_mark(run, now)
    call_strategy(run, START)
    handle_requests(run)
    set_next_wakeup(run)


cdef inline void process_events(Run* run, int64_t n) noexcept nogil:
    """Processes or skips the next `n` events; fewer if the run fails."""
    cdef int64_t end = run.n_done + n
    while run.n_done < end and run.error == 0:
        if run.skips:
            skip_rows(run, end)
            if run.n_done == end:
                return
        elif run.plays_ticks:
            if play_ticks(run, end):
                answer_strategy(run)
                run.n_done += run.error == 0
                continue
            if run.n_done == end:
                return
        process_event(run)


cdef inline void finish(Run* run) noexcept nogil:
    """Ends the run after the last event: calls `on_end`, lets open orders expire, writes the last mark.

    Bars of other resolutions and delistings due by the last event come before. With `close_at_end` what positions are
    left are closed at the end.
    """
    cdef Exchange* ex = &run.ex
    cdef Order* order
    cdef int64_t i
    while run.error == 0 and next_other_end(run) <= run.market.now:
        deliver_other_bar(run)
    delist_at_end(run)
    call_strategy(run, END)
    send_requests(run)
    for i in range(ex.blotter.n_orders):
        order = &ex.blotter.orders[i]
        if is_open(order):
            end_without_children(&ex.blotter, order, EXPIRED, END_OF_DATA, run.market.now)
    if ex.terms.close_at_end and close_positions(ex, run.market.now) < 0:
        run.error = OUT_OF_MEMORY
    write_mark(run, run.market.now)


cdef inline void delist_at_end(Run* run) noexcept nogil:
    """Applies the delistings at the time of the last event, which no later event brings about."""
    cdef int64_t i
    cdef bint found = False
    for i in range(run.next_scheduled, run.n_scheduled):
        if run.scheduled[i].ts <= run.market.now and run.scheduled[i].kind == DELISTING:
            found = True
            if apply_scheduled(&run.ex, &run.scheduled[i]) < 0:
                run.error = OUT_OF_MEMORY
    if found:
        handle_requests(run)


cdef inline void process_event(Run* run) noexcept nogil:
    """Processes the next event: first everything due before it, then the exchange, the strategy and its requests."""
    cdef int32_t s = stream_at(&run.event_order, run.n_done)
    cdef const Stream* stream = &run.ex.streams[s]
    cdef int64_t row = run.rows[s], t
    cdef Staged* staged
    cdef int outcome = 0
    if run.staged != NULL:
        staged = &run.staged[s]
        if row >= staged.end:
            stage(staged, stream, row)
        stream = &staged.rows
        row -= staged.first
    elif run.n_streams > 1:
        prefetch_rows(stream, row, run.ex.load_sizes)
    t = delivery(stream, row)
    if t >= run.next_wakeup:
        run_due(run, t)
        if run.error:
            return
    run.rows[s] += 1
    if stream.kind != QUOTE or not pass_quote(run, stream, row, t):
        outcome = deliver(run, stream, row, t)
    if outcome:
        finish_matching(run, stream.symbol, stream.kind, outcome < 0)
        if run.error:
            return
    run.market.symbol = stream.symbol
    if run.kinds >> stream.kind & 1:
        call_strategy(run, stream.kind)
    answer_strategy(run)
    if run.kinds >> BARS & 1 and stream.kind == BAR and run.error == 0 and not has_bar_at(run, t):
        call_strategy(run, BARS)
        answer_strategy(run)
    if run.mark_due == NEVER:
        schedule_mark(run)
        set_next_wakeup(run)
    if run.error == 0:
        run.n_done += 1


cdef inline void answer_strategy(Run* run) noexcept nogil:
    """Handles what the strategy has requested, and notes an earlier timer."""
    if run.out.count:
        handle_requests(run)
        set_next_wakeup(run)
    elif run.out.next_timer < run.next_wakeup:
        set_next_wakeup(run)


cdef inline bint has_bar_at(const Run* run, int64_t t) noexcept nogil:
    """True if a bar that ends at `t` has not been delivered."""
    cdef const Stream* stream
    cdef int32_t s
    for s in range(run.n_streams):
        stream = &run.ex.streams[s]
        if stream.kind == BAR and run.rows[s] < stream.n and delivery(stream, run.rows[s]) == t:
            return True
    return False


cdef inline void finish_matching(Run* run, int32_t symbol, int kind, int failed) noexcept nogil:
    """After an event that may have affected orders: checks margin, handles deferred requests, delivers reports."""
    cdef Exchange* ex = &run.ex
    if ex.margin_stale:
        failed |= check_margin(ex, run.market.now)
    if kind == BAR and ex.blotter.n_deferred:
        failed |= handle_deferred(ex, symbol, run.market.now)
    if failed | ex.blotter.out_of_memory:
        run.error = OUT_OF_MEMORY
        return
    deliver_reports(run)
    if ex.blotter.in_flight.delayed:
        set_next_wakeup(run)


cdef inline void run_due(Run* run, int64_t t) noexcept nogil:
    """Runs everything due at or before `t`, in order of time, and the other bars and marks due before `t`.

    At the same time scheduled events come first, then messages, then the timer, then other bars, then the mark.
    """
    cdef int64_t due, scheduled, other
    while run.error == 0:
        scheduled = next_scheduled_ts(run, t)
        due = max(run.out.next_timer, run.market.now)  # a timer set for the past fires now
        due = min(next_message_ts(&run.ex.blotter.in_flight), due)
        other = next_other_end(run)
        if run.mark_due < min(min(min(due, scheduled), other), t):
            write_mark(run, run.mark_due)
            continue
        if other < min(min(due, scheduled), t):
            deliver_other_bar(run)
            continue
        if min(due, scheduled) > t:
            break
        if scheduled <= due:
            run.market.now = max(run.market.now, scheduled)
            run_scheduled(run, scheduled)
        else:
            run.market.now = max(run.market.now, due)
            if next_message_ts(&run.ex.blotter.in_flight) > due:
                run.out.next_timer = NEVER
                call_strategy(run, TIMER)
        handle_requests(run)
    set_next_wakeup(run)


cdef inline int64_t next_other_end(const Run* run) noexcept nogil:
    """When the next bar of another resolution ends; NEVER if none is left."""
    return run.others[run.next_other].end if run.next_other < run.n_others else NEVER


cdef inline void deliver_other_bar(Run* run) noexcept nogil:
    """Calls the strategy with the next bar of another resolution, which the exchange never sees."""
    cdef const OtherBar* other = &run.others[run.next_other]
    run.next_other += 1
    run.market.now = other.end
    run.market.other = other
    run.market.symbol = other.symbol
    call_strategy(run, OTHER_BAR)
    handle_requests(run)


cdef inline int64_t next_scheduled_ts(const Run* run, int64_t t) noexcept nogil:
    """When the next scheduled event is due. One due at `t` itself gives NEVER while a bar that ends at `t` is left."""
    cdef int64_t due = run.scheduled[run.next_scheduled].ts if run.next_scheduled < run.n_scheduled else NEVER
    return NEVER if due == t and has_bar_at(run, t) else due


cdef inline void run_scheduled(Run* run, int64_t ts) noexcept nogil:
    """Applies the scheduled events due at `ts`, with a margin check after each."""
    cdef Exchange* ex = &run.ex
    cdef int64_t fills = ex.journal.n_fills
    cdef int failed = 0
    while run.next_scheduled < run.n_scheduled and run.scheduled[run.next_scheduled].ts <= ts:
        failed |= apply_scheduled(ex, &run.scheduled[run.next_scheduled])
        run.next_scheduled += 1
        if ex.margin_stale:
            failed |= check_margin(ex, ts)
    if failed:
        run.error = OUT_OF_MEMORY
    if ex.journal.n_fills != fills and run.mark_due == NEVER and run.mark_every > 0:  # else points follow events alone
        schedule_mark(run)


cdef inline void apply_past_rates(Run* run, int64_t ts) noexcept nogil:
    """Applies latencies and rates dated at or before the start; other scheduled events before it are dropped."""
    cdef const ScheduledEvent* event
    while run.next_scheduled < run.n_scheduled and run.scheduled[run.next_scheduled].ts <= ts:
        event = &run.scheduled[run.next_scheduled]
        run.next_scheduled += 1
        if keeps_its_value(event.kind):
            apply_scheduled(&run.ex, event)
    run.ex.margin_stale = 0
