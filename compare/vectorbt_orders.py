"""btcore compared with vectorbt's `Portfolio.from_orders`: an order fills at the price of its row."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import vectorbt as vbt
from numpy.typing import NDArray

import btcore as bt

from .rows import Differs, Row, Same

Floats = NDArray[np.float64]
Data = bt.Bars | bt.Trades | bt.Quotes

ROWS = 100_000
CASH, LITTLE = 1_000_000.0, 1_000.0
FEES, SLIPPAGE = 0.001, 0.0005
SYMBOL = "X"
START, STEP, EVERY = 1_704_067_200 * 10**9, 10**9, "1s"  # one row per second
UNLIMITED = 1000.0  # leverage: vectorbt has no limit for short sales
UNITS, EQUITY = "units held", "equity at every row"


@dataclass(frozen=True)
class Market:
    """Fill prices, mark prices and signed sizes (NaN: no order) of each row."""

    price: Floats
    close: Floats
    size: Floats


def random_market(rows: int = ROWS, seed: int = 20) -> Market:
    rng = np.random.default_rng(seed)
    close = 100 * np.exp(np.cumsum(rng.normal(0, 0.001, rows)))
    price = close * np.exp(rng.normal(0, 0.001, rows))
    size = rng.choice([-1.0, 1.0], rows) * rng.uniform(0.01, 20, rows)
    size[rng.random(rows) < 0.1] = np.nan
    return Market(price, close, size)


def few(*orders: tuple[float, float]) -> Market:
    """One row for each (size, price), and one more without an order."""
    price = np.array([price for _, price in orders] + [orders[-1][1]])
    return Market(price, price, np.array([size for size, _ in orders] + [np.nan]))


def theirs(market: Market, cash: float = CASH, **terms: Any) -> Any:
    return vbt.Portfolio.from_orders(
        market.close, size=market.size, **{"price": market.price, "init_cash": cash, "freq": EVERY, **terms}
    )


def orders(market: Market, offset: int = 0) -> bt.Orders:
    """Market orders, each sent `offset` ns after the time of its row."""
    row = np.flatnonzero(~np.isnan(market.size))
    size = market.size[row]
    return bt.Orders(START + STEP * row + offset, SYMBOL, np.sign(size).astype(np.int64), np.abs(size))


def run(
    data: Data,
    sent: bt.Orders,
    cash: float = CASH,
    *,
    fees: float = 0.0,
    slippage: float = 0.0,
    leverage: float = 1.0,
    bar_fill: Literal["open", "close"] = "open",
) -> bt.Result:
    return bt.run(
        {SYMBOL: data},
        sent,
        initial_capital=cash,
        execution=bt.Execution(
            commission_bps=fees * 1e4, slippage_bps=slippage * 1e4, leverage=leverage, bar_fill=bar_fill
        ),
        mark_every=None if isinstance(data, bt.Bars) else EVERY,
        progress=False,
    )


def as_bars(market: Market) -> tuple[bt.Bars, bt.Orders]:
    """A row is a bar from its price to its close. An order sent at the open fills there."""
    high, low = np.maximum(market.price, market.close), np.minimum(market.price, market.close)
    stamps = START + STEP * np.arange(len(market.close))
    return bt.Bars(stamps, market.price, high, low, market.close, interval=EVERY), orders(market)


def as_trades(market: Market) -> tuple[bt.Trades, bt.Orders]:
    """A row is two trades. An order fills at the next trade, so it is sent at the time of its row's price."""
    return bt.Trades(*ticks(market)), orders(market, offset=-2)


def as_quotes(market: Market) -> tuple[bt.Quotes, bt.Orders]:
    """A row is two quotes. An order fills at the current quote, so it is sent after its row's price."""
    stamps, price = ticks(market)
    return bt.Quotes(stamps, price, price), orders(market, offset=-1)


def ticks(market: Market) -> tuple[NDArray[np.int64], Floats]:
    """The price of each row is 2 ns before the time of the row; its close is at that time."""
    at = START + STEP * np.arange(len(market.close))
    return np.column_stack([at - 2, at]).ravel(), np.column_stack([market.price, market.close]).ravel()


def held(result: bt.Result) -> float:
    """Position at the last row."""
    last = result.exposures[result.exposures["timestamp"] == result.equity_curve["timestamp"][-1]]
    return float(last["quantity"].sum())


def their_held(portfolio: Any) -> float:
    return float(portfolio.assets().iloc[-1])


def rows() -> list[Row]:
    market = random_market()
    portfolio = theirs(market, fees=FEES, slippage=SLIPPAGE)
    value, cash = portfolio.value().to_numpy(), portfolio.cash().to_numpy()
    found: list[Row] = []
    kinds: dict[str, Callable[[Market], tuple[Data, bt.Orders]]] = {
        "bars": as_bars,
        "trades": as_trades,
        "quotes": as_quotes,
    }
    for kind, make in kinds.items():
        result = run(*make(market), fees=FEES, slippage=SLIPPAGE, leverage=UNLIMITED)
        points = result.equity_curve[1:]  # the first point is the capital before the first row
        name = f"{len(result.orders):,} random orders, each row as {kind}"
        found += [
            Same(name, "fills (size, price)", fills(result), their_fills(portfolio)),
            Same(name, EQUITY, points["equity"], value),
            Same(name, "cash at every row", points["cash"], cash),
        ]
    return [*found, *same_row(market), cash_limit(), fees_in_limit(), short_sale(), *flat(), pairing()]


