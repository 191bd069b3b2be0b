"""The nouns, as numpy sees them: each dtype is derived from the C struct, never written twice."""

from libc.stdint cimport int64_t

import numpy as np

cdef Order _order
cdef Fill _fill
cdef EquityPoint _point
cdef Exposure _exposure
cdef Position _position
cdef CashFlow _flow
cdef Restatement _restatement
cdef Note _note
cdef Dated _dated
cdef Ticker _ticker
cdef Market _market
cdef Account _account


cdef object structure(size_t size, list fields):
    """The dtype of a struct that no view can have, since it holds pointers: they are integers in it."""
    names, places, formats = zip(*fields, strict=True)
    return np.dtype({"names": names, "formats": formats, "offsets": places, "itemsize": size}, align=True)


cdef int64_t place(const void* struct, const void* field):
    return <const char*> field - <const char*> struct


ORDER_DTYPE = np.asarray(<Order[:1]> &_order).dtype
FILL_DTYPE = np.asarray(<Fill[:1]> &_fill).dtype
EQUITY_DTYPE = np.asarray(<EquityPoint[:1]> &_point).dtype
EXPOSURE_DTYPE = np.asarray(<Exposure[:1]> &_exposure).dtype
POSITION_DTYPE = np.asarray(<Position[:1]> &_position).dtype
CASH_FLOW_DTYPE = np.asarray(<CashFlow[:1]> &_flow).dtype
RESTATEMENT_DTYPE = np.asarray(<Restatement[:1]> &_restatement).dtype
NOTE_DTYPE = np.asarray(<Note[:1]> &_note).dtype
DATED_DTYPE = np.asarray(<Dated[:1]> &_dated).dtype
TICKER_DTYPE = np.asarray(<Ticker[:1]> &_ticker).dtype
MARKET_DTYPE = structure(sizeof(Market), [
    ("now", place(&_market, &_market.now), np.int64),
    ("tickers", place(&_market, &_market.tickers), np.intp),
    ("fill", place(&_market, &_market.fill), np.intp),
    ("calls", place(&_market, &_market.calls), np.int64),
    ("rows", place(&_market, &_market.rows), np.intp),
    ("n_symbols", place(&_market, &_market.n_symbols), np.int32),
    ("symbol", place(&_market, &_market.symbol), np.int32),
    ("kind", place(&_market, &_market.kind), np.int8),
])
ACCOUNT_DTYPE = structure(sizeof(Account), [
    ("cash", place(&_account, &_account.cash), np.float64),
    ("leverage", place(&_account, &_account.leverage), np.float64),
    ("cost_rate", place(&_account, &_account.cost_rate), np.float64),
    ("positions", place(&_account, &_account.positions), np.intp),
    ("legs", place(&_account, &_account.legs), np.intp),
    ("instruments", place(&_account, &_account.instruments), np.intp),
    ("orders", place(&_account, &_account.orders), np.intp),
    ("n_orders", place(&_account, &_account.n_orders), np.int64),
    ("n_symbols", place(&_account, &_account.n_symbols), np.int32),
])
