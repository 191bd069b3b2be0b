"""A curve of equity in one pass, kept in one struct: what it needs is fed in blocks of any size.

All that is kept is the same, bit for bit, however the points are cut into blocks. Sums run in eight lanes: point i
is added to lane i mod 8, and `total` adds the lanes in one fixed order. So a processor may add several at once, and
yet the bytes are the same on all of them.
"""

from libc.math cimport INFINITY, NAN, isfinite
from libc.stdint cimport int64_t

cdef extern from *:
    """
    #ifndef BTCORE_SCAN
    #define BTCORE_SCAN
    #if defined(__SSE2__) || defined(_M_X64)
    #include <emmintrin.h>
    #endif

    /* Adds x[0..n) to the lanes, beginning with lane `at`, and finds the extremes; NaN is passed over. */
    static void btcore_scan_plain(double* lanes, int64_t at, const double* x, int64_t n, double* low, double* high) {
        double least = INFINITY, most = -INFINITY;
        for (int64_t i = 0; i < n; i++) {
            lanes[(at + i) & 7] += x[i];
            least = x[i] < least ? x[i] : least;
            most = x[i] > most ? x[i] : most;
        }
        *low = least;
        *high = most;
    }

    static void btcore_scan(double* lanes, int64_t at, const double* x, int64_t n, double* low, double* high) {
    #if defined(__SSE2__) || defined(_M_X64)
        /* Compilers keep a > b ? a : b in lanes as compare and mask: half as fast as the instruction for it. */
        int64_t head = -at & 7, body, i;
        double some_low, some_high, ends[2];
        __m128d sum[4], least[4], most[4];
        if (n < 24) {
            btcore_scan_plain(lanes, at, x, n, low, high);
            return;
        }
        btcore_scan_plain(lanes, at, x, head, low, high);
        body = head + ((n - head) & ~(int64_t) 7);
        for (int k = 0; k < 4; k++) {
            sum[k] = _mm_loadu_pd(lanes + 2 * k);
            least[k] = _mm_set1_pd(*low);
            most[k] = _mm_set1_pd(*high);
        }
        for (i = head; i < body; i += 8) {
            for (int k = 0; k < 4; k++) {
                __m128d e = _mm_loadu_pd(x + i + 2 * k);
                sum[k] = _mm_add_pd(sum[k], e);
                least[k] = _mm_min_pd(e, least[k]);
                most[k] = _mm_max_pd(e, most[k]);
            }
        }
        for (int k = 0; k < 4; k++)
            _mm_storeu_pd(lanes + 2 * k, sum[k]);
        _mm_storeu_pd(ends, _mm_min_pd(_mm_min_pd(least[0], least[1]), _mm_min_pd(least[2], least[3])));
        *low = ends[0] < ends[1] ? ends[0] : ends[1];
        _mm_storeu_pd(ends, _mm_max_pd(_mm_max_pd(most[0], most[1]), _mm_max_pd(most[2], most[3])));
        *high = ends[0] > ends[1] ? ends[0] : ends[1];
        btcore_scan_plain(lanes, 0, x + body, n - body, &some_low, &some_high);
        *low = some_low < *low ? some_low : *low;
        *high = some_high > *high ? some_high : *high;
    #else
        btcore_scan_plain(lanes, at, x, n, low, high);
    #endif
    }
    #endif
    """
    void scan "btcore_scan"(
        double* lanes, int64_t at, const double* x, int64_t n, double* low, double* high
    ) noexcept nogil
    void scan_plain "btcore_scan_plain"(
        double* lanes, int64_t at, const double* x, int64_t n, double* low, double* high
    ) noexcept nogil

cdef enum:
    LANES = 8
    BLOCK = 256              # points looked at together

