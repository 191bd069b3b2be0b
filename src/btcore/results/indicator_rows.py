"""The indicators of a result as one table."""

from collections.abc import Mapping

import numpy as np

from .tables import Table


def indicator_rows(indicators: Mapping[tuple[str, str], Table]) -> Table:
    """A row for each value: timestamp, indicator, symbol, field and value, in the order of `indicators`."""
    names = [name for name, _ in indicators] or [""]
    symbols = [symbol for _, symbol in indicators] or [""]
    fields = [field for table in indicators.values() for field in _fields(table)] or [""]
    rows = np.empty(
        sum(len(table) * len(_fields(table)) for table in indicators.values()),
        [
            ("timestamp", np.int64),
            ("indicator", np.asarray(names).dtype),
            ("symbol", np.asarray(symbols).dtype),
            ("field", np.asarray(fields).dtype),
            ("value", np.float64),
        ],
    )
    start = 0
    for (name, symbol), table in indicators.items():
        part = rows[start : start + len(table) * len(_fields(table))].reshape(len(table), -1)
        part["timestamp"] = table["timestamp"][:, None]
        part["indicator"], part["symbol"] = name, symbol
        for place, field in enumerate(_fields(table)):
            part["field"][:, place] = field
            part["value"][:, place] = table[field]
        start += part.size
    return rows


def _fields(table: Table) -> tuple[str, ...]:
    return (table.dtype.names or ())[1:]
