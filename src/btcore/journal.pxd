"""What a run writes down. Everything a result shows is a view of this."""

from libc.stdint cimport int32_t, int64_t
from libc.stdlib cimport free

from btcore.memory cimport reserve
from btcore.model cimport Account, CashFlow, EquityPoint, Exposure, Fill, Note, Position, Restatement
from btcore.rules.accounting cimport equity


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
