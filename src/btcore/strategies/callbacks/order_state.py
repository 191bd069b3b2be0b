"""`OrderState`: what a strategy knows of one of its orders."""

from math import isnan
from typing import NamedTuple

from btcore.model import OrderType, Side, Status, TimeInForce
from btcore.rules.order_words import REASONS

Terms = tuple[float, float, float, float, float]  # quantity, limit, stop or touch price, trail, limit offset
TOUCHING = {OrderType.MARKET_IF_TOUCHED, OrderType.LIMIT_IF_TOUCHED}


class OrderState(NamedTuple):
    """An order as its strategy knows it. A price or distance that it does not have is None.

    side, order_type, time_in_force and status are words, as in `Result.orders`. `quantity` is that of the
    whole order, `leaves_quantity` what is open of it: of a child what has been released, 0 once the order has
    ended. `stop_price` of a trailing order is its current stop. `reason` says why it ended without a complete
    fill, as in `Result.orders`; "" otherwise.
    """

    order_id: int
    symbol: str
    side: str
    order_type: str
    time_in_force: str
    status: str
    quantity: float
    filled_quantity: float
    leaves_quantity: float
    average_price: float | None
    limit_price: float | None
    stop_price: float | None
    touch_price: float | None
    trail: float | None
    limit_offset: float | None
    tag: str
    reason: str

    @property
    def is_open(self) -> bool:
        """True if its end is not known."""
        return self.status in {"new", "partially_filled"}


def order_state(  # noqa: PLR0917 - the fields of an order
    order_id: int,
    symbol: str,
    side: int,
    order_type: int,
    time_in_force: int,
    terms: Terms,
    leaves: float,
    filled: float,
    average_price: float,
    status: int,
    tag: str,
    reason: int,
) -> OrderState:
    """An OrderState from the codes and numbers of the engine, where NaN is none."""
    quantity, *prices = terms
    limit, trigger, trail, offset = (None if isnan(price) else price for price in prices)
    kind = OrderType(order_type)
    is_touch = kind in TOUCHING
    return OrderState(
        order_id=order_id,
        symbol=symbol,
        side=Side(side).name.lower(),
        order_type=kind.name.lower(),
        time_in_force=TimeInForce(time_in_force).name.lower(),
        status=Status(status).name.lower(),
        quantity=quantity,
        filled_quantity=filled,
        leaves_quantity=leaves,
        average_price=None if isnan(average_price) else average_price,
        limit_price=limit,
        stop_price=None if is_touch else trigger,
        touch_price=trigger if is_touch else None,
        trail=trail,
        limit_offset=offset,
        tag=tag,
        reason=str(REASONS[reason]),
    )
