"""Computes an indicator over columns: reads them, refuses what it cannot take, and names the row."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from btcore.data.containers import Bars
from btcore.errors import ConfigError, DataError
from btcore.times.intervals import DAY_NS
from btcore.times.sessions import sessions
from btcore.times.zones import utc_offsets

from .kernels import new_block, run_columns
from .parameters import read_parameters, unknown
from .table import INDICATORS, Description, Floats

SESSION_OPTIONS = ("timezone", "calendar")


def compute(name: str, columns: Sequence[Any], given: Sequence[Any], named: Mapping[str, Any]) -> Any:
    """The indicator over columns of one shape, (rows,) or (rows, series), with those parameters.

    An array float64 of that shape, or a named tuple of them.
    """
    described = INDICATORS[name]
    parameters = tuple(read_parameters(described, given, named).values())
    read = [
        read_column(f"{name}.{each}", values) for each, values in zip(described.inputs, columns, strict=True)
    ]
    for each, column in zip(described.inputs, read, strict=True):
        if column.shape != read[0].shape:
            raise DataError(
                f"{name}.{each}: shape {column.shape} is not that of {described.inputs[0]}, {read[0].shape}"
            )
    if read[0].ndim == 1:
        results = _one_series(described, read, parameters)
    else:
        results = tuple(np.empty(read[0].shape) for _ in described.fields)
        for k in range(read[0].shape[1]):
            series = _one_series(described, [column[:, k] for column in read], parameters, f", {k}")
            for whole, one in zip(results, series, strict=True):
                whole[:, k] = one
    return results[0] if described.result is None else described.result(*results)


def compute_of_bars(name: str, given: Sequence[Any], named: Mapping[str, Any]) -> Any:
    """`compute` of arguments that begin with Bars, or with one column for each input."""
    described, named = INDICATORS[name], dict(named)
    inputs = described.inputs
    known = [*inputs, *(each.name for each in described.parameters), "bars"]
    known += SESSION_OPTIONS if "session" in inputs else ()
    for each in named:
        if each not in known:
            raise TypeError(unknown(name, each, known))
    bars = named.pop("bars", given[0] if given else None)
    if isinstance(bars, Bars):
        options = {option: named.pop(option) for option in SESSION_OPTIONS if option in named}
        return compute(name, columns_of_bars(name, bars, **options), given[1:] if given else (), named)
    columns = [*given[: len(inputs)], *(named.pop(each) for each in inputs[len(given) :] if each in named)]
    if len(columns) < len(inputs):
        raise TypeError(f"{name}: takes Bars, or {', '.join(inputs)}; {inputs[len(columns)]} is missing")
    return compute(name, columns, given[len(inputs) :], named)


def columns_of_bars(
    name: str, bars: Bars, timezone: str | None = None, calendar: str | None = None
) -> list[NDArray[Any]]:
    """The columns of Bars that the indicator needs; DataError if they have no volume and it needs that."""
    inputs = INDICATORS[name].inputs
    if "session" not in inputs and (timezone is not None or calendar is not None):
        raise ConfigError(f"{name}: has no timezone and no calendar")
    if "volume" in inputs and bars.volume is None:
        raise DataError(f"{name}: the bars have no volume")
    return [
        session_numbers(bars, timezone, calendar) if each == "session" else getattr(bars, each)
        for each in inputs
    ]


def session_numbers(bars: Bars, timezone: str | None, calendar: str | None) -> Floats:
    """A number for each bar, the same for all bars of a session.

    A session is a local day of `timezone` (None: that of the bars, else UTC) in which the bar starts, or one
    of the exchange's. There a bar that starts outside of the sessions belongs to the next one.
    """
    if len(bars) == 0:
        return np.empty(0)
    times = bars.timestamp
    local = timezone or bars.timezone or "UTC"
    if calendar is None:
        return ((times + utc_offsets(times, local)) // DAY_NS).astype(np.float64)
    closes = sessions(int(times[0]), int(times[-1]), local, calendar).closes
    return np.searchsorted(closes, times, "right").astype(np.float64)


def read_column(where: str, values: Any) -> Floats:
    """The values as float64, (rows,) or (rows, series); a null is NaN. DataError for anything but numbers."""
    if isinstance(values, Bars):
        raise DataError(f"{where}: Bars are not a column; give one of them, such as bars.close")
    if type(values).__module__.startswith("pandas") and hasattr(values, "to_numpy"):
        array = values.to_numpy(na_value=np.nan)
    elif hasattr(values, "to_numpy"):
        array = values.to_numpy()
    else:
        try:
            array = np.asarray(values)
        except ValueError as error:
            raise DataError(f"{where}: not a column of numbers ({error})") from error
    if array.dtype == object and not any(isinstance(each, str | bytes) for each in array.flat):
        try:
            array = array.astype(np.float64)
        except (TypeError, ValueError) as error:
            raise DataError(f"{where}: not a column of numbers ({error})") from error
    if array.dtype.kind not in "iuf":
        raise DataError(f"{where}: numbers are needed, not {array.dtype}")
    if array.ndim not in (1, 2):
        raise DataError(f"{where}: one or two dimensions are needed, not shape {array.shape}")
    read: Floats = array.astype(np.float64, copy=False)
    return read


def _one_series(
    described: Description, columns: Sequence[Floats], parameters: tuple[float, ...], place: str = ""
) -> tuple[Floats, ...]:
    series = tuple(np.ascontiguousarray(column) for column in columns)
    results = tuple(np.empty(len(series[0])) for _ in described.fields)
    bad = run_columns(new_block(described.name, parameters), series, results)
    if bad is not None:
        number, row = bad
        where = f"{described.name}.{described.inputs[number]}[{row}{place}]"
        found = f"{series[number][row]} is not a finite number"
        raise DataError(f"{where}: {found}; NaN is allowed only before the first number")
    return results
