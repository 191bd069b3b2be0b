"""`Signals`: entries and exits as columns of booleans, one row per bar."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from btcore.config import Execution
from btcore.data.containers import Bars
from btcore.errors import OrderError, near_name
from btcore.names import names_keywords
from btcore.pictures import ROWS, count_picture, shown, span_text
from btcore.times.clock import moment_text

from .columns import Layout, read_booleans, read_layout, read_numbers
from .groups import Markets, group_rows
from .handler import Ignored, Signal, SignalsHandler

IGNORED = {
    Ignored.ENTRY_AND_EXIT: "entries and exits of one side in one row",
    Ignored.BOTH_ENTRIES: "long and short entries in one row",
    Ignored.ALREADY_IN: "entries while their position was held or their order worked",
    Ignored.NOT_IN: "exits without a position of their side",
    Ignored.NO_PRICE: "entries before the first price of their symbol",
}
Columns = bool | ArrayLike | Mapping[str, Any]
Numbers = float | ArrayLike | Mapping[str, Any]


class Signals:
    """Entries and exits known before the run, one row per bar, dated at its end, when its close is known.

    bars: a Bars, whose rows are the rows of all arguments, or a mapping of symbols to Bars.
    entries, exits: True where a long position is to be opened, and closed.
    short_entries, short_exits: likewise for a short position.
    size: units of an entry, above 0. None for an equal part of equity at that moment: what
        `order_target_percent(symbol, 1 / number of symbols)` buys.
    stop_loss, take_profit: distances of the exits of an entry from the price of its fill, as fractions of it:
        0.02 is 2 %.
    trailing_stop: the distance of a trailing stop from the best price since the fill, as a fraction of it.
    limit: the price of a limit order to enter. It works until it fills, or until an exit or an entry of the
        other side, which cancels it.

    With one symbol an argument is a column: numpy, a list, or a Series. With several it is a mapping of
    symbols to columns, a DataFrame with a column for each symbol, or an array of shape (rows, symbols) in the
    order of `bars`; the last two need bars of the same times. An index of times, as of pandas, must be that
    of the bars. `size` and what follows it take one number for all rows too. NaN is none, and only rows with
    an entry count.

    A row that is an entry while that position is held does nothing, and neither does an exit without a
    position; docs/strategies.md has the table of all cases. OrderError names the first invalid row.
    """

    @names_keywords()
    def __init__(  # noqa: PLR0917 - the usual order of these columns
        self,
        bars: Bars | Mapping[str, Bars],
        entries: Columns | None,
        exits: Columns | None = None,
        short_entries: Columns | None = None,
        short_exits: Columns | None = None,
        size: Numbers | None = None,
        stop_loss: Numbers | None = None,
        take_profit: Numbers | None = None,
        trailing_stop: Numbers | None = None,
        limit: Numbers | None = None,
    ) -> None:
        layout = read_layout(bars)
        flags = {"entries": entries, "exits": exits, "short_entries": short_entries}
        flags["short_exits"] = short_exits
        columns = {name: read_booleans(name, values, layout) for name, values in flags.items()}
        given = {"size": size, "stop_loss": stop_loss, "take_profit": take_profit}
        given |= {"trailing_stop": trailing_stop, "limit": limit}
        numbers = {name: read_numbers(name, values, layout) for name, values in given.items()}
        parts = [
            _rows_of(layout, s, {name: c[s] for name, c in columns.items()}, numbers, size is not None)
            for s in range(len(layout.symbols))
        ]
        self.symbols: tuple[str, ...] | None = layout.symbols if layout.is_named else None
        time = np.concatenate([part.timestamp for part in parts])
        place = np.repeat(np.arange(len(parts)), [len(part.timestamp) for part in parts])
        order = np.lexsort((place, time))
        self.timestamp: NDArray[np.int64] = time[order]
        self.symbol: NDArray[np.str_] = np.array(layout.symbols)[place[order]]
        self.signals: NDArray[np.int8] = np.concatenate([part.signals for part in parts])[order]
        for name in numbers:
            column = np.concatenate([part.numbers[name] for part in parts])[order]
            setattr(self, name, column)
        for column in self.columns().values():
            column.flags.writeable = False

    size: NDArray[np.float64]
    stop_loss: NDArray[np.float64]
    take_profit: NDArray[np.float64]
    trailing_stop: NDArray[np.float64]
    limit: NDArray[np.float64]

    def __len__(self) -> int:
        """The number of rows with a signal."""
        return len(self.timestamp)

    def __repr__(self) -> str:
        span = f", {span_text(self.timestamp)}" if len(self) else ""
        symbols = "" if self.symbols is None else f" of {len(self.symbols)} symbols"
        return f"Signals({len(self)} rows{symbols}{span})"

    def _repr_html_(self) -> str:
        """The same with the number of signals over time, and the first rows."""
        head = {name: column[:ROWS] for name, column in self.columns().items()}
        words = [" + ".join(s.name.lower() for s in Signal if s & bits) for bits in head["signals"].tolist()]
        head["signals"] = np.array(words, np.str_)
        return shown(repr(self), count_picture(self.timestamp), head, len(self))

    @property
    def n_symbols(self) -> int:
        """The number of symbols, among which an entry without a size shares equity."""
        return 1 if self.symbols is None else len(self.symbols)

    @property
    def params(self) -> dict[str, Any]:
        """What decides about the run beside the columns."""
        return {"symbols": None if self.symbols is None else list(self.symbols)}

    def columns(self) -> dict[str, NDArray[Any]]:
        """The rows with a signal, sorted by time and symbol: columns by name, read-only."""
        names = ("timestamp", "symbol", "signals", *NUMBERS)
        return {name: getattr(self, name) for name in names}

    def places(self, symbols: Sequence[str]) -> NDArray[np.int32]:
        """The index of each row's symbol in `symbols`; OrderError for a symbol that is not one of them."""
        own = self.symbols
        known = ", ".join(symbols)
        if own is None:
            if len(symbols) != 1:
                raise OrderError(
                    f"signals: the run has the symbols {known}; give bars as a mapping of symbols to Bars"
                )
            return np.zeros(len(self), np.int32)
        unknown = [symbol for symbol in own if symbol not in symbols]
        if unknown:
            meant = near_name(unknown[0], symbols)
            raise OrderError(f"signals: {unknown[0]!r} is not in this run{meant}; its symbols are {known}")
        index = {symbol: i for i, symbol in enumerate(symbols)}
        return np.array([index[symbol] for symbol in self.symbol.tolist()], np.int32)

    def handler(
        self, symbols: Sequence[str], markets: Markets, execution: Execution, start: int
    ) -> SignalsHandler:
        """A new handler for one run over `markets` that begins at `start`, ns UTC.

        OrderError for a symbol that is not in the run, and for short entries in a cash account.
        """
        place = self.places(symbols)
        if execution.position_mode == "hedging":
            raise OrderError("signals: an exit closes a net position; position_mode must be 'netting'")
        shorts = np.flatnonzero(self.signals & Signal.SHORT_ENTRY)
        if execution.account == "cash" and len(shorts):
            time = moment_text(int(self.timestamp[shorts[0]]))
            raise OrderError(f"signals: short entry at {time}; a cash account cannot sell short")
        first = int(np.searchsorted(self.timestamp, start))
        order = np.lexsort((place[first:], self.timestamp[first:])) + first
        groups = group_rows(self.timestamp[order], place[order], markets)
        numbers = [np.ascontiguousarray(getattr(self, name)[order]) for name in NUMBERS]
        size, stop_loss, take_profit, trailing_stop, limit = numbers
        return SignalsHandler(
            groups.end,
            groups.time,
            groups.stream,
            groups.row,
            place[order],
            self.signals[order],
            size,
            stop_loss,
            take_profit,
            trailing_stop,
            limit,
            len(symbols),
            1.0 / self.n_symbols,
        )


