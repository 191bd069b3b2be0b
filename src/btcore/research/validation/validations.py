"""The results of the three validations: folds, joined results, stability, a table and a page."""

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, overload

import numpy as np
from numpy.typing import NDArray

from btcore.audit.lookahead import LeakReport
from btcore.data import conversions
from btcore.errors import ConfigError
from btcore.research.sweeps.records import columns
from btcore.results.pages import Page
from btcore.results.result import Result

from .stability import Stability, value_text

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl

TIMES = frozenset({"train_start", "train_end", "test_start", "test_end"})
Range = tuple[int, int]


class Fold(NamedTuple):
    """One choice of parameters and its test; times are ns UTC, ranges are [start, end).

    train, test: the ranges of time; several in folds whose training or test periods do not follow each other.
    params: the chosen parameter set.
    in_sample, out_of_sample: the objective in training and in the test; NaN if undefined.
    rank: the rank of the chosen set out of sample among `sets`, 1 for the best; None if not known.
    share_better: the share of the other sets that are better out of sample, 0 to 1; NaN if not known.
    groups: the groups that are tested, of `purged_kfold` and `cpcv`; empty for `walk_forward`.
    result: the run over the test; None for `cpcv`, whose tests are parts of `paths`.
    """

    number: int
    train: tuple[Range, ...]
    test: tuple[Range, ...]
    params: dict[str, Any]
    in_sample: float
    out_of_sample: float
    rank: int | None
    sets: int
    share_better: float
    groups: tuple[int, ...] = ()
    result: Result | None = None

    def __repr__(self) -> str:
        given = ", ".join(f"{name}={value!r}" for name, value in self.params.items())
        rank = "" if self.rank is None else f", rank {self.rank} of {self.sets}"
        values = " -> ".join(map(value_text, (self.in_sample, self.out_of_sample)))
        return f"<Fold {self.number}: {given}; {values}{rank}>"


class Validation:
    """What all validations have.

    folds: each choice of parameters, in order.
    objective, direction: what the choices were made by: "maximize" or "minimize".
    stability: how stable the choices are; `stability.lines()` says it in words.
    leaks: what the check for look-ahead has found, by parameter set: a LeakReport, or why there is none.
    notes: lines about how the windows were made and played.
    """

    kind: str
    title: str
    joined: tuple[tuple[str, Result], ...]

    def __init__(
        self,
        *,
        folds: Sequence[Fold],
        objective: str,
        direction: str,
        stability: Stability,
        leaks: dict[str, LeakReport | str],
        notes: Sequence[str],
    ) -> None:
        self.folds: tuple[Fold, ...] = tuple(folds)
        self.objective: str = objective
        self.direction: str = direction
        self.stability: Stability = stability
        self.leaks: dict[str, LeakReport | str] = leaks
        self.notes: tuple[str, ...] = tuple(notes)

    def __len__(self) -> int:
        return len(self.folds)

    @cached_property
    def table(self) -> NDArray[Any]:
        """A record for each fold: times in ns UTC, parameters, objective in and out of sample, rank.

        `train_start` and `train_end`, `test_start` and `test_end` enclose all of its ranges. A parameter with
        the name of another column becomes `param_NAME`; a rank that is not known is -1.
        """
        found = columns(
            [
                {
                    "fold": fold.number,
                    "train_start": fold.train[0][0] if fold.train else -1,
                    "train_end": fold.train[-1][1] if fold.train else -1,
                    "test_start": fold.test[0][0],
                    "test_end": fold.test[-1][1],
                    **({"test_groups": ",".join(map(str, fold.groups))} if fold.groups else {}),
                }
                for fold in self.folds
            ]
        )
        own = {"in_sample", "out_of_sample", "rank", "sets", *found}
        for name, column in columns([fold.params for fold in self.folds]).items():
            found[f"param_{name}" if name in own else name] = column
        found |= columns(
            [
                {
                    "in_sample": float(fold.in_sample),
                    "out_of_sample": float(fold.out_of_sample),
                    "rank": -1 if fold.rank is None else fold.rank,
                    "sets": fold.sets,
                }
                for fold in self.folds
            ]
        )
        table = np.empty(len(self.folds), [(name, column.dtype) for name, column in found.items()])
        for name, column in found.items():
            table[name] = column
        return table

    def _columns(self) -> dict[str, NDArray[Any]]:
        return {name: self.table[name] for name in self.table.dtype.names or ()}

    def to_pandas(self) -> "pd.DataFrame":
        """`table` as a data frame, with times as timestamps."""
        return conversions.to_pandas(self._columns(), TIMES)

    def to_polars(self) -> "pl.DataFrame":
        """`table` as a data frame, with times as timestamps."""
        return conversions.to_polars(self._columns(), TIMES)

    def to_arrow(self) -> Any:
        """`table` as an Arrow table, with times as timestamps."""
        return conversions.to_arrow(self._columns(), TIMES)

    @overload
    def report(self, path: None = None) -> Page: ...

    @overload
    def report(self, path: str | Path) -> Path: ...

    def report(self, path: str | Path | None = None) -> Page | Path:
        """One offline page: the joined equity, the objective in and out of sample, folds and stability.

        Notebooks show it. With a path it is written, and its path is returned; ConfigError unless that ends
        in .html.
        """
        from .page import validation_page

        made = validation_page(self)
        return made if path is None else made.save(path)

    def __repr__(self) -> str:
        inside, outside = (
            value_text(float(np.nanmean(each)) if np.isfinite(each).any() else float("nan"))
            for each in (self.stability.in_sample, self.stability.out_of_sample)
        )
        return (
            f"<{type(self).__name__}: {len(self.folds)} folds, {self.objective} {inside} in training, "
            f"{outside} out of sample{self._more()}>"
        )

    def _more(self) -> str:
        return ""

    def _figures(self) -> dict[str, float]:
        """More figures of the objective, for the page."""
        return {}

    def _repr_html_(self) -> str:
        from .page import validation_html

        return validation_html(self)


