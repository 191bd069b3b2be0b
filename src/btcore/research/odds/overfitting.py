"""The probability of backtest overfitting, by combinatorially symmetric cross-validation (CSCV)."""

from itertools import combinations

import numpy as np
from msgspec import Struct
from numpy.typing import ArrayLike, NDArray

from btcore.errors import ConfigError

from .inputs import ROUNDING, Floats, as_matrix, is_constant, require_dispersion, whole

MOST_BLOCKS = 20  # 184,756 splits
GROUP = 4  # blocks whose 16 sums are kept
CELLS = 1 << 16  # splits times trials at once: what a processor's cache holds

Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]


class PBO(Struct, frozen=True, kw_only=True, eq=False):
    """How often the trial that is best in one half of the periods is below the median in the other half.

    pbo: share of the splits with a logit of 0 or less, 0 to 1. Of trials without skill it averages about 0.5,
        with a deviation of about 0.2 from one matrix to another.
    logits: log(w / (1 - w)) for each split, float64, with w the rank of the chosen trial in the other half,
        from 1 for the lowest, over trials + 1. Splits stand in the lexicographic order of the blocks that the
        choice sees.
    chosen: column of the trial that is best in the half that is seen, for each split, int64.
    in_sample, out_of_sample: its Sharpe ratios per period in that half and in the other, for each split,
        float64.
    slope, intercept: least squares of `out_of_sample` on `in_sample`; None if the latter are all equal.
    probability_of_loss: share of the splits in which the chosen trial has a Sharpe ratio below 0 in the other
        half.
    blocks, rows: number of blocks and periods in each.
    rows_left_out: first periods that are left out, as they do not fill all blocks.
    trials: number of trials.
    """

    pbo: float
    logits: Floats
    chosen: Ints
    in_sample: Floats
    out_of_sample: Floats
    slope: float | None
    intercept: float | None
    probability_of_loss: float
    blocks: int
    rows: int
    rows_left_out: int
    trials: int

    def __repr__(self) -> str:
        left = f", the first {self.rows_left_out} periods left out" if self.rows_left_out else ""
        return (
            f"<PBO {self.pbo:.3f}: {self.trials:,} trials, {len(self.logits):,} splits of {self.blocks} "
            f"blocks of {self.rows:,} periods{left}>"
        )


