"""The metrics of a run by name; docs/metrics.md states each formula."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from btcore.metrics.annual import DEFAULTS, AnnualSettings, period_rates, year_of
from btcore.metrics.period_returns import period_ends, returns, returns_at
from btcore.metrics.run_metrics import compute_metrics

from .journal import RunJournal

Value = float | int | str | None
Metrics = dict[str, Value]


def format_metric(value: Value) -> str:
    """A metric as text: two decimals for floats, n/a for None."""
    if value is None:
        return "n/a"
    return f"{value:z,.2f}" if isinstance(value, float) else str(value)


BenchmarkValues = Callable[[NDArray[np.int64], float], NDArray[np.float64]]


def returns_of(journal: RunJournal, timezone: str, closes: NDArray[np.int64] | None) -> NDArray[np.float64]:
    """The return of each period of a run, a fraction: what its metrics are computed from."""
    _, ends = period_ends(journal.curve.timestamp[1:], timezone, closes)
    return returns_at(journal.curve.equity, ends)


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
    times, equity = journal.curve.timestamp, journal.curve.equity
    period, ends = period_ends(times[1:], timezone, journal.closes)
    year = year_of(period, int(times[0]), times[1:][ends], annual, journal.closes)
    rates = period_rates(annual.risk_free, int(times[0]), times[1:][ends], year.periods)
    other = None
    if benchmark is not None:
        other = returns(benchmark(times[np.append(0, ends + 1)], float(equity[0])))
    return compute_metrics(journal, returns_at(equity, ends), year, rates, other)
