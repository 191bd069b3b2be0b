"""Which figures of runs can be compared, and their differences."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from btcore import metrics as formulas
from btcore.results.heading import run_of
from btcore.results.result import Result

SHOWN = (
    "total_return", "annual_return", "annual_volatility", "sharpe_ratio", "sortino_ratio", "calmar_ratio",
    "max_drawdown", "max_drawdown_duration_days", "win_rate", "profit_factor", "round_trips", "total_trades",
    "total_commission", "slippage_cost", "turnover", "exposure_time", "final_equity",
)  # fmt: skip
CONVENTIONS = ("period", "periods_per_year", "risk_free", "ddof")  # of periodic figures
COMMON = np.dtype([("return", np.float64), ("max_drawdown", np.float64)])
Column = NDArray[Any]


def span_of(result: Result) -> tuple[int, int]:
    """The first and the last time of the curve, ns UTC."""
    clock = result.columns()["timestamp"]
    return int(clock[0]), int(clock[-1])


def currency_of(result: Result) -> str:
    """The currency of the account; "" if the manifest has none."""
    return str(run_of(result.manifest).get("currency", ""))


def figures_table(results: Sequence[Result], names: Sequence[str]) -> Column:
    """`run` and every metric, a record for each result: float64, NaN if undefined, and words as texts."""
    keys = dict.fromkeys(key for result in results for key in result.metrics)
    columns: dict[str, Column] = {"run": np.array(names)}
    for key in keys:
        values = [result.metrics.get(key) for result in results]
        if any(isinstance(value, str) for value in values):
            columns[key] = np.array(["" if value is None else str(value) for value in values])
        else:
            columns[key] = np.array([np.nan if value is None else value for value in values], np.float64)
    return records(columns)


def records(columns: dict[str, Column]) -> Column:
    """Columns of one length as records."""
    table = np.empty(len(next(iter(columns.values()))), [(name, c.dtype) for name, c in columns.items()])
    for name, column in columns.items():
        table[name] = column
    return table


def difference_table(table: Column, not_compared: frozenset[str]) -> Column:
    """`run` and every metric of floats less that of the first run; NaN for those that are not compared."""
    columns: dict[str, Column] = {"run": table["run"]}
    for name in table.dtype.names or ():
        if table.dtype[name].kind == "f":
            change = np.full(len(table), np.nan)
            if name not in not_compared:
                with np.errstate(invalid="ignore"):  # infinity less infinity
                    np.subtract(table[name], table[name][0], out=change)
            columns[name] = change
    return records(columns)


def indexed(result: Result, first: int, last: int) -> tuple[Column, Column]:
    """Times and equity from `first` to `last`, as percent of the equity at `first`; none without that.

    The equity at `first` is that of the last point until then.
    """
    curve = result.columns()
    clock, equity = curve["timestamp"], curve["equity"]
    start, stop = (int(np.searchsorted(clock, time, "right")) for time in (first, last))
    start = max(start - 1, 0)
    if first >= last or stop - start < 2 or not equity[start] > 0.0:
        return clock[:0], equity[:0]
    return np.maximum(clock[start:stop], first), 100.0 * equity[start:stop] / equity[start]


def common_table(results: Sequence[Result], first: int, last: int) -> Column:
    """`return` and `max_drawdown` from `first` to `last` in percent, records of COMMON; NaN if undefined."""
    rows = []
    for result in results:
        _, values = indexed(result, first, last)
        known = len(values) > 0
        fall = 100.0 * float(formulas.drawdown(values).max()) if known else np.nan
        rows.append((float(values[-1]) - 100.0 if known else np.nan, fall))
    return np.array(rows, COMMON)
