"""Money. `apply_fill` is its only writer for trades, `pay` for all else; `equity` its only valuation."""

from libc.math cimport fabs
from libc.stdint cimport int32_t, int64_t
from libc.stdlib cimport free
from libc.string cimport memmove

from btcore.memory cimport reserve
from btcore.model cimport Account, Position
from btcore.rules.rounding cimport larger, smaller


cdef struct Lot:
    double qty           # of the position's own sign
    double px
    double cost          # money per unit

cdef struct Lots:        # of one position, the oldest first
    Lot* items
    int64_t count
    int64_t capacity


cdef inline double value(const Position* position) noexcept nogil:
    """Signed notional at the mark."""
    return position.qty * position.mark * position.point_value


cdef inline double equity(const Account* account) noexcept nogil:
    """Cash and what the positions are worth."""
    cdef double total = account.cash
    cdef int32_t i
    for i in range(account.n_symbols):
        if account.positions[i].qty != 0.0:
            total += value(&account.positions[i])
    return total


cdef inline void pay(Account* account, double amount) noexcept nogil:
    """Money that no trade moves: interest, dividends, funding."""
    account.cash += amount


cdef inline double without_dust(double qty, double held, double change) noexcept nogil:
    """`qty`, or 0 where it is the rounding of `held + change`."""
    return 0.0 if fabs(qty) < 1e-12 * larger(fabs(held), fabs(change)) else qty


cdef inline int apply_fill(
    double* cash, Position* position, Lots* lots, double signed_qty, double px, double commission
) noexcept nogil:
    """One fill: cash, quantity, averages, realised pnl and commission change together, here alone.

    With `lots` the oldest are closed first, without them all at the average. -1 without memory.
    """
    cdef double held = position.qty
    cdef double after = without_dust(held + signed_qty, held, signed_qty)
    cdef double cost = px * position.point_value
    cdef double closed, sign

    cash[0] -= signed_qty * cost + commission
    position.commission += commission
    if held != 0.0 and (held > 0.0) != (signed_qty > 0.0):
        closed = smaller(fabs(held), fabs(signed_qty))
        sign = 1.0 if held > 0.0 else -1.0
        if lots == NULL:
            position.realized_pnl += (cost - position.avg_cost) * closed * sign
        else:
            position.realized_pnl += close_lots(lots, closed, cost, sign)
        if after != 0.0 and (after > 0.0) != (held > 0.0):
            held = 0.0  # the rest opens at the fill's price
            signed_qty = after
    if held == 0.0 or (held > 0.0) == (signed_qty > 0.0):
        position.avg_px = mean(position.avg_px, held, px, signed_qty)
        position.avg_cost = mean(position.avg_cost, held, cost, signed_qty)
        if lots != NULL and add_lot(lots, Lot(qty=signed_qty, px=px, cost=cost)) < 0:
            return -1
    elif after == 0.0:
        position.avg_px = position.avg_cost = 0.0
    elif lots != NULL:
        average_lots(lots, &position.avg_px, &position.avg_cost)
    position.qty = after
    return 0


cdef inline double mean(double average, double held, double px, double added) noexcept nogil:
    return px if held == 0.0 else (average * fabs(held) + px * fabs(added)) / (fabs(held) + fabs(added))


cdef inline int add_lot(Lots* lots, Lot lot) noexcept nogil:
    if reserve(<void**> &lots.items, &lots.capacity, lots.count, sizeof(Lot)) < 0:
        return -1
    lots.items[lots.count] = lot
    lots.count += 1
    return 0


cdef inline double close_lots(Lots* lots, double qty, double cost, double sign) noexcept nogil:
    """What closing `qty` of the oldest lots at `cost` a unit brings."""
    cdef double pnl = 0.0, taken, left = qty
    cdef int64_t gone = 0
    while gone < lots.count and left > 0.0:
        taken = smaller(fabs(lots.items[gone].qty), left)
        pnl += (cost - lots.items[gone].cost) * taken * sign
        left = without_dust(left - taken, left, taken)
        lots.items[gone].qty = without_dust(lots.items[gone].qty - sign * taken, lots.items[gone].qty, taken)
        if lots.items[gone].qty != 0.0:
            break
        gone += 1
    lots.count -= gone
    memmove(lots.items, lots.items + gone, lots.count * sizeof(Lot))
    return pnl


cdef inline void average_lots(const Lots* lots, double* px, double* cost) noexcept nogil:
    cdef double qty = 0.0, at_px = 0.0, at_cost = 0.0
    cdef int64_t i
    for i in range(lots.count):
        qty += lots.items[i].qty
        at_px += lots.items[i].qty * lots.items[i].px
        at_cost += lots.items[i].qty * lots.items[i].cost
    if qty != 0.0:
        px[0] = at_px / qty
        cost[0] = at_cost / qty


cdef inline void split_position(Position* position, Lots* lots, double ratio) noexcept nogil:
    """`ratio` new shares for one: no money moves."""
    cdef int64_t i
    position.qty *= ratio
    position.avg_px /= ratio
    position.avg_cost /= ratio
    if lots != NULL:
        for i in range(lots.count):
            lots.items[i].qty *= ratio
            lots.items[i].px /= ratio
            lots.items[i].cost /= ratio


cdef inline void free_lots(Lots* lots, int64_t count) noexcept nogil:
    cdef int64_t i
    if lots != NULL:
        for i in range(count):
            free(lots[i].items)
    free(lots)
