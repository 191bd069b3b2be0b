"""btcore compared with NautilusTrader on small cases, which NautilusTrader plays in a Python of its own."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

import btcore as bt

from . import small_cases as small
from .elsewhere import Elsewhere
from .rows import Differs, Row, Same
from .sending import fills_of, play
from .small_cases import Case

Floats = NDArray[np.float64]
SIDE = Elsewhere("nautilus", "compare.nautilus_side")


def ours(case: Case, **settings: Any) -> bt.Result:
    account = "cash" if case.cash_account else "margin"
    terms = {"account": account, "consume": "none" if case.kind == "bars" else "until_refresh", **settings}
    return play(case, bt.Execution.like("nautilus", **terms))


def value(table: Floats) -> float:
    """The mean price of the fills; 0 without any."""
    size = np.abs(table[:, 1])
    return float((size * table[:, 2]).sum() / size.sum()) if len(table) else 0.0


def held(table: Floats) -> float:
    return float(table[:, 1].sum())


def rows() -> list[Row]:
    return [
        *(same(case) for case in small.SAME),
        *different(),
        *(same(case) for case in small.SAME_TOO),
        *on_trades(),
    ]


def same(case: Case) -> Row:
    """With `Execution.like("nautilus")`. A last row has the number of fills, so that none can be compared."""
    tables = [fills_of(ours(case)), SIDE.fills(case)]
    counted = [np.vstack([table, [[len(table), 0.0, 0.0]]]) for table in tables]
    return Same(case.name, "fills (order, size, price)", *counted)


def different() -> list[Row]:
    return [*gaps(), *inside(), *sizes(), ruin()]


def gaps() -> list[Row]:
    limit, stop = small.LIMIT_GAP, small.STOP_LIMIT_GAP
    past = small.STOP_PAST
    rejected = past.rows[0][1] >= past.orders[0].prices["stop"]
    return [
        Differs(
            "a limit of 95 that the open (94) has passed",
            "price of the fill",
            "the open",
            "the limit",
            value(fills_of(ours(limit))),
            value(SIDE.fills(limit)),
            limit.orders[0].prices["limit"],
        ),
        Differs(
            "a stop-limit (105, 106.5) whose stop the open (106) has passed",
            "price of the fill",
            "the open, which the limit allows",
            "the stop price",
            value(fills_of(ours(stop))),
            value(SIDE.fills(stop)),
            stop.orders[0].prices["stop"],
        ),
        Differs(
            "a buy stop at 99.5 sent at an ask of 100",
            "units bought",
            "triggers on arrival",
            "rejected (`reject_stop_orders`)",
            held(fills_of(ours(past))),
            held(SIDE.fills(past)),
            0.0 if rejected else held(fills_of(ours(past))),
        ),
    ]


def inside() -> list[Row]:
    both, child = small.BOTH_EXITS, small.CHILD_IN_BAR
    table = fills_of(ours(child, intrabar="pessimistic"))
    return [
        Differs(
            "target (104) and stop (92) in one bar (open 100, high 105, low 90)",
            "price of the exit",
            "`pessimistic`: the stop",
            "the high before the low, unless `bar_adaptive_high_low_ordering`",
            float(fills_of(ours(both, intrabar="pessimistic"))[-1, 2]),
            float(SIDE.fills(both)[-1, 2]),
            float(fills_of(ours(both, intrabar="optimistic"))[-1, 2]),
        ),
        Differs(
            "a stop child (95) of a limit order (98), both inside one bar",
            "units held",
            "the stop fills in that bar, and counts as ambiguous",
            "the child is rejected: it is in the market",
            held(table),
            held(SIDE.fills(child)),
            held(table[:1]),
        ),
    ]


def sizes() -> list[Row]:
    shown, volume, again = small.BEYOND_SHOWN, small.BEYOND_VOLUME, small.REFRESHED
    tick, quarter, size = 0.01, volume.rows[0][4] / 4, shown.rows[0][3]
    first, price = shown.orders[0].quantity, shown.rows[0][1]
    more = volume.orders[0].quantity
    free = {"consume": "none"}
    return [
        Differs(
            "25 at the market, where 10 are shown",
            "mean price",
            "not limited",
            "what is beyond the size fills a tick worse",
            value(fills_of(ours(shown, **free))),
            value(SIDE.fills(shown)),
            (price * size + (price + tick) * (first - size)) / first,
        ),
        Differs(
            "60 at the market, on bars with a volume of 100",
            "mean price",
            "not limited",
            "a quarter of the volume at each of a bar's prices, the rest a tick worse",
            value(fills_of(ours(volume))),
            value(SIDE.fills(volume)),
            (price * quarter + (price + tick) * (more - quarter)) / more,
        ),
        Differs(
            "a buy of 20 at 100 with 10 shown, then the same quote again",
            "units bought",
            "each quote shows its size again",
            "`liquidity_consumption`: a quote that repeats a size is not new",
            held(fills_of(ours(again))),
            held(SIDE.fills(again)),
            held(fills_of(ours(again))[:1]),
        ),
    ]


def ruin() -> Row:
    case = small.RUIN
    sold = fills_of(ours(case))[:1]
    last = case.rows[-1][3]
    return Differs(
        "equity below zero (90 units sold with 1,000 at 100, then 130)",
        "final equity",
        "liquidated at the next price (120)",
        "no liquidation in a `BacktestEngine`: the run goes on",
        float(ours(case).equity_curve["equity"][-1]),
        SIDE.equity(case),
        case.capital + float((sold[:, 1] * (last - sold[:, 2])).sum()),
    )


def on_trades() -> list[Row]:
    market, stop, reached = small.TRADE_MARKET, small.TRADE_STOP, small.PRINT_AT
    return [
        Differs(
            "a market order on trades, sent at one of 100",
            "price of the fill",
            "the next trade",
            "the trade that the strategy saw",
            value(fills_of(ours(market))),
            value(SIDE.fills(market)),
            market.rows[0][0],
        ),
        Differs(
            "a stop of 102 that a trade at 103 triggers",
            "price of the fill",
            "the next trade (104)",
            "the trade that triggers it",
            value(fills_of(ours(stop))),
            value(SIDE.fills(stop)),
            stop.rows[1][0],
        ),
        same(small.PRINT_THROUGH),
        Differs(
            "a trade of 5 beside quotes that reaches a limit",
            "units bought",
            "fills nothing without `limit_fill`: it has to go through",
            "fills, if the seller was the aggressor",
            held(fills_of(ours(reached, limit_fill=None))),
            held(SIDE.fills(reached)),
            held(fills_of(ours(reached))),
        ),
    ]
