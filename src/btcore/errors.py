"""Errors, by who can fix them: data, configuration, order, strategy. Each message says where the fault is."""

from collections.abc import Callable
from typing import Any


class BtcoreError(Exception):
    """Base class of the errors that btcore raises on purpose."""


class DataError(BtcoreError, ValueError):
    """Market data that are invalid or missing; the message names file or column, row and value."""


class ConfigError(BtcoreError, ValueError):
    """An invalid setting of a run; the message begins with the path of the field."""


class OrderError(BtcoreError, ValueError):
    """An invalid order, refused before it is sent."""


class StrategyError(BtcoreError, RuntimeError):
    """A strategy raised an exception, which is the cause, or broke a limit of the engine."""


class RowError(DataError):
    """An invalid row, as `kind[row]: problem`. Readers replace `kind[row]` by the file and its line.

    `count` is the number of rows with that problem; `row` is the first, counted from 0.
    """

    def __init__(self, kind: str, row: int, problem: str, count: int = 1) -> None:
        super().__init__(kind, row, problem, count)
        self.kind, self.row, self.problem, self.count = kind, row, problem, count

    def located(self, place: str) -> str:
        """The message with `place` instead of `kind[row]`."""
        more = f"; the first of {self.count} such rows" if self.count > 1 else ""
        return f"{place}: {self.problem}{more}"

    def __str__(self) -> str:
        return self.located(f"{self.kind}[{self.row}]")


def reject_rows(kind: str, invalid: Any, problem: Callable[[int], str]) -> None:
    """RowError with `problem(row)` for the first True in a boolean mask of rows; nothing if all are False."""
    if invalid.any():
        row = int(invalid.argmax())
        raise RowError(kind, row, problem(row), int(invalid.sum()))
