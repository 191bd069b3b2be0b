"""An indicator's state as one block of memory, and the function that advances it. See `kernels.pyx`."""

from libc.stdint cimport int64_t

cdef enum:
    MAX_INPUTS = 5
    MAX_OUTPUTS = 3

cdef struct Head:            # the first bytes of a block; the struct of the indicator and its ring follow
    int64_t kind             # number of the indicator, from 1
    int64_t struct_words     # 8 bytes each
    int64_t block_words      # of all of the block
    int64_t seen             # rows so far
    double[3] out            # the latest outputs; NaN before there are any

ctypedef const double* column_t
ctypedef double* output_t
ctypedef column_t[MAX_INPUTS] inputs_t
ctypedef output_t[MAX_OUTPUTS] outputs_t

# Advances by `n` rows, and writes the outputs of each to `y`.
ctypedef void (*run_t)(void* state, double* ring, const double** x, double** y, int64_t n) noexcept nogil
