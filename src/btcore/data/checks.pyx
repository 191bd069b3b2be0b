"""True if market data are valid, by one pass over each column. `btcore.data.validate` finds the invalid row.

A comparison with NaN is false, so NaN fails every test here. The loops have no early exit, and their flags are as
wide as the columns, so that compilers vectorize them: valid data are read at the speed of memory.
"""

from libc.math cimport INFINITY
from libc.stdint cimport INT64_MAX, int64_t, uint64_t


def valid_bars(
    const int64_t[::1] timestamp not None, const double[::1] open not None, const double[::1] high not None,
    const double[::1] low not None, const double[::1] close not None, const double[::1] volume,
    double above, int64_t interval, const int64_t[::1] end=None,
):
    """True if above < low <= open, close <= high < inf, 0 <= volume < inf (None: unknown) and the times are valid.

    Each bar ends after it begins, and no later than the next one begins: at `end`, or without it `interval` after its
    timestamp, and within int64."""
    cdef Py_ssize_t n = timestamp.shape[0]
    cdef bint valid
    with nogil:
        valid = n == 0 or (
            (
                timestamp[n - 1] <= INT64_MAX - interval and _spaced(&timestamp[0], n, interval)
                if end is None else _ended(&timestamp[0], &end[0], n)
            )
            and _candles(&open[0], &high[0], &low[0], &close[0], n, above)
            and (volume is None or _sizes(&volume[0], n))
        )
    return valid


def valid_prices(
    const double[::1] open not None, const double[::1] high not None, const double[::1] low not None,
    const double[::1] close not None, double above,
):
    """True if above < low <= open, close <= high < inf."""
    cdef Py_ssize_t n = open.shape[0]
    cdef bint valid
    with nogil:
        valid = n == 0 or _candles(&open[0], &high[0], &low[0], &close[0], n, above)
    return valid


def valid_quotes(
    const int64_t[::1] timestamp not None, const double[::1] bid not None, const double[::1] ask not None,
    const double[::1] bid_size, const double[::1] ask_size, double above, bint crossed=False,
):
    """True if above < bid <= ask < inf, 0 <= sizes < inf (None: unknown) and times are in ascending order.

    With `crossed` a bid may be above the ask; above < bid < inf and above < ask < inf then."""
    cdef Py_ssize_t n = timestamp.shape[0]
    cdef bint valid
    with nogil:
        valid = n == 0 or (
            _ascending(&timestamp[0], n)
            and (
                _spread(&bid[0], &bid[0], n, above) and _spread(&ask[0], &ask[0], n, above)
                if crossed else _spread(&bid[0], &ask[0], n, above)
            )
            and (bid_size is None or _sizes(&bid_size[0], n))
            and (ask_size is None or _sizes(&ask_size[0], n))
        )
    return valid


def valid_trades(
    const int64_t[::1] timestamp not None, const double[::1] price not None, const double[::1] size, double above,
):
    """True if above < price < inf, 0 < size < inf (None: unknown) and times are in ascending order."""
    cdef Py_ssize_t n = timestamp.shape[0]
    cdef bint valid
    with nogil:
        valid = n == 0 or (
            _ascending(&timestamp[0], n)
            and _spread(&price[0], &price[0], n, above)
            and (size is None or _spread(&size[0], &size[0], n, 0.0))
        )
    return valid


def is_within(const double[::1] values not None, double limit):
    """True if every value is nearer to 0 than `limit`, which no NaN is."""
    cdef Py_ssize_t i
    cdef double invalid = 0.0
    with nogil:
        for i in range(values.shape[0]):
            if not -limit < values[i]:
                invalid = 1.0
            if not values[i] < limit:
                invalid = 1.0
    return invalid == 0.0


cdef bint _ascending(const int64_t* times, Py_ssize_t n) noexcept nogil:
    cdef Py_ssize_t i
    cdef int64_t invalid = 0
    for i in range(1, n):
        invalid |= times[i] < times[i - 1]
    return invalid == 0


cdef bint _spaced(const int64_t* times, Py_ssize_t n, int64_t gap) noexcept nogil:
    """Times ascend by at least `gap`. Near the ends of int64 `times[i] - gap` wraps around; the order decides then."""
    cdef Py_ssize_t i
    cdef int64_t invalid = 0
    for i in range(1, n):
        invalid |= (times[i] <= times[i - 1]) | (<int64_t> (<uint64_t> times[i] - <uint64_t> gap) < times[i - 1])
    return invalid == 0


cdef bint _ended(const int64_t* times, const int64_t* end, Py_ssize_t n) noexcept nogil:
    """Each bar ends after it begins, and no later than the next one begins; so times ascend."""
    cdef Py_ssize_t i
    cdef int64_t invalid = end[n - 1] <= times[n - 1]
    for i in range(n - 1):
        invalid |= (end[i] <= times[i]) | (end[i] > times[i + 1])
    return invalid == 0


cdef bint _candles(
    const double* open, const double* high, const double* low, const double* close, Py_ssize_t n, double above
) noexcept nogil:
    cdef Py_ssize_t i
    cdef double invalid = 0.0
    for i in range(n):
        if not low[i] > above:
            invalid = 1.0
        if not high[i] < INFINITY:
            invalid = 1.0
        if not low[i] <= open[i]:
            invalid = 1.0
        if not open[i] <= high[i]:
            invalid = 1.0
        if not low[i] <= close[i]:
            invalid = 1.0
        if not close[i] <= high[i]:
            invalid = 1.0
    return invalid == 0.0


cdef bint _spread(const double* low, const double* high, Py_ssize_t n, double above) noexcept nogil:
    cdef Py_ssize_t i
    cdef double invalid = 0.0
    for i in range(n):
        if not low[i] > above:
            invalid = 1.0
        if not low[i] <= high[i]:
            invalid = 1.0
        if not high[i] < INFINITY:
            invalid = 1.0
    return invalid == 0.0


cdef bint _sizes(const double* column, Py_ssize_t n) noexcept nogil:
    cdef Py_ssize_t i
    cdef double invalid = 0.0
    for i in range(n):
        if not column[i] >= 0.0:
            invalid = 1.0
        if not column[i] < INFINITY:
            invalid = 1.0
    return invalid == 0.0
