"""The settings of a run and its account, converted to the C structs of the engine."""

from libc.stdint cimport int64_t

from btcore.engine.state cimport Exchange
from btcore.model cimport Account, Instrument
from btcore.rules.commission cimport CommissionTerms
from btcore.rules.slippage cimport SlippageTerms


cdef void* zeroed(int64_t count, size_t size) except NULL
cdef CommissionTerms commission_terms(execution)
cdef SlippageTerms slippage_terms(execution)
cdef Instrument instrument_terms(instrument, execution)
cdef void open_account(Account* account, execution, double initial_capital)
cdef set_terms(Exchange* ex, execution, dated)
cdef set_account(Exchange* ex, int64_t n_symbols, instruments, execution, double initial_capital)
