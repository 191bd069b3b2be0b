from typing import Any

import numpy as np
from numpy import dtype, void
from numpy.typing import ArrayLike, NDArray
from typing_extensions import disjoint_base

from .annual import Year

__pyx_capi__: dict[str, Any]
RUN_METRICS_DTYPE: dtype[void]

@disjoint_base
class RunStatistics:
    def __init__(self, end_ts: NDArray[np.int64], end_equity: NDArray[np.float64]) -> None: ...
    @property
    def start(self) -> int: ...
    @property
    def capital(self) -> float: ...
    @property
    def end_ts(self) -> NDArray[np.int64]: ...
    @property
    def end_equity(self) -> NDArray[np.float64]: ...

def statistics_of(journal: Any, ends: NDArray[np.int64]) -> RunStatistics: ...
def compute_metrics(
    statistics: RunStatistics,
    journal: Any,
    year: Year,
    risk_free: ArrayLike | None = None,
    benchmark: ArrayLike | None = None,
) -> dict[str, float | int | str | None]: ...
