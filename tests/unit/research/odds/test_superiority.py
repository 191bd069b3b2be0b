"""Reality check and SPA equal a direct implementation, are uniform without skill, and find an edge."""

from collections.abc import Callable
from math import log, sqrt

import numpy as np
import pytest

import btcore as bt
from btcore import ConfigError
from btcore.research.odds.bootstrap import stationary_indices
from btcore.research.odds.superiority import _deviations, both_tests


def plain_deviation(column: np.ndarray, block: float) -> float:
    """Hansen's estimate, written as in the paper."""
    n, q = len(column), 1 / block
    x = column - column.mean()
    total = x @ x / n
    for i in range(1, n):
        kernel = (n - i) / n * (1 - q) ** i + i / n * (1 - q) ** (n - i)
        total += 2 * kernel * (x[: n - i] @ x[i:]) / n
    return sqrt(total)


def plain_tests(d: np.ndarray, block: float, resamples: int, seed: int) -> tuple[float, float, float, float]:
    """p-values of the reality check and of the SPA (lower, consistent, upper), one resample at a time."""
    n = len(d)
    mean = d.mean(axis=0)
    w = np.array([plain_deviation(column, block) for column in d.T])
    statistic = max(0.0, float((sqrt(n) * mean / w).max()))
    limit = -w * sqrt(2 * log(log(n)) / n)
    centres = [np.maximum(mean, 0), np.where(mean >= limit, mean, 0), mean]
    counts = np.zeros(4)
    for row in stationary_indices(n, resamples, block=block, seed=seed):
        drawn = d[row].mean(axis=0)
        counts[0] += (drawn - mean).max() >= mean.max()
        for i, centre in enumerate(centres, 1):
            counts[i] += max(0.0, float((sqrt(n) * (drawn - centre) / w).max())) >= statistic
    white, lower, consistent, upper = counts / resamples
    return white, lower, consistent, upper


@pytest.mark.parametrize("n", [10, 61, 128])
@pytest.mark.parametrize("block", [1, 3.7])
def test_the_deviation_equals_the_sum_of_the_paper(n: int, block: float) -> None:
    returns = np.random.default_rng(n).normal(0.3, 1, (n, 4)).cumsum(axis=0)
    expected = [plain_deviation(column, block) for column in returns.T]
    np.testing.assert_allclose(_deviations(returns, block), expected, rtol=1e-10)


def test_the_deviation_is_that_of_the_resampled_mean() -> None:
    returns = np.random.default_rng(1).normal(0, 1, 80).cumsum()
    means = returns[stationary_indices(80, 20_000, block=6, seed=9)].mean(axis=1)
    assert _deviations(returns[:, None], 6.0)[0] == pytest.approx(sqrt(80) * means.std(), rel=0.02)


@pytest.mark.parametrize("seed", range(4))
def test_they_equal_the_direct_implementation(seed: int) -> None:
    generator = np.random.default_rng(seed)
    levels = np.array([0.0, 0.15, -0.1, -0.5, -2.0, 0.1])
    returns = levels + generator.normal(0, 1, (90, 6)) * [1, 1, 0.3, 1, 1, 3]
    benchmark = generator.normal(0, 0.5, 90)
    white, *hansen = plain_tests(returns - benchmark[:, None], 4.0, 300, seed)
    assert bt.reality_check(returns, benchmark, resamples=300, block=4, seed=seed).p_value == white
    test = bt.spa(returns, benchmark, resamples=300, block=4, seed=seed)
    assert [test.lower, test.consistent, test.upper] == hansen
    assert test.p_value == test.consistent
    assert test.lower <= test.consistent <= test.upper


def test_poor_trials_raise_only_the_upper_p_value() -> None:
    generator = np.random.default_rng(2)
    good = generator.normal(0.1, 1, (200, 5))
    poor = generator.normal(-1, 1, (200, 300))
    alone, both = bt.spa(good), bt.spa(np.hstack([good, poor]))
    assert both.consistent == pytest.approx(alone.consistent, abs=0.02)
    assert both.upper > alone.upper + 0.1
    # White's is raised likewise, and by trials with a larger deviation.
    assert bt.reality_check(np.hstack([good, poor])).p_value > bt.reality_check(good).p_value + 0.1
    assert bt.reality_check(np.hstack([good, 3 * poor])).p_value > 0.9


def test_the_p_values_of_trials_without_skill_are_uniform() -> None:
    generator = np.random.default_rng(3)
    found = []
    for seed in range(250):
        noise = generator.normal(0, 0.01, (250, 20))
        check, test = both_tests(noise, None, resamples=200, block=2, seed=seed)
        found.append((check.p_value, test.consistent, test.upper))
    p = np.array(found)
    assert p.mean(axis=0) == pytest.approx(np.full(3, 0.5), abs=0.06)
    for level in (0.1, 0.25, 0.5, 0.75):
        assert np.mean(p <= level, axis=0) == pytest.approx(np.full(3, level), abs=0.09)


