"""Imports a folder of QuantConnect LEAN data into a catalog, and counts the rows kept and dropped."""

from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Literal, NamedTuple

import msgspec
import numpy as np

from btcore.data.catalog.catalog import Catalog
from btcore.data.catalog.definitions import make_definition
from btcore.data.columns import Mask
from btcore.data.containers import Bars, Quotes, Trades
from btcore.data.files.binary import import_polars
from btcore.data.source import AnyContainer, check_resolution
from btcore.data.tables.names import PRICES
from btcore.errors import DataError, not_one_of
from btcore.times.intervals import RESOLUTION_NS
from btcore.times.rules import ReadTimes

from .folder import LeanFile, catalog_names, file_timezone, lean_files, members
from .market_hours import FILE as HOURS_FILE
from .rows import BAR_WIDTHS, Columns, Rows, bars_of, quotes_of, trades_of
from .security import Adjust, Databases, Security

_Group = tuple[str, str, str, str]  # symbol in the catalog, resolution, kind, market


class Imported(msgspec.Struct, frozen=True, kw_only=True):
    """One dataset of an import: rows read, rows kept, and the number dropped for each reason.

    `first` and `last` are the timestamps of the first and last row, ns UTC. A dataset without rows is not
    written. `definition` says in words what the definition of the symbol holds. Files with an unknown path
    are one entry with a `note`.
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
    definition: str = ""


class _Choices(NamedTuple):
    """How an import reads the files."""

    quote_bars: str
    adjust: Adjust
    hours: str


_CHOICES = {
    "quote_bars": ("bid_ask", "mid"),
    "adjust": ("raw", "splits", "total"),
    "hours": ("extended", "regular"),
}


def import_lean(
    folder: str | Path,
    catalog: Catalog,
    *,
    symbols: Iterable[str] | None = None,
    resolutions: Iterable[str] | None = None,
    markets: Iterable[str] | None = None,
    quote_bars: Literal["bid_ask", "mid"] = "bid_ask",
    adjust: Literal["raw", "splits", "total"] = "raw",
    hours: Literal["extended", "regular"] = "extended",
    progress: Callable[[float, str], None] | None = None,
) -> list[Imported]:
    """Imports the files and returns one entry per dataset; each replaces the one in the catalog.

    `symbols` are those of the catalog ("SPY", "EURUSD.oanda"; "GC" is all its expiries, such as "GC201312"),
    `resolutions` are "tick", "second", "minute", "hour" or "day", `markets` are folders of LEAN ("usa",
    "fxcm"). Bars of quote files have the prices of bid and ask, or with `quote_bars="mid"` mid prices only,
    and no volume. Bars of a day are local days of the market.

    Prices of equities are those that were traded; `adjust="splits"` and `"total"` multiply them by the
    factors of the folder, for splits, or for dividends too. Beside the data the catalog gets a definition of
    each symbol: ticks, lots, multiplier, currency, sessions, zone, tickers, and the splits and dividends that
    are not in the prices. With `hours="regular"` rows of ticks and of bars shorter than a day outside the
    sessions are dropped. Rows of another company, which had the ticker before, are dropped too.

    `progress` is called with the fraction done (0 to 1) and the dataset. Invalid rows are dropped and counted
    by reason, also in the notes of the data; a row that cannot be parsed is a DataError that names zip,
    member and row. DataError too if no file matches, if `hours="regular"` has no database of hours, and if
    the catalog has other data of a symbol that are adjusted in another way.
    """
    choices = _Choices(quote_bars, adjust, hours)
    for name, allowed in _CHOICES.items():
        if getattr(choices, name) not in allowed:
            given = getattr(choices, name)
            raise DataError(f"{name}: {not_one_of(given, allowed)}")
    import_polars("LEAN data")
    root = Path(folder)
    files, unknown = lean_files(root)
    names = catalog_names(files)
    groups = _chosen(files, names, symbols, resolutions, markets)
    if not groups:
        raise DataError(
            f"{folder}: no file matches symbols, resolutions and markets; "
            f"the symbols are {', '.join(sorted(names.values()))}"
        )
    databases = Databases.read(root)
    if hours == "regular" and databases.hours is None:
        raise DataError(f'{folder}: hours="regular" needs {HOURS_FILE}, which is missing')
    securities = {
        group: databases.security(found[0].asset, found[0].market, found[0].symbol, adjust)
        for group, found in groups.items()
    }
    _check_adjustments(catalog, groups, securities)
    report: list[Imported] = []
    for done, (group, found) in enumerate(sorted(groups.items())):
        if progress is not None:
            progress(done / len(groups), " ".join(filter(None, group[:3])))
        earlier = _earlier_files(files, found, securities[group])
        report += _import_group(group[0], [*earlier, *found], catalog, choices, securities[group])
    if unknown:
        note = f"have an unknown path, the first is {unknown[0].relative_to(folder)}"
        empty: dict[str, Any] = dict.fromkeys(("symbol", "resolution", "kind", "source", "market"), "")
        report.append(Imported(**empty, files=len(unknown), note=note))
    if progress is not None:
        progress(1.0, "done")
    return report


def _chosen(
    files: list[LeanFile],
    names: dict[tuple[str, str, str], str],
    symbols: Iterable[str] | None,
    resolutions: Iterable[str] | None,
    markets: Iterable[str] | None,
) -> dict[_Group, list[LeanFile]]:
    """The files that match, by dataset."""
    wanted_symbols = None if symbols is None else {symbol.upper() for symbol in symbols}
    wanted_resolutions = None if resolutions is None else {check_resolution(r) for r in resolutions}
    wanted_markets = None if markets is None else set(markets)
    groups: dict[_Group, list[LeanFile]] = {}
    for file in files:
        name = names[file.asset, file.market, file.symbol]
        if (
            (wanted_symbols is None or name.upper() in wanted_symbols)
            and (wanted_resolutions is None or file.resolution in wanted_resolutions)
            and (wanted_markets is None or file.market in wanted_markets)
        ):
            groups.setdefault((name, file.resolution, file.kind, file.market), []).append(file)
    return groups


def _earlier_files(files: list[LeanFile], found: list[LeanFile], security: Security) -> list[LeanFile]:
    """The files of the tickers that the security had before."""
    one = found[0]
    earlier = set(security.tickers) - {one.symbol}
    return [
        file
        for file in files
        if file.symbol in earlier
        and (file.asset, file.market, file.resolution, file.kind)
        == (one.asset, one.market, one.resolution, one.kind)
    ]


def _check_adjustments(
    catalog: Catalog, groups: dict[_Group, list[LeanFile]], securities: dict[_Group, Security]
) -> None:
    """DataError if a dataset that stays has prices that the new definition does not fit."""
    replaced = {(group[0], group[1]) for group in groups}
    lines = {group[0]: securities[group].notes()[:1] for group in groups if securities[group].factors}
    for entry in catalog.list():
        ours = lines.get(entry.symbol)
        theirs = [note for note in entry.notes if note.startswith("prices: ")]
        stays = (entry.symbol, entry.resolution) not in replaced
        if ours and theirs and stays and _adjustment(theirs[0]) != _adjustment(ours[0]):
            raise DataError(
                f"{entry.symbol}: its {entry.resolution} {entry.kind} in the catalog have {theirs[0]!r}; "
                "import them in the same way, delete them, or choose another catalog"
            )


def _adjustment(note: str) -> str:
    return note.partition(";")[0]


def _import_group(
    name: str, files: list[LeanFile], catalog: Catalog, choices: _Choices, security: Security
) -> list[Imported]:
    """Imports the files of one symbol, resolution and kind; a future gives one dataset per expiry."""
    parts: dict[str, list[Columns]] = {}
    read: Counter[str] = Counter()
    dropped: dict[str, Counter[str]] = {}
    used: Counter[str] = Counter()
    kind = files[-1].kind
    for file in files:
        for expiry, member, text in members(file):
            rows = Rows(file, member, text)
            kind = kind or BAR_WIDTHS.get(rows.width, "trade")
            reasons = dropped.setdefault(expiry, Counter())
            own = security.own(file.symbol, rows.days) if rows.count else None
            columns = _columns(rows, kind, choices, own, reasons)
            columns = security.adjusted(_in_hours(columns, rows, choices, security, reasons))
            parts.setdefault(expiry, []).append(columns)
            read[expiry] += rows.count
            used[expiry] += 1
    report = []
    for expiry, found in sorted(parts.items()):
        symbol = f"{name}{expiry}"
        counts = {reason: count for reason, count in sorted(dropped[expiry].items()) if count}
        notes = (*_notes(files[-1], counts), *security.notes())
        data = _container(symbol, found, files[-1], kind).with_notes(notes)
        if len(data):
            catalog.write(symbol, data)
            _define(catalog, symbol, security)
        report.append(
            Imported(
                symbol=symbol,
                resolution=files[-1].resolution,
                kind=data.kind,
                source=data.source if isinstance(data, Bars) else "",
                market=f"{files[-1].asset}/{files[-1].market}",
                files=used[expiry],
                rows_read=read[expiry],
                rows_kept=len(data),
                dropped=counts,
                first=int(data.timestamp[0]) if len(data) else None,
                last=int(data.timestamp[-1]) if len(data) else None,
                definition=security.described() if len(data) else "",
            )
        )
    return report


def _define(catalog: Catalog, symbol: str, security: Security) -> None:
    """Writes the definition, unless the catalog has it already from another dataset."""
    made = make_definition(symbol, security.instrument(), security.timezone, security.names)
    if catalog.definition(symbol) != made:
        catalog.define(symbol, made.instrument, timezone=made.timezone, names=made.names)


def _columns(rows: Rows, kind: str, choices: _Choices, own: Mask | None, dropped: Counter[str]) -> Columns:
    """The columns of one file, without the rows that are dropped."""
    if rows.resolution != "tick":
        return bars_of(rows, choices.quote_bars if kind == "quote" else None, dropped, own)
    return (quotes_of if kind == "quote" else trades_of)(rows, dropped, own)


def _in_hours(
    columns: Columns, rows: Rows, choices: _Choices, security: Security, dropped: Counter[str]
) -> Columns:
    """The columns without the rows outside the hours that are asked for."""
    if choices.hours == "extended" or rows.resolution == "day":
        return columns
    kept = security.in_sessions(columns["timestamp"], RESOLUTION_NS.get(rows.resolution, 0))
    dropped["outside_hours"] += int((~kept).sum())
    return {name: column[kept] for name, column in columns.items()}


def _container(name: str, parts: list[Columns], file: LeanFile, kind: str) -> AnyContainer:
    """The parts, in the order of their days, as one container; `file` is one of their files."""
    columns: dict[str, Any] = {key: np.concatenate([part[key] for part in parts]) for key in parts[0]}
    try:
        if file.resolution == "tick":
            zone = file_timezone(file.asset, file.market) or "UTC"
            columns["timestamp"] = ReadTimes(columns["timestamp"], zone=zone, zone_known=True)
            if kind != "quote":
                return Trades(**columns)
            crossed = bool((columns["bid"] > columns["ask"]).any())
            return Quotes(**columns, crossed="keep" if crossed else "refuse")
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
