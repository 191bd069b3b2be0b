"""Running statistics of an equity curve, computed in one pass over blocks of any size.

The results are equal bit for bit however the points are divided into blocks. Sums run in eight lanes: point i is
added to lane i mod 8, and `total` adds the lanes in one fixed order. A processor may therefore add several points at
once, and all processors give the same bytes.
"""

from libc.math cimport INFINITY, NAN, isfinite
from libc.stdint cimport int64_t
from libc.string cimport memset

cdef extern from *:
    """
    #ifndef BTCORE_SCAN
    #define BTCORE_SCAN
    #if defined(__SSE2__) || defined(_M_X64)
    #include <emmintrin.h>
    #endif

    /* Adds x[0..n) to the lanes, starting with lane `at`, and finds the lowest and highest value. NaN is skipped. */
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
        /* Compilers vectorize a > b ? a : b as compare and mask, at half the speed of the min and max instructions. */
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
    BLOCK = 256              # points processed together

cdef struct CurveStats:
    int64_t count            # points so far
    int64_t first_ts         # ns UTC
    int64_t last_ts
    int64_t peak_index       # index of the last point at the peak
    int64_t peak_ts          # and its time
    int64_t longest          # longest time in ns from a peak until equity was back at it
    double first             # equity of the first point
    double last              # of the last point
    double lowest            # lowest equity
    double peak              # highest equity
    double worst             # largest drawdown (peak - equity) / peak
    double floor             # only an equity below it can be a larger drawdown
    double lanes[8]          # partial sums of equity
    bint undefined           # 1: a point was not finite, or a peak was zero


cdef inline void find_range(const double* x, int64_t n, double* low, double* high) noexcept nogil:
    """Finds the lowest and the highest of n values, n > 0."""
    cdef double[LANES] unused
    memset(unused, 0, sizeof(unused))
    scan(unused, 0, x, n, low, high)


cdef inline double total(const double* lanes) noexcept nogil:
    """The sum of all lanes."""
    return (lanes[0] + lanes[1] + (lanes[2] + lanes[3])) + (lanes[4] + lanes[5] + (lanes[6] + lanes[7]))


cdef inline double _share(double worst) noexcept nogil:
    """1 - worst, plus a margin that exceeds the rounding errors of this number and of a drawdown."""
    return 1.0 - worst + (1.0 + worst) * 2.0**-50


cdef inline double _floor(double peak, double share) noexcept nogil:
    """The lowest equity at which a drawdown from the peak cannot be a new largest one; 1e-300 covers tiny peaks."""
    return share * peak + 1e-300


cdef inline void _update_drawdown(CurveStats* curve, double equity) noexcept nogil:
    """Updates the largest drawdown with a point below the peak."""
    cdef double drawdown = (curve.peak - equity) / curve.peak  # more exact than 1 - equity / peak
    if drawdown > curve.worst:
        curve.worst = drawdown
        curve.floor = _floor(curve.peak, _share(drawdown))


cdef inline void _update_peak(CurveStats* curve, int64_t at, int64_t ts, double equity) noexcept nogil:
    """Updates the peak with point `at`, which is at the peak or above it."""
    if curve.peak_index < at - 1 and ts - curve.peak_ts > curve.longest:
        curve.longest = ts - curve.peak_ts
    curve.peak_index = at
    curve.peak_ts = ts
    if equity > curve.peak:
        curve.peak = equity
        curve.floor = _floor(equity, _share(curve.worst))
        curve.undefined |= equity == 0.0


cdef inline void open_curve(CurveStats* curve, int64_t ts, double equity) noexcept nogil:
    """Starts the statistics with the first point."""
    cdef int i
    curve.count = 1
    curve.first_ts = curve.last_ts = curve.peak_ts = ts
    curve.peak_index = curve.longest = 0
    curve.first = curve.last = curve.peak = equity
    curve.lowest = equity + 0.0
    curve.worst = 0.0
    curve.floor = _floor(equity, _share(0.0))
    curve.undefined = equity == 0.0 or not isfinite(equity)
    for i in range(LANES):
        curve.lanes[i] = 0.0
    curve.lanes[0] = equity


cdef inline void _extend_by_point(
    CurveStats* curve, const int64_t* ts, int64_t shift, const double* equity, int64_t n
) noexcept nogil:
    """Adds a block point by point."""
    cdef int64_t i
    for i in range(n):
        if equity[i] >= curve.peak:
            _update_peak(curve, curve.count + i, ts[i] + shift, equity[i])
        else:
            _update_drawdown(curve, equity[i])


cdef inline void _extend_branchless(
    CurveStats* curve, const int64_t* ts, int64_t shift, const double* equity, int64_t n
) noexcept nogil:
    """Adds a block with a new peak, where the peak before it was above zero. Must equal `_extend_by_point`.

    Whether a point is a peak is unpredictable, so it is a mask and not a branch.
    """
    cdef int64_t i, at = curve.peak_index, peak_ts = curve.peak_ts, longest = curve.longest, since, is_peak
    cdef double peak = curve.peak, worst = curve.worst, share = _share(curve.worst), drawdown
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
            drawdown = (peak - equity[i]) / peak
            if drawdown > worst:
                worst = drawdown
                share = _share(worst)
    curve.peak_index = at
    curve.peak_ts = peak_ts
    curve.longest = longest
    curve.peak = peak
    curve.worst = worst
    curve.floor = _floor(peak, share)


cdef inline void extend_curve(
    CurveStats* curve, const int64_t* ts, int64_t shift, const double* equity, int64_t n
) noexcept nogil:
    """Adds the next n points, at the ascending times ts[i] + shift.

    A block below the peak costs one test, plus one division if its lowest point may be a new largest drawdown.
    """
    cdef int64_t start = 0, size
    cdef double low, high
    while start < n:
        size = min(n - start, <int64_t> BLOCK)
        scan(curve.lanes, curve.count & (LANES - 1), equity + start, size, &low, &high)
        if not isfinite(total(curve.lanes)):
            _check_finite(curve, equity + start, size)
        if low == high and high >= curve.peak:
            _update_peak(curve, curve.count, ts[start] + shift, high)
            curve.peak_index = curve.count + size - 1
            curve.peak_ts = ts[start + size - 1] + shift
        elif high >= curve.peak and not curve.peak > 0.0:
            _extend_by_point(curve, ts + start, shift, equity + start, size)
        elif high >= curve.peak:
            _extend_branchless(curve, ts + start, shift, equity + start, size)
        elif low < curve.floor:
            _update_drawdown(curve, low)
        if low < curve.lowest:
            curve.lowest = low + 0.0  # never -0.0
        curve.count += size
        start += size
    if n > 0:
        curve.last = equity[n - 1]
        curve.last_ts = ts[n - 1] + shift


cdef inline void _check_finite(CurveStats* curve, const double* equity, int64_t n) noexcept nogil:
    """Marks the statistics as undefined if a point is not finite; large finite points may have an infinite sum."""
    cdef int64_t i
    for i in range(n):
        if not isfinite(equity[i]):
            curve.undefined = True


cdef inline void hold_curve(
    CurveStats* curve, const int64_t* ts, int64_t shift, double equity, int64_t n
) noexcept nogil:
    """Adds n points with the same equity. Must equal `extend_curve` with n such points."""
    cdef int64_t i, _round, at = curve.count & (LANES - 1), rounds = n // LANES
    cdef int64_t remainder = n - rounds * LANES
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
    for i in range(remainder):
        curve.lanes[(at + i) & (LANES - 1)] += equity
    if not isfinite(equity):
        curve.undefined = True
    if equity >= curve.peak:
        _update_peak(curve, curve.count, ts[0] + shift, equity)
        curve.peak_index = curve.count + n - 1
        curve.peak_ts = ts[n - 1] + shift
    elif equity < curve.floor:
        _update_drawdown(curve, equity)
    if equity < curve.lowest:
        curve.lowest = equity + 0.0
    curve.count += n
    curve.last = equity
    curve.last_ts = ts[n - 1] + shift


cdef inline double worst_drawdown(const CurveStats* curve) noexcept nogil:
    """Largest (peak - equity) / peak, 0 or more; NaN if a point is not finite or a peak is zero."""
    return NAN if curve.undefined else curve.worst


cdef inline double mean_equity(const CurveStats* curve) noexcept nogil:
    """Mean of all points; NaN as in `worst_drawdown`."""
    return NAN if curve.undefined else total(curve.lanes) / curve.count


cdef inline int64_t longest_drawdown(const CurveStats* curve) noexcept nogil:
    """Longest time in ns from a peak until equity is back at it, or until the end if it never is."""
    if curve.peak_index < curve.count - 1 and curve.last_ts - curve.peak_ts > curve.longest:
        return curve.last_ts - curve.peak_ts
    return curve.longest
