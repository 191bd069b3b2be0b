"""The stationary bootstrap: resamples of dependent returns by blocks of random length."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from btcore.errors import ConfigError

from .inputs import Floats, finite, whole

CELLS = 1 << 19  # resamples times periods drawn at once


def default_block(periods: int) -> float:
    """The mean block length where none is given: the cube root of the number of periods.

    Politis and Romano find that rate best for the variance of a mean.
    """
    return float(np.cbrt(periods))


def checked_block(block: float | None, periods: int) -> float:
    """The mean block length; ConfigError unless it is from 1 to half of the periods."""
    length = default_block(periods) if block is None else finite("block", block)
    if not 1.0 <= length <= periods / 2:
        raise ConfigError(f"block: {length:g} is not from 1 to {periods / 2:g}, half of the periods")
    return length


def stationary_indices(
    periods: int, resamples: int, *, block: float | None = None, seed: int = 0
) -> NDArray[np.int64]:
    """Indices of the rows of each resample, int64 of shape (resamples, periods).

    A block begins at a row drawn uniformly and ends after each row with probability 1 / `block`, the mean
    length; after the last row comes the first. `block` is the cube root of `periods` unless it is given.
    Equal seeds give equal indices, and the first resamples of a larger number of them are the same. Source:
    Politis, Romano, The Stationary Bootstrap, Journal of the American Statistical Association 89 (1994).
    """
    periods = whole("periods", periods, 2)
    length = checked_block(block, periods)
    chunks = list(_indices(periods, whole("resamples", resamples, 1), length, seed, CELLS))
    return np.concatenate(chunks)


def resample_counts(
    periods: int, resamples: int, block: float, seed: int, cells: int = CELLS
) -> Iterator[Floats]:
    """How often each row stands in each resample, as float64 of shape (some resamples, periods).

    All resamples, in order, `cells` numbers at a time, which changes none of them.
    """
    for indices in _indices(periods, resamples, block, seed, cells):
        offsets = np.arange(len(indices))[:, None] * periods
        counts = np.bincount((indices + offsets).ravel(), minlength=indices.size)
        yield counts.reshape(indices.shape).astype(np.float64)


def _indices(
    periods: int, resamples: int, block: float, seed: int, cells: int
) -> Iterator[NDArray[np.int64]]:
    generator = np.random.default_rng(whole("seed", seed, 0))
    place = np.arange(periods)
    rows = max(1, cells // periods)
    for first in range(0, resamples, rows):
        count = min(rows, resamples - first)
        drawn = generator.random(
            (count, 2, periods)
        )  # a resample takes its numbers from one stretch of the stream
        begins = np.where(drawn[:, 0] < 1.0 / block, place, 0)  # the place where the block of each row begins
        np.maximum.accumulate(begins, axis=1, out=begins)
        starts = (drawn[:, 1] * periods).astype(np.int64)
        indices = np.take_along_axis(starts, begins, axis=1) + place - begins
        indices[indices >= periods] -= periods
        yield indices
