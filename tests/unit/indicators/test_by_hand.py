"""The conventions, each with numbers worked out by hand; and the long way around each formula."""

from typing import Any

import numpy as np
import pytest
from indicator_cases import market

from btcore import indicators

NAN = np.nan


def close_to(found: Any, expected: Any) -> None:
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-12)


def test_means_of_three() -> None:
    close_to(indicators.sma([1, 2, 6, 1], 3), [NAN, NAN, 3.0, 3.0])
    close_to(indicators.wma([1, 2, 6, 1], 3), [NAN, NAN, (1 + 4 + 18) / 6, (2 + 12 + 3) / 6])


def test_ema_begins_with_the_mean() -> None:
    """Share 2 / (3 + 1): from 3 half of the way to 7, then half of the way to 1."""
    close_to(indicators.ema([1, 2, 6, 7, 1], 3), [NAN, NAN, 3.0, 5.0, 3.0])


def test_dema_and_tema_are_seeded_at_each_stage() -> None:
    """EMA of two, share 2/3: 2, 4, 8 from the second on; of those 3, 20/3; of those 29/6."""
    prices = [1.0, 3.0, 5.0, 10.0]
    close_to(indicators.ema(prices, 2), [NAN, 2.0, 4.0, 8.0])
    close_to(indicators.dema(prices, 2), [NAN, NAN, 2 * 4 - 3, 2 * 8 - (3 + 2 / 3 * 5)])
    third = (3 + (3 + 2 / 3 * 5)) / 2
    close_to(indicators.tema(prices, 2), [NAN, NAN, NAN, 3 * 8 - 3 * (3 + 2 / 3 * 5) + third])


def test_kama_begins_at_the_value_before() -> None:
    """Shares of 2 and 4. Two changes straight up: ratio 1, share (2/3)**2; there and back: 0, (2/5)**2."""
    close_to(indicators.kama([1, 2, 3, 2], 2, 2, 4), [NAN, NAN, 2 + 4 / 9, 22 / 9 + 4 / 25 * (2 - 22 / 9)])
    close_to(indicators.kama([2, 2, 2], 2), [NAN, NAN, 2.0])


def test_macd_has_its_fast_seed_end_with_the_slow_one() -> None:
    """Fast of 2 is seeded by rows 1 and 2, slow of 3 by rows 0 to 2; values begin with the signal, of 2."""
    prices = [9.0, 1.0, 5.0, 6.0, 2.0]
    slow = [5.0, 5.5, 3.75]
    fast = [3.0, 3 + 2 / 3 * 3, 5 + 2 / 3 * -3]
    line = np.subtract(fast, slow)
    signal = [(line[0] + line[1]) / 2]
    signal.append(signal[0] + 2 / 3 * (line[2] - signal[0]))
    found = indicators.macd(prices, 2, 3, 2)
    close_to(found.line, [NAN, NAN, NAN, *line[1:]])
    close_to(found.signal, [NAN, NAN, NAN, *signal])
    close_to(found.histogram, found.line - found.signal)


def test_macd_begins_at_row_33() -> None:
    found = indicators.macd(market(1, 50)["close"])
    for values in found:
        assert np.flatnonzero(np.isfinite(values))[0] == 33


def test_rsi_is_wilders_with_a_mean_as_seed() -> None:
    """Changes +2, -1, +3: means 1 and .5, then (1 + 3) / 2 and .5 / 2."""
    close_to(indicators.rsi([1, 3, 2, 5], 2), [NAN, NAN, 100 / 1.5, 100 * 2 / 2.25])
    close_to(indicators.rsi([5, 5, 5], 2), [NAN, NAN, 0.0])
    close_to(indicators.rsi([1, 2, 3], 2), [NAN, NAN, 100.0])


BARS = {"high": [3.0, 4.0, 7.0, 7.0], "low": [1.0, 2.0, 6.0, 2.0], "close": [2.0, 3.0, 6.0, 4.0]}


def test_atr_begins_without_the_first_bar() -> None:
    """True ranges from row 1 on: 4 - 2, 7 - 3 from the close before, 7 - 2. A mean, then half the way."""
    close_to(indicators.atr(**BARS, period=2), [NAN, NAN, 3.0, 4.0])
    hlc = [market(1, 40)[name] for name in ("high", "low", "close")]
    assert np.flatnonzero(np.isfinite(indicators.atr(*hlc, 14)))[0] == 14


