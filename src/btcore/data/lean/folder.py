"""QuantConnect LEAN's folder of data: which files there are, what each holds, on which clock."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from btcore.errors import DataError

# The prices of a file are whole numbers of this fraction of a unit of money.
SCALES = {"equity": 10_000.0, "forex": 1.0, "crypto": 1.0, "future": 1.0}
# Etc/GMT+5 is five hours behind UTC the whole year: FXCM's files know no summer time.
_CLOCKS = {
    ("equity", "usa"): "America/New_York",
    ("forex", "fxcm"): "Etc/GMT+5",
    ("forex", "oanda"): "UTC",
    ("crypto", ""): "UTC",
    ("future", ""): "UTC",
}
_RESOLUTIONS = {"tick": "tick", "second": "second", "minute": "minute", "hour": "hour", "daily": "day"}
_DAILY_FILE = r"(\d{8})_(trade|quote)"
_WHOLE_FILE = r"(.+?)(?:_(trade|quote))?"


class LeanFile(NamedTuple):
    """One zip; its place in the folder tells what is in it."""

    asset: str
    market: str
    symbol: str
    resolution: str
    kind: str  # trade, quote, or "" where the width of the rows says it
    day: str  # YYYYMMDD, or "" where the rows say it
    path: Path


def lean_files(folder: Path) -> tuple[list[LeanFile], list[Path]]:
    """The files in time order, and the zips at the depth of data that are none of them."""
    if not folder.is_dir():
        raise DataError(f"{folder}: there is no such folder")
    files: list[LeanFile] = []
    strangers: list[Path] = []
    for path in sorted(folder.glob("*/*/*/*.zip")) + sorted(folder.glob("*/*/*/*/*.zip")):
        found = _placed(path.relative_to(folder).parts, path)
        if found is None:
            strangers.append(path)
        else:
            files.append(found)
    if not files:
        raise DataError(f"{folder}: there is no LEAN data like equity/usa/daily/spy.zip in it")
    return files, strangers


def _placed(parts: tuple[str, ...], path: Path) -> LeanFile | None:
    asset, market, name = parts[:3]
    resolution = _RESOLUTIONS.get(name)
    if asset not in SCALES or clock(asset, market) is None or resolution is None:
        return None
    if len(parts) == 5 and resolution in ("tick", "second", "minute"):
        match = re.fullmatch(_DAILY_FILE, path.stem)
        return match and LeanFile(asset, market, parts[3].upper(), resolution, match[2], match[1], path)
    if len(parts) == 4 and resolution in ("hour", "day"):
        match = re.fullmatch(_WHOLE_FILE, path.stem)
        return match and LeanFile(asset, market, match[1].upper(), resolution, match[2] or "", "", path)
    return None


def clock(asset: str, market: str) -> str | None:
    """The time zone in which a market's files tell the time, None where that is not known."""
    return _CLOCKS.get((asset, market)) or _CLOCKS.get((asset, ""))


def catalog_names(files: list[LeanFile]) -> dict[tuple[str, str, str], str]:
    """(asset, market, symbol) -> its name in a catalog.

    A symbol is one market. Where several have it, the first in alphabetical order has the plain name, and
    the others add theirs: fxcm's EURUSD is `EURUSD`, oanda's `EURUSD.oanda`. All files count, whatever is
    imported of them, so a name never means another market the next time.
    """
    places: dict[str, list[tuple[str, str]]] = {}
    for file in files:
        known = places.setdefault(file.symbol, [])
        if (file.market, file.asset) not in known:
            known.append((file.market, file.asset))
    names: dict[tuple[str, str, str], str] = {}
    for symbol, known in places.items():
        first, *others = sorted(known)
        names[first[1], first[0], symbol] = symbol
        for market, asset in others:
            names[asset, market, symbol] = f"{symbol}.{asset if market == first[0] else market}"
    return names


def members(file: LeanFile) -> Iterator[tuple[str, str, bytes]]:
    """(expiry or "", name, text) of each CSV in the zip; futures have one for each expiry."""
    import zipfile

    try:
        with zipfile.ZipFile(file.path) as archive:
            for name in sorted(archive.namelist()):
                if name.endswith(".csv"):
                    expiry = re.search(r"_(\d{6})(?:_\d{8})?\.csv$", name) if file.asset == "future" else None
                    yield (expiry[1] if expiry else ""), name, archive.read(name)
    except zipfile.BadZipFile as error:
        raise DataError(f"{file.path}: not a readable zip: {error}") from error
