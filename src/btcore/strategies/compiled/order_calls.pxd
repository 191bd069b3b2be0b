"""The order functions of `contract.pxd` as C functions with addresses, for Numba.

Unlike those of `contract.pxd` they check their arguments: the first invalid call sets `out.fault` and returns -1.
"""

from libc.stdint cimport int32_t, int64_t

from btcore.model cimport Account, Market, Outbox

cpdef enum Fault:
    NO_MEMORY = 1
    UNKNOWN_SYMBOL = 2
    BAD_QUANTITY = 3
    BAD_TARGET = 4
    BAD_TRAIL_BY = 5
    BAD_TIME_IN_FORCE = 6
    BAD_FLAG = 7
    BAD_OCO = 8
    BAD_PARENT = 9
    BAD_LATENCY = 10
    UNKNOWN_ORDER = 11
    NO_PRICE = 12
    BAD_FRACTION = 13
    FIRST_CONFLICT = 100     # plus a Conflict of btcore.rules.order_terms