def test_adx_begins_with_sums_of_one_change_less() -> None:
    """+DM 1, 3, 0 and -DM 0, 0, 4; ranges 2, 4, 5. Sums of one, then half of the sum and the next."""
    plus, minus, ranges = [0.5 + 3, 1.75], [0.0, 4.0], [1.0 + 4, 2.5 + 5]
    plus_di, minus_di = np.divide(plus, ranges) * 100, np.divide(minus, ranges) * 100
    dx = 100 * np.abs(plus_di - minus_di) / (plus_di + minus_di)
    found = indicators.adx(**BARS, period=2)
    close_to(found.plus_di, [NAN, NAN, *plus_di])
    close_to(found.minus_di, [NAN, NAN, *minus_di])
    close_to(found.adx, [NAN, NAN, NAN, dx.mean()])


def test_stochastic_is_smoothed_twice_by_means() -> None:
    """Place of the close in two bars: 2/3, 4/5, 2/5."""
    raw = 100 * np.array([2 / 3, 4 / 5, 2 / 5])
    k = (raw[1:] + raw[:-1]) / 2
    found = indicators.stochastic(**BARS, period=2, smooth_k=2, smooth_d=2)
    close_to(found.k, [NAN, NAN, NAN, k[1]])
    close_to(found.d, [NAN, NAN, NAN, k.mean()])
    close_to(indicators.stochastic([1, 1], [1, 1], [1, 1], 2, 1, 1).k, [NAN, 0.0])


def test_cci_of_two() -> None:
    """Typical prices 2, 3: mean 2.5, mean deviation .5."""
    high, low, close = ([values[i] for i in (0, 1)] for values in BARS.values())
    close_to(indicators.cci(high, low, close, 2), [NAN, 0.5 / (0.015 * 0.5)])
    close_to(indicators.cci([1, 1], [1, 1], [1, 1], 2), [NAN, 0.0])


def test_mfi_of_two() -> None:
    """Typical prices 2, 3, 19/3, 13/3: up, up, down, by their volumes."""
    found = indicators.mfi(**BARS, volume=[9, 1, 2, 3], period=2)
    close_to(found, [NAN, NAN, 100.0, 100 * (38 / 3) / (38 / 3 + 13)])


def test_mfi_counts_prices_that_are_equal_up_to_rounding_as_unchanged() -> None:
    """1000 + 905 + 940 cents are 1001 + 904 + 940, but their sums in floating point differ."""
    first, second, higher = (10.0, 9.05, 9.4), (10.01, 9.04, 9.4), (10.02, 9.05, 9.4)
    assert sum(first) != sum(second)
    found = indicators.mfi(*zip(first, second, first, higher, strict=True), [1, 5, 7, 2], 2)
    close_to(found, [NAN, NAN, 0.0, 100.0])


def test_obv_begins_with_the_first_volume() -> None:
    close_to(indicators.obv([1, 2, 2, 1], [5, 3, 4, 10]), [5.0, 8.0, 8.0, -2.0])


def test_deviations_are_of_the_population() -> None:
    close_to(indicators.rolling_std([1, 3, 7], 2), [NAN, 1.0, 2.0])
    close_to(indicators.zscore([1, 3, 7, 7], 2), [NAN, 1.0, 1.0, 0.0])
    bands = indicators.bollinger([1, 3, 7], 2, 1.5)
    close_to(bands.upper, [NAN, 3.5, 8.0])
    close_to(bands.middle, [NAN, 2.0, 5.0])
    close_to(bands.lower, [NAN, 0.5, 2.0])


def test_line_through_three() -> None:
    found = indicators.linear_regression([0, 1, 5, 6], 3)
    close_to(found.slope, [NAN, NAN, 2.5, 2.5])
    close_to(found.value, [NAN, NAN, 2 + 2.5, 4 + 2.5])


def test_correlation_and_beta() -> None:
    close_to(indicators.correlation([1, 2, 3], [2, 4, 6], 3)[2], 1.0)
    close_to(indicators.correlation([1, 2, 3], [6, 4, 2], 3)[2], -1.0)
    close_to(indicators.correlation([1, 2, 3], [5, 5, 5], 3)[2], 0.0)
    # Returns 1, .5 of the asset, .5, .25 of the benchmark: not of the prices 1, 2, 3 and 4, 6, 7.5.
    close_to(indicators.beta([1, 2, 3], [4, 6, 7.5], 2), [NAN, NAN, 2.0])
    close_to(indicators.beta([1, 2, 3], [4, 4, 4], 2), [NAN, NAN, 0.0])


def test_donchian_has_the_current_bar_and_can_be_late() -> None:
    high, low = [3.0, 4.0, 7.0, 5.0], [1.0, 2.0, 3.0, 0.0]
    now = indicators.donchian(high, low, 2)
    close_to(now.upper, [NAN, 4.0, 7.0, 7.0])
    close_to(now.lower, [NAN, 1.0, 2.0, 0.0])
    close_to(now.middle, [NAN, 2.5, 4.5, 3.5])
    late = indicators.donchian(high, low, 2, offset=1)
    close_to(late.upper, [NAN, NAN, 4.0, 7.0])
    close_to(late.lower, [NAN, NAN, 1.0, 2.0])