def fills(result: bt.Result) -> Floats:
    side = np.where(result.trades["side"] == "buy", 1, -1)
    return np.column_stack([side * result.trades["quantity"], result.trades["price"]])


def their_fills(portfolio: Any) -> Floats:
    records = portfolio.orders.records
    side = np.where(records["side"] == vbt.portfolio.enums.OrderSide.Buy, 1, -1)
    return np.column_stack([side * records["size"], records["price"]])


def same_row(market: Market) -> list[Row]:
    """The decision is made on the close of a row: in btcore the order is sent at the end of that bar."""
    bars, _ = as_bars(market)
    result = run(bars, orders(market, offset=STEP), leverage=UNLIMITED)
    later = Market(market.price, market.close, np.r_[np.nan, market.size[:-1]])
    at_close = Market(market.close, market.close, market.size)
    costs = {"fees": FEES, "slippage": SLIPPAGE}
    known = run(bars, orders(market, offset=STEP), leverage=UNLIMITED, bar_fill="close", **costs)
    their_known = theirs(market, price=np.inf, **costs)
    decided = "the same orders decided on a close, no price given (btcore: `bar_fill`)"
    return [
        Same(decided, "fills (size, price)", fills(known), their_fills(their_known)),
        Same(decided, EQUITY, known.equity_curve["equity"][1:], their_known.value().to_numpy()),
        Same(
            "the same orders sent at the close (theirs a row later), no costs",
            EQUITY,
            result.equity_curve["equity"][1:],
            theirs(later).value().to_numpy(),
        ),
        Differs(
            "an order decided on a bar's close, no price given",
            "equity after the random orders, no costs",
            "fills at the next open; at that close with `bar_fill`",
            "fills at that close",
            float(result.equity_curve["equity"][-1]),
            float(theirs(market, price=np.inf).value().iloc[-1]),
            float(run(*as_bars(at_close), leverage=UNLIMITED).equity_curve["equity"][-1]),
        ),
    ]


def cash_limit() -> Row:
    order, affordable = few((20, 100)), few((LITTLE / 100, 100))
    return Differs(
        "a buy of 20 at 100 with 1,000",
        UNITS,
        "rejected (`buying_power`)",
        "filled in part, as far as cash allows",
        held(run(*as_bars(order), LITTLE)),
        their_held(theirs(order, LITTLE)),
        held(run(*as_bars(affordable), LITTLE)),
    )


def fees_in_limit() -> Row:
    order, affordable = few((10, 100)), few((LITTLE / 100 / (1 + FEES), 100))
    return Differs(
        "a buy of 10 at 100 with 1,000, 0.1 % fee",
        UNITS,
        "filled in part, as far as cash less the fee of the whole order allows",
        "filled in part, so that the fee is paid too",
        held(run(*as_bars(order), LITTLE, fees=FEES)),
        their_held(theirs(order, LITTLE, fees=FEES)),
        held(run(*as_bars(affordable), LITTLE, fees=FEES)),
    )


def short_sale() -> Row:
    order = few((-20, 100))
    return Differs(
        "a short sale of 20 at 100 with 1,000",
        UNITS,
        "rejected: exposure is limited to `leverage` (1) times equity on both sides",
        "filled, of any size",
        held(run(*as_bars(order), LITTLE)),
        their_held(theirs(order, LITTLE)),
        held(run(*as_bars(order), LITTLE, leverage=UNLIMITED)),
    )


def flat() -> list[Row]:
    """Position left of 1 unit after a sale of nearly all of it."""
    above, below = (few((1, 100), (-(1 - rest), 100)) for rest in (2e-9, 5e-10))
    left, least = held(run(*as_bars(below))), 1e-9
    return [
        Same(
            "+1 unit, then -(1 - 2e-9)",
            UNITS,
            np.array([held(run(*as_bars(above)))]),
            np.array([their_held(theirs(above))]),
        ),
        Differs(
            "a remainder that counts as zero",
            f"{UNITS} after +1 and -(1 - 5e-10)",
            "below 1e-12 of the larger of position and fill",
            "below 1e-9 of it",
            left,
            their_held(theirs(below)),
            0.0 if left < least else left,
        ),
    ]


def pairing() -> Row:
    market = few((10, 100), (10, 110), (-10, 120))
    result, portfolio = run(*as_bars(market)), theirs(market)
    journal = result.journal
    average = journal.positions["realized_pnl"][0] if journal else np.nan
    return Differs(
        "a trade's entry, after buys of 10 at 100 and 10 at 110",
        "pnl of the sale of 10 at 120",
        "`round_trips`: the oldest lot (`realized_pnl` of the journal: the average)",
        "`trades`: the average price",
        float(result.round_trips["pnl"][0]),
        float(portfolio.trades.records["pnl"].iloc[0]),
        float(average),
    )
