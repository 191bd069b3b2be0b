"""The methods of the account of a `btcore.compiled` strategy: those of `Context`, with symbols as numbers.

Each is a function of the types of its arguments that returns its implementation. What can be known from types
and literal words is checked while the strategy is compiled, the rest by the functions of `numba_orders`.
"""

# Numba requires the signature of a method to equal that of its implementation, without annotations.
# mypy: disable-error-code="untyped-decorator,no-untyped-def,no-untyped-call"

from collections.abc import Callable, Mapping
from math import nan
from typing import Any

from numba import njit, types

from btcore.rules.order_terms import TIME_IN_FORCE, TRAIL_BY

from . import numba as records
from . import numba_orders as orders
from .numba import GTC, NEVER, PRICE
from .numba_refusals import near_to, refuse
from .numba_views import method

SIDES = {"buy": 1, "sell": -1}


def _require_symbol(symbol: Any) -> None:
    if not isinstance(types.unliteral(symbol), types.Integer):
        raise refuse(
            f"a symbol is its number in the data of the run, from 0, not {_shown(symbol)}; event.symbol is "
            "that of the event"
        )


def _shown(given: Any) -> str:
    return repr(given.literal_value) if isinstance(given, types.Literal) else str(given)


def _code_of(name: str, given: Any, codes: Mapping[str, int]) -> Callable[..., Any]:
    """A function of an argument that is one of these words, or its code: the code."""
    if isinstance(given, types.StringLiteral):
        if given.literal_value not in codes:
            raise refuse(f"{name}: {given.literal_value!r} is not {near_to(given.literal_value, codes)}")
        code = codes[given.literal_value]
        word: Callable[..., Any] = njit(lambda given: code)
        return word
    if isinstance(given, int | types.Omitted) or isinstance(types.unliteral(given), types.Integer):
        number: Callable[..., Any] = njit(lambda given: given)
        return number
    raise refuse(f"{name}: {_shown(given)} is not one of the words {', '.join(map(repr, codes))}")


@method
def position(account, symbol):
    """The signed quantity held; in a hedging account the sum of both legs."""
    _require_symbol(symbol)
    return lambda account, symbol: records.position(account.record, symbol)


@method
def average_price(account, symbol):
    """The average price of the position, 0.0 without one."""
    _require_symbol(symbol)
    return lambda account, symbol: records.holding(account.record, symbol).avg_px


@method
def mark(account, symbol):
    """The price at which the position is valued, NaN before the first."""
    _require_symbol(symbol)

    def read(account, symbol):
        priced = records.ticker(account.market, symbol).priced
        return records.holding(account.record, symbol).mark if priced else nan

    return read


@method
def order(account, order_id):
    """The record of an order sent at an earlier event, as `jit.order`."""
    return lambda account, order_id: records.order(account.record, order_id)


@method
def buy(account, symbol, quantity, limit=nan, stop=nan):
    """Sends a market, limit, stop or stop-limit order, by the prices given, and returns its id."""
    _require_symbol(symbol)

    def implementation(account, symbol, quantity, limit=nan, stop=nan):
        return orders.buy(account.out, symbol, quantity, limit, stop)

    return implementation


@method
def sell(account, symbol, quantity, limit=nan, stop=nan):
    """Sends an order to sell; otherwise as `buy`."""
    _require_symbol(symbol)

    def implementation(account, symbol, quantity, limit=nan, stop=nan):
        return orders.sell(account.out, symbol, quantity, limit, stop)

    return implementation


@method
def send(  # noqa: PLR0917  # Numba knows no keyword-only arguments
    account,
    symbol,
    side,
    quantity,
    limit=nan,
    stop=nan,
    touch=nan,
    trail=nan,
    limit_offset=nan,
    trail_by=PRICE,
    time_in_force=GTC,
    expires=NEVER,
    oco=0,
    parent=0,
    post_only=False,
    reduce_only=False,
    latency_ms=nan,
    market_to_limit=False,
    from_fill=False,
):
    """Sends an order with the side as "buy" or "sell", 1 or -1, and the terms of `Context.send`."""
    _require_symbol(symbol)
    to_side = _code_of("side", side, SIDES)
    to_unit = _code_of("trail_by", trail_by, TRAIL_BY)
    to_lifetime = _code_of("time_in_force", time_in_force, TIME_IN_FORCE)

    def implementation(  # noqa: PLR0917
        account,
        symbol,
        side,
        quantity,
        limit=nan,
        stop=nan,
        touch=nan,
        trail=nan,
        limit_offset=nan,
        trail_by=PRICE,
        time_in_force=GTC,
        expires=NEVER,
        oco=0,
        parent=0,
        post_only=False,
        reduce_only=False,
        latency_ms=nan,
        market_to_limit=False,
        from_fill=False,
    ):
        return orders.submit(
            account.out, symbol, to_side(side), quantity, limit, stop, touch, trail, limit_offset,
            to_unit(trail_by), to_lifetime(time_in_force), expires, oco, parent, post_only, reduce_only,
            latency_ms, market_to_limit, from_fill,
        )  # fmt: skip

    return implementation


@method
def order_target(account, symbol, quantity):
    """Sends the market order to a quantity and returns its id, 0 if there is no difference."""
    _require_symbol(symbol)
    return lambda account, symbol, quantity: orders.order_target(
        account.record, account.out, symbol, quantity
    )


@method
def order_target_percent(account, symbol, weight):
    """Sends the market order to a share of equity; otherwise as `order_target`."""
    _require_symbol(symbol)
    return lambda account, symbol, weight: orders.order_target_percent(
        account.market, account.record, account.out, symbol, weight
    )


@method
def close(account, symbol):
    """Sends the market order to a position of 0."""
    _require_symbol(symbol)
    return lambda account, symbol: orders.order_target(account.record, account.out, symbol, 0.0)


@method
def cancel(account, order_id):
    """Requests the cancellation of an order."""
    return lambda account, order_id: orders.cancel(account.out, order_id)


@method
def amend(account, order_id, quantity=nan, limit=nan, trigger=nan):
    """Requests a new total quantity, limit price or trigger price."""

    def implementation(account, order_id, quantity=nan, limit=nan, trigger=nan):
        return orders.amend(account.out, order_id, quantity, limit, trigger)

    return implementation


@method
def set_timer(account, moment):
    """Sets the strategy's only timer, ns UTC: an event of kind `jit.TIMER`."""
    return lambda account, moment: orders.set_timer(account.out, moment)
