"""Errors of rounding do not add up: not over long columns, and not after values that are much larger."""

from fractions import Fraction

import numpy as np
import pytest
from indicator_cases import market

from btcore import indicators

WINDOWS = ["sma", "wma", "rolling_std", "bollinger", "linear_regression", "correlation"]


def large_then_small() -> np.ndarray:
    """A million prices around 1e9, then a thousand around 0.5."""
    random = np.random.default_rng(1)
    large = 1e9 * (1.0 + 0.1 * random.standard_normal(1_000_000))
    return np.concatenate([large, 0.5 + 0.01 * random.standard_normal(1000)])


@pytest.mark.parametrize("name", ["sma", "wma", "rolling_std", "zscore"])
@pytest.mark.parametrize("period", [7, 50])
def test_large_prices_leave_nothing_behind(name: str, period: int) -> None:
    """The values of a window that holds small prices alone are those of the small prices alone."""
    prices = large_then_small()
    function = getattr(indicators, name)
    after, alone = function(prices, period)[-500:], function(prices[-600:], period)[-500:]
    np.testing.assert_allclose(after, alone, rtol=1e-11, atol=1e-13)


def test_large_prices_leave_nothing_behind_in_other_windows() -> None:
    prices = large_then_small()
    other = prices[::-1].copy()
    other[-1000:] = 0.3 + 0.02 * np.random.default_rng(2).standard_normal(1000)
    for whole, alone in (
        (indicators.linear_regression(prices, 20), indicators.linear_regression(prices[-600:], 20)),
        (indicators.bollinger(prices, 20), indicators.bollinger(prices[-600:], 20)),
        (
            (indicators.correlation(prices, other, 20),),
            (indicators.correlation(prices[-600:], other[-600:], 20),),
        ),
    ):
        for mine, expected in zip(whole, alone, strict=True):
            np.testing.assert_allclose(mine[-500:], expected[-500:], rtol=1e-9, atol=1e-12)


def test_money_flow_of_large_volumes_leaves_nothing_behind() -> None:
    m = market(1, 5000)
    volume = m["volume"].copy()
    volume[:4000] *= 1e12
    whole = indicators.mfi(m["high"], m["low"], m["close"], volume, 14)
    alone = indicators.mfi(*(m[name][4000:] for name in ("high", "low", "close", "volume")), 14)
    np.testing.assert_allclose(whole[-900:], alone[-900:], rtol=1e-12)


def test_deviation_of_close_prices_at_a_high_level() -> None:
    """Cents around 1e7: sums of squares of the prices themselves would have no digit of it right."""
    random = np.random.default_rng(3)
    steps = random.integers(-5, 6, 5000)
    found = indicators.rolling_std(1e7 + steps * 2.0**-7, 20)
    exact = indicators.rolling_std(steps * 2.0**-7, 20)
    np.testing.assert_allclose(found, exact, rtol=1e-12)


@pytest.mark.parametrize("period", [5, 20, 200])
def test_means_and_deviations_are_those_of_exact_arithmetic(period: int) -> None:
    prices = market(4, 700)["close"]
    mean, deviation = indicators.sma(prices, period), indicators.rolling_std(prices, period)
    for row in range(period - 1, 700, 13):
        window = [Fraction(price) for price in prices[row - period + 1 : row + 1].tolist()]
        exact = sum(window) / period
        variance = sum((price - exact) ** 2 for price in window) / period
        assert abs(mean[row] / float(exact) - 1.0) < 1e-15
        assert abs(deviation[row] ** 2 / float(variance) - 1.0) < 1e-12


@pytest.mark.parametrize("price", [0.1, 1.0 / 3.0, 123456.789])
def test_a_constant_price_is_its_own_mean_and_has_no_deviation(price: float) -> None:
    flat = np.full(200, price)
    for mean in (indicators.sma(flat, 7), indicators.wma(flat, 7), indicators.kama(flat, 7)):
        assert set(mean[~np.isnan(mean)].tolist()) == {price}
    assert set(indicators.rolling_std(flat, 7)[6:].tolist()) == {0.0}
    assert set(indicators.zscore(flat, 7)[6:].tolist()) == {0.0}
    assert set(indicators.linear_regression(flat, 7).slope[6:].tolist()) == {0.0}
    bands = indicators.bollinger(flat, 7)
    assert bands.upper[6:].tobytes() == bands.middle[6:].tobytes() == bands.lower[6:].tobytes()
    assert set(indicators.cci(flat, flat, flat, 7)[6:].tolist()) == {0.0}


def test_averages_of_a_flat_market_do_not_cross() -> None:
    """A price that does not move is the average from the first value on, whatever the period."""
    flat = np.full(300, 0.1)
    averages = [
        indicators.ema(flat, 5),
        indicators.ema(flat, 50),
        indicators.dema(flat, 9),
        indicators.tema(flat, 9),
    ]
    for average in averages:
        assert set(average[~np.isnan(average)].tolist()) == {0.1}
    for values in indicators.macd(flat):
        assert set(values[33:].tolist()) == {0.0}


@pytest.mark.parametrize("period", [2, 9, 50])
def test_averages_come_to_a_price_that_stays(period: int) -> None:
    """To the last bit, so that averages of different lengths are equal then."""
    walk = market(1, 500)["close"]
    prices = np.concatenate([walk, np.full(3000, walk[-1])])
    for average in (indicators.ema, indicators.dema, indicators.tema):
        assert set(average(prices, period)[-100:].tolist()) == {walk[-1]}
    assert np.abs(indicators.macd(prices, period, 2 * period).line[-100:]).max() < 1e-20


def test_an_average_follows_its_recursion_in_exact_arithmetic() -> None:
    prices = market(2, 700)["close"]
    share = Fraction(2, 11)
    exact = sum(Fraction(price) for price in prices[:10].tolist()) / 10
    found = indicators.ema(prices, 10)
    for row in range(10, 700):
        exact = Fraction(float(exact)) if row % 50 == 0 else exact  # or its digits become too many
        exact += share * (Fraction(prices[row]) - exact)
        assert abs(found[row] / float(exact) - 1.0) < 1e-15


def test_averages_forget_large_prices() -> None:
    prices = large_then_small()[-3000:]
    after = indicators.ema(prices, 5)[-500:]
    np.testing.assert_allclose(after, indicators.ema(prices[-900:], 5)[-500:], rtol=1e-14)


def test_extremes_take_constant_time_per_value() -> None:
    """In a falling column the maximum leaves the window at each row: to search it again takes 4e10 steps."""
    falling = np.arange(400_000, 0, -1.0)
    period = 200_000
    assert indicators.rolling_max(falling, period)[-1] == period
    assert indicators.rolling_min(falling, period)[-1] == 1.0
