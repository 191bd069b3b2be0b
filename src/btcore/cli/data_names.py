"""What the name of a file says: its type, and its symbol."""

import re
from pathlib import Path

from btcore.errors import ConfigError, DataError

# Names of vendors' files; the group is the symbol.
_VENDORS = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"(\w+?)-(?:\d+(?:s|m|h|d|w|mo)|aggTrades|trades|bookTicker)(?:-\d{4}-\d\d(?:-\d\d)?)?",  # Binance
        r"DAT_[A-Z]+_([A-Z]+)_(?:M1|T)(?:_\w+)?_\d{4,6}",  # HistData
        r"([\w.]+?)_(?:Candlestick|Ticks)_.+",  # Dukascopy
        r"([\w.]+?)-(?:tick|m\d+|h\d+|d1|mn1)(?:-(?:bid|ask))?-[\d-]+",  # Dukascopy, by tools for Node
        r"([\w.]+?)_(?:full_)?\d+(?:min|hour|day)(?:_\w+)?",  # FirstRate
        r"([\w.#]+?)(?:_(?:M\d+|H\d+|Daily|Weekly|Monthly))?_\d{8,12}_\d{8,12}",  # MetaTrader 5
        r"([A-Z]+)-\d{4}-\d\d",  # TrueFX
    )
)


def form_of(path: Path, given: str | None) -> str:
    """The type of a file, csv, parquet, arrow or npz: the given one, or that of the end of its name.

    A file without a known ending whose format is a vendor's is a text file.
    """
    from btcore.data.files.formats import ENDINGS, format_of

    if given in ENDINGS:
        return str(given)
    try:
        return format_of(path)
    except DataError as error:
        if given is not None:
            return "csv"
        raise ConfigError(f"{error}; give --format {', '.join(ENDINGS)} or that of a vendor") from error


def symbol_of(path: Path) -> tuple[str, str]:
    """The symbol that the name of a file says, in capital letters, and the words for it if it is a part.

    The endings of formats do not count: brk.b.csv.gz is BRK.B, BTCUSDT-1m-2024-01.zip is BTCUSDT.
    """
    from btcore.data.files.formats import ENDINGS

    endings = {ending for each in ENDINGS.values() for ending in each}
    name = path
    while name.suffix.lower() in endings:
        name = name.with_suffix("")
    for pattern in _VENDORS:
        if found := pattern.fullmatch(name.name):
            return found[1].upper(), f"by the name of the file {path.name}"
    return name.name.upper(), ""
