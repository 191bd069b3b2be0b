from collections.abc import Sequence
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from btcore.config import Execution, Instrument
from btcore.data.containers import Bars
from btcore.metrics.annual import Year

@final
class SweepLanes:
    metrics: NDArray[Any]
    codes: NDArray[np.int8]
    params: Sequence[Any]
    n_bars: int
    n_ends: int
    returns: NDArray[np.float64] | None
    def __init__(
        self,
        bars: Bars,
        params: Sequence[Any],
        instrument: Instrument,
        execution: Execution,
        capital: float,
        start: int,
        year: Year,
        period_ends: NDArray[np.int64],
        risk_free: NDArray[np.float64] | None = ...,
        benchmark: NDArray[np.float64] | None = ...,
        width: int = ...,
        keep_returns: bool = ...,
    ) -> None: ...
    def play(self, chosen: NDArray[np.int64]) -> None: ...
