"""Code, commands and links of the pages, and the examples, work as printed."""

import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest

from btcore.cli.commands import main
from btcore.config import RunRequest
from btserver.optimization_schemas import OptimizationRequest

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
TUTORIAL = ROOT / "docs" / "tutorial.md"  # test_tutorial.py runs its blocks, which need each other
ALONE = [page for page in PAGES if page != TUTORIAL]
EXAMPLES = [
    path for path in sorted((ROOT / "examples").glob("*.py")) if path.name != "demo.py"
]  # it needs a server


def blocks(page: Path, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", page.read_text(), re.MULTILINE | re.DOTALL)


def commands(page: Path) -> list[str]:
    lines = "\n".join(blocks(page, "sh")).replace("\\\n", " ").splitlines()
    return [line for line in lines if line.startswith("btcore ")]


def test_the_readme_has_an_example_and_commands() -> None:
    assert len(blocks(ROOT / "README.md", "python")) >= 4
    assert len(commands(ROOT / "README.md")) >= 4


@pytest.mark.parametrize("page", ALONE, ids=lambda page: page.name)
def test_python_blocks_run(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In order; each block sees the names of the blocks before it."""
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {"__name__": "__main__"}
    for number, block in enumerate(blocks(page, "python")):
        exec(compile(block, f"{page.name} block {number}", "exec"), names)


@pytest.mark.parametrize("page", ALONE, ids=lambda page: page.name)
def test_commands_work(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    for command in commands(page):
        assert main(shlex.split(command, comments=True)[1:]) == 0, f"{command}: {capsys.readouterr().err}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_requests_are_valid(page: Path) -> None:
    for block in blocks(page, "json"):
        kind = OptimizationRequest if '"search_space"' in block else RunRequest
        msgspec.json.decode(block, type=kind)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_examples_run(example: Path, tmp_path: Path) -> None:
    run = subprocess.run(
        [sys.executable, str(example)], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr
    assert run.stderr == ""
    assert run.stdout


def anchors(page: Path) -> set[str]:
    """The anchor of each heading, as GitHub makes them."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_have_a_target(page: Path) -> None:
    for target, anchor in re.findall(r"\]\(([^)#]*)#?([^)]*)\)", page.read_text()):
        if not target.startswith("https://"):
            found = page.parent / target if target else page
            assert found.exists(), target
            assert not anchor or anchor in anchors(found), f"{target}#{anchor}"


def test_the_table_of_strategies_equals_the_registry() -> None:
    from btcore.strategies import STRATEGIES

    rows = re.findall(r"^\| `(\w+)` \|([^|]*)\|", (ROOT / "README.md").read_text(), re.MULTILINE)
    assert [name for name, _ in rows] == list(STRATEGIES)
    for name, text in rows:
        params = STRATEGIES[name].params()
        for param, value in re.findall(r"`(\w+)` ([\d.]+)", text):
            assert getattr(params, param) == float(value), f"{name}.{param}"
        documented = {param for param, _ in re.findall(r"`(\w+)` ([\d.]+)", text)}
        numbers = {f for f in params.__struct_fields__ if type(getattr(params, f)) in {int, float}}
        assert documented == numbers - {"weight"}, name


def test_the_tables_of_options_equal_those_of_the_readers() -> None:
    from btcore.data.tables.options import TextOptions, TextSettings

    text = (ROOT / "docs" / "data.md").read_text()
    section = text[text.index("## Options of the readers") : text.index("## Inferred")]
    rows = re.findall(r"^\| `(\w+)` \| ([^|]*) \|", section, re.MULTILINE)
    assert sorted(name for name, _ in rows) == sorted(["by", *TextOptions.__annotations__])
    for name, shown in rows:
        default = getattr(TextSettings(), name)
        if default is not None:  # None is described in words, such as "inferred"
            assert shown.strip("`") == str(default).removesuffix(".0"), name
