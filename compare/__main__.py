"""Prints every comparison by peer. Exits with 1 on a mismatch, or if no peer is installed.

Given the path of docs/conventions.md, rewrites its section if nothing mismatched and nothing was skipped.
Given that of tests/project/coming_from.json, compares the tutorials of docs/coming_from instead.
"""

import importlib
import sys
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import NamedTuple

import btcore as bt

from . import hftbacktest_cases, nautilus
from .page import rewritten, section
from .rows import Row


class Peer(NamedTuple):
    """`letter` begins the ids of its rows, `modules` compare with it."""

    letter: str
    modules: tuple[str, ...]
    version: Callable[[], str]


def importable(package: str) -> Callable[[], str]:
    def found() -> str:
        which = version(package)
        importlib.import_module(package)
        return which

    return found


PEERS = {
    "backtesting": Peer("B", ("backtesting_py", "backtesting_small"), importable("backtesting")),
    "vectorbt": Peer("V", ("vectorbt_orders", "vectorbt_signals"), importable("vectorbt")),
    "nautilus_trader": Peer("N", ("nautilus",), nautilus.SIDE.version),
    "hftbacktest": Peer("F", ("hftbacktest_cases",), hftbacktest_cases.SIDE.version),
}
BESIDE = ("numpy", "pandas", "numba")


def versions(peers: dict[str, str]) -> str:
    """Versions of everything that the numbers depend on."""
    found = [f"btcore {bt.__version__}", *(f"{name} {which}" for name, which in peers.items())]
    for package in BESIDE:
        try:
            found.append(f"{package} {version(package)}")
        except PackageNotFoundError:
            continue
    return ", ".join([*found, f"Python {sys.version.split()[0]}"])


def available() -> dict[str, str]:
    """Version of each peer that can be used here; a message for the others."""
    found = {}
    for name, peer in PEERS.items():
        try:
            found[name] = peer.version()
        except Exception as error:  # a package that does not fit its dependencies may raise anything
            print(f"SKIPPED {name}: it cannot be used ({type(error).__name__}: {error})")
    return found


def compare(name: str) -> list[Row]:
    """The rows of that peer."""
    print(f"\n{name}")
    found: list[Row] = []
    for module in PEERS[name].modules:
        found += importlib.import_module(f".{module}", __package__).rows()
    for row in found:
        print(f"  {row}")
    return found


def main(into: str | None = None) -> int:
    if into and into.endswith(".json"):
        from .tutorials import figures  # needs tests/support on the path, as scripts/compare has it

        return figures.main(into)
    peers = available()
    print(versions(peers))
    found = {name: compare(name) for name in peers}
    rows = [row for some in found.values() for row in some]
    wrong = sum(not row.ok for row in rows)
    skipped = len(PEERS) - len(found)
    print(
        f"\n{len(rows) - wrong} rows as expected, {wrong} mismatches, {skipped} of {len(PEERS)} peers skipped"
    )
    if into and not wrong and not skipped:
        page = Path(into)
        page.write_text(
            rewritten(
                page.read_text(),
                section(versions(peers), {PEERS[name].letter: (name, rows) for name, rows in found.items()}),
            )
        )
    return 1 if wrong or not found else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:2]))
