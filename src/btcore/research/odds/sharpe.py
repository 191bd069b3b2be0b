"""The Sharpe ratio of the best of many trials: how probable skill is, and how long a record must be."""

from math import e, isnan, sqrt

import numpy as np
from msgspec import Struct
from numpy.typing import ArrayLike

from btcore.errors import ConfigError
from btcore.metrics import (
    kurtosis,
    minimum_track_record_length,
    probabilistic_sharpe_ratio,
    sharpe_ratio,
    skew,
)

from .inputs import Floats, as_column, as_matrix, finite, over_rate, require_dispersion, whole

EULER = 0.5772156649015329  # the constant of Euler and Mascheroni


class DeflatedSharpe(Struct, frozen=True, kw_only=True):
    """The deflated Sharpe ratio of a trial that was chosen among many; `float()` of it is the probability.

    probability: that the true Sharpe ratio is above `threshold`, 0 to 1. For the best of trials without skill
        it averages 0.5 and hardly ever exceeds 0.95: it is no 5 % test.
    sharpe: Sharpe ratio of the trial per period, mean / deviation (ddof 1).
    threshold: Sharpe ratio per period that the best of `trials` without skill is expected to show.
    trials: number of trials that were run.
    variance: variance of the Sharpe ratios per period of these trials (ddof 1).
    periods: number of returns.
    skew, kurtosis: of the returns, of the population; the kurtosis of a normal distribution is 3.
    best: column of the trial, of returns that are a matrix; else None.
    """

    probability: float
    sharpe: float
    threshold: float
    trials: int
    variance: float
    periods: int
    skew: float
    kurtosis: float
    best: int | None = None

    def __float__(self) -> float:
        return self.probability

    def __repr__(self) -> str:
        return (
            f"<DeflatedSharpe {self.probability:.3f}: Sharpe ratio {self.sharpe:.4f} a period, and "
            f"{self.threshold:.4f} is expected of the best of {self.trials:,} trials without skill>"
        )


class TrackRecord(Struct, frozen=True, kw_only=True):
    """The number of returns from which on a Sharpe ratio is above a target with the given confidence.

    needed: that number, not rounded; None with a `reason` if no length suffices.
    periods: number of returns at hand.
    sharpe, target: Sharpe ratios per period: of the returns, and the one to exceed.
    confidence: between 0 and 1.
    reason: why `needed` is None, else "".
    """

    needed: float | None
    periods: int
    sharpe: float
    target: float
    confidence: float
    reason: str = ""

    @property
    def is_long_enough(self) -> bool:
        """Whether the returns at hand are as many as are needed."""
        return self.needed is not None and self.periods >= self.needed

    def __repr__(self) -> str:
        shown = self.reason if self.needed is None else f"{self.needed:,.1f} periods needed"
        return f"<TrackRecord: {shown}, {self.periods:,} at hand>"


def expected_maximum(trials: int, variance: float) -> float:
    """Sharpe ratio that the best of `trials` without skill is expected to show: sqrt(variance) * E[max].

    E[max] is (1 - g) * Z(1 - 1 / N) + g * Z(1 - 1 / (N * e)), with Z the quantile of the normal distribution
    and g the constant of Euler and Mascheroni: Bailey, López de Prado, The Deflated Sharpe Ratio (2014).
    """
    from statistics import NormalDist  # loads fractions and decimal

    quantile = NormalDist().inv_cdf  # Z(1 - p) is -Z(p), which is exact for a small p
    return -sqrt(variance) * ((1 - EULER) * quantile(1 / trials) + EULER * quantile(1 / (trials * e)))


