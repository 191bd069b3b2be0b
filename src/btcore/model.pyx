"""The nouns, as numpy sees them: each dtype is derived from the C struct, never written twice."""

import numpy as np

cdef Order _order
cdef Fill _fill
cdef EquityPoint _point
cdef Exposure _exposure
cdef Position _position

ORDER_DTYPE = np.asarray(<Order[:1]> &_order).dtype
FILL_DTYPE = np.asarray(<Fill[:1]> &_fill).dtype
EQUITY_DTYPE = np.asarray(<EquityPoint[:1]> &_point).dtype
EXPOSURE_DTYPE = np.asarray(<Exposure[:1]> &_exposure).dtype
POSITION_DTYPE = np.asarray(<Position[:1]> &_position).dtype
