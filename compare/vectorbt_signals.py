"""btcore compared with vectorbt's `Portfolio.from_signals`, whose stops are shares of the entry price."""

from typing import Any

import numpy as np
import pandas as pd
import vectorbt as vbt
from numpy.typing import NDArray

import btcore as bt

from .rows import Differs, Row, Same
from .sending import play
from .small_cases import CAPITAL, FLAT, Case, bar, buy, sell

Floats = NDArray[np.float64]
UNITS, STOP, TARGET = 10, 0.05, 0.05
EXITS = (100 * (1 + TARGET), 100 * (1 - STOP))
ONE, BOTH, TRAIL = (
    {"sl_stop": STOP},
    {"sl_stop": STOP, "tp_stop": TARGET},
    {"sl_stop": STOP, "sl_trail": True},
)
Bars = tuple[tuple[float, ...], ...]
RANGE: Bars = (FLAT, bar(101, 101, 90, 97), FLAT)
SAME: tuple[tuple[str, Bars, dict[str, Any]], ...] = (
    ("a stop in the range", RANGE, ONE),
    ("a stop that the open has passed", (FLAT, bar(93, 96, 90, 95), FLAT), ONE),
    ("a target in the range", (FLAT, bar(101, 110, 100, 103), FLAT), BOTH),
    ("a target that the open has passed", (FLAT, bar(107, 110, 106, 108), FLAT), BOTH),
    ("target and stop in one bar: the stop", (FLAT, bar(100, 110, 90, 101), FLAT), BOTH),
    (
        "exits act from the row after the entry on",
        (bar(100, 110, 90, 100), FLAT, bar(100, 100, 94, 96)),
        BOTH,
    ),
    ("a trailing stop in the range", (FLAT, bar(100, 110, 99, 108), bar(108, 109, 104, 105)), TRAIL),
    (
        "a trailing stop is tested before it moves",
        (FLAT, bar(101, 110, 101, 104), bar(105, 105, 104.8, 105)),
        TRAIL,
    ),
)


def their_fills(rows: Bars, **terms: Any) -> Floats:
    frame = pd.DataFrame(rows, columns=["open", "high", "low", "close", "volume"], dtype=float)
    entries = pd.Series(np.arange(len(rows)) == 0)
    prices = {name: frame[name] for name in ("open", "high", "low")}
    portfolio = vbt.Portfolio.from_signals(
        frame["close"],
        entries,
        ~entries & False,
        size=UNITS,
        init_cash=CAPITAL,
        freq="1min",
        **prices,
        **terms,
    )
    records = portfolio.orders.records
    side = np.where(records["side"] == vbt.portfolio.enums.OrderSide.Buy, 1, -1)
    return np.column_stack([side * records["size"], records["price"]])


def fills(rows: Bars, terms: dict[str, Any], **settings: Any) -> Floats:
    if "sl_trail" in terms:
        case = Case("", rows, (buy(UNITS), sell(UNITS, {"trail_by": "percent"}, trail=100 * STOP)))
    else:
        target = EXITS[0] if "tp_stop" in terms else 1e6
        case = Case("", rows, (buy(UNITS),), exits=(target, EXITS[1]))
    t = play(case, bt.Execution.like("vectorbt", **settings)).trades
    return np.column_stack([np.where(t["side"] == "buy", 1, -1) * t["quantity"], t["price"]])


def rows() -> list[Row]:
    slipped = fills(RANGE, ONE, slippage_bps=100)
    return [
        *(
            Same(name, "fills (size, price)", fills(bars, terms), their_fills(bars, **terms))
            for name, bars, terms in SAME
        ),
        Differs(
            "slippage of 1 % at a stop of 95",
            "price of the exit",
            "every fill of a taker",
            "none with the default `stop_exit_price`; market orders have it",
            float(slipped[-1, 1]),
            float(their_fills(RANGE, slippage=0.01, **ONE)[-1, 1]),
            float(slipped[-1, 1]) / (1 - 0.01),
        ),
        weights(),
        no_credit(),
        rotation(),
    ]


def weights() -> Row:
    """Half of equity at 100, again half at 110."""
    close = [100.0, 100.0, 110.0, 110.0]
    theirs = vbt.Portfolio.from_orders(
        pd.Series(close), size=[0.5, np.nan, 0.5, np.nan], size_type="targetpercent", init_cash=1000
    )
    held = theirs.assets().to_numpy()

    class Halves(bt.Strategy):
        count = 0

        def on_bar(self, ctx: bt.Context, event: bt.BarEvent) -> None:
            if self.count in (0, 2):
                ctx.order_target_percent("A", 0.5)
            self.count += 1

    bars = bt.Bars(60 * 10**9 * np.arange(4), *([close] * 4), interval="1min")
    result = bt.run(
        {"A": bars}, Halves(), initial_capital=1000, execution=bt.Execution.like("vectorbt"), progress=False
    )
    return Same("a weight of half, at 100 and at 110", "units held", result.exposures["quantity"], held)


def no_credit() -> Row:
    """9 sold at 100 with 100; at 120 equity is -80."""
    rows = (FLAT, FLAT, bar(120, 120, 120, 120), bar(130, 130, 130, 130))
    close = pd.Series([row[3] for row in rows])
    theirs = vbt.Portfolio.from_orders(close, size=[-9.0, np.nan, np.nan, np.nan], init_cash=100)
    case = Case("", rows, (sell(9),), capital=100.0)
    result = play(case, bt.Execution.like("vectorbt", leverage=100))
    sold = result.trades["price"][0]
    return Differs(
        "equity below zero (9 units sold with 100 at 100, then 130)",
        "final equity",
        "liquidated at the next price (120)",
        "no liquidation",
        float(result.equity_curve["equity"][-1]),
        float(theirs.value().iloc[-1]),
        100.0 + 9 * (sold - rows[-1][3]),
    )


def rotation() -> Row:
    """All of equity in B, then all in A."""
    price = pd.DataFrame({"A": [100.0] * 3, "B": [100.0] * 3})
    theirs = vbt.Portfolio.from_orders(
        price,
        size=pd.DataFrame({"A": [0.0, 1.0, np.nan], "B": [1.0, 0.0, np.nan]}),
        size_type="targetpercent",
        group_by=True,
        cash_sharing=True,
        call_seq="auto",
        init_cash=1000,
    )

    class Turns(bt.Strategy):
        count = 0

        def on_bar(self, ctx: bt.Context, event: bt.BarEvent) -> None:
            if event.symbol == "B":
                if self.count < 2:
                    ctx.order_target_weights({"A": float(self.count), "B": 1.0 - self.count})
                self.count += 1

    bars = bt.Bars(60 * 10**9 * np.arange(3), *([[100.0] * 3] * 4), interval="1min")
    result = bt.run(
        {"A": bars, "B": bars},
        Turns(),
        initial_capital=1000,
        execution=bt.Execution.like("vectorbt"),
        progress=False,
    )
    held = [result.exposures["quantity"][result.exposures["symbol"] == name][-1] for name in ("A",)]
    return Same(
        'a sale pays for a purchase of the same moment (theirs: `call_seq="auto"`)',
        "units held",
        np.array(held),
        theirs.assets()["A"].to_numpy()[-1:],
    )
