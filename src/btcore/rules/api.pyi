from collections.abc import Mapping, Sequence
from typing import Literal

from btcore.model import Reason

_Side = Literal["buy", "sell", 1, -1]
_OrderType = Literal[
    "market",
    "limit",
    "stop",
    "stop_limit",
    "market_if_touched",
    "limit_if_touched",
    "trailing_stop",
    "trailing_stop_limit",
]

def commission(
    quantity: float,
    price: float,
    *,
    multiplier: float = 1.0,
    liquidity: Literal["maker", "taker"] = "taker",
    maker_bps: float = 0.0,
    taker_bps: float = 0.0,
    per_share: float = 0.0,
    minimum: float | None = None,
    maximum: float | None = None,
    per_order: float = 0.0,
    maximum_bps: float | None = None,
    round_to: float = 0.0,
) -> float: ...
def slip(
    side: _Side,
    price: float,
    bps: float = 0.0,
    limit_price: float | None = None,
    *,
    quantity: float = 0.0,
    size: float | None = None,
    ticks: float = 0.0,
    tick_size: float = 0.0,
    volume: float = 0.0,
    sqrt: float = 0.0,
    entry_bps: float = 0.0,
    position: float = 0.0,
) -> float: ...
def latency_draw(seed: int, stream: Literal["entry", "response"], k: int) -> float: ...
def is_marketable(
    side: _Side,
    price: float,
    order_type: _OrderType,
    *,
    limit_price: float | None = None,
    stop_price: float | None = None,
    triggered: bool = False,
) -> bool: ...
def triggers(side: _Side, price: float, stop_price: float, order_type: _OrderType = "stop") -> bool: ...
def reaches(side: _Side, price: float, limit_price: float) -> bool: ...
def goes_through(side: _Side, price: float, limit_price: float) -> bool: ...
def available(leaves: float, pool: float, lot_size: float = 0.0) -> float: ...
def apply_fill(
    position: Mapping[str, float],
    cash: float,
    side: _Side,
    quantity: float,
    price: float,
    *,
    multiplier: float = 1.0,
    commission: float = 0.0,
) -> tuple[dict[str, float], float]: ...
def equity(
    cash: float, positions: Sequence[Mapping[str, float]], multipliers: Sequence[float] | None = None
) -> float: ...
def check_order(
    side: _Side,
    quantity: float,
    order_type: _OrderType,
    *,
    limit_price: float | None = None,
    stop_price: float | None = None,
    tick_size: float = 0.0,
    lot_size: float = 0.0,
    multiplier: float = 1.0,
    cash: float = ...,
    held: float = 0.0,
    mark: float = 0.0,
    open_market: float = 0.0,
    open_buy: float = 0.0,
    open_sell: float = 0.0,
    leverage: float = 1.0,
    min_notional: float = 0.0,
    negative_prices: bool = False,
) -> Reason: ...
