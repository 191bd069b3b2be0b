"""`FloatRange`, `IntRange`, `LogUniform`, `Choice`: their values, and what they refuse."""

from itertools import pairwise

import msgspec
import numpy as np
import pytest

import btcore as bt
from btcore.research.search.ranges import Range

NAN, INF = float("nan"), float("inf")


@pytest.mark.parametrize(
    ("given", "values"),
    [
        (bt.FloatRange(0.1, 0.5, 0.1), [0.1, 0.2, 0.3, 0.4, 0.5]),
        (bt.FloatRange(-0.3, 0.3, step=0.15), [-0.3, -0.15, 0.0, 0.15, 0.3]),
        (bt.FloatRange(0, 1, 0.3), [0.0, 0.3, 0.6, 0.9]),  # 1 is not a whole number of steps from 0
        (bt.FloatRange(1e-5, 4e-5, 1e-5), [1e-5, 2e-5, 3e-5, 4e-5]),
        (bt.FloatRange(np.float64(1), np.int64(2), np.float32(0.5)), [1.0, 1.5, 2.0]),
        (bt.FloatRange(2, 2), [2.0]),
        (bt.FloatRange(2, 2, 5), [2.0]),
        (bt.LogUniform(3, 3), [3.0]),
        (bt.IntRange(1, 4), [1, 2, 3, 4]),
        (bt.IntRange(5, 50, 10), [5, 15, 25, 35, 45]),
        (bt.IntRange(np.int32(-2), 2.0, 2), [-2, 0, 2]),
        (bt.Choice(["sma", None, 3, 3.5, True]), ["sma", None, 3, 3.5, True]),
        (bt.Choice(np.arange(2)), [0, 1]),
        (bt.Choice([1, True, 1.0]), [1, True, 1.0]),
    ],
)
def test_values_in_order(given, values):
    found = given.grid_values()
    assert [found[i] for i in range(len(found))] == values
    assert [type(found[i]) for i in range(len(found))] == [type(value) for value in values]
    with pytest.raises(IndexError):
        found[len(values)]


@pytest.mark.parametrize("given", [bt.FloatRange(0, 1), bt.LogUniform(1, 2)])
def test_a_continuum_has_no_values_in_order(given):
    assert given.grid_values() is None


def test_steps_are_the_nearest_floats_to_the_decimals():
    values = bt.FloatRange(0.1, 1000, 0.1).grid_values()
    assert len(values) == 10_000
    assert [values[k] for k in range(10_000)] == [float(f"{(k + 1) / 10:.1f}") for k in range(10_000)]
    assert values[2] == 0.3 != 0.1 + 2 * 0.1


def test_values_of_a_range_are_not_stored():
    values = bt.IntRange(0, 2**52).grid_values()
    assert (len(values), values[2**51]) == (2**52 + 1, 2**51)
    steps = bt.FloatRange(0, 1e6, 1e-6).grid_values()
    assert (len(steps), steps[10**12 - 1]) == (10**12 + 1, 999999.999999)


@pytest.mark.parametrize(
    "given", [bt.FloatRange(-1e308, 1.5e308), bt.LogUniform(1e-300, 1e300), bt.LogUniform(0.1, 0.7)]
)
def test_shares_of_a_continuum_stay_within_its_bounds(given):
    shares = [0, 1e-17, 0.25, 0.5, 0.75, 1 - 2**-53, 1]
    numbers = [given.at(share) for share in shares]
    assert all(type(number) is float for number in numbers)
    assert all(a <= b for a, b in pairwise(numbers))
    assert (numbers[0], numbers[-1]) == pytest.approx((given.low, given.high), rel=1e-12)
    assert given.low <= numbers[0] <= numbers[-1] <= given.high


def test_half_of_the_logarithms_are_below_the_geometric_mean():
    assert bt.LogUniform(1e-4, 1e2).at(0.5) == pytest.approx(0.1)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: bt.FloatRange(2, 1), "low: 2.0 is above high 1.0"),
        (lambda: bt.FloatRange(NAN, 1), "low: nan is not a finite number"),
        (lambda: bt.FloatRange(0, INF), "high: inf is not a finite number"),
        (lambda: bt.FloatRange(0, 10**400), "high: 1000000"),
        (lambda: bt.FloatRange("0", 1), "low: '0' is not a number"),
        (lambda: bt.FloatRange(False, 1), "low: False is not a number"),
        (lambda: bt.FloatRange(0, 1, 0), "step: 0.0 is not above 0"),
        (lambda: bt.FloatRange(0, 1, -0.1), "step: -0.1 is not above 0"),
        (lambda: bt.FloatRange(0, 0.3, 0.4), "step: 0.4 is wider than the range from 0.0 to 0.3"),
        (lambda: bt.FloatRange(0, 1e300, 1e-300), "values are more than 9007199254740992"),
        (lambda: bt.IntRange(3, 2), "low: 3 is above high 2"),
        (lambda: bt.IntRange(1.5, 2), "low: 1.5 is not a whole number"),
        (lambda: bt.IntRange(1, True), "high: True is not a whole number"),
        (lambda: bt.IntRange(1, 2**63), "high: 9223372036854775808 is beyond 64 bits"),
        (lambda: bt.IntRange(0, 2**53), "values are more than"),
        (lambda: bt.IntRange(1, 5, 0), "step: 0 is not above 0"),
        (lambda: bt.IntRange(1, 5, 5), "step: 5 is wider than the range from 1 to 5"),
        (lambda: bt.LogUniform(0, 5), "low: 0.0 is not above 0"),
        (lambda: bt.LogUniform(5, 1), "low: 5.0 is above high 1.0"),
        (lambda: bt.Choice([]), "values: the list is empty"),
        (lambda: bt.Choice("abc"), "values: 'abc' is not a list of values"),
        (lambda: bt.Choice({"a": 1}), "is not a list of values"),
        (lambda: bt.Choice(5), "values: 5 is not a list of values"),
        (lambda: bt.Choice([1, 2, 1]), r"values\[2\]: 1 is there already, as values\[0\]"),
        (lambda: bt.Choice([[1], [1]]), r"values\[1\]: \[1\] is there already"),
    ],
)
def test_invalid_ranges_are_refused_with_the_field(make, message):
    with pytest.raises(bt.ConfigError, match=message):
        make()


def test_a_misspelt_field_gives_the_near_one():
    with pytest.raises(TypeError, match=r"FloatRange: unknown keyword 'stp' \(did you mean 'step'\?\)"):
        bt.FloatRange(0, 1, stp=1)


def test_ranges_are_values():
    assert bt.IntRange(1, 5) == bt.IntRange(1.0, 5, step=1)
    with pytest.raises(AttributeError, match="immutable"):
        bt.IntRange(1, 5).low = 2


@pytest.mark.parametrize(
    "given",
    [
        bt.FloatRange(0, 1),
        bt.FloatRange(0, 1, 0.1),
        bt.IntRange(1, 9, 2),
        bt.LogUniform(1, 2),
        bt.Choice([1, "a"]),
    ],
)
def test_ranges_are_a_union_by_kind_in_json(given):
    assert msgspec.json.decode(msgspec.json.encode(given), type=Range) == given
