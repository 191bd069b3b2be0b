"""A book's opening and closing. What is done with it is in the .pxd."""

from libc.stdint cimport int8_t
from libc.stdlib cimport free
from libc.string cimport memset

from btcore.model cimport NEVER
from btcore.engine.setup cimport commission_terms, instrument_terms, open_account, slippage_terms


cdef int open_book(Book* book, instrument, execution, double initial_capital, int8_t source) except -1:
    memset(book, 0, sizeof(Book))
    book.instrument = instrument_terms(instrument, execution)
    book.commission = commission_terms(execution)
    book.slippage = slippage_terms(execution)
    book.is_cash = execution.account == "cash"
    book.position.point_value = book.instrument.multiplier
    open_account(&book.account, execution, initial_capital)
    book.account.positions = &book.position
    book.account.instruments = &book.instrument
    book.account.n_symbols = 1
    book.ticker.source = source
    book.market.tickers = &book.ticker
    book.market.n_symbols = 1
    book.out.pending = &book.pending
    book.out.next_id = 1
    book.out.next_timer = NEVER
    book.lowest_cash = initial_capital
    return 0


cdef void close_book(Book* book) noexcept nogil:
    free(book.out.items)
