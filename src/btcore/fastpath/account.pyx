"""Set-up of a plain account; its other functions are in the .pxd."""

from libc.stdint cimport int8_t
from libc.string cimport memset

from btcore.engine.setup cimport commission_terms, instrument_terms, open_account, slippage_terms


cdef int open_plain_account(
    PlainAccount* plain, instrument, execution, double initial_capital, int8_t source
) except -1:
    """Sets up the account before the first event. `source` is the kind of event whose prices fill orders."""
    memset(plain, 0, sizeof(PlainAccount))
    plain.instrument = instrument_terms(instrument, execution)
    plain.commission = commission_terms(instrument, execution)
    plain.slippage = slippage_terms(instrument, execution)
    plain.is_cash = execution.account == "cash"
    plain.position.point_value = plain.instrument.multiplier
    open_account(&plain.account, execution, initial_capital)
    plain.account.positions = &plain.position
    plain.account.instruments = &plain.instrument
    plain.account.n_symbols = 1
    plain.ticker.source = source
    plain.market.tickers = &plain.ticker
    plain.market.n_symbols = 1
    plain.out.pending = &plain.pending
    plain.lowest_cash = initial_capital
    return 0
