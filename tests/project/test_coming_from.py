"""Pages for users of other packages: both numbers of each figure are correct, and our words exist.

`coming_from.json` has the figures of the packages with their versions, which
`scripts/compare tests/project/coming_from.json` computes again; those of LEAN are stated in its repository.
"""

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tutorial_pages import FOLDER, Figure, figures, names_of, shown

import btcore as bt
from btcore.config import Execution, Instrument

PAGES = sorted(path.stem for path in FOLDER.glob("*.md"))
SAVED = json.loads((Path(__file__).parent / "coming_from.json").read_text())
REAL = os.environ.get("BTCORE_REAL_DATA", "")
ON_GOOG = ", GOOG"  # ends the names of figures on the data that backtesting.py ships
WORDS = re.compile(r"`([^`\n]+)`")


def wrong(rows: list[Figure], names: dict[str, Any]) -> list[str]:
    """The rows whose number of btcore is another one on this machine."""
    values = {row.name: eval(row.expression, names) for row in rows}
    return [
        f"{row.name}: {values[row.name]!r}" for row in rows if shown(values[row.name], row.ours) != row.ours
    ]


def test_there_is_a_page_and_saved_figures_for_each_package() -> None:
    assert PAGES == sorted(SAVED) == ["backtesting_py", "backtrader", "lean", "nautilus_trader", "vectorbt"]


@pytest.mark.parametrize("page", PAGES)
def test_our_figures_are_those_of_the_code_on_the_page(page: str) -> None:
    rows = [row for row in figures(page) if not row.name.endswith(ON_GOOG)]
    assert len(rows) >= 4
    assert wrong(rows, names_of(page)) == []


@pytest.mark.skipif(not REAL, reason="BTCORE_REAL_DATA names no folder")
def test_our_figures_on_the_bars_of_goog() -> None:
    rows = [row for row in figures("backtesting_py") if row.name.endswith(ON_GOOG)]
    assert len(rows) >= 3
    path = str(Path(REAL) / "backtesting_py" / "GOOG.csv")
    assert wrong(rows, names_of("backtesting_py", f"bt.read_csv({path!r})")) == []


@pytest.mark.parametrize("page", PAGES)
def test_their_figures_are_those_saved(page: str) -> None:
    saved = SAVED[page]
    for row in figures(page):
        assert shown(saved["figures"][row.name], row.theirs) == row.theirs, row.name
    assert f"{saved['version']}" in (FOLDER / f"{page}.md").read_text()


def test_a_wrong_figure_is_found() -> None:
    row = Figure("price", "x", "1.50", "1.50")
    assert wrong([row], {"x": 1.504}) == []
    assert wrong([row], {"x": 1.506}) == ["price: 1.506"]


def our_words(page: str) -> Iterator[str]:
    """The code in the second column of the table of words."""
    text = (FOLDER / f"{page}.md").read_text()
    section = text[text.index("## Words") : text.index("## What ")]
    for line in re.findall(r"^\| .*`.*", section, re.MULTILINE):
        yield from WORDS.findall(line.split("|")[2])


# Those of runs, orders and signals; the others are the fields of Execution and Instrument.
KEYWORDS = """
    initial_capital start end resolution execution instruments calendar benchmark
    limit stop touch trail expires parent oco time_in_force post_only reduce_only market_to_limit
    take_profit stop_loss trailing_stop rows column offset interval source adjust
"""
KNOWN = {*KEYWORDS.split(), *Execution.__struct_fields__, *Instrument.__struct_fields__}
OWNERS = {"bt": bt, "ctx": bt.Context, "result": bt.Result, "ticket": bt.Ticket, "swept": bt.SweepResult}


METRICS = bt.run({"A": bt.sample_bars("A", "2023-01-01", "2023-03-01")}, "buy_and_hold").metrics
BARE = {*dir(bt.Strategy), *dir(bt.Context), *METRICS, "ready", "value", "crossed_above"}


def unknown(code: str) -> list[str]:
    """Attributes of our objects, keywords and single words that do not exist."""
    if re.fullmatch(r"\w+", code):
        return [] if code in BARE else [code]
    found = [
        f"{owner}.{name}"
        for owner, name in re.findall(r"\b(\w+)\.(\w+)", re.sub(r'"[^"]*"', '""', code))
        if owner in OWNERS and not hasattr(OWNERS[owner], name)
    ]
    return found + [name for name in re.findall(r"\b(\w+)=(?!=)", code) if name not in KNOWN]


@pytest.mark.parametrize("page", PAGES)
def test_our_words_exist(page: str) -> None:
    words = list(our_words(page))
    assert len(words) >= 30
    assert [found for code in words for found in unknown(code)] == []


def test_a_word_that_does_not_exist_is_found() -> None:
    assert unknown("ctx.buy(symbol, 1, limit=2, price=3)") == ["price"]
    assert unknown("ctx.purchase(1)") == ["ctx.purchase"]
    assert unknown("sharp_ratio") == ["sharp_ratio"]


@pytest.mark.parametrize("page", PAGES)
def test_a_page_is_short_and_says_what_is_missing(page: str) -> None:
    text = (FOLDER / f"{page}.md").read_text()
    assert len(text.splitlines()) <= 125
    assert re.search(r"^## What .* has and btcore has not\n\n- ", text, re.MULTILINE)
