from typing import Any

from numpy import dtype, void
from numpy.typing import ArrayLike

__pyx_capi__: dict[str, Any]
RUN_METRICS_DTYPE: dtype[void]

def compute_metrics(
    journal: Any, returns: ArrayLike, period: str, periods_per_year: int, risk_free: float
) -> dict[str, float | int | str | None]: ...