def test_keltner_is_an_ema_and_an_atr() -> None:
    m = market(3, 60)
    hlc = m["high"], m["low"], m["close"]
    found = indicators.keltner(*hlc)
    middle, width = indicators.ema(m["close"], 20), 2.0 * indicators.atr(*hlc, 10)
    close_to(found.middle, middle)
    close_to(found.upper, middle + width)
    close_to(found.lower, middle - width)
    assert np.flatnonzero(np.isfinite(found.upper))[0] == 19


def test_supertrend_tightens_its_band_until_it_is_crossed() -> None:
    """ATR of one bar is its true range. Rows: fall below the band, a tighter band, a close above it."""
    high, low, close = [10.0, 11.0, 9.0, 9.5, 14.0], [8.0, 9.0, 7.0, 8.5, 12.0], [9.0, 10.0, 8.0, 9.0, 13.0]
    # True ranges from row 1: 2, 3, 1.5, 5. Middles 10, 8, 9, 13, and half a range around them.
    found = indicators.supertrend(high, low, close, 1, 0.5)
    upper = [10 + 1.0, 8 + 1.5, 9 + 0.75]  # of the down trend: 11, 9.5, and 9.75 stays at 9.5
    close_to(found.value, [NAN, upper[0], upper[1], upper[1], 13 - 2.5])
    close_to(found.direction, [NAN, -1.0, -1.0, -1.0, 1.0])


def long_way(name: str, m: Any, n: int) -> Any:
    """Each value from its own window, by numpy."""
    windows = np.lib.stride_tricks.sliding_window_view(m["close"], n)
    other = np.lib.stride_tricks.sliding_window_view(m["y"], n)
    places = np.arange(1, n + 1)
    return {
        "sma": lambda: windows.mean(1),
        "wma": lambda: (windows * places).sum(1) / places.sum(),
        "rolling_std": lambda: windows.std(1),
        "rolling_min": lambda: windows.min(1),
        "rolling_max": lambda: windows.max(1),
        "zscore": lambda: (windows[:, -1] - windows.mean(1)) / windows.std(1),
        "slope": lambda: np.array([np.polyfit(places, w, 1)[0] for w in windows]),
        "correlation": lambda: np.array(
            [np.corrcoef(a, b)[0, 1] for a, b in zip(windows, other, strict=True)]
        ),
    }[name]()


@pytest.mark.parametrize("name", ["sma", "wma", "rolling_std", "rolling_min", "rolling_max", "zscore"])
@pytest.mark.parametrize("period", [2, 3, 10, 99])
def test_windows_equal_the_long_way(name: str, period: int) -> None:
    m = market(6, 500)
    found = getattr(indicators, name)(m["close"], period)
    assert np.isnan(found[: period - 1]).all()
    np.testing.assert_allclose(found[period - 1 :], long_way(name, m, period), rtol=1e-11, atol=1e-11)


@pytest.mark.parametrize("period", [3, 10, 99])
def test_lines_and_correlations_equal_the_long_way(period: int) -> None:
    m = market(6, 500)
    slope = indicators.linear_regression(m["close"], period).slope
    np.testing.assert_allclose(slope[period - 1 :], long_way("slope", m, period), rtol=1e-8, atol=1e-11)
    found = indicators.correlation(m["x"], m["y"], period)
    np.testing.assert_allclose(found[period - 1 :], long_way("correlation", m, period), rtol=1e-9, atol=1e-11)


def test_supertrend_equals_the_long_way() -> None:
    m = market(8, 400)
    high, low, close = m["high"], m["low"], m["close"]
    atr = indicators.atr(high, low, close, 10)
    upper = lower = direction = None
    value, directions = [], []
    for i in range(10, 400):
        top, bottom = (high[i] + low[i]) / 2 + 3 * atr[i], (high[i] + low[i]) / 2 - 3 * atr[i]
        upper = top if upper is None or top < upper or close[i - 1] > upper else upper
        lower = bottom if lower is None or bottom > lower or close[i - 1] < lower else lower
        if direction is None:
            direction = -1
        elif direction == -1:
            direction = 1 if close[i] > upper else -1
        else:
            direction = -1 if close[i] < lower else 1
        value.append(lower if direction == 1 else upper)
        directions.append(direction)
    found = indicators.supertrend(high, low, close)
    np.testing.assert_allclose(found.value[10:], value, rtol=1e-12)
    np.testing.assert_array_equal(found.direction[10:], directions)
    assert {-1, 1} == set(directions)
