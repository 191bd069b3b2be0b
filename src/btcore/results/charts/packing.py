"""Columns as a page has them: whole numbers that compress well and give back the same values.

rows.js reads them; `unpacked` does the same in Python.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .market import Floats, Prices, Times

Packed = dict[str, Any]
ROOM = 2**30  # of a whole number: the difference of two such fits 32 bits
LONGEST = 2**53  # whole numbers below that are exact in JavaScript


def decimals_of(*columns: Floats) -> tuple[int, bool]:
    """The decimals with which all values are whole numbers of 31 bits, and whether they are then exact.

    If no number of decimals gives the same values, the largest that fits: nine or ten significant digits.
    """
    largest = max((float(np.abs(column).max()) for column in columns if len(column)), default=0.0)
    most = 9 if largest == 0.0 else int(np.clip(np.floor(np.log10(ROOM / largest)), 0, 22))
    for decimals in range(most + 1):
        if all(_exact(column[:: len(column) // 1000 + 1], decimals) for column in columns) and all(
            _exact(column, decimals) for column in columns
        ):
            return decimals, True
    return most, False


def _exact(column: Floats, decimals: int) -> bool:
    scale = 10.0**decimals
    return bool(np.all(np.rint(column * scale) / scale == column))


def fits(*columns: Floats) -> bool:
    """Whether all values are finite and small enough to be whole numbers of 31 bits."""
    return all(not len(column) or float(np.abs(column).max()) < ROOM for column in columns)


def packed_times(*columns: Times) -> Packed:
    """Times as differences in the largest unit of which all are multiples; the second column from the first.

    Over more than 2**53 units (104 days in ns), they are rounded to microseconds.
    """
    start = columns[0]
    origin = int(start[0]) if len(start) else 0
    apart = [np.diff(start, prepend=origin), *(column - start for column in columns[1:])]
    unit = int(np.gcd.reduce([int(np.gcd.reduce(column)) if len(column) else 0 for column in apart])) or 1
    if len(start) and (int(start[-1]) - origin) // unit >= LONGEST:
        unit = 1000
        rounded = [(column - origin) // unit for column in columns]
        apart = [np.diff(rounded[0], prepend=0), *(column - rounded[0] for column in rounded[1:])]
    else:
        apart = [column // unit for column in apart]
    names = ("time", "length")
    small = all(not len(column) or int(np.abs(column).max()) < ROOM for column in apart)
    kind = np.int32 if small else np.float64
    packed: Packed = {"origin": origin / 1e6, "unit": unit / 1e6}  # milliseconds
    return packed | {name: column.astype(kind) for name, column in zip(names, apart, strict=False)}


def packed_prices(prices: Prices) -> Packed:
    """The columns of prices: opens from the close before, closes from the open, extremes from these two.

    Prices too large for that are float64, as they are. `decimals` is -1 then.
    """
    candles = prices.open, prices.high, prices.low, prices.close
    packed = packed_times(prices.start, prices.end)
    if fits(*candles):
        decimals, _ = decimals_of(*candles)
        opened, high, low, close = (np.rint(column * 10.0**decimals).astype(np.int64) for column in candles)
        before = np.concatenate([[0], close[:-1]])[: len(close)]
        columns: tuple[NDArray[Any], ...] = (
            opened - before, high - np.maximum(opened, close), np.minimum(opened, close) - low,
            close - opened,
        )  # fmt: skip
        packed |= {"decimals": decimals}
        columns = tuple(column.astype(np.int32) for column in columns)
    else:
        packed |= {"decimals": -1}
        columns = candles
    packed |= dict(zip(("open", "high", "low", "close"), columns, strict=True))
    if prices.volume is not None:
        packed["volume"] = np.nan_to_num(prices.volume).astype(np.float32)
    return packed


def packed_curve(time: Times, value: Floats) -> Packed:
    """Points of a line: their times in ms, and the values as they are."""
    return {"time": time / 1e6, "value": np.ascontiguousarray(value, np.float64)}


def unpacked(packed: Packed) -> dict[str, NDArray[Any]]:
    """The columns of `packed_prices`, times in ms."""
    start = packed["origin"] + np.cumsum(packed["time"].astype(np.float64)) * packed["unit"]
    found = {"start": start, "end": start + packed["length"] * packed["unit"]}
    names = "open", "high", "low", "close"
    if packed["decimals"] < 0:
        return found | {name: packed[name] for name in names}
    opened, high, low, close = (packed[name].astype(np.int64) for name in names)
    close = np.cumsum(opened + close)
    opened = close - packed["close"]
    whole = opened, np.maximum(opened, close) + high, np.minimum(opened, close) - low, close
    scale = 10.0 ** packed["decimals"]
    return found | {name: column / scale for name, column in zip(names, whole, strict=True)}
