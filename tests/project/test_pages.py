"""The pages name files and functions that exist, and are written in plain words."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = sorted(
    [
        *(ROOT / "docs").rglob("*.md"),
        *(ROOT / name for name in ("README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "SECURITY.md")),
        ROOT / "tests" / "README.md",
    ]
)
# A page names a path from the root, or as ARCHITECTURE.md and CONTRIBUTING.md do, from the package.
BASES = (ROOT, ROOT / "src" / "btcore")

CODE = re.compile(r"`([^`\n]+)`")
PATH = re.compile(r"(?:[\w.-]+/)+(?:[\w.-]+)?|[\w-]+\.(?:py|pyx|pxd|pyi|md|toml)")
NOT_PATHS = {"America/New_York", "BTC/USD", "N/A", "text/html"}
FENCED = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)

# Phrases that a reader has to read twice, as regular expressions.
BANNED = (
    "told", "heard", "anew", "mend(s|ed)?", "strangers?", "nobody", "speaks?", "has its say", "goes? by",
    "comes? of it", "makes? no sense", "(is|was|are|were|be) asked", "at the door", "the same comes",
)  # fmt: skip


def prose(text: str) -> str:
    """The text without its code blocks."""
    return FENCED.sub("", text)


def missing_paths(text: str, bases: tuple[Path, ...] = BASES) -> list[str]:
    """Paths in backticks that do not exist below any of `bases`."""
    named = [code for code in CODE.findall(prose(text)) if PATH.fullmatch(code)]
    return [name for name in named if name not in NOT_PATHS and not any((b / name).exists() for b in bases)]


def tables(text: str) -> Iterator[tuple[list[str], list[list[str]]]]:
    """The header and the rows of each table."""
    for block in re.findall(r"(?:^\|.*\n)+", text, re.MULTILINE):
        header, _, *rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in block.splitlines()]
        yield header, rows


def missing_functions(text: str, bases: tuple[Path, ...] = BASES) -> list[str]:
    """Names in the column `function` of a table that no file of the column `file` defines."""
    found = []
    for header, rows in tables(text):
        if not {"file", "function"} <= set(header):
            continue
        for row in rows:
            cells = dict(zip(header, row, strict=True))
            files = [b / name for name in CODE.findall(cells["file"]) for b in bases if (b / name).exists()]
            found += [
                f"{cells['file']}: {name}"
                for name in CODE.findall(cells["function"])
                if not any(defines(file.read_text(), name) for file in files)
            ]
    return found


def missing_members(text: str, root: Path = BASES[1]) -> list[str]:
    """Names written as `module.function` that no module of that name defines."""
    codes = [code for code in CODE.findall(text) if not PATH.fullmatch(code)]
    named = [code.split(".") for code in codes if re.fullmatch(r"\w+\.\w+", code)]
    modules = {name: [*root.rglob(f"{name}.py"), *root.rglob(f"{name}.p[yx][xd]")] for name, _ in named}
    return [
        f"{module}.{name}"
        for module, name in named
        if modules[module] and not any(defines(file.read_text(), name) for file in modules[module])
    ]


def defines(source: str, name: str) -> bool:
    definition = rf"^ *(?:cdef|cpdef|async def|def|class)\b[^\n=]*\b{name}\b *[(:]"
    return bool(re.search(definition, source, re.MULTILINE))


def banned(text: str) -> list[str]:
    """Phrases that need a second reading, with the words around them."""
    pattern = rf"[^\n]{{0,30}}\b(?:{'|'.join(BANNED)})\b[^\n]{{0,20}}"
    return [match[0] for match in re.finditer(pattern, CODE.sub("", prose(text)), re.IGNORECASE)]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_paths_exist(page: Path) -> None:
    assert missing_paths(page.read_text()) == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_functions_exist(page: Path) -> None:
    assert missing_functions(page.read_text()) == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_prose_is_plain(page: Path) -> None:
    assert banned(page.read_text()) == []


def test_the_readme_links_every_page() -> None:
    linked = set(re.findall(r"\]\(([^)#]+)", (ROOT / "README.md").read_text()))
    pages = {page.relative_to(ROOT).as_posix() for page in PAGES}
    assert pages - linked == {"README.md", "tests/README.md"}


def test_architecture_names_functions() -> None:
    text = (ROOT / "ARCHITECTURE.md").read_text()
    assert sum({"file", "function"} <= set(header) for header, _ in tables(text)) == 4
    assert missing_members(text) == []


def test_planted_faults_are_found(tmp_path: Path) -> None:
    (tmp_path / "low").mkdir()
    (tmp_path / "low" / "a.py").write_text("def real():\n    planned = real()\n")
    bases = (tmp_path,)
    assert missing_paths("`low/`, `low/a.py`, `low/b.py`, `b.pyx`", bases) == ["low/b.py", "b.pyx"]
    table = "| file | function |\n| --- | --- |\n| `low/a.py` | `real`, `planned` |\n"
    assert missing_functions(table, bases) == ["`low/a.py`: planned"]
    assert missing_members("`a.real`, `a.planned`, `other.name`", tmp_path) == ["a.planned"]
    assert banned("A stop speaks first.\n```\nspeaks\n```\n") == ["A stop speaks first."]
