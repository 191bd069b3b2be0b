"""What a fill costs."""

from libc.math cimport fabs
from libc.stdint cimport int32_t, int64_t, int8_t

from btcore.model cimport TAKER
from btcore.rules.rounding cimport larger, smaller


cdef struct Tier:
    double notional      # traded in the month, from which on the rates hold
    double maker_bps
    double taker_bps

cdef struct CommissionTerms:
    double maker_bps     # of notional; negative is a rebate
    double taker_bps
    double per_share     # money per unit
    double minimum       # per fill; -inf: none
    double maximum       # per fill; inf: none
    Tier* tiers          # by rising notional
    int32_t n_tiers

cdef struct Turnover:    # notional traded in the month
    int64_t month
    double notional


cdef inline int64_t month_of(int64_t ts) noexcept nogil:
    """Calendar months (UTC) since the first of the proleptic Gregorian calendar, by Hinnant's civil_from_days."""
    cdef int64_t day_ns = 86400000000000
    cdef int64_t days = ts // day_ns - (ts % day_ns < 0)
    cdef int64_t shifted = days + 719468
    cdef int64_t era = (shifted if shifted >= 0 else shifted - 146096) // 146097
    cdef int64_t doe = shifted - era * 146097
    cdef int64_t yoe = (doe - doe // 1460 + doe // 36524 - doe // 146096) // 365
    cdef int64_t doy = doe - (365 * yoe + yoe // 4 - yoe // 100)
    cdef int64_t mp = (5 * doy + 2) // 153  # March is 0
    return 12 * (yoe + era * 400 + (mp >= 10)) + (mp + 2) % 12


cdef inline double commission(
    const CommissionTerms* terms, const Turnover* turnover, double qty, double px, double point_value,
    int8_t liquidity, int64_t ts,
) noexcept nogil:
    cdef double bps = terms.taker_bps if liquidity == TAKER else terms.maker_bps
    cdef double cost, traded
    cdef int32_t i
    if terms.n_tiers > 0:
        traded = turnover.notional if turnover.month == month_of(ts) else 0.0
        for i in range(terms.n_tiers):
            if terms.tiers[i].notional <= traded:
                bps = terms.tiers[i].taker_bps if liquidity == TAKER else terms.tiers[i].maker_bps
    cost = bps / 10000.0 * (qty * fabs(px) * point_value) + terms.per_share * qty
    return smaller(larger(cost, terms.minimum), terms.maximum)


cdef inline void add_turnover(Turnover* turnover, double notional, int64_t ts) noexcept nogil:
    cdef int64_t month = month_of(ts)
    if turnover.month != month:
        turnover.month = month
        turnover.notional = 0.0
    turnover.notional += notional
