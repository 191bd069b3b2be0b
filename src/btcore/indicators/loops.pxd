"""Each indicator over columns: the loop around its step, from which arrays, objects and Numba have their values.

The state is copied to a local variable, so that the compiler keeps its fields in registers: through a pointer each of
them would be stored and loaded at each row, as it could overlap the outputs. Recursive averages take two steps in each
turn: so no value has to change places, see `settled_step`. `block_loops.pxd` has the windows that go faster in blocks.
"""

from libc.stdint cimport int64_t

from btcore.indicators.averages cimport (
    Dema, Ema, Kama, Tema, dema_step, ema_step, is_settled, kama_step, settled_dema, settled_ema, settled_tema,
    sma_step, tema_step
)
from btcore.indicators.bands cimport (
    Atr, Bollinger, Donchian, Keltner, Supertrend, atr_step, bollinger_step, donchian_step, keltner_step,
    settled_atr, supertrend_step
)
from btcore.indicators.oscillators cimport (
    Adx, Cci, Macd, Mfi, Rsi, Stochastic, adx_step, cci_step, macd_step, mfi_step, rsi_step, settled_macd,
    settled_rsi, stochastic_step
)
from btcore.indicators.statistics cimport (
    Beta, Obv, Regression, Vwap, beta_step, correlation_step, obv_step, regression_step, vwap_step,
    zscore_step
)
from btcore.indicators.windows cimport Mean, Pair, Spread


cdef inline void run_sma(void* state, double* ring, const double** x, double** y, int64_t n) noexcept nogil:
    cdef Mean s = (<Mean*> state)[0]
    cdef int64_t i
    for i in range(n):
        y[0][i] = sma_step(&s, ring, x[0][i])
    (<Mean*> state)[0] = s


cdef inline void run_ema(void* state, double* ring, const double** x, double** y, int64_t n) noexcept nogil:
    cdef Ema s = (<Ema*> state)[0]
    cdef int64_t i = 0
    while i < n and (not is_settled(&s.mean) or (n - i) % 2):
        y[0][i] = ema_step(&s, x[0][i])
        i += 1
    for i in range(i, n, 2):
        y[0][i] = settled_ema(&s, x[0][i])
        y[0][i + 1] = settled_ema(&s, x[0][i + 1])
    (<Ema*> state)[0] = s


cdef inline void run_dema(void* state, double* ring, const double** x, double** y, int64_t n) noexcept nogil:
    cdef Dema s = (<Dema*> state)[0]
    cdef int64_t i = 0
    while i < n and (not is_settled(&s.second) or (n - i) % 2):
        y[0][i] = dema_step(&s, x[0][i])
        i += 1
    for i in range(i, n, 2):
        y[0][i] = settled_dema(&s, x[0][i])
        y[0][i + 1] = settled_dema(&s, x[0][i + 1])
    (<Dema*> state)[0] = s


cdef inline void run_tema(void* state, double* ring, const double** x, double** y, int64_t n) noexcept nogil:
    cdef Tema s = (<Tema*> state)[0]
    cdef int64_t i = 0
    while i < n and (not is_settled(&s.third) or (n - i) % 2):
        y[0][i] = tema_step(&s, x[0][i])
        i += 1
    for i in range(i, n, 2):
        y[0][i] = settled_tema(&s, x[0][i])
        y[0][i + 1] = settled_tema(&s, x[0][i + 1])
    (<Tema*> state)[0] = s


cdef inline void run_kama(void* state, double* ring, const double** x, double** y, int64_t n) noexcept nogil:
    cdef Kama s = (<Kama*> state)[0]
    cdef int64_t i = 0
    while i < n and (s.seen < s.way.size or (n - i) % 2):
        y[0][i] = kama_step(&s, ring, x[0][i])
        i += 1
    for i in range(i, n, 2):
        y[0][i] = kama_step(&s, ring, x[0][i])
        y[0][i + 1] = kama_step(&s, ring, x[0][i + 1])
    (<Kama*> state)[0] = s


cdef inline void run_rsi(void* state, double* ring, const double** x, double** y, int64_t n) noexcept nogil:
    cdef Rsi s = (<Rsi*> state)[0]
    cdef int64_t i = 0
    while i < n and (not is_settled(&s.fall) or (n - i) % 2):
        y[0][i] = rsi_step(&s, x[0][i])
        i += 1
    for i in range(i, n, 2):
        y[0][i] = settled_rsi(&s, x[0][i])
        y[0][i + 1] = settled_rsi(&s, x[0][i + 1])
    (<Rsi*> state)[0] = s


cdef inline void run_atr(void* state, double* ring, const double** x, double** y, int64_t n) noexcept nogil:
    cdef Atr s = (<Atr*> state)[0]
    cdef int64_t i = 0
    while i < n and (not is_settled(&s.mean) or (n - i) % 2):
        y[0][i] = atr_step(&s, x[0][i], x[1][i], x[2][i])
        i += 1
    for i in range(i, n, 2):
        y[0][i] = settled_atr(&s, x[0][i], x[1][i], x[2][i])
        y[0][i + 1] = settled_atr(&s, x[0][i + 1], x[1][i + 1], x[2][i + 1])
    (<Atr*> state)[0] = s


cdef inline void run_cci(void* state, double* ring, const double** x, double** y, int64_t n) noexcept nogil:
    cdef Cci s = (<Cci*> state)[0]
    cdef int64_t i
    for i in range(n):
        y[0][i] = cci_step(&s, ring, x[0][i], x[1][i], x[2][i])
    (<Cci*> state)[0] = s


cdef inline void run_mfi(void* state, double* ring, const double** x, double** y, int64_t n) noexcept nogil:
    cdef Mfi s = (<Mfi*> state)[0]
    cdef int64_t i
    for i in range(n):
        y[0][i] = mfi_step(&s, ring, x[0][i], x[1][i], x[2][i], x[3][i])
    (<Mfi*> state)[0] = s


