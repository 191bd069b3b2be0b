"""Numba strategies: constants, record types, the signature, and functions that read the arguments.

`btcore.jit` has these names and those of `numba_orders`.
"""

# mypy: disable-error-code="untyped-decorator"

import copyreg
from collections.abc import Callable
from functools import update_wrapper
from math import nan
from typing import Any
from zlib import crc32

import numpy as np
from numba import cfunc as numba_cfunc
from numba import from_dtype, njit, types
from numba.core.ccallback import CFunc
from numba.extending import intrinsic

from btcore import model
from btcore.contract import CONTRACT_VERSION
from btcore.errors import ConfigError

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
    "INSTRUMENT",
    "IOC",
    "LAST_FILL",
    "MARKET",
    "NEVER",
    "OPG",
    "ORDER",
    "OTHER_BAR",
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
    "ask",
    "at",
    "bar",
    "bid",
    "cfunc",
    "cost_model",
    "fill",
    "holding",
    "mid",
    "order",
    "other_bar",
    "position",
    "quote",
    "signature",
    "ticker",
    "trade",
]

QUOTE, TRADE, BAR, FILL, TIMER, START, END = list(map(int, model.Kind))[:7]
OTHER_BAR = int(model.Kind.OTHER_BAR)
GTC, DAY, IOC, FOK, GTD, OPG, CLS = map(int, model.TimeInForce)
PRICE, PERCENT, TICKS = map(int, model.TrailBy)
NEVER = int(np.iinfo(np.int64).max)

MARKET = from_dtype(model.MARKET_DTYPE)
ACCOUNT = from_dtype(model.ACCOUNT_DTYPE)
TICKER = from_dtype(model.TICKER_DTYPE)
POSITION = from_dtype(model.POSITION_DTYPE)
ORDER = from_dtype(model.ORDER_DTYPE)
INSTRUMENT = from_dtype(model.INSTRUMENT_DTYPE)
LAST_FILL = from_dtype(model.FILL_DTYPE)
_OTHER = from_dtype(model.OTHER_BAR_DTYPE)

# Every signature contains this type. Its name has a hash of the record layouts, so that Numba's cache never
# returns code compiled for other layouts.
_LAYOUTS = crc32("".join(map(str, (MARKET, ACCOUNT, TICKER, POSITION, ORDER, LAST_FILL, _OTHER))).encode())
OUTBOX = types.Opaque(f"btcore.Outbox({CONTRACT_VERSION}, {_LAYOUTS:08x})")


def signature(state: Any = None) -> Any:
    """The signature of a strategy for `numba.cfunc`: int32(state, market, account, out).

    `state` is the dtype of the state's records; without it the state is an address, 0 for none. An exception
    in a plain `numba.cfunc` is printed and the run goes on; with `jit.cfunc` it ends the run.
    """
    record = types.voidptr if state is None else from_dtype(np.dtype(state))
    return types.int32(record, MARKET, ACCOUNT, OUTBOX)


def cfunc(state: Any = None, **options: Any) -> Callable[[Callable[..., int]], Any]:
    """Decorator that compiles a strategy function with the `signature` of that state dtype.

    The function returns 0. Another number or an exception ends the run with StrategyError. `options` are
    those of `numba.njit`.
    """
    expected = signature(state)

    def compiled(function: Callable[..., int]) -> Any:
        inner = njit(expected, **options)(function)

        def guarded(record: Any, market: Any, account: Any, out: Any) -> Any:
            try:
                return inner(record, market, account, out)
            except Exception:
                return RAISED

        made: Any = update_wrapper(numba_cfunc(expected)(guarded), function)
        made.made_from = function, state, options
        return made

    return compiled


def _reduce(function: CFunc) -> tuple[Any, ...]:
    """A compiled function is pickled as its Python function, which another process compiles again."""
    if not hasattr(function, "made_from"):
        raise ConfigError(
            f"strategy.function: {function.__name__} is made by numba.cfunc; one of btcore.jit.cfunc can be "
            "sent to other processes"
        )
    return _compiled_again, function.made_from


def _compiled_again(function: Callable[..., int], state: Any, options: dict[str, Any]) -> Any:
    return cfunc(state, **options)(function)


copyreg.pickle(CFunc, _reduce)


