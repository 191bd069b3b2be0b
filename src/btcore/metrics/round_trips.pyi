from typing import Any

from numpy import dtype, void
from numpy.typing import ArrayLike, NDArray

__pyx_capi__: dict[str, Any]
TRIP_DTYPE: dtype[void]
LOT_DTYPE: dtype[void]

def match_fills(
    fills: NDArray[Any], restatements: NDArray[Any] | None = None
) -> tuple[NDArray[Any], NDArray[Any]]: ...
def write_excursions(
    trips: NDArray[Any],
    symbol: int,
    ts_start: ArrayLike,
    ts_end: ArrayLike,
    low: ArrayLike,
    high: ArrayLike,
) -> None: ...
