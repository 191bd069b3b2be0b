"""Cost models of a user for both engines."""

from typing import Any

from btcore.costs import CostModel


def commission(price: float, quantity: float, side: int, liquidity: int, instrument: Any) -> float:
    """0.25 a fill and 0.1 % of the notional of a taker's; a maker who sells gets 0.125 back."""
    rate = 0.001 * liquidity * abs(price) * instrument.multiplier
    return 0.25 + rate * quantity if side > 0 or liquidity else -0.125


def slippage(price: float, quantity: float, side: int, liquidity: int, instrument: Any) -> float:
    """A thousandth of the price and of a tick, more for a larger quantity."""
    return price + side * 0.001 * (abs(price) + instrument.tick_size) * (1 + quantity / (100 + quantity))


def fill_size(price: float, quantity: float, side: int, liquidity: int, instrument: Any) -> float:
    """A buy fills 7 at most, a sell by a maker 30: numbers, as a share of the rest would leave dust."""
    if side > 0:
        return 7.0
    return quantity if liquidity else 30.0


MODELS = (
    CostModel(commission=commission),
    CostModel(slippage=slippage),
    CostModel(fill_size=fill_size),
    CostModel(commission, slippage, fill_size),
)
