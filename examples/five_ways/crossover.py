"""A crossover of moving averages, five ways: long while the short mean is above the long one, else flat.

All five decide at the close of a bar and have nothing to decide before bar number `long_period`, nor where
the means are equal up to rounding (1e-12). A change of stance sends one market order, for all of equity or
for the whole position; it fills at the next open.

bt.Signals has rules of its own for two cases, which are left out: with several symbols it decides the bars of
one time together, and with latency its exit cancels an entry that still works.
"""

from types import ModuleType
from typing import Any

import numpy as np

import btcore as bt
from btcore import jit

BUILT_IN = "ma_crossover"
PARAMS = {"short_period": 10, "long_period": 30}


def signals(data: dict[str, bt.Bars], short_period: int, long_period: int) -> bt.Signals:
    """Columns of entries and exits; a comparison with NaN is False, so there are none before both means."""
    ((symbol, bars),) = data.items()
    fast, slow = bt.indicators.sma(bars.close, short_period), bt.indicators.sma(bars.close, long_period)
    differ = np.abs(fast - slow) > 1e-12 * slow
    return bt.Signals({symbol: bars}, {symbol: differ & (fast > slow)}, {symbol: differ & (fast < slow)})


class Callback(bt.Strategy):
    short_period: int = 10
    long_period: int = 30

    def on_start(self, ctx: bt.Context) -> None:
        (symbol,) = ctx.symbols
        self.fast = ctx.indicator("sma", symbol, self.short_period)
        self.slow = ctx.indicator("sma", symbol, self.long_period)
        self.stance = 0

    def on_bar(self, ctx: bt.Context, bar: bt.BarEvent) -> None:
        fast, slow = self.fast.value, self.slow.value
        if not self.slow.ready or abs(fast - slow) <= 1e-12 * slow:
            return
        stance = 1 if fast > slow else 0
        if stance != self.stance:
            self.stance = stance
            ctx.order_target_percent(bar.symbol, stance)


def means(short_period: int, long_period: int) -> dict[str, Any]:
    fast, slow = jit.indicator("sma", short_period), jit.indicator("sma", long_period)
    return {"fast": fast, "slow": slow, "stance": 0}


@bt.compiled(state=means, **PARAMS)
def numba(state: Any, event: Any, account: Any) -> None:
    fast, slow = jit.update(state.fast, event.close), jit.update(state.slow, event.close)
    if np.isnan(slow) or abs(fast - slow) <= 1e-12 * slow:
        return
    stance = 1 if fast > slow else 0
    if stance != state.stance:
        state.stance = stance
        account.order_target_percent(event.symbol, stance)


def cython(module: ModuleType, short_period: int, long_period: int) -> bt.Compiled:
    """The function of `strategies.pyx` with its state, the struct Crossover."""
    numbers = ["short_period", "long_period", "rows", "stance"]
    fields = [*((name, "i8") for name in numbers), ("short_sum", "f8"), ("long_sum", "f8")]
    state = np.zeros(1, [*fields, ("closes", "f8", (long_period,))])
    state["short_period"], state["long_period"] = short_period, long_period
    return bt.Compiled.from_cython(module, "crossover", state, events="bars")
