"""A mean reversion, five ways: long from `entry_z` deviations below the mean until `exit_z` below, else flat.

The z-score is the distance of the close from the mean of the last `lookback_period` closes, the newest among
them, in standard deviations of the population. There is nothing to decide before there are as many closes,
nor where the deviation is zero up to rounding (1e-9 of the mean). Orders are as in `crossover.py`.

Closes in cents have z-scores of exactly -2 and -0.5, where the rounding of a sum decides, and the ways add in
different orders. So the thresholds are numbers that such z-scores do not meet.
"""

from types import ModuleType
from typing import Any

import numpy as np

import btcore as bt
from btcore import jit

BUILT_IN = "mean_reversion"
PARAMS = {"lookback_period": 20, "entry_z": 2.0001, "exit_z": 0.5001}


def signals(data: dict[str, bt.Bars], lookback_period: int, entry_z: float, exit_z: float) -> bt.Signals:
    """Columns of entries and exits; a comparison with NaN is False."""
    ((symbol, bars),) = data.items()
    mean = bt.indicators.sma(bars.close, lookback_period)
    deviation = bt.indicators.rolling_std(bars.close, lookback_period)
    known = deviation > 1e-9 * mean  # False for NaN
    z = (bars.close - mean) / np.where(known, deviation, np.nan)
    return bt.Signals({symbol: bars}, {symbol: z <= -entry_z}, {symbol: z >= -exit_z})


class Callback(bt.Strategy):
    lookback_period: int = 20
    entry_z: float = 2.0001
    exit_z: float = 0.5001

    def on_start(self, ctx: bt.Context) -> None:
        (symbol,) = ctx.symbols
        self.mean = ctx.indicator("sma", symbol, self.lookback_period)
        self.deviation = ctx.indicator("rolling_std", symbol, self.lookback_period)
        self.stance = 0

    def on_bar(self, ctx: bt.Context, bar: bt.BarEvent) -> None:
        mean, deviation = self.mean.value, self.deviation.value
        if not self.mean.ready or deviation <= 1e-9 * mean:
            return
        z = (bar.close - mean) / deviation
        stance = 1 if z <= -self.entry_z else 0 if z >= -self.exit_z else self.stance
        if stance != self.stance:
            self.stance = stance
            ctx.order_target_percent(bar.symbol, stance)


def windows(lookback_period: int) -> dict[str, Any]:
    return {
        "mean": jit.indicator("sma", lookback_period),
        "deviation": jit.indicator("rolling_std", lookback_period),
        "stance": 0,
    }


@bt.compiled(state=windows, **PARAMS)
def numba(state: Any, event: Any, account: Any) -> None:
    mean, deviation = jit.update(state.mean, event.close), jit.update(state.deviation, event.close)
    if np.isnan(mean) or deviation <= 1e-9 * mean:
        return
    z = (event.close - mean) / deviation
    stance = 1 if z <= -state.entry_z else 0 if z >= -state.exit_z else state.stance
    if stance != state.stance:
        state.stance = stance
        account.order_target_percent(event.symbol, stance)


def cython(module: ModuleType, lookback_period: int, entry_z: float, exit_z: float) -> bt.Compiled:
    """The function of `strategies.pyx` with its state, the struct MeanReversion."""
    numbers = [("period", "i8"), ("rows", "i8"), ("stance", "i8"), ("entry_z", "f8"), ("exit_z", "f8")]
    state = np.zeros(1, [*numbers, ("sum", "f8"), ("closes", "f8", (lookback_period,))])
    state["period"], state["entry_z"], state["exit_z"] = lookback_period, entry_z, exit_z
    return bt.Compiled.from_cython(module, "mean_reversion", state, events="bars")
