"""`Context.indicator`: computes an indicator over the data of a symbol, and makes the view of a strategy."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from btcore.data.containers import Bars, Quotes
from btcore.errors import ConfigError, DataError, OrderError, near_name, not_one_of
from btcore.indicators.columns import SESSION_OPTIONS, columns_of_bars, compute
from btcore.indicators.parameters import find, read_parameters
from btcore.indicators.table import Description
from btcore.times.resolutions import check_resolution

from .indicator_views import IndicatorView, RowsSeen

PRICES = {"bars": "close", "quotes": "mid", "trades": "price"}
Streams = Mapping[
    tuple[str, str], tuple[int, Any]
]  # by symbol and kind: the index on the tape, the container


class Source(NamedTuple):
    """The rows that an indicator is of."""

    symbol: str
    stream: int  # on the tape; -1 for another resolution
    container: Any
    resolution: str = ""  # the name of another resolution

    @property
    def times(self) -> NDArray[np.int64]:
        """The time at which each row is known."""
        times: NDArray[np.int64] = (
            self.container.end if isinstance(self.container, Bars) else self.container.timestamp
        )
        return times

    def column(self, name: str | None) -> Any:
        """A column by name, by default the price; DataError if there is none of that name."""
        kind = self.container.kind
        name = name or PRICES[kind]
        if isinstance(self.container, Quotes) and name == "mid":
            return 0.5 * (self.container.bid + self.container.ask)
        known = [each for each in self.container.columns if each not in ("timestamp", "end", "side")]
        known += ["mid"] if kind == "quotes" else []
        if name not in known:
            raise DataError(
                f"{self.symbol}.{name}: no such column of {kind}{near_name(name, known)}; "
                f"choose from {', '.join(known)}"
            )
        return self.container.columns[name]


def find_source(streams: Streams, symbol: Any, kind: str | None) -> Source:
    """The rows of a symbol; OrderError if it is not in the run, or has several kinds and none is given."""
    symbols = list(dict.fromkeys(each for each, _ in streams))
    if symbol not in symbols:
        raise OrderError(
            f"{symbol!r} is not in this run{near_name(symbol, symbols)}; its symbols are {', '.join(symbols)}"
        )
    name = kind_of(streams, symbol, kind, "an indicator")
    return Source(symbol, *streams[symbol, name], "" if name in PRICES else name)


def kind_of(streams: Streams, symbol: str, kind: str | None, what: str) -> str:
    """The kind or other resolution that `what` reads; OrderError if there is none, or several and no name.

    The resolution of the symbol's bars is a name of these too.
    """
    kinds = [each for one, each in streams if one == symbol]
    given = [each for each in kinds if each in PRICES]
    if kind is None:
        if len(given) > 1:
            raise OrderError(f"{symbol}: {what} needs a kind, one of {', '.join(kinds)}")
        return given[0]
    if kind in kinds:
        return kind
    with suppress(DataError):
        resolution = check_resolution(kind)
        if resolution in kinds:
            return resolution
        if "bars" in given and streams[symbol, "bars"][1].resolution == resolution:
            return "bars"
    raise OrderError(f"{symbol}: kind {not_one_of(kind, kinds)}")


def make_view(
    what: Any,
    symbol: Any,
    parameters: Sequence[Any],
    named: Mapping[str, Any],
    *,
    streams: Streams,
    seen: RowsSeen,
    timezone: str,
    kind: str | None,
    column: Any,
    name: str | None,
) -> IndicatorView:
    """The view of an indicator by name, of an array with a value for each row, or of a function or object.

    A function with a `column` is of whole columns, such as one of TA-Lib; without, of an event.
    """
    if isinstance(what, str):
        if not isinstance(column, str | None):
            raise ConfigError(f"indicator.column: {column!r} is not the name of one column")
        return _by_name(what, symbol, parameters, named, streams, seen, timezone, kind, column, name)
    source = find_source(streams, symbol, kind)
    if column is not None:
        columns = [source.column(each) for each in ((column,) if isinstance(column, str) else column)]
        label = name or str(getattr(what, "__name__", type(what).__name__)) + _suffix(source)
        array = over_columns(label, what, columns, parameters, named)
        return _view(source, seen, label, ("value",), (array,))
    if hasattr(what, "__array__") or isinstance(what, list | tuple):
        _refuse(parameters, named, "an array")
        values = np.array(what, np.float64)
        if values.shape != (len(source.container),):
            raise ConfigError(
                f"indicator: an array of shape {values.shape} has no value for each of the "
                f"{len(source.container)} rows of {source.symbol}"
            )
        return _view(source, seen, name or "array" + _suffix(source), ("value",), (values,))
    update = _update_of(what, parameters, named)
    label = name or str(getattr(what, "__name__", type(what).__name__)) + _suffix(source)
    view = _view(source, seen, label, ("value",), (np.full(len(source.container), np.nan),))
    view.feed_by(update, source.container, source.resolution or getattr(source.container, "resolution", ""))
    return view


def over_columns(
    label: str, function: Any, columns: Sequence[Any], parameters: Sequence[Any], named: Mapping[str, Any]
) -> NDArray[np.float64]:
    """`function(*columns, *parameters)`, a value for each row; ConfigError if it has not, or looks ahead.

    It is called again with fewer rows: the values of these must not change with the rows after them.
    """
    rows = len(columns[0])

    def values_of(end: int) -> NDArray[np.float64]:
        values = np.array(function(*(column[:end] for column in columns), *parameters, **named), np.float64)
        if values.shape != (end,):
            raise ConfigError(f"{label}: returned shape {values.shape} of {end} rows, not a value for each")
        return values

    whole = values_of(rows)
    for end in {rows // 3, rows // 2, max(rows - 1, 0)} - {0}:
        part = values_of(end)
        differs = ~np.isclose(part, whole[:end], rtol=1e-9, atol=1e-12, equal_nan=True)
        if differs.any():
            row = int(differs.argmax())
            raise ConfigError(
                f"{label}: looks ahead: its value at row {row} is {part[row]} of {end} rows, "
                f"{whole[row]} of {rows}"
            )
    return whole


def label_of(found: Description, values: Sequence[Any], column: str | None) -> str:
    """`rsi_14`, `macd_12_26_9`, `sma_20_volume`, `vwap_XNYS`."""
    shown = [f"{value:g}" if isinstance(value, float) else str(value) for value in values]
    return "_".join([found.name, *shown, *([column] if column else [])])


def _by_name(  # noqa: PLR0917 - the arguments of make_view
    what: str,
    symbol: Any,
    parameters: Sequence[Any],
    named: Mapping[str, Any],
    streams: Streams,
    seen: RowsSeen,
    timezone: str,
    kind: str | None,
    column: str | None,
    name: str | None,
) -> IndicatorView:
    found = find(what)
    options = {each: named[each] for each in SESSION_OPTIONS if each in named and "session" in found.inputs}
    values = read_parameters(found, parameters, {each: named[each] for each in named if each not in options})
    own = label_of(found, [*values.values(), *options.values()], column)

    def label(source: Source) -> str:
        return name or own + _suffix(source)

    if found.inputs in (("x", "y"), ("asset", "benchmark")):
        return _of_two(found, label, symbol, values, streams, seen, kind, column)
    source = find_source(streams, symbol, kind)
    if found.inputs == ("values",):
        columns = [source.column(column)]
    elif column is not None:
        raise ConfigError(f"{found.name}.column: it takes {', '.join(found.inputs)}, not one column")
    elif not isinstance(source.container, Bars):
        raise DataError(f"{found.name}: needs bars, and {source.symbol} has {source.container.kind}")
    else:
        columns = columns_of_bars(found.name, source.container, **_zone(found, options, timezone))
    return _view(source, seen, label(source), found.fields, _arrays(found, columns, values))


def _zone(found: Description, options: dict[str, Any], timezone: str) -> dict[str, Any]:
    """The sessions of VWAP: by default the local days of the run."""
    return {"timezone": timezone, **options} if "session" in found.inputs else {}


def _arrays(
    found: Description, columns: Sequence[Any], parameters: Mapping[str, Any]
) -> tuple[NDArray[np.float64], ...]:
    result = compute(found.name, columns, (), parameters)
    return (result,) if found.result is None else tuple(result)


def _of_two(  # noqa: PLR0917 - the arguments of make_view
    found: Description,
    label: Callable[[Source], str],
    symbols: Any,
    parameters: Mapping[str, Any],
    streams: Streams,
    seen: RowsSeen,
    kind: str | None,
    column: str | None,
) -> IndicatorView:
    """Of the rows that both symbols have at the same time; known once the later of the two was delivered."""
    if not isinstance(symbols, tuple | list) or len(symbols) != 2:
        raise OrderError(f"{found.name}: {symbols!r} is not a pair of symbols, {' and '.join(found.inputs)}")
    one, other = (find_source(streams, symbol, kind) for symbol in symbols)
    times, first, second = np.intersect1d(one.times, other.times, assume_unique=False, return_indices=True)
    columns = [one.column(column)[first], other.column(column)[second]]
    arrays = _arrays(found, columns, parameters)
    pair, at = f"{one.symbol},{other.symbol}", (one.stream, other.stream)
    if one.resolution:
        return IndicatorView(seen, label(one), pair, found.fields, (-1,), arrays, times)
    counts = tuple(
        np.searchsorted(rows, np.arange(len(source.container) + 1)).astype(np.int64)
        for rows, source in ((first, one), (second, other))
    )
    return IndicatorView(seen, label(one), pair, found.fields, at, arrays, times, counts)


def _view(
    source: Source, seen: RowsSeen, label: str, fields: tuple[str, ...], arrays: tuple[Any, ...]
) -> IndicatorView:
    return IndicatorView(seen, label, source.symbol, fields, (source.stream,), arrays, source.times)


def _suffix(source: Source) -> str:
    """What the name of an indicator of another resolution ends with: "_day", "_1000_ticks"."""
    return f"_{source.resolution.replace(' ', '_')}" if source.resolution else ""


def _update_of(
    what: Any, parameters: Sequence[Any], named: Mapping[str, Any]
) -> Callable[[Any], float | None]:
    """`what.update`, or a function of an event and the parameters; ConfigError for anything else."""
    update: Callable[[Any], float | None] | None = getattr(what, "update", None)
    if update is not None and callable(update) and not isinstance(what, type):
        _refuse(parameters, named, "an object with update()")
        return update
    if callable(what) and not isinstance(what, type):
        return lambda event: what(event, *parameters, **named)
    raise ConfigError(
        f"indicator: {what!r} is not the name of one, an array, an object with update(event), or a function"
    )


def _refuse(parameters: Sequence[Any], named: Mapping[str, Any], what: str) -> None:
    if parameters or named:
        raise ConfigError(f"indicator: {what} takes no parameters")
