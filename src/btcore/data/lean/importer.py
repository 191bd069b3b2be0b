"""Imports a folder of QuantConnect LEAN data into a catalog, and counts the rows kept and dropped."""

from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from btcore.data.catalog.catalog import Catalog
from btcore.data.containers import Bars, Quotes, Trades
from btcore.data.files.read import import_polars
from btcore.data.source import AnyContainer, check_resolution
from btcore.errors import DataError
from btcore.times.intervals import RESOLUTION_NS

from .folder import LeanFile, catalog_names, lean_files, members
from .rows import BAR_WIDTHS, Columns, Rows, bars_of, quotes_of, trades_of


class Imported(msgspec.Struct, frozen=True, kw_only=True):
    """One dataset of an import: rows read, rows kept, and the number dropped for each reason.

    `first` and `last` are the timestamps of the first and last row, ns UTC. A dataset without rows is not
    written. Files with an unknown path are one entry with a `note`.
    """

    symbol: str
    resolution: str
    kind: str
    source: str
    market: str
    files: int
    rows_read: int = 0
    rows_kept: int = 0
    dropped: dict[str, int] = {}
    first: int | None = None
    last: int | None = None
    note: str = ""


def import_lean(
    folder: str | Path,
    catalog: Catalog,
    *,
    symbols: Iterable[str] | None = None,
    resolutions: Iterable[str] | None = None,
    markets: Iterable[str] | None = None,
    progress: Callable[[float, str], None] | None = None,
) -> list[Imported]:
    """Imports the files and returns one entry per dataset; each replaces the one in the catalog.

    `symbols` are those of the catalog ("SPY", "EURUSD.oanda"; "GC" is all its expiries, such as "GC201312"),
    `resolutions` are "tick", "second", "minute", "hour" or "day", `markets` are folders of LEAN ("usa",
    "fxcm"). Prices are those of the files, not adjusted for splits and dividends. `progress` is called with
    the fraction done (0 to 1) and the dataset. Invalid rows are dropped and counted by reason; a row that
    cannot be parsed is a DataError that names zip, member and row. DataError too if no file matches.
    """
    import_polars("LEAN data")
    files, unknown = lean_files(Path(folder))
    names = catalog_names(files)
    wanted_symbols = None if symbols is None else {symbol.upper() for symbol in symbols}
    wanted_resolutions = None if resolutions is None else {check_resolution(r) for r in resolutions}
    wanted_markets = None if markets is None else set(markets)
    groups: dict[tuple[str, str, str, str], list[LeanFile]] = {}
    for file in files:
        name = names[file.asset, file.market, file.symbol]
        if (
            (wanted_symbols is None or name.upper() in wanted_symbols)
            and (wanted_resolutions is None or file.resolution in wanted_resolutions)
            and (wanted_markets is None or file.market in wanted_markets)
        ):
            groups.setdefault((name, file.resolution, file.kind, file.market), []).append(file)
    if not groups:
        raise DataError(
            f"{folder}: no file matches symbols, resolutions and markets; "
            f"the symbols are {', '.join(sorted(names.values()))}"
        )
    report: list[Imported] = []
    for done, ((name, resolution, kind, _), group) in enumerate(sorted(groups.items())):
        if progress is not None:
            progress(done / len(groups), f"{name} {resolution} {kind}".strip())
        report += _import_group(name, group, catalog)
    if unknown:
        note = f"have an unknown path, the first is {unknown[0].relative_to(folder)}"
        empty: dict[str, Any] = dict.fromkeys(("symbol", "resolution", "kind", "source", "market"), "")
        report.append(Imported(**empty, files=len(unknown), note=note))
    if progress is not None:
        progress(1.0, "done")
    return report


def _import_group(name: str, files: list[LeanFile], catalog: Catalog) -> list[Imported]:
    """Imports the files of one symbol, resolution and kind; a future gives one dataset per expiry."""
    parts: dict[str, list[Columns]] = {}
    read: Counter[str] = Counter()
    dropped: dict[str, Counter[str]] = {}
    used: Counter[str] = Counter()
    kind = files[0].kind
    for file in files:
        for expiry, member, text in members(file):
            rows = Rows(file, member, text)
            kind = kind or BAR_WIDTHS.get(rows.width, "trade")
            reasons = dropped.setdefault(expiry, Counter())
            parts.setdefault(expiry, []).append(_columns(rows, file.resolution, kind, reasons))
            read[expiry] += rows.count
            used[expiry] += 1
    report = []
    for expiry, found in sorted(parts.items()):
        data = _container(f"{name}{expiry}", found, files[0].resolution, kind)
        if len(data):
            catalog.write(f"{name}{expiry}", data)
        report.append(
            Imported(
                symbol=f"{name}{expiry}",
                resolution=files[0].resolution,
                kind=data.kind,
                source=data.source if isinstance(data, Bars) else "",
                market=f"{files[0].asset}/{files[0].market}",
                files=used[expiry],
                rows_read=read[expiry],
                rows_kept=len(data),
                dropped={reason: count for reason, count in sorted(dropped[expiry].items()) if count},
                first=int(data.timestamp[0]) if len(data) else None,
                last=int(data.timestamp[-1]) if len(data) else None,
            )
        )
    return report


def _columns(rows: Rows, resolution: str, kind: str, dropped: Counter[str]) -> Columns:
    if resolution != "tick":
        return bars_of(rows, kind == "quote", dropped)
    return quotes_of(rows, dropped) if kind == "quote" else trades_of(rows, dropped)


def _container(name: str, parts: list[Columns], resolution: str, kind: str) -> AnyContainer:
    """The parts, in the order of their days, as one container."""
    columns: dict[str, Any] = {key: np.concatenate([part[key] for part in parts]) for key in parts[0]}
    try:
        if resolution == "tick":
            return Quotes(**columns) if kind == "quote" else Trades(**columns)
        source = "mid" if kind == "quote" else "trade"
        return Bars(**columns, interval=RESOLUTION_NS[resolution], source=source)
    except DataError as error:
        raise DataError(f"{name} {resolution}: {error}") from error
