"""Compares the figures on the pages of docs/coming_from with those of the packages on the same data."""

import importlib
import json
from pathlib import Path
from typing import Any

from tutorial_pages import figures, names_of, shown  # in tests/support

SIDES = {
    "backtesting_py": "backtesting_side",
    "vectorbt": "vectorbt_side",
    "backtrader": "backtrader_side",
    "nautilus_trader": "nautilus_trader",
}


def computed(page: str) -> dict[str, Any] | None:
    """Version and figures of the package; None, with a message, if it cannot be used."""
    try:
        side = importlib.import_module(f".{SIDES[page]}", __package__)
        return {"version": side.version(), "figures": side.played(names_of(page))}
    except Exception as error:  # a package that does not fit its dependencies may raise anything
        print(f"SKIPPED {page}: it cannot be used ({type(error).__name__}: {error})")
        return None


def main(path: str) -> int:
    """Writes the figures of the packages to `path`, unless a page shows another number, which returns 1.

    A package that cannot be used here keeps its saved figures; those of LEAN are never computed.
    """
    wrong = 0
    found = {page: one for page in SIDES if (one := computed(page)) is not None}
    for page, one in found.items():
        print(f"\n{page} {one['version']}")
        for row in figures(page):
            value = one["figures"][row.name]
            same = shown(value, row.theirs) == row.theirs
            wrong += not same
            word = "same" if same else "MISMATCH"
            print(f"  {word:9}{row.name}: btcore {row.ours}, the page {row.theirs}, now {value:.12g}")
    if not wrong:
        saved = json.loads(Path(path).read_text())
        Path(path).write_text(json.dumps({**saved, **found}, indent=1) + "\n")
    return 1 if wrong or not found else 0
