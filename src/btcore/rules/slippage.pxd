"""The price a taker gets for the price it saw."""

from libc.math cimport fmax, fmin, isnan
from libc.stdint cimport int8_t


cdef inline double slip(int8_t side, double px, double bps, double limit_px) noexcept nogil:
    """`px` worsened by `bps`, but never past `limit_px` (NaN: no limit)."""
    cdef double worse = px * (1.0 + side * bps / 10000.0)
    if isnan(limit_px):
        return worse
    return fmin(worse, limit_px) if side > 0 else fmax(worse, limit_px)
