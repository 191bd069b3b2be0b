"""Figures by the names and formulas of other packages, from the curve and the round trips of a result.

docs/metrics.md says what each takes; tests/unit/results/test_metrics_as.py compares them with the packages.
"""

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from btcore.errors import ConfigError, near_name

from .conventions.backtesting_py import backtesting
from .conventions.lean import lean
from .conventions.quantstats import quantstats
from .conventions.values import RunValues
from .conventions.vectorbt import vectorbt

if TYPE_CHECKING:
    from .result import Result

Figures = dict[str, float | int | None]
Package = Literal["quantstats", "vectorbt", "lean", "backtesting.py"]
CONVENTIONS: dict[str, Callable[[RunValues], dict[str, Any]]] = {
    "quantstats": quantstats,
    "vectorbt": vectorbt,
    "lean": lean,
    "backtesting.py": backtesting,
}


def metrics_as(result: "Result", package: Package) -> Figures:
    """The figures of a result as `package` names and computes them; None if undefined.

    ConfigError for a package that is not one of CONVENTIONS.
    """
    if package not in CONVENTIONS:
        meant = near_name(package, CONVENTIONS)
        raise ConfigError(f"package: {package!r} is not one of {', '.join(CONVENTIONS)}{meant}")
    curve, line, other = result.columns(), result._timeline, result.columns("benchmark_curve")["value"]
    run = RunValues(
        times=curve["timestamp"],
        equity=curve["equity"],
        ends=line.times,
        returns=line.returns(curve["equity"]),
        benchmark=line.returns(other) if len(other) else None,
        trips=result.round_trips,
        risk_free=result._risk_free,
        periods_per_year=result.metrics["periods_per_year"],  # type: ignore[arg-type]
        timezone=result._timezone,
    )
    with np.errstate(all="ignore"):
        found = CONVENTIONS[package](run)
    return {name: _plain(value) for name, value in found.items()}


def _plain(value: Any) -> float | int | None:
    if isinstance(value, int | np.integer):
        return int(value)
    return float(value) if value is not None and math.isfinite(value) else None
