"""The symbol-properties database of LEAN -> ticks, lots, multipliers and currencies."""

import csv
import re
from pathlib import Path
from typing import NamedTuple

from btcore.errors import DataError

from .tables import open_text

FILE = "symbol-properties/symbol-properties-database.csv"
_TYPES = {"equity", "forex", "crypto", "future", "cfd"}


class Properties(NamedTuple):
    """The terms of a symbol; `magnifier` is by how much its quoted prices exceed those in its currency."""

    currency: str | None
    multiplier: float
    tick_size: float
    lot_size: float
    magnifier: float = 1.0


class PropertiesDatabase:
    """The rows of the database by market, symbol and type."""

    def __init__(self, rows: dict[tuple[str, str, str], Properties]) -> None:
        self._rows = rows

    @classmethod
    def read(cls, folder: Path) -> "PropertiesDatabase | None":
        """The database of a LEAN folder, None if it has none; DataError names the line of a wrong row."""
        text = open_text(folder / FILE)
        if text is None:
            return None
        rows = {}
        for number, cells in enumerate(csv.reader(text.splitlines()), 1):
            if len(cells) < 8 or cells[0].startswith("#") or cells[2].lower() not in _TYPES:
                continue
            try:
                multiplier, tick, lot = (float(cell or 0) for cell in cells[5:8])
                magnifier = float(cells[10]) if len(cells) > 10 and cells[10].strip() else 1.0
            except ValueError:
                raise DataError(
                    f"{FILE} line {number}: {','.join(cells)!r} has a text for a number"
                ) from None
            code = cells[4].strip()
            currency = code if re.fullmatch("[A-Z]{3,5}", code) else None
            key = (cells[0].lower(), cells[1].upper(), cells[2].lower())
            rows[key] = Properties(currency, multiplier, tick, lot, magnifier)
        return cls(rows)

    def find(self, asset: str, market: str, symbol: str) -> Properties | None:
        """The properties of a symbol, or those of all symbols of its market; None if there are none."""
        for name in (symbol.upper(), "[*]"):
            found = self._rows.get((market, name, asset))
            if found is not None:
                return found
        return None
