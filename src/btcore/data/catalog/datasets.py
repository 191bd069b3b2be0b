"""A container -> its entry in the index of a catalog, and back."""

from pathlib import Path
from typing import Any

import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray

from btcore.data.containers import KINDS, Bars, Quotes, Trades
from btcore.data.source import AnyContainer, check_resolution
from btcore.errors import DataError
from btcore.feed.blocks import BLOCK_ROWS

from .entries import Dataset, Entry
from .storage import blocks_hash, directory_name, map_blocks, map_columns

Blocks = NDArray[np.float64]


def entry_of(symbol: str, data: AnyContainer, resolution: str | None = None) -> tuple[Entry, Blocks | None]:
    """The entry of a container, and the extremes of its blocks if it has more than one block.

    DataError if it is not a container, has no rows, or has another resolution.
    """
    if not isinstance(data, Bars | Quotes | Trades):
        raise DataError(f"{symbol}: Bars, Quotes or Trades can be written, not {type(data).__name__}")
    if len(data) == 0:
        raise DataError(f"{symbol}: there is nothing to write, the {data.kind} have no rows")
    interval, source = (data.interval, data.source) if isinstance(data, Bars) else (0, "")
    if resolution is not None and check_resolution(resolution) != data.resolution:
        raise DataError(f"{symbol}: the data have resolution {data.resolution}, not {resolution}")
    entry = Entry(
        symbol=symbol,
        resolution=data.resolution,
        kind=data.kind,
        source=source,
        interval=interval,
        months=data._months,
        rows=len(data),
        first=int(data.timestamp[0]),
        last=int(data.timestamp[-1]),
        columns={name: column.dtype.str for name, column in data.columns.items()},
        content_hash=data.content_hash,
        directory=directory_name((symbol, data.resolution, data.kind, source), data.content_hash),
        timezone=data.timezone,
        negative_prices=data.negative_prices,
        crossed="keep" if isinstance(data, Quotes) and data.crossed == "keep" else "",
        notes=data.notes,
    )
    if len(data) <= BLOCK_ROWS:
        return entry, None
    blocks = data.extremes()
    return replace(entry, blocks_hash=blocks_hash(blocks)), blocks


def settings_of(dataset: Dataset) -> dict[str, Any]:
    """What `_trusted` of its container takes as `meta`."""
    settings: dict[str, Any] = {
        "negative_prices": dataset.negative_prices,
        "timezone": dataset.timezone,
        "months": dataset.months,
    }
    if dataset.kind == "bars":
        settings |= {"interval": dataset.interval, "source": dataset.source}
    if dataset.crossed:
        settings["crossed"] = dataset.crossed
    return settings


def open_dataset(root: Path, entry: Entry) -> AnyContainer:
    """The dataset, mapped into memory. It was checked when it was written and is not checked again."""
    columns = map_columns(root, entry)
    blocks = map_blocks(root, entry)
    index = None if blocks is None else (blocks, 0)
    return KINDS[entry.kind]._trusted(columns, settings_of(entry), entry.content_hash, index, entry.notes)
