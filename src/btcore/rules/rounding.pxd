"""Helpers on single numbers: larger, smaller, whole lots, ticks, and rounding residue that counts as zero.

fmax and fmin handle NaN and are never inlined; `larger` and `smaller` are, and expect numbers that are not NaN.
Quotients get a tolerance of 1e-9 of a step, since 0.3 / 0.1 is 2.9999999999999996.
"""

from libc.math cimport INFINITY, ceil, fabs, floor, nearbyint

cdef extern from *:
    """
    #define BTCORE_DUST 1e-12
    """
    const double DUST "BTCORE_DUST"  # a share of a quantity; a smaller remainder is rounding residue


cdef inline double larger(double a, double b) noexcept nogil:
    return a if a > b else b


cdef inline double smaller(double a, double b) noexcept nogil:
    return a if a < b else b


cdef inline double zero_if_dust(double qty, double before, double change) noexcept nogil:
    """`qty`, or 0 if it is only the rounding error of `before + change`."""
    return 0.0 if fabs(qty) < DUST * larger(fabs(before), fabs(change)) else qty


cdef inline double whole_lots(double qty, double lot_size) noexcept nogil:
    """`qty` rounded down to a multiple of `lot_size`; unchanged if `lot_size` is 0."""
    if lot_size <= 0.0 or qty == INFINITY:
        return qty
    return floor(qty / lot_size + 1e-9) * lot_size


cdef inline double round_half_up(double x, double step) noexcept nogil:
    """The nearest multiple of `step`; a half, to within 1e-9 of a step, is rounded away from zero."""
    cdef double steps = floor(fabs(x) / step + 0.5 + 1e-9) * step
    return steps if x >= 0.0 else -steps


cdef inline double floor_to_tick(double px, double tick) noexcept nogil:
    """`px` rounded down to a multiple of `tick`; unchanged if `tick` is 0."""
    return px if tick <= 0.0 else floor(px / tick + 1e-9) * tick


cdef inline double ceil_to_tick(double px, double tick) noexcept nogil:
    """`px` rounded up to a multiple of `tick`; unchanged if `tick` is 0."""
    return px if tick <= 0.0 else ceil(px / tick - 1e-9) * tick


cdef inline bint is_multiple(double x, double step) noexcept nogil:
    """True if `x` is a multiple of `step` within 1e-6 of a step, or if `step` is 0.

    A quotient above 1e9 has a rounding error beyond that, which is allowed too: lots of 1e-8 are that many.
    """
    cdef double steps
    if step <= 0.0:
        return True
    steps = x / step
    return fabs(steps - nearbyint(steps)) <= larger(1e-6, 1e-15 * fabs(steps))
