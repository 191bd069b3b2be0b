"""The page of the command line has every command with every option."""

import argparse
import re
from collections.abc import Iterator
from pathlib import Path

from btcore.cli.commands import command_parser

PAGE = (Path(__file__).parents[2] / "docs" / "command_line.md").read_text()


def commands(parser: argparse.ArgumentParser, name: str = "") -> Iterator[tuple[str, set[str]]]:
    """The name of each command, and its options."""
    below = [action for action in parser._actions if isinstance(action, argparse._SubParsersAction)]
    for action in below:
        for word, command in action.choices.items():
            yield from commands(command, f"{name} {word}".strip())
    if not below:
        options = {option for action in parser._actions for option in action.option_strings}
        yield name, options - {"-h", "--help"}


COMMANDS = dict(commands(command_parser()))


def test_the_page_has_every_command() -> None:
    listed = re.findall(
        r"^\| `([a-z -]+?)(?: [A-Z\[].*)?` \|", PAGE.partition("## Importing")[0], re.MULTILINE
    )
    assert sorted(listed) == sorted(COMMANDS)


def test_the_page_has_the_options_of_every_command() -> None:
    section = PAGE.partition("## Options\n")[2]
    listed = re.findall(r"^- `([a-z -]+)`: (.*(?:\n  .*)*)", section, re.MULTILINE)
    assert {name: set(re.findall(r"`(--[a-z-]+)`", text)) for name, text in listed} == {
        name: options for name, options in COMMANDS.items() if options
    }


def test_no_option_on_the_page_is_unknown() -> None:
    known = set().union(*COMMANDS.values()) | {"--help", "--version"}
    assert set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", PAGE)) <= known
