"""Import of a data catalog of NautilusTrader: a folder of Parquet files by type of data and instrument."""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from btcore.config import Instrument
from btcore.errors import DataError, near_name

from .catalog.catalog import Catalog
from .catalog.entries import Entry
from .containers import Bars
from .files.binary import import_polars, parquet_frame, parquet_metadata, polars_errors
from .files.read import read_parquet
from .source import AnyContainer, check_symbol
from .tables.names import PRICES

KINDS_OF_FOLDERS = {"quote_tick": "quotes", "trade_tick": "trades", "bar": "bars"}
_Files = list[Path]
_Group = tuple[str, str, str]  # symbol, kind, source and interval of bars as the bar type writes them


def import_nautilus(
    folder: str | Path,
    catalog: Catalog,
    *,
    symbols: Iterable[str] | None = None,
    progress: Callable[[float, str], None] | None = None,
) -> list[Entry]:
    """Imports quotes, trades and bars of NautilusTrader's data catalog; returns the entries written.

    A symbol is the id of its instrument, such as "EUR/USD.SIM". Bars begin one length before their times,
    which are closes. Bars of bid and of ask prices of one instrument and length become bars with both sides
    if their times are the same, and two datasets with the sources "bid" and "ask" if not. Ticks, lots,
    multipliers and currencies of instruments become definitions. `progress` is called with the fraction done
    (0 to 1) and the dataset. Each dataset replaces the one in the catalog.

    DataError, which names the file, if the folder has no such files or one of them cannot be read.
    """
    import_polars("NautilusTrader data")
    root = Path(folder)
    groups = _groups(root)
    if not groups:
        raise DataError(f"{root}: it has no files such as data/quote_tick/EURUSD.SIM/part-0.parquet")
    wanted = None if symbols is None else set(symbols)
    known = {group[0] for group in groups}
    if wanted is not None and (unknown := sorted(wanted - known)):
        meant = near_name(unknown[0], known)
        raise DataError(f"{root}: {unknown[0]!r} is not among its symbols, {', '.join(sorted(known))}{meant}")
    chosen = {group: files for group, files in groups.items() if wanted is None or group[0] in wanted}
    written: list[Entry] = []
    for done, (group, files) in enumerate(sorted(chosen.items())):
        if progress is not None:
            progress(done / len(chosen), f"{group[0]} {group[1]}")
        if group[2].startswith("bid-") and (sides := _both_sides(chosen, group)) is not None:
            written += catalog.write(group[0], sides)
        elif not (group[2].startswith("ask-") and _both_sides(chosen, group) is not None):
            written += catalog.write_stream({group[0]: _pieces(files)})
    for symbol in sorted({group[0] for group in chosen}):
        instrument = _instrument(root, symbol)
        if instrument is not None:
            catalog.define(symbol, instrument)
    if progress is not None:
        progress(1.0, "done")
    return written


def _groups(root: Path) -> dict[_Group, _Files]:
    """The files of each dataset."""
    groups: dict[_Group, _Files] = {}
    for name, kind in KINDS_OF_FOLDERS.items():
        for file in sorted((root / "data" / name).glob("*/*.parquet")):
            symbol, detail = _identity(file, kind)
            groups.setdefault((check_symbol(symbol), kind, detail), []).append(file)
    return groups


def _identity(file: Path, kind: str) -> tuple[str, str]:
    """The id of the instrument, and source and length of bars; DataError if the file does not say them."""
    from .vendors.nautilus import BarType  # not at the top: most imports of btcore do not need it

    stored = _metadata(file)
    if kind == "bars":
        bar_type = BarType.parse(stored.get("bar_type", file.parent.name))
        return bar_type.instrument, f"{bar_type.source}-{bar_type.interval or 'irregular'}"
    symbol = stored.get("instrument_id")
    if symbol is None:
        raise DataError(f"{file}: the id of its instrument is missing")
    return symbol, ""


def _metadata(file: Path) -> dict[str, str]:
    with polars_errors(file, "Parquet file"):
        return parquet_metadata(file)


def _pieces(files: _Files) -> Iterator[AnyContainer]:
    """The containers of files of one dataset, by the time of their first row; one is in memory at a time."""
    for _, file in sorted((_first_time(file), file) for file in files):
        yield read_parquet(file, format="nautilus")


def _first_time(file: Path) -> int:
    """The first time in a file; DataError if it has no rows."""
    with polars_errors(file, "Parquet file"):
        times = parquet_frame(file, columns=["ts_event"], n_rows=1)
    if not times.height:
        raise DataError(f"{file}: the file has no rows")
    return int(times["ts_event"].cast(int)[0])


def _both_sides(groups: dict[_Group, _Files], group: _Group) -> Bars | None:
    """Bars with the prices of bid and ask of two datasets with the same times; None if there are none."""
    symbol, kind, detail = group
    source, _, interval = detail.partition("-")
    if source not in {"bid", "ask"}:
        return None
    pair = [groups.get((symbol, kind, f"{side}-{interval}")) for side in ("bid", "ask")]
    if pair[0] is None or pair[1] is None:
        return None
    bid, ask = (_joined(list(_pieces(files))) for files in pair if files is not None)
    if not (np.array_equal(bid.timestamp, ask.timestamp) and np.array_equal(bid.end, ask.end)):
        return None
    sides = {
        side: tuple(getattr(bars, price) for price in PRICES) for side, bars in (("bid", bid), ("ask", ask))
    }
    made = Bars(
        bid.timestamp,
        end=bid.end,
        interval=bid.interval,
        source="bid_ask",  # bars of mid prices may be there too
        timezone="UTC",
        bid=sides["bid"],
        ask=sides["ask"],
    )
    return made.with_notes(
        (*bid.notes, *ask.notes, "bid and ask: of two datasets; their volumes are left out")
    )


def _joined(pieces: list[AnyContainer]) -> Bars:
    bars = [piece for piece in pieces if isinstance(piece, Bars)]
    times, ends = (np.concatenate([getattr(piece, name) for piece in bars]) for name in ("timestamp", "end"))
    prices = [np.concatenate([piece.columns[name] for piece in bars]) for name in PRICES]
    made = Bars(times, *prices, end=ends, interval=bars[0].interval, source=bars[0].source, timezone="UTC")
    return made.with_notes(tuple(note for piece in bars for note in piece.notes))


def _instrument(root: Path, symbol: str) -> Instrument | None:
    """The terms of an instrument that the folder describes; None if it does not."""
    for file in sorted((root / "data").glob(f"*/{symbol.replace('/', '')}/*.parquet")):
        if file.parent.parent.name in KINDS_OF_FOLDERS or "class" not in _metadata(file):
            continue
        with polars_errors(file, "Parquet file"):
            row: dict[str, Any] = parquet_frame(file).tail(1).to_dicts()[0]
        currency = row.get("quote_currency") or row.get("currency")
        return Instrument(
            tick_size=float(row.get("price_increment") or 0),
            lot_size=float(row.get("size_increment") or row.get("lot_size") or 0),
            multiplier=float(row.get("multiplier") or 1),
            currency=currency,
        )
    return None
