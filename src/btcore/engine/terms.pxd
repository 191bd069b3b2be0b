"""What a run's settings are to the laws."""

from btcore.model cimport Account, Instrument
from btcore.rules.commission cimport CommissionTerms
from btcore.rules.slippage cimport SlippageTerms


cdef CommissionTerms commission_terms(execution)
cdef SlippageTerms slippage_terms(execution)
cdef Instrument instrument_terms(instrument, execution)
cdef void open_account(Account* account, execution, double initial_capital)
