"""The figures of a result that are computed when they are asked for."""

from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from btcore.metrics.annual import AnnualSettings, Rates
from btcore.times.sessions import sessions

from . import calendar_returns
from .drawdowns import drawdowns
from .profit import Group, profit_by
from .rolling import rolling
from .timeline import Timeline, timeline

if TYPE_CHECKING:
    from btcore.results.metrics_as import Package
    from btcore.results.reconcile import Reconciliation
    from btcore.results.tables import Table


PERIOD_RETURN = np.dtype([("timestamp", np.int64), ("return", np.float64)])
COSTS = {  # the kind of cost, and the metric that it is
    "commission": "total_commission",
    "slippage": "slippage_cost",
    "spread": "spread_cost",
    "funding": "funding",
    "borrow": "borrow_fees",
}


class ResultFigures:
    """The part of `Result` with these figures; docs/metrics.md defines each."""

    if TYPE_CHECKING:

        @property
        def manifest(self) -> dict[str, Any]: ...

        @property
        def metrics(self) -> dict[str, Any]: ...

        def columns(self, table: str = "equity_curve") -> dict[str, "Table"]: ...

        @property
        def round_trips(self) -> "Table": ...

    _line: Timeline | None = None  # of a run that has just been played; else from the manifest

    @cached_property
    def _timeline(self) -> Timeline:
        if self._line is not None:
            return self._line
        run, clock = self.manifest.get("run", {}), self.columns()["timestamp"]
        zone, calendar, closes = str(run.get("timezone") or "UTC"), run.get("calendar"), None
        if calendar is not None:
            closes = sessions(int(clock[0]), int(clock[-1]), zone, calendar).closes
        return timeline(
            clock, zone, closes, AnnualSettings(self.metrics["periods_per_year"], self._risk_free)
        )

    @property
    def _risk_free(self) -> Rates:
        rates = self.manifest.get("run", {}).get("risk_free") or 0.0
        return [(int(at), float(rate)) for at, rate in rates] if isinstance(rates, list) else float(rates)

    @property
    def _timezone(self) -> str:
        return str(self.manifest.get("run", {}).get("timezone") or "UTC")

    @cached_property
    def drawdowns(self) -> "Table":
        """peak, trough, recovery (ns UTC, -1: none), depth (percent), days and periods of each drawdown."""
        curve = self.columns()
        return drawdowns(curve["timestamp"], curve["equity"], self._timeline)

    def rolling(self, window: int) -> "Table":
        """return, volatility, sharpe_ratio, max_drawdown and beta of the last `window` periods, at each.

        ConfigError for a window that is not a whole number from 2 to the number of periods.
        """
        line, equity = self._timeline, self.columns()["equity"]
        worth = self.columns("benchmark_curve")["value"]
        benchmark = line.returns(worth) if len(worth) else None
        return rolling(line, line.returns(equity), window, benchmark)

    @cached_property
    def period_returns(self) -> "Table":
        """timestamp (ns UTC, of its last point) and return (percent) of each period of the metrics."""
        line, equity = self._timeline, self.columns()["equity"]
        table = np.empty(len(line.times), PERIOD_RETURN)
        table["timestamp"], table["return"] = line.times, 100.0 * line.returns(equity)
        return table

    @cached_property
    def monthly(self) -> "Table":
        """year, month, return (percent) of each calendar month of the run's timezone that has points."""
        curve = self.columns()
        return calendar_returns.monthly(curve["timestamp"], curve["equity"], self._timezone)

    @cached_property
    def yearly(self) -> "Table":
        """year, return (percent) of each calendar year: its months, compounded."""
        return calendar_returns.yearly(self.monthly)

    @property
    def costs(self) -> dict[str, float | None]:
        """Money paid: commission, slippage, spread, funding, borrow and their total; negative is received.

        None for what a result of a release before 0.5.0 does not have.
        """
        paid: dict[str, float | None] = {name: self.metrics.get(metric) for name, metric in COSTS.items()}
        paid["funding"] = 0.0 - float(self.metrics["funding"])
        known = [value for value in paid.values() if value is not None]
        return paid | {"total": sum(known) if len(known) == len(paid) else None}

    def metrics_as(self, package: "Package") -> dict[str, float | int | None]:
        """The figures by the names and formulas of "quantstats", "vectorbt", "lean" or "backtesting.py".

        None where the package has no number; ConfigError for another package.
        """
        from btcore.results.metrics_as import metrics_as

        return metrics_as(self, package)  # type: ignore[arg-type]  # a Result

    def reconcile(self) -> "Reconciliation":
        """The largest differences of cash, positions and equity to those computed again exactly."""
        from btcore.results.reconcile import reconcile

        return reconcile(self)  # type: ignore[arg-type]  # a Result

    def profit_by(self, group: Group) -> "Table":
        """Round trips, pnl, win rate, commission by "symbol", "side", "hour", "weekday" or "month" of exit.

        ConfigError for another group.
        """
        return profit_by(self.round_trips, group, self._timezone)
