"""CSCV equals a plain implementation, is about a half for noise, and falls near 0 for planted edges."""

from collections.abc import Callable
from itertools import combinations
from typing import Any

import numpy as np
import pytest
from scipy import stats

import btcore as bt
from btcore import ConfigError
from btcore.research.odds import overfitting


def plain_splits(returns: np.ndarray, blocks: int) -> list[tuple[int, float, float, float]]:
    """Choice, its ratios in both halves and its share, for every split, from the rows themselves."""
    cut = np.split(returns[len(returns) % blocks :], blocks)
    found = []
    for seen in combinations(range(blocks), blocks // 2):
        ratios = []
        for half in (seen, [i for i in range(blocks) if i not in seen]):
            rows = np.concatenate([cut[i] for i in half])
            deviation = rows.std(axis=0, ddof=1)
            ratios.append(
                np.where(deviation > 0, rows.mean(axis=0) / np.where(deviation > 0, deviation, 1), 0)
            )
        inside, outside = ratios
        best = int(np.argmax(inside))
        rank = stats.rankdata(outside)[best]
        found.append((best, inside[best], outside[best], rank / (returns.shape[1] + 1)))
    return found


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize(
    ("rows", "trials", "blocks"), [(8, 2, 4), (41, 3, 2), (65, 7, 6), (100, 30, 10), (128, 5, 16)]
)
def test_it_equals_the_plain_implementation(rows: int, trials: int, blocks: int, order: Any) -> None:
    generator = np.random.default_rng(rows)
    returns = generator.normal(1e-3, 0.01, (rows, trials)) * generator.uniform(0.1, 5, trials)
    returns[: rows // 2 + rows // blocks // 2, 1] = 0.0  # no position in the first half of the blocks
    found = bt.pbo(np.asarray(returns, order=order), blocks=blocks)
    best, inside, outside, share = map(np.array, zip(*plain_splits(returns, blocks), strict=True))
    assert np.array_equal(found.chosen, best)
    np.testing.assert_allclose(found.in_sample, inside, rtol=1e-11, atol=1e-14)
    np.testing.assert_allclose(found.out_of_sample, outside, rtol=1e-11, atol=1e-14)
    np.testing.assert_allclose(found.logits, np.log(share / (1 - share)), rtol=1e-12, atol=1e-14)
    assert found.pbo == np.mean(share <= 0.5)
    line = stats.linregress(inside, outside)
    assert (found.slope, found.intercept) == pytest.approx((line.slope, line.intercept), rel=1e-9)
    assert found.probability_of_loss == np.mean(outside < 0)
    assert found.rows_left_out == rows % blocks


def test_a_level_far_above_the_deviation_loses_no_digits() -> None:
    returns = np.random.default_rng(3).normal(5.0, 1e-6, (64, 4))
    found = bt.pbo(returns, blocks=8)
    plain = plain_splits(returns, 8)
    np.testing.assert_allclose(found.out_of_sample, [each[2] for each in plain], rtol=1e-8)
    assert found.pbo == np.mean([each[3] <= 0.5 for each in plain])


def test_noise_averages_a_half() -> None:
    generator = np.random.default_rng(17)
    found = [bt.pbo(generator.normal(0, 0.01, (480, 100))).pbo for _ in range(60)]
    assert 0.43 < np.mean(found) < 0.57
    assert 0.1 < np.std(found) < 0.25


def test_twenty_edges_in_two_hundred_bring_it_near_zero() -> None:
    generator = np.random.default_rng(18)
    returns = generator.normal(0, 0.01, (1000, 200))
    returns[:, :20] += 0.002
    found = bt.pbo(returns)
    assert found.pbo < 0.02
    assert found.probability_of_loss < 0.02
    assert len(found.logits) == 12_870


def test_equal_trials_share_their_ranks() -> None:
    column = np.random.default_rng(5).normal(0, 0.01, (64, 1))
    found = bt.pbo(np.repeat(column, 3, axis=1), blocks=8)
    assert set(found.chosen) == {0}  # the first of equals
    assert np.all(found.logits == 0.0)  # rank 2 of 3
    assert found.pbo == 1.0
    assert bt.pbo(np.repeat(column, 37, axis=1), blocks=8).pbo == 1.0


def test_trials_without_a_position_in_a_half_share_a_ratio_of_zero() -> None:
    returns = np.random.default_rng(11).normal(0, 0.01, (40, 3))
    returns[:20, 0] -= 0.1
    returns[:20, 1:] = 0.0
    returns[20:] += [0.0, 0.1, 0.2]
    found = bt.pbo(returns, blocks=2)
    # The first half chooses trial 1, of two with 0, which is the second in the other half. That chooses trial
    # 2, which is the second or third of three in the first half.
    assert found.chosen.tolist() == [1, 2]
    assert found.in_sample[0] == found.out_of_sample[1] == 0.0
    assert found.logits == pytest.approx(np.log([0.5 / 0.5, 0.625 / 0.375]))


def test_blocks_of_constant_returns_vary_from_block_to_block() -> None:
    returns = np.random.default_rng(12).normal(0, 0.01, (48, 3))
    returns[:, 1] = np.repeat([0.01, 0.02, -0.03, 0.05, 0.0, 0.0], 8)
    found = bt.pbo(returns, blocks=6)
    plain = plain_splits(returns, 6)
    assert found.chosen.tolist() == [each[0] for each in plain]
    assert set(found.chosen) == {0, 1}
    np.testing.assert_allclose(found.in_sample, [each[1] for each in plain], rtol=1e-11)


def test_the_number_of_splits_at_once_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    returns = np.random.default_rng(6).normal(0, 0.01, (100, 9))
    whole = bt.pbo(returns, blocks=10)
    for cells in (1, 100):
        monkeypatch.setattr(overfitting, "CELLS", cells)
        parts = bt.pbo(returns, blocks=10)
        for name in ("logits", "chosen", "in_sample", "out_of_sample"):
            assert np.array_equal(getattr(parts, name), getattr(whole, name)), name


def test_rows_that_do_not_fill_the_blocks_are_left_out_and_said() -> None:
    returns = np.random.default_rng(7).normal(0, 0.01, (103, 5))
    found = bt.pbo(returns, blocks=4)
    assert repr(found).endswith("5 trials, 6 splits of 4 blocks of 25 periods, the first 3 periods left out>")
    assert np.array_equal(found.logits, bt.pbo(returns[3:], blocks=4).logits)
    assert repr(bt.pbo(returns[3:], blocks=4)).endswith("of 25 periods>")


GOOD = np.random.default_rng(8).normal(0, 0.01, (64, 3))


def changed(place: Any, value: float) -> np.ndarray:
    returns = GOOD.copy()
    returns[place] = value
    return returns


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: bt.pbo(changed((5, 1), np.nan)), r"returns\[5, 1\]: nan is not a finite number"),
        (lambda: bt.pbo(changed((0, 2), np.inf)), r"returns\[0, 2\]: inf is not a finite number"),
        (
            lambda: bt.pbo(changed((slice(None), 1), 0.0)),
            r"returns\[:, 1\]: all 64 values are 0, so that a ratio",
        ),
        (
            lambda: bt.pbo(changed((slice(20, 60), 2), 1e-4), blocks=8),
            r"returns\[:, 2\]: all values in half of the blocks are 0.0001, so",
        ),
        (lambda: bt.pbo(GOOD[:, :1]), r"returns of shape \(64, 1\): 1 trial, not at least 2"),
        (lambda: bt.pbo(GOOD[:, 0]), r"returns of shape \(64, 1\): 1 trial, not at least 2"),
        (lambda: bt.pbo(GOOD[:31]), r"returns of shape \(31, 3\): 31 periods, not at least 32"),
        (lambda: bt.pbo(GOOD[None]), r"returns: 3 dimensions are not \(periods, trials\)"),
        (lambda: bt.pbo([[1, 2], [3]]), "returns: list is not an array of real numbers"),
        (lambda: bt.pbo([["a", "b"]]), "returns: list is not an array of real numbers"),
        (lambda: bt.pbo(GOOD * 1j), "returns: ndarray is not an array of real numbers"),
        (lambda: bt.pbo(None), r"returns: 0 dimensions are not \(periods, trials\)"),
        (lambda: bt.pbo(GOOD, blocks=7), "blocks: 7 is not even"),
        (lambda: bt.pbo(GOOD, blocks=0), "blocks: 0 is not a whole number of at least 2 and at most 20"),
        (lambda: bt.pbo(GOOD, blocks=22), "blocks: 22 is not a whole number"),
        (lambda: bt.pbo(GOOD, blocks=4.0), "blocks: 4.0 is not a whole number"),
    ],
)
def test_what_has_no_probability_is_refused(call: Callable[[], object], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        call()


def test_tables_of_other_packages_are_taken() -> None:
    pd = pytest.importorskip("pandas")
    pl = pytest.importorskip("polars")
    expected = bt.pbo(GOOD, blocks=4).pbo
    assert bt.pbo(pd.DataFrame(GOOD), blocks=4).pbo == expected
    assert bt.pbo(pl.DataFrame(GOOD), blocks=4).pbo == expected
