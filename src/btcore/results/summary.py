"""The metrics of a run by name; docs/metrics.md states each formula."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from btcore.metrics.annual import DEFAULTS, AnnualSettings, period_rates, year_of
from btcore.metrics.period_returns import Period, period_ends, returns
from btcore.metrics.run_metrics import RunStatistics, compute_metrics, statistics_of

from .journal import RunJournal

Value = float | int | str | None
Metrics = dict[str, Value]


def format_metric(value: Value) -> str:
    """A metric as text: two decimals for floats, n/a for None."""
    if value is None:
        return "n/a"
    return f"{value:z,.2f}" if isinstance(value, float) else str(value)


BenchmarkValues = Callable[[NDArray[np.int64], float], NDArray[np.float64]]


class Periods(NamedTuple):
    """The periods of a run's returns, and the statistics of the run."""

    period: Period
    statistics: RunStatistics

    @property
    def returns(self) -> NDArray[np.float64]:
        """The return of each period, a fraction."""
        return returns(np.append(self.statistics.capital, self.statistics.end_equity))


def periods_of(journal: RunJournal, timezone: str) -> Periods:
    """The periods of a run; read from its curve only where the player cannot tell them without one."""
    known = journal.statistics(timezone)
    if known is not None:
        return Periods(*known)
    period, ends = period_ends(journal.curve.timestamp[1:], timezone, journal.closes)
    return Periods(period, statistics_of(journal, ends + 1))


def returns_of(journal: RunJournal, timezone: str) -> NDArray[np.float64]:
    """The return of each period of a run, a fraction: what its metrics are computed from."""
    return periods_of(journal, timezone).returns


def summarize(
    journal: RunJournal,
    *,
    timezone: str = "UTC",
    annual: AnnualSettings = DEFAULTS,
    benchmark: BenchmarkValues | None = None,
) -> Metrics:
    """Every metric of a run by name; None if undefined.

    `benchmark(times, capital)` returns what the capital would be worth in the benchmark at the times.
    """
    period, statistics = periods_of(journal, timezone)
    start, ends = statistics.start, statistics.end_ts
    year = year_of(period, start, ends, annual, journal.closes)
    rates = period_rates(annual.risk_free, start, ends, year.periods)
    other = None
    if benchmark is not None:
        other = returns(benchmark(np.append(start, ends), statistics.capital))
    return compute_metrics(statistics, journal, year, rates, other)
