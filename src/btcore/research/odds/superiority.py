"""White's reality check and Hansen's test of superior predictive ability."""

from math import log, sqrt

import numpy as np
from msgspec import Struct
from numpy.typing import ArrayLike

from btcore.errors import ConfigError

from .bootstrap import CELLS, checked_block, resample_counts
from .inputs import Floats, as_column, as_matrix, counted, require_dispersion, whole

LEAST_PERIODS = 10
COLUMNS = 2048  # trials of one product of matrices


class RealityCheck(Struct, frozen=True, kw_only=True):
    """White's reality check: whether the best of all trials is better than the benchmark.

    p_value: share of the resamples with a statistic as large, 0 to 1.
    statistic: sqrt(periods) * mean of the best trial over the benchmark, in returns per period.
    best: column of the trial with the highest mean.
    periods, trials: shape of the returns.
    resamples, block, seed: number of resamples, their mean block length in periods, and the seed.
    """

    p_value: float
    statistic: float
    best: int
    periods: int
    trials: int
    resamples: int
    block: float
    seed: int

    def __repr__(self) -> str:
        return (
            f"<RealityCheck: p {p_text(self.p_value, self.resamples)} for the best mean of "
            f"{counted(self.trials, 'trial')} over {self.periods:,} periods>"
        )


class SPA(Struct, frozen=True, kw_only=True):
    """Hansen's test of superior predictive ability: three p-values, lower <= consistent <= upper.

    consistent: the p-value to use. It takes trials that are clearly worse than the benchmark to be as bad as
        they look, so that they do not raise it, and all others to be as good as the benchmark.
    lower: takes every trial below the benchmark to be as bad as it looks; too small a p-value.
    upper: takes every trial to be as good as the benchmark; poor trials raise it.
    statistic: largest ratio of sqrt(periods) * mean to its deviation, of returns over the benchmark; at least
        0.
    best: column of the trial with that ratio.
    periods, trials: shape of the returns.
    resamples, block, seed: number of resamples, their mean block length in periods, and the seed.
    """

    lower: float
    consistent: float
    upper: float
    statistic: float
    best: int
    periods: int
    trials: int
    resamples: int
    block: float
    seed: int

    @property
    def p_value(self) -> float:
        """The consistent p-value."""
        return self.consistent

    def __repr__(self) -> str:
        low, p, high = (p_text(p, self.resamples) for p in (self.lower, self.consistent, self.upper))
        return (
            f"<SPA: p {p} (lower {low}, upper {high}) for the best of "
            f"{counted(self.trials, 'trial')} over {self.periods:,} periods>"
        )


def reality_check(
    returns: ArrayLike,
    benchmark: ArrayLike | None = None,
    *,
    resamples: int = 1000,
    block: float | None = None,
    seed: int = 0,
) -> RealityCheck:
    """White's reality check: the p-value of the highest mean return, if no trial beats the benchmark.

    `returns` are those of all trials that were run, of shape (periods, trials), over the returns of
    `benchmark`, of shape (periods,); None is a benchmark that returns 0. The statistic is max sqrt(n) * mean,
    not studentised, and each of the `resamples` of the stationary bootstrap is centred at the means of all
    trials. `block` is its mean block length; the cube root of the number of periods unless it is given. Equal
    seeds give equal results.

    Source: White, A Reality Check for Data Snooping, Econometrica 68 (2000). ConfigError for returns that are
    not finite, without dispersion or fewer than 10, and for settings out of bounds.
    """
    return both_tests(returns, benchmark, resamples=resamples, block=block, seed=seed)[0]


def spa(
    returns: ArrayLike,
    benchmark: ArrayLike | None = None,
    *,
    resamples: int = 1000,
    block: float | None = None,
    seed: int = 0,
) -> SPA:
    """Hansen's test: the p-values of the best studentised mean, if no trial beats the benchmark.

    Returns, benchmark, settings and errors are those of `reality_check`. The statistic is the maximum of 0
    and sqrt(n) * mean / w, where w ** 2 is the variance of sqrt(n) * mean under the stationary bootstrap, in
    its closed form. A resample counts if its statistic is as large, so that all p-values are 1 if no mean is
    above the benchmark's.

    Source: Hansen, A Test for Superior Predictive Ability, Journal of Business & Economic Statistics 23
    (2005).
    """
    return both_tests(returns, benchmark, resamples=resamples, block=block, seed=seed)[1]


