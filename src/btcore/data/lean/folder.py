"""A folder of QuantConnect LEAN data: its files, what each contains, and the time zone of its times."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from btcore.errors import DataError

# Prices in the files are multiplied by this number.
SCALES = {"equity": 10_000.0, "forex": 1.0, "crypto": 1.0, "future": 1.0}
# Etc/GMT+5 is five hours behind UTC the whole year: FXCM files have no daylight saving time.
_ZONES = {
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
    """One zip, and what its path says about its contents."""

    asset: str
    market: str
    symbol: str
    resolution: str
    kind: str  # trade, quote, or "" if it follows only from the number of columns
    day: str  # YYYYMMDD, or "" if the rows have the date
    path: Path


def lean_files(folder: Path) -> tuple[list[LeanFile], list[Path]]:
    """The files in time order, and the zips whose path is unknown; DataError if there are no files."""
    if not folder.is_dir():
        raise DataError(f"{folder}: it is not a folder")
    files: list[LeanFile] = []
    unknown: list[Path] = []
    for path in sorted(folder.glob("*/*/*/*.zip")) + sorted(folder.glob("*/*/*/*/*.zip")):
        found = _parse_path(path.relative_to(folder).parts, path)
        if found is None:
            unknown.append(path)
        else:
            files.append(found)
    if not files:
        raise DataError(f"{folder}: it has no LEAN data; a file is, for example, equity/usa/daily/spy.zip")
    return files, unknown


def _parse_path(parts: tuple[str, ...], path: Path) -> LeanFile | None:
    asset, market, name = parts[:3]
    resolution = _RESOLUTIONS.get(name)
    if asset not in SCALES or file_timezone(asset, market) is None or resolution is None:
        return None
    if len(parts) == 5 and resolution in ("tick", "second", "minute"):
        match = re.fullmatch(_DAILY_FILE, path.stem)
        return match and LeanFile(asset, market, parts[3].upper(), resolution, match[2], match[1], path)
    if len(parts) == 4 and resolution in ("hour", "day"):
        match = re.fullmatch(_WHOLE_FILE, path.stem)
        return match and LeanFile(asset, market, match[1].upper(), resolution, match[2] or "", "", path)
    return None


def file_timezone(asset: str, market: str) -> str | None:
    """The time zone of the times in the files of a market, None if unknown."""
    return _ZONES.get((asset, market)) or _ZONES.get((asset, ""))


def catalog_names(files: list[LeanFile]) -> dict[tuple[str, str, str], str]:
    """(asset, market, symbol) -> symbol in a catalog.

    If several markets have a symbol, the first in alphabetical order keeps it and the others append their
    market: EURUSD of fxcm is `EURUSD`, that of oanda `EURUSD.oanda`. Pass all files of the folder, not only
    those to be imported, so that a name means the same market in each import.
    """
    places: dict[str, list[tuple[str, str]]] = {}
    for file in files:
        listed = places.setdefault(file.symbol, [])
        if (file.market, file.asset) not in listed:
            listed.append((file.market, file.asset))
    names: dict[tuple[str, str, str], str] = {}
    for symbol, listed in places.items():
        first, *others = sorted(listed)
        names[first[1], first[0], symbol] = symbol
        for market, asset in others:
            names[asset, market, symbol] = f"{symbol}.{asset if market == first[0] else market}"
    return names


def members(file: LeanFile) -> Iterator[tuple[str, str, bytes]]:
    """(expiry or "", name, text) of each CSV in the zip; a zip of futures has one for each expiry."""
    import zipfile

    try:
        with zipfile.ZipFile(file.path) as archive:
            for name in sorted(archive.namelist()):
                if name.endswith(".csv"):
                    expiry = re.search(r"_(\d{6})(?:_\d{8})?\.csv$", name) if file.asset == "future" else None
                    yield (expiry[1] if expiry else ""), name, archive.read(name)
    except zipfile.BadZipFile as error:
        raise DataError(f"{file.path}: not a readable zip: {error}") from error
