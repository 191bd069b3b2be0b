"""The crossing of two EMAs as a Numba user would write it."""

import numpy as np

import btcore as bt
from btcore import jit

from .peers.work import TICKS

SHORT_ALPHA, LONG_ALPHA = (2.0 / (period + 1) for period in TICKS)
STATE = np.zeros(1, [("short", "f8"), ("long", "f8"), ("holds", "i8"), ("count", "i8")])


@jit.cfunc(STATE.dtype)
def _cross(own, market, account, out):
    mid = jit.mid(market)
    if own.count == 0:
        own.short = own.long = mid
    own.count += 1
    own.short += SHORT_ALPHA * (mid - own.short)
    own.long += LONG_ALPHA * (mid - own.long)
    wanted = 1 if own.short > own.long else 0
    if wanted != own.holds and own.short != own.long and own.count >= TICKS[1]:
        own.holds = wanted
        jit.order_target_percent(market, account, out, market.symbol, float(wanted))
    return 0


def crossover():
    """Fully invested while the short mean is above the long one."""
    return bt.Compiled(_cross, STATE, events=["quotes"])
