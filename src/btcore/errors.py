"""Errors, by who can fix them: data, configuration, order, strategy. Each message says where the fault is."""

from collections.abc import Callable, Collection, Iterable, Mapping
from types import MappingProxyType
from typing import Any

LEAST_RATIO = 0.65  # of the letters that two near names share, as difflib counts them
LONGEST_NAME = 60  # characters; a longer text is compared with no name


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
        self.kind: str = kind
        self.row: int = row
        self.problem: str = problem
        self.count: int = count

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


def nearest(name: Any, known: Iterable[str], others: Mapping[str, str] = MappingProxyType({})) -> str:
    """The one of `known` that a text nearly is, else "".

    Case does not count; three letters or more that a name begins with stand for it. `others` maps other
    words, in lower case, to the known name that they stand for.
    """
    from difflib import get_close_matches  # not at the top: only errors need it

    if not isinstance(name, str) or len(name) > LONGEST_NAME:
        return ""
    lowered = {each.lower(): each for each in known if each != name}
    meant = others.get(name.lower(), "").lower()
    if meant not in lowered:
        begins = [each for each in lowered if len(name) >= 3 and each.startswith(name.lower())]
        meant = next(iter(get_close_matches(name.lower(), lowered, 1, LEAST_RATIO) or begins), "")
    return lowered[meant] if meant else ""


def near_name(name: Any, known: Iterable[str], others: Mapping[str, str] = MappingProxyType({})) -> str:
    """` (did you mean 'rsi'?)` for a text that is nearly one of `known`, as in `nearest`; else ""."""
    meant = nearest(name, known, others)
    return f" (did you mean {meant!r}?)" if meant else ""


def not_one_of(given: Any, known: Collection[str]) -> str:
    """`'rzi' is not one of rsi, sma (did you mean 'rsi'?)`, for an error."""
    return f"{given!r} is not one of {', '.join(known)}{near_name(given, known)}"
