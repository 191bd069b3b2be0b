"""Every indicator that TA-Lib has equals it: the same rows are NaN, and the others agree to 1e-9."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from indicator_cases import as_tuple, market

import btcore as bt
from btcore import indicators

talib = pytest.importorskip("talib")


def adx(m: Any, n: int) -> tuple[Any, ...]:
    hlc = m["high"], m["low"], m["close"]
    return talib.ADX(*hlc, n), talib.PLUS_DI(*hlc, n), talib.MINUS_DI(*hlc, n)


def regression(m: Any, n: int) -> tuple[Any, ...]:
    return talib.LINEARREG(m["close"], n), talib.LINEARREG_SLOPE(m["close"], n)


# Name; inputs; parameters; the same by TA-Lib; the scale of the values, by which the absolute error is 1e-9.
PAIRS: list[tuple[str, str, list[tuple[float, ...]], Callable[..., Any], float]] = [
    (
        "sma",
        "values",
        [(1,), (2,), (10,), (97,)],
        lambda m, n: talib.SMA(m["close"], n) if n > 1 else m["close"],
        0,
    ),
    ("ema", "values", [(2,), (10,), (97,)], lambda m, n: talib.EMA(m["close"], n), 0),
    ("wma", "values", [(2,), (10,), (97,)], lambda m, n: talib.WMA(m["close"], n), 0),
    ("dema", "values", [(2,), (10,), (60,)], lambda m, n: talib.DEMA(m["close"], n), 0),
    ("tema", "values", [(2,), (10,), (40,)], lambda m, n: talib.TEMA(m["close"], n), 0),
    ("kama", "values", [(2,), (10,), (97,)], lambda m, n: talib.KAMA(m["close"], n), 0),
    ("rsi", "values", [(2,), (14,), (97,)], lambda m, n: talib.RSI(m["close"], n), 0),
    ("macd", "values", [(12, 26, 9), (5, 8, 2)], lambda m, *p: talib.MACD(m["close"], *p), 1),
    ("bollinger", "values", [(2, 1.0), (20, 2.0)], lambda m, n, k: talib.BBANDS(m["close"], n, k, k), 0),
    ("atr", "high low close", [(1,), (14,)], lambda m, n: talib.ATR(m["high"], m["low"], m["close"], n), 0),
    ("adx", "high low close", [(2,), (14,), (40,)], adx, 0),
    (
        "stochastic",
        "high low close",
        [(14, 3, 3), (5, 1, 2)],
        lambda m, n, k, d: talib.STOCH(m["high"], m["low"], m["close"], n, k, 0, d, 0),
        1,
    ),
    ("cci", "high low close", [(5,), (14,)], lambda m, n: talib.CCI(m["high"], m["low"], m["close"], n), 1),
    (
        "mfi",
        "high low close volume",
        [(2,), (14,)],
        lambda m, n: talib.MFI(m["high"], m["low"], m["close"], m["volume"], n),
        1,
    ),
    ("obv", "close volume", [()], lambda m: talib.OBV(m["close"], m["volume"]), 0),
    ("linear_regression", "values", [(2,), (14,), (97,)], regression, 1),
    ("rolling_min", "values", [(2,), (20,)], lambda m, n: talib.MIN(m["close"], n), 0),
    ("rolling_max", "values", [(2,), (20,)], lambda m, n: talib.MAX(m["close"], n), 0),
    ("rolling_std", "values", [(2,), (20,)], lambda m, n: talib.STDDEV(m["close"], n, 1.0), 10),
    ("correlation", "x y", [(3,), (30,)], lambda m, n: talib.CORREL(m["x"], m["y"], n), 10),
    ("beta", "asset benchmark", [(3,), (30,)], lambda m, n: talib.BETA(m["benchmark"], m["asset"], n), 1),
]
CASES = [(name, inputs, p, theirs, scale) for name, inputs, given, theirs, scale in PAIRS for p in given]


def sample() -> dict[str, Any]:
    bars = bt.sample_bars("AAPL", "2018-01-01", "2024-01-01")
    other = bt.sample_bars("MSFT", "2018-01-01", "2024-01-01")
    columns = {name: np.array(getattr(bars, name)) for name in ("high", "low", "close", "volume")}
    close, benchmark = columns["close"], np.array(other.close)
    return {**columns, "values": close, "x": close, "y": benchmark, "asset": close, "benchmark": benchmark}


MARKETS = {
    "short": lambda: market(3, 40),
    "walk": lambda: market(1, 3000),
    "another walk": lambda: market(2, 3000),
    "prices in cents": lambda: market(4, 3000, cents=True),
    "sample bars": sample,
}


@pytest.mark.parametrize("kind", MARKETS)
@pytest.mark.parametrize(
    ("name", "inputs", "parameters", "theirs", "scale"),
    CASES,
    ids=[f"{case[0]}{case[2]}".replace(" ", "") for case in CASES],
)
def test_equals_talib(  # noqa: PLR0917 - the columns of PAIRS
    kind: str, name: str, inputs: str, parameters: tuple[float, ...], theirs: Any, scale: float
) -> None:
    columns = MARKETS[kind]()
    ours = getattr(indicators, name)(*(columns[each] for each in inputs.split()), *parameters)
    expected = as_tuple(theirs(columns, *parameters))
    assert len(as_tuple(ours)) == len(expected)
    for mine, other in zip(as_tuple(ours), expected, strict=True):
        np.testing.assert_array_equal(np.isnan(mine), np.isnan(other))
        np.testing.assert_allclose(mine, other, rtol=1e-9, atol=1e-9 * scale)
        assert kind == "short" or np.isfinite(mine).sum() > 1300


def test_defaults_are_those_of_talib_or_of_their_authors() -> None:
    m = market(7, 400)
    hlc = m["high"], m["low"], m["close"]
    np.testing.assert_allclose(indicators.rsi(m["close"]), talib.RSI(m["close"]), rtol=1e-9)
    np.testing.assert_allclose(indicators.macd(m["close"]).signal, talib.MACD(m["close"])[1], atol=1e-9)
    np.testing.assert_allclose(indicators.atr(*hlc), talib.ATR(*hlc), rtol=1e-9)
    np.testing.assert_allclose(indicators.adx(*hlc).adx, talib.ADX(*hlc), rtol=1e-9)
    np.testing.assert_allclose(indicators.cci(*hlc), talib.CCI(*hlc), rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(indicators.mfi(*hlc, m["volume"]), talib.MFI(*hlc, m["volume"]), atol=1e-9)
    k, d = talib.STOCH(*hlc, 14, 3, 0, 3, 0)
    np.testing.assert_allclose(indicators.stochastic(*hlc).k, k, atol=1e-9)
    np.testing.assert_allclose(indicators.stochastic(*hlc).d, d, atol=1e-9)
    upper, middle, lower = talib.BBANDS(m["close"], 20, 2.0, 2.0)
    ours = indicators.bollinger(m["close"])
    np.testing.assert_allclose([ours.upper, ours.middle, ours.lower], [upper, middle, lower], rtol=1e-9)
