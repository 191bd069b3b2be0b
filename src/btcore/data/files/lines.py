"""The line of a file on which each row of a table begins."""

from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray


class Lines(NamedTuple):
    """The lines of the rows of a table, both counted in the order of the file."""

    numbers: NDArray[np.int64]  # of each row; empty if they follow each other from `first` on
    first: int = 1

    @classmethod
    def counted(cls, first: int) -> Self:
        """One line a row: row 0 is on line `first`."""
        return cls(np.empty(0, np.int64), first)

    def line(self, row: int) -> int:
        """The line of a row, counted from 0; from 1 up in the file, so the header of most files is line 1."""
        return int(self.numbers[row]) if len(self.numbers) else self.first + row