def cost_model(function: Callable[..., float] | None = None, **options: Any) -> Any:
    """Decorator that compiles a function of a `btcore.CostModel`; `options` are those of `numba.njit`.

    An exception in it ends the run with StrategyError, as a result of NaN does.
    """
    expected = types.float64(types.float64, types.float64, types.int64, types.int64, INSTRUMENT)

    def compiled(given: Callable[..., float]) -> Any:
        inner = njit(expected, **options)(given)

        def guarded(price: Any, quantity: Any, side: Any, liquidity: Any, instrument: Any) -> Any:
            try:
                return inner(price, quantity, side, liquidity, instrument)
            except Exception:
                return nan

        return update_wrapper(numba_cfunc(expected)(guarded), given)

    return compiled if function is None else compiled(function)


def _records(record: Any) -> Any:
    """A function of (address, i): the i-th of the records at that address."""

    @intrinsic
    def at(typing: Any, address: Any, index: Any) -> Any:
        def generate(context: Any, builder: Any, _: Any, args: Any) -> Any:
            pointer = context.data_model_manager[record].get_value_type()
            return builder.gep(builder.inttoptr(args[0], pointer), [args[1]])

        return record(types.intp, types.intp), generate

    return at


_tickers, _positions, _orders, _fills = map(_records, (TICKER, POSITION, ORDER, LAST_FILL))
_others = _records(_OTHER)


@intrinsic
def at(typing: Any, own: Any, index: Any) -> Any:
    """Record `index` of a state with several records; `own` is the first. The index is not checked."""
    if not isinstance(own, types.Record) or not isinstance(index, types.Integer):
        return None

    def generate(context: Any, builder: Any, _: Any, args: Any) -> Any:
        return builder.gep(args[0], [args[1]])

    return own(own, types.intp), generate


@njit
def ticker(market: Any, symbol: Any) -> Any:
    """The latest `bar`, `quote` and `trade` of a symbol; IndexError for a symbol that is not in the run."""
    if symbol < 0 or symbol >= market.n_symbols:
        raise IndexError("symbol is not between 0 and n_symbols - 1")
    return _tickers(market.tickers, symbol)


@njit
def bar(market: Any) -> Any:
    """The latest bar of the event's symbol: ts, open, high, low, close, volume."""
    return _tickers(market.tickers, market.symbol).bar


@njit
def quote(market: Any) -> Any:
    """The latest quote of the event's symbol: ts, bid, ask, bid_qty, ask_qty."""
    return _tickers(market.tickers, market.symbol).quote


@njit
def trade(market: Any) -> Any:
    """The latest trade of the event's symbol: ts, px, qty, side."""
    return _tickers(market.tickers, market.symbol).trade


@njit
def fill(market: Any) -> Any:
    """The fill of an event of kind FILL: ts, order_id, side, last_qty, last_px, commission ...

    Invalid in events of other kinds.
    """
    return _fills(market.fill, 0)


@njit
def other_bar(market: Any) -> Any:
    """The bar of an event of kind OTHER_BAR: bar (ts, open ... volume), end, symbol, resolution.

    `resolution` is its number among the other resolutions of the run. Invalid in events of other kinds.
    """
    return _others(market.other, 0)


@njit
def bid(market: Any) -> Any:
    """The bid of the latest quote of the event's symbol."""
    return quote(market).bid


@njit
def ask(market: Any) -> Any:
    """The ask of the latest quote of the event's symbol."""
    return quote(market).ask


@njit
def mid(market: Any) -> Any:
    """The mean of bid and ask of the latest quote of the event's symbol."""
    latest = quote(market)
    return 0.5 * (latest.bid + latest.ask)


@njit
def position(account: Any, symbol: Any) -> Any:
    """The signed quantity held of a symbol; in a hedging account the sum of both legs."""
    return holding(account, symbol).qty


@njit
def holding(account: Any, symbol: Any) -> Any:
    """The position in a symbol: qty, avg_px, mark, realized_pnl, commission ...

    IndexError for a symbol that is not in the run.
    """
    if symbol < 0 or symbol >= account.n_symbols:
        raise IndexError("symbol is not between 0 and n_symbols - 1")
    return _positions(account.positions, symbol)


@njit
def order(account: Any, order_id: Any) -> Any:
    """An order sent at an earlier event: filled_qty, avg_px ... and `known_status`.

    `known_status` is delayed by the response latency. IndexError for an id that was not sent by then.
    """
    if order_id < 1 or order_id > account.n_orders:
        raise IndexError("order_id is not the id of an order sent at an earlier event")
    return _orders(account.orders, order_id - 1)