NUMBERS = ("size", "stop_loss", "take_profit", "trailing_stop", "limit")


class _Rows(NamedTuple):
    """The rows of one symbol that have a signal."""

    timestamp: NDArray[np.int64]
    signals: NDArray[np.int8]
    numbers: dict[str, NDArray[np.float64]]


def _rows_of(
    layout: Layout,
    symbol: int,
    flags: dict[str, NDArray[np.bool_]],
    numbers: dict[str, list[NDArray[np.float64]]],
    is_sized: bool,
) -> _Rows:
    bits = zip(flags.values(), Signal, strict=True)
    signals = np.zeros(len(layout.bars[symbol]), np.int8)
    for column, bit in bits:
        signals[column] |= np.int8(bit)
    rows = np.flatnonzero(signals)
    is_entry = (signals[rows] & (Signal.LONG_ENTRY | Signal.SHORT_ENTRY)) != 0
    is_short = (signals[rows] & Signal.SHORT_ENTRY) != 0
    chosen = {name: np.where(is_entry, columns[symbol][rows], np.nan) for name, columns in numbers.items()}
    checks = {
        "size": (_is_above_0(chosen["size"]) | (not is_sized), "a number above 0"),
        "stop_loss": (_is_share(chosen["stop_loss"]), "a fraction above 0 and below 1, 0.02 for 2 %"),
        "take_profit": (
            _is_share(chosen["take_profit"]) | (~is_short & _is_above_0(chosen["take_profit"])),
            "a fraction above 0, and for a short entry below 1",
        ),
        "trailing_stop": (_is_share(chosen["trailing_stop"]), "a fraction above 0 and below 1, 0.02 for 2 %"),
        "limit": (np.isfinite(chosen["limit"]) & (chosen["limit"] != 0), "a finite price other than 0"),
    }
    for name, (is_valid, allowed) in checks.items():
        may_be_none = np.isnan(chosen[name]) & ((name != "size") | (not is_sized))
        bad = is_entry & ~is_valid & ~may_be_none
        if bad.any():
            row = int(bad.argmax())
            where = layout.where(name, symbol, int(rows[row]))
            raise OrderError(f"{where}: {chosen[name][row]} is not {allowed}")
    return _Rows(np.array(layout.bars[symbol].end[rows], np.int64), signals[rows], chosen)


def _is_above_0(values: NDArray[np.float64]) -> NDArray[np.bool_]:
    return np.isfinite(values) & (values > 0.0)


def _is_share(values: NDArray[np.float64]) -> NDArray[np.bool_]:
    return (values > 0.0) & (values < 1.0)


def ignored_lines(handler: SignalsHandler, symbols: Sequence[str]) -> Iterator[str]:
    """A line of the log for each reason for which signals of a finished run did nothing."""
    for why, (count, time, symbol) in handler.ignored.items():
        first = f"the first for {symbols[symbol]} at {moment_text(time)}"
        yield f"signals: {count} did nothing: {IGNORED[why]}; {first}"