cdef inline void run_obv(void* state, double* ring, const double** x, double** y, int64_t n) noexcept nogil:
    cdef Obv s = (<Obv*> state)[0]
    cdef int64_t i
    for i in range(n):
        y[0][i] = obv_step(&s, x[0][i], x[1][i])
    (<Obv*> state)[0] = s


cdef inline void run_vwap(void* state, double* ring, const double** x, double** y, int64_t n) noexcept nogil:
    cdef Vwap s = (<Vwap*> state)[0]
    cdef int64_t i
    for i in range(n):
        y[0][i] = vwap_step(&s, x[0][i], x[1][i], x[2][i], x[3][i], x[4][i])
    (<Vwap*> state)[0] = s


cdef inline void run_zscore(void* state, double* ring, const double** x, double** y, int64_t n) noexcept nogil:
    cdef Spread s = (<Spread*> state)[0]
    cdef int64_t i
    for i in range(n):
        y[0][i] = zscore_step(&s, ring, x[0][i])
    (<Spread*> state)[0] = s


cdef inline void run_correlation(
    void* state, double* ring, const double** x, double** y, int64_t n
) noexcept nogil:
    cdef Pair s = (<Pair*> state)[0]
    cdef int64_t i
    for i in range(n):
        y[0][i] = correlation_step(&s, ring, x[0][i], x[1][i])
    (<Pair*> state)[0] = s


cdef inline void run_beta(void* state, double* ring, const double** x, double** y, int64_t n) noexcept nogil:
    cdef Beta s = (<Beta*> state)[0]
    cdef int64_t i
    for i in range(n):
        y[0][i] = beta_step(&s, ring, x[0][i], x[1][i])
    (<Beta*> state)[0] = s


cdef inline void run_macd(void* state, double* ring, const double** x, double** y, int64_t n) noexcept nogil:
    cdef Macd s = (<Macd*> state)[0]
    cdef double[3] out
    cdef int64_t i = 0
    while i < n and (not is_settled(&s.signal) or (n - i) % 2):
        macd_step(&s, x[0][i], out)
        y[0][i], y[1][i], y[2][i] = out[0], out[1], out[2]
        i += 1
    for i in range(i, n, 2):
        settled_macd(&s, x[0][i], out)
        y[0][i], y[1][i], y[2][i] = out[0], out[1], out[2]
        settled_macd(&s, x[0][i + 1], out)
        y[0][i + 1], y[1][i + 1], y[2][i + 1] = out[0], out[1], out[2]
    (<Macd*> state)[0] = s


cdef inline void run_bollinger(void* state, double* ring, const double** x, double** y, int64_t n) noexcept nogil:
    cdef Bollinger s = (<Bollinger*> state)[0]
    cdef double[3] out
    cdef int64_t i
    for i in range(n):
        bollinger_step(&s, ring, x[0][i], out)
        y[0][i], y[1][i], y[2][i] = out[0], out[1], out[2]
    (<Bollinger*> state)[0] = s


cdef inline void run_adx(void* state, double* ring, const double** x, double** y, int64_t n) noexcept nogil:
    cdef Adx s = (<Adx*> state)[0]
    cdef double[3] out
    cdef int64_t i
    for i in range(n):
        adx_step(&s, x[0][i], x[1][i], x[2][i], out)
        y[0][i], y[1][i], y[2][i] = out[0], out[1], out[2]
    (<Adx*> state)[0] = s


cdef inline void run_stochastic(void* state, double* ring, const double** x, double** y, int64_t n) noexcept nogil:
    cdef Stochastic s = (<Stochastic*> state)[0]
    cdef double[3] out
    cdef int64_t i
    for i in range(n):
        stochastic_step(&s, ring, x[0][i], x[1][i], x[2][i], out)
        y[0][i], y[1][i] = out[0], out[1]
    (<Stochastic*> state)[0] = s


cdef inline void run_donchian(void* state, double* ring, const double** x, double** y, int64_t n) noexcept nogil:
    cdef Donchian s = (<Donchian*> state)[0]
    cdef double[3] out
    cdef int64_t i
    for i in range(n):
        donchian_step(&s, ring, x[0][i], x[1][i], out)
        y[0][i], y[1][i], y[2][i] = out[0], out[1], out[2]
    (<Donchian*> state)[0] = s


cdef inline void run_keltner(void* state, double* ring, const double** x, double** y, int64_t n) noexcept nogil:
    cdef Keltner s = (<Keltner*> state)[0]
    cdef double[3] out
    cdef int64_t i
    for i in range(n):
        keltner_step(&s, x[0][i], x[1][i], x[2][i], out)
        y[0][i], y[1][i], y[2][i] = out[0], out[1], out[2]
    (<Keltner*> state)[0] = s


cdef inline void run_supertrend(void* state, double* ring, const double** x, double** y, int64_t n) noexcept nogil:
    cdef Supertrend s = (<Supertrend*> state)[0]
    cdef double[3] out
    cdef int64_t i
    for i in range(n):
        supertrend_step(&s, x[0][i], x[1][i], x[2][i], out)
        y[0][i], y[1][i] = out[0], out[1]
    (<Supertrend*> state)[0] = s


cdef inline void run_linear_regression(
    void* state, double* ring, const double** x, double** y, int64_t n
) noexcept nogil:
    cdef Regression s = (<Regression*> state)[0]
    cdef double[3] out
    cdef int64_t i
    for i in range(n):
        regression_step(&s, ring, x[0][i], out)
        y[0][i], y[1][i] = out[0], out[1]
    (<Regression*> state)[0] = s
