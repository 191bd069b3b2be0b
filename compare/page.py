"""The findings as a page of documentation."""

from collections.abc import Mapping, Sequence

from .rows import Differs, Row, Same

HEAD = """# Conventions, beside other engines

Where conventions are the same, so are the numbers, within 1e-9 of each other. Where they differ, both
numbers are here, and the difference is accounted for: btcore set up by the peer's convention, or its result
corrected by what that convention says, gives the peer's number. `scripts/compare` runs all of this and writes
this page to a path it is given.

Measured with {versions}.
"""


def page(versions: str, found: Mapping[str, Sequence[Row]]) -> str:
    """Markdown: for each peer, what is the same and a table of what is not."""
    parts = [HEAD.format(versions=versions)]
    for peer, rows in found.items():
        parts.append(f"\n## {peer}\n\nThe same, with the number of rows:\n\n")
        same: dict[str, list[str]] = {}
        for row in rows:
            if isinstance(row, Same):
                same.setdefault(row.run, []).append(f"{row.number} ({len(row.theirs):,})")
        parts += [f"- {run}: {'; '.join(numbers)}\n" for run, numbers in same.items()]
        parts.append(f"\n| convention | btcore | {peer} | number | btcore's | {peer}'s |\n")
        parts.append("| --- | --- | --- | --- | ---: | ---: |\n")
        parts += [f"{row.markdown()}\n" for row in rows if isinstance(row, Differs)]
    return "".join(parts)
