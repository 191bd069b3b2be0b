from collections.abc import Iterator
from enum import IntEnum

from numpy import float64, int64
from numpy.typing import ArrayLike, NDArray

PERIODS: tuple[str, ...]

class Period(IntEnum):
    DAY = 0
    SESSION = 1
    HOUR = 2
    MINUTE = 3
    SECOND = 4
    POINT = 5
    WEEK = 6
    MONTH = 7
    QUARTER = 8

def as_column(values: ArrayLike, name: str = "returns") -> NDArray[float64]: ...
def as_times(timestamp: ArrayLike, size: int) -> NDArray[int64]: ...
def returns(equity: ArrayLike) -> NDArray[float64]: ...
def daily_returns(timestamp: ArrayLike, equity: ArrayLike, timezone: str = "UTC") -> NDArray[float64]: ...
def session_returns(timestamp: ArrayLike, equity: ArrayLike, closes: ArrayLike) -> NDArray[float64]: ...
def interval_returns(timestamp: ArrayLike, equity: ArrayLike, interval_ns: int) -> NDArray[float64]: ...
def period_ends(
    timestamp: ArrayLike, timezone: str = "UTC", closes: ArrayLike | None = None
) -> tuple[Period, NDArray[int64]]: ...
def closes_between(
    first: int, last: int, timezone: str = "UTC", closes: ArrayLike | None = None
) -> Iterator[tuple[Period, NDArray[int64]]]: ...
def returns_at(points: ArrayLike, ends: NDArray[int64]) -> NDArray[float64]: ...
def period_returns(
    timestamp: ArrayLike, equity: ArrayLike, timezone: str = "UTC", closes: ArrayLike | None = None
) -> tuple[str, NDArray[float64]]: ...
