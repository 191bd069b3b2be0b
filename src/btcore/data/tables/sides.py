"""Sides of trades, as numbers, words, letters or by a mapping -> 1 buy, -1 sell, 0 unknown."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from btcore.data.columns import Sides, frozen, is_none
from btcore.errors import DataError, RowError, reject_rows

SIDES: dict[str, int] = {
    **{"buy": 1, "b": 1, "1": 1, "+1": 1, "buyer": 1},
    **{"sell": -1, "s": -1, "-1": -1, "seller": -1},
    **{"": 0, "0": 0, "none": 0, "n": 0, "unknown": 0},
}
# "A", the ask, is the side of a seller together with B and N; other vendors mean a purchase at the ask.
_BOOK_SIDES = {"a": -1, "b": 1, "n": 0, "none": 0, "": 0}
_OPTION = "sides= says what other values mean"
_MAKERS = {**dict.fromkeys(("true", "t", "1"), -1), **dict.fromkeys(("false", "f", "0"), 1)}


def side_column(
    values: Any,
    kind: str = "trades",
    name: str = "side",
    sides: Mapping[Any, int] | None = None,
    *,
    notes: list[str] | None = None,
    before: set[str] | None = None,
) -> Sides:
    """The column as read-only int8: 1 buy, -1 sell, 0 unknown.

    `sides` says what the values mean; None: numbers, or texts as in `SIDES`, and "A" is a sale if all others
    are B or N. A row without a value is 0. RowError for any other value. `notes` gets what was assumed.
    `before` has the texts of the pieces before of a file, and gets those of this one.
    """
    array = values if isinstance(values, np.ndarray) else None
    if array is not None and array.ndim != 1:
        raise DataError(f"{kind}.{name}: one dimension is needed, not shape {array.shape}")
    if sides is None and array is not None and array.dtype.kind in "iuf":
        unknown = np.isnan(array) if array.dtype.kind == "f" else np.zeros(len(array), bool)
        invalid = ~unknown & (array != 1) & (array != -1) & (array != 0)
        reject_rows(
            kind, invalid, lambda row: f"{name} is not +1, -1 or 0 ({name}={array[row].item()!r}); {_OPTION}"
        )
        if not (array == -1).any() and (array == 1).any() and (array == 0).any():
            _say_binary(name, notes)
        return frozen(np.where(unknown, 0, array).astype(np.int8, copy=False))
    listed = _list_of(values, kind, name)
    texts = {value: _lower_case(value) for value in set(listed)}
    if sides is not None:
        meanings = {"": 0} | {_lower_case(value): int(side) for value, side in sides.items()}
        allowed = f"one of the values in sides, {', '.join(map(repr, sides))}"
    else:
        given = {*texts.values()}
        seen = given if before is None else given | before
        if any(isinstance(value, bool) for value in texts):
            raise DataError(f"{kind}.{name}: +1, -1, 0 or buy, sell are needed, not bool; pass sides=")
        meanings, allowed = dict(SIDES), "+1, -1 or 0"
        if any(isinstance(value, str | bytes) for value in texts):
            allowed = f"buy or sell, {allowed}"
        if "a" in seen:
            if (before is not None and "a" in before) or seen <= {*_BOOK_SIDES}:
                meanings = _BOOK_SIDES
            if seen <= {*_BOOK_SIDES}:
                if notes is not None:
                    notes.append(f"{name}: A is a sale, B a purchase, N unknown")
            else:
                allowed = f"{allowed}; there are A and others than B and N"
        if {"0", "1"} <= seen <= {"0", "1", "+1", ""}:
            _say_binary(name, notes)
        if before is not None:
            before |= given
    return _converted(
        listed, texts, meanings, (kind, name), f"is not {allowed}", hint="" if sides else _OPTION
    )


def _say_binary(name: str, notes: list[str] | None) -> None:
    if notes is not None:  # other vendors write 0 for a sale
        notes.append(f"{name}: 1 is a purchase, 0 unknown, and -1 does not occur")


def maker_column(values: Any, kind: str = "trades", name: str = "buyer_maker") -> Sides:
    """1 if the buyer was the taker, -1 if the buyer was the maker; from booleans, 1, 0, true, false, t, f."""
    if isinstance(values, np.ndarray) and values.dtype.kind == "b" and values.ndim == 1:
        return frozen(np.where(values, np.int8(-1), np.int8(1)))
    listed = _list_of(values, kind, name)
    texts = {value: _lower_case(value) for value in set(listed)}
    return _converted(listed, texts, _MAKERS, (kind, name), "is not true, false, 1 or 0")


def _converted(
    listed: list[Any],
    texts: Mapping[Any, str],
    meanings: Mapping[str, int],
    place: tuple[str, str],
    problem: str,
    *,
    hint: str = "",
) -> Sides:
    """The meaning of each value; RowError, at (kind, column), for the first without."""
    kind, name = place
    found = {value: meanings.get(text) for value, text in texts.items()}
    sides = [found[value] for value in listed]
    if None in sides:
        row = sides.index(None)
        hint = f"; {hint}" if hint else ""
        raise RowError(kind, row, f"{name} {problem} ({name}={listed[row]!r}){hint}", sides.count(None))
    return frozen(np.array(sides, np.int8))


def _lower_case(value: Any) -> str:
    """A text in lower case: True -> "true", 1.0 -> "1", None and NaN -> ""."""
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return "" if is_none(value) else str(value).strip().lower()


def _list_of(values: Any, kind: str, name: str) -> list[Any]:
    listed: list[Any]
    for method in ("to_pylist", "to_list", "tolist"):
        if hasattr(values, method):
            listed = getattr(values, method)()
            break
    else:
        if isinstance(values, str | bytes) or not hasattr(values, "__iter__"):
            raise DataError(f"{kind}.{name}: a sequence or an array is needed, not {values!r}")
        listed = list(values)
    if any(
        isinstance(value, list | tuple | dict | complex) or hasattr(value, "year") for value in listed[:1]
    ):
        shown = getattr(values, "dtype", type(listed[0]).__name__)
        raise DataError(f"{kind}.{name}: +1, -1, 0 or buy, sell are needed, not {shown}")
    return listed
