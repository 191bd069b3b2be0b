"""Draws over round trips and period returns: seeds, blocks, and cases with a known answer."""

from itertools import islice

import numpy as np
import pytest

import btcore as bt
from btcore.metrics import max_drawdown, sharpe_ratio
from btcore.research.odds.bootstrap import stationary_rows
from btcore.research.stress.resampling import (
    band,
    resampled_bands,
    skipped_bands,
    trips_left_out,
)


def drawn(size: int, block: float, draws: int, seed: int) -> np.ndarray:
    return np.array([*islice(stationary_rows(size, block, seed), draws)])


RETURNS = np.random.default_rng(3).normal(0.001, 0.01, 250)


def test_the_same_seed_draws_the_same_rows() -> None:
    one, other, third = (drawn(50, 5, 20, seed) for seed in (1, 1, 2))
    assert one.tolist() == other.tolist()
    assert one.tolist() != third.tolist()
    assert one.shape == (20, 50)
    assert one.min() >= 0
    assert one.max() <= 49


def test_more_draws_begin_with_the_same_ones() -> None:
    few, many = (drawn(30, 4, n, 0) for n in (3, 9))
    assert many[:3].tolist() == few.tolist()


def test_blocks_have_the_mean_length_and_wrap_around() -> None:
    rows = drawn(1000, 20, 200, 0)
    follows = (rows[:, 1:] - rows[:, :-1]) % 1000 == 1
    # A place begins a block with probability 1/20; a new block continues the last by chance once in 1000.
    assert 1 - follows.mean() == pytest.approx(1 / 20, rel=0.03)
    assert (rows[:, 1:][follows] < rows[:, :-1][follows]).any()  # from the last row to the first


def test_every_row_is_drawn_equally_often() -> None:
    counts = np.bincount(drawn(20, 3, 5000, 0).ravel(), minlength=20)
    assert counts == pytest.approx(5000, rel=0.06)


def test_blocks_of_one_are_independent_draws() -> None:
    rows = drawn(10, 1, 3000, 0)
    follows = (rows[:, 1:] - rows[:, :-1]) % 10 == 1
    assert follows.mean() == pytest.approx(0.1, abs=0.01)


def test_equal_returns_have_a_band_without_width() -> None:
    total, sharpe, drawdown = resampled_bands(np.full(10, 0.01), None, 252, block=2, draws=9, seed=0)
    grown = 100 * (1.01**10 - 1)
    assert total[1:] == pytest.approx([grown] * 6)
    assert np.isnan(sharpe.as_run) or sharpe.as_run > 1e6  # no deviation but that of rounding
    assert drawdown[1:] == pytest.approx([0] * 6)


def test_the_figures_of_the_run_are_those_of_its_returns() -> None:
    rates = np.full(250, 0.0001)
    total, sharpe, drawdown = resampled_bands(RETURNS, rates, 252, block=5, draws=3, seed=0)
    worth = np.append(1, np.cumprod(1 + RETURNS))
    assert total.as_run == pytest.approx(100 * (worth[-1] - 1))
    assert sharpe.as_run == pytest.approx(sharpe_ratio(RETURNS, rates, 252))
    assert drawdown.as_run == pytest.approx(100 * abs(max_drawdown(worth)))
    assert drawdown.as_run > 0


def test_a_band_of_independent_draws_is_as_wide_as_theory_says() -> None:
    # The log of the final worth is a sum of 250 independent draws.
    total, *_ = resampled_bands(RETURNS, None, 252, block=1, draws=4000, seed=0)
    logs = np.log1p(RETURNS)
    middle, width = logs.sum(), 1.6449 * logs.std() * np.sqrt(250)
    assert np.log1p(np.array([total.p5, total.p50, total.p95]) / 100) == pytest.approx(
        [middle - width, middle, middle + width], abs=0.02
    )


def test_quantiles_leave_out_what_is_undefined() -> None:
    assert band("x", 1, [1, 2, 3, np.nan, np.inf])[1:] == (
        1,
        pytest.approx(1.1),
        1.5,
        2,
        2.5,
        pytest.approx(2.9),
    )
    assert np.isnan(band("x", np.nan, [np.nan])[1:]).all()


@pytest.mark.parametrize(("trips", "share", "left"), [(1, 0.1, 1), (10, 0.1, 1), (26, 0.1, 3), (3, 0.99, 3)])
def test_the_number_left_out_is_the_nearest_and_at_least_one(trips: int, share: float, left: int) -> None:
    assert trips_left_out(trips, share) == left


def test_each_trip_is_left_out_equally_often() -> None:
    # One of two, which earn 10 and -20: half of the draws each.
    total, equity = skipped_bands(np.array([10.0, -20.0]), 100, 90, share=0.5, draws=4000, seed=0)
    assert (equity.p5, equity.p25, equity.p75, equity.p95) == (80, 80, 110, 110)
    assert (total.as_run, total.p5, total.p95) == (pytest.approx(-10), pytest.approx(-20), pytest.approx(10))


def test_all_trips_left_out_leave_what_is_not_a_trip() -> None:
    _, equity = skipped_bands(np.array([10.0, -20.0, 3.0]), 100, 95, share=0.9, draws=5, seed=0)
    assert equity[1:] == (95, 102, 102, 102, 102, 102)


BARS = bt.sample_bars("AAPL", "2022-01-01", "2024-01-01", "1d")


def stresses(seed: int, **terms: object) -> tuple[object, ...]:
    return bt.ladder({"AAPL": BARS}, "rsi", seed=seed, draws=50, progress=False, **terms).stresses  # type: ignore[arg-type]


def test_a_ladder_with_the_same_seed_has_the_same_bands() -> None:
    assert stresses(4) == stresses(4)
    one, other = stresses(4), stresses(5)
    assert one[:2] == other[:2]
    assert one[2:] != other[2:]


def test_the_bands_of_a_ladder_are_those_of_its_last_step() -> None:
    rate = 0.03
    ladder = bt.ladder({"AAPL": BARS}, "rsi", draws=20, progress=False, risk_free=rate)
    metrics = ladder.result.metrics
    total, sharpe, _ = ladder.stresses[3].bands
    assert total.as_run == pytest.approx(metrics["total_return"])
    assert sharpe.as_run == pytest.approx(metrics["sharpe_ratio"])
    assert ladder.stresses[2].bands[1].as_run == metrics["final_equity"]


def test_a_run_without_trips_and_with_one_return_has_no_bands() -> None:
    one = bt.Bars(
        BARS.timestamp[:1], *(c[:1] for c in (BARS.open, BARS.high, BARS.low, BARS.close)), interval="1d"
    )
    ladder = bt.ladder({"AAPL": one}, "rsi", progress=False)
    reasons = [stress.reason for stress in ladder.stresses[2:]]
    assert reasons == ["the last step has no round trip", "1 returns by point; 2 are needed"]
    assert "returns resampled: 1 returns by point" in repr(ladder)
