"""The blocks of docs/tutorial.md work in their order, in one folder, and print what the page says."""

import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from server_process import ServerProcess

from btcore.cli.commands import main

PAGE = (Path(__file__).parents[2] / "docs" / "tutorial.md").read_text()
ADDRESS = "http://127.0.0.1:8000"
PRINTS = re.compile(r"# prints (.*)$", re.MULTILINE)


class Block(NamedTuple):
    language: str
    text: str


def blocks(page: str) -> list[Block]:
    return [Block(*found) for found in re.findall(r"^```(\w+)\n(.*?)^```", page, re.MULTILINE | re.DOTALL)]


class Folder:
    """Runs blocks in the current folder. `server` is the one that the page has started."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.names: dict[str, Any] = {"__name__": "__main__"}
        self.server: ServerProcess | None = None
        self.open = ExitStack()

    def run(self, block: Block, printed: Any) -> None:
        if block.language == "sh":
            for line in block.text.splitlines():
                self.command(shlex.split(line))
            printed.readouterr()
            return
        assert block.language == "python"
        if named := re.match(r"# (\S+\.py)\n", block.text):
            file = self.path / named[1]
            file.parent.mkdir(exist_ok=True)
            file.write_text(block.text)
            return
        text = block.text if self.server is None else block.text.replace(ADDRESS, self.server.url)
        exec(compile(text, "tutorial.md", "exec"), self.names)
        assert printed.readouterr().out.splitlines() == PRINTS.findall(block.text)

    def command(self, words: list[str]) -> None:
        match words[:2]:
            case ["pip", "install"]:
                return  # that of the environment of the tests
            case ["python", "-m"]:
                subprocess.run([sys.executable, *words[1:]], check=True, capture_output=True)
            case ["btserver", "serve"]:
                given = dict(zip(words[2::2], words[3::2], strict=True))
                assert ADDRESS.endswith(given.pop("--port"))
                data, store = given.pop("--data"), self.path / given.pop("--store")
                flags = tuple(word for pair in given.items() for word in pair)
                server = ServerProcess(store, fake=False, data=data, flags=flags)
                self.server = self.open.enter_context(server)
            case ["btcore", _]:
                assert main(words[1:]) == 0, words
            case _:
                raise AssertionError(f"{words} is not known here")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Folder]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    made = Folder(tmp_path)
    with made.open:
        yield made
    for name in [name for name in sys.modules if name.partition(".")[0] == "strategies"]:
        del sys.modules[name]


def test_the_tutorial_works_from_top_to_bottom(
    folder: Folder, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(sys.modules, "strategies", raising=False)  # the module of an example has that name
    found = blocks(PAGE)
    assert len(found) == PAGE.count("```") / 2 > 10
    for block in found:
        folder.run(block, capsys)
    assert folder.server is not None
    assert folder.server.stop() == 0
    assert (folder.path / "run.html").exists()


def test_a_block_that_prints_something_else_is_found(
    folder: Folder, capsys: pytest.CaptureFixture[str]
) -> None:
    folder.run(Block("python", "print(2)  # prints 2\n"), capsys)
    with pytest.raises(AssertionError):
        folder.run(Block("python", "print(3)  # prints 2\n"), capsys)


def test_an_unknown_command_is_refused(folder: Folder) -> None:
    with pytest.raises(AssertionError, match="not known here"):
        folder.command(["curl", "x"])
