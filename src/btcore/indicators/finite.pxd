"""Whether a column has only finite numbers, sixteen at a time where the processor has AVX2 and FMA."""

from libc.stdint cimport int64_t

cdef extern from *:
    """
    #ifndef BTCORE_FINITE
    #define BTCORE_FINITE
    #include <stdint.h>
    #include <string.h>

    /* A number is finite unless all bits of its exponent are set: then this sum carries into the highest bit. */
    static int btcore_all_finite_plain(const double* x, int64_t n) {
        uint64_t any = 0, bits;
        for (int64_t i = 0; i < n; i++) {
            memcpy(&bits, x + i, sizeof bits);
            any |= (bits & UINT64_C(0x7FF0000000000000)) + UINT64_C(0x0010000000000000);
        }
        return !(any >> 63);
    }

    #if defined(__x86_64__) && defined(__GNUC__)
    typedef double btcore_four __attribute__((vector_size(32), aligned(8)));

    /* A finite number times 0 is 0, any other is NaN, and so is a sum with it. */
    __attribute__((target("avx2,fma")))
    static int btcore_all_finite_fma(const double* x, int64_t n) {
        btcore_four a = {0.0}, b = {0.0}, c = {0.0}, d = {0.0};
        int64_t i = 0;
        for (; i + 16 <= n; i += 16) {
            a += *(const btcore_four*) (x + i) * 0.0;
            b += *(const btcore_four*) (x + i + 4) * 0.0;
            c += *(const btcore_four*) (x + i + 8) * 0.0;
            d += *(const btcore_four*) (x + i + 12) * 0.0;
        }
        a += b + c + d;
        return a[0] + a[1] + a[2] + a[3] == 0.0 && btcore_all_finite_plain(x + i, n - i);
    }

    static int btcore_all_finite(const double* x, int64_t n) {
        return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") ? btcore_all_finite_fma(x, n)
                                                                              : btcore_all_finite_plain(x, n);
    }
    #else
    #define btcore_all_finite btcore_all_finite_plain
    #endif
    #endif
    """
    bint all_finite "btcore_all_finite" (const double* x, int64_t n) noexcept nogil
