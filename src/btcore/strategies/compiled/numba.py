"""Strategies written in Numba: the signature of one, what it may look at, and what it may do.

    from btcore import jit

    @jit.cfunc(state.dtype)
    def cross(own, market, account, out):
        own.fast += 0.1 * (jit.mid(market) - own.fast)
        ...
        return 0

    bt.run(data, bt.Compiled(cross, state, events=["quotes"]))

Everything here is for code that Numba compiles. `market`, `account` and what the functions return are records
with the fields of the structs in `btcore.model`, and are only to be read; symbols are their places in the
run's data, from 0; times are int64 ns UTC; money is in the run's currency.
"""

# mypy: disable-error-code="untyped-decorator"

from collections.abc import Callable
from functools import update_wrapper
from math import nan
from typing import Any
from zlib import crc32

import llvmlite.binding
import numpy as np
from numba import cfunc as numba_cfunc
from numba import from_dtype, njit, types
from numba.extending import intrinsic

from btcore import model
from btcore.contract import CONTRACT_VERSION

from . import order_calls
from .handler import RAISED

__all__ = [
    "ACCOUNT",
    "BAR",
    "CLS",
    "DAY",
    "END",
    "FILL",
    "FOK",
    "GTC",
    "GTD",
    "IOC",
    "LAST_FILL",
    "MARKET",
    "NEVER",
    "OPG",
    "ORDER",
    "OUTBOX",
    "PERCENT",
    "POSITION",
    "PRICE",
    "QUOTE",
    "START",
    "TICKER",
    "TICKS",
    "TIMER",
    "TRADE",
    "amend",
    "ask",
    "at",
    "bar",
    "bid",
    "buy",
    "cancel",
    "cfunc",
    "equity",
    "fill",
    "holding",
    "mid",
    "order",
    "order_target",
    "order_target_percent",
    "position",
    "quote",
    "sell",
    "set_timer",
    "signature",
    "submit",
    "ticker",
    "trade",
]

QUOTE, TRADE, BAR, FILL, TIMER, START, END = map(int, model.Kind)
GTC, DAY, IOC, FOK, GTD, OPG, CLS = map(int, model.TimeInForce)
PRICE, PERCENT, TICKS = map(int, model.TrailBy)
NEVER = int(np.iinfo(np.int64).max)

MARKET = from_dtype(model.MARKET_DTYPE)
ACCOUNT = from_dtype(model.ACCOUNT_DTYPE)
TICKER = from_dtype(model.TICKER_DTYPE)
POSITION = from_dtype(model.POSITION_DTYPE)
ORDER = from_dtype(model.ORDER_DTYPE)
LAST_FILL = from_dtype(model.FILL_DTYPE)

# The type that every signature has names the layouts, so that Numba's cache holds no code for others.
_LAYOUTS = crc32("".join(map(str, (MARKET, ACCOUNT, TICKER, POSITION, ORDER, LAST_FILL))).encode())
OUTBOX = types.Opaque(f"btcore.Outbox({CONTRACT_VERSION}, {_LAYOUTS:08x})")


def signature(state: Any = None) -> Any:
    """For `numba.cfunc`: int32(state, market, account, out), where `state` is a record of that dtype.

    Without a dtype the state is an address, 0 for none. An exception in a plain `numba.cfunc` is printed and
    goes by; `jit.cfunc` lets it end the run.
    """
    own = types.voidptr if state is None else from_dtype(np.dtype(state))
    return types.int32(own, MARKET, ACCOUNT, OUTBOX)


def cfunc(state: Any = None, **options: Any) -> Callable[[Callable[..., int]], Any]:
    """Decorator: `numba.cfunc` of the `signature`, in which an exception ends the run with StrategyError.

    The function returns 0; anything else ends the run too. `options` are those of `numba.njit`.
    """
    expected = signature(state)

    def compiled(function: Callable[..., int]) -> Any:
        inner = njit(expected, **options)(function)

        def guarded(own: Any, market: Any, account: Any, out: Any) -> Any:
            try:
                return inner(own, market, account, out)
            except Exception:
                return RAISED

        return update_wrapper(numba_cfunc(expected)(guarded), function)

    return compiled


# -- records -------------------------------------------------------------------------------------------------


def _records(record: Any) -> Any:
    """A function (address, i) of the i-th of the records that lie there."""

    @intrinsic
    def at(typing: Any, address: Any, index: Any) -> Any:
        def generate(context: Any, builder: Any, _: Any, args: Any) -> Any:
            pointer = context.data_model_manager[record].get_value_type()
            return builder.gep(builder.inttoptr(args[0], pointer), [args[1]])

        return record(types.intp, types.intp), generate

    return at


_tickers, _positions, _orders, _fills = map(_records, (TICKER, POSITION, ORDER, LAST_FILL))


@intrinsic
def at(typing: Any, own: Any, index: Any) -> Any:
    """`at(own, i)`: record i of a state that has several; the function is given the first. Not checked."""
    if not isinstance(own, types.Record) or not isinstance(index, types.Integer):
        return None

    def generate(context: Any, builder: Any, _: Any, args: Any) -> Any:
        return builder.gep(args[0], [args[1]])

    return own(own, types.intp), generate


# -- what it may look at -------------------------------------------------------------------------------------


@njit
def ticker(market: Any, symbol: Any) -> Any:
    """A symbol's newest `bar`, `quote` and `trade`."""
    if symbol < 0 or symbol >= market.n_symbols:
        raise IndexError("there is no such symbol in this run")
    return _tickers(market.tickers, symbol)


