"""What the functions take: arrays, lists, Series, Bars and several columns; and what they refuse."""

from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from indicator_cases import CASES, Case, as_tuple, inputs_of, market

import btcore as bt
from btcore import indicators
from btcore.errors import ConfigError, DataError

PRICES = [1.0, 2.0, 4.0, 3.0, 5.0]


@pytest.fixture(scope="module")
def bars() -> bt.Bars:
    return bt.sample_bars("AAPL", "2024-01-02", "2024-01-05", interval="1h")


@pytest.mark.parametrize(
    "values",
    [
        PRICES,
        tuple(PRICES),
        np.array(PRICES, np.float32),
        np.array([1, 2, 4, 3, 5]),
        np.repeat(np.array(PRICES), 2)[::2],
        np.array(PRICES, object),
        pd.Series(PRICES),
        pd.Series(PRICES, dtype="Float64"),
        pl.Series(PRICES),
        pl.Series([1, 2, 4, 3, 5]),
    ],
    ids=lambda values: type(values).__name__,
)
def test_columns_of_any_kind(values: Any) -> None:
    found = indicators.sma(values, 2)
    assert type(found) is np.ndarray
    assert found.dtype == np.float64
    np.testing.assert_array_equal(found, [np.nan, 1.5, 3.0, 3.5, 4.0])


@pytest.mark.parametrize(
    "values", [[None, 2.0, 4.0], pd.Series([None, 2, 4], dtype="Int64"), pl.Series([None, 2, 4])], ids=str
)
def test_a_null_before_the_first_number_is_nan(values: Any) -> None:
    np.testing.assert_array_equal(indicators.sma(values, 2), [np.nan, np.nan, 3.0])


@pytest.mark.parametrize("frame", [pd.DataFrame, pl.DataFrame])
def test_a_frame_is_columns_side_by_side(frame: Any) -> None:
    found = indicators.sma(frame({"a": PRICES, "b": PRICES[::-1]}), 2)
    np.testing.assert_array_equal(found[:, 0], indicators.sma(PRICES, 2))
    np.testing.assert_array_equal(found[:, 1], indicators.sma(PRICES[::-1], 2))


@pytest.mark.parametrize("case", CASES, ids=str)
def test_columns_side_by_side_equal_one_at_a_time(case: Case) -> None:
    markets = [inputs_of(case, market(seed, 60)) for seed in (1, 2)]
    markets[1][0][:4] = np.nan
    both = [np.column_stack(pair) for pair in zip(*markets, strict=True)]
    together = as_tuple(getattr(indicators, case.name)(*both, *case.parameters))
    for k, columns in enumerate(markets):
        alone = as_tuple(getattr(indicators, case.name)(*columns, *case.parameters))
        for whole, one in zip(together, alone, strict=True):
            assert whole.shape == (60, 2)
            np.testing.assert_array_equal(whole[:, k], one)


OF_BARS = ["atr", "adx", "stochastic", "cci", "mfi", "obv", "donchian", "keltner", "supertrend"]


@pytest.mark.parametrize("name", OF_BARS)
def test_bars_stand_for_their_columns(name: str, bars: bt.Bars) -> None:
    (case,) = [case for case in CASES if case.name == name][:1]
    function = getattr(indicators, name)
    columns = {each: getattr(bars, each) for each in case.inputs}
    expected = as_tuple(function(*columns.values(), *case.parameters))
    for found in (
        function(bars, *case.parameters),
        function(bars=bars, **dict(zip(parameter_names(name), case.parameters, strict=True))),
        function(**columns, **dict(zip(parameter_names(name), case.parameters, strict=True))),
    ):
        for mine, other in zip(as_tuple(found), expected, strict=True):
            assert mine.tobytes() == other.tobytes()


def test_docstrings_say_how_functions_of_bars_are_called() -> None:
    calls = (
        "Called as keltner(bars, period=20, atr_period=10, multiplier=2) or keltner(high, low, close, period"
    )
    assert calls in str(indicators.keltner.__doc__)
    calls = "vwap(bars, *, timezone=None, calendar=None) or vwap(high, low, close, volume, session)."
    assert calls in str(indicators.vwap.__doc__)


def parameter_names(name: str) -> list[str]:
    from btcore.indicators.table import INDICATORS

    return [parameter.name for parameter in INDICATORS[name].parameters]


def test_sessions_of_vwap() -> None:
    """Hours from 12:00 UTC: the day in New York begins at 05:00 UTC."""
    times = np.datetime64("2024-01-02T22", "h") + np.arange(12)
    close = np.arange(1.0, 13.0)
    bars = bt.Bars(times, close, close, close, close, np.ones(12), interval="1h")
    typical = (bars.high + bars.low + bars.close) / 3.0

    def means(first: int) -> Any:
        parts = np.split(typical, [first])
        return np.concatenate([np.cumsum(part) / np.arange(1, len(part) + 1) for part in parts])

    np.testing.assert_allclose(indicators.vwap(bars), means(2))
    np.testing.assert_allclose(indicators.vwap(bars, timezone="America/New_York"), means(7))
    sessions = np.repeat([5.0, 6.0], [3, 9])
    columns = bars.high, bars.low, bars.close, bars.volume
    np.testing.assert_allclose(indicators.vwap(*columns, sessions), means(3))
    np.testing.assert_allclose(indicators.vwap(*columns, session=sessions), means(3))


