# cython: language_level=3, cdivision=True
"""The crossover and the mean reversion as functions of a Cython module: `cythonize -i strategies.pyx`.

Each struct is the state that the Python side allocates as a numpy record, with the last closes behind it.
"""

from libc.math cimport fabs, sqrt
from libc.stdint cimport int64_t

from btcore.contract cimport order_target_percent
from btcore.model cimport CONTRACT, Account, Market, Outbox

CONTRACT_VERSION = CONTRACT


cdef struct Crossover:
    int64_t short_period
    int64_t long_period
    int64_t rows             # bars so far
    int64_t stance           # 1 long, 0 flat
    double short_sum         # of the last closes
    double long_sum
    double[1] closes         # a ring of `long_period` closes


cdef struct MeanReversion:
    int64_t period
    int64_t rows
    int64_t stance
    double entry_z
    double exit_z
    double sum
    double[1] closes         # a ring of `period` closes


cdef inline double sum_of(const double* closes, int64_t first, int64_t end) noexcept nogil:
    cdef double total = 0.0
    cdef int64_t i
    for i in range(first, end):
        total += closes[i]
    return total


cdef api int crossover(void* state, const Market* market, const Account* account, Outbox* out) noexcept nogil:
    cdef Crossover* own = <Crossover*> state
    cdef double* closes = own.closes
    cdef double px = market.tickers[market.symbol].bar.close, fast, slow
    cdef int64_t size = own.long_period, at = own.rows % size, stance
    own.short_sum += px - closes[(at + size - own.short_period) % size]
    own.long_sum += px - closes[at]
    closes[at] = px
    own.rows += 1
    if at == size - 1:  # so that rounding errors do not add up
        own.short_sum = sum_of(closes, size - own.short_period, size)
        own.long_sum = sum_of(closes, 0, size)
    if own.rows < size:
        return 0
    fast, slow = own.short_sum / own.short_period, own.long_sum / size
    if fabs(fast - slow) <= 1e-12 * slow:
        return 0
    stance = 1 if fast > slow else 0
    if stance == own.stance:
        return 0
    own.stance = stance
    return order_target_percent(market, account, out, market.symbol, <double> stance) < 0


cdef api int mean_reversion(void* state, const Market* market, const Account* account, Outbox* out) noexcept nogil:
    cdef MeanReversion* own = <MeanReversion*> state
    cdef double* closes = own.closes
    cdef double px = market.tickers[market.symbol].bar.close, mean, z, squares = 0.0
    cdef int64_t size = own.period, at = own.rows % size, stance = own.stance, i
    own.sum += px - closes[at]
    closes[at] = px
    own.rows += 1
    if at == size - 1:
        own.sum = sum_of(closes, 0, size)
    if own.rows < size:
        return 0
    mean = own.sum / size
    for i in range(size):
        squares += (closes[i] - mean) * (closes[i] - mean)
    if sqrt(squares / size) <= 1e-9 * mean:
        return 0
    z = (px - mean) / sqrt(squares / size)
    if z <= -own.entry_z:
        stance = 1
    elif z >= -own.exit_z:
        stance = 0
    if stance == own.stance:
        return 0
    own.stance = stance
    return order_target_percent(market, account, out, market.symbol, <double> stance) < 0
