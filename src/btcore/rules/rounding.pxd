"""The larger and the smaller of two numbers that are not NaN. libm's heed NaN, and are calls that nothing inlines."""


cdef inline double larger(double a, double b) noexcept nogil:
    return a if a > b else b


cdef inline double smaller(double a, double b) noexcept nogil:
    return a if a < b else b
