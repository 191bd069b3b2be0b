"""Numba strategies: the functions that send, amend and cancel orders and set timers.

They check their arguments. A call with an invalid one returns -1, and StrategyError ends the run once the
strategy function has returned.
"""

# mypy: disable-error-code="untyped-decorator"

from math import nan
from typing import Any

import llvmlite.binding
from numba import njit, types

from .numba import ACCOUNT, GTC, MARKET, NEVER, OUTBOX, PRICE
from .order_calls import ADDRESSES

__all__ = [
    "amend",
    "buy",
    "cancel",
    "equity",
    "order_target",
    "order_target_percent",
    "sell",
    "set_timer",
    "submit",
]


def _external(name: str, result: Any, *arguments: Any) -> Any:
    """A C function of `order_calls`, linked by name so that Numba can cache its callers."""
    symbol = f"btcore_{name}"
    llvmlite.binding.add_symbol(symbol, ADDRESSES[name])
    return types.ExternalFunction(symbol, result(*arguments))


_n, _x = types.int64, types.float64
_submit = _external("submit", _n, OUTBOX, _n, _n, _x, _x, _x, _x, _x, _x, _n, _n, _n, _n, _n, _n, _x)
_cancel = _external("cancel", _n, OUTBOX, _n)
_amend = _external("amend", _n, OUTBOX, _n, _x, _x, _x)
_order_target = _external("order_target", _n, ACCOUNT, OUTBOX, _n, _x)
_order_target_percent = _external("order_target_percent", _n, MARKET, ACCOUNT, OUTBOX, _n, _x)
_set_timer = _external("set_timer", types.void, OUTBOX, _n)
_equity = _external("equity", _x, ACCOUNT)


@njit
def submit(  # noqa: PLR0917  # Numba knows no keyword-only arguments
    out: Any,
    symbol: Any,
    side: Any,
    quantity: Any,
    limit: Any = nan,
    stop: Any = nan,
    touch: Any = nan,
    trail: Any = nan,
    limit_offset: Any = nan,
    trail_by: Any = PRICE,
    time_in_force: Any = GTC,
    expires: Any = NEVER,
    oco: Any = 0,
    parent: Any = 0,
    post_only: Any = False,
    reduce_only: Any = False,
    latency_ms: Any = nan,
    market_to_limit: Any = False,
    from_fill: Any = False,
) -> Any:
    """Sends an order to buy (`side` 1) or sell (-1) and returns its id. The terms are those of `Context.buy`.

    A price of NaN is none; a latency of NaN is that of the run. `trail_by` is PRICE, PERCENT or TICKS;
    `time_in_force` is GTC, DAY, IOC, FOK, GTD, OPG or CLS; `expires` is ns UTC.
    """
    flags = int(post_only) + 2 * int(reduce_only) + 8 * int(from_fill) + 16 * int(market_to_limit)
    return _submit(
        out, symbol, 1 if side > 0 else -1, quantity, limit, stop, touch, trail, limit_offset, trail_by,
        time_in_force, expires, oco, parent, flags, latency_ms,
    )  # fmt: skip


@njit
def buy(out: Any, symbol: Any, quantity: Any, limit: Any = nan, stop: Any = nan) -> Any:
    """Sends a market, limit, stop or stop-limit order, by the prices given, and returns its id.

    `submit` takes all terms.
    """
    return submit(out, symbol, 1, quantity, limit, stop)


@njit
def sell(out: Any, symbol: Any, quantity: Any, limit: Any = nan, stop: Any = nan) -> Any:
    """Sends an order to sell; otherwise as `buy`."""
    return submit(out, symbol, -1, quantity, limit, stop)


@njit
def cancel(out: Any, order_id: Any) -> Any:
    """Requests the cancellation of an order; the request has the latency of an order."""
    return _cancel(out, order_id)


@njit
def amend(out: Any, order_id: Any, quantity: Any = nan, limit: Any = nan, trigger: Any = nan) -> Any:
    """Requests a new total quantity, limit price or trigger price; NaN leaves it unchanged."""
    return _amend(out, order_id, quantity, limit, trigger)


@njit
def order_target(account: Any, out: Any, symbol: Any, quantity: Any) -> Any:
    """Sends a market order for the difference between `quantity` and the position with open market orders.

    Returns its id, 0 if there is no difference.
    """
    return _order_target(account, out, symbol, quantity)


@njit
def order_target_percent(market: Any, account: Any, out: Any, symbol: Any, weight: Any) -> Any:
    """`order_target` for a quantity worth `weight` of equity (1.0 is all of it), as in `Context`."""
    return _order_target_percent(market, account, out, symbol, weight)


@njit
def set_timer(out: Any, moment: Any) -> Any:
    """Sets the strategy's only timer to `moment`, ns UTC: an event of kind TIMER, at once if in the past."""
    _set_timer(out, moment)


@njit
def equity(account: Any) -> Any:
    """Cash plus positions at their marks, in the run's currency."""
    return _equity(account)
