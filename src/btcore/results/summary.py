"""The metrics of a run by name; docs/metrics.md states each formula."""

from btcore.metrics.period_returns import period_returns
from btcore.metrics.run_metrics import compute_metrics

from .journal import RunJournal

Value = float | int | str | None
Metrics = dict[str, Value]


def format_metric(value: Value) -> str:
    """A metric as text: two decimals for floats, n/a for None."""
    if value is None:
        return "n/a"
    return f"{value:z,.2f}" if isinstance(value, float) else str(value)


def summarize(
    journal: RunJournal, *, timezone: str = "UTC", periods_per_year: int = 252, risk_free: float = 0.0
) -> Metrics:
    """Every metric of a run by name; None if undefined. `risk_free` is a return per period."""
    period, returns = period_returns(journal.curve.timestamp, journal.curve.equity, timezone, journal.closes)
    return compute_metrics(journal, returns, period, periods_per_year, risk_free)
