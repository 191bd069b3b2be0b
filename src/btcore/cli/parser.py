"""The argument parser of every command."""

import argparse
from collections.abc import Sequence
from typing import Any, NoReturn

from btcore.errors import ConfigError, near_name


class Parser(argparse.ArgumentParser):
    """Raises ConfigError with one line, which names the --help of the command at fault.

    Options cannot be abbreviated: `--strat` is an error, and stays one when a longer name is added.
    """

    def __init__(self, **settings: Any) -> None:
        super().__init__(allow_abbrev=False, **settings)

    def error(self, message: str) -> NoReturn:
        raise ConfigError(f"{message} (see {self.prog} --help)")

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        """As in argparse, and the error names the near choice."""
        try:
            super()._check_value(action, value)
        except argparse.ArgumentError as error:
            meant = near_name(value, map(str, action.choices or ()))
            raise argparse.ArgumentError(action, f"{error.message}{meant}") from None

    def parse_known_args(  # type: ignore[override]
        self, args: Sequence[str] | None = None, namespace: Any = None
    ) -> tuple[Any, list[str]]:
        """As in argparse, but a command refuses unknown arguments itself, not the parser above it."""
        namespace, unknown = super().parse_known_args(args, namespace)
        if unknown:
            flag = next((each.partition("=")[0] for each in unknown if each.startswith("--")), "")
            meant = near_name(flag, self._option_string_actions)
            self.error(f"unrecognized arguments: {' '.join(unknown)}{meant}")
        return namespace, unknown
