"""Imports a folder of QuantConnect LEAN data into a catalog, and counts the rows kept and dropped."""

from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Literal

import msgspec
import numpy as np

from btcore.data.catalog.catalog import Catalog
from btcore.data.containers import Bars, Quotes, Trades
from btcore.data.files.binary import import_polars
from btcore.data.source import AnyContainer, check_resolution
from btcore.data.tables.names import PRICES
from btcore.errors import DataError
from btcore.times.intervals import RESOLUTION_NS

from .folder import LeanFile, catalog_names, file_timezone, lean_files, members
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
    quote_bars: Literal["mid", "bid_ask"] = "mid",
    progress: Callable[[float, str], None] | None = None,
) -> list[Imported]:
    """Imports the files and returns one entry per dataset; each replaces the one in the catalog.

    `symbols` are those of the catalog ("SPY", "EURUSD.oanda"; "GC" is all its expiries, such as "GC201312"),
    `resolutions` are "tick", "second", "minute", "hour" or "day", `markets` are folders of LEAN ("usa",
    "fxcm"). Prices are those of the files, not adjusted for splits and dividends. Bars of quote files have
    mid prices, or with `quote_bars="bid_ask"` also the bid and the ask, and no volume. Bars of a day are
    local days of the market. `progress` is called with the fraction done (0 to 1) and the dataset. Invalid
    rows are dropped and counted by reason, also in the notes of the data; a row that cannot be parsed is a
    DataError that names zip, member and row. DataError too if no file matches.
    """
    if quote_bars not in {"mid", "bid_ask"}:
        raise DataError(f"quote_bars: {quote_bars!r} is not one of mid, bid_ask")
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
        report += _import_group(name, group, catalog, quote_bars)
    if unknown:
        note = f"have an unknown path, the first is {unknown[0].relative_to(folder)}"
        empty: dict[str, Any] = dict.fromkeys(("symbol", "resolution", "kind", "source", "market"), "")
        report.append(Imported(**empty, files=len(unknown), note=note))
    if progress is not None:
        progress(1.0, "done")
    return report


def _import_group(name: str, files: list[LeanFile], catalog: Catalog, quote_bars: str) -> list[Imported]:
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
            parts.setdefault(expiry, []).append(_columns(rows, kind, quote_bars, reasons))
            read[expiry] += rows.count
            used[expiry] += 1
    report = []
    for expiry, found in sorted(parts.items()):
        counts = {reason: count for reason, count in sorted(dropped[expiry].items()) if count}
        data = _container(f"{name}{expiry}", found, files[0], kind).with_notes(_notes(files[0], counts))
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
                dropped=counts,
                first=int(data.timestamp[0]) if len(data) else None,
                last=int(data.timestamp[-1]) if len(data) else None,
            )
        )
    return report


def _columns(rows: Rows, kind: str, quote_bars: str, dropped: Counter[str]) -> Columns:
    if rows.resolution != "tick":
        return bars_of(rows, quote_bars if kind == "quote" else None, dropped)
    return quotes_of(rows, dropped) if kind == "quote" else trades_of(rows, dropped)


def _container(name: str, parts: list[Columns], file: LeanFile, kind: str) -> AnyContainer:
    """The parts, in the order of their days, as one container; `file` is one of their files."""
    columns: dict[str, Any] = {key: np.concatenate([part[key] for part in parts]) for key in parts[0]}
    try:
        if file.resolution == "tick":
            return Quotes(**columns) if kind == "quote" else Trades(**columns)
        for side in ("bid", "ask"):
            if f"{side}_open" in columns:
                columns[side] = tuple(columns.pop(f"{side}_{name}") for name in PRICES)
        source, timezone = "mid" if kind == "quote" else "trade", file_timezone(file.asset, file.market)
        return Bars(**columns, interval=RESOLUTION_NS[file.resolution], source=source, timezone=timezone)
    except DataError as error:
        raise DataError(f"{name} {file.resolution}: {error}") from error


def _notes(file: LeanFile, dropped: dict[str, int]) -> tuple[str, ...]:
    """What an import did to the rows: the clock of their times, and what was dropped."""
    times = f"times: local in {file_timezone(file.asset, file.market)}"
    if not dropped:
        return (times,)
    reasons = ", ".join(f"{count} {reason}" for reason, count in dropped.items())
    return times, f"rows: {sum(dropped.values())} dropped ({reasons})"
