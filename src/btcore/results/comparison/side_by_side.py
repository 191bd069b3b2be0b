"""`compare`: results of several runs as one table and one page."""

import math
from collections.abc import Sequence
from functools import cached_property
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

from btcore.errors import ConfigError
from btcore.pictures import html_table, text_table
from btcore.results import export
from btcore.results.heading import run_of
from btcore.results.metric_kinds import IN_MONEY, PERIODIC
from btcore.results.pages import Page
from btcore.results.result import Result
from btcore.results.summary import format_metric
from btcore.times.clock import moment_text

from . import figures
from .terms import differing_terms

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl

LONGEST_NAME = 32  # in the text
FEW = 4  # runs that the text has as columns; more are rows
ROW_FIGURES = ("total_return", "sharpe_ratio", "max_drawdown", "total_trades", "final_equity")


class Comparison:
    """Several results side by side; the first is what the others are compared with.

    names: the name of each run.
    results: the results.
    notes: what cannot be compared, and why.
    first, last: the span that all runs have in common, ns UTC; there is none if first >= last.
    """

    def __init__(self, results: Sequence[Result], names: Sequence[str]) -> None:
        self.results: tuple[Result, ...] = tuple(results)
        self.names: tuple[str, ...] = tuple(names)
        spans = [figures.span_of(result) for result in results]
        self.first: int = max(first for first, _ in spans)
        self.last: int = min(last for _, last in spans)
        self.currencies: tuple[str, ...] = tuple(map(figures.currency_of, results))
        self.notes: list[str] = []
        not_compared: set[str] = set()
        every = {name for result in results for name in result.metrics}
        if len(set(spans)) > 1:
            common = f"{moment_text(self.first)} to {moment_text(self.last)}"
            self.notes.append(
                "the runs have different spans, so figures of whole runs have no differences; "
                + (f"common span: {common}" if self.first < self.last else "they have no common span")
            )
            not_compared |= every
        if len(set(self.currencies)) > 1:
            given = ", ".join(currency or "unknown" for currency in dict.fromkeys(self.currencies))
            self.notes.append(f"the accounts have different currencies ({given}): money is not compared")
            not_compared |= IN_MONEY
        for name in figures.CONVENTIONS:
            values = list(dict.fromkeys(str(result.metrics.get(name)) for result in results))
            if len(values) > 1:
                self.notes.append(
                    f"{name} is {' and '.join(values)}: annual and periodic figures are not compared"
                )
                not_compared |= PERIODIC
        capitals = dict.fromkeys(format_metric(result.metrics.get("initial_capital")) for result in results)
        if len(capitals) > 1 and len(set(self.currencies)) == 1:
            self.notes.append(f"the capital differs ({', '.join(capitals)}): compare returns, not money")
        self._not_compared = frozenset(not_compared)

    def __len__(self) -> int:
        return len(self.results)

    @cached_property
    def table(self) -> figures.Column:
        """`run` and every metric, a record for each run: float64, NaN if undefined; words are texts."""
        return figures.figures_table(self.results, self.names)

    @cached_property
    def differences(self) -> figures.Column:
        """`run` and every numeric metric less that of the first run; NaN where it cannot be compared."""
        return figures.difference_table(self.table, self._not_compared)

    @cached_property
    def common(self) -> figures.Column:
        """`return` and `max_drawdown` of each run over the common span, percent; NaN if there is none."""
        return figures.common_table(self.results, self.first, self.last)

    @cached_property
    def terms(self) -> dict[str, list[str]]:
        """Settings, data and versions that differ: by name, a text for each run."""
        return differing_terms([result.manifest for result in self.results])

    def to_pandas(self) -> "pd.DataFrame":
        """`table` as a data frame."""
        return export.to_pandas(self.table)

    def to_polars(self) -> "pl.DataFrame":
        """`table` as a data frame."""
        return export.to_polars(self.table)

    @overload
    def report(self, path: None = None) -> Page: ...

    @overload
    def report(self, path: str | Path) -> Path: ...

    def report(self, path: str | Path | None = None) -> Page | Path:
        """One offline page with curves, drawdowns, figures, what differs, and months of all runs.

        Notebooks show it. With a path it is written, and its path is returned; ConfigError unless that ends
        in .html.
        """
        from .page import comparison_page

        made = comparison_page(self)
        return made if path is None else made.save(path)

    def rows(self) -> list[list[str]]:
        """Heads, then a row of texts for each of the main figures, with differences to the first run."""
        rows = [["", self.names[0], *(text for name in self.names[1:] for text in (name, "difference"))]]
        for figure in figures.SHOWN:
            if figure not in (self.table.dtype.names or ()):
                continue
            cells = [figure, format_metric(self.results[0].metrics.get(figure))]
            for i, result in enumerate(self.results[1:], 1):
                cells += [format_metric(result.metrics.get(figure)), self.difference_text(figure, i)]
            rows.append(cells)
        if self._has_own_spans and self.first < self.last:
            for figure in figures.COMMON.names or ():
                values = [float(value) for value in self.common[figure]]
                cells = [f"{figure} in common span", _text(values[0])]
                for value in values[1:]:
                    cells += [_text(value), _signed(value - values[0])]
                rows.append(cells)
        return rows

    def difference_text(self, figure: str, run: int) -> str:
        """The difference of a metric to the first run; "" if it is not compared or undefined."""
        value = float(self.differences[figure][run])
        counts = (self.results[0].metrics.get(figure), self.results[run].metrics.get(figure))
        if not math.isnan(value) and all(isinstance(count, int) for count in counts):
            return f"{int(value):+,d}" if value else "0"
        return _signed(value)

    @property
    def _has_own_spans(self) -> bool:
        return len({figures.span_of(result) for result in self.results}) > 1

    def __repr__(self) -> str:
        head = f"Comparison of {len(self)} runs"
        if len(self) <= FEW:
            rows = self.rows()
            short = dict(zip(self.names, _short_names(self.names), strict=True))
            rows[0] = [short.get(text, text) for text in rows[0]]
        else:
            rows = [["run", *ROW_FIGURES]]
            for name, result in zip(_short_names(self.names), self.results, strict=True):
                rows.append([name, *(format_metric(result.metrics.get(f)) for f in ROW_FIGURES)])
        return "\n".join([head, *(f"note: {note}" for note in self.notes), text_table(rows, words=1)])

    def _repr_html_(self) -> str:
        from .page import MOST_DRAWN, charts, key

        notes = "".join(f"<li>{escape(note)}</li>" for note in self.notes)
        beyond = f"<div>the first {MOST_DRAWN} are drawn</div>" if len(self) > MOST_DRAWN else ""
        drawn = "".join(f'<div style="max-width:640px">{chart.svg}</div>' for chart in charts(self)[:1])
        heads, *rows = self.rows()
        head = f"<div>Comparison of {len(self)} runs</div><ul>{notes}</ul>"
        return f"{head}{key(self)}{drawn}{beyond}{html_table(heads, rows)}"


