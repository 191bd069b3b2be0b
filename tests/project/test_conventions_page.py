"""Every claim of docs/conventions.md on another engine names a measured case or a source."""

import re
from pathlib import Path

import pytest

from btcore.config import Execution
from btcore.peers import settings_like

PAGE = (Path(__file__).parents[2] / "docs" / "conventions.md").read_text()
RULES, _, REST = PAGE.partition("\n## Settings like those of other packages\n")
LIKE, _, SOURCES_AND_MEASURED = REST.partition("\n## Sources\n")
LETTERS = {
    "backtesting.py": "BPM",
    "vectorbt": "VWM",
    "NautilusTrader": "NT",
    "LEAN": "LM",
    "hftbacktest": "HF",
    "zipline": "Z",
}  # M: docs/metrics.md
KEY = re.compile(r"[A-Z]\d*")


def cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.split("|")[1:-1]]


def rules(text: str) -> list[dict[str, str]]:
    """The rows of all tables that have a column `by`."""
    found = []
    for block in re.findall(r"(?:^\|.*\n)+", text, re.MULTILINE):
        header, _, *rows = map(cells, block.splitlines())
        if "by" in header:
            found += [dict(zip(header, row, strict=True)) for row in rows]
    return found


def keys(row: dict[str, str]) -> list[str]:
    return KEY.findall(row["by"])


def known(text: str) -> set[str]:
    """Ids of measured rows, and keys of sources."""
    return {"M"} | set(re.findall(r"^(?:- |\| )([A-Z]\d+)[: ]", text, re.MULTILINE))


def without_reference(row: dict[str, str]) -> list[str]:
    """The engines that a row names without a key of theirs."""
    named = row["the same"] + " " + row["differently"]
    return [
        engine
        for engine, letters in LETTERS.items()
        if engine in named and not any(key[0] in letters for key in keys(row))
    ]


def test_there_are_rules_cases_and_sources() -> None:
    assert len(rules(RULES)) > 60
    assert len(known(SOURCES_AND_MEASURED)) > 100


@pytest.mark.parametrize("row", rules(RULES), ids=lambda row: row["rule"])
def test_each_claim_has_a_reference_that_exists(row: dict[str, str]) -> None:
    assert without_reference(row) == []
    assert set(keys(row)) <= known(SOURCES_AND_MEASURED)
    assert bool(keys(row)) == bool(row["the same"] or row["differently"])


def test_a_claim_without_a_reference_is_found() -> None:
    row = {"rule": "", "the same": "LEAN", "differently": "zipline: at the close", "by": "L1"}
    assert without_reference(row) == ["zipline"]
    assert "B999" not in known(SOURCES_AND_MEASURED)


def test_each_source_is_used() -> None:
    used = {key for row in rules(RULES) for key in keys(row)} | set(KEY.findall(LIKE))
    sources = set(re.findall(r"^\| ([A-Z]\d+) \|", SOURCES_AND_MEASURED.partition("\n## ")[0], re.MULTILINE))
    assert sources <= used


def test_the_settings_of_each_package_are_listed() -> None:
    listed: dict[str, dict[str, object]] = {}
    package = ""
    for line in re.findall(r"^\| .*`.*", LIKE, re.MULTILINE):
        name, settings, _ = cells(line)
        package = re.findall(r'`"(.+?)"`', name)[0] if name else package
        for setting in re.findall(r"`(.+?)`", settings):
            field, _, value = setting.partition("=")
            listed.setdefault(package, {})[field] = eval(value)
    assert listed == {name: pytest.approx(settings_like(name)) for name in listed}
    assert set(listed) == {"lean", "nautilus", "vectorbt", "backtesting.py"}
    assert all(field in Execution.__struct_fields__ for settings in listed.values() for field in settings)