def test_sessions_of_an_exchange() -> None:
    """XNYS closes at 21:00 UTC: the bar that starts then belongs to the next session."""
    pytest.importorskip("exchange_calendars")
    times = np.datetime64("2024-01-02T19", "h") + np.arange(5)
    close = np.arange(1.0, 6.0)
    bars = bt.Bars(times, close, close, close, close, np.ones(5), interval="1h")
    np.testing.assert_allclose(indicators.vwap(bars, calendar="XNYS"), [1.0, 1.5, 3.0, 3.5, 4.0])


def test_vwap_is_nan_while_a_session_has_no_volume() -> None:
    ones = np.arange(1.0, 5.0)
    found = indicators.vwap(ones, ones, ones, [0.0, 2.0, 0.0, 0.0], [1, 1, 1, 2])
    np.testing.assert_array_equal(found, [np.nan, 2.0, 2.0, np.nan])


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (
            lambda b: indicators.rsi([1.0, np.nan, 2.0], 1),
            DataError,
            r"rsi.values\[1\]: nan is not a finite number; NaN",
        ),
        (
            lambda b: indicators.rsi([np.nan, 1.0, np.inf], 1),
            DataError,
            r"rsi.values\[2\]: inf is not a finite",
        ),
        (
            lambda b: indicators.wma([*range(4000), np.inf, *range(4000)], 3),
            DataError,
            r"wma.values\[4000\]: inf is not a finite",
        ),
        (lambda b: indicators.rsi([-np.inf, 1.0], 1), DataError, r"rsi.values\[0\]: -inf is not a finite"),
        (
            lambda b: indicators.sma(np.array([[1.0, 1.0], [2.0, np.nan]]), 1),
            DataError,
            r"values\[1, 1\]: nan is not",
        ),
        (
            lambda b: indicators.correlation([1.0, 2.0], [1.0], 2),
            DataError,
            r"correlation.y: shape \(1,\) is not that",
        ),
        (lambda b: indicators.sma(["1", "2"], 2), DataError, "sma.values: numbers are needed, not <U1"),
        (lambda b: indicators.sma([1.0, [2.0]], 2), DataError, "sma.values: not a column of numbers"),
        (lambda b: indicators.sma([True, False], 2), DataError, "sma.values: numbers are needed, not bool"),
        (lambda b: indicators.sma(3.0, 2), DataError, r"one or two dimensions are needed, not shape \(\)"),
        (lambda b: indicators.sma(b, 2), DataError, "sma.values: Bars are not a column; give one of them"),
        (
            lambda b: indicators.sma([1.0], 0),
            ConfigError,
            "sma.period: 0 is not from 1 .*period must be >= 1",
        ),
        (lambda b: indicators.sma([1.0], "3"), ConfigError, "sma.period: '3' is not a whole number"),
        (
            lambda b: indicators.sma([1.0], length=3),
            TypeError,
            r"sma: unknown parameter 'length' \(did you mean 'period'",
        ),
        (
            lambda b: indicators.atr(b, length=3),
            TypeError,
            r"atr: unknown parameter 'length' \(did you mean 'period'",
        ),
        (lambda b: indicators.atr(b, timezone="UTC"), TypeError, "atr: unknown parameter 'timezone'"),
        (
            lambda b: indicators.atr(b.high, b.low),
            TypeError,
            "atr: takes Bars, or high, low, close; close is missing",
        ),
        (lambda b: indicators.atr(b, 3, 4), ConfigError, "atr: takes period, not 2 parameters"),
        (lambda b: indicators.bbands, AttributeError, r"has no 'bbands' \(did you mean 'bollinger'\?\)"),
        (
            lambda b: indicators.stochastik,
            AttributeError,
            r"has no 'stochastik' \(did you mean 'stochastic'\?\)",
        ),
        (lambda b: indicators.qqq, AttributeError, r"btcore.indicators has no 'qqq'$"),
    ],
)
def test_what_is_refused(bars: bt.Bars, call: Any, error: Any, message: str) -> None:
    with pytest.raises(error, match=message):
        call(bars)


def test_bars_without_volume_are_refused() -> None:
    bars = bt.Bars([0, 60 * 10**9], [1, 1], [1, 1], [1, 1], [1, 1], interval="1min")
    with pytest.raises(DataError, match="mfi: the bars have no volume"):
        indicators.mfi(bars)


def test_too_few_rows_are_nan() -> None:
    assert np.isnan(indicators.sma(PRICES, 6)).all()
    assert indicators.sma([], 6).shape == (0,)
    assert np.isnan(indicators.macd(PRICES).line).all()
