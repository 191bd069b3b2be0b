from typing import Any

from numpy import dtype, void
from numpy.typing import ArrayLike

from .annual import Year

__pyx_capi__: dict[str, Any]
RUN_METRICS_DTYPE: dtype[void]

def compute_metrics(
    journal: Any,
    returns: ArrayLike,
    year: Year,
    risk_free: ArrayLike | None = None,
    benchmark: ArrayLike | None = None,
) -> dict[str, float | int | str | None]: ...
