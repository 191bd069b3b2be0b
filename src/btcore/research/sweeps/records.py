"""Parameters and metrics of trials as columns and records."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from btcore.errors import ConfigError, near_name
from btcore.metrics.annual import BASES
from btcore.metrics.period_returns import PERIODS
from btcore.metrics.run_metrics import RUN_METRICS_DTYPE
from btcore.names import Named
from btcore.results.summary import Metrics
from btcore.results.tables import Table

Columns = dict[str, NDArray[Any]]
# Metrics that are words, codes in a record.
TEXTS: dict[str, tuple[str, ...]] = {"period": PERIODS, "periods_per_year_from": BASES}


def check_metric(metric: Any, where: str = "metric") -> None:
    """Raises ConfigError unless `metric` is the name of a numeric metric."""
    if isinstance(metric, int):
        raise ConfigError(f"{where}: {metric} is a number; the best {metric} runs are best(n={metric})")
    names = [name for name in RUN_METRICS_DTYPE.names or () if name not in TEXTS]
    if metric not in names:
        meant, known = near_name(metric, names), ", ".join(names)
        raise ConfigError(f"{where}: {metric!r} is not a numeric metric{meant}; choose from {known}")


def as_record(metrics: Metrics) -> tuple[Any, ...]:
    """The metrics of a run as a record of RUN_METRICS_DTYPE."""
    plain = {name: math.nan if value is None else value for name, value in metrics.items()}
    for name, words in TEXTS.items():
        plain[name] = words.index(str(plain[name]))
    return tuple(plain[name] for name in RUN_METRICS_DTYPE.names or ())


def columns(rows: Sequence[Mapping[str, Any]], types: Mapping[str, set[type]] | None = None) -> Columns:
    """Rows with the same names as columns of integers, texts, booleans, floats (NaN for None) or objects.

    types: those that a column has in other rows too.
    """
    others = {} if types is None else types
    return {name: _column([row[name] for row in rows], others.get(name, set())) for name in rows[0]}


def _column(values: list[Any], others: set[type]) -> NDArray[Any]:
    kinds = {type(value) for value in values} | others
    if kinds <= {float, type(None)} or kinds == {int, float}:
        return np.array([np.nan if value is None else value for value in values], np.float64)
    if kinds in ({int}, {bool}, {str}):
        return np.array(values)
    column = np.empty(len(values), object)
    column[:] = values
    return column


def row(table: Columns, i: int) -> dict[str, Any]:
    return Named((name, plain_value(column[i])) for name, column in table.items())


def plain_value(value: Any) -> Any:
    value = value.item() if isinstance(value, np.generic) else value
    return None if isinstance(value, float) and math.isnan(value) else value


def per_period(table: Table) -> NDArray[np.float64]:
    """The Sharpe ratio of each trial per period, NaN where it is undefined."""
    a_year = np.where(table["periods_per_year"] > 0.0, table["periods_per_year"], 1.0)
    found: NDArray[np.float64] = table["sharpe_ratio"] / np.sqrt(a_year)
    return found
