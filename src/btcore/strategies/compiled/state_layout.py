"""The memory of the states of a `btcore.compiled` strategy: each a record of numbers, then its arrays."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

# Fields of the record that a strategy does not see: where each array is and its length, the bytes of one
# state, and the number of states.
AT, LENGTH, SIZE, COUNT = "@at {}", "@length {}", "@size", "@count"


class Layout(NamedTuple):
    """The fields of a state and their types. The lengths of arrays are not part of it.

    numbers, arrays: pairs of name and type.
    """

    numbers: tuple[tuple[str, np.dtype[Any]], ...]
    arrays: tuple[tuple[str, np.dtype[Any]], ...]

    @classmethod
    def of(cls, fields: Mapping[str, NDArray[Any]]) -> "Layout":
        """The layout of a state that starts with these values."""
        found: list[list[tuple[str, np.dtype[Any]]]] = [[], []]
        for name, value in fields.items():
            found[value.ndim].append((name, value.dtype))
        return cls(tuple(found[0]), tuple(found[1]))

    def head(self) -> np.dtype[Any]:
        """The type of the record, which begins each state."""
        return np.dtype(self._head(), align=True)

    def memory(self, fields: Mapping[str, NDArray[Any]], count: int) -> NDArray[Any]:
        """`count` states with these values."""
        arrays = [(name, kind, (len(fields[name]),)) for name, kind in self.arrays]
        made = np.zeros(count, np.dtype([*self._head(), *arrays], align=True))
        made[SIZE], made[COUNT] = made.dtype.itemsize, count
        for name, value in fields.items():
            made[name] = value
        places = dict(made.dtype.fields or {})
        for name, _ in self.arrays:
            made[AT.format(name)] = places[name][1]
            made[LENGTH.format(name)] = len(fields[name])
        return made

    def _head(self) -> list[Any]:
        hidden = [SIZE, COUNT, *(form.format(name) for name, _ in self.arrays for form in (AT, LENGTH))]
        return [*((name, np.dtype(np.int64)) for name in hidden), *self.numbers]
