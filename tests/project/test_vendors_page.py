"""The table of docs/vendors.md is that of the code. `python tests/project/test_vendors_page.py` writes it."""

import re
from pathlib import Path

from btcore.data.vendors.layout import Layout
from btcore.data.vendors.registry import LAYOUTS

PAGE = Path(__file__).parents[2] / "docs" / "vendors.md"
HEAD = (
    "| `format` | kind | file | times are | clock | you give | found without `format` |\n"
    + "| --- " * 7
    + "|\n"
)


def row(layout: Layout) -> str:
    given = ", ".join(filter(None, [*(f"`{name}`" for name in layout.needs), layout.asked]))
    how = ""
    if layout.is_sure:
        how = "yes, by the header" if layout.has_header else "yes, by the first row"
        how += " or the first row" if layout.has_header and layout.shape is not None else ""
    cells = (f"`{layout.name}`", layout.kind, layout.file, layout.stamps, layout.clock, given, how)
    return f"| {' | '.join(cells)} |\n"


def table() -> str:
    return HEAD + "".join(map(row, LAYOUTS))


def test_the_table_is_that_of_the_layouts() -> None:
    found = re.search(r"^\| `format`.*?(?=\n\n|\Z)", PAGE.read_text(), re.DOTALL | re.MULTILINE)
    assert found is not None
    assert found[0].strip() == table().strip()


if __name__ == "__main__":
    text = PAGE.read_text()
    PAGE.write_text(
        re.sub(r"^\| `format`.*?(?=\n\n|\Z)", lambda _: table().strip(), text, flags=re.DOTALL | re.MULTILINE)
    )
