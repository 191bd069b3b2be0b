"""What an inspection found: Row, Finding, Inspected (one dataset) and Inspection."""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from btcore.times.clock import moment_text

from .names import FINDINGS

SHOWN = 5  # rows of a finding
_WIDTH = 14  # of the names of facts


class Row(NamedTuple):
    """A row of a finding: its number in the dataset, counted from 0, its time (ISO 8601, UTC), its value."""

    number: int
    time: str
    value: str


class Finding(msgspec.Struct, frozen=True):
    """Something that was found in a dataset.

    `name` is one of the table in docs/data.md, `count` the number of rows (or sessions, gaps, runs of rows)
    that have it, `rows` the first of them. `changes_results` says that a run over the data would have other
    results than one over data without it.
    """

    name: str
    count: int
    text: str
    changes_results: bool
    rows: tuple[Row, ...] = ()

    def __str__(self) -> str:
        mark = "!" if self.changes_results else "-"
        lines = [f"  {mark} {self.name} ({self.count}): {self.text}"]
        return "\n".join([*lines, *(f"      row {row.number}, {row.time}: {row.value}" for row in self.rows)])


class Inspected(NamedTuple):
    """One dataset: what it is, and what was found in it.

    `facts` are names and values, such as "rows", "first", "timezone" and "resolution"; those that do not
    apply to its kind are left out.
    """

    symbol: str
    kind: str
    facts: dict[str, Any]
    findings: tuple[Finding, ...]

    @property
    def ok(self) -> bool:
        """False if a finding changes results."""
        return not any(finding.changes_results for finding in self.findings)

    def __str__(self) -> str:
        words = " ".join(filter(None, (self.symbol, str(self.facts.get("resolution", "")), self.kind)))
        facts = [f"  {name:{_WIDTH}} {_text(value)}" for name, value in self.facts.items()]
        found = [str(finding) for finding in self.findings] or ["  nothing was found"]
        return "\n".join([words, *facts, *found])


class Inspection:
    """What `inspect` found: `datasets`, and the `findings` of all of them.

    `ok` is False if a finding changes results. Its text is a table for people, `to_dict()` is for JSON.
    """

    __slots__ = ("datasets",)

    def __init__(self, datasets: Iterable[Inspected]) -> None:
        self.datasets: tuple[Inspected, ...] = tuple(datasets)

    @property
    def findings(self) -> tuple[Finding, ...]:
        """The findings of all datasets, those that change results first in each."""
        return tuple(finding for dataset in self.datasets for finding in dataset.findings)

    @property
    def ok(self) -> bool:
        """False if a finding changes results."""
        return all(dataset.ok for dataset in self.datasets)

    def to_dict(self) -> dict[str, Any]:
        """Dicts, lists, texts and numbers only."""
        return {
            "ok": self.ok,
            "datasets": [
                {
                    "symbol": each.symbol,
                    "kind": each.kind,
                    "ok": each.ok,
                    "facts": msgspec.to_builtins(each.facts),
                    "findings": [
                        msgspec.structs.asdict(finding) | {"rows": [row._asdict() for row in finding.rows]}
                        for finding in each.findings
                    ],
                }
                for each in self.datasets
            ],
        }

    def __str__(self) -> str:
        serious = sum(finding.changes_results for finding in self.findings)
        last = f"{serious} of {len(self.findings)} findings would change results (!)"
        if not self.findings:
            last = "nothing was found"
        return "\n\n".join([*map(str, self.datasets), last])

    def __repr__(self) -> str:
        return (
            f"Inspection({len(self.datasets)} datasets, {len(self.findings)} findings, "
            f"{'ok' if self.ok else 'not ok'})"
        )


def found(name: str, count: int, text: str, rows: Sequence[Row] = ()) -> Finding:
    """A finding of that name."""
    return Finding(name, int(count), text, FINDINGS[name].changes_results, tuple(rows))


def rows_at(times: NDArray[np.int64], numbers: Any, *values: Any, names: str = "") -> tuple[Row, ...]:
    """The first of the rows `numbers`, with the values of these columns there; `names` are theirs."""
    words = names.split()
    made = []
    for number in [int(n) for n in numbers[:SHOWN]]:
        texts = [f"{float(column[number]):.10g}" for column in values]
        shown = [f"{word} {text}" for word, text in zip(words, texts, strict=True)] if words else texts
        made.append(Row(number, moment_text(int(times[number])), ", ".join(shown)))
    return tuple(made)


def _text(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {_text(each)}" for name, each in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(map(_text, value))
    return f"{value:.6g}" if isinstance(value, float) else str(value)
