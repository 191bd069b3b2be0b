"""Converts the settings of a run, its account and its instruments to the C structs of the engine."""

from libc.stdint cimport int64_t

from btcore.engine.state cimport Exchange
from btcore.model cimport Account, Instrument
from btcore.rules.commission cimport CommissionTerms
from btcore.rules.slippage cimport SlippageTerms


cdef CommissionTerms commission_terms(instrument, execution)
cdef SlippageTerms slippage_terms(instrument, execution)
cdef Instrument instrument_terms(instrument, execution)
cdef void open_account(Account* account, execution, double initial_capital)
cdef set_terms(Exchange* ex, execution, scheduled)
cdef set_account(Exchange* ex, int64_t n_symbols, instruments, execution, double initial_capital)
