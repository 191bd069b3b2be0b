"""The argument parser of every command."""

import argparse
from collections.abc import Sequence
from typing import Any, NoReturn

from btcore.errors import ConfigError


class Parser(argparse.ArgumentParser):
    """Raises ConfigError with one line, which names the --help of the command at fault.

    Options cannot be abbreviated: `--strat` is an error, and stays one when a longer name is added.
    """

    def __init__(self, **settings: Any) -> None:
        super().__init__(allow_abbrev=False, **settings)

    def error(self, message: str) -> NoReturn:
        raise ConfigError(f"{message} (see {self.prog} --help)")

    def parse_known_args(  # type: ignore[override]
        self, args: Sequence[str] | None = None, namespace: Any = None
    ) -> tuple[Any, list[str]]:
        """As in argparse, but a command refuses unknown arguments itself, not the parser above it."""
        namespace, unknown = super().parse_known_args(args, namespace)
        if unknown:
            self.error(f"unrecognized arguments: {' '.join(unknown)}")
        return namespace, unknown
