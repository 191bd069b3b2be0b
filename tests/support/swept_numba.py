"""Numba strategies for sweeps in other processes."""

import numpy as np

import btcore as bt
from btcore import jit

STATE = np.dtype([("last", np.float64), ("step", np.float64)])


@bt.compiled(rate=0.1, state={"mean": 0.0})
def dip(state, event, account):
    state.mean += state.rate * (event.close - state.mean)
    account.order_target(event.symbol, 100.0 if event.close < state.mean else 0.0)


@jit.cfunc(STATE)
def on_event(own, market, account, out):
    own.last += own.step
    jit.order_target(account, out, market.symbol, own.step if own.last % 7.0 < 3.0 else 0.0)
    return 0


def moves(step):
    state = np.zeros(1, STATE)
    state["step"] = step
    return bt.Compiled(on_event, state, events="bars")