cdef struct CurveStats:
    int64_t count
    int64_t first_ts
    int64_t last_ts
    int64_t peak_at          # index of the last point at the peak
    int64_t peak_ts
    int64_t longest          # ns from a peak until equity was back at it
    double first
    double last
    double lowest
    double peak
    double worst             # the largest (peak - equity) / peak so far
    double floor             # no equity at or above it falls further than that
    double lanes[8]          # sums
    bint undefined           # a point was not finite, or a peak zero


cdef inline double total(const double* lanes) noexcept nogil:
    """The sum of all lanes."""
    return (lanes[0] + lanes[1] + (lanes[2] + lanes[3])) + (lanes[4] + lanes[5] + (lanes[6] + lanes[7]))


cdef inline double _share(double worst) noexcept nogil:
    """1 - worst, with more to spare than its rounding and that of a fall can come to."""
    return 1.0 - worst + (1.0 + worst) * 2.0**-50


cdef inline double _floor(double peak, double share) noexcept nogil:
    """An equity at or above it is no worse a fall from the peak; 1e-300 is nothing, but for a peak as small."""
    return share * peak + 1e-300


cdef inline void _fall(CurveStats* curve, double equity) noexcept nogil:
    """Takes the fall from the peak to `equity`, if it is the worst."""
    cdef double fall = (curve.peak - equity) / curve.peak  # 1 - equity / peak, without its rounding
    if fall > curve.worst:
        curve.worst = fall
        curve.floor = _floor(curve.peak, _share(fall))


cdef inline void _climb(CurveStats* curve, int64_t at, int64_t ts, double equity) noexcept nogil:
    """Point `at` is at the peak or above it."""
    if curve.peak_at < at - 1 and ts - curve.peak_ts > curve.longest:
        curve.longest = ts - curve.peak_ts
    curve.peak_at = at
    curve.peak_ts = ts
    if equity > curve.peak:
        curve.peak = equity
        curve.floor = _floor(equity, _share(curve.worst))
        curve.undefined |= equity == 0.0


cdef inline void open_curve(CurveStats* curve, int64_t ts, double equity) noexcept nogil:
    """The first point."""
    cdef int i
    curve.count = 1
    curve.first_ts = curve.last_ts = curve.peak_ts = ts
    curve.peak_at = curve.longest = 0
    curve.first = curve.last = curve.peak = equity
    curve.lowest = equity + 0.0
    curve.worst = 0.0
    curve.floor = _floor(equity, _share(0.0))
    curve.undefined = equity == 0.0 or not isfinite(equity)
    for i in range(LANES):
        curve.lanes[i] = 0.0
    curve.lanes[0] = equity


cdef inline void _step(
    CurveStats* curve, const int64_t* ts, int64_t shift, const double* equity, int64_t n
) noexcept nogil:
    """Point by point."""
    cdef int64_t i
    for i in range(n):
        if equity[i] >= curve.peak:
            _climb(curve, curve.count + i, ts[i] + shift, equity[i])
        else:
            _fall(curve, equity[i])


cdef inline void _walk(
    CurveStats* curve, const int64_t* ts, int64_t shift, const double* equity, int64_t n
) noexcept nogil:
    """Point by point, where a block has a new peak and the last one was above zero.

    `_climb` and `_fall`, but whether a point is a peak, which nobody can foretell, is a mask and not a branch.
    """
    cdef int64_t i, at = curve.peak_at, peak_ts = curve.peak_ts, longest = curve.longest, since, is_peak
    cdef double peak = curve.peak, worst = curve.worst, share = _share(curve.worst), fall
    for i in range(n):
        is_peak = -<int64_t> (equity[i] >= peak)
        since = ts[i] + shift - peak_ts
        if since > longest:
            if is_peak and at < curve.count + i - 1:
                longest = since
        at ^= (at ^ (curve.count + i)) & is_peak
        peak_ts += since & is_peak
        peak = equity[i] if equity[i] > peak else peak
        if equity[i] < _floor(peak, share):
            fall = (peak - equity[i]) / peak
            if fall > worst:
                worst = fall
                share = _share(worst)
    curve.peak_at = at
    curve.peak_ts = peak_ts
    curve.longest = longest
    curve.peak = peak
    curve.worst = worst
    curve.floor = _floor(peak, share)


