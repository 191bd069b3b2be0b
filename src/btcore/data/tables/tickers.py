"""pandas tables whose columns have two levels, field and ticker, as vendors of many symbols give them."""

from typing import Any

from btcore.data.source import check_symbol

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


def field_names(table: Any) -> list[str]:
    """The names of the fields, after "" for the index, which has the times."""
    fields = table.columns.get_level_values(1 - _ticker_level(table))
    return ["", *dict.fromkeys(str(name) for name in fields)]


def _ticker_level(table: Any) -> Any:
    """The level whose names are not those of columns; None if neither level has these."""
    for level in (0, 1):
        names = [str(name) for name in dict.fromkeys(table.columns.get_level_values(level))]
        if kinds_of(["", *names]):  # the index has the times
            return 1 - level
    return None
