"""The numbers of a run, by name. docs/metrics.md has the formula of each."""

from btcore.metrics.period_returns import period_returns
from btcore.metrics.run_metrics import compute_metrics

from .tables import Journal

Value = float | int | str | None
Metrics = dict[str, Value]


def show(value: Value) -> str:
    """A metric as a reader wants it."""
    if value is None:
        return "n/a"
    return f"{value:z,.2f}" if isinstance(value, float) else str(value)


def summarize(
    journal: Journal, *, timezone: str = "UTC", periods_per_year: int = 252, risk_free: float = 0.0
) -> Metrics:
    """Every metric of a run; None where it is undefined. `risk_free` is a return per period."""
    period, returns = period_returns(journal.curve.timestamp, journal.curve.equity, timezone, journal.closes)
    return compute_metrics(journal, returns, period, periods_per_year, risk_free)
