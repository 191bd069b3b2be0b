"""How much of a fill an account without credit can pay: a cash account, or a margin account at leverage 1 or less."""

from libc.math cimport fabs
from libc.stdint cimport int32_t, int8_t

from btcore.model cimport Account, Position
from btcore.rules.admission cimport OpenQuantity
from btcore.rules.rounding cimport larger, smaller, whole_lots, zero_if_dust


cdef inline double affordable(
    const Account* account, const OpenQuantity* open_qty, bint is_cash, int32_t symbol, int8_t side, double qty,
    double px, double commission,
) noexcept nogil:
    """The part of a fill of `qty` at `px` that the account can pay; `commission` is that of the whole fill.

    A rebate pays for the whole fill alone, as that of a part is smaller.

    `open_qty` is per symbol, as in `check_buying_power`; that of the fill's own symbol is not read. Not for orders
    that only close a position: those of a liquidation, and reduce-only orders.
    """
    if is_cash:
        return affordable_by_cash(account, symbol, qty, px, commission) if side > 0 else qty
    if account.instruments[symbol].unlevered:
        return affordable_by_equity(account, open_qty, symbol, side, qty, px, commission)
    return qty


cdef inline double affordable_by_cash(
    const Account* account, int32_t symbol, double qty, double px, double commission
) noexcept nogil:
    """The part of a buy that cash pays, in whole lots."""
    cdef double point_value = account.positions[symbol].point_value
    if qty * px * point_value + commission <= account.cash:
        return qty
    if px <= 0.0:
        return 0.0
    return whole_lots(
        larger(account.cash - larger(commission, 0.0), 0.0) / (px * point_value), account.instruments[symbol].lot_size
    )


cdef inline double affordable_by_equity(
    const Account* account, const OpenQuantity* open_qty, int32_t symbol, int8_t side, double qty, double px,
    double commission,
) noexcept nogil:
    """The part of a fill that keeps the exposure of all positions within equity less commission.

    The symbol is valued at `px`, the others at their marks. What admitted market orders of the others will close is
    left out, because sales at the same open pay for purchases whose symbol comes first. Whatever closes a position is
    left whole; the rest is reduced to whole lots.
    """
    cdef const Position* held = &account.positions[symbol]
    cdef const Position* other
    cdef bint closes = held.qty * side < 0.0
    cdef double before = fabs(held.qty)
    cdef double closing = before if closes else 0.0
    cdef double opening = zero_if_dust(qty - closing, qty, closing)
    cdef double kept = 0.0 if closes else before
    cdef double unit = fabs(px) * held.point_value
    cdef double worth = account.cash + held.qty * px * held.point_value
    cdef double used = 0.0, unit_value, exposed
    cdef int32_t i
    if opening <= 0.0 or unit <= 0.0:
        return qty
    for i in range(account.n_symbols):
        other = &account.positions[i]
        if i != symbol and other.qty != 0.0:
            unit_value = other.mark * other.point_value
            exposed = smaller(fabs(other.qty), fabs(other.qty + open_qty[i].market))
            worth += other.qty * unit_value
            used += exposed * fabs(unit_value) * account.instruments[i].margin_weight
    if used + (kept + opening) * unit + commission <= worth * (1.0 + 1e-9):
        return qty
    opening = smaller(opening, whole_lots(
        larger(worth - used - kept * unit - larger(commission, 0.0), 0.0) / unit, account.instruments[symbol].lot_size
    ))
    return closing + opening
