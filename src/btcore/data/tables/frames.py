"""Tables of other packages -> the rows of a container, with the columns found by their usual names."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import numpy as np
from msgspec import structs
from numpy.typing import NDArray

from btcore.data.ends import read_ends
from btcore.data.timestamps import read_times
from btcore.data.vendors.choice import Candidates, Choice
from btcore.data.vendors.layout import Sample
from btcore.times.rules import ReadTimes, TimeRules

from .applicable import check_applies, check_dates_of_ticks, check_zone_of_name
from .cleaning import Notes, Rows, clean, rows_of
from .column_types import with_readable_types
from .date_and_time import WIDTHS, are_times_of_day, joined
from .missing import absent_times, holds_texts, present
from .names import PRICES, Found, match_columns, normalized
from .number_texts import Form
from .numbers import Numbers, read_numbers
from .options import TableSettings
from .price_scale import PRICE_COLUMNS, fixed_point_note, scaled
from .sides import maker_column, side_column
from .symbols import Before, of_symbol, split_symbols, symbol_texts
from .table import Table, open_table, period_starts, take

Made = TypeVar("Made")  # a container

_PROBED = 10_000  # rows that are searched for the column of symbols


def from_frame(make: Callable[..., Made], kind: str, frame: Any, given: TableSettings) -> dict[str, Made]:
    """The containers in a table, made by the constructor `make`: one of each symbol, "" if it has no name."""
    made: dict[str, Made] = {}
    candidates = Candidates.of(given, kind)
    for name, opened in open_table(candidates.opened(frame), kind, given).items():
        choice = candidates.choose(Sample(opened.names, column=opened.column))
        if choice is None:
            table, settings = opened, given
            found = match_columns(table.names, kind, settings.columns)
        else:
            table, settings = _converted(opened, choice), choice.settings(given)
            found = choice.match(settings, table.names)
        one = structs.replace(settings, symbol=None, by=None) if name else settings
        said: dict[str, Notes] = {}
        picked = table.pick(found)
        if table.rows is not None:
            picked = {column: take(values, table.rows) for column, values in picked.items()}
        with rows_of(table.rows):
            read = read_rows(picked, found, one, said, others=table.as_dict)
        for symbol, part in read.items():
            if name and settings.symbol is None and settings.by is None:
                said[symbol].say(f"columns of {name!r}, the only ticker of the table")
            if table.rows is not None:
                said[symbol].say(f"{len(table.rows)} of {len(table.values[0])} rows have values of {name!r}")
            rows = part if table.rows is None else part.within(table.rows)
            with of_symbol(name or symbol):
                lines = (*(choice.notes(given) if choice else ()), *said[symbol].lines())
                made[name or symbol] = construct(make, kind, rows, settings, lines)
    return made


def _converted(table: Table, choice: Choice) -> Table:
    """The table that the layout makes of one."""
    if choice.layout.convert is None:
        return table
    converted, _ = choice.layout.convert(table.as_dict())
    return Table(list(converted), list(converted.values()), table.rows)


def construct(
    make: Callable[..., Made], kind: str, rows: Rows, settings: TableSettings, notes: tuple[str, ...] = ()
) -> Made:
    """The container of cleaned rows; the given notes follow its own."""
    columns: dict[str, Any] = dict(rows.columns)
    for side in ("bid", "ask") if "bid_open" in columns else ():
        columns[side] = tuple(columns.pop(f"{side}_{price}") for price in PRICES)
    more: dict[str, Any] = {"negative_prices": settings.negative_prices}
    if kind == "bars":
        more |= {"interval": settings.interval, "source": settings.source, "stamp": settings.stamp}
        more |= {"timezone": settings.timezone, "calendar": settings.calendar}
    if "end" in columns:
        columns["end"] = ReadTimes(columns["end"])
    if kind == "quotes" and settings.crossed == "keep":
        more["crossed"] = "keep"
    with rows.locate_errors():
        made: Any = make(rows.times, **columns, **more)
    with_notes: Made = made.with_notes(tuple(note for note in notes if note not in made.notes))
    return with_notes


def read_rows(
    table: Mapping[str, Any],
    found: Found,
    settings: TableSettings,
    notes: dict[str, Notes],
    *,
    others: Callable[[], Mapping[str, Any]] = dict,
    before: Before | None = None,
) -> dict[str, Rows]:
    """The rows of each symbol that is asked for, ordered and without what the settings drop; "" has no name.

    `table` has the columns that `found` uses. `notes` gets what is said of each symbol, `others` gives all
    columns of the table for a message. A piece of a file has a `before`. RowError names the first invalid row
    of `table`.
    """
    check_applies(found.kind, settings)
    table = with_readable_types(table, found.kind)
    read = {}
    for symbol, mask in split_symbols(table, found, settings, before).items():
        index = None if mask is None else np.flatnonzero(mask)
        chosen = table if index is None else {name: take(values, index) for name, values in table.items()}
        said = notes.setdefault(symbol, Notes())
        said.rows += _height(table)
        for line in found.notes:
            said.say(line)
        for option in ("interval", "source"):
            if found.kind != "bars" and getattr(settings, option) is not None:
                said.say(f"{option} is not used: it is for bars, not for {found.kind}")
        if index is not None:
            said.count(f"rows of the symbol {symbol!r}", len(index))
        with of_symbol(symbol):
            with rows_of(index):
                if found.check is not None:
                    chosen = dict(found.check(chosen, said) or chosen)
                rows = _rows(chosen, found, settings, said, before)
            read[symbol] = clean(
                rows if index is None else rows.within(index),
                found.kind,
                settings,
                said,
                lambda: _reason_of_duplicates(found, others),
            )
    return read


def _height(table: Mapping[str, Any]) -> int:
    return len(next(iter(table.values())))


def _rows(
    table: Mapping[str, Any], found: Found, settings: TableSettings, notes: Notes, before: Before | None
) -> Rows:
    """The rows with a value in each column, converted."""
    kind, named = found.kind, found.columns
    lines: list[str] = []
    times = _times(table, found, settings, lines, before)
    ends = {"end": table[_one(named["end"])]} if "end" in named else {}
    textual = {"timestamp", "end", "side", "buyer_maker"}
    raw = {name: table[_one(theirs)] for name, theirs in named.items() if name not in textual}
    numbers, form = read_numbers(raw, kind, _form(settings, before), lines)
    optional = set(raw) - set(PRICE_COLUMNS) if before is None else set()
    for name in [name for name in optional if _is_empty(numbers[name])]:
        del numbers[name]
        lines.append(f"{name} has no value in any row and is left out")
    absent = {name: column.absent for name, column in numbers.items() if column.absent is not None}
    if absent or settings.missing == "drop":  # read_times refuses those that are missing
        gone = absent_times(times)
        absent = absent if gone is None else {"timestamp": gone, **absent}
    columns = {name: column.values for name, column in numbers.items()}
    sides = _sides(table, found, settings, lines, before)
    index = present(absent, {"timestamp": times, **raw}, kind, settings, notes)
    if index is not None:
        times = take(times, index)
        columns, sides, ends = (
            {name: take(values, index) for name, values in part.items()} for part in (columns, sides, ends)
        )
    columns = {
        name: np.ascontiguousarray(scaled(name, values, settings.price_divisor), np.float64)
        for name, values in columns.items()
    }
    rules = TimeRules(
        settings.timezone,
        settings.unit,
        settings.time_format,
        settings.dst,
        (settings.years[0], settings.years[1]),
        "" if before is None else before.notation,
    )
    with rows_of(index):
        read = read_times(times, kind, rules)
        if read.local:
            check_zone_of_name(found, settings)
        if read.dates and kind != "bars":
            check_dates_of_ticks(found, settings)
        for name, values in ends.items():
            columns[name], line = read_ends(values, rules)
            lines.append(line)
    if before is not None and len(read.ns):
        before.notation, before.form = read.notation, form
    for line in (read.note, *lines, fixed_point_note(columns, settings.price_divisor)):
        notes.say(line)
    for what, rows in read.counts.items():
        notes.count(what, rows)
    if read.dates and kind != "bars":
        same = int((read.ns[1:] == read.ns[:-1]).sum())
        notes.count("rows with the date of the row before, and all times are midnights", same)
    return Rows(read, {**columns, **sides}, index)


def _form(settings: TableSettings, before: Before | None) -> Form:
    """How texts write numbers, as far as it is given or known from the pieces before."""
    if before is not None and before.form is not None:
        return before.form
    return Form(settings.decimal, settings.thousands)


def _one(theirs: str | tuple[str, str]) -> str:
    return theirs if isinstance(theirs, str) else theirs[0]


def _is_empty(column: Numbers) -> bool:
    return column.absent is not None and bool(column.absent.all())


def _times(
    table: Mapping[str, Any],
    found: Found,
    settings: TableSettings,
    lines: list[str],
    before: Before | None,
) -> Any:
    """The column of times; of two columns, the texts of both, unless the second holds whole times."""
    if len(found.times) == 1:
        return period_starts(table[found.times[0]])
    date, clock = (table[name] for name in found.times)
    if found.guessed and not are_times_of_day(clock):
        lines.append(f"timestamp is the column {found.times[1]!r}, not {found.times[0]!r}")
        return clock
    known = 0 if before is None else before.clock
    texts, width = joined(date, clock, found.kind, found.times, settings.time_format, known=known)
    if before is not None:
        before.clock = width
    digits = f" ({WIDTHS[width]})" if width else ""
    lines.append(f"timestamp is {found.times[0]!r} and {found.times[1]!r}{digits} together")
    return texts


def _sides(
    table: Mapping[str, Any],
    found: Found,
    settings: TableSettings,
    lines: list[str],
    before: Before | None,
) -> dict[str, NDArray[Any]]:
    if "side" in found.columns:
        values = table[_one(found.columns["side"])]
        seen = None if before is None else before.sides
        return {"side": side_column(values, found.kind, "side", settings.sides, notes=lines, before=seen)}
    if "buyer_maker" in found.columns:
        return {"side": maker_column(table[_one(found.columns["buyer_maker"])], found.kind)}
    return {}


def _reason_of_duplicates(found: Found, others: Callable[[], Mapping[str, Any]]) -> str:
    """What may be the reason for bars with the same timestamp, and what can be done."""
    hints = []
    clocks = [
        name for name in found.names if normalized(name) in {"time", "timeofday"} and name not in found.used
    ]
    if clocks and len(found.times) == 1:
        pair = (found.times[0], clocks[0])
        hints.append(f"the time of day may be in {clocks[0]!r}: columns={{'timestamp': {pair!r}}}")
    for name, values in others().items():
        if name in found.used or name in clocks or not holds_texts(values):
            continue
        symbols = list(dict.fromkeys(symbol_texts(values[:_PROBED]).tolist()))
        if 1 < len(symbols) <= max(2, len(values[:_PROBED]) // 2):
            hints.append(
                f"the column {name!r} may name symbols, such as {symbols[0]!r} and {symbols[1]!r}: "
                f"columns={{'symbol': {name!r}}}"
            )
    hints.append('duplicates="first" or duplicates="last" keeps one of such bars')
    return "; ".join(hints)
