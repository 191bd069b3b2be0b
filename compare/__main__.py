"""Prints every comparison by peer. Exits with 1 on a mismatch, or if no peer is installed.

Given the path of docs/conventions.md, rewrites its section if nothing mismatched and nothing was skipped.
"""

import importlib
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import btcore as bt

from .page import rewritten, section
from .rows import Row

PEERS = {"backtesting": "backtesting_py", "vectorbt": "vectorbt_orders"}  # package: module here
BESIDE = ("numpy", "pandas", "numba")


def versions() -> str:
    """Versions of everything that the numbers depend on."""
    found = [f"btcore {bt.__version__}"]
    for package in (*PEERS, *BESIDE):
        try:
            found.append(f"{package} {version(package)}")
        except PackageNotFoundError:
            continue
    return ", ".join([*found, f"Python {sys.version.split()[0]}"])


def compare(peer: str) -> list[Row] | None:
    """The rows of that peer; None, with a message, if it cannot be imported."""
    try:
        which = version(peer)
        importlib.import_module(peer)
    except Exception as error:  # a package that does not fit its dependencies may raise anything
        print(f"\nSKIPPED {peer}: it cannot be imported ({type(error).__name__}: {error})")
        return None
    print(f"\n{peer} {which}")
    found: list[Row] = importlib.import_module(f".{PEERS[peer]}", __package__).rows()
    for row in found:
        print(f"  {row}")
    return found


def main(into: str | None = None) -> int:
    print(versions())
    found = {peer: rows for peer in PEERS if (rows := compare(peer)) is not None}
    rows = [row for some in found.values() for row in some]
    wrong = sum(not row.ok for row in rows)
    skipped = len(PEERS) - len(found)
    print(
        f"\n{len(rows) - wrong} rows as expected, {wrong} mismatches, {skipped} of {len(PEERS)} peers skipped"
    )
    if into and not wrong and not skipped:
        page = Path(into)
        page.write_text(rewritten(page.read_text(), section(versions(), found)))
    return 1 if wrong or not found else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:2]))
