"""Parts of a table, of any length -> parts of the same number of rows."""

from collections.abc import Iterator

import numpy as np

from .lines import Lines
from .text import Part


def cut(parts: Iterator[Part], rows: int) -> Iterator[Part]:
    """The rows of `parts` in parts of `rows` rows.

    The last has those that are left, and so has the last before columns change their types. The lines of the
    rows are numbered one by one.
    """
    held: list[Part] = []
    height = 0
    for frame, lines in parts:
        if held and held[0][0].schema != frame.schema:
            yield _joined(held)
            held, height = [], 0
        held.append((frame, lines))
        height += frame.height
        if height < rows:
            continue
        joined, all_lines = _joined(held)
        whole = height - height % rows
        for start in range(0, whole, rows):
            yield joined[start : start + rows], Lines(all_lines.numbers[start : start + rows])
        held = [(joined[whole:], Lines(all_lines.numbers[whole:]))] if whole < height else []
        height -= whole
    if held:
        yield _joined(held)


def _joined(parts: list[Part]) -> Part:
    import polars as pl

    if len(parts) == 1:
        return parts[0]
    numbers = np.concatenate([lines.numbers for _, lines in parts])
    return pl.concat([frame for frame, _ in parts]), Lines(numbers)
