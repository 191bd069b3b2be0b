"""The parameters of a sweep that vary, their values in order, and the rows beside a row."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from btcore.errors import ConfigError
from btcore.results.summary import format_metric


class Axis(NamedTuple):
    """A parameter that varies.

    name: its name.
    values: its different values: numbers ascend, others are in the order of the runs.
    codes: for each run the index of its value, int64.
    is_ordered: True for numbers, whose neighbours are the values before and after.
    """

    name: str
    values: list[Any]
    codes: NDArray[np.int64]
    is_ordered: bool


def axis_of(name: str, column: NDArray[Any]) -> Axis:
    """The axis of a parameter with these values."""
    if column.dtype.kind in "if":
        values, codes = np.unique(column, return_inverse=True)  # NaN, for None, is one value and the last
        return Axis(name, values.tolist(), codes.reshape(-1).astype(np.int64), is_ordered=True)
    places: dict[str, int] = {}  # by text, as a list or a mapping has no hash
    first: list[Any] = []
    codes = np.empty(len(column), np.int64)
    for i, value in enumerate(column.tolist()):
        text = repr(value)
        if text not in places:
            places[text] = len(first)
            first.append(value)
        codes[i] = places[text]
    return Axis(name, first, codes, is_ordered=False)


def varied_axes(params: Mapping[str, NDArray[Any]]) -> dict[str, Axis]:
    """The axes of the parameters with more than one value, by name."""
    axes = {name: axis_of(name, column) for name, column in params.items()}
    return {name: axis for name, axis in axes.items() if len(axis.values) > 1}


def neighbour_rows(axes: Sequence[Axis], row: int) -> NDArray[np.int64]:
    """The other runs whose every number is the value before, the same or the value after; all else equal."""
    is_near = np.ones(len(axes[0].codes) if axes else 0, np.bool_)
    for axis in axes:
        steps = np.abs(axis.codes - axis.codes[row])
        is_near &= steps <= (1 if axis.is_ordered else 0)
    is_near[row : row + 1] = False
    return np.flatnonzero(is_near)


def cell_text(value: Any) -> str:
    """A value of a parameter as a short text."""
    if isinstance(value, float):
        return "none" if np.isnan(value) else f"{value:g}"
    text = str(value)
    return text if len(text) <= 24 else text[:23] + "…"


def metric_text(value: float) -> str:
    """A value of a metric, NaN if it is undefined."""
    return format_metric(None if np.isnan(value) else float(value))


def share_text(share: float) -> str:
    """A share of 0 to 1 in percent, NaN if it is undefined."""
    return "n/a" if np.isnan(share) else f"{100 * share:.0f} %"


class Neighbourhood(NamedTuple):
    """The runs beside one run: every number is the next value below, the same, or the next above.

    row, params, value: the run itself, and its metric.
    rows: the runs beside it, int64; without the run itself.
    median, worst: of their metric, without undefined ones; NaN if there are none.
    than: the value that `share_better` compares with.
    share_better: the share of these runs whose metric is better than `than`, 0 to 1; NaN without runs.

    A run that is much better than the median of its neighbourhood is a lonely peak: a small change of its
    parameters, or of the market, loses what it seems to earn.
    """

    metric: str
    row: int
    params: dict[str, Any]
    value: float
    rows: NDArray[np.int64]
    median: float
    worst: float
    than: float
    share_better: float

    def __repr__(self) -> str:
        given = ", ".join(f"{name}={cell_text(value)}" for name, value in self.params.items())
        return (
            f"Neighbourhood({given}: {self.metric} {metric_text(self.value)}; "
            f"{len(self.rows)} runs beside it: "
            f"median {metric_text(self.median)}, worst {metric_text(self.worst)}, "
            f"{share_text(self.share_better)} better than {metric_text(self.than)})"
        )


def neighbourhood(  # noqa: PLR0917 - called by SweepResult alone
    axes: Mapping[str, Axis],
    params: dict[str, Any],
    row: int,
    metric: str,
    column: NDArray[Any],
    highest: bool,
    than: float | None,
) -> Neighbourhood:
    """The runs beside a row by their metric; `than` None is the median of all runs."""
    rows = neighbour_rows(list(axes.values()), row)
    known = column[rows][~np.isnan(column[rows])]
    if than is None:
        everything = column[~np.isnan(column)]
        than = float(np.median(everything)) if len(everything) else float("nan")
    is_better = known > than if highest else known < than
    some = len(known) > 0
    worst = float(known.min() if highest else known.max()) if some else float("nan")
    return Neighbourhood(
        metric=metric,
        row=row,
        params=params,
        value=float(column[row]),
        rows=rows,
        median=float(np.median(known)) if some else float("nan"),
        worst=worst,
        than=than,
        share_better=float(is_better.sum()) / len(rows) if some else float("nan"),
    )


def row_of(axes: Mapping[str, Axis], columns: Mapping[str, NDArray[Any]], given: Mapping[str, Any]) -> int:
    """The run with these parameters; ConfigError for an unknown or a missing name, and if there is none."""
    for name in given:
        if name not in columns:
            raise ConfigError(f"params.{name}: the sweep has no such parameter, only {', '.join(columns)}")
    for name in axes:
        if name not in given:
            raise ConfigError(f"params: {name} is missing; it varies in this sweep")
    is_row = np.ones(len(next(iter(columns.values()))), np.bool_)
    for name, value in given.items():
        if name in axes:
            axis = axes[name]
            places = [i for i, known in enumerate(axis.values) if _is_equal(known, value)]
            is_row &= np.isin(axis.codes, places)
        else:
            is_row &= _is_equal(columns[name][0], value)
    if not is_row.any():
        named = ", ".join(f"{name}={value!r}" for name, value in given.items())
        raise ConfigError(f"params: no run has {named}")
    return int(is_row.argmax())


def _is_equal(value: Any, given: Any) -> bool:
    if given is None:
        return value is None or (isinstance(value, float | np.floating) and bool(np.isnan(value)))
    return bool(np.all(value == given))
