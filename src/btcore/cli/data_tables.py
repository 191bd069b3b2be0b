"""Lines that the `btcore data` commands print."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from btcore.data import Entry, Imported


def dataset_name(dataset: "Imported | Entry") -> str:
    """Symbol, resolution, kind and source in columns."""
    return f"{dataset.symbol:<16} {dataset.resolution:<9} {dataset.kind:<7} {dataset.source:<6}"


def show_entries(entries: Sequence["Entry"]) -> None:
    """Prints a line for each dataset: what it is, its rows, its period and the zone of its clock."""
    from btcore.times.clock import moment_text

    for entry in entries:
        period = f"{moment_text(entry.first)} to {moment_text(entry.last)}"
        zone = f"  {entry.timezone}" if entry.timezone else ""
        print(f"{dataset_name(entry)} {entry.rows:>12,} rows  {period}{zone}")
