"""Claim 9: indicators over arrays, beside TA-Lib in the same process."""

from typing import Any

import numpy as np
import pytest

from btcore import indicators

from .data import bars
from .measure import figure
from .peers.work import scaled

talib = pytest.importorskip("talib")

AVERAGES = 100e6  # values per second, the least
ROWS: list[tuple[str, str, tuple[float, ...], Any]] = [
    ("sma", "close", (20,), lambda c: talib.SMA(c, 20)),
    ("ema", "close", (20,), lambda c: talib.EMA(c, 20)),
    ("wma", "close", (20,), lambda c: talib.WMA(c, 20)),
    ("dema", "close", (20,), lambda c: talib.DEMA(c, 20)),
    ("tema", "close", (20,), lambda c: talib.TEMA(c, 20)),
    ("kama", "close", (10,), lambda c: talib.KAMA(c, 10)),
    ("rsi", "close", (14,), lambda c: talib.RSI(c, 14)),
    ("macd", "close", (12, 26, 9), lambda c: talib.MACD(c, 12, 26, 9)),
    ("bollinger", "close", (20, 2.0), lambda c: talib.BBANDS(c, 20, 2.0, 2.0)),
    ("atr", "high low close", (14,), lambda *hlc: talib.ATR(*hlc, 14)),
    (
        "adx",
        "high low close",
        (14,),
        lambda *hlc: (talib.ADX(*hlc, 14), talib.PLUS_DI(*hlc, 14), talib.MINUS_DI(*hlc, 14)),
    ),
    ("stochastic", "high low close", (14, 3, 3), lambda *hlc: talib.STOCH(*hlc, 14, 3, 0, 3, 0)),
    ("cci", "high low close", (14,), lambda *hlc: talib.CCI(*hlc, 14)),
    ("mfi", "high low close volume", (14,), lambda high, low, c, v: talib.MFI(high, low, c, v, 14)),
    ("obv", "close volume", (), talib.OBV),
    (
        "linear_regression",
        "close",
        (14,),
        lambda c: (talib.LINEARREG(c, 14), talib.LINEARREG_SLOPE(c, 14)),
    ),
    ("rolling_min", "low", (20,), lambda x: talib.MIN(x, 20)),
    ("rolling_max", "high", (20,), lambda x: talib.MAX(x, 20)),
    ("rolling_std", "close", (20,), lambda c: talib.STDDEV(c, 20, 1.0)),
    ("correlation", "close open", (20,), lambda c, o: talib.CORREL(c, o, 20)),
    ("beta", "close open", (20,), lambda c, o: talib.BETA(o, c, 20)),
]
FALLING = np.arange(1_000_000, 0, -1.0)


def columns(names: str) -> list[Any]:
    data = bars(scaled(1_000_000))
    return [np.array(getattr(data, name)) for name in names.split()]


@pytest.mark.parametrize(("name", "inputs", "parameters", "theirs"), ROWS, ids=[row[0] for row in ROWS])
def test_beside_talib(benchmark, name, inputs, parameters, theirs):
    given, function = columns(inputs), getattr(indicators, name)
    figure(
        benchmark,
        lambda: function(*given, *parameters),
        claim=9,
        what=f"`{name}` {' '.join(map(str, parameters))}".strip(),
        work=len(given[0]),
        unit="values",
        bound=("TA-Lib", lambda: theirs(*given)),
        goal=("ratio", 1.0),
        rounds=15,
    )


@pytest.mark.parametrize("name", ["sma", "ema", "wma", "dema", "tema", "kama"])
def test_rate_of_moving_averages(benchmark, name):
    (given,) = columns("close")
    figure(
        benchmark,
        lambda: getattr(indicators, name)(given, 20),
        claim=9,
        what=f"`{name}` 20, values per second",
        work=len(given),
        unit="values",
        goal=("rate", AVERAGES),
        rounds=15,
    )


def test_maximum_of_a_falling_column(benchmark):
    given = FALLING[: scaled(len(FALLING))]
    figure(
        benchmark,
        lambda: indicators.rolling_max(given, 200),
        claim=9,
        what="`rolling_max` 200 of a falling column",
        work=len(given),
        unit="values",
        bound=("TA-Lib", lambda: talib.MAX(given, 200)),
        goal=("ratio", 1.0),
    )
