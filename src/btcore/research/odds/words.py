"""The odds of a sweep as sentences: each figure with what it means, or why it is missing."""

from collections.abc import Iterator
from math import sqrt
from typing import TYPE_CHECKING

from btcore.metrics import sharpe_ratio

from .inputs import counted
from .superiority import p_text

if TYPE_CHECKING:
    from .of_sweep import SweepOdds

OF_BEST = ("deflated_sharpe", "probabilistic_sharpe", "track_record")
TITLES = {
    "deflated_sharpe": "deflated Sharpe",
    "probabilistic_sharpe": "probabilistic Sharpe",
    "track_record": "minimum track record",
    "pbo": "probability of backtest overfitting",
    "spa": "SPA and reality check",
}


def lines_of(odds: "SweepOdds", *, of_best: bool) -> list[str]:
    """One sentence for each figure, in the order of `TITLES`, after one that names the trials.

    With `of_best` only the figures that need the returns of the best trial alone.
    """
    lines = [_trials(odds, of_best=of_best)]
    for name, sentences in zip(TITLES, (_deflated, _probabilistic, _track_record, _pbo, _tests), strict=True):
        if of_best and name not in OF_BEST:
            continue
        found = list(sentences(odds))
        lines += found or [f"{TITLES[name]} missing: {odds.missing[name]}"]
    return lines


def headline_of(odds: "SweepOdds") -> str:
    """The figures without their meaning; `no PBO` for one that is missing."""
    deflated, split, test = odds.deflated_sharpe, odds.pbo, odds.spa
    figures = [
        "no deflated Sharpe" if deflated is None else f"deflated Sharpe {deflated.probability:.2f}",
        "no PBO" if split is None else f"PBO {split.pbo:.2f}",
        "no SPA" if test is None else f"SPA p {p_text(test.consistent, test.resamples)}",
    ]
    return ", ".join(figures)


def _trials(odds: "SweepOdds", *, of_best: bool) -> str:
    periods, held = odds.returns.shape
    text = f"the odds of the best of {counted(odds.trials, 'trial')} over {counted(periods, 'period')}"
    if of_best:
        return text
    out = held - len(odds.usable)
    notes = []
    if held < odds.trials:
        notes.append(f"{odds.trials - held:,} without returns at hand")
    if out:
        notes.append(f"{out:,} that never vary or are not finite, which are not compared")
    return text + (f" ({'; '.join(notes)})" if notes else "")


def _deflated(odds: "SweepOdds") -> Iterator[str]:
    if (figure := odds.deflated_sharpe) is not None:
        yield (
            f"deflated Sharpe {figure.probability:.2f}: probability that the true Sharpe ratio is above what "
            f"the best of {figure.trials:,} trials without skill is expected to show, "
            f"{_ratio(odds, figure.threshold)}; the best of such trials averages 0.5 and hardly ever exceeds "
            "0.95, so it is no 5 % test"
        )


def _probabilistic(odds: "SweepOdds") -> Iterator[str]:
    if (probability := odds.probabilistic_sharpe) is not None and odds.best is not None:
        ratio = _ratio(odds, sharpe_ratio(odds.returns[:, odds.best], periods=1.0))
        yield (
            f"probabilistic Sharpe {probability:.3f}: probability that the true Sharpe ratio is above 0, "
            f"which does not count the search, as if the best, with {ratio}, were the only trial"
        )


def _track_record(odds: "SweepOdds") -> Iterator[str]:
    if (record := odds.track_record) is None:
        return
    above = f"a true Sharpe ratio above {_ratio(odds, record.target)}"
    at_hand = f"{_length(odds, record.periods)} are at hand"
    if record.needed is None:
        yield f"minimum track record: no length shows {above}, as that of the best is not above it; {at_hand}"
    else:
        yield (
            f"minimum track record {_length(odds, record.needed)}: what {record.confidence:.0%} confidence "
            f"in {above} needs, if that of the best stays as it is; {at_hand}"
        )


def _pbo(odds: "SweepOdds") -> Iterator[str]:
    if (split := odds.pbo) is not None:
        left = f"; the first {counted(split.rows_left_out, 'period')} left out" if split.rows_left_out else ""
        yield (
            f"probability of backtest overfitting {split.pbo:.2f}: share of {len(split.logits):,} splits in "
            "which the trial with the highest Sharpe ratio in one half of the periods is not above the "
            f"median in the other; trials without skill average 0.5{left}"
        )


def _tests(odds: "SweepOdds") -> Iterator[str]:
    if (test := odds.spa) is not None and (check := odds.reality_check) is not None:
        low, p, high, plain = (
            p_text(each, test.resamples) for each in (test.lower, test.consistent, test.upper, check.p_value)
        )
        yield (
            f"SPA p {p} (lower {low}, upper {high}): share of {test.resamples:,} resamples in which the best "
            f"of {counted(test.trials, 'trial')} without skill has as high a mean return in units of its "
            "deviation"
        )
        yield f"reality check p {plain}: the same of the plain mean return"


def _ratio(odds: "SweepOdds", ratio: float) -> str:
    if odds.periods_per_year is None:
        return f"{ratio:.4f} a period"
    return f"{ratio * sqrt(odds.periods_per_year):.2f} a year"


def _length(odds: "SweepOdds", periods: float) -> str:
    years = "" if odds.periods_per_year is None else f" ({periods / odds.periods_per_year:.1f} years)"
    return f"{periods:,.0f} periods{years}"
