"""Indices of the stationary bootstrap: geometric lengths, uniform starts, and chunks change nothing."""

import numpy as np
import pytest

from btcore import ConfigError
from btcore.research.odds.bootstrap import resample_counts, stationary_indices


@pytest.mark.parametrize("block", [1, 2.5, 10])
def test_the_lengths_of_blocks_are_geometric(block: float) -> None:
    periods = 5000
    indices = stationary_indices(periods, 40, block=block, seed=1)
    lengths = []
    for row in indices:
        breaks = np.flatnonzero(row[1:] != (row[:-1] + 1) % periods) + 1
        lengths.append(np.diff(breaks))  # whole blocks: neither the first nor the last
    found = np.concatenate(lengths)
    q = 1 / block
    assert found.mean() == pytest.approx(block, rel=0.03)
    for length in range(1, 6):
        assert np.mean(found == length) == pytest.approx(q * (1 - q) ** (length - 1), abs=0.012)


def test_every_row_is_as_likely_and_the_first_follows_the_last() -> None:
    indices = stationary_indices(20, 20_000, block=5, seed=2)
    assert indices.shape == (20_000, 20)
    assert indices.dtype == np.int64
    for place in (0, 7, 19):
        shares = np.bincount(indices[:, place], minlength=20) / 20_000
        assert shares == pytest.approx(np.full(20, 0.05), abs=0.008)
    after_the_last = indices[:, 1:][indices[:, :-1] == 19]
    assert np.mean(after_the_last == 0) == pytest.approx(1 - 0.2 * 0.95, abs=0.02)


def test_equal_seeds_give_equal_resamples_in_any_chunk() -> None:
    many = stationary_indices(50, 300, block=4, seed=3)
    assert np.array_equal(many[:100], stationary_indices(50, 100, block=4, seed=3))
    assert not np.array_equal(many, stationary_indices(50, 300, block=4, seed=4))
    expected = np.array([np.bincount(row, minlength=50) for row in many])
    for cells in (1, 170, 10**6):
        parts = list(resample_counts(50, 300, 4.0, 3, cells))
        assert np.array_equal(np.concatenate(parts), expected)
        assert max(part.size for part in parts) <= max(cells, 50)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"block": 0.5}, "block: 0.5 is not from 1 to 25, half of the periods"),
        ({"block": 26}, "block: 26 is not from 1 to 25"),
        ({"block": float("nan")}, "block: nan is not a finite number"),
        ({"block": "auto"}, "block: 'auto' is not a finite number"),
        ({"seed": -1}, "seed: -1 is not a whole number of at least 0"),
        ({"seed": None}, "seed: None is not a whole number"),
    ],
)
def test_settings_out_of_bounds_are_refused(settings: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        stationary_indices(50, 10, **settings)  # type: ignore[arg-type]
