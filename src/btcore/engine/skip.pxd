"""How far the engine may skip: to the next row that can fill an order, fire a timer or need a mark.

Skipping leaves the same bytes as processing every event (tests/properties/test_skipping.py).
"""

from libc.math cimport isinf
from libc.stdint cimport int64_t

from btcore.engine.blotter cimport Queue
from btcore.engine.journal cimport write_stretch
from btcore.engine.run cimport OUT_OF_MEMORY, Run, deliver, next_due, schedule_mark, set_next_wakeup, write_mark
from btcore.feed.blocks cimport first_reaching
from btcore.feed.search cimport first_at_cached
from btcore.feed.stream cimport Stream, delivery
from btcore.model cimport BAR, NEVER

cdef enum:
    LEAST_REACH = 64             # rows
    LARGEST_REACH = 4096


cdef inline bint can_skip(const Run* run) noexcept nogil:
    """True if the run may skip rows at all. The one place that decides this.

    It has one stream, not of bars of bid and ask, and no mark-price series. The strategy does not listen to it, or can
    scan it. Marks lie on a grid of times, or every row is a bar and so a mark.
    """
    return (
        run.n_streams == 1
        and (not run.listens or run.scan != NULL)
        and (run.mark_every > 0 or run.ex.streams[0].kind == BAR)
        and not run.ex.streams[0].two_sided
        and not run.ex.has_marks
    )


cdef inline void skip_rows(Run* run, int64_t end) noexcept nogil:
    """Skips rows before `end` that cannot affect an order, a timer, a mark or the strategy.

    Only the latest price changes. The last row skipped is delivered in full; nothing happens if the next row matters.
    """
    cdef const Stream* stream = run.ex.streams
    cdef Queue* queue = &run.ex.blotter.queues[0]
    cdef int64_t row = run.n_done, due = run.next_wakeup
    cdef bint marks_rows = run.mark_every == 0
    if run.mark_due == NEVER or queue.needs_every_price or run.ex.blotter.n_deferred or not run.ex.tickers[0].priced:
        return
    if marks_rows:
        due = next_due(run)
    if due != NEVER:
        end = min(end, first_at_cached(&run.wakeup_search, stream.ends, row, stream.n, due - stream.interval))
    if queue.next_expiry != NEVER:
        end = min(end, first_at_cached(&run.expiry_search, stream.ts, row, stream.n, queue.next_expiry))
    if has_levels(queue):
        if run.scan != NULL:
            end = min(end, row + max(run.reach, LEAST_REACH))  # rows after its next order are searched twice
        end = first_reaching(
            stream, stream.index, row, end, queue.buy_limit, queue.sell_limit, queue.buy_stop, queue.sell_stop
        )
    if run.listens and end > row:
        end = run.scan(run.strategy, stream, row, end)
        run.market.calls += end - row
        run.reach = min(2 * (end - row), LARGEST_REACH)
    if end > row:
        jump_to(run, end, marks_rows)


cdef inline bint has_levels(const Queue* queue) noexcept nogil:
    """True if some price can affect the queue."""
    return not (
        isinf(queue.buy_limit) and isinf(queue.sell_limit) and isinf(queue.buy_stop) and isinf(queue.sell_stop)
    )


cdef inline void jump_to(Run* run, int64_t end, bint marks_rows) noexcept nogil:
    """Makes `end` the next row. With `marks_rows` each row skipped is a mark."""
    cdef const Stream* stream = run.ex.streams
    cdef int64_t row = run.n_done
    if marks_rows:
        write_mark(run, run.mark_due)
        if end - row > 1 and write_stretch(&run.ex.journal, &run.ex.account, row, end - 1) < 0:
            run.error = OUT_OF_MEMORY
    run.rows[0] = end
    run.n_done = end - 1
    deliver(run, stream, end - 1, delivery(stream, end - 1))
    run.market.symbol = 0
    if run.listens:
        run.market.kind = stream.kind
    run.n_done = end
    if marks_rows:
        schedule_mark(run)
        set_next_wakeup(run)