class WalkForward(Validation):
    """The result of `walk_forward`; `result` is the Result of all tests, joined.

    is_stopped: True if it was stopped before the last window.
    """

    kind: str = "walk_forward"
    title: str = "Walk forward"

    def __init__(self, *, result: Result, is_stopped: bool = False, **parts: Any) -> None:
        super().__init__(**parts)
        self.result: Result = result
        self.is_stopped: bool = is_stopped
        self.joined: tuple[tuple[str, Result], ...] = (("tests", result),)


class PurgedKFold(WalkForward):
    """The result of `purged_kfold`; `result` is the Result of all tests, joined in order of time."""

    kind: str = "purged_kfold"
    title: str = "Purged k-fold"


class CPCV(Validation):
    """The result of `cpcv`.

    folds: the splits, in lexicographic order of their test groups.
    paths: the Result of each path, whose groups are tests of different splits, joined in order of time.
    path_objectives: the objective of each path, float64; NaN if undefined.
    """

    kind: str = "cpcv"
    title: str = "Combinatorial purged cross-validation"

    def __init__(self, *, paths: Sequence[Result], path_splits: NDArray[np.int64], **parts: Any) -> None:
        """`path_splits` has the split of each group in each path, shape (paths, groups)."""
        super().__init__(**parts)
        self.paths: tuple[Result, ...] = tuple(paths)
        self.path_splits: NDArray[np.int64] = path_splits
        self.joined: tuple[tuple[str, Result], ...] = tuple(
            (f"path {i}", path) for i, path in enumerate(self.paths)
        )
        self.path_objectives: NDArray[np.float64] = np.array(
            [metric_of(path, self.objective) for path in self.paths], np.float64
        )

    def distribution(self) -> dict[str, float]:
        """Of the objective over the paths: mean, std (ddof 1), lowest, median, highest, share above 0.

        NaN where no path has the objective.
        """
        known = self.path_objectives[np.isfinite(self.path_objectives)]
        if not len(known):
            names = ("mean", "std", "lowest", "median", "highest", "share_above_zero")
            return dict.fromkeys(names, float("nan"))
        return {
            "mean": float(known.mean()),
            "std": float(known.std(ddof=1)) if len(known) > 1 else float("nan"),
            "lowest": float(known.min()),
            "median": float(np.median(known)),
            "highest": float(known.max()),
            "share_above_zero": float((known > 0).mean()),
        }

    def _figures(self) -> dict[str, float]:
        return self.distribution()

    def _more(self) -> str:
        found = self.distribution()
        low, middle, high = (value_text(found[name]) for name in ("lowest", "median", "highest"))
        return f"; {len(self.paths)} paths: {low} to {high}, median {middle}"


def metric_of(result: Result, name: str) -> float:
    """A metric of a result as a float, NaN if undefined."""
    value = result.metrics[name]
    if isinstance(value, str):
        raise ConfigError(f"objective: {name} is a text")
    return float("nan") if value is None else float(value)
