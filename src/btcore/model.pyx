"""The nouns, as numpy sees them: each dtype is derived from the C struct, never written twice."""

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

ORDER_DTYPE = np.asarray(<Order[:1]> &_order).dtype
FILL_DTYPE = np.asarray(<Fill[:1]> &_fill).dtype
EQUITY_DTYPE = np.asarray(<EquityPoint[:1]> &_point).dtype
EXPOSURE_DTYPE = np.asarray(<Exposure[:1]> &_exposure).dtype
POSITION_DTYPE = np.asarray(<Position[:1]> &_position).dtype
CASH_FLOW_DTYPE = np.asarray(<CashFlow[:1]> &_flow).dtype
RESTATEMENT_DTYPE = np.asarray(<Restatement[:1]> &_restatement).dtype
NOTE_DTYPE = np.asarray(<Note[:1]> &_note).dtype
DATED_DTYPE = np.asarray(<Dated[:1]> &_dated).dtype
