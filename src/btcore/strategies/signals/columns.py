"""Reads the arguments of `Signals`: one column of booleans or numbers for each symbol, from any table."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from btcore.data.containers import Bars
from btcore.errors import OrderError, near_name
from btcore.strategies.columns import as_array
from btcore.times.clock import moment_text
from btcore.times.zones import utc_offsets

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]


class Layout(NamedTuple):
    """The bars whose rows are the rows of every argument; the symbol of a single Bars is ""."""

    symbols: tuple[str, ...]
    bars: tuple[Bars, ...]

    @property
    def is_named(self) -> bool:
        return self.symbols != ("",)

    def where(self, name: str, symbol: int, row: int | None = None) -> str:
        """A value as the caller writes it: entries['MSFT'][3]."""
        column = f"[{self.symbols[symbol]!r}]" if self.is_named else ""
        return f"signals.{name}{column}" + ("" if row is None else f"[{row}]")


def read_layout(bars: Any) -> Layout:
    """The symbols and their bars; OrderError for what is not a Bars or a mapping of symbols to Bars."""
    if isinstance(bars, Bars):
        return Layout(("",), (bars,))
    if not isinstance(bars, Mapping):
        raise OrderError(f"signals.bars: {type(bars).__name__} is not a Bars or a mapping of symbols to Bars")
    if not bars:
        raise OrderError("signals.bars: the mapping has no symbols")
    for symbol, each in bars.items():
        if not isinstance(symbol, str) or not symbol:
            raise OrderError(f"signals.bars: {symbol!r} is not the name of a symbol")
        if not isinstance(each, Bars):
            raise OrderError(f"signals.bars[{symbol!r}]: {type(each).__name__} is not a Bars")
    return Layout(tuple(bars), tuple(bars.values()))


def read_booleans(name: str, values: Any, layout: Layout) -> list[Bools]:
    """A column of bool for each symbol, all False for None; OrderError names the first other value."""
    if values is None:
        return [np.zeros(len(bars), np.bool_) for bars in layout.bars]
    columns = _columns(name, values, layout)
    for s, column in enumerate(columns):
        if column.dtype.kind == "b":
            continue
        bad = [not isinstance(value, bool | np.bool_) for value in column.tolist()]
        if any(bad):
            row = bad.index(True)
            raise OrderError(f"{layout.where(name, s, row)}: {column[row]} is not True or False")
    return [column.astype(np.bool_) for column in columns]


def read_numbers(name: str, values: Any, layout: Layout) -> list[Floats]:
    """A column of float64 for each symbol; None, and what is missing, is NaN. OrderError for texts."""
    if values is None or (np.ndim(values) == 0 and not isinstance(values, Mapping)):
        number = np.nan if values is None else _number(f"signals.{name}", values)
        return [np.full(len(bars), number) for bars in layout.bars]
    if isinstance(values, Mapping) and layout.is_named:
        rows = dict(zip(layout.symbols, map(len, layout.bars), strict=True))
        values = {
            symbol: np.full(rows[symbol], _number(f"signals.{name}[{symbol!r}]", value))
            if symbol in rows and np.ndim(value) == 0
            else value
            for symbol, value in values.items()
        }
    columns = []
    for s, column in enumerate(_columns(name, values, layout)):
        try:
            if column.dtype.kind == "O":
                columns.append(np.array([_or_nan(value) for value in column.tolist()], np.float64))
            else:
                columns.append(column.astype(np.float64))
        except (TypeError, ValueError) as error:
            raise OrderError(f"{layout.where(name, s)}: not a column of numbers ({error})") from error
    return columns


def _or_nan(value: Any) -> Any:
    """NaN for None and for pandas' NA."""
    return np.nan if value is None or type(value).__name__ == "NAType" else value


def _number(where: str, value: Any) -> float:
    if isinstance(value, bool | np.bool_ | str):
        raise OrderError(f"{where}: {value!r} is not a number")
    try:
        return float(value)
    except (TypeError, ValueError) as error:
        raise OrderError(f"{where}: {value!r} is not a number") from error


