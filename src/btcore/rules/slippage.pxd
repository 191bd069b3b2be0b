"""Slippage: the price at which a taker fills, given the price in the data."""

from libc.math cimport INFINITY, fabs, fmax, fmin, isnan, sqrt
from libc.stdint cimport int8_t


cdef struct SlippageTerms:
    double bps           # basis points of the price
    double ticks         # ticks
    double volume        # share of the price at a size share r of 1; grows with r squared
    double root          # share of the price at r = 1; grows with the square root of r
    double entry_bps     # basis points of the price, for what opens or raises a position


cdef inline double size_share(double qty, double size) noexcept nogil:
    """r: the fill's share of the size in the data, at most 1; 0 if that size is unknown (inf)."""
    if size == INFINITY:
        return 0.0
    return fmin(1.0, qty / size) if size > 0.0 else 1.0


cdef inline double entry_share(int8_t side, double qty, double held) noexcept nogil:
    """The share of a fill that opens or raises a position: all of it unless it is against what is held."""
    if held * side >= 0.0:
        return 1.0
    return fmax(0.0, qty - fabs(held)) / qty


cdef inline double within_limit(int8_t side, double px, double limit_px) noexcept nogil:
    """`px`, but not beyond `limit_px` (NaN: no limit)."""
    if isnan(limit_px):
        return px
    return fmin(px, limit_px) if side > 0 else fmax(px, limit_px)


cdef inline double slip(
    const SlippageTerms* terms, int8_t side, double px, double qty, double size, double held, double tick,
    double limit_px,
) noexcept nogil:
    """The fill price of a taker: `px` worsened by the terms, but not beyond `limit_px` (NaN: no limit).

    `qty` is the fill's quantity, `size` the size in the data (inf: unknown), `held` the signed position that it
    changes, `tick` the instrument's tick size.
    """
    cdef double r, rate = terms.bps / 10000.0, worse
    if terms.volume != 0.0 or terms.root != 0.0:
        r = size_share(qty, size)
        rate += terms.volume * r * r + terms.root * sqrt(r)
    if terms.entry_bps != 0.0:
        rate += terms.entry_bps / 10000.0 * entry_share(side, qty, held)
    worse = px + side * (fabs(px) * rate + terms.ticks * tick)
    return within_limit(side, worse, limit_px)
