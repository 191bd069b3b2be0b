"""Whether a column has only finite numbers, four at a time where the processor has AVX2."""

from libc.stdint cimport int64_t

cdef extern from *:
    """
    #ifndef BTCORE_FINITE
    #define BTCORE_FINITE
    #include <stdint.h>
    #include <string.h>

    /* A number is finite unless all bits of its exponent are set: then this sum carries into the highest bit. */
    #define BTCORE_ALL_FINITE(x, n) \\
        uint64_t any = 0, bits; \\
        for (int64_t i = 0; i < n; i++) { \\
            memcpy(&bits, x + i, sizeof bits); \\
            any |= (bits & UINT64_C(0x7FF0000000000000)) + UINT64_C(0x0010000000000000); \\
        } \\
        return !(any >> 63);

    static int btcore_all_finite_plain(const double* x, int64_t n) { BTCORE_ALL_FINITE(x, n) }

    #if defined(__x86_64__) && defined(__GNUC__)
    __attribute__((target("avx2")))
    static int btcore_all_finite_avx2(const double* x, int64_t n) { BTCORE_ALL_FINITE(x, n) }

    static int btcore_all_finite(const double* x, int64_t n) {
        return __builtin_cpu_supports("avx2") ? btcore_all_finite_avx2(x, n) : btcore_all_finite_plain(x, n);
    }
    #else
    #define btcore_all_finite btcore_all_finite_plain
    #endif
    #endif
    """
    bint all_finite "btcore_all_finite" (const double* x, int64_t n) noexcept nogil
