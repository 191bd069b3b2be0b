"""Technical indicators, over arrays, row by row, and in strategies. docs/indicators.md defines each.

    bt.indicators.rsi(bars.close, 14)              # an array float64
    bt.indicators.macd(bars.close).histogram       # several values are a named tuple
    bt.indicators.atr(bars, 14)                    # or atr(high, low, close, 14)

`Indicator("rsi", 14).update(price)` takes one value after the other and gives the same bits.
"""

from typing import TYPE_CHECKING, Any

from btcore.errors import near_name

from .functions import (
    adx,
    atr,
    beta,
    bollinger,
    cci,
    correlation,
    dema,
    donchian,
    ema,
    kama,
    keltner,
    linear_regression,
    macd,
    mfi,
    obv,
    rolling_max,
    rolling_min,
    rolling_std,
    rsi,
    sma,
    stochastic,
    supertrend,
    tema,
    vwap,
    wma,
    zscore,
)
from .kernels import Indicator
from .table import OTHER_NAMES

__all__ = [
    "Indicator",
    "adx",
    "atr",
    "beta",
    "bollinger",
    "cci",
    "correlation",
    "dema",
    "donchian",
    "ema",
    "kama",
    "keltner",
    "linear_regression",
    "macd",
    "mfi",
    "obv",
    "rolling_max",
    "rolling_min",
    "rolling_std",
    "rsi",
    "sma",
    "stochastic",
    "supertrend",
    "tema",
    "vwap",
    "wma",
    "zscore",
]


if not TYPE_CHECKING:  # type checkers find unknown names by themselves

    def __getattr__(name: str) -> Any:
        meant = "" if name.startswith("_") else near_name(name, __all__, OTHER_NAMES)
        raise AttributeError(f"btcore.indicators has no {name!r}{meant}")
