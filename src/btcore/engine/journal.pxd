"""What a run writes down. Everything a result shows is a view of this."""

from libc.stdint cimport int32_t, int64_t, int8_t
from libc.stdlib cimport free

from btcore.memory cimport reserve
from btcore.model cimport Account, CashFlow, EquityPoint, Exposure, Fill, Note, Position, Restatement
from btcore.rules.accounting cimport equity
from btcore.feed.stream cimport Stream, delivery


cdef struct Stretch:         # bars of a run's one stream that changed nothing but the mark: a point of the curve each
    int64_t row
    int64_t end
    int64_t n_points         # written before it
    int64_t n_exposures
    double cash
    double point_value
    double held[3]           # net; or the legs of a hedging account as well
    int8_t legs              # there are some


cdef struct Journal:
    Fill* fills
    int64_t n_fills
    int64_t cap_fills
    int64_t n_reported       # fills the strategy has heard of
    EquityPoint* points
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
    int64_t ambiguous_bars   # a stop was taken where the bar's range held its limit too
    double lowest_cash


cdef inline void free_journal(Journal* journal) noexcept nogil:
    free(journal.fills)
    free(journal.points)
    free(journal.exposures)
    free(journal.stretches)
    free(journal.flows)
    free(journal.restatements)
    free(journal.notes)


cdef inline int write_fill(Journal* journal, Fill fill) noexcept nogil:
    if reserve(<void**> &journal.fills, &journal.cap_fills, journal.n_fills, sizeof(Fill)) < 0:
        return -1
    journal.fills[journal.n_fills] = fill
    journal.n_fills += 1
    return 0


cdef inline int write_flow(Journal* journal, CashFlow flow) noexcept nogil:
    if reserve(<void**> &journal.flows, &journal.cap_flows, journal.n_flows, sizeof(CashFlow)) < 0:
        return -1
    journal.flows[journal.n_flows] = flow
    journal.n_flows += 1
    return 0


cdef inline int write_restatement(Journal* journal, Restatement restatement) noexcept nogil:
    if reserve(
        <void**> &journal.restatements, &journal.cap_restatements, journal.n_restatements, sizeof(Restatement)
    ) < 0:
        return -1
    journal.restatements[journal.n_restatements] = restatement
    journal.n_restatements += 1
    return 0


cdef inline int write_note(Journal* journal, Note note) noexcept nogil:
    if reserve(<void**> &journal.notes, &journal.cap_notes, journal.n_notes, sizeof(Note)) < 0:
        return -1
    journal.notes[journal.n_notes] = note
    journal.n_notes += 1
    return 0


cdef inline int write_exposure(
    Journal* journal, const Position* position, const Position* net, int64_t ts
) noexcept nogil:
    """A position, or a leg of it, at the symbol's mark."""
    if position.qty == 0.0:
        return 0
    if reserve(<void**> &journal.exposures, &journal.cap_exposures, journal.n_exposures, sizeof(Exposure)) < 0:
        return -1
    journal.exposures[journal.n_exposures] = Exposure(
        timestamp=ts, quantity=position.qty, value=position.qty * net.mark * net.point_value, symbol=position.symbol,
        leg=position.leg,
    )
    journal.n_exposures += 1
    return 0


cdef inline int write_point(Journal* journal, const Account* account, int64_t ts) noexcept nogil:
    """The account as it stands: a point of the equity curve, an exposure for each position."""
    cdef int32_t i
    cdef double worth = equity(account)
    if reserve(<void**> &journal.points, &journal.cap_points, journal.n_points, sizeof(EquityPoint)) < 0:
        return -1
    journal.points[journal.n_points] = EquityPoint(
        timestamp=ts, equity=worth, cash=account.cash, positions=worth - account.cash
    )
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
    """In place of the points of rows [row, end) of a run's one stream, in which nothing but the mark has changed."""
    cdef const Position* net = &account.positions[0]
    cdef Stretch* stretch
    if reserve(<void**> &journal.stretches, &journal.cap_stretches, journal.n_stretches, sizeof(Stretch)) < 0:
        return -1
    stretch = &journal.stretches[journal.n_stretches]
    journal.n_stretches += 1
    stretch.row, stretch.end = row, end
    stretch.n_points, stretch.n_exposures = journal.n_points, journal.n_exposures
    stretch.cash, stretch.point_value = account.cash, net.point_value
    stretch.held[0] = net.qty
    stretch.legs = account.legs != NULL
    if stretch.legs:
        stretch.held[1], stretch.held[2] = account.legs[0].qty, account.legs[1].qty
    return 0


cdef inline int64_t count_points(const Journal* journal) noexcept nogil:
    """Those of stretches too."""
    cdef int64_t k, count = journal.n_points
    for k in range(journal.n_stretches):
        count += journal.stretches[k].end - journal.stretches[k].row
    return count


cdef inline int64_t count_exposures(const Journal* journal) noexcept nogil:
    cdef const Stretch* stretch
    cdef int64_t k, count = journal.n_exposures
    cdef int j
    for k in range(journal.n_stretches):
        stretch = &journal.stretches[k]
        for j in range(stretch.legs, 1 + 2 * stretch.legs):
            if stretch.held[j] != 0.0:
                count += stretch.end - stretch.row
    return count


cdef inline void unfold_points(
    const Journal* journal, const Stream* stream, int64_t* ts, double* worth, double* cash
) noexcept nogil:
    """Every point of the curve, in columns of `count_points`, or NULL for one that nobody asks for.

    What the account was worth is told by the words of `equity`.
    """
    cdef const Stretch* stretch
    cdef int64_t k, i = 0, n = 0, row, until
    for k in range(journal.n_stretches + 1):
        stretch = &journal.stretches[k]
        until = stretch.n_points if k < journal.n_stretches else journal.n_points
        while i < until:
            if ts != NULL:
                ts[n], worth[n] = journal.points[i].timestamp, journal.points[i].equity
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
                worth[n + row - stretch.row] = stretch.cash
            if stretch.held[0] != 0.0:
                for row in range(stretch.row, stretch.end):
                    worth[n + row - stretch.row] += stretch.held[0] * stream.d[row] * stretch.point_value
        n += stretch.end - stretch.row


cdef inline void unfold_exposures(const Journal* journal, const Stream* stream, Exposure* exposures) noexcept nogil:
    """Every exposure, `count_exposures` of them."""
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
            for j in range(stretch.legs, 1 + 2 * stretch.legs):
                if stretch.held[j] != 0.0:
                    exposures[n] = Exposure(
                        timestamp=delivery(stream, row), quantity=stretch.held[j],
                        value=stretch.held[j] * stream.d[row] * stretch.point_value, symbol=0,
                        leg=0 if j == 0 else 3 - 2 * j,
                    )
                    n += 1
