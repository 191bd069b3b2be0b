"""`python -m btcore.verify`: replays the cases of conformance.json here, and tells what is not as expected.

Exit codes: 0 every number is as expected, 1 one is not, 2 asked for wrongly.
"""

import argparse
import math
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from btcore.audit.conformance import TABLE, Case, load, replay

from .version import __version__

COLUMNS = ("rule", "case", "expected", "got", "ok")
WIDEST = 60  # of a cell, where all is well


class Outcome(msgspec.Struct, frozen=True):
    """A case replayed."""

    case: Case
    got: dict[str, Any]

    @property
    def wrong(self) -> list[str]:
        """Names of what is not as expected."""
        return [name for name, value in self.case.expect.items() if not same(value, self.got.get(name))]

    def cells(self) -> tuple[str, ...]:
        """The row of a table; of what is wrong, all of it."""
        case, wrong = self.case, self.wrong
        if not wrong:
            return case.rule, case.case, _short(_text(case.expect)), _short(_text(self.got)), "yes"
        got = self.got if "error" in self.got else {name: self.got.get(name) for name in wrong}
        return case.rule, case.case, _text({name: case.expect[name] for name in wrong}), _text(got), "NO"


def same(expected: Any, got: Any) -> bool:
    """Whole numbers exactly, others to a rounding error."""
    if isinstance(expected, list) and isinstance(got, list):
        return len(expected) == len(got) and all(map(same, expected, got))
    if isinstance(expected, dict) and isinstance(got, dict):
        return expected.keys() == got.keys() and all(same(expected[name], got[name]) for name in expected)
    if isinstance(expected, float) or isinstance(got, float):
        numbers = isinstance(expected, int | float) and isinstance(got, int | float)
        return numbers and math.isclose(expected, got, rel_tol=1e-12, abs_tol=1e-9)
    return type(expected) is type(got) and bool(expected == got)


def table(outcomes: Sequence[Outcome]) -> str:
    """A line for each; under one that is wrong, why its numbers are expected."""
    cells = [COLUMNS, *(outcome.cells() for outcome in outcomes)]
    widths = [max(len(row[i]) for row in cells) for i in range(len(COLUMNS))]
    lines = ["  ".join(map(str.ljust, row, widths)).rstrip() for row in cells]
    reasons = ["", *(f"\n    {outcome.case.because}" if outcome.wrong else "" for outcome in outcomes)]
    return "\n".join(map(str.__add__, lines, reasons))


def _short(text: str) -> str:
    return text if len(text) <= WIDEST else f"{text[: WIDEST - 3]}..."


def _text(value: Any) -> str:
    return msgspec.json.encode(_plain(value)).decode()


def _plain(value: Any) -> Any:
    """Without decimals where there are none."""
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def main(argv: Sequence[str] | None = None) -> int:
    """The exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m btcore.verify",
        description="Replays small cases of every rule of docs/simulation.md on this machine.",
    )
    parser.add_argument("--all", action="store_true", help="show every case, not mismatches alone")
    parser.add_argument("--json", action="store_true", help="everything as JSON")
    parser.add_argument(
        "--table", type=Path, default=TABLE, help="cases of your own, in the form of conformance.json"
    )
    arguments = parser.parse_args(argv)
    try:
        cases = load(arguments.table)
    except (OSError, msgspec.MsgspecError) as error:
        parser.error(f"{arguments.table}: {error}")
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
    except BrokenPipeError:  # the reader has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 1
    sys.exit(code)
