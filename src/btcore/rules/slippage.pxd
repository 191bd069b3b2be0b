"""The price a taker gets for the price it saw."""

from libc.math cimport INFINITY, fabs, fmax, fmin, isnan, sqrt
from libc.stdint cimport int8_t


cdef struct SlippageTerms:
    double bps
    double ticks
    double volume        # share of the price at r = 1, growing with r squared
    double root          # likewise, with the square root of r


cdef inline double share_of(double qty, double size) noexcept nogil:
    """r: which part of what the event showed the fill takes; 0 where nothing is known of it."""
    if size == INFINITY:
        return 0.0
    return fmin(1.0, qty / size) if size > 0.0 else 1.0


cdef inline double slip(
    const SlippageTerms* terms, int8_t side, double px, double qty, double size, double tick, double limit_px
) noexcept nogil:
    """`px` worsened for a fill of `qty` where `size` was shown, but never past `limit_px` (NaN: no limit)."""
    cdef double r, rate = terms.bps / 10000.0, worse
    if terms.volume != 0.0 or terms.root != 0.0:
        r = share_of(qty, size)
        rate += terms.volume * r * r + terms.root * sqrt(r)
    worse = px + side * (fabs(px) * rate + terms.ticks * tick)
    if isnan(limit_px):
        return worse
    return fmin(worse, limit_px) if side > 0 else fmax(worse, limit_px)
