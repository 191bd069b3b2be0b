"""The numpy dtypes of the C structs in the header. Each is derived from its struct."""

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
cdef OtherBar _other_bar
cdef Market _market
cdef Account _account
cdef Instrument _instrument


cdef object dtype_of(size_t size, list fields):
    """The dtype of a struct with pointers, which a memoryview cannot have. Pointers become integers (np.intp)."""
    names, offsets, formats = zip(*fields, strict=True)
    return np.dtype({"names": names, "formats": formats, "offsets": offsets, "itemsize": size}, align=True)


cdef int64_t offset_of(const void* struct, const void* field):
    """Offset of a field in its struct, in bytes."""
    return <const char*> field - <const char*> struct


ORDER_DTYPE = np.asarray(<Order[:1]> &_order).dtype
FILL_DTYPE = np.asarray(<Fill[:1]> &_fill).dtype
EQUITY_DTYPE = np.asarray(<EquityPoint[:1]> &_point).dtype
EXPOSURE_DTYPE = np.asarray(<Exposure[:1]> &_exposure).dtype
POSITION_DTYPE = np.asarray(<Position[:1]> &_position).dtype
CASH_FLOW_DTYPE = np.asarray(<CashFlow[:1]> &_flow).dtype
RESTATEMENT_DTYPE = np.asarray(<Restatement[:1]> &_restatement).dtype
NOTE_DTYPE = np.asarray(<Note[:1]> &_note).dtype
INSTRUMENT_DTYPE = np.asarray(<Instrument[:1]> &_instrument).dtype
DATED_DTYPE = np.asarray(<Dated[:1]> &_dated).dtype
TICKER_DTYPE = np.asarray(<Ticker[:1]> &_ticker).dtype
OTHER_BAR_DTYPE = np.asarray(<OtherBar[:1]> &_other_bar).dtype
MARKET_DTYPE = dtype_of(sizeof(Market), [
    ("now", offset_of(&_market, &_market.now), np.int64),
    ("tickers", offset_of(&_market, &_market.tickers), np.intp),
    ("fill", offset_of(&_market, &_market.fill), np.intp),
    ("other", offset_of(&_market, &_market.other), np.intp),
    ("calls", offset_of(&_market, &_market.calls), np.int64),
    ("rows", offset_of(&_market, &_market.rows), np.intp),
    ("n_symbols", offset_of(&_market, &_market.n_symbols), np.int32),
    ("symbol", offset_of(&_market, &_market.symbol), np.int32),
    ("kind", offset_of(&_market, &_market.kind), np.int8),
    ("delayed", offset_of(&_market, &_market.delayed), np.int8),
])
ACCOUNT_DTYPE = dtype_of(sizeof(Account), [
    ("cash", offset_of(&_account, &_account.cash), np.float64),
    ("leverage", offset_of(&_account, &_account.leverage), np.float64),
    ("positions", offset_of(&_account, &_account.positions), np.intp),
    ("legs", offset_of(&_account, &_account.legs), np.intp),
    ("instruments", offset_of(&_account, &_account.instruments), np.intp),
    ("orders", offset_of(&_account, &_account.orders), np.intp),
    ("n_orders", offset_of(&_account, &_account.n_orders), np.int64),
    ("n_symbols", offset_of(&_account, &_account.n_symbols), np.int32),
])
