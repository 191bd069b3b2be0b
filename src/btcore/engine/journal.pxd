"""The records that a run writes. Every table and metric of a result is computed from them."""

from libc.stdint cimport int32_t, int64_t, int8_t
from libc.stdlib cimport free

from btcore.feed.stream cimport Stream, delivery
from btcore.memory cimport append, reserve
from btcore.model cimport Account, CashFlow, Exposure, Fill, Note, Position, Restatement
from btcore.rules.accounting cimport equity


cdef struct Stretch:         # rows of a run's only stream, each a point of the curve; nothing but the mark changed
    int64_t row              # the first
    int64_t end              # one past the last
    int64_t n_points         # written before it
    int64_t n_exposures
    double cash
    double point_value
    double qty[3]            # net position; in a hedging account also the long and the short leg
    int8_t has_legs


cdef struct Point:           # of the equity curve
    int64_t timestamp
    double equity
    double cash


cdef struct Journal:
    Fill* fills
    int64_t n_fills
    int64_t cap_fills
    int64_t n_reported       # fills that were reported to the strategy
    Point* points
    int64_t n_points
    int64_t cap_points
    Exposure* exposures
    int64_t n_exposures
    int64_t cap_exposures
    Stretch* stretches
    int64_t n_stretches
    int64_t cap_stretches
    CashFlow* flows
    int64_t n_flows
    int64_t cap_flows
    Restatement* restatements
    int64_t n_restatements
    int64_t cap_restatements
    Note* notes
    int64_t n_notes
    int64_t cap_notes
    int64_t ambiguous_bars   # stop fills in bars where a limit order might have filled first
    double lowest_cash
    double spread_cost       # half the spread of each quote that a taker met, in money


cdef inline void free_journal(Journal* journal) noexcept nogil:
    free(journal.fills)
    free(journal.points)
    free(journal.exposures)
    free(journal.stretches)
    free(journal.flows)
    free(journal.restatements)
    free(journal.notes)


cdef inline Fill* next_fill(Journal* journal) noexcept nogil:
    """The record of a new fill, for the caller to write; NULL if memory runs out."""
    if reserve(<void**> &journal.fills, &journal.cap_fills, journal.n_fills, sizeof(Fill)) < 0:
        return NULL
    journal.n_fills += 1
    return &journal.fills[journal.n_fills - 1]


cdef inline int write_flow(Journal* journal, CashFlow flow) noexcept nogil:
    """Appends a record. Returns 0, or -1 if memory runs out; likewise all functions named `write_`."""
    return append(<void**> &journal.flows, &journal.n_flows, &journal.cap_flows, &flow, sizeof(CashFlow))


cdef inline int write_restatement(Journal* journal, Restatement item) noexcept nogil:
    return append(
        <void**> &journal.restatements, &journal.n_restatements, &journal.cap_restatements, &item, sizeof(Restatement)
    )


cdef inline int write_note(Journal* journal, Note note) noexcept nogil:
    return append(<void**> &journal.notes, &journal.n_notes, &journal.cap_notes, &note, sizeof(Note))


cdef inline int write_exposure(
    Journal* journal, const Position* position, const Position* net, int64_t ts
) noexcept nogil:
    """Writes the exposure of a position, or of one leg of it, at the mark of the symbol; nothing if it is flat."""
    cdef Exposure* item
    if position.qty == 0.0:
        return 0
    if reserve(<void**> &journal.exposures, &journal.cap_exposures, journal.n_exposures, sizeof(Exposure)) < 0:
        return -1
    item = &journal.exposures[journal.n_exposures]
    item.timestamp, item.quantity, item.value = ts, position.qty, position.qty * net.mark * net.point_value
    item.symbol, item.leg = position.symbol, position.leg
    journal.n_exposures += 1
    return 0


cdef inline int write_point(Journal* journal, const Account* account, int64_t ts) noexcept nogil:
    """Marks the account at `ts`: one point of the equity curve, and one exposure per open position."""
    cdef Point* point
    cdef int32_t i
    if reserve(<void**> &journal.points, &journal.cap_points, journal.n_points, sizeof(Point)) < 0:
        return -1
    point = &journal.points[journal.n_points]
    point.timestamp, point.equity, point.cash = ts, equity(account), account.cash
    journal.n_points += 1
    for i in range(account.n_symbols):
        if account.legs == NULL:
            if write_exposure(journal, &account.positions[i], &account.positions[i], ts) < 0:
                return -1
        elif (
            write_exposure(journal, &account.legs[2 * i], &account.positions[i], ts) < 0
            or write_exposure(journal, &account.legs[2 * i + 1], &account.positions[i], ts) < 0
        ):
            return -1
    return 0


