"""The kinds of indicators by number, and how each begins."""

from libc.math cimport NAN
from libc.stdint cimport int64_t

from btcore.indicators.averages cimport (
    Dema, Ema, Kama, Tema, Wma, new_dema, new_ema, new_exponential, new_kama, new_tema, new_wilder, new_wma
)
from btcore.indicators.bands cimport Atr, Bollinger, Donchian, Keltner, Supertrend, new_donchian
from btcore.indicators.oscillators cimport Adx, Cci, Macd, Mfi, Rsi, Stochastic, new_adx, new_stochastic
from btcore.indicators.statistics cimport Beta, Obv, Regression, Vwap, new_regression
from btcore.indicators.windows cimport (
    Extreme, Mean, Pair, Spread, new_max, new_mean, new_min, new_pair, new_spread, new_total
)

cdef enum:
    SMA = 1
    EMA, WMA, DEMA, TEMA, KAMA, RSI, MACD, BOLLINGER, ATR, ADX, STOCHASTIC, CCI, MFI, OBV, VWAP, DONCHIAN, KELTNER
    SUPERTREND, ZSCORE, LINEAR_REGRESSION, ROLLING_MIN, ROLLING_MAX, ROLLING_STD, CORRELATION, BETA, N_KINDS

cdef union AnyState:         # a state of any kind
    Mean mean
    Ema ema
    Wma wma
    Dema dema
    Tema tema
    Kama kama
    Rsi rsi
    Macd macd
    Bollinger bollinger
    Atr atr
    Adx adx
    Stochastic stochastic
    Cci cci
    Mfi mfi
    Obv obv
    Vwap vwap
    Donchian donchian
    Keltner keltner
    Supertrend supertrend
    Spread spread
    Regression regression
    Extreme extreme
    Pair pair
    Beta beta


cdef inline int64_t open_state(int kind, AnyState* s, const double* p, int64_t* words) noexcept nogil:
    """Fills `s` from the parameters, and sets `words` to its length; returns the length of its ring, in 8 bytes."""
    cdef int64_t n = <int64_t> p[0]
    cdef size_t size = 0
    cdef int64_t ring = 0
    if kind == SMA:
        s.mean, size, ring = new_mean(n), sizeof(Mean), n
    elif kind == EMA:
        s.ema, size = new_ema(n), sizeof(Ema)
    elif kind == WMA:
        s.wma, size, ring = new_wma(n), sizeof(Wma), 2 * n
    elif kind == DEMA:
        s.dema, size = new_dema(n), sizeof(Dema)
    elif kind == TEMA:
        s.tema, size = new_tema(n), sizeof(Tema)
    elif kind == KAMA:
        s.kama, size, ring = new_kama(n, <int64_t> p[1], <int64_t> p[2]), sizeof(Kama), 2 * n
    elif kind == RSI:
        s.rsi, size = Rsi(new_wilder(n), new_wilder(n), NAN), sizeof(Rsi)
    elif kind == MACD:
        s.macd.fast, s.macd.slow = new_exponential(n), new_exponential(<int64_t> p[1])
        s.macd.signal, s.macd.skip = new_exponential(<int64_t> p[2]), <int64_t> p[1] - n
        s.macd.base, s.macd.age, size = NAN, 0, sizeof(Macd)
    elif kind == BOLLINGER:
        s.bollinger, size, ring = Bollinger(new_spread(n), p[1]), sizeof(Bollinger), 2 * n
    elif kind == ATR:
        s.atr, size = Atr(new_wilder(n), NAN), sizeof(Atr)
    elif kind == ADX:
        s.adx, size = new_adx(n), sizeof(Adx)
    elif kind == STOCHASTIC:
        s.stochastic, size = new_stochastic(n, <int64_t> p[1], <int64_t> p[2]), sizeof(Stochastic)
        ring = 2 * n + <int64_t> p[1] + <int64_t> p[2]
    elif kind == CCI:
        s.cci, size, ring = Cci(new_mean(n), 0), sizeof(Cci), 2 * n
    elif kind == MFI:
        s.mfi, size, ring = Mfi(new_total(n), new_total(n), NAN), sizeof(Mfi), 2 * n
    elif kind == OBV:
        s.obv, size = Obv(0.0, NAN), sizeof(Obv)
    elif kind == VWAP:
        s.vwap, size = Vwap(NAN, 0.0, 0.0), sizeof(Vwap)
    elif kind == DONCHIAN:
        s.donchian, size, ring = new_donchian(n, <int64_t> p[1]), sizeof(Donchian), 2 * (n + <int64_t> p[1])
    elif kind == KELTNER:
        s.keltner = Keltner(new_ema(n), Atr(new_wilder(<int64_t> p[1]), NAN), p[2])
        size = sizeof(Keltner)
    elif kind == SUPERTREND:
        s.supertrend = Supertrend(Atr(new_wilder(n), NAN), p[1], NAN, NAN, 0.0)
        size = sizeof(Supertrend)
    elif kind == ZSCORE or kind == ROLLING_STD:
        s.spread, size, ring = new_spread(n), sizeof(Spread), 4 * n
    elif kind == LINEAR_REGRESSION:
        s.regression, size, ring = new_regression(n), sizeof(Regression), 2 * n
    elif kind == ROLLING_MIN:
        s.extreme, size, ring = new_min(n), sizeof(Extreme), n
    elif kind == ROLLING_MAX:
        s.extreme, size, ring = new_max(n), sizeof(Extreme), n
    elif kind == CORRELATION:
        s.pair, size, ring = new_pair(n), sizeof(Pair), 5 * n
    elif kind == BETA:
        s.beta, size, ring = Beta(new_pair(n), NAN, NAN), sizeof(Beta), 5 * n
    words[0] = <int64_t> (size + 7) // 8
    return ring
