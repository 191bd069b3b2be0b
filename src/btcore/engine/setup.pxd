"""How a run begins: the terms and the account that its requests name, as the engine keeps them."""

from libc.stdint cimport int64_t

from btcore.engine.state cimport Exchange


cdef void* zeroed(int64_t count, size_t size) except NULL
cdef set_terms(Exchange* ex, execution, dated)
cdef set_account(Exchange* ex, int64_t n_symbols, instruments, execution, double initial_capital)
