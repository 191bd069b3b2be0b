"""hftbacktest plays the small cases that it can, and writes fills as JSON. Its Python has no btcore."""

import json
from importlib.metadata import version
from typing import Any

import numpy as np
from hftbacktest import (
    BUY_EVENT,
    DEPTH_EVENT,
    EXCH_EVENT,
    FILLED,
    GTC,
    GTX,
    LIMIT,
    LOCAL_EVENT,
    MARKET,
    SELL_EVENT,
    TRADE_EVENT,
    BacktestAsset,
    HashMapMarketDepthBacktest,
)
from hftbacktest.order import FOK, IOC
from hftbacktest.types import event_dtype

from .small_cases import BUY, HFTBACKTEST, Case

MINUTE = 60 * 10**9
TIF = {"GTC": GTC, "IOC": IOC, "FOK": FOK}


def event(at: int, kind: int, price: float, size: float) -> tuple[Any, ...]:
    return (kind | EXCH_EVENT | LOCAL_EVENT, at, at, price, size, 0, 0, 0.0)


def events(case: Case) -> Any:
    """Depth of one level on each side, and trades."""
    found: list[tuple[Any, ...]] = []
    last: tuple[float, ...] = ()
    for i, row in enumerate(case.rows):
        at = (i + 1) * MINUTE
        for side, column in ((BUY_EVENT, 0), (SELL_EVENT, 1)):
            if last and last[column] != row[column]:
                found.append(event(at, DEPTH_EVENT | side, last[column], 0.0))
        found += [
            event(at, DEPTH_EVENT | side, row[column], row[column + 2])
            for side, column in ((BUY_EVENT, 0), (SELL_EVENT, 1))
        ]
        last = row
    for minute, price, size, side in case.prints:
        kind = TRADE_EVENT | (BUY_EVENT if side == BUY else SELL_EVENT)
        found.append(event(int((minute + 1) * MINUTE), kind, price, size))
    found.append(event((len(case.rows) + 1) * MINUTE, DEPTH_EVENT | BUY_EVENT, last[0], last[2]))
    return np.array(sorted(found, key=lambda row: row[1]), event_dtype)


def play(case: Case) -> dict[str, Any]:
    """The fills; the order of their times."""
    asset = (
        BacktestAsset()
        .data(events(case))
        .linear_asset(1.0)
        .constant_order_latency(0, 0)
        .risk_adverse_queue_model()
        .no_partial_fill_exchange()
        .trading_value_fee_model(0.0, 0.0)
        .tick_size(0.5)
        .lot_size(1.0)
    )
    engine = HashMapMarketDepthBacktest([asset])
    engine.elapse(1)  # past the first row
    for i, order in enumerate(case.orders):
        send = engine.submit_buy_order if order.side == BUY else engine.submit_sell_order
        terms = GTX if order.terms.get("post_only") else TIF[order.terms.get("time_in_force", "GTC")]
        price, kind = order.prices.get("limit", case.rows[0][1]), LIMIT if order.prices else MARKET
        send(0, i + 1, price, order.quantity, terms, kind, False)
    found: dict[int, tuple[int, float, float]] = {}
    for _ in range(4 * len(case.rows)):
        for i, order in enumerate(case.orders):
            state = engine.orders(0).get(i + 1)
            if state is not None and state.status == FILLED:
                found.setdefault(i + 1, (i + 1, order.side * state.exec_qty, state.exec_price))
        if engine.elapse(MINUTE // 4) != 0:
            break
    engine.close()
    return {"fills": list(found.values())}


if __name__ == "__main__":
    played = {case.name: play(case) for case in HFTBACKTEST}
    print(json.dumps({"version": version("hftbacktest"), "cases": played}))
