"""Pages of docs/coming_from: their code, executed, and their tables of figures. compare/ imports it too."""

import re
from pathlib import Path
from typing import Any, NamedTuple

FOLDER = Path(__file__).parents[2] / "docs" / "coming_from"
SAMPLE = 'bt.sample_bars("GOOG", "2019-01-01", "2024-01-01", "1d")'  # replaced for the figures on GOOG


class Figure(NamedTuple):
    """A row: the name by which the figure is saved, the expression that gives ours, and both cells."""

    name: str
    expression: str
    ours: str
    theirs: str


def names_of(page: str, sample: str = SAMPLE) -> dict[str, Any]:
    """The names that the Python blocks of a page leave, with the expression `sample` in place of SAMPLE."""
    names: dict[str, Any] = {"__name__": "__main__"}
    text = (FOLDER / f"{page}.md").read_text()
    for block in re.findall(r"^```python\n(.*?)^```", text, re.MULTILINE | re.DOTALL):
        exec(compile(block.replace(SAMPLE, sample), f"{page}.md", "exec"), names)
    return names


def figures(page: str) -> list[Figure]:
    """The rows of the tables whose first column is `figure`."""
    text = (FOLDER / f"{page}.md").read_text()
    found = []
    for block in re.findall(r"(?:^\|.*\n)+", text, re.MULTILINE):
        header, _, *rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in block.splitlines()]
        if header[0] == "figure":
            found += [Figure(name.replace("`", ""), code.strip("`"), *cells) for name, code, *cells in rows]
    return found


def shown(value: float, like: str) -> str:
    """The value with the decimals of the cell `like`."""
    return f"{value:.{len(like.partition('.')[2])}f}"
