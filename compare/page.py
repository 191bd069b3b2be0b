"""Writes the findings as a section of docs/conventions.md."""

from collections.abc import Mapping, Sequence

from .rows import Differs, Row, Same

BEGIN, END = "<!-- scripts/compare writes from here -->\n", "<!-- to here -->\n"
HEAD = """
## Measured

Both sides run the same data. Where conventions are the same, the numbers agree within 1e-9. Where conventions
differ, the table has both numbers, and the convention explains the whole difference: btcore configured the
peer's way, or its result converted to the peer's convention, gives the peer's number.
`scripts/compare docs/conventions.md` runs all of this and writes this section.

Measured with {versions}.
"""


def rewritten(text: str, section: str) -> str:
    """The page with the section between its marks replaced; ValueError if it has no marks."""
    if not text.count(BEGIN) == text.count(END) == 1:
        raise ValueError("the page has no marks of this section")
    before, _, rest = text.partition(BEGIN)
    return f"{before}{BEGIN}{section}\n{END}{rest.partition(END)[2]}"


def section(versions: str, found: Mapping[str, Sequence[Row]]) -> str:
    """Markdown: for each peer, the numbers that are equal and a table of those that differ."""
    parts = [HEAD.format(versions=versions)]
    for peer, rows in found.items():
        parts.append(f"\n### {peer}\n\nThe same, with the number of rows:\n\n")
        same: dict[str, list[str]] = {}
        for row in rows:
            if isinstance(row, Same):
                same.setdefault(row.run, []).append(f"{row.number} ({len(row.theirs):,})")
        parts += [f"- {run}: {'; '.join(numbers)}\n" for run, numbers in same.items()]
        parts.append(f"\n| convention | btcore | {peer} | number | btcore's | {peer}'s |\n")
        parts.append("| --- | --- | --- | --- | ---: | ---: |\n")
        parts += [f"{row.markdown()}\n" for row in rows if isinstance(row, Differs)]
    return "".join(parts)
