"""Splits, ranks and statistics counted by hand, and the numbers that the papers print."""

from math import log, sqrt

import numpy as np
import pytest
from moments import returns_with

import btcore as bt
from btcore.research.odds.sharpe import expected_maximum


def test_two_blocks_by_hand() -> None:
    # Trial A has the mean 2 and then -2, B 1 and then 2; deviations are sqrt(2), and sqrt(8) of B's second
    # block. Sharpe ratios: A 2 / 1.4142 = 1.4142, then -1.4142; B 0.7071, then 2 / 2.8284 = 0.7071. Block 1
    # chooses A, which is the lowest of two in block 2; block 2 chooses B, the lowest in block 1. Both ranks
    # are 1 of 2: w = 1 / 3, the logit is log(0.5).
    found = bt.pbo(np.array([[1.0, 0.0], [3.0, 2.0], [-3.0, 0.0], [-1.0, 4.0]]), blocks=2)
    assert found.pbo == 1.0
    assert found.chosen.tolist() == [0, 1]
    assert found.logits == pytest.approx([log(0.5)] * 2)
    assert found.in_sample == pytest.approx([sqrt(2), sqrt(0.5)])
    assert found.out_of_sample == pytest.approx([-sqrt(2), sqrt(0.5)])
    # From 1.4142 to 0.7071 the other half rises from -1.4142 to 0.7071: the slope is 2.1213 / -0.7071 = -3,
    # and 0.7071 + 3 * 0.7071 = 2.8284.
    assert (found.slope, found.intercept) == pytest.approx((-3.0, 4 * sqrt(0.5)))
    assert found.probability_of_loss == 0.5
    assert (found.rows, found.rows_left_out, found.trials) == (2, 0, 2)


def test_four_blocks_by_hand() -> None:
    # The two returns of a block are its mean - 1 and + 1. Two blocks with means a and b have the mean (a + b)
    # / 2 and the squares 4 + (a - b)**2 around it, which are divided by 3.
    means = np.array([[2, 1, 0], [2, 1, 0], [0, 1, -1], [0, 1, 3]], float)
    returns = np.repeat(means, 2, axis=0) + np.tile([[-1.0], [1.0]], (4, 1))
    # Blocks       1 2     1 3     1 4     2 3     2 4     3 4
    # A          1.732   0.612   0.612   0.612   0.612   0
    # B          0.866   0.866   0.866   0.866   0.866   0.866
    # C          0      -0.387   0.721  -0.387   0.721   0.387
    # chosen         A       B       B       B       B       B
    # elsewhere  0       0.866   0.866   0.866   0.866   0.866   in blocks 3 4, 2 4, 2 3, 1 4, 1 3, 1 2
    # rank there     1       3       3       3       3       2
    # w            1/4     3/4     3/4     3/4     3/4     1/2
    found = bt.pbo(returns, blocks=4)
    third = log(3.0)
    assert found.chosen.tolist() == [0, 1, 1, 1, 1, 1]
    assert found.logits == pytest.approx([-third, third, third, third, third, 0.0])
    assert found.pbo == 2 / 6  # a logit of 0 counts
    ratio = 1 / sqrt(4 / 3)
    assert found.in_sample == pytest.approx([2 / sqrt(4 / 3)] + [ratio] * 5)
    assert found.out_of_sample == pytest.approx([0.0] + [ratio] * 5)
    assert found.probability_of_loss == 0.0
    assert found.slope == pytest.approx(-1.0)  # 0.866 more where it is seen, 0.866 less elsewhere


def test_the_statistics_of_superiority_by_hand() -> None:
    # Means 1 and -1 with population deviations 1 and 2: blocks of one row make the variance of sqrt(n) * mean
    # that of the returns. sqrt(10) * 1 / 1 = 3.1623; the plain statistic is sqrt(10) * 1 too.
    returns = np.tile([[0.0, 1.0], [2.0, -3.0]], (5, 1))
    assert bt.spa(returns, block=1).statistic == pytest.approx(sqrt(10))
    assert bt.reality_check(returns, block=1).statistic == pytest.approx(sqrt(10))
    # Against a benchmark of -2 the means are 3 and 1, over 1 and 2.
    against = np.full(10, -2.0)
    assert bt.spa(returns, against, block=1).statistic == pytest.approx(3 * sqrt(10))
    # The other way round no trial is above the benchmark: nothing speaks against it.
    none = bt.spa(-returns[:, :1], block=1)
    assert (none.statistic, none.lower, none.consistent, none.upper) == (0.0, 1.0, 1.0, 1.0)


