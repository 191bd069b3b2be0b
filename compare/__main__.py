"""Prints every comparison, peer by peer; exit code 1 for a mismatch, or when no peer is there.

With the path of docs/conventions.md, and if nothing was wrong or skipped, its section is rewritten.
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
    """Of everything that has a say in the numbers."""
    found = [f"btcore {bt.__version__}"]
    for package in (*PEERS, *BESIDE):
        try:
            found.append(f"{package} {version(package)}")
        except PackageNotFoundError:
            continue
    return ", ".join([*found, f"Python {sys.version.split()[0]}"])


def compare(peer: str) -> list[Row] | None:
    """The rows of that peer; None, said aloud, if it can't be imported."""
    try:
        which = version(peer)
        importlib.import_module(peer)
    except Exception as error:  # whatever a package raises that does not go with its dependencies
        print(f"\nSKIPPED {peer}: nothing was compared with it ({type(error).__name__}: {error})")
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
    print(f"\n{len(rows) - wrong} rows hold, {wrong} mismatches, {skipped} of {len(PEERS)} peers skipped")
    if into and not wrong and not skipped:
        page = Path(into)
        page.write_text(rewritten(page.read_text(), section(versions(), found)))
    return 1 if wrong or not found else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:2]))
