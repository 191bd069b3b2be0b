"""The stationary bootstrap: resamples of dependent returns by blocks of random length."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from btcore.errors import ConfigError

from .inputs import Floats, finite, whole

CELLS = 1 << 22  # resamples times periods at once: 32 MB of counts


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
    indices = np.empty((whole("resamples", resamples, 1), periods), np.int64)
    for row, drawn in zip(indices, stationary_rows(periods, length, seed), strict=False):
        row[:] = drawn
    return indices


def stationary_rows(periods: int, block: float, seed: int) -> Iterator[NDArray[np.int64]]:
    """The indices of one resample after the other, without end; see `stationary_indices`."""
    place = np.arange(periods)
    for starts, lengths in _blocks(periods, block, seed):
        first = np.cumsum(lengths) - lengths  # place in the resample
        yield (np.repeat(starts - first, lengths) + place) % periods


def resample_counts(
    periods: int, resamples: int, block: float, seed: int, cells: int = CELLS
) -> Iterator[Floats]:
    """How often each row stands in each resample, as float64 of shape (some resamples, periods).

    All resamples, in order, `cells` numbers at a time, which changes none of them.
    """
    drawn = _blocks(periods, block, seed)
    rows = max(1, cells // periods)
    for first in range(0, resamples, rows):
        counts = np.empty((min(rows, resamples - first), periods))
        for row, (starts, lengths) in zip(counts, drawn, strict=False):  # draws none after the last row
            begun = np.bincount(starts, minlength=2 * periods)
            ended = np.bincount(starts + lengths, minlength=2 * periods)
            open_blocks = np.cumsum(begun - ended).reshape(
                2, periods
            )  # the second row has gone past the last
            row[:] = open_blocks[0] + open_blocks[1]
        yield counts


def _blocks(periods: int, block: float, seed: int) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Starts and lengths of the blocks of one resample after the other, without end."""
    generator = np.random.default_rng(whole("seed", seed, 0))
    some = int(1.2 * periods / block) + 10  # mostly more than are used
    while True:
        lengths = generator.geometric(1.0 / block, some)
        while lengths.sum() < periods:
            lengths = np.concatenate([lengths, generator.geometric(1.0 / block, some)])
        ends = np.cumsum(lengths)
        used = int(np.searchsorted(ends, periods)) + 1
        lengths = lengths[:used]
        lengths[-1] -= ends[used - 1] - periods
        yield generator.integers(0, periods, used), lengths
