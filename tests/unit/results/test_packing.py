"""Packed columns of a chart give back the same prices and times."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from btcore.results.charts.market import Prices
from btcore.results.charts.packing import packed_prices, packed_times, unpacked


@given(
    st.lists(st.integers(-(10**6), 10**6), max_size=30),
    st.integers(0, 6),
    st.integers(0, 10**15),
    st.sampled_from([1, 1000, 10**9]),
)
def test_decimal_prices_and_times_come_back_as_they_are(
    whole: list[int], decimals: int, origin: int, unit: int
) -> None:
    close = np.array(whole, np.float64) / 10.0**decimals
    opened = np.concatenate([close[:1], close[:-1]])
    start = origin + unit * np.cumsum(np.arange(len(whole)))
    high, low = np.maximum(opened, close), np.minimum(opened, close)
    prices = Prices("A", "bars", 1, start, start + unit, opened, high, low, close, None)
    packed = packed_prices(prices)
    found = unpacked(packed)
    assert packed["open"].dtype == np.int32
    for name in ("open", "high", "low", "close"):
        np.testing.assert_array_equal(found[name], getattr(prices, name))
    np.testing.assert_allclose(found["start"], start / 1e6, rtol=0, atol=1e-6)
    np.testing.assert_allclose(found["end"], (start + unit) / 1e6, rtol=0, atol=1e-6)


@pytest.mark.parametrize("scale", [1e-12, 1e-3, 1.0, 1e5, 1e8, 1e9, 1e12])
def test_other_prices_keep_eight_digits(scale: float) -> None:
    value = scale * np.random.default_rng(4).uniform(0.5, 1.0, 1000)
    time = np.arange(1000)
    found = unpacked(packed_prices(Prices("A", "trades", 1, time, time, value, value, value, value, None)))
    np.testing.assert_allclose(found["close"], value, rtol=2e-9 if scale <= 1e9 else 0)


def test_irregular_ticks_over_years_are_right_to_the_microsecond() -> None:
    time = np.array([1, 10**17 + 7, 3 * 10**17 + 1_234_567], np.int64)
    packed = packed_times(time, time)
    found = packed["origin"] + np.cumsum(packed["time"]) * packed["unit"]
    np.testing.assert_allclose(found, time / 1e6, rtol=0, atol=1e-3)
