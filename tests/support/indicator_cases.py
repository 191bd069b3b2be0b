"""Every indicator with parameters, and markets to compute it of."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from btcore.indicators.table import INDICATORS


class Case(NamedTuple):
    """An indicator with parameters in order."""

    name: str
    parameters: tuple[float, ...]

    @property
    def inputs(self) -> tuple[str, ...]:
        return INDICATORS[self.name].inputs


SHORT = {  # small parameters, so that short columns have values
    "sma": (3,),
    "ema": (4,),
    "wma": (5,),
    "dema": (3,),
    "tema": (3,),
    "kama": (4, 2, 7),
    "rsi": (5,),
    "macd": (3, 6, 4),
    "bollinger": (5, 2.5),
    "atr": (4,),
    "adx": (3,),
    "stochastic": (5, 3, 2),
    "cci": (6,),
    "mfi": (4,),
    "obv": (),
    "vwap": (),
    "donchian": (4, 2),
    "keltner": (4, 3, 1.5),
    "supertrend": (4, 2.0),
    "zscore": (5,),
    "linear_regression": (6,),
    "rolling_min": (4,),
    "rolling_max": (4,),
    "rolling_std": (5,),
    "correlation": (5,),
    "beta": (4,),
}
CASES = [Case(name, parameters) for name, parameters in SHORT.items()]
CASES += [
    Case("sma", (1,)),
    Case("rolling_max", (1,)),
    Case("donchian", (3, 0)),
    Case("ema", (1,)),
    Case("rsi", (1,)),
]

Columns = dict[str, NDArray[np.float64]]


def market(seed: int, rows: int, *, cents: bool = False) -> Columns:
    """Columns by the names of the inputs: bars of a random walk, sessions of 7 rows, a second walk."""
    random = np.random.default_rng(seed)
    close = 100.0 * np.exp(np.cumsum(random.normal(0.0, 0.01, rows)))
    start = close * (1.0 + random.normal(0.0, 0.004, rows))
    high = np.maximum(start, close) * (1.0 + np.abs(random.normal(0.0, 0.004, rows)))
    low = np.minimum(start, close) * (1.0 - np.abs(random.normal(0.0, 0.004, rows)))
    if cents:
        high, low, close = np.ceil(high * 100) / 100, np.floor(low * 100) / 100, np.round(close, 2)
    other = 50.0 * np.exp(np.cumsum(random.normal(0.0, 0.01, rows)) + 0.5 * np.log(close / 100.0))
    return {
        "values": close,
        "high": high,
        "low": low,
        "close": close,
        "volume": random.integers(1, 10_000, rows).astype(np.float64),
        "session": np.arange(rows) // 7 * 1.0,
        "x": close,
        "y": other,
        "asset": close,
        "benchmark": other,
    }


def inputs_of(case: Case, columns: Columns) -> tuple[NDArray[np.float64], ...]:
    return tuple(columns[name] for name in case.inputs)


def as_tuple(result: Any) -> tuple[NDArray[np.float64], ...]:
    """The arrays of a result: one, or those of a named tuple."""
    return result if isinstance(result, tuple) else (result,)