def test_blocks_keep_dependent_trials_without_skill_from_being_found_superior() -> None:
    generator = np.random.default_rng(4)
    found = []
    for seed in range(150):
        noise = generator.normal(0, 0.01, (800, 10))
        for i in range(1, len(noise)):
            noise[i] += 0.4 * noise[i - 1]
        found.append([bt.spa(noise, resamples=200, block=block, seed=seed).p_value for block in (1, 15)])
    rows, blocks = np.mean(np.array(found) <= 0.1, axis=0)
    assert rows > 0.4
    assert blocks < 0.2


def test_a_planted_edge_is_found() -> None:
    returns = np.random.default_rng(5).normal(0, 0.01, (1000, 100))
    returns[:, 42] += 0.002
    test, check = bt.spa(returns), bt.reality_check(returns)
    assert test.upper < 0.005
    assert check.p_value < 0.005
    assert test.best == check.best == 42
    against = bt.spa(returns, returns[:, 42] + np.random.default_rng(6).normal(0, 0.001, 1000))
    assert against.consistent > 0.2  # nothing beats the edge itself


def test_chunks_change_no_p_value() -> None:
    returns = np.random.default_rng(7).normal(0.0005, 0.01, (120, 37))
    whole = both_tests(returns, None, resamples=250, block=None, seed=1)
    for cells, columns in ((1, 1), (1000, 5), (10**6, 36)):
        parts = both_tests(returns, None, resamples=250, block=None, seed=1, cells=cells, columns=columns)
        assert parts[0].p_value == whole[0].p_value
        assert (parts[1].lower, parts[1].consistent, parts[1].upper) == (
            whole[1].lower, whole[1].consistent, whole[1].upper,
        )  # fmt: skip
        assert (parts[0].best, parts[1].best) == (whole[0].best, whole[1].best)


def test_the_seed_is_all_that_is_random() -> None:
    returns = np.random.default_rng(8).normal(0.0005, 0.01, (120, 30))
    assert bt.spa(returns, seed=3) == bt.spa(returns, seed=3)
    assert bt.spa(returns, seed=3) != bt.spa(returns, seed=4)
    assert bt.spa(returns).block == pytest.approx(120 ** (1 / 3))


def test_they_show_the_p_values() -> None:
    returns = np.random.default_rng(9).normal(0, 0.01, (300, 1))
    shown = repr(bt.spa(returns + 0.01))
    assert shown == (
        "<SPA: p below 0.001 (lower below 0.001, upper below 0.001) for the best of 1 trial over 300 periods>"
    )
    check = bt.reality_check(returns, resamples=10)
    assert (
        repr(check) == f"<RealityCheck: p {check.p_value:.3f} for the best mean of 1 trial over 300 periods>"
    )


GOOD = np.random.default_rng(10).normal(0, 0.01, (60, 3))
FLAT = GOOD * [1, 0, 1]


@pytest.mark.parametrize("function", [bt.spa, bt.reality_check])
@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda f: f(np.where(GOOD[4, 1] == GOOD, np.nan, GOOD)),
            r"returns\[4, 1\]: nan is not a finite number",
        ),
        (lambda f: f(FLAT), r"returns\[:, 1\]: all 60 values are 0, so that a ratio to their deviation"),
        (lambda f: f(GOOD[:9]), r"returns of shape \(9, 3\): 9 periods, not at least 10"),
        (lambda f: f(GOOD[:, :0]), r"returns of shape \(60, 0\): 0 trials, not at least 1"),
        (lambda f: f(GOOD, GOOD[:50, 0]), "benchmark: 50 returns for 60 periods"),
        (lambda f: f(GOOD, GOOD), "benchmark: 2 dimensions are not 1"),
        (lambda f: f(GOOD, GOOD[:, 0] * np.nan), r"benchmark\[0\]: nan is not a finite number"),
        (
            lambda f: f(1e4 * GOOD, 1e4 * GOOD[:, 2] + 0.1),
            r"returns - benchmark\[:, 2\]: all 60 values are -0.1",
        ),
        (lambda f: f(GOOD, resamples=0), "resamples: 0 is not a whole number of at least 1"),
        (lambda f: f(GOOD, block=31), "block: 31 is not from 1 to 30, half of the periods"),
        (lambda f: f(GOOD, seed=1.5), "seed: 1.5 is not a whole number of at least 0"),
    ],
)
def test_what_cannot_be_tested_is_refused(
    function: Callable[..., object], call: Callable[[Callable[..., object]], object], message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        call(function)


def test_the_column_of_an_error_counts_from_the_first_of_all() -> None:
    with pytest.raises(ConfigError, match=r"returns\[:, 1\]"):
        both_tests(FLAT, None, resamples=10, block=1, seed=0, columns=1)