cdef inline void extend_curve(
    CurveStats* curve, const int64_t* ts, int64_t shift, const double* equity, int64_t n
) noexcept nogil:
    """The next n points, at ts[i] + shift; times ascend.

    A block that lies below the peak costs one test, and one division if it has a new lowest point: of falls from
    one peak the deepest is the worst.
    """
    cdef int64_t start = 0, size
    cdef double low, high
    while start < n:
        size = min(n - start, <int64_t> BLOCK)
        scan(curve.lanes, curve.count & (LANES - 1), equity + start, size, &low, &high)
        if not isfinite(total(curve.lanes)):
            _check(curve, equity + start, size)
        if low == high and high >= curve.peak:
            _climb(curve, curve.count, ts[start] + shift, high)
            curve.peak_at = curve.count + size - 1
            curve.peak_ts = ts[start + size - 1] + shift
        elif high >= curve.peak and not curve.peak > 0.0:
            _step(curve, ts + start, shift, equity + start, size)
        elif high >= curve.peak:
            _walk(curve, ts + start, shift, equity + start, size)
        elif low < curve.floor:
            _fall(curve, low)
        if low < curve.lowest:
            curve.lowest = low + 0.0  # never -0.0
        curve.count += size
        start += size
    if n > 0:
        curve.last = equity[n - 1]
        curve.last_ts = ts[n - 1] + shift


cdef inline void _check(CurveStats* curve, const double* equity, int64_t n) noexcept nogil:
    """A sum that is not finite may be one of large numbers only."""
    cdef int64_t i
    for i in range(n):
        if not isfinite(equity[i]):
            curve.undefined = True


cdef inline void hold_curve(
    CurveStats* curve, const int64_t* ts, int64_t shift, double equity, int64_t n
) noexcept nogil:
    """The next n points, all of one equity: the same as `extend_curve` with it n times."""
    cdef int64_t i, _round, at = curve.count & (LANES - 1), rounds = n // LANES
    cdef int64_t rest = n - rounds * LANES
    cdef int k
    cdef double lanes[8]
    if n <= 0:
        return
    for k in range(LANES):
        lanes[k] = curve.lanes[k]
    for _round in range(rounds):
        for k in range(LANES):
            lanes[k] += equity
    for k in range(LANES):
        curve.lanes[k] = lanes[k]
    for i in range(rest):
        curve.lanes[(at + i) & (LANES - 1)] += equity
    if not isfinite(equity):
        curve.undefined = True
    if equity >= curve.peak:
        _climb(curve, curve.count, ts[0] + shift, equity)
        curve.peak_at = curve.count + n - 1
        curve.peak_ts = ts[n - 1] + shift
    elif equity < curve.floor:
        _fall(curve, equity)
    if equity < curve.lowest:
        curve.lowest = equity + 0.0
    curve.count += n
    curve.last = equity
    curve.last_ts = ts[n - 1] + shift


cdef inline double worst_fall(const CurveStats* curve) noexcept nogil:
    """max((peak - equity) / peak), 0 or more; NaN where a point is not finite or a peak is zero."""
    return NAN if curve.undefined else curve.worst


cdef inline double mean_equity(const CurveStats* curve) noexcept nogil:
    return NAN if curve.undefined else total(curve.lanes) / curve.count


cdef inline int64_t longest_fall(const CurveStats* curve) noexcept nogil:
    """The longest time in ns from a peak until equity is back at it, or to the end if it never is."""
    if curve.peak_at < curve.count - 1 and curve.last_ts - curve.peak_ts > curve.longest:
        return curve.last_ts - curve.peak_ts
    return curve.longest