def deflated_sharpe(
    returns: ArrayLike,
    trial_sharpes: ArrayLike | None = None,
    *,
    trials: int | None = None,
    variance: float | None = None,
    risk_free: ArrayLike = 0.0,
) -> DeflatedSharpe:
    """The probability that the true Sharpe ratio is above what the best of trials without skill shows.

    `returns` are those of the chosen trial, of shape (periods,), with either the Sharpe ratios of all trials
    that were run, per period, in `trial_sharpes`, or their number and variance (ddof 1) in `trials` and
    `variance`. Or they are those of all trials, of shape (periods, trials), of which the one with the highest
    Sharpe ratio is taken. `trials` and `variance` override what the ratios say: `trials` counts those without
    a ratio too, or only those that are independent. `risk_free` is a rate per period, a number or one for
    each period.

    It is the probabilistic Sharpe ratio against SR0 = sqrt(V) * E[max], whose formula `docs/odds.md` has.
    Source: Bailey, López de Prado, The Deflated Sharpe Ratio: Correcting for Selection Bias, Backtest
    Overfitting and Non-Normality, Journal of Portfolio Management 40 (2014). ConfigError for returns that are
    not finite, without dispersion or too few, and unless the number of trials, at least 2, and their variance
    are known.
    """
    matrix = over_rate(as_matrix(returns, rows=2), risk_free)
    require_dispersion(matrix)
    is_one = np.ndim(returns) == 1
    ratios, best = np.empty(0), 0
    if trial_sharpes is not None:
        if not is_one:
            raise ConfigError("trial_sharpes: returns of shape (periods, trials) have the ratios themselves")
        ratios = as_column(trial_sharpes, rows=2, where="trial_sharpes")
    elif not is_one:
        ratios = column_sharpes(matrix)
        best = int(ratios.argmax())
    if trials is None:
        if not len(ratios):
            raise ConfigError(
                "trials: is required, unless trial_sharpes or the returns of all trials are given"
            )
        trials = len(ratios)
    trials = whole("trials", trials, 2)
    if variance is None:
        if len(ratios) < 2:
            raise ConfigError(
                "variance: is required, unless trial_sharpes or the returns of 2 trials are given"
            )
        variance = float(np.var(ratios, ddof=1))
    if finite("variance", variance) < 0:
        raise ConfigError(f"variance: {variance} is not at least 0")
    column = np.ascontiguousarray(matrix[:, best])
    return deflated(column, trials, float(variance), None if is_one else best)


def deflated(column: Floats, trials: int, variance: float, best: int | None) -> DeflatedSharpe:
    """`deflated_sharpe` of checked returns; ConfigError if the ratio has no standard error."""
    threshold = expected_maximum(trials, variance)
    probability = probabilistic_sharpe_ratio(column, target=threshold)
    if isnan(probability):
        raise ConfigError("returns: the standard error of their Sharpe ratio is 0 or undefined")
    return DeflatedSharpe(
        probability=probability,
        sharpe=sharpe_ratio(column, periods=1.0),
        threshold=threshold,
        trials=trials,
        variance=variance,
        periods=len(column),
        skew=skew(column),
        kurtosis=kurtosis(column) + 3.0,
        best=best,
    )


def column_sharpes(matrix: Floats) -> Floats:
    """The Sharpe ratio per period of each column."""
    return np.array([sharpe_ratio(column, periods=1.0) for column in matrix.T], np.float64)


def min_track_record_length(
    returns: ArrayLike, target: float = 0.0, *, confidence: float = 0.95, risk_free: ArrayLike = 0.0
) -> TrackRecord:
    """The number of returns from which on their Sharpe ratio is above `target`, a ratio per period.

    1 + (1 - skew * S + (kurtosis - 1) / 4 * S ** 2) * (Z(confidence) / (S - target)) ** 2, with S the Sharpe
    ratio per period of the returns, of shape (periods,), over `risk_free`, a rate per period. Source: Bailey,
    López de Prado, The Sharpe Ratio Efficient Frontier, Journal of Risk 15 (2012). As if the returns were the
    only trial. ConfigError for returns that are not finite, without dispersion or too few, and for a
    `confidence` that is not between 0 and 1.
    """
    column = over_rate(as_column(returns, rows=2, where="returns"), risk_free)
    require_dispersion(column[:, None])
    target = finite("target", target)
    confidence = finite("confidence", confidence)
    if not 0.0 < confidence < 1.0:
        raise ConfigError(f"confidence: {confidence} is not between 0 and 1")
    ratio = sharpe_ratio(column, periods=1.0)
    needed = minimum_track_record_length(column, target, confidence)
    reason = ""
    if not ratio > target:
        reason = f"no length is enough, as the Sharpe ratio {ratio:.4f} a period is not above {target:g}"
    elif isnan(needed):
        reason = "the standard error of the Sharpe ratio is 0 or undefined"
    return TrackRecord(
        needed=None if reason else needed,
        periods=len(column),
        sharpe=ratio,
        target=target,
        confidence=confidence,
        reason=reason,
    )
