"""Loops of a sweep over several bars at once, in the widest vector registers of the processor.

Each is one formula per bar without sums across bars, and the compiler may not fuse multiply and add
(-ffp-contract=off), so every width gives the same bits. `kernels_of(width)` returns them for a register width:
0 plain C, 1 AVX2, 2 AVX-512. `widest()` is the largest width of this processor.
"""

from libc.stdint cimport int64_t, uint64_t

cdef extern from *:
    """
    #ifndef BTCORE_WIDE
    #define BTCORE_WIDE
    #include <math.h>
    #include <stdint.h>

    typedef struct {
        void (*compare)(const double* fast, const double* slow, int64_t words, uint64_t* above, uint64_t* level);
        void (*mark)(const double* px, double cash, double qty, double point_value, int64_t n, double* equity);
    } btcore_kernels;

    static void btcore_compare(
        const double* fast, const double* slow, int64_t words, uint64_t* above, uint64_t* level
    ) {
        for (int64_t w = 0; w < words; w++, fast += 64, slow += 64) {
            uint64_t up = 0, same = 0;
            for (int j = 0; j < 64; j++) {
                up |= (uint64_t) (fast[j] > slow[j]) << j;
                same |= (uint64_t) (fabs(fast[j] - slow[j]) <= 1e-12 * slow[j]) << j;
            }
            above[w] = up;
            level[w] = same;
        }
    }

    #define BTCORE_MARK(px, cash, qty, point_value, n, equity) \\
        for (int64_t i = 0; i < n; i += 8) \\
            for (int j = 0; j < 8; j++) \\
                equity[i + j] = cash + qty * px[i + j] * point_value;

    static void btcore_mark(
        const double* px, double cash, double qty, double point_value, int64_t n, double* restrict equity
    ) { BTCORE_MARK(px, cash, qty, point_value, n, equity) }

    #if defined(__x86_64__) && defined(__GNUC__)
    #include <immintrin.h>
    #define BTCORE_AVX2 __attribute__((target("avx2")))
    #define BTCORE_AVX512 __attribute__((target("avx512f")))

    BTCORE_AVX2 static void btcore_compare_avx2(
        const double* fast, const double* slow, int64_t words, uint64_t* above, uint64_t* level
    ) {
        const __m256d hair = _mm256_set1_pd(1e-12), sign = _mm256_set1_pd(-0.0);
        for (int64_t w = 0; w < words; w++, fast += 64, slow += 64) {
            uint64_t up = 0, same = 0;
            for (int j = 0; j < 64; j += 4) {
                __m256d f = _mm256_loadu_pd(fast + j), s = _mm256_loadu_pd(slow + j);
                __m256d apart = _mm256_andnot_pd(sign, _mm256_sub_pd(f, s));
                up |= (uint64_t) _mm256_movemask_pd(_mm256_cmp_pd(f, s, _CMP_GT_OQ)) << j;
                same |= (uint64_t) _mm256_movemask_pd(
                    _mm256_cmp_pd(apart, _mm256_mul_pd(hair, s), _CMP_LE_OQ)) << j;
            }
            above[w] = up;
            level[w] = same;
        }
    }

    BTCORE_AVX512 static void btcore_compare_avx512(
        const double* fast, const double* slow, int64_t words, uint64_t* above, uint64_t* level
    ) {
        const __m512d hair = _mm512_set1_pd(1e-12);
        for (int64_t w = 0; w < words; w++, fast += 64, slow += 64) {
            uint64_t up = 0, same = 0;
            for (int j = 0; j < 64; j += 8) {
                __m512d f = _mm512_loadu_pd(fast + j), s = _mm512_loadu_pd(slow + j);
                __m512d apart = _mm512_abs_pd(_mm512_sub_pd(f, s));
                up |= (uint64_t) _mm512_cmp_pd_mask(f, s, _CMP_GT_OQ) << j;
                same |= (uint64_t) _mm512_cmp_pd_mask(apart, _mm512_mul_pd(hair, s), _CMP_LE_OQ) << j;
            }
            above[w] = up;
            level[w] = same;
        }
    }

    BTCORE_AVX2 static void btcore_mark_avx2(
        const double* px, double cash, double qty, double point_value, int64_t n, double* restrict equity
    ) { BTCORE_MARK(px, cash, qty, point_value, n, equity) }

    BTCORE_AVX512 static void btcore_mark_avx512(
        const double* px, double cash, double qty, double point_value, int64_t n, double* restrict equity
    ) { BTCORE_MARK(px, cash, qty, point_value, n, equity) }

    static int btcore_widest(void) {
        __builtin_cpu_init();
        return __builtin_cpu_supports("avx512f") ? 2 : __builtin_cpu_supports("avx2") ? 1 : 0;
    }

    static btcore_kernels btcore_kernels_of(int width) {
        if (width >= 2)
            return (btcore_kernels) {btcore_compare_avx512, btcore_mark_avx512};
        if (width == 1)
            return (btcore_kernels) {btcore_compare_avx2, btcore_mark_avx2};
        return (btcore_kernels) {btcore_compare, btcore_mark};
    }

    static inline int btcore_lowest_bit(uint64_t word) { return __builtin_ctzll(word); }
    #else
    static int btcore_widest(void) { return 0; }

    static btcore_kernels btcore_kernels_of(int width) {
        btcore_kernels plain = {btcore_compare, btcore_mark};
        (void) width;
        return plain;
    }

    static inline int btcore_lowest_bit(uint64_t word) {
        int j = 0;
        while (!(word >> j & 1))
            j++;
        return j;
    }
    #endif
    #endif
    """
    ctypedef struct Kernels "btcore_kernels":
        # Bit j of word w is for bar 64 * w + j. above: fast > slow; level: they are equal up to rounding.
        void compare(const double* fast, const double* slow, int64_t words, uint64_t* above, uint64_t* level) nogil
        # equity[i] = cash + qty * px[i] * point_value; up to 7 items beyond n are read and written.
        void mark(const double* px, double cash, double qty, double point_value, int64_t n, double* equity) nogil
    int widest "btcore_widest"() noexcept nogil
    Kernels kernels_of "btcore_kernels_of"(int width) noexcept nogil
    int lowest_bit "btcore_lowest_bit"(uint64_t word) noexcept nogil  # `word` must not be 0
