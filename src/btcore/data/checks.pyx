"""Whether market data are true: every column is read once. Which row is not, `btcore.data.validate` says.

A comparison with NaN is false, so NaN fails every test here. The loops have no early way out, and their flags
are as wide as the columns, so that compilers make vectors of them: true data are read at the speed of memory.
"""

from libc.math cimport INFINITY
from libc.stdint cimport INT64_MAX, int64_t, uint64_t


def true_bars(
    const int64_t[::1] timestamp not None, const double[::1] open not None, const double[::1] high not None,
    const double[::1] low not None, const double[::1] close not None, const double[::1] volume not None,
    double above, int64_t interval, int64_t gap,
):
    """Whether above < low <= open, close <= high < inf, 0 <= volume < inf, each begins `gap` after the last or
    later, and the end of the last, `interval` after it began, is within int64."""
    cdef Py_ssize_t n = timestamp.shape[0]
    cdef bint good
    with nogil:
        good = n == 0 or (
            timestamp[n - 1] <= INT64_MAX - interval
            and _apart(&timestamp[0], n, gap)
            and _candles(&open[0], &high[0], &low[0], &close[0], n, above)
            and _sizes(&volume[0], n)
        )
    return good


def true_quotes(
    const int64_t[::1] timestamp not None, const double[::1] bid not None, const double[::1] ask not None,
    const double[::1] bid_size, const double[::1] ask_size, double above,
):
    """Whether above < bid <= ask < inf, 0 <= sizes < inf (None: not known), and no time is before the last."""
    cdef Py_ssize_t n = timestamp.shape[0]
    cdef bint good
    with nogil:
        good = n == 0 or (
            _ordered(&timestamp[0], n)
            and _spread(&bid[0], &ask[0], n, above)
            and (bid_size is None or _sizes(&bid_size[0], n))
            and (ask_size is None or _sizes(&ask_size[0], n))
        )
    return good


def true_trades(
    const int64_t[::1] timestamp not None, const double[::1] price not None, const double[::1] size, double above,
):
    """Whether above < price < inf, 0 < size < inf (None: not known), and no time is before the last."""
    cdef Py_ssize_t n = timestamp.shape[0]
    cdef bint good
    with nogil:
        good = n == 0 or (
            _ordered(&timestamp[0], n)
            and _spread(&price[0], &price[0], n, above)
            and (size is None or _spread(&size[0], &size[0], n, 0.0))
        )
    return good


cdef bint _ordered(const int64_t* times, Py_ssize_t n) noexcept nogil:
    cdef Py_ssize_t i
    cdef int64_t wrong = 0
    for i in range(1, n):
        wrong |= times[i] < times[i - 1]
    return wrong == 0


cdef bint _apart(const int64_t* times, Py_ssize_t n, int64_t gap) noexcept nogil:
    """The difference wraps round at the ends of int64, where the order alone decides."""
    cdef Py_ssize_t i
    cdef int64_t wrong = 0
    for i in range(1, n):
        wrong |= (times[i] <= times[i - 1]) | (<int64_t> (<uint64_t> times[i] - <uint64_t> gap) < times[i - 1])
    return wrong == 0


cdef bint _candles(
    const double* open, const double* high, const double* low, const double* close, Py_ssize_t n, double above
) noexcept nogil:
    cdef Py_ssize_t i
    cdef double wrong = 0.0
    for i in range(n):
        if not low[i] > above:
            wrong = 1.0
        if not high[i] < INFINITY:
            wrong = 1.0
        if not low[i] <= open[i]:
            wrong = 1.0
        if not open[i] <= high[i]:
            wrong = 1.0
        if not low[i] <= close[i]:
            wrong = 1.0
        if not close[i] <= high[i]:
            wrong = 1.0
    return wrong == 0.0


cdef bint _spread(const double* low, const double* high, Py_ssize_t n, double above) noexcept nogil:
    cdef Py_ssize_t i
    cdef double wrong = 0.0
    for i in range(n):
        if not low[i] > above:
            wrong = 1.0
        if not low[i] <= high[i]:
            wrong = 1.0
        if not high[i] < INFINITY:
            wrong = 1.0
    return wrong == 0.0


cdef bint _sizes(const double* column, Py_ssize_t n) noexcept nogil:
    cdef Py_ssize_t i
    cdef double wrong = 0.0
    for i in range(n):
        if not column[i] >= 0.0:
            wrong = 1.0
        if not column[i] < INFINITY:
            wrong = 1.0
    return wrong == 0.0
