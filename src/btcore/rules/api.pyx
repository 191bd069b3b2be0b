"""Each law, callable from Python: for tests, notebooks and anyone who wants to check a number by hand."""

from libc.math cimport INFINITY, NAN
from libc.stdint cimport int8_t, int64_t

from btcore.model cimport Account, Instrument, Order, Position, Ticker
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
    order.side = side_of(side)
    order.order_type = OrderType[order_type.upper()]
    order.qty = qty
    order.filled_qty = 0.0
    order.limit_px = optional(limit_price, NAN)
    order.stop_px = optional(stop_price, NAN)
    order.triggered = bool(triggered)
    order.symbol = 0
    return order


def commission(
    double quantity, double price, *, double multiplier=1.0, liquidity="taker", double maker_bps=0.0,
    double taker_bps=0.0, double per_share=0.0, minimum=None, maximum=None,
):
    """Cost of a fill in money: bps of notional and per share, raised to the minimum, lowered to the maximum."""
    cdef costs.CommissionTerms terms
    terms.maker_bps, terms.taker_bps, terms.per_share = maker_bps, taker_bps, per_share
    terms.minimum, terms.maximum = optional(minimum, -INFINITY), optional(maximum, INFINITY)
    return costs.commission(&terms, quantity, price, multiplier, Liquidity[liquidity.upper()])


def slip(side, double price, double bps, limit_price=None):
    """What a taker pays for `price`: worse by `bps`, never past its limit."""
    return slippage.slip(side_of(side), price, bps, optional(limit_price, NAN))


def arrival(int64_t sent, latency=None, int64_t run_latency=0):
    """When what is sent at `sent` arrives, ns; `latency` None is the run's own."""
    return delays.arrival(sent, -1 if latency is None else latency, run_latency)


def is_marketable(side, double price, order_type, *, limit_price=None, stop_price=None, triggered=False):
    """Whether an order of that type ("market", "limit", "stop", "stop_limit") trades at `price` at once."""
    cdef Order order = make_order(side, order_type, 1.0, limit_price, stop_price, triggered)
    return bool(matching.is_marketable(&order, price))


def triggers(side, double price, double stop_price):
    """Whether a stop speaks at `price`."""
    return bool(matching.triggers(side_of(side), price, stop_price))


def reaches(side, double price, double limit_price):
    """Whether a limit trades at `price`."""
    return bool(matching.reaches(side_of(side), price, limit_price))


def goes_through(side, double price, double limit_price):
    """Whether a print at `price` has gone through a resting limit."""
    return bool(matching.goes_through(side_of(side), price, limit_price))


def available(double leaves, double pool, double lot_size=0.0):
    """How much of `leaves` a pool of size allows, in whole lots."""
    return matching.available(leaves, pool, lot_size)


def apply_fill(
    position, double cash, side, double quantity, double price, *, double multiplier=1.0, double commission=0.0
):
    """(position, cash) after a fill. `position` maps qty, avg_px, mark, realized_pnl, commission; absent is 0."""
    cdef Position book = Position(
        qty=position.get("qty", 0.0), avg_px=position.get("avg_px", 0.0), mark=position.get("mark", 0.0),
        realized_pnl=position.get("realized_pnl", 0.0), commission=position.get("commission", 0.0),
    )
    accounting.apply_fill(&cash, &book, side_of(side) * quantity, price, multiplier, commission)
    return book, cash


def equity(double cash, positions, multipliers=None):
    """Cash and the positions, mappings with qty and mark, at their marks."""
    cdef double total = cash
    cdef Position book
    for i, position in enumerate(positions):
        book = Position(qty=position["qty"], avg_px=0.0, mark=position["mark"], realized_pnl=0.0, commission=0.0)
        total += accounting.value(&book, 1.0 if multipliers is None else multipliers[i])
    return total


def check_order(
    side, double quantity, order_type, *, limit_price=None, stop_price=None, double tick_size=0.0,
    double lot_size=0.0, double multiplier=1.0, double cash=INFINITY, double held=0.0, double mark=0.0,
    double open_market=0.0, double open_buy=0.0, double open_sell=0.0, double leverage=1.0,
):
    """Why one symbol's account would reject an order on arrival, as a `Reason`; `Reason.NONE` if it would not."""
    cdef Order order = make_order(side, order_type, quantity, limit_price, stop_price, False)
    cdef Instrument instrument = Instrument(tick_size=tick_size, lot_size=lot_size, multiplier=multiplier)
    cdef Position position = Position(qty=held, avg_px=mark, mark=mark, realized_pnl=0.0, commission=0.0)
    cdef admission.OpenQuantity open_qty = admission.OpenQuantity(market=open_market, buy=open_buy, sell=open_sell)
    cdef Ticker ticker
    cdef Account account
    cdef int reason = admission.check_terms(&order, &instrument)
    ticker.source, ticker.quoted = 2, 0
    account.cash, account.leverage, account.n_symbols = cash, leverage, 1
    account.positions, account.instruments = &position, &instrument
    if reason == 0:
        reason = admission.check_buying_power(
            &order, &account, &open_qty, &ticker, admission.worst_quantity(held, &open_qty)
        )
    return Reason(reason)
