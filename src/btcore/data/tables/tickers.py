"""pandas tables whose columns have two levels, field and ticker, as vendors of many symbols give them."""

from typing import Any

from btcore.data.source import check_symbol
from btcore.errors import DataError

from .kinds import kinds_of


def has_tickers(table: Any) -> bool:
    """True for a pandas table with two levels of columns, one of which has the columns of a kind."""
    is_pandas = hasattr(table, "xs")
    return is_pandas and table.axes[-1].nlevels == 2 and _ticker_level(table) is not None


def tickers_of(table: Any) -> list[str]:
    """The tickers in the order of their columns; DataError for one that is not a symbol."""
    return [
        check_symbol(ticker) for ticker in dict.fromkeys(table.columns.get_level_values(_ticker_level(table)))
    ]


def table_of(table: Any, symbol: str, where: str) -> tuple[Any, tuple[str, ...]]:
    """The columns of `symbol` with one level of names, and notes.

    The columns of the only ticker are taken whatever its name. Rows without any value for the symbol, which
    come from the other tickers, are left out. DataError for a symbol that is not among several tickers.
    """
    level = _ticker_level(table)
    tickers = list(dict.fromkeys(table.columns.get_level_values(level)))
    notes: list[str] = []
    if symbol not in tickers:
        if len(tickers) > 1:
            raise DataError(
                f"{where}: the tickers of the table are {', '.join(map(str, tickers))}, not {symbol}"
            )
        notes.append(f"columns of the ticker {tickers[0]}, the only one of the table")
    ticker = symbol if symbol in tickers else tickers[0]
    chosen = table.xs(ticker, axis=1, level=level)
    blank = chosen.isna().all(axis=1).to_numpy()
    if len(tickers) > 1 and blank.any():
        chosen = chosen[~blank]
        notes.append(f"rows without any value for {ticker} left out: {int(blank.sum())} of {len(blank)}")
    return chosen, tuple(notes)


def _ticker_level(table: Any) -> int | None:
    """The level whose names are not those of columns; None if neither level has these."""
    for level in (0, 1):
        names = [str(name) for name in dict.fromkeys(table.columns.get_level_values(level))]
        if kinds_of(["", *names]):  # the index has the times
            return 1 - level
    return None
