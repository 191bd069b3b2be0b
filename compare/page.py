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


def section(versions: str, found: Mapping[str, tuple[str, Sequence[Row]]]) -> str:
    """Markdown: for each peer, the numbers that are equal and a table of those that differ, all with ids.

    `found` has the peers by the letter of their ids. New rows come last, so that an id keeps its meaning.
    """
    parts = [HEAD.format(versions=versions)]
    for letter, (peer, rows) in found.items():
        ids: dict[str, str] = {}
        for row in rows:
            ids.setdefault(name_of(row), f"{letter}{len(ids) + 1}")
        parts.append(f"\n### {peer}\n\nThe same, with the number of rows:\n\n")
        same: dict[str, list[str]] = {}
        for row in rows:
            if isinstance(row, Same):
                same.setdefault(row.run, []).append(f"{row.number} ({len(row.theirs):,})")
        parts += [f"- {ids[run]}: {run}: {'; '.join(numbers)}\n" for run, numbers in same.items()]
        parts.append(f"\n| id | convention | btcore | {peer} | number | btcore's | {peer}'s |\n")
        parts.append("| --- | --- | --- | --- | --- | ---: | ---: |\n")
        parts += [f"| {ids[name_of(row)]} {row.markdown()}\n" for row in rows if isinstance(row, Differs)]
    return "".join(parts)


def name_of(row: Row) -> str:
    """What one id stands for: a run, or a convention."""
    return row.run if isinstance(row, Same) else row.convention