def both_tests(
    returns: ArrayLike,
    benchmark: ArrayLike | None,
    *,
    resamples: int,
    block: float | None,
    seed: int,
    cells: int = CELLS,
    columns: int = COLUMNS,
) -> tuple[RealityCheck, SPA]:
    """Both tests of the same resamples. `cells` and `columns` bound the memory and change no p-value."""
    matrix = as_matrix(returns, rows=LEAST_PERIODS)
    n, trials = matrix.shape
    base = None
    if benchmark is not None:
        base = as_column(benchmark, rows=0, where="benchmark")
        if len(base) != n:
            raise ConfigError(f"benchmark: {len(base)} returns for {n} periods")
    resamples = whole("resamples", resamples, 1)
    length = checked_block(block, n)
    seed = whole("seed", seed, 0)
    parts = [slice(i, i + columns) for i in range(0, trials, columns)]
    where, scale = ("returns", 0.0) if base is None else ("returns - benchmark", float(np.abs(base).max()))
    for part in parts:
        require_dispersion(_over(matrix, base, part), where, first=part.start, scale=scale)

    mean = np.concatenate([_over(matrix, base, part).mean(axis=0) for part in parts])
    deviation = np.concatenate([_deviations(_over(matrix, base, part), length) for part in parts])
    ratio = sqrt(n) * mean / deviation
    limit = -deviation * sqrt(2.0 * log(log(n)) / n)
    # A resample is centred at g(mean): the mean itself (upper), or 0 if the mean is below the limit, or below
    # 0 (lower).
    shifts = [np.where(mean < limit, ratio, 0.0), np.where(mean < 0.0, ratio, 0.0)]

    plain, upper, consistent, lower = (np.empty(resamples) for _ in range(4))
    first = 0
    for counts in resample_counts(n, resamples, length, seed, cells):
        rows = slice(first, first + len(counts))
        first += len(counts)
        plain[rows] = -np.inf
        for out in (upper, consistent, lower):
            out[rows] = 0.0
        for part in parts:
            centred = counts @ _over(matrix, base, part)
            centred /= n
            centred -= mean[part]
            _raise_to(plain[rows], centred)
            centred *= sqrt(n) / deviation[part]
            _raise_to(upper[rows], centred)
            for out, shift in zip((consistent, lower), shifts, strict=True):
                _raise_to(out[rows], centred + shift[part] if shift[part].any() else centred)
    plain *= sqrt(n)

    highest = sqrt(n) * float(mean.max())
    statistic = max(0.0, float(ratio.max()))
    common = {"periods": n, "trials": trials, "resamples": resamples, "seed": seed}
    return (
        RealityCheck(
            p_value=float(np.mean(plain >= highest)),
            statistic=highest,
            best=int(mean.argmax()),
            block=length,
            **common,
        ),
        SPA(
            lower=float(np.mean(lower >= statistic)),
            consistent=float(np.mean(consistent >= statistic)),
            upper=float(np.mean(upper >= statistic)),
            statistic=statistic,
            best=int(ratio.argmax()),
            block=length,
            **common,
        ),
    )


def p_text(p: float, resamples: int) -> str:
    """A p-value as text; 0 of 1,000 resamples is `below 0.001`."""
    if p == 0:
        return f"below {1 / resamples:.2g}"
    return f"{p:.3f}" if p >= 0.0005 else f"{p:.1g}"


def _over(matrix: Floats, base: Floats | None, part: slice) -> Floats:
    """Some trials over the benchmark."""
    return matrix[:, part] if base is None else matrix[:, part] - base[:, None]


def _raise_to(out: Floats, values: Floats) -> None:
    """Raises each number of `out` to the maximum of its row of values."""
    np.maximum(out, values.max(axis=1), out=out)


def _deviations(returns: Floats, block: float) -> Floats:
    """Deviation of sqrt(n) * mean of each column under the stationary bootstrap.

    Hansen's w ** 2 = c(0) + 2 * sum over i of k(i) * c(i), with the autocovariances c and the kernel
    k(i) = (1 - i / n) * (1 - q) ** i + i / n * (1 - q) ** (n - i), q = 1 / block. As k(i) = k(n - i), it is
    the sum of a product of circular series, hence of their spectra.
    """
    n = len(returns)
    lag = np.arange(n)
    stay = 1.0 - 1.0 / block
    kernel = (1.0 - lag / n) * stay**lag + lag / n * stay ** (n - lag)
    kernel[0] = 1.0
    weights = np.fft.rfft(kernel).real
    weights[1 : (n + 1) // 2] *= 2.0  # for the frequencies above the half, which are conjugates
    spectrum = np.fft.rfft(returns - returns.mean(axis=0), axis=0)
    power = spectrum.real**2 + spectrum.imag**2
    return np.asarray(np.sqrt(weights @ power) / n)
