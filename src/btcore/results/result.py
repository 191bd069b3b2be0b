"""The result of a run: tables, metrics, export, files and report."""

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Self, overload

import msgspec
import numpy as np

from btcore.data.source import AnyContainer
from btcore.errors import ConfigError, near_name
from btcore.metrics.annual import DEFAULTS, AnnualSettings
from btcore.names import Named, no_attribute
from btcore.pictures import curve_picture, html_table, shown

from . import export
from . import tables as views
from .account_terms import AccountTerms, terms_of
from .explain import explain
from .export import columns_of, rfc3339, to_json, to_rows
from .figures.of_result import ResultFigures
from .indicator_rows import indicator_rows
from .journal import RunJournal
from .summary import BenchmarkValues, Metrics, format_metric, summarize
from .tables import TABLES, PriceSource, Table

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl

    from btcore.results.charts.contents import Given
    from btcore.results.charts.interactive import InteractiveChart
    from btcore.results.report.chart import Chart
    from btcore.results.report.page import Report

MAIN_METRICS = (
    "total_return",
    "annual_return",
    "sharpe_ratio",
    "max_drawdown",
    "round_trips",
    "win_rate",
    "final_equity",
)
Manifest = dict[str, Any]
Indicators = dict[tuple[str, str], Table]


class Bounds(NamedTuple):
    """The metrics of the pessimistic and the optimistic reading of bars; not an interval of what is possible.

    ambiguous_bars: bars in which the pessimistic run filled a stop, and its limit could have been first.
    """

    pessimistic: Metrics
    optimistic: Metrics
    ambiguous_bars: int

    def __repr__(self) -> str:
        low, high = (format_metric(each["total_return"]) for each in self[:2])
        return f"Bounds(total_return {low} to {high}, ambiguous_bars={self.ambiguous_bars})"


