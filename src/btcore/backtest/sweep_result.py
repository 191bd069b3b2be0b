"""The result of a sweep: parameters and metrics in columns, one row for each run."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from btcore.errors import ConfigError, near_name
from btcore.metrics.annual import BASES
from btcore.metrics.period_returns import PERIODS
from btcore.metrics.run_metrics import RUN_METRICS_DTYPE
from btcore.names import Named, no_attribute
from btcore.results import export
from btcore.results.result import Result
from btcore.results.summary import Metrics, format_metric
from btcore.results.tables import Table

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl

Columns = dict[str, NDArray[Any]]
# Metrics that are words, codes in a record.
TEXTS: dict[str, tuple[str, ...]] = {"period": PERIODS, "periods_per_year_from": BASES}


class Refusal(NamedTuple):
    """A parameter set that the strategy refuses, and the reason."""

    params: dict[str, Any]
    reason: str


class SweepRun(NamedTuple):
    """One run of a sweep: its row, its parameters as given, and the metrics of `Result.metrics`."""

    row: int
    params: dict[str, Any]
    metrics: Metrics


class SweepResult:
    """Parameters and metrics of every run, in the order of the parameter sets.

    params: parameters by name, arrays with a value for each run.
    metrics: metrics by name, likewise; NaN where a metric is undefined.
    refused: the parameter sets that the strategy refuses, with reasons.

    `result[i]` is the SweepRun of run `i`; `result.run(i)` plays it again and returns its Result.
    """

    def __init__(
        self, params: Columns, table: Table, refused: Sequence[Refusal], run: Callable[[int], Result]
    ) -> None:
        self.params: Columns = Named(params)
        names = table.dtype.names or ()
        self.metrics: Columns = Named((name, np.ascontiguousarray(table[name])) for name in names)
        for name, words in TEXTS.items():
            self.metrics[name] = np.array(words)[table[name]]
        self.refused: tuple[Refusal, ...] = tuple(refused)
        self._run = run

    if not TYPE_CHECKING:  # type checkers find unknown names by themselves

        def __getattr__(self, name: str) -> Any:
            return no_attribute(self, name, metrics=vars(self).get("metrics", ()))

    def __len__(self) -> int:
        return len(self.metrics["final_equity"])

    def __getitem__(self, index: int) -> SweepRun:
        """Parameters and metrics of one run; a negative index counts from the end, IndexError beyond."""
        i = range(len(self))[index]
        return SweepRun(i, _row(self.params, i), _row(self.metrics, i))

    def __iter__(self) -> Iterator[SweepRun]:
        return (self[i] for i in range(len(self)))

    def run(self, index: int) -> Result:
        """The Result of one run, equal to that of `bt.run`. It is played again."""
        return self._run(range(len(self))[index])

    def order(self, metric: str = "sharpe_ratio", highest: bool = True) -> NDArray[np.int64]:
        """The indexes of all runs, best first, int64; undefined metrics are last, ties in order of index."""
        check_metric(metric)
        column = self.metrics[metric]
        return np.argsort(-column if highest else column, kind="stable")

    def best(self, metric: str = "sharpe_ratio", highest: bool = True) -> SweepRun:
        """The run with the highest metric, or the lowest.

        ConfigError if the metric is unknown, or undefined in every run.
        """
        first = int(self.order(metric, highest)[0])
        if np.isnan(self.metrics[metric][first]):
            raise ConfigError(f"metric: {metric} is undefined in every run")
        return self[first]

    @property
    def table(self) -> NDArray[Any]:
        """Parameters and metrics as records; a parameter with the name of a metric becomes `param_NAME`."""
        named = {f"param_{name}" if name in self.metrics else name: c for name, c in self.params.items()}
        named |= self.metrics
        table = np.empty(len(self), [(name, column.dtype) for name, column in named.items()])
        for name, column in named.items():
            table[name] = column
        return table

    def to_pandas(self) -> "pd.DataFrame":
        """`table` as a data frame."""
        return export.to_pandas(self.table)

    def to_polars(self) -> "pl.DataFrame":
        """`table` as a data frame."""
        return export.to_polars(self.table)

    def to_arrow(self) -> Any:
        """`table` as an Arrow table."""
        return export.to_arrow(self.table)

    def __repr__(self) -> str:
        text = f"<SweepResult: {len(self)} runs of {', '.join(self.params) or 'no parameters'}"
        if self.refused:
            text += f", {len(self.refused)} sets refused"
        sharpe = self.metrics["sharpe_ratio"]
        if np.isnan(sharpe).all():
            return text + ">"
        best = self.best()
        chosen = ", ".join(f"{name}={value!r}" for name, value in best.params.items())
        return f"{text}; highest sharpe_ratio {format_metric(best.metrics['sharpe_ratio'])} with {chosen}>"


def check_metric(metric: str) -> None:
    """Raises ConfigError unless `metric` is the name of a numeric metric."""
    names = [name for name in RUN_METRICS_DTYPE.names or () if name not in TEXTS]
    if metric not in names:
        meant, known = near_name(metric, names), ", ".join(names)
        raise ConfigError(f"metric: {metric!r} is not a numeric metric{meant}; choose from {known}")


def as_record(metrics: Metrics) -> tuple[Any, ...]:
    """The metrics of a run as a record of RUN_METRICS_DTYPE."""
    plain = {name: math.nan if value is None else value for name, value in metrics.items()}
    for name, words in TEXTS.items():
        plain[name] = words.index(str(plain[name]))
    return tuple(plain[name] for name in RUN_METRICS_DTYPE.names or ())


def columns(rows: Sequence[Mapping[str, Any]]) -> Columns:
    """Rows with the same names as columns of integers, texts, booleans, floats (NaN for None) or objects."""
    return {name: _column([row[name] for row in rows]) for name in rows[0]}


def _column(values: list[Any]) -> NDArray[Any]:
    kinds = {type(value) for value in values}
    if kinds <= {float, type(None)} or kinds == {int, float}:
        return np.array([np.nan if value is None else value for value in values], np.float64)
    if kinds in ({int}, {bool}, {str}):
        return np.array(values)
    column = np.empty(len(values), object)
    column[:] = values
    return column


def _row(table: Columns, i: int) -> dict[str, Any]:
    return Named((name, _plain(column[i])) for name, column in table.items())


def _plain(value: Any) -> Any:
    value = value.item() if isinstance(value, np.generic) else value
    return None if isinstance(value, float) and math.isnan(value) else value
