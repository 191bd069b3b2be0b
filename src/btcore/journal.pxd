"""What a run writes down. Everything a result shows is a view of this."""

from libc.stdint cimport int32_t, int64_t
from libc.stdlib cimport free

from btcore.memory cimport reserve
from btcore.model cimport Account, EquityPoint, Exposure, Fill
from btcore.rules.accounting cimport equity, value


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
    int64_t* dropped         # (calls of the strategy before it, order id) of each amendment that was refused
    int64_t n_dropped
    int64_t cap_dropped
    int64_t ambiguous_bars   # a stop was taken where the bar's range held its limit too


cdef inline void free_journal(Journal* journal) noexcept nogil:
    free(journal.fills)
    free(journal.points)
    free(journal.exposures)
    free(journal.dropped)


cdef inline int write_fill(Journal* journal, Fill fill) noexcept nogil:
    if reserve(<void**> &journal.fills, &journal.cap_fills, journal.n_fills, sizeof(Fill)) < 0:
        return -1
    journal.fills[journal.n_fills] = fill
    journal.n_fills += 1
    return 0


cdef inline int write_dropped(Journal* journal, int64_t calls, int64_t order_id) noexcept nogil:
    if reserve(<void**> &journal.dropped, &journal.cap_dropped, journal.n_dropped, 2 * sizeof(int64_t)) < 0:
        return -1
    journal.dropped[2 * journal.n_dropped] = calls
    journal.dropped[2 * journal.n_dropped + 1] = order_id
    journal.n_dropped += 1
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
        if account.positions[i].qty != 0.0:
            if reserve(
                <void**> &journal.exposures, &journal.cap_exposures, journal.n_exposures, sizeof(Exposure)
            ) < 0:
                return -1
            journal.exposures[journal.n_exposures] = Exposure(
                timestamp=ts,
                quantity=account.positions[i].qty,
                value=value(&account.positions[i], account.instruments[i].multiplier),
                symbol=i,
            )
            journal.n_exposures += 1
    return 0