def compare(results: Sequence[Result], names: Sequence[str] | None = None) -> Comparison:
    """Two or more results side by side, as a table and as one page.

        both = bt.compare([slow, fast], names=["slow", "fast"])
        both.report("both.html")

    names: a name for each result; None for the strategies with their parameters, numbered if some are equal.
    A `Comparison` prints as a table of the main figures with differences to the first result. It says what
    cannot be compared: figures of runs of different spans, and money of different currencies.

    ConfigError for fewer than two results, for what is no Result, and for names that are not one different
    text for each result.
    """
    if isinstance(results, Result) or not isinstance(results, Sequence):
        raise ConfigError(f"results: {type(results).__name__} is not a sequence of results")
    for i, result in enumerate(results):
        if not isinstance(result, Result):
            raise ConfigError(f"results[{i}]: {type(result).__name__} is not a Result of run or load_result")
    if len(results) < 2:
        raise ConfigError(f"results: {len(results)} given; two or more are compared")
    if names is None:
        return Comparison(results, _own_names(results))
    if isinstance(names, str) or not isinstance(names, Sequence):
        raise ConfigError(f"names: {names!r} is not a sequence of texts")
    if len(names) != len(results):
        raise ConfigError(f"names: {len(names)} names for {len(results)} results")
    for i, name in enumerate(names):
        if not isinstance(name, str) or not name.strip():
            raise ConfigError(f"names[{i}]: {name!r} is not a text")
        if name in names[:i]:
            raise ConfigError(f"names[{i}]: {name!r} is the name of another result")
    return Comparison(results, names)


def _own_names(results: Sequence[Result]) -> list[str]:
    """The strategy of each run, with the parameters that are not the same in all runs of the strategy."""
    described: list[dict[str, Any]] = [run_of(r.manifest).get("strategy", {}) for r in results]
    varied = {
        name
        for one in described
        for name, value in (one.get("params") or {}).items()
        if any((other.get("params") or {}).get(name) != value for other in described)
    }
    names = []
    for one in described:
        params = [f"{n}={v}" for n, v in (one.get("params") or {}).items() if n in varied]
        name = str(one.get("name", "run")).rpartition(".")[2]
        names.append(f"{name}({', '.join(params)})" if params else name)
    if len(set(names)) < len(names):
        names = [f"{number}: {name}" for number, name in enumerate(names, 1)]
    return names


def _short_names(names: Sequence[str]) -> list[str]:
    """The names, cut in the middle to LONGEST_NAME signs, or to more if two would become equal."""
    for most in range(LONGEST_NAME, max(map(len, names))):
        short = [_cut(name, most) for name in names]
        if len(set(short)) == len(names):
            return short
    return list(names)


def _cut(text: str, most: int) -> str:
    """The beginning and the end, which has the parameters: three quarters of the room."""
    if len(text) <= most:
        return text
    head = most // 4
    return f"{text[:head]}…{text[head + 1 - most :]}"


def _text(value: float) -> str:
    return format_metric(None if math.isnan(value) else value)


def _signed(value: float) -> str:
    if math.isnan(value):
        return ""
    return "0.00" if f"{abs(value):.2f}" == "0.00" else f"{value:+,.2f}"
