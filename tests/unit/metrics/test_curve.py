"""One pass over a curve, in blocks of any size, against plain loops, to the last bit."""

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from btcore import metrics
from btcore.metrics.curve import RunningCurve, lane_sums

STEP = 10**9
values = st.one_of(
    st.integers(-3, 12).map(float),
    st.floats(0.5, 1e7),
    st.floats(allow_nan=False, allow_infinity=False, min_value=-1e300, max_value=1e300),
)
curves = st.lists(st.tuples(values, st.integers(1, 90)), min_size=1, max_size=12)  # runs of one equity


def plain(ts, equity):
    """(mean, lowest, worst fall, longest fall) by the words of docs/metrics.md."""
    lanes, peak, worst, at, under, longest = [0.0] * 8, -math.inf, 0.0, 0, False, 0
    for i, e in enumerate(equity):
        lanes[i % 8] += e
        under |= e < equity[at]
        if under:
            longest = max(longest, ts[i] - ts[at])
        if e >= equity[at]:
            at, under = i, False
        peak = max(peak, e)
        fall = (peak - e) / peak if peak else math.nan
        worst = fall if fall > worst or math.isnan(fall) else worst
        if math.isnan(worst):
            break
    a, b, c, d, e, f, g, h = lanes
    mean = ((a + b) + (c + d) + ((e + f) + (g + h))) / len(equity)
    return mean, min(equity) + 0.0, worst, longest


def known(curve):
    return curve.mean, curve.lowest, curve.max_drawdown, curve.max_drawdown_duration


def fed(ts, equity, cuts):
    curve = RunningCurve(ts[0], equity[0])
    edges = [1, *sorted(1 + cut % len(equity) for cut in cuts), len(equity)]
    for start, stop in pairwise(edges):
        part = equity[start:stop]
        if len(part) and len(set(part.tolist())) == 1 and start % 2:
            curve.hold(ts[start:stop], part[0])
        else:
            curve.extend(ts[start:stop], part)
    assert curve.count == len(equity)
    return known(curve)


def hexed(numbers):
    return [float(number).hex() for number in numbers]


@given(curves, st.lists(st.integers(0, 2000), max_size=9), st.integers(0, 2**32 - 1))
@example([(2.0, 90), (1.0, 90), (2.0, 90), (3.0, 1), (2.9, 1)], [], 0)
@example([(5e-324, 1), (1.5e-323, 3), (5e-324, 2)], [], 0)
def test_blocks_of_any_size_give_what_a_plain_loop_gives(runs, cuts, seed):
    equity = np.repeat(*map(np.array, zip(*runs, strict=True)))
    ts = np.cumsum(np.random.default_rng(seed).integers(0, 5, len(equity))) * STEP
    mean, lowest, worst, longest = plain(ts.tolist(), equity.tolist())
    values = fed(ts, equity, cuts)
    assert hexed(values) == hexed(fed(ts, equity, [])) == hexed(fed(ts, equity, range(1, len(equity))))
    if math.isnan(worst):
        assert math.isnan(values[0])
        assert math.isnan(values[2])
    else:
        assert hexed(values) == hexed([mean, lowest, worst, longest])
        assert metrics.max_drawdown(equity) == worst
        assert metrics.max_drawdown_duration(ts, equity) == longest


@given(st.integers(0, 2**32 - 1), st.integers(1, 3000), st.floats(1e-7, 0.2), st.floats(-3, 3))
def test_walks_give_what_a_plain_loop_gives(seed, size, swing, drift):
    rng = np.random.default_rng(seed)
    equity = 1e6 * np.exp(np.cumsum(rng.normal(drift * swing / 10, swing, size)))
    equity = np.round(equity, int(rng.integers(0, 9)))  # so that peaks are met again
    equity = np.where(rng.random(size) < 0.3, np.roll(equity, 1), equity) + 1.0
    ts = np.arange(size) * STEP
    values = fed(ts, equity, rng.integers(0, size, 6).tolist())
    assert hexed(values) == hexed(plain(ts.tolist(), equity.tolist()))
    assert np.max(metrics.drawdown(equity)) == values[2]


@given(st.lists(values, max_size=200), st.integers(0, 7))
def test_wide_instructions_give_the_same_bits(numbers, first):
    lanes, low, high = lane_sums(numbers, first)
    other, other_low, other_high = lane_sums(numbers, first, plain=True)
    assert lanes.tobytes() == other.tobytes()
    assert (low, high) == (other_low, other_high)
    expected = [0.0] * 8
    for i, number in enumerate(numbers):
        expected[(first + i) % 8] += number
    assert lanes.tolist() == expected
    assert (low, high) == (min(numbers, default=math.inf), max(numbers, default=-math.inf))


@pytest.mark.parametrize("odd", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("at", [0, 1, 7, 250, 299])
def test_a_point_that_is_not_finite_leaves_all_undefined(odd, at):
    equity = np.full(300, 100.0)
    equity[at] = odd
    ts = np.arange(300)
    for cuts in ([], [5, 200], range(1, 300)):
        mean, _, worst, _ = fed(ts, equity, cuts)
        assert math.isnan(mean)
        assert math.isnan(worst)
    curve = RunningCurve(0, 100.0)
    curve.hold(ts, odd)
    assert math.isnan(curve.mean)


def test_large_numbers_whose_sum_is_none_still_fall():
    equity = np.full(40, 1.7e308)
    equity[30] = 0.85e308
    assert metrics.max_drawdown(equity) == 0.5


def test_columns_of_different_lengths_are_refused():
    with pytest.raises(ValueError, match="2 values do not match 3 points"):
        RunningCurve(0, 1.0).extend([1, 2], [1.0, 2.0, 3.0])
    curve = RunningCurve(0, 1.0)
    curve.extend([], [])
    curve.hold([], 5.0)
    assert curve.count == 1
