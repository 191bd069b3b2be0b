"""Money. `apply_fill` is its only writer, `equity` its only valuation."""

from libc.math cimport fabs, fmax, fmin
from libc.stdint cimport int32_t

from btcore.model cimport Account, Position

cdef inline double value(const Position* position, double multiplier) noexcept nogil:
    """Signed notional at the mark."""
    return position.qty * position.mark * multiplier


cdef inline double equity(const Account* account) noexcept nogil:
    """Cash and what the positions are worth."""
    cdef double total = account.cash
    cdef int32_t i
    for i in range(account.n_symbols):
        if account.positions[i].qty != 0.0:
            total += value(&account.positions[i], account.instruments[i].multiplier)
    return total


cdef inline void apply_fill(
    double* cash, Position* position, double signed_qty, double px, double multiplier, double commission
) noexcept nogil:
    """One fill: cash, quantity, average price, realised pnl and commission change together, here alone."""
    cdef double held = position.qty
    cdef double after = held + signed_qty
    cdef double closed

    cash[0] -= signed_qty * px * multiplier + commission
    position.commission += commission
    if fabs(after) < 1e-12 * fmax(fabs(held), fabs(signed_qty)):
        after = 0.0  # the dust of rounding is not a position

    if held == 0.0 or (held > 0.0) == (signed_qty > 0.0):
        position.avg_px = (
            px if held == 0.0
            else (position.avg_px * fabs(held) + px * fabs(signed_qty)) / (fabs(held) + fabs(signed_qty))
        )
    else:
        closed = fmin(fabs(held), fabs(signed_qty))
        position.realized_pnl += (px - position.avg_px) * closed * (1.0 if held > 0.0 else -1.0) * multiplier
        if after == 0.0:
            position.avg_px = 0.0
        elif (after > 0.0) != (held > 0.0):
            position.avg_px = px
    position.qty = after
