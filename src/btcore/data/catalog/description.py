"""What a catalog has, as values and as a table."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from btcore.config import Instrument, TradingHours
from btcore.data.source import AnyContainer
from btcore.times.clock import moment_text

from .definitions import Definition
from .entries import Dataset, Entry
from .lookup import Selected
from .storage import FOLDER


class DatasetDescription(Dataset, frozen=True, kw_only=True, omit_defaults=True):
    """A dataset, and its size on disk in bytes."""

    size: int


class CatalogDescription(msgspec.Struct, frozen=True, kw_only=True):
    """The datasets of a catalog, or of one symbol, and the definitions by symbol; `str` is a table."""

    path: str
    datasets: tuple[DatasetDescription, ...]
    definitions: dict[str, Definition]

    @property
    def size(self) -> int:
        """The size of the datasets on disk in bytes."""
        return sum(dataset.size for dataset in self.datasets)

    @property
    def symbols(self) -> list[str]:
        """The symbols with data or a definition, sorted."""
        return sorted({dataset.symbol for dataset in self.datasets} | set(self.definitions))

    def __str__(self) -> str:
        counts = f"{_count(len(self.symbols), 'symbol')}, {_count(len(self.datasets), 'dataset')}"
        lines = [f"{self.path}: {counts}, {size_text(self.size)}"]
        for symbol in self.symbols:
            lines.append(symbol)
            if symbol in self.definitions:
                lines.append(f"  definition: {_definition_text(self.definitions[symbol])}")
            for dataset in self.datasets:
                if dataset.symbol == symbol:
                    lines += _dataset_lines(dataset)
        return "\n".join(lines)


def describe(
    path: Path, selected: Selected, datasets: Iterator[tuple[Entry, AnyContainer]]
) -> CatalogDescription:
    """The description of datasets, which are opened one at a time, and definitions."""
    described = []
    for entry, _ in datasets:
        values = {name: getattr(entry, name) for name in Dataset.__struct_fields__}
        described.append(DatasetDescription(**values, size=_size(path, entry)))
    return CatalogDescription(
        path=str(path), datasets=tuple(described), definitions=dict(selected.definitions)
    )


def _size(root: Path, entry: Entry) -> int:
    try:
        return sum(file.stat().st_size for file in (root / FOLDER / entry.directory).iterdir())
    except FileNotFoundError:  # replaced since it was opened
        return 0


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def size_text(size: int) -> str:
    """Bytes in words: "13.4 MB"."""
    amount = float(size)
    for unit in ("bytes", "kB", "MB"):
        if amount < 1000:
            return f"{amount:.0f} {unit}" if unit == "bytes" else f"{amount:.1f} {unit}"
        amount /= 1000
    return f"{amount:.1f} GB"


def _dataset_lines(dataset: DatasetDescription) -> list[str]:
    span = f"{moment_text(dataset.first)} to {moment_text(dataset.last)}"
    zone = f"zone {dataset.timezone}" if dataset.timezone else "zone unknown"
    line = f"  {dataset.name}: {_count(dataset.rows, 'row')}, {span}, {zone}, {size_text(dataset.size)}"
    return [line, *(f"    {note}" for note in dataset.notes)]


def _value_text(value: Any) -> str:
    """A term; of dated values their number, of trading hours what they are."""
    if isinstance(value, TradingHours):
        return f"trading hours in {value.timezone}, {_count(len(value.holidays), 'holiday')}"
    return f"({len(value)})" if isinstance(value, list) else str(value)


def _definition_text(definition: Definition) -> str:
    """The terms that are not the defaults; dated values are counted."""
    parts = [] if definition.timezone is None else [f"zone {definition.timezone}"]
    default = Instrument()
    for name in Instrument.__struct_fields__:
        value = getattr(definition.instrument, name)
        if value != getattr(default, name):
            parts.append(f"{name} {_value_text(value)}")
    parts += [f"{ticker} until {day}" for day, ticker in definition.names]
    return ", ".join(parts) or "the defaults"
