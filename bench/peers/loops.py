"""Hand-written loops for Numba: bars and a sweep with metrics, quotes, an array of orders.

A buy invests all cash, a sale closes the position, and both pay a fee. Means are running sums over the
period. A cross at a close fills at the next open.
"""

from math import nan, sqrt

import numpy as np
from numba import njit, prange


@njit(cache=True, inline="always")
def _play(opened, close, short, long, capital, fee, equity, keep):
    """One pair of means: (total return, Sharpe ratio of the bars' returns, maximum drawdown, fills)."""
    n = len(close)
    cash, quantity, fills, wanted, held = capital, 0.0, 0, False, False
    short_sum, long_sum = 0.0, 0.0
    short_share, long_share = 1.0 / short, 1.0 / long
    before, peak, fall, total, squares = capital, capital, 0.0, 0.0, 0.0
    for i in range(n):
        if wanted != held:
            held = wanted
            fills += 1
            if held:
                quantity = cash / (opened[i] * (1.0 + fee))
                cash = 0.0
            else:
                cash = quantity * opened[i] * (1.0 - fee)
                quantity = 0.0
        price = close[i]
        short_sum += price
        long_sum += price
        if i >= short:
            short_sum -= close[i - short]
        if i >= long:
            long_sum -= close[i - long]
        if i >= long - 1:
            slow = long_sum * long_share
            gap = short_sum * short_share - slow
            if abs(gap) > 1e-12 * slow:  # a rounding error is not a crossing
                wanted = gap > 0.0
        worth = cash + quantity * price
        if keep:
            equity[i] = worth
        gain = worth / before - 1.0
        total += gain
        squares += gain * gain
        before = worth
        if worth > peak:
            peak = worth
        elif peak - worth > fall * peak:
            fall = (peak - worth) / peak
    mean = total / n
    deviation = sqrt(max(squares / n - mean * mean, 0.0))
    return before / capital - 1.0, mean / deviation if deviation > 0.0 else nan, fall, float(fills)


@njit(cache=True)
def play_bars(opened, close, short, long, capital, fee):
    """Metrics, and the equity at each close."""
    equity = np.empty(len(close))
    return _play(opened, close, short, long, capital, fee, equity, True), equity


@njit(cache=True)
def sweep(opened, close, shorts, longs, capital, fee):
    """A row of metrics for each pair."""
    out = np.empty((len(shorts), 4))
    none = np.empty(0)
    for k in range(len(shorts)):
        out[k] = _play(opened, close, shorts[k], longs[k], capital, fee, none, False)
    return out


@njit(cache=True, parallel=True)
def sweep_on_threads(opened, close, shorts, longs, capital, fee):
    """The same, with the pairs divided among Numba's threads."""
    out = np.empty((len(shorts), 4))
    for k in prange(len(shorts)):
        none = np.empty(0)
        out[k] = _play(opened, close, shorts[k], longs[k], capital, fee, none, False)
    return out


@njit(cache=True)
def play_quotes(timestamp, bid, ask, short, long, capital, fee, every):
    """Two EMAs of the mid: (cash, quantity, flips) and the equity at each multiple of `every` ns."""
    short_alpha, long_alpha = 2.0 / (short + 1), 2.0 / (long + 1)
    curve = np.empty((timestamp[-1] - timestamp[0]) // every + 3)
    cash, quantity, flips, points, holds = capital, 0.0, 0, 0, False
    mid = 0.5 * (bid[0] + ask[0])
    fast = slow = mid
    due = (timestamp[0] // every + 1) * every
    for i in range(len(timestamp)):
        if timestamp[i] > due:
            curve[points] = cash + quantity * mid
            points += 1
            due = ((timestamp[i] - 1) // every + 1) * every
        mid = 0.5 * (bid[i] + ask[i])
        fast += short_alpha * (mid - fast)
        slow += long_alpha * (mid - slow)
        if (fast > slow) != holds and fast != slow and i >= long - 1:
            holds = not holds
            flips += 1
            if holds:
                quantity = cash / (ask[i] * (1.0 + fee))
                cash -= quantity * ask[i] * (1.0 + fee)
            else:
                cash += quantity * bid[i] * (1.0 - fee)
                quantity = 0.0
    curve[points] = cash + quantity * mid
    return cash, quantity, flips, curve[: points + 1]


@njit(cache=True)
def play_orders(price, rows, sizes, capital, fee):
    """Signed sizes at rows of prices: the equity at each row, and (total return, maximum drawdown)."""
    equity = np.empty(len(price))
    cash, quantity, at, peak, fall = capital, 0.0, 0, capital, 0.0
    for i in range(len(price)):
        while at < len(rows) and rows[at] == i:
            cash -= sizes[at] * price[i] + abs(sizes[at]) * price[i] * fee
            quantity += sizes[at]
            at += 1
        equity[i] = cash + quantity * price[i]
        peak = max(peak, equity[i])
        fall = max(fall, 1.0 - equity[i] / peak)
    return equity, equity[-1] / capital - 1.0, fall
