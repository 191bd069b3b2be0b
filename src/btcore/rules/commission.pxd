"""What a fill costs."""

from libc.math cimport fmax, fmin
from libc.stdint cimport int8_t

from btcore.model cimport TAKER


cdef struct CommissionTerms:
    double maker_bps     # of notional; negative is a rebate
    double taker_bps
    double per_share     # money per unit
    double minimum       # per fill; -inf: none
    double maximum       # per fill; inf: none


cdef inline double commission(
    const CommissionTerms* terms, double qty, double px, double multiplier, int8_t liquidity
) noexcept nogil:
    cdef double bps = terms.taker_bps if liquidity == TAKER else terms.maker_bps
    cdef double cost = bps / 10000.0 * (qty * px * multiplier) + terms.per_share * qty
    return fmin(fmax(cost, terms.minimum), terms.maximum)