def _columns(name: str, values: Any, layout: Layout) -> list[NDArray[Any]]:
    """One array for each symbol, with a row for each of its bars."""
    given = _by_symbol(name, values, layout)
    columns = []
    for s, (each, bars) in enumerate(zip(given, layout.bars, strict=True)):
        where = layout.where(name, s)
        column = as_array(where, each)
        if column.ndim != 1:
            raise OrderError(f"{where}: not a column but an array of {column.ndim} dimensions")
        if len(column) != len(bars):
            raise OrderError(f"{where}: {len(column)} rows are not the {len(bars)} of the bars")
        _check_index(where, getattr(each, "index", None), bars)
        columns.append(column)
    return columns


def _by_symbol(name: str, values: Any, layout: Layout) -> list[Any]:
    """What is given for each symbol: an entry of a mapping, a column of a table, or of an array."""
    symbols = layout.symbols
    names = list(values) if isinstance(values, Mapping) else getattr(values, "columns", None)
    if names is not None:
        names = list(names)
        if not layout.is_named and len(names) == 1:
            return [values[names[0]]]
        if not layout.is_named:
            raise OrderError(
                f"signals.{name}: {len(names)} columns for one Bars; give a mapping of symbols to Bars"
            )
        for wrong, what in ((set(names) - set(symbols), "is not one of"), (set(symbols) - set(names), "")):
            if wrong:
                first = min(map(str, wrong))
                text = (
                    f"column {first!r} is not a symbol of bars{near_name(first, symbols)}"
                    if what
                    else f"{first!r} has no column"
                )
                raise OrderError(f"signals.{name}: {text}; the symbols are {', '.join(symbols)}")
        if not isinstance(values, Mapping):
            _require_one_index(name, layout)
        return [values[symbol] for symbol in symbols]
    if len(symbols) == 1 and np.ndim(values) == 1:
        return [values]
    array = as_array(f"signals.{name}", values)
    if array.ndim != 2 or array.shape[1] != len(symbols):
        shape = " x ".join(map(str, array.shape)) or "a single value"
        allowed = f"rows x {len(symbols)}, one column for each symbol of bars"
        raise OrderError(f"signals.{name}: {shape} is not {allowed if layout.is_named else 'one column'}")
    _require_one_index(name, layout)
    return list(array.T)


def _require_one_index(name: str, layout: Layout) -> None:
    """OrderError unless all symbols have bars of the same times, as the rows of one table do."""
    first = layout.bars[0]
    for symbol, bars in zip(layout.symbols, layout.bars, strict=True):
        if len(bars) != len(first) or not np.array_equal(bars.end, first.end):
            raise OrderError(
                f"signals.{name}: the bars of {symbol} do not end when those of {layout.symbols[0]} do: "
                "one table cannot have rows for both; give a mapping of symbols to columns"
            )


def _check_index(where: str, index: Any, bars: Bars) -> None:
    """OrderError for an index of times, as of pandas, that are neither the opens nor the ends of the bars.

    Times without an offset are UTC, or local in the time zone of the bars.
    """
    if index is None or callable(index) or getattr(index, "dtype", None) is None:
        return
    if getattr(index.dtype, "kind", "") != "M":
        return
    zone = getattr(index, "tz", None)
    times = (index if zone is None else index.tz_convert("UTC").tz_localize(None)).to_numpy()
    given = times.astype("M8[ns]").astype(np.int64)
    offset = utc_offsets(bars.timestamp, bars.timezone) if zone is None and bars.timezone else 0
    ends = utc_offsets(bars.end, bars.timezone) if zone is None and bars.timezone else 0
    known = (bars.timestamp, bars.end, bars.timestamp + offset, bars.end + ends)
    if any(np.array_equal(given, own) for own in known):
        return
    row = int((given != bars.timestamp + offset).argmax())
    raise OrderError(
        f"{where}[{row}]: its index is {np.datetime64(int(given[row]), 'ns')}, and the bar is that from "
        f"{moment_text(int(bars.timestamp[row]))} to {moment_text(int(bars.end[row]))}"
    )
