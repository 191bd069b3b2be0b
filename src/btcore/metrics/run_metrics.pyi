from enum import IntEnum
from typing import Any

from numpy import dtype, void
from numpy.typing import ArrayLike

__pyx_capi__: dict[str, Any]
MEASURES_DTYPE: dtype[void]
PERIODS: tuple[str, ...]

class Period(IntEnum):
    DAY = 0
    SESSION = 1
    HOUR = 2
    MINUTE = 3
    SECOND = 4
    POINT = 5

def measure(
    journal: Any, returns: ArrayLike, period: str, periods_per_year: int, risk_free: float
) -> dict[str, float | int | str | None]: ...