# Bailey, López de Prado, The Deflated Sharpe Ratio (2014), numerical example: a Sharpe ratio of 2.5 a year
# from 1,250 daily returns, 250 a year, with skew -3 and kurtosis 10, the best of trials with a variance of
# 1/2 a year. A kurtosis of 10 is the least that a skew of -3 allows, that of returns with two values.
YEAR = 250
TWO_VALUES = np.where(np.arange(1250) < 105, -1.0, 0.0)


def test_the_deflated_sharpe_ratio_of_the_paper() -> None:
    values = TWO_VALUES - TWO_VALUES.mean()
    returns = values / values.std(ddof=1) + 2.5 / sqrt(YEAR)
    found = bt.deflated_sharpe(returns, trials=100, variance=0.5 / YEAR)
    assert (found.skew, found.kurtosis) == pytest.approx((-3, 10), abs=0.004)
    assert found.sharpe == pytest.approx(2.5 / sqrt(YEAR))
    assert found.threshold == pytest.approx(0.1132, abs=5e-5)  # printed in the paper
    assert found.probability == pytest.approx(0.9004, abs=1e-4)  # printed in the paper
    fewer = bt.deflated_sharpe(returns, trials=46, variance=0.5 / YEAR)
    assert fewer.probability == pytest.approx(0.9505, abs=1e-4)  # the paper: 46 trials would have passed 95 %
    normal = bt.deflated_sharpe(returns_with(1250, 2.5 / sqrt(YEAR), 0, 3), trials=88, variance=0.5 / YEAR)
    assert normal.probability == pytest.approx(
        0.9505, abs=5e-5
    )  # the paper: 88 trials, if returns were normal


@pytest.mark.parametrize(("trials", "expected"), [(10, 1.5746), (100, 2.5306), (1000, 3.2551)])
def test_the_expected_maximum_by_hand(trials: int, expected: float) -> None:
    # 0.4227843 * Z(1 - 1/N) + 0.5772157 * Z(1 - 1/(N e)): 10: 0.4227843 * 1.2815516 + 0.5772157 * 1.7891969,
    # and so on
    assert expected_maximum(trials, 1.0) == pytest.approx(expected, abs=5e-5)
    assert expected_maximum(trials, 0.25) == pytest.approx(expected / 2, abs=5e-5)


def test_the_probabilistic_sharpe_ratio_of_the_paper() -> None:
    # Bailey, López de Prado, The Sharpe Ratio Efficient Frontier (2012): 24 monthly returns with a Sharpe
    # ratio of 0.458, skew -2.448 and kurtosis 10.164 are above 0 with the probability 0.913, and with 0.982
    # if they were normal.
    psr = bt.metrics.probabilistic_sharpe_ratio
    assert psr(returns_with(24, 0.458, -2.448, 10.164)) == pytest.approx(0.913, abs=5e-4)
    assert psr(returns_with(24, 0.458, 0, 3)) == pytest.approx(0.982, abs=5e-4)


@pytest.mark.parametrize(
    ("periods", "skew", "kurtosis", "years"),
    [(250, 0, 3, 2.73), (52, 0, 3, 2.83), (12, 0, 3, 3.24), (12, -0.72, 5.78, 4.99)],
)
def test_the_track_records_of_the_paper(periods: int, skew: float, kurtosis: float, years: float) -> None:
    # The same paper, minimum track record length: 2 a year to be above 1 with 95 %, daily, weekly and monthly
    # returns, and monthly ones of hedge funds.
    returns = returns_with(60, 2 / sqrt(periods), skew, kurtosis)
    found = bt.min_track_record_length(returns, 1 / sqrt(periods))
    assert found.needed is not None
    assert found.needed / periods == pytest.approx(years, abs=0.005)
