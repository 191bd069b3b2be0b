"""Cash and positions. Only `apply_fill` and `add_cash` change cash; only `equity` values the account."""

from libc.math cimport fabs
from libc.stdint cimport int32_t, int64_t
from libc.stdlib cimport free
from libc.string cimport memmove

from btcore.memory cimport reserve
from btcore.model cimport Account, Position
from btcore.rules.rounding cimport smaller, zero_if_dust


cdef struct Lot:
    double qty           # signed like the position
    double px            # price of its fill
    double cost          # money per unit: px times the point value at the fill

cdef struct Lots:        # the open lots of one position, oldest first
    Lot* items
    int64_t count
    int64_t capacity


cdef inline double position_value(const Position* position) noexcept nogil:
    """Value at the mark in account currency, negative for a short position."""
    return position.qty * position.mark * position.point_value


cdef inline double equity(const Account* account) noexcept nogil:
    """Cash plus the value of all positions at their marks."""
    cdef double total = account.cash
    cdef int32_t i
    for i in range(account.n_symbols):
        if account.positions[i].qty != 0.0:
            total += position_value(&account.positions[i])
    return total


cdef inline void add_cash(Account* account, double amount) noexcept nogil:
    """Adds a payment that is not a trade, such as interest, a dividend or funding. Negative amounts are paid out."""
    account.cash += amount


cdef inline int apply_fill(
    double* cash, Position* position, Lots* lots, double signed_qty, double px, double commission
) noexcept nogil:
    """Books one fill: cash, quantity, average price, realized PnL and commission.

    With `lots`, a closing fill closes the oldest lots first (FIFO); without, it closes at the average cost.
    Returns -1 if memory runs out.
    """
    cdef double held = position.qty
    cdef double after = zero_if_dust(held + signed_qty, held, signed_qty)
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
            held = 0.0  # through zero: the remainder opens a new position at the fill's price
            signed_qty = after
    if held == 0.0 or (held > 0.0) == (signed_qty > 0.0):
        position.avg_px = weighted_mean(position.avg_px, held, px, signed_qty)
        position.avg_cost = weighted_mean(position.avg_cost, held, cost, signed_qty)
        if lots != NULL and add_lot(lots, Lot(qty=signed_qty, px=px, cost=cost)) < 0:
            return -1
    elif after == 0.0:
        position.avg_px = position.avg_cost = 0.0
    elif lots != NULL:
        average_lots(lots, &position.avg_px, &position.avg_cost)
    position.qty = after
    return 0


cdef inline double weighted_mean(double average, double held, double px, double added) noexcept nogil:
    """The mean of `average` and `px`, weighted by the quantities `held` and `added`."""
    return px if held == 0.0 else (average * fabs(held) + px * fabs(added)) / (fabs(held) + fabs(added))


cdef inline int add_lot(Lots* lots, Lot lot) noexcept nogil:
    """Appends the newest lot. Returns -1 if memory runs out."""
    if reserve(<void**> &lots.items, &lots.capacity, lots.count, sizeof(Lot)) < 0:
        return -1
    lots.items[lots.count] = lot
    lots.count += 1
    return 0


cdef inline double close_lots(Lots* lots, double qty, double cost, double sign) noexcept nogil:
    """Closes `qty` from the oldest lots and returns the realized PnL; `cost` is the closing price in money per unit."""
    cdef double pnl = 0.0, taken, left = qty
    cdef int64_t n_closed = 0
    while n_closed < lots.count and left > 0.0:
        taken = smaller(fabs(lots.items[n_closed].qty), left)
        pnl += (cost - lots.items[n_closed].cost) * taken * sign
        left = zero_if_dust(left - taken, left, taken)
        lots.items[n_closed].qty = zero_if_dust(
            lots.items[n_closed].qty - sign * taken, lots.items[n_closed].qty, taken
        )
        if lots.items[n_closed].qty != 0.0:
            break
        n_closed += 1
    lots.count -= n_closed
    memmove(lots.items, lots.items + n_closed, lots.count * sizeof(Lot))
    return pnl


cdef inline void average_lots(const Lots* lots, double* px, double* cost) noexcept nogil:
    """Writes the mean price and cost of the open lots, weighted by quantity."""
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
    """Applies a split: `ratio` new shares replace one old share. Cash does not change."""
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
    """Frees an array of `count` lot lists; NULL is allowed."""
    cdef int64_t i
    if lots != NULL:
        for i in range(count):
            free(lots[i].items)
    free(lots)
