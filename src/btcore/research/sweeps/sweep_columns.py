"""Parameters and metrics of the runs of a sweep in columns: as tables, and drawn."""

from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from btcore.errors import ConfigError
from btcore.names import Named
from btcore.results import export
from btcore.results.drawing import Drawing
from btcore.results.tables import Table

from .axes import Axis, varied_axes
from .records import TEXTS, Columns, check_metric

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl

Over = Literal["median", "max", "min"]


class SweepColumns:
    """The part of `SweepResult` with the columns, their tables and drawings.

    params: parameters by name, arrays with a value for each run.
    metrics: metrics by name, likewise; NaN where a metric is undefined.
    """

    def __init__(self, params: Columns, table: Table) -> None:
        self.params: Columns = Named(params)
        names = table.dtype.names or ()
        self.metrics: Columns = Named((name, np.ascontiguousarray(table[name])) for name in names)
        for name, words in TEXTS.items():
            self.metrics[name] = np.array(words)[table[name]]

    def __len__(self) -> int:
        return len(self.metrics["final_equity"])

    @cached_property
    def axes(self) -> dict[str, Axis]:
        """The parameters with more than one value: their values in order, and the value of each run."""
        return varied_axes(self.params)

    def heat_map(
        self,
        x: str | None = None,
        y: str | None = None,
        metric: str = "sharpe_ratio",
        *,
        over: Over = "median",
        highest: bool = True,
    ) -> Drawing:
        """The metric over two parameters as coloured cells; the best, highest or lowest, is framed.

        x, y: the parameters; None if exactly two vary.
        over: what a cell has if others vary too: "median", "max" or "min" of the runs with its two values.

        ConfigError for an unknown metric, a parameter that does not vary, and one that is given twice.
        """
        from .pictures import grid_of, heat_map

        check_metric(metric)
        if over not in ("median", "max", "min"):
            raise ConfigError(f"over: {over!r} is not 'median', 'max' or 'min'")
        if x is None and y is None and len(self.axes) == 2:
            x, y = self.axes
        for name, given in (("x", x), ("y", y)):
            if given not in self.axes:
                raise ConfigError(
                    f"{name}: {given!r} is not a parameter that varies; these do: "
                    f"{', '.join(self.axes) or 'none'}"
                )
        if x == y:
            raise ConfigError(f"y: {y!r} is x already")
        assert x is not None
        assert y is not None
        grid = grid_of(
            self.axes[x], self.axes[y], self.metrics[metric].astype(np.float64), over, highest=highest
        )
        others = (
            f", {over} over {', '.join(n for n in self.axes if n not in (x, y))}"
            if len(self.axes) > 2
            else ""
        )
        return heat_map(grid, f"{metric}{others}")

    def parallel(self, metric: str = "sharpe_ratio", *, highest: bool = True) -> Drawing:
        """Parallel coordinates: an axis for each parameter that varies and for the metric, a line a run.

        The best runs are drawn last and thicker. ConfigError for an unknown metric, and if nothing varies.
        """
        from .pictures import parallel

        check_metric(metric)
        if not self.axes:
            raise ConfigError("params: no parameter varies, so there is nothing to draw")
        return parallel(
            list(self.axes.values()), self.metrics[metric].astype(np.float64), metric, highest=highest
        )

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
