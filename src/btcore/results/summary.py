"""The numbers of a run, by name. docs/metrics.md has the formula of each."""

from btcore import metrics
from btcore.metrics.periods import session_returns
from btcore.metrics.run_metrics import measure
from btcore.times.intervals import RESOLUTION_NS

from .tables import Journal, Table

Value = float | int | str | None
Metrics = dict[str, Value]

GRIDS = tuple((name, RESOLUTION_NS[name]) for name in ("hour", "minute", "second"))


def show(value: Value) -> str:
    """A metric as a reader wants it."""
    if value is None:
        return "n/a"
    return f"{value:z,.2f}" if isinstance(value, float) else str(value)


def period_returns(
    timestamp: Table, equity: Table, timezone: str, closes: Table | None = None
) -> tuple[str, Table]:
    """Returns by local day, or by session where `closes` are given.

    With fewer than two of them by hour, minute or second, or else of the points.
    """
    if closes is None:
        period, returns = "day", metrics.daily_returns(timestamp, equity, timezone)
    else:
        period, returns = "session", session_returns(timestamp, equity, closes)
    if len(returns) >= 2:
        return period, returns
    for period, interval in GRIDS:
        returns = metrics.interval_returns(timestamp, equity, interval)
        if len(returns) >= 2:
            return period, returns
    return "point", metrics.returns(equity)


def summarize(
    journal: Journal, *, timezone: str = "UTC", periods_per_year: int = 252, risk_free: float = 0.0
) -> Metrics:
    """Every metric of a run; None where it is undefined. `risk_free` is a return per period."""
    period, returns = period_returns(journal.curve.timestamp, journal.curve.equity, timezone, journal.closes)
    return measure(journal, returns, period, periods_per_year, risk_free)
