"""Collects the trials of a sweep: all of them, the best, or the best in memory and all in a Parquet file."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from btcore.data.conversions import DATA_EXTRA, import_library
from btcore.errors import ConfigError
from btcore.metrics.run_metrics import RUN_METRICS_DTYPE
from btcore.results.tables import Table
from btcore.results.writing import path_ending_in

from .records import TEXTS, Columns, columns, per_period
from .swept import ParameterSet, Params
from .work import MOST_RETURNS

KEPT_BESIDE_FILE = 1000  # trials in memory, of a sweep whose trials go to a file


class Collected:
    """The trials that are kept.

    numbers: of the kept trials, int64, counted from 0 over all that the sweep has accepted.
    n_run: how many trials were run; `sharpe_ratios` has that of each, per period, NaN where undefined.
    """

    def __init__(
        self, types: Mapping[str, set[type]], metric: str, *, highest: bool, keep: int | None,
        out: str | Path | None,
    ) -> None:  # fmt: skip
        """`types` has the names of the parameters, each with the types of its values if these are listed."""
        self._types, self._metric, self._highest = types, metric, highest
        self._keep = KEPT_BESIDE_FILE if keep is None and out is not None else keep
        self._file = None if out is None else TrialFile(path_ending_in(out, ".parquet"))
        self._sets: list[ParameterSet] = []
        self._tables: list[Table] = [np.zeros(0, RUN_METRICS_DTYPE)]
        self._numbers: list[NDArray[np.int64]] = [np.zeros(0, np.int64)]
        self._seconds: list[NDArray[np.float64]] = [np.zeros(0)]
        self._returns: list[NDArray[np.float64]] | None = []
        self._sharpe: list[NDArray[np.float64]] = [np.zeros(0)]
        self.n_run: int = 0

    @property
    def is_all(self) -> bool:
        """True if every trial is kept in memory."""
        return self._keep is None

    def add(
        self, sets: Sequence[ParameterSet], table: Table, returns: NDArray[np.float64] | None,
        seconds: NDArray[np.float64],
    ) -> None:  # fmt: skip
        """Adds trials that were run, in their order."""
        numbers = np.arange(self.n_run, self.n_run + len(sets))
        self.n_run += len(sets)
        self._sharpe.append(per_period(table))
        if self._file is not None and len(sets):
            # A column has one type in all parts of the file.
            self._file.write(columns(self._rows(sets), self._types), table, numbers)
        self._sets += sets
        self._tables.append(table)
        self._numbers.append(numbers)
        self._seconds.append(seconds)
        if self._returns is not None:
            total = sum(each.nbytes for each in self._returns)
            if len(sets) and (returns is None or total + returns.nbytes > MOST_RETURNS):
                self._returns = None
            elif returns is not None:
                self._returns.append(returns)
        if self._keep is not None and len(self._sets) > self._keep:
            self._cut(self._keep)

    def _cut(self, keep: int) -> None:
        """Keeps the best, in the order of their numbers; of equal ones those that came first."""
        table, numbers = np.concatenate(self._tables), np.concatenate(self._numbers)
        column = table[self._metric].astype(np.float64)
        best = np.sort(np.argsort(-column if self._highest else column, kind="stable")[:keep])
        self._sets = [self._sets[i] for i in best.tolist()]
        self._tables, self._numbers = [table[best]], [numbers[best]]
        self._seconds = [np.concatenate(self._seconds)[best]]
        self._returns = None

    def _rows(self, sets: Sequence[ParameterSet]) -> list[Params]:
        return [{name: each.complete.get(name) for name in self._types} for each in sets]

    @property
    def sets(self) -> list[ParameterSet]:
        return self._sets

    @property
    def params(self) -> Columns:
        return columns(self._rows(self._sets))

    @property
    def table(self) -> Table:
        return np.concatenate(self._tables)

    @property
    def numbers(self) -> NDArray[np.int64]:
        return np.concatenate(self._numbers)

    @property
    def seconds(self) -> NDArray[np.float64]:
        return np.concatenate(self._seconds)

    @property
    def returns(self) -> NDArray[np.float64] | None:
        """(trials, periods) of all trials; None if they are too large, or not all trials have them."""
        if not self._returns or len({each.shape[1] for each in self._returns}) != 1:
            return None
        if len(self._returns) > 1:
            self._returns = [np.concatenate(self._returns)]  # in place of the parts: not twice in memory
        return self._returns[0]

    @property
    def sharpe_ratios(self) -> NDArray[np.float64]:
        return np.concatenate(self._sharpe)

    def close(self, *, is_complete: bool) -> None:
        """Gives the file its name, or removes it."""
        if self._file is not None:
            self._file.close(is_complete=is_complete)


class TrialFile:
    """Trials in a Parquet file, a row group for each part; it has its name when it is complete."""

    def __init__(self, path: Path) -> None:
        self._path, self._part = path, path.with_name(f".{path.name}.part")
        self._arrow: Any = import_library("pyarrow", DATA_EXTRA)
        self._parquet: Any = import_library("pyarrow.parquet", DATA_EXTRA)
        self._writer: Any = None
        if not path.parent.is_dir():
            raise ConfigError(f"out: {path.parent} is not a folder")

    def write(self, params: Columns, table: Table, numbers: NDArray[np.int64]) -> None:
        """Appends trials: number, parameters, metrics."""
        names = table.dtype.names or ()
        found: dict[str, Any] = {"trial": numbers}
        for name, column in params.items():
            found[f"param_{name}" if name in (*names, "trial") else name] = (
                column if column.dtype != object else [repr(value) for value in column]
            )
        for name in names:
            words = TEXTS.get(name)
            found[name] = np.ascontiguousarray(table[name]) if words is None else np.array(words)[table[name]]
        rows = self._arrow.table({name: self._arrow.array(column) for name, column in found.items()})
        if self._writer is None:
            self._writer = self._parquet.ParquetWriter(self._part, rows.schema)
        elif rows.schema != self._writer.schema:
            rows = rows.cast(self._writer.schema)
        self._writer.write_table(rows)

    def close(self, *, is_complete: bool) -> None:
        if self._writer is None:
            return
        self._writer.close()
        if is_complete:
            self._part.replace(self._path)
        else:
            self._part.unlink()
