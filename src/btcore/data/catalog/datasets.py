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
from btcore.times.intervals import interval_name, resolution_of

from .storage import Entry, blocks_hash, directory_name, map_blocks, map_columns

Blocks = NDArray[np.float64]


def describe(symbol: str, data: AnyContainer, resolution: str | None = None) -> tuple[Entry, Blocks | None]:
    """The entry of a container, and the extremes of its blocks if it has more than one block.

    DataError if it is not a container, has no rows, or has another resolution or one that cannot be stored.
    """
    if not isinstance(data, Bars | Quotes | Trades):
        raise DataError(f"{symbol}: Bars, Quotes or Trades can be written, not {type(data).__name__}")
    if len(data) == 0:
        raise DataError(f"{symbol}: there is nothing to write, the {data.kind} have no rows")
    interval, source = (data.interval, data.source) if isinstance(data, Bars) else (0, "")
    found = resolution_of(interval) if isinstance(data, Bars) else "tick"
    if found is None:
        name = interval_name(interval) if interval else "bars without one length"
        raise DataError(f"{symbol}: bars of 1s, 1min, 1h or 1d can be written to a catalog, not {name}")
    if resolution is not None and check_resolution(resolution) != found:
        raise DataError(f"{symbol}: the data have resolution {found}, not {resolution}")
    entry = Entry(
        symbol=symbol,
        resolution=found,
        kind=data.kind,
        source=source,
        interval=interval,
        rows=len(data),
        first=int(data.timestamp[0]),
        last=int(data.timestamp[-1]),
        columns={name: column.dtype.str for name, column in data.columns.items()},
        content_hash=data.content_hash,
        directory=directory_name((symbol, found, data.kind, source), data.content_hash),
        negative_prices=data.negative_prices,
        crossed="keep" if isinstance(data, Quotes) and data.crossed == "keep" else "",
        notes=data.notes,
    )
    if len(data) <= BLOCK_ROWS:
        return entry, None
    blocks = data.extremes()
    return replace(entry, blocks_hash=blocks_hash(blocks)), blocks


def open_dataset(root: Path, entry: Entry) -> AnyContainer:
    """The dataset, mapped into memory. It was checked when it was written and is not checked again."""
    columns = map_columns(root, entry)
    blocks = map_blocks(root, entry)
    meta: dict[str, Any] = {"negative_prices": entry.negative_prices}
    if entry.kind == "bars":
        meta |= {"interval": entry.interval, "source": entry.source}
    if entry.crossed:
        meta["crossed"] = entry.crossed
    index = None if blocks is None else (blocks, 0)
    return KINDS[entry.kind]._trusted(columns, meta, entry.content_hash, index, entry.notes)
