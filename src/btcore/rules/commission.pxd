"""Commission of a fill: a share of notional, money per unit, bounds, and monthly volume tiers."""

from libc.math cimport INFINITY, fabs
from libc.stdint cimport int32_t, int64_t, int8_t

from btcore.model cimport DAY_NS, TAKER
from btcore.rules.rounding cimport larger, round_half_up, smaller


cdef struct Tier:
    double notional      # month's traded notional at which the tier begins
    double maker_bps     # rates within the tier
    double taker_bps

cdef struct CommissionTerms:
    double maker_bps     # basis points of notional; negative is a rebate
    double taker_bps
    double per_share     # money per unit of quantity
    double per_order     # money, with the first fill of an order
    double minimum       # per fill; -inf: none
    double maximum       # per fill; inf: none
    double maximum_bps   # of notional, per fill; inf: none
    double round_to      # step of the commission; 0: none
    Tier* tiers          # ascending by notional
    int32_t n_tiers
    int8_t own_maker     # 1: maker_bps is the instrument's, which goes before the tiers
    int8_t own_taker     # likewise

cdef struct Turnover:    # notional traded in the current calendar month (UTC)
    int64_t month        # as `month_of`
    double notional


cdef inline int64_t month_of(int64_t ts) noexcept nogil:
    """Number of the calendar month (UTC), counted from year 0. From H. Hinnant's civil_from_days."""
    cdef int64_t days = ts // DAY_NS - (ts % DAY_NS < 0)
    cdef int64_t shifted = days + 719468
    cdef int64_t era = (shifted if shifted >= 0 else shifted - 146096) // 146097
    cdef int64_t doe = shifted - era * 146097
    cdef int64_t yoe = (doe - doe // 1460 + doe // 36524 - doe // 146096) // 365
    cdef int64_t doy = doe - (365 * yoe + yoe // 4 - yoe // 100)
    cdef int64_t mp = (5 * doy + 2) // 153  # March is 0
    return 12 * (yoe + era * 400 + (mp >= 10)) + (mp + 2) % 12


cdef inline double commission(
    const CommissionTerms* terms, const Turnover* turnover, double qty, double px, double point_value,
    int8_t liquidity, bint is_first, int64_t ts,
) noexcept nogil:
    """Commission of one fill in account currency; `is_first`: of its order.

    With tiers, the month's turnover before the fill selects the rate.
    """
    cdef double bps = terms.taker_bps if liquidity == TAKER else terms.maker_bps
    cdef double notional = qty * fabs(px) * point_value
    cdef double cost, traded
    cdef int32_t i
    if terms.n_tiers > 0 and not (terms.own_taker if liquidity == TAKER else terms.own_maker):
        traded = turnover.notional if turnover.month == month_of(ts) else 0.0
        for i in range(terms.n_tiers):
            if terms.tiers[i].notional <= traded:
                bps = terms.tiers[i].taker_bps if liquidity == TAKER else terms.tiers[i].maker_bps
    cost = bps / 10000.0 * notional + terms.per_share * qty
    if is_first:
        cost += terms.per_order
    cost = smaller(larger(cost, terms.minimum), terms.maximum)
    if terms.maximum_bps < INFINITY:
        cost = smaller(cost, terms.maximum_bps / 10000.0 * notional)
    return cost if terms.round_to <= 0.0 else round_half_up(cost, terms.round_to)


cdef inline void add_turnover(Turnover* turnover, double notional, int64_t ts) noexcept nogil:
    """Adds a fill's notional to the turnover of its month; a new month starts from zero."""
    cdef int64_t month = month_of(ts)
    if turnover.month != month:
        turnover.month = month
        turnover.notional = 0.0
    turnover.notional += notional
