"""Content of wheel and sdist, the changelog and the scripts. scripts/wheel installs a wheel and runs it."""

import re
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

import btcore

ROOT = Path(__file__).parents[2]
# The metadata of pyproject.toml without the extensions of setup.py, so that nothing is compiled.
SETUP = [sys.executable, "-c", "import setuptools; setuptools.setup()", "-q"]


def run_setup(folder: Path, *command: str) -> None:
    base = ["egg_info", "--egg-base", str(folder)]
    subprocess.run([*SETUP, *base, *command], cwd=ROOT, check=True, capture_output=True)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """The files of a wheel, without the compiled ones."""
    folder = tmp_path_factory.mktemp("wheel")
    run_setup(folder, "build_py", "--build-lib", str(folder / "lib"))
    return {
        path.relative_to(folder / "lib").as_posix() for path in (folder / "lib").rglob("*") if path.is_file()
    }


@pytest.fixture(scope="module")
def sdist(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    folder = tmp_path_factory.mktemp("sdist")
    run_setup(folder, "sdist", "--dist-dir", str(folder / "dist"))
    (archive,) = (folder / "dist").iterdir()
    with tarfile.open(archive) as files:
        return {name.partition("/")[2] for name in files.getnames()}


def sources(*suffixes: str) -> set[str]:
    src = ROOT / "src"
    found = [
        path for suffix in suffixes for path in src.rglob(f"*{suffix}") if "egg-info" not in path.as_posix()
    ]
    return {path.relative_to(src).as_posix() for path in found}


def test_a_wheel_can_be_cimported_and_type_checked(wheel: set[str]) -> None:
    assert sources(".py", ".pxd", ".pyi") | {"btcore/py.typed", "btserver/py.typed"} <= wheel
    assert "btcore/audit/conformance.json" in wheel
    assert {"btcore/__init__.pxd", "btcore/rules/__init__.pxd", "btcore/strategies/__init__.pxd"} <= wheel


def test_a_wheel_has_no_pyx_or_c_files(wheel: set[str]) -> None:
    """Other packages cimport a .pxd; a .pyx is needed only in the sdist."""
    assert not {name for name in wheel if name.endswith((".pyx", ".c", ".so", ".html"))}


def test_an_sdist_can_be_built_and_tested(sdist: set[str]) -> None:
    assert {f"src/{name}" for name in sources(".py", ".pyx", ".pxd", ".pyi")} <= sdist
    needed = {
        "setup.py",
        "pyproject.toml",
        "README.md",
        "CHANGELOG.md",
        "LICENSE",
        "tests/project/test_packaging.py",
        "tests/saved/0.1.0/catalog/index.json",
        "tests/saved/0.1.0/catalog/lock",
    }
    needed.add("src/btcore/audit/conformance.json")
    saved = [path for path in (ROOT / "tests" / "saved").rglob("*") if path.suffix != ".pyc"]
    needed |= {path.relative_to(ROOT).as_posix() for path in saved if path.is_file()}
    assert needed <= sdist
    assert not {name for name in sdist if name.endswith((".c", ".so"))}


def test_the_changelog_begins_with_this_version() -> None:
    """A section of unreleased changes may precede it."""
    text = (ROOT / "CHANGELOG.md").read_text()
    versions = re.findall(r"^## \[([^\]]+)\]", text, re.MULTILINE)
    assert versions[versions[0] == "Unreleased"] == btcore.__version__


def test_every_dependency_is_documented() -> None:
    """docs/dependencies.md has a line for each name in pyproject.toml."""
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    required = [
        *project["dependencies"],
        *(name for extra in project["optional-dependencies"].values() for name in extra),
    ]
    names = {re.split(r"[<>=;\[ ]", line)[0] for line in required} - {"btcore"}
    text = (ROOT / "docs" / "dependencies.md").read_text()
    assert {name for name in names if f"`{name}`" not in text} == set()


def test_every_script_is_short_and_begins_with_a_comment() -> None:
    for path in sorted((ROOT / "scripts").iterdir()):
        lines = path.read_text().splitlines()
        assert len(lines) < 20, path
        assert lines[0] == "#!/usr/bin/env bash", path
        assert lines[1].startswith("# "), path
        assert "set -euo pipefail" in lines, path
        assert path.stat().st_mode & 0o111, path