@njit
def bar(market: Any) -> Any:
    """The bar of the event: ts, open, high, low, close, volume."""
    return _tickers(market.tickers, market.symbol).bar


@njit
def quote(market: Any) -> Any:
    """The newest quote of the event's symbol: ts, bid, ask, bid_qty, ask_qty."""
    return _tickers(market.tickers, market.symbol).quote


@njit
def trade(market: Any) -> Any:
    """The newest trade of the event's symbol: ts, px, qty, side."""
    return _tickers(market.tickers, market.symbol).trade


@njit
def fill(market: Any) -> Any:
    """The fill that an event of kind FILL tells of: ts, order_id, side, last_qty, last_px, commission ..."""
    return _fills(market.fill, 0)


@njit
def bid(market: Any) -> Any:
    """Of the newest quote of the event's symbol."""
    return quote(market).bid


@njit
def ask(market: Any) -> Any:
    """Of the newest quote of the event's symbol."""
    return quote(market).ask


@njit
def mid(market: Any) -> Any:
    """Of the newest quote of the event's symbol."""
    newest = quote(market)
    return 0.5 * (newest.bid + newest.ask)


@njit
def position(account: Any, symbol: Any) -> Any:
    """Signed quantity held; of a hedging account the sum."""
    return holding(account, symbol).qty


@njit
def holding(account: Any, symbol: Any) -> Any:
    """What is held of a symbol: qty, avg_px, mark, realized_pnl, commission ..."""
    if symbol < 0 or symbol >= account.n_symbols:
        raise IndexError("there is no such symbol in this run")
    return _positions(account.positions, symbol)


@njit
def order(account: Any, order_id: Any) -> Any:
    """An order of an earlier event: filled_qty, avg_px ..., and `known_status`, as the strategy has heard."""
    if order_id < 1 or order_id > account.n_orders:
        raise IndexError("there is no such order, or it was sent at this very event")
    return _orders(account.orders, order_id - 1)


# -- what it may do ------------------------------------------------------------------------------------------


def _verb(name: str, result: Any, *arguments: Any) -> Any:
    """The C function, by a name that Numba's linker finds, so that callers can be cached."""
    symbol = f"btcore_{name}"
    llvmlite.binding.add_symbol(symbol, order_calls.ADDRESSES[name])
    return types.ExternalFunction(symbol, result(*arguments))


_n, _x = types.int64, types.float64
_submit = _verb("submit", _n, OUTBOX, _n, _n, _x, _x, _x, _x, _x, _x, _n, _n, _n, _n, _n, _n, _x)
_cancel = _verb("cancel", _n, OUTBOX, _n)
_amend = _verb("amend", _n, OUTBOX, _n, _x, _x, _x)
_order_target = _verb("order_target", _n, ACCOUNT, OUTBOX, _n, _x)
_order_target_percent = _verb("order_target_percent", _n, MARKET, ACCOUNT, OUTBOX, _n, _x)
_set_timer = _verb("set_timer", types.void, OUTBOX, _n)
_equity = _verb("equity", _x, ACCOUNT)


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
) -> Any:
    """Sends an order to buy (`side` 1) or sell (-1) and returns its id; the terms are those of `Context.buy`.

    NaN is none. `time_in_force` and `trail_by` are the numbers of this module, `expires` ns UTC. Terms that
    `Context.buy` would refuse give -1, and StrategyError once the function has returned.
    """
    return _submit(
        out, symbol, 1 if side > 0 else -1, quantity, limit, stop, touch, trail, limit_offset, trail_by,
        time_in_force, expires, oco, parent, int(post_only) + 2 * int(reduce_only), latency_ms,
    )  # fmt: skip


@njit
def buy(out: Any, symbol: Any, quantity: Any, limit: Any = nan, stop: Any = nan) -> Any:
    """A market, limit, stop or stop-limit order, by the prices given; its id. `submit` has all terms."""
    return submit(out, symbol, 1, quantity, limit, stop)


@njit
def sell(out: Any, symbol: Any, quantity: Any, limit: Any = nan, stop: Any = nan) -> Any:
    """As `buy`, to the other side."""
    return submit(out, symbol, -1, quantity, limit, stop)


@njit
def cancel(out: Any, order_id: Any) -> Any:
    """Asks to end an order; the request travels like an order."""
    return _cancel(out, order_id)


@njit
def amend(out: Any, order_id: Any, quantity: Any = nan, limit: Any = nan, trigger: Any = nan) -> Any:
    """Asks for a new total quantity, limit, or price that triggers it; NaN leaves one as it is."""
    return _amend(out, order_id, quantity, limit, trigger)


@njit
def order_target(account: Any, out: Any, symbol: Any, quantity: Any) -> Any:
    """A market order for what position and open market orders lack of `quantity`; its id, 0 if nothing."""
    return _order_target(account, out, symbol, quantity)


@njit
def order_target_percent(market: Any, account: Any, out: Any, symbol: Any, weight: Any) -> Any:
    """`order_target` for `weight` of equity (1.0 is all of it), as `Context` has it."""
    return _order_target_percent(market, account, out, symbol, weight)


@njit
def set_timer(out: Any, moment: Any) -> Any:
    """One event of kind TIMER then, or at once if that has passed. A new time moves the one timer."""
    _set_timer(out, moment)


@njit
def equity(account: Any) -> Any:
    """Cash and positions at their marks."""
    return _equity(account)
