"""The trading rules, callable from Python: for tests, notebooks and checks by hand.

Prices are in the instrument's currency, money in the account's; a multiplier is money per point and unit. A side is
"buy", "sell", 1 or -1; anything else raises ValueError. An order type is a name of `btcore.model.OrderType` in lower
case; an unknown name of an order type, a liquidity or a latency stream raises KeyError.
"""

from libc.math cimport INFINITY, NAN
from libc.stdint cimport int8_t, int64_t
from libc.string cimport memset

from btcore.model cimport Account, Instrument, NEVER, Order, Position, Ticker
from btcore.rules cimport accounting, admission, commission as costs, latency as delays, matching, slippage

from btcore.model import Liquidity, OrderType, Reason

_SIDES = {"buy": 1, "sell": -1, 1: 1, -1: -1}


cdef int8_t side_of(side) except 0:
    try:
        return _SIDES[side]
    except (KeyError, TypeError):
        raise ValueError(f"side: {side!r} is not 'buy', 'sell', 1 or -1") from None


cdef double optional(value, double absent):
    return absent if value is None else value


cdef Order make_order(side, order_type, qty, limit_price, stop_price, triggered) except *:
    cdef Order order
    memset(&order, 0, sizeof(Order))
    order.ts_expires = NEVER
    order.trail = order.limit_offset = order.best_px = NAN
    order.side = side_of(side)
    order.order_type = OrderType[order_type.upper()]
    order.qty = order.asked_qty = qty
    order.filled_qty = 0.0
    order.limit_px = optional(limit_price, NAN)
    order.stop_px = optional(stop_price, NAN)
    order.triggered = bool(triggered)
    order.symbol = 0
    return order


def commission(
    double quantity, double price, *, double multiplier=1.0, liquidity="taker", double maker_bps=0.0,
    double taker_bps=0.0, double per_share=0.0, minimum=None, maximum=None, double per_order=0.0, maximum_bps=None,
    double round_to=0.0,
):
    """Commission of a fill in money: basis points of notional, `per_share` for each unit of quantity, and `per_order`.

    It is at least `minimum`, at most `maximum`, and at most `maximum_bps` of notional; None is no bound. It is rounded
    to a multiple of `round_to`. `liquidity` selects `maker_bps` or `taker_bps`.
    """
    cdef costs.Turnover turnover
    cdef costs.CommissionTerms terms = costs.CommissionTerms(
        maker_bps=maker_bps, taker_bps=taker_bps, per_share=per_share, per_order=per_order,
        minimum=optional(minimum, -INFINITY), maximum=optional(maximum, INFINITY),
        maximum_bps=optional(maximum_bps, INFINITY), round_to=round_to, tiers=NULL, n_tiers=0, own_maker=0, own_taker=0,
    )
    return costs.commission(&terms, &turnover, quantity, price, multiplier, Liquidity[liquidity.upper()], True, 0)


def slip(
    side, double price, double bps=0.0, limit_price=None, *, double quantity=0.0, size=None, double ticks=0.0,
    double tick_size=0.0, double volume=0.0, double sqrt=0.0, double entry_bps=0.0, double position=0.0,
):
    """The fill price of a taker order of `quantity` for which the data shows `price`, not beyond `limit_price`.

    The price worsens by `bps` basis points and by `ticks` times `tick_size`. With r = quantity / `size`, at most 1, it
    also worsens by the shares `volume` * r ** 2 and `sqrt` * r ** 0.5. `size` is the size displayed at that price;
    None is unknown, with r = 0. `entry_bps` is for the part that opens or raises the signed `position`.
    """
    cdef slippage.SlippageTerms terms = slippage.SlippageTerms(
        bps=bps, ticks=ticks, volume=volume, root=sqrt, entry_bps=entry_bps
    )
    return slippage.slip(
        &terms, side_of(side), price, quantity, optional(size, INFINITY), position, tick_size,
        optional(limit_price, NAN),
    )


def latency_draw(int64_t seed, stream, int64_t k):
    """Draw `k` in (0, 1) of the latency jitter of a `stream`: "entry" or "response"."""
    return delays.uniform(seed, {"entry": delays.ENTRY, "response": delays.RESPONSE}[stream], k)


