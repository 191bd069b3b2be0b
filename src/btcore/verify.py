"""`python -m btcore.verify`: replays the cases of conformance.json on this machine and prints mismatches.

Exit codes: 0 no mismatch; 1 a mismatch; 2 invalid input, with one line on stderr.
"""

import math
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from btcore.audit.conformance import TABLE, Case, load, replay
from btcore.cli.parser import Parser

from .errors import ConfigError
from .version import __version__

COLUMNS = ("rule", "case", "expected", "got", "ok")
LONGEST_CELL = 60  # characters, in a row without a mismatch


class Outcome(msgspec.Struct, frozen=True):
    """A case and its replayed values."""

    case: Case
    got: dict[str, Any]

    @property
    def wrong(self) -> list[str]:
        """Names of the values that differ from those expected."""
        return [name for name, value in self.case.expect.items() if not same(value, self.got.get(name))]

    def cells(self) -> tuple[str, ...]:
        """The row of the table; a mismatch is shown in full."""
        case, wrong = self.case, self.wrong
        if not wrong:
            return case.rule, case.case, _short(_text(case.expect)), _short(_text(self.got)), "yes"
        got = self.got if "error" in self.got else {name: self.got.get(name) for name in wrong}
        return case.rule, case.case, _text({name: case.expect[name] for name in wrong}), _text(got), "NO"


def same(expected: Any, got: Any) -> bool:
    """True if whole numbers and texts are equal, and other numbers agree to within rounding."""
    if isinstance(expected, list) and isinstance(got, list):
        return len(expected) == len(got) and all(map(same, expected, got))
    if isinstance(expected, dict) and isinstance(got, dict):
        return expected.keys() == got.keys() and all(same(expected[name], got[name]) for name in expected)
    if isinstance(expected, float) or isinstance(got, float):
        numbers = isinstance(expected, int | float) and isinstance(got, int | float)
        return numbers and math.isclose(expected, got, rel_tol=1e-12, abs_tol=1e-9)
    return type(expected) is type(got) and bool(expected == got)


def table(outcomes: Sequence[Outcome]) -> str:
    """A line for each outcome; below a mismatch, the arithmetic of the expected values."""
    cells = [COLUMNS, *(outcome.cells() for outcome in outcomes)]
    widths = [max(len(row[i]) for row in cells) for i in range(len(COLUMNS))]
    lines = ["  ".join(map(str.ljust, row, widths)).rstrip() for row in cells]
    reasons = ["", *(f"\n    {outcome.case.because}" if outcome.wrong else "" for outcome in outcomes)]
    return "\n".join(map(str.__add__, lines, reasons))


def _load(path: Path) -> list[Case]:
    try:
        return load(path)
    except (OSError, msgspec.MsgspecError) as error:
        raise ConfigError(f"{path}: {getattr(error, 'strerror', None) or error}") from error


def _short(text: str) -> str:
    return text if len(text) <= LONGEST_CELL else f"{text[: LONGEST_CELL - 3]}..."


def _text(value: Any) -> str:
    return msgspec.json.encode(_plain(value)).decode()


def _plain(value: Any) -> Any:
    """Floats without a fraction as ints, for shorter JSON."""
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def main(argv: Sequence[str] | None = None) -> int:
    """Replays the cases, prints the outcome, and returns the exit code."""
    parser = Parser(
        prog="python -m btcore.verify",
        description="Replays small cases of every rule of docs/simulation.md on this machine.",
    )
    parser.add_argument("--all", action="store_true", help="print every case (default: mismatches only)")
    parser.add_argument("--json", action="store_true", help="print every case as JSON and nothing else")
    parser.add_argument(
        "--table", type=Path, default=TABLE, help="JSON file of cases (default: the one in btcore)"
    )
    try:
        arguments = parser.parse_args(argv)
        cases = _load(arguments.table)
    except ConfigError as error:
        print(f"btcore.verify: {error}", file=sys.stderr)
        return 2
    began = time.perf_counter()
    outcomes = [Outcome(case, replay(case)) for case in cases]
    took = time.perf_counter() - began
    wrong = [outcome for outcome in outcomes if outcome.wrong]
    if arguments.json:
        rows = [{**msgspec.to_builtins(o.case), "got": o.got, "ok": not o.wrong} for o in outcomes]
        print(_text({"btcore": __version__, "cases": len(rows), "mismatches": len(wrong), "rows": rows}))
        return 1 if wrong else 0
    if shown := outcomes if arguments.all else wrong:
        print(table(shown))
    rules = len({outcome.case.rule for outcome in outcomes})
    print(
        f"btcore {__version__}: {len(outcomes)} cases of {rules} rules, {len(wrong)} mismatches, {took:.1f} s"
    )
    return 1 if wrong else 0


if __name__ == "__main__":
    try:
        code = main()
        sys.stdout.flush()
    except BrokenPipeError:  # the reader of the output has closed it
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 1
    sys.exit(code)
