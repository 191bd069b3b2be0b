"""What each indicator takes and gives: its inputs, its parameters and its values."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
HIGHEST = 100_000_000  # of a period: 0.8 GB for each window


class Parameter(NamedTuple):
    """A parameter: its default (None: it has to be given), its least value, and if it is a whole number."""

    name: str
    default: float | None
    least: float = 1
    whole: bool = True


class Macd(NamedTuple):
    """MACD: the line, its signal and their difference."""

    line: Any
    signal: Any
    histogram: Any


class Bands(NamedTuple):
    """Bands or a channel."""

    upper: Any
    middle: Any
    lower: Any


class Adx(NamedTuple):
    """The average directional index, +DI and -DI."""

    adx: Any
    plus_di: Any
    minus_di: Any


class Stochastic(NamedTuple):
    """The slow %K and its mean, %D."""

    k: Any
    d: Any


class Supertrend(NamedTuple):
    """The band in force, and 1 where the trend is up, -1 where it is down."""

    value: Any
    direction: Any


class Regression(NamedTuple):
    """A straight line: its value at the newest row, and its slope per row."""

    value: Any
    slope: Any


class Description(NamedTuple):
    """An indicator. `result` is the type of several values, None for one."""

    name: str
    inputs: tuple[str, ...]
    parameters: tuple[Parameter, ...]
    result: type[Any] | None = None

    @property
    def fields(self) -> tuple[str, ...]:
        """The names of its values."""
        return ("value",) if self.result is None else self.result._fields


def _period(default: int | None = None, least: int = 1, name: str = "period") -> Parameter:
    return Parameter(name, default, least)


def _factor(name: str, default: float) -> Parameter:
    return Parameter(name, default, 0.0, whole=False)


_VALUES = ("values",)
_HLC = ("high", "low", "close")

INDICATORS = {
    described.name: described
    for described in (
        Description("sma", _VALUES, (_period(),)),
        Description("ema", _VALUES, (_period(),)),
        Description("wma", _VALUES, (_period(),)),
        Description("dema", _VALUES, (_period(),)),
        Description("tema", _VALUES, (_period(),)),
        Description("kama", _VALUES, (_period(10), _period(2, name="fast"), _period(30, name="slow"))),
        Description("rsi", _VALUES, (_period(14),)),
        Description(
            "macd",
            _VALUES,
            (_period(12, name="fast"), _period(26, name="slow"), _period(9, name="signal")),
            Macd,
        ),
        Description("bollinger", _VALUES, (_period(20), _factor("deviations", 2.0)), Bands),
        Description("atr", _HLC, (_period(14),)),
        Description("adx", _HLC, (_period(14, 2),), Adx),
        Description(
            "stochastic",
            _HLC,
            (_period(14), _period(3, name="smooth_k"), _period(3, name="smooth_d")),
            Stochastic,
        ),
        Description("cci", _HLC, (_period(14),)),
        Description("mfi", (*_HLC, "volume"), (_period(14),)),
        Description("obv", ("close", "volume"), ()),
        Description("vwap", (*_HLC, "volume", "session"), ()),
        Description("donchian", ("high", "low"), (_period(20), Parameter("offset", 0, 0)), Bands),
        Description(
            "keltner", _HLC, (_period(20), _period(10, name="atr_period"), _factor("multiplier", 2.0)), Bands
        ),
        Description("supertrend", _HLC, (_period(10), _factor("multiplier", 3.0)), Supertrend),
        Description("zscore", _VALUES, (_period(20),)),
        Description("linear_regression", _VALUES, (_period(14, 2),), Regression),
        Description("rolling_min", _VALUES, (_period(),)),
        Description("rolling_max", _VALUES, (_period(),)),
        Description("rolling_std", _VALUES, (_period(),)),
        Description("correlation", ("x", "y"), (_period(),)),
        Description("beta", ("asset", "benchmark"), (_period(),)),
    )
}

OTHER_NAMES = {  # of an indicator in other packages
    "bbands": "bollinger",
    "bollinger_bands": "bollinger",
    "correl": "correlation",
    "corr": "correlation",
    "linearreg": "linear_regression",
    "linearreg_slope": "linear_regression",
    "linreg": "linear_regression",
    "max": "rolling_max",
    "min": "rolling_min",
    "minus_di": "adx",
    "plus_di": "adx",
    "std": "rolling_std",
    "stddev": "rolling_std",
    "stoch": "stochastic",
    "z_score": "zscore",
}
