"""Quantities by risk and volatility, and Kelly's fraction; values are worked out in comments."""

from collections.abc import Callable
from math import inf, nan

import pytest

from btcore import ConfigError, sizing


def test_a_stop_distance_risks_the_money() -> None:
    # 100 / |50 - 48| = 50; of a contract with multiplier 10: 5.
    assert sizing.by_stop(100, 50, 48) == 50
    assert sizing.by_stop(100, 48, 50) == 50
    assert sizing.by_stop(100, 50, 48, multiplier=10) == 5


def test_lots_are_rounded_down() -> None:
    # 100 / 3 = 33.33; in lots of 10: 30. 100 * 0.29 / 1 = 29 is 29 lots of 1 in spite of rounding.
    assert sizing.by_stop(100, 10, 7, lot_size=10) == 30
    assert sizing.by_stop(0.29, 0.02, 0.01, lot_size=1) == 29
    assert sizing.by_stop(1, 10, 7, lot_size=1) == 0


def test_volatility_is_brought_to_the_target() -> None:
    # 100,000 * 0.10 / 0.20 = 50,000 of value, at 25: 2,000.
    assert sizing.by_volatility(100_000, 0.10, 0.20, 25) == 2000
    assert sizing.by_volatility(100_000, 0.10, 0.20, 25, multiplier=50, lot_size=1) == 40
    assert sizing.by_volatility(100_000, 0.10, 0.20, -25) == 2000


def test_kelly() -> None:
    # 0.6 - 0.4 / 1 = 0.2; 0.5 - 0.5 / 2 = 0.25; against: 0.4 - 0.6 / 1 = -0.2.
    assert sizing.kelly(0.6, 1) == pytest.approx(0.2)
    assert sizing.kelly(0.5, 2) == 0.25
    assert sizing.kelly(0.4, 1) == pytest.approx(-0.2)
    # 0.08 / 0.2 ** 2 = 2
    assert sizing.kelly_of_returns(0.08, 0.2) == pytest.approx(2.0)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: sizing.by_stop(100, 50, 50), "by_stop: entry and stop are both 50"),
        (lambda: sizing.by_stop(0, 50, 48), "by_stop: risk 0 is not above 0"),
        (lambda: sizing.by_stop(nan, 50, 48), "by_stop: risk nan is not a finite number"),
        (lambda: sizing.by_stop(100, inf, 48), "by_stop: entry inf is not a finite number"),
        (lambda: sizing.by_stop(100, 50, None), "by_stop: stop None is not a finite number"),
        (lambda: sizing.by_stop(100, 50, 48, lot_size=-1), "by_stop: lot_size -1 is below 0"),
        (lambda: sizing.by_stop(1e308, 1, 1 - 1e-16, multiplier=1e-9), "quantity inf is not a finite number"),
        (lambda: sizing.by_volatility(1e5, 0.1, 0, 25), "by_volatility: volatility 0 is not above 0"),
        (lambda: sizing.by_volatility(1e5, 0.1, 0.2, 0), "by_volatility: price 0 has no quantity"),
        (lambda: sizing.kelly(1.2, 1), "kelly: win_rate 1.2 is not between 0 and 1"),
        (lambda: sizing.kelly(0.5, 0), "kelly: payoff 0 is not above 0"),
        (lambda: sizing.kelly_of_returns(0.1, 0), "kelly_of_returns: deviation 0 is not above 0"),
    ],
)
def test_what_has_no_size_is_refused(call: Callable[[], float], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        call()