def pbo(returns: ArrayLike, *, blocks: int = 16) -> PBO:
    """The probability of backtest overfitting of a choice by the highest Sharpe ratio.

    `returns` are those of all trials that were run, of shape (periods, trials). They are cut into `blocks`
    contiguous blocks of equal length, an even number from 2 to 20; periods that do not fill the blocks are
    left out at the start, and the result says how many. Each half of the blocks is seen once, the trial with
    the highest Sharpe ratio there (the first of equals) is chosen, and ranked in the other half (equals share
    the mean of their ranks). A trial whose returns are all 0 in a half has a Sharpe ratio of 0 there.

    Source: Bailey, Borwein, López de Prado, Zhu, The Probability of Backtest Overfitting, Journal of
    Computational Finance 20 (2017). ConfigError for returns that are not finite, for a trial without
    dispersion, for fewer than 2 trials, and for fewer than 2 periods in a block.
    """
    blocks = checked_blocks(blocks)
    matrix = as_matrix(returns, rows=2 * blocks, columns=2)
    require_dispersion(matrix)
    rows, left_out = divmod(len(matrix), blocks)
    splits = list(combinations(range(blocks), blocks // 2))
    seen = np.zeros((len(splits), blocks), np.bool_)
    seen[np.arange(len(splits))[:, None], splits] = True
    chosen, inside, outside, ranks = _rank(_Halves(matrix[left_out:], blocks), seen)
    share = ranks / (matrix.shape[1] + 1)
    logits = np.log(share / (1.0 - share))
    slope, intercept = _line(inside, outside)
    return PBO(
        pbo=float(np.mean(share <= 0.5)),  # a logit of 0 or less, without its rounding
        logits=logits,
        chosen=chosen,
        in_sample=inside,
        out_of_sample=outside,
        slope=slope,
        intercept=intercept,
        probability_of_loss=float(np.mean(outside < 0.0)),
        blocks=blocks,
        rows=rows,
        rows_left_out=left_out,
        trials=matrix.shape[1],
    )


def checked_blocks(blocks: int) -> int:
    """The number of blocks; ConfigError unless it is even and from 2 to 20."""
    if whole("blocks", blocks, 2, MOST_BLOCKS) % 2:
        raise ConfigError(f"blocks: {blocks} is not even")
    return int(blocks)


class _Halves:
    """Sharpe ratios of all trials in any half of the blocks, from the sums and sums of squares of each block.

    Sums of each subset of `GROUP` blocks are kept, so that a half is the sum of a few rows. Every trial is
    added up in the same order, so equal trials have equal ratios.
    """

    def __init__(self, matrix: Floats, blocks: int) -> None:
        self.center = matrix.mean(axis=0)  # of each trial; squares of what is left lose no digits
        self.half = len(matrix) // 2
        sums, squares = np.empty((blocks, matrix.shape[1])), np.empty((blocks, matrix.shape[1]))
        self.is_flat = np.empty(sums.shape, np.bool_)
        level = np.empty(sums.shape)
        for i, part in enumerate(np.split(matrix, blocks)):
            deviation = part - self.center
            sums[i] = deviation.sum(axis=0)
            squares[i] = np.square(deviation, out=deviation).sum(axis=0)
            level[i] = part[0]
            self.is_flat[i] = is_constant(part)
        _require_dispersion(self.is_flat, level)
        self.is_flat &= np.abs(level) <= ROUNDING
        self.rare = np.flatnonzero(
            self.is_flat.sum(axis=0) >= blocks // 2
        )  # trials that may be flat in a half
        self.groups = [slice(i, i + GROUP) for i in range(0, blocks, GROUP)]
        self.sums = [_subset_sums(sums[group]) for group in self.groups]
        self.squares = [_subset_sums(squares[group]) for group in self.groups]

    def sharpes(self, seen: Bools) -> Floats:
        """The ratios, of shape (splits, trials), in the blocks that `seen` of (splits, blocks) has True."""
        codes = [seen[:, group] @ (1 << np.arange(seen[:, group].shape[1])) for group in self.groups]
        mean = _sum_of(self.sums, codes)
        variance = np.square(mean)
        variance /= -self.half
        variance += _sum_of(self.squares, codes)
        variance /= self.half - 1
        mean /= self.half
        mean += self.center
        if len(self.rare):
            flat = seen.astype(np.int64) @ self.is_flat[:, self.rare] == seen.shape[1] // 2
            split, trial = np.nonzero(flat)
            mean[split, self.rare[trial]] = 0.0
            variance[split, self.rare[trial]] = 1.0
        if not variance.min() > 0.0:
            at = int((~(variance > 0.0)).any(axis=0).argmax())
            raise ConfigError(
                f"returns[:, {at}]: they vary too little in half of the blocks for a Sharpe ratio"
            )
        mean /= np.sqrt(variance, out=variance)
        return mean


def _sum_of(tables: list[Floats], codes: list[Ints]) -> Floats:
    """The sum of the row of each table that each code names."""
    total = np.take(tables[0], codes[0], axis=0)
    for table, code in zip(tables[1:], codes[1:], strict=True):
        total += np.take(table, code, axis=0)
    return total


def _subset_sums(rows: Floats) -> Floats:
    """The sum of every subset of a few rows; bit i of its index says whether row i is in it."""
    table = np.zeros((1 << len(rows), rows.shape[1]))
    for i, row in enumerate(rows):
        table[1 << i : 2 << i] = table[: 1 << i] + row
    return table


def _rank(halves: _Halves, seen: Bools) -> tuple[Ints, Floats, Floats, Floats]:
    """Chosen trial, its ratios in the half that is seen and in the other, and its rank there, for each split.

    The other half of split i is the half that split -1 - i sees, so each is evaluated once.
    """
    count = len(seen)
    chosen = np.empty(count, np.int64)
    inside, outside, ranks = (np.empty(count) for _ in range(3))
    rows = max(1, CELLS // len(halves.center))
    for first in range(0, count // 2, rows):
        here = np.arange(first, min(first + rows, count // 2))
        there = count - 1 - here
        pair = halves.sharpes(seen[here]), halves.sharpes(seen[there])
        for splits, own, other in ((here, *pair), (there, *reversed(pair))):
            best = own.argmax(axis=1)
            at = np.arange(len(best)), best
            ratio = other[at][:, None]
            chosen[splits], inside[splits], outside[splits] = best, own[at], other[at]
            below, equal = np.count_nonzero(other < ratio, axis=1), np.count_nonzero(other == ratio, axis=1)
            ranks[splits] = below + (equal + 1) / 2
    return chosen, inside, outside, ranks


def _line(x: Floats, y: Floats) -> tuple[float | None, float | None]:
    """Slope and intercept of least squares of y on x; None if all x are equal."""
    if x.min() == x.max():
        return None, None
    dx = x - x.mean()
    slope = float(dx @ (y - y.mean()) / (dx @ dx))
    return slope, float(y.mean()) - slope * float(x.mean())


def _require_dispersion(is_flat: Bools, level: Floats) -> None:
    """ConfigError for a trial with one return, other than 0, throughout half of the blocks."""
    half = len(is_flat) // 2
    is_flat = is_flat & (np.abs(level) > ROUNDING)
    for at in np.flatnonzero(is_flat.sum(axis=0) >= half):
        levels = np.sort(level[is_flat[:, at], at])
        for i in range(len(levels) - half + 1):
            if is_constant(levels[i : i + half]):
                raise ConfigError(
                    f"returns[:, {at}]: all values in half of the blocks are {levels[i]:g}, so that its "
                    "Sharpe ratio there is undefined; leave the trial out"
                )