cdef inline int write_stretch(Journal* journal, const Account* account, int64_t row, int64_t end) noexcept nogil:
    """Writes one record for the points of rows [row, end) of a run's only stream, which change nothing but the mark."""
    cdef const Position* net = &account.positions[0]
    cdef Stretch stretch = Stretch(
        row=row, end=end, n_points=journal.n_points, n_exposures=journal.n_exposures, cash=account.cash,
        point_value=net.point_value, has_legs=account.legs != NULL,
    )
    stretch.qty[0] = net.qty
    if stretch.has_legs:
        stretch.qty[1], stretch.qty[2] = account.legs[0].qty, account.legs[1].qty
    return append(
        <void**> &journal.stretches, &journal.n_stretches, &journal.cap_stretches, &stretch, sizeof(Stretch)
    )


cdef inline int64_t count_points(const Journal* journal) noexcept nogil:
    """Points of the equity curve, those of stretches included."""
    cdef int64_t k, total = journal.n_points
    for k in range(journal.n_stretches):
        total += journal.stretches[k].end - journal.stretches[k].row
    return total


cdef inline int64_t count_exposures(const Journal* journal) noexcept nogil:
    """Exposures, those of stretches included."""
    cdef const Stretch* stretch
    cdef int64_t k, total = journal.n_exposures
    cdef int j
    for k in range(journal.n_stretches):
        stretch = &journal.stretches[k]
        for j in range(stretch.has_legs, 1 + 2 * stretch.has_legs):
            if stretch.qty[j] != 0.0:
                total += stretch.end - stretch.row
    return total


cdef inline void expand_points(
    const Journal* journal, const Stream* stream, int64_t* ts, double* equities, double* cash
) noexcept nogil:
    """Writes every point of the curve into columns of `count_points` values.

    `ts` and `equities` may both be NULL, and so may `cash`; such a column is not written. Equity is computed by the
    same operations in the same order as in `rules.accounting.equity`, so the bits are equal.
    """
    cdef const Stretch* stretch
    cdef int64_t k, i = 0, n = 0, row, until
    for k in range(journal.n_stretches + 1):
        stretch = &journal.stretches[k]
        until = stretch.n_points if k < journal.n_stretches else journal.n_points
        while i < until:
            if ts != NULL:
                ts[n], equities[n] = journal.points[i].timestamp, journal.points[i].equity
            if cash != NULL:
                cash[n] = journal.points[i].cash
            i += 1
            n += 1
        if k == journal.n_stretches:
            break
        if cash != NULL:
            for row in range(stretch.end - stretch.row):
                cash[n + row] = stretch.cash
        if ts != NULL:
            for row in range(stretch.row, stretch.end):
                ts[n + row - stretch.row] = delivery(stream, row)
                equities[n + row - stretch.row] = stretch.cash
            if stretch.qty[0] != 0.0:
                for row in range(stretch.row, stretch.end):
                    equities[n + row - stretch.row] += stretch.qty[0] * stream.d[row] * stretch.point_value
        n += stretch.end - stretch.row


cdef inline void expand_exposures(const Journal* journal, const Stream* stream, Exposure* exposures) noexcept nogil:
    """Writes every exposure, `count_exposures` of them."""
    cdef const Stretch* stretch
    cdef int64_t k, i = 0, n = 0, row, until
    cdef int j
    for k in range(journal.n_stretches + 1):
        stretch = &journal.stretches[k]
        until = stretch.n_exposures if k < journal.n_stretches else journal.n_exposures
        while i < until:
            exposures[n] = journal.exposures[i]
            i += 1
            n += 1
        if k == journal.n_stretches:
            break
        for row in range(stretch.row, stretch.end):
            for j in range(stretch.has_legs, 1 + 2 * stretch.has_legs):
                if stretch.qty[j] != 0.0:
                    exposures[n] = Exposure(
                        timestamp=delivery(stream, row), quantity=stretch.qty[j],
                        value=stretch.qty[j] * stream.d[row] * stretch.point_value, symbol=0,
                        leg=0 if j == 0 else 3 - 2 * j,
                    )
                    n += 1
