"""`btcore completion`: a script that completes commands, options and files in a shell."""

import argparse
from collections.abc import Callable, Iterator

from btcore.data.conversions import import_library
from btcore.strategies import STRATEGIES

from .parser import Parser

SHELLS = ("bash", "zsh", "fish")
FILES = ("FILE", "PATH", "PAGE", "RESULT")  # metavars of files, which may be folders too
FOLDERS = ("DIR", "CATALOG")


def add_completion(completion: argparse.ArgumentParser, parser: Callable[[], Parser]) -> None:
    """Adds the argument of `btcore completion`; `parser` makes the parser of all commands."""
    completion.add_argument("shell", choices=SHELLS, metavar="SHELL", help="bash, zsh or fish")
    completion.set_defaults(command=lambda arguments: print(script(parser(), arguments.shell)))


def script(parser: Parser, shell: str) -> str:
    """The script for a shell; ImportError, which says how to install it, without shtab."""
    shtab = import_library("shtab", "'btcore[completion]'")
    for action in _actions(parser):
        if action.metavar in FILES:
            action.complete = shtab.FILE  # type: ignore[attr-defined]
        elif action.metavar in FOLDERS:
            action.complete = shtab.DIRECTORY  # type: ignore[attr-defined]
        elif "--strategy" in action.option_strings:
            action.choices = list(STRATEGIES)  # of this parser alone, which parses nothing
    made: str = shtab.complete(parser, shell)
    return made


def _actions(parser: argparse.ArgumentParser) -> Iterator[argparse.Action]:
    """The arguments of a parser and of the commands below it."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for command in action.choices.values():
                yield from _actions(command)
        else:
            yield action
