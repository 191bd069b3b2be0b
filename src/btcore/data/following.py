"""Whether a container can follow another one: pieces of a file, and parts of a catalog."""

from typing import Any

import numpy as np

from btcore.errors import DataError, RowError

from .containers import Bars, Quotes, Trades, from_columns


def last_row(data: Bars | Quotes | Trades) -> Bars | Quotes | Trades:
    """A copy of the last row as a container."""
    return data._like({name: column[-1:].copy() for name, column in data.columns.items()})


def check_follows(before: Bars | Quotes | Trades, data: Bars | Quotes | Trades, row: int = 0) -> None:
    """Checks that `data` can follow `before` in one container.

    DataError if kind, columns or settings differ. RowError, with the number `row`, if the first row of `data`
    is invalid after the last of `before`.
    """
    mine, theirs = _layout(data), _layout(before)
    if mine != theirs:
        raise DataError(f"{data.kind}: {mine} cannot follow {theirs}")
    pair = [part for part in (last_row(before), data) if len(part)]
    columns: dict[str, Any] = {
        name: np.concatenate([part.columns[name][:1] for part in pair])
        for name in data.columns
        if name != "end"
    }
    if isinstance(data, Bars) and isinstance(before, Bars):
        columns["end"] = np.concatenate([before.end[-1:], data.end[:1]])
    try:
        from_columns(data.kind, columns, data._meta())
    except RowError as error:
        raise RowError(error.kind, row, error.problem) from None


def _layout(data: Bars | Quotes | Trades) -> str:
    meta = data._meta() | ({"months": data._months} if data._months else {})
    settings = ", ".join(f"{name}={value!r}" for name, value in meta.items())
    columns = ", ".join(name for name in data.columns if name != "end")  # other bars may need no own ends
    return f"{data.kind} of {columns} ({settings})"