def is_marketable(side, double price, order_type, *, limit_price=None, stop_price=None, triggered=False):
    """True if the order fills at `price` at once. A type with a trigger does so only if it is `triggered`."""
    cdef Order order = make_order(side, order_type, 1.0, limit_price, stop_price, triggered)
    return bool(matching.is_marketable(&order, price))


def triggers(side, double price, double stop_price, order_type="stop"):
    """True if `price` triggers the order, whose stop or touch price is `stop_price`."""
    cdef Order order = make_order(side, order_type, 1.0, None, stop_price, False)
    return bool(matching.triggers(&order, price))


def reaches(side, double price, double limit_price):
    """True if a limit order can fill at `price`."""
    return bool(matching.reaches(side_of(side), price, limit_price))


def goes_through(side, double price, double limit_price):
    """True if a trade at `price` is beyond a resting limit."""
    return bool(matching.goes_through(side_of(side), price, limit_price))


def available(double leaves, double pool, double lot_size=0.0):
    """How much of the open quantity `leaves` can fill from the size `pool`, in whole lots; a lot of 0 is any size."""
    return matching.available(leaves, pool, lot_size)


def apply_fill(
    position, double cash, side, double quantity, double price, *, double multiplier=1.0, double commission=0.0
):
    """Position and cash after a fill, as (dict, float).

    `position` may have qty, avg_px, avg_cost, mark, realized_pnl and commission; a missing key is 0, a missing
    avg_cost is avg_px times the multiplier.
    """
    cdef Position held = Position(
        qty=position.get("qty", 0.0), avg_px=position.get("avg_px", 0.0), mark=position.get("mark", 0.0),
        avg_cost=position.get("avg_cost", position.get("avg_px", 0.0) * multiplier), point_value=multiplier,
        realized_pnl=position.get("realized_pnl", 0.0), commission=position.get("commission", 0.0), symbol=0, leg=0,
    )
    accounting.apply_fill(&cash, &held, NULL, side_of(side) * quantity, price, commission)
    return held, cash


def equity(double cash, positions, multipliers=None):
    """Cash plus the value of the positions, each a mapping with qty and mark; multipliers default to 1."""
    cdef double total = cash
    cdef Position held
    for i, position in enumerate(positions):
        held.qty, held.mark = position["qty"], position["mark"]
        held.point_value = 1.0 if multipliers is None else multipliers[i]
        total += accounting.position_value(&held)
    return total


def check_order(
    side, double quantity, order_type, *, limit_price=None, stop_price=None, double tick_size=0.0,
    double lot_size=0.0, double multiplier=1.0, double cash=INFINITY, double held=0.0, double mark=0.0,
    double open_market=0.0, double open_buy=0.0, double open_sell=0.0, double leverage=1.0, double min_notional=0.0,
    bint negative_prices=False,
):
    """The `Reason` for which an account with one symbol rejects the order on arrival; `Reason.NONE` if it accepts.

    `held` is the signed position, `open_market` the signed quantity of its open market orders, `open_buy` and
    `open_sell` the quantities of its other open orders.
    """
    cdef Order order = make_order(side, order_type, quantity, limit_price, stop_price, False)
    cdef Instrument instrument = Instrument(
        tick_size=tick_size, lot_size=lot_size, multiplier=multiplier, min_notional=min_notional, margin_weight=1.0,
        maintenance=0.0, borrow_rate=0.0, negative_prices=negative_prices,
    )
    cdef Position position = Position(
        qty=held, avg_px=mark, avg_cost=mark * multiplier, mark=mark, point_value=multiplier, realized_pnl=0.0,
        commission=0.0, symbol=0, leg=0,
    )
    cdef admission.OpenQuantity open_qty = admission.OpenQuantity(market=open_market, buy=open_buy, sell=open_sell)
    cdef Ticker ticker
    cdef Account account
    cdef int reason = admission.check_terms(&order, &instrument)
    ticker.source, ticker.quoted, ticker.px = 2, 0, mark
    account.cash, account.leverage, account.n_symbols = cash, leverage, 1
    account.positions, account.instruments = &position, &instrument
    if reason == 0:
        reason = admission.check_steps(&order, &instrument)
    if reason == 0:
        reason = admission.check_size(&order, &account, &ticker)
    if reason == 0:
        reason = admission.check_buying_power(
            &order, &account, &open_qty, &ticker, admission.worst_quantity(held, &open_qty)
        )
    return Reason(reason)
