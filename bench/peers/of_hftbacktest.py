"""hftbacktest: a Numba strategy that is called at each quote, with the simplest models."""

import hftbacktest as hft
import numpy as np
import work
from hftbacktest.types import event_dtype
from numba import njit
from work import FEE

STEP = 10**7  # between two quotes, ns


def feed(n):
    """Each quote as two depth updates; levels that the quote leaves are cleared first."""
    quotes = work.ticks(n)
    rows = np.zeros((n, 4), event_dtype)
    common = hft.DEPTH_EVENT | hft.EXCH_EVENT | hft.LOCAL_EVENT
    for side, (flag, name) in enumerate(((hft.BUY_EVENT, "bid"), (hft.SELL_EVENT, "ask"))):
        price = quotes[name]
        rows["px"][1:, side], rows["px"][0, side] = price[:-1], price[0]
        rows["px"][:, 2 + side] = price
        rows["qty"][:, 2 + side] = 100.0
        rows["ev"][:, [side, 2 + side]] = common | flag
    rows["exch_ts"] = rows["local_ts"] = quotes["timestamp"][:, None]
    needed = np.ones((n, 4), bool)
    needed[:, :2] = (np.diff(quotes["bid"], prepend=quotes["bid"][0]) != 0.0)[:, None]
    return np.ascontiguousarray(rows[needed])


@njit
def play(hbt, steps, short_alpha, long_alpha):
    """One step per quote: updates the means and sends a market order of 10 at a crossing."""
    fast = slow = np.nan
    holds, orders = False, 0
    for _ in range(steps):
        if hbt.elapse(STEP) != 0:
            break
        depth = hbt.depth(0)
        mid = 0.5 * (depth.best_bid + depth.best_ask)
        if np.isnan(fast):
            fast = slow = mid
        fast += short_alpha * (mid - fast)
        slow += long_alpha * (mid - slow)
        if (fast > slow) != holds:
            holds = not holds
            orders += 1
            if holds:
                hbt.submit_buy_order(0, orders, depth.best_ask, 10.0, hft.GTC, hft.MARKET, False)
            else:
                hbt.submit_sell_order(0, orders, depth.best_bid, 10.0, hft.GTC, hft.MARKET, False)
            hbt.clear_inactive_orders(0)
    return orders, hbt.position(0)


def backtest(rows):
    asset = (
        hft.BacktestAsset()
        .data([rows])
        .linear_asset(1.0)
        .constant_order_latency(0, 0)
        .risk_adverse_queue_model()
        .no_partial_fill_exchange()
        .trading_value_fee_model(FEE, FEE)
        .tick_size(0.005)
        .lot_size(1.0)
        .roi_lb(0.0)
        .roi_ub(1000.0)
        .last_trades_capacity(0)
    )
    return hft.ROIVectorMarketDepthBacktest([asset])


if __name__ == "__main__":
    n = work.scaled(1_000_000)
    rows = feed(n)
    alphas = [2 / (period + 1) for period in work.TICKS]

    def whole():
        hbt = backtest(rows)
        played = play(hbt, n, *alphas)
        hbt.close()
        return played

    for unit, work_done in (("quote", n), ("row of its feed", len(rows))):
        work.measure(
            "ticks",
            f"event-driven, Numba at each quote, a {unit} counted as one",
            work_done,
            whole,
            computed=lambda played: (
                f"{len(rows) / n:.2f} rows of its feed a quote; {played[0]} market orders of 10; "
                "no curve, no metrics"
            ),
            rounds=3,
        )
    work.report(f"hftbacktest {hft.__version__}", f"numpy {np.__version__}")