class Result(ResultFigures):
    """The result of a run: `metrics`, eight tables, `logs`, and what was run (`manifest`, `fingerprint`).

    Tables are numpy records; times are int64 nanoseconds UTC. Tables, metrics and log lines are computed when
    they are first read, and so are a manifest and a fingerprint that are given as functions.
    """

    def __init__(
        self,
        *,
        metrics: Metrics | Callable[[], Metrics],
        make: Mapping[str, Callable[[], Table]],
        logs: Sequence[str] | Callable[[], Sequence[str]],
        manifest: Manifest | Callable[[], Manifest],
        fingerprint: str | Callable[[], str],
        journal: RunJournal | None = None,
        strategy: Any = None,
        indicators: Mapping[tuple[str, str], Callable[[], Table]] | None = None,
        markets: Mapping[str, AnyContainer] | None = None,
    ) -> None:
        self.journal = journal
        # The data that filled the orders, by symbol; empty if the result was loaded.
        self.markets: dict[str, AnyContainer] = dict(markets or {})
        self.optimistic_metrics: Metrics | None = None  # with intrabar="bounds"
        self.strategy = strategy  # the Strategy that played, as the run left it; None for other kinds
        self._make = make
        self._logs = logs
        self._metrics = metrics
        self._manifest = manifest
        self._fingerprint = fingerprint
        self._tables: dict[str, Table] = {}
        self._indicators = indicators or {}

    @classmethod
    def from_journal(
        cls,
        journal: RunJournal,
        *,
        manifest: Manifest | Callable[[], Manifest],
        fingerprint: str | Callable[[], str],
        timezone: str = "UTC",
        annual: AnnualSettings = DEFAULTS,
        benchmark: BenchmarkValues | None = None,
        prices: PriceSource | None = None,
        strategy: Any = None,
        indicators: Mapping[tuple[str, str], Callable[[], Table]] | None = None,
        markets: Mapping[str, AnyContainer] | None = None,
    ) -> Self:
        """The result of a finished run.

        `prices(symbol)` returns None or the columns (ts_start, ts_end, low, high), from which MAE and MFE are
        computed; it is called when round trips are first read. `indicators` make the tables of that property.
        """
        make = {
            "equity_curve": partial(views.equity_curve, journal),
            "trades": partial(views.trades, journal),
            "round_trips": partial(views.round_trips, journal, prices),
            "exposures": partial(views.exposures, journal),
            "orders": partial(views.orders, journal),
            "cash_flows": partial(views.cash_flows, journal),
            "order_events": partial(views.order_events, journal),
            "benchmark_curve": partial(views.benchmark_curve, journal, benchmark),
        }
        return cls(
            metrics=partial(summarize, journal, timezone=timezone, annual=annual, benchmark=benchmark),
            make=make,
            logs=lambda: journal.logs,
            manifest=manifest,
            fingerprint=fingerprint,
            journal=journal,
            strategy=strategy,
            indicators=indicators,
            markets=markets,
        )

    @classmethod
    def from_tables(
        cls,
        tables: Mapping[str, Table],
        manifest: Manifest,
        metrics: Metrics,
        logs: Sequence[str],
        fingerprint: str,
        *,
        indicators: Mapping[tuple[str, str], Table] | None = None,
    ) -> Self:
        """A result without a journal, from saved tables; ConfigError if one is missing."""
        missing = [name for name in TABLES if name not in tables]
        if missing:
            raise ConfigError(f"tables: {missing[0]!r} is missing")
        make = {name: partial(tables.__getitem__, name) for name in TABLES}
        shown = {key: partial(lambda kept: kept, table) for key, table in (indicators or {}).items()}
        return cls(
            metrics=metrics,
            make=make,
            logs=logs,
            manifest=manifest,
            fingerprint=fingerprint,
            indicators=shown,
        )

    def table(self, name: str) -> Table:
        """The table of that name, of `indicators` with a row for each value; ConfigError if there is none."""
        names = (*TABLES, "indicators")
        if name not in names:
            raise ConfigError(f"table: {name!r} is not one of {', '.join(names)}{near_name(name, names)}")
        if name not in self._tables:
            self._tables[name] = (
                indicator_rows(self.indicators) if name == "indicators" else self._make[name]()
            )
        return self._tables[name]

    def tables(self) -> dict[str, Table]:
        """All tables by name."""
        return {name: self.table(name) for name in TABLES}

    @property
    def equity_curve(self) -> Table:
        """timestamp, equity, cash, positions: the value of the account; the first point is the capital."""
        return self.table("equity_curve")

    @property
    def trades(self) -> Table:
        """timestamp, symbol, side, quantity, price, commission, order_id and more, of every fill."""
        return self.table("trades")

    @property
    def round_trips(self) -> Table:
        """Entries paired with exits, first in, first out: pnl, return, duration in ns, MAE and MFE."""
        return self.table("round_trips")

    @property
    def exposures(self) -> Table:
        """timestamp, symbol, quantity, value, weight of equity; gross and net exposure of the account."""
        return self.table("exposures")

    @property
    def orders(self) -> Table:
        """Every order: its terms, its status (`OrderStatus`) and the reason of its end (`OrderReason`)."""
        return self.table("orders")

    @property
    def cash_flows(self) -> Table:
        """timestamp, symbol, kind, amount: interest, borrow fees, funding, dividends, cash in lieu."""
        return self.table("cash_flows")

    @property
    def order_events(self) -> Table:
        """timestamp, order_id, event, reason, value: changes of orders other than fills and ends."""
        return self.table("order_events")

    @property
    def benchmark_curve(self) -> Table:
        """timestamp, value: what the capital would be worth in the benchmark; empty without one."""
        return self.table("benchmark_curve")

    @cached_property
    def indicators(self) -> Indicators:
        """The indicators that the strategy asked for, by name and symbol: `indicators["rsi_14", "AAPL"]`.

        Each is a table of `timestamp`, at which the value was known, and the values, float64, one per row.
        """
        return Named((key, make()) for key, make in self._indicators.items())

    if not TYPE_CHECKING:  # type checkers find unknown names by themselves

        def __getattr__(self, name: str) -> Any:
            return no_attribute(self, name, **{"metrics": self.metrics} if "_metrics" in vars(self) else {})

    def explain(self, order_id: int) -> str:
        """The history of an order in a few lines, each fill with its cause; ConfigError for an unknown id."""
        return explain(self, order_id)

    @cached_property
    def metrics(self) -> Metrics:
        """The metrics of the run by name, as docs/metrics.md defines them; None if undefined."""
        return Named(self._metrics() if callable(self._metrics) else self._metrics)

    @cached_property
    def logs(self) -> list[str]:
        """The lines of the log: how the data were read, what the strategy logged, sums over the run."""
        return list(self._logs() if callable(self._logs) else self._logs)

    @property
    def bounds(self) -> Bounds | None:
        """The metrics of the two readings of bars, with `intrabar="bounds"`; else None."""
        if self.optimistic_metrics is None:
            return None
        return Bounds(self.metrics, Named(self.optimistic_metrics), int(self.metrics["ambiguous_bars"] or 0))

    @cached_property
    def _account_terms(self) -> AccountTerms | None:
        return None if self.journal is None else terms_of(self.journal)

    @cached_property
    def manifest(self) -> Manifest:
        """What was run: data, strategy, parameters, versions."""
        return self._manifest() if callable(self._manifest) else self._manifest

    @cached_property
    def fingerprint(self) -> str:
        """A digest of everything that the run depends on: data, strategy, settings."""
        return self._fingerprint() if callable(self._fingerprint) else self._fingerprint

    def rows(self, table: str, start: int = 0, stop: int | None = None) -> list[dict[str, Any]]:
        """Rows [start, stop) of a table, ready for JSON: times as RFC 3339, None for undefined values."""
        return to_rows(self._slice(table, slice(start, stop)))

    def json(self, table: str, start: int = 0, stop: int | None = None) -> bytes:
        """The same rows as a JSON array."""
        return to_json(self._slice(table, slice(start, stop)))

    def _slice(self, table: str, part: slice) -> dict[str, Table]:
        return {name: column[part] for name, column in self.columns(table).items()}

    def columns(self, table: str = "equity_curve") -> dict[str, Table]:
        """The columns of a table by name, read-only and not copied; they support the buffer protocol.

        Columns of `equity_curve` are contiguous (in a loaded result, after a copy at the first call). Columns
        of other tables are views into their records.
        """
        if table == "equity_curve":
            return dict(self._curve)
        return {name: _read_only(column) for name, column in columns_of(self.table(table)).items()}

    @cached_property
    def _curve(self) -> dict[str, Table]:
        columns = (
            columns_of(self.table("equity_curve"))
            if self.journal is None
            else views.curve_columns(self.journal)
        )
        return {name: _read_only(np.ascontiguousarray(column)) for name, column in columns.items()}

    def document(self) -> dict[str, Any]:
        """The whole result as objects that are ready for JSON."""
        return self._document(self.rows)

    def to_json(self) -> bytes:
        """`document` as JSON text; creates no Python object per value."""
        return msgspec.json.encode(self._document(lambda name: msgspec.Raw(self.json(name))))

    def _document(self, rows: Callable[[str], Any]) -> dict[str, Any]:
        return {
            "metrics_summary": self.metrics,
            **{name: rows(name) for name in TABLES},
            **({"indicators": rows("indicators")} if self.indicators else {}),
            "logs": self.logs,
            "manifest": self.manifest,
            "fingerprint": self.fingerprint,
            **({} if self.bounds is None else {"bounds": self.bounds._asdict()}),
        }

    def to_pandas(self, table: str = "equity_curve") -> "pd.DataFrame":
        """A table as a DataFrame; a column `timestamp` becomes the index."""
        return export.to_pandas(self.columns(table))

    def to_polars(self, table: str = "equity_curve") -> "pl.DataFrame":
        """A table as a DataFrame."""
        return export.to_polars(self.columns(table))

    def to_arrow(self, table: str = "equity_curve") -> Any:
        """A table as a pyarrow.Table; columns of the equity curve share their memory with `columns()`."""
        return export.to_arrow(self.columns(table))

    def save(self, path: str | Path) -> None:
        """Writes one .npz or .parquet file, completely or not at all; ConfigError for another suffix."""
        from . import archive

        tables, indicators = self.tables(), self.indicators
        document = archive.Document(
            fingerprint=self.fingerprint,
            metrics=self.metrics,
            manifest=self.manifest,
            logs=self.logs,
            dtypes=archive.describe(tables),
            optimistic_metrics=self.optimistic_metrics,
            account_terms=self._account_terms,
            indicators=archive.describe_indicators(indicators),
        )
        archive.write(path, tables, document, indicators)

    def plot(
        self,
        path: str | Path | None = None,
        backend: str | None = None,
        *,
        symbol: str | None = None,
        data: "Given | None" = None,
    ) -> "Chart | InteractiveChart":
        """A chart of prices, fills and the account, which notebooks show; saved to `path` if given.

        `backend` is "bokeh", an interactive page with no network access, or "svg", a picture that needs no
        package. The default follows from the path: .svg is the SVG, .html Bokeh; without a path, Bokeh if it
        is installed. `symbol` is that of the prices, by default the first that was traded. `data` are a
        container, or containers by symbol, whose prices a loaded result shows, as it does not hold them.
        ConfigError for an unknown backend, suffix or symbol, and without Bokeh where it is needed.
        """
        from btcore.results.charts.backends import draw

        return draw(self, path, backend, symbol=symbol, data=data)

    @overload
    def report(self, path: None = None) -> "Report": ...
    @overload
    def report(self, path: str | Path) -> Path: ...
    def report(self, path: str | Path | None = None) -> "Report | Path":
        """The report as one self-contained HTML page, with `save(path)`, which notebooks show.

        With a path it is written, and its path is returned; ConfigError unless that ends in .html or .htm.
        docs/report.md describes the page.
        """
        from btcore.results.report.page import Report, page

        made = Report(page(self))
        return made if path is None else made.save(path)

    def __repr__(self) -> str:
        first, last = rfc3339(self.columns()["timestamp"][[0, -1]])
        names = ("total_return", "sharpe_ratio", "max_drawdown", "total_trades", "final_equity")
        values = ", ".join(f"{name}={format_metric(self.metrics[name])}" for name in names)
        return f"<Result {first} to {last}, {values}>"

    def _repr_html_(self) -> str:
        """The same with a picture of the equity, the main metrics, and all metrics behind a fold."""
        curve = self.columns()
        picture = curve_picture(curve["timestamp"], curve["equity"])
        main = html_table(MAIN_METRICS, [[format_metric(self.metrics.get(name)) for name in MAIN_METRICS]])
        every = html_table(
            ("metric", "value"), [(name, format_metric(value)) for name, value in self.metrics.items()]
        )
        head = shown(repr(self), picture, {}, 0)
        return f"{head}{main}<details><summary>All metrics</summary>{every}</details>"


def _read_only(column: Table) -> Table:
    view = column.view()
    view.flags.writeable = False
    return view


def load_result(path: str | Path) -> Result:
    """The result that `Result.save` wrote to `path`; DataError if the file is not a saved result."""
    from . import archive

    tables, document, indicators = archive.read(path)
    result = Result.from_tables(
        tables,
        document.manifest,
        document.metrics,
        document.logs,
        document.fingerprint,
        indicators=indicators,
    )
    result.optimistic_metrics = document.optimistic_metrics
    result._account_terms = document.account_terms
    return result
