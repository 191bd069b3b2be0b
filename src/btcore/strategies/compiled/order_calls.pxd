"""The verbs of a compiled strategy as C functions with addresses, for code that cannot include contract.pxd.

Unlike those there, they check what is asked, and the first ask that makes no sense is kept in `out.fault`.
"""

from libc.stdint cimport int32_t, int64_t

from btcore.model cimport Account, Market, Outbox

cpdef enum Fault:
    NO_MEMORY = 1
    UNKNOWN_SYMBOL = 2
    BAD_QUANTITY = 3
    BAD_TERMS = 4
    UNKNOWN_ORDER = 5
    NO_PRICE = 6
