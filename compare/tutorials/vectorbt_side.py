"""vectorbt runs the crosses of its front page."""

from importlib.metadata import version as version_of
from typing import Any

import numpy as np
import vectorbt as vbt


def version() -> str:
    return version_of("vectorbt")


def played(page: dict[str, Any]) -> dict[str, float]:
    price = page["bars"].to_pandas()["close"]
    held = vbt.Portfolio.from_holding(price, init_cash=100)
    fast, slow = vbt.MA.run(price, 10), vbt.MA.run(price, 50)
    entries, exits = fast.ma_crossed_above(slow), fast.ma_crossed_below(slow)
    crossed = vbt.Portfolio.from_signals(price, entries, exits, init_cash=100)
    fast, slow = vbt.MA.run_combs(price, window=np.array(page["windows"]), r=2, short_names=["fast", "slow"])
    entries, exits = fast.ma_crossed_above(slow), fast.ma_crossed_below(slow)
    terms = {"init_cash": 100, "size": np.inf, "fees": 0.001, "freq": "1D"}
    pairs = vbt.Portfolio.from_signals(price, entries, exits, **terms)
    returns = pairs.total_return()
    best = returns.idxmax()
    one = pairs[(10, 20)]
    return {
        "from_holding: total_profit()": float(held.total_profit()),
        "windows 10, 50: total_profit()": float(crossed.total_profit()),
        "windows 10, 50: orders.count()": float(crossed.orders.count()),
        "best pair: fast": float(best[0]),
        "best pair: slow": float(best[1]),
        "best pair: total_return()": float(returns.max()),
        "windows 10, 20, fees: total_return()": float(one.total_return()),
        "windows 10, 20, fees: sharpe_ratio()": float(one.sharpe_ratio()),
        "windows 10, 20, fees: max_drawdown()": float(one.max_drawdown()),
    }
