"""The result of `ladder`: its steps, the stresses of the last one, tables and pages of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

import numpy as np
from numpy.typing import NDArray

from btcore.results import export
from btcore.results.drawing import Drawing
from btcore.results.heading import heading
from btcore.results.pages import Page
from btcore.results.result import Result

from .resampling import Band
from .steps import FIGURES, Step, Stress, number

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl


@dataclass(frozen=True, repr=False, eq=False)
class Ladder:
    """What each cost and limit takes from the result of a strategy.

    steps: a Step for each rung, from fills at the close without costs to the pessimistic reading of bars.
    stresses: a Stress for each, of the last step that is climbed.
    given: the caller's own settings; equal to the last step that is climbed if nothing is assumed.
    result: the Result of the last step that is climbed.
    assumed: the assumption of each step that has one, by the name of the step.
    """

    steps: tuple[Step, ...]
    stresses: tuple[Stress, ...]
    given: Step
    result: Result
    assumed: Mapping[str, str]

    @property
    def climbed(self) -> tuple[Step, ...]:
        """The steps that are played."""
        return tuple(step for step in self.steps if step.metrics is not None)

    @property
    def title(self) -> tuple[str, str]:
        """The strategy with its parameters, and a line of its symbols and dates."""
        return heading(self.result)

    @cached_property
    def table(self) -> NDArray[Any]:
        """A record for each step and each stress that is a run, and at the end of the steps "given".

        Texts: kind ("step" or "stress"), name, words, settings, assumed, reason. Numbers, float64, NaN if
        undefined: total_return, annual_return and max_drawdown in percent, sharpe_ratio, total_trades (the
        number of fills), final_equity and change in money, change_return in percentage points.
        """
        rows: list[tuple[str, Any]] = [("step", step) for step in (*self.steps, self.given)]
        rows += [("stress", stress) for stress in self.stresses if not stress.bands]
        texts = [
            (
                kind,
                each.name,
                each.words,
                getattr(each, "settings", ""),
                getattr(each, "assumed", ""),
                each.reason,
            )
            for kind, each in rows
        ]
        columns: dict[str, NDArray[Any]] = {
            name: np.array(column, np.str_)
            for name, column in zip(
                ("kind", "name", "words", "settings", "assumed", "reason"),
                zip(*texts, strict=True),
                strict=True,
            )
        }
        for name in FIGURES:
            columns[name] = np.array([number((each.metrics or {}).get(name)) for _, each in rows])
        for name in ("change", "change_return"):
            columns[name] = np.array([number(getattr(each, name)) for _, each in rows])
        table = np.empty(len(rows), [(name, column.dtype) for name, column in columns.items()])
        for name, column in columns.items():
            table[name] = column
        return table

    @cached_property
    def bands(self) -> NDArray[Any]:
        """A record for each figure of a stress with draws: stress, metric, as_run, p5, p25, p50, p75, p95."""
        rows = [(stress.name, *each) for stress in self.stresses for each in stress.bands]
        numbers = [(name, np.float64) for name in Band._fields[1:]]
        return np.array(rows, [("stress", np.str_, 24), ("metric", np.str_, 24), *numbers])

    def to_pandas(self) -> "pd.DataFrame":
        """`table` as a data frame."""
        return export.to_pandas(self.table)

    def to_polars(self) -> "pl.DataFrame":
        """`table` as a data frame."""
        return export.to_polars(self.table)

    def plot(self) -> Drawing:
        """The final equity of each step as a bar, with what the step takes; notebooks show it."""
        from .picture import ladder_picture

        return ladder_picture(self)

    @overload
    def report(self, path: None = None) -> Page: ...

    @overload
    def report(self, path: str | Path) -> Path: ...

    def report(self, path: str | Path | None = None) -> Page | Path:
        """One offline page: what each step costs as a picture, the steps and the stresses as tables.

        Notebooks show it. With a path it is written, and its path is returned. ConfigError unless the path
        ends in .html.
        """
        from .page import ladder_page

        made = ladder_page(self)
        return made if path is None else made.save(path)

    def document(self) -> dict[str, Any]:
        """Title, steps and stresses as objects that are ready for JSON; an undefined figure is None."""
        return {
            "title": list(self.title),
            "steps": [_plain(step) for step in self.steps],
            "given": _plain(self.given),
            "stresses": [_plain(stress) for stress in self.stresses],
        }

    def __repr__(self) -> str:
        from .texts import ladder_text

        return ladder_text(self)

    def _repr_html_(self) -> str:
        from .page import ladder_html

        return ladder_html(self)


def _plain(row: Step | Stress) -> dict[str, Any]:
    plain = {name: value for name, value in vars(row).items() if name != "bands"}
    if isinstance(row, Stress):
        plain["bands"] = [
            {n: None if isinstance(v, float) and np.isnan(v) else v for n, v in each._asdict().items()}
            for each in row.bands
        ]
    return plain
