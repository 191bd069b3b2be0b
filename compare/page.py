"""The findings as a section of docs/conventions.md."""

from collections.abc import Mapping, Sequence

from .rows import Differs, Row, Same

BEGIN, END = "<!-- scripts/compare writes from here -->\n", "<!-- to here -->\n"
HEAD = """
## Measured

The same runs on both sides. Where conventions are the same, so are the numbers, within 1e-9 of each other.
Where they differ, both numbers are here, and the difference is accounted for: btcore set up by the peer's
convention, or its result corrected by what that convention says, gives the peer's number.
`scripts/compare docs/conventions.md` runs all of this and writes this section.

Measured with {versions}.
"""


def rewritten(text: str, section: str) -> str:
    """The page with another section between its marks; ValueError where it has none."""
    if not text.count(BEGIN) == text.count(END) == 1:
        raise ValueError("no marks to write between")
    before, _, rest = text.partition(BEGIN)
    return f"{before}{BEGIN}{section}\n{END}{rest.partition(END)[2]}"


def section(versions: str, found: Mapping[str, Sequence[Row]]) -> str:
    """Markdown: for each peer, what is the same and a table of what is not."""
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
