"""`btcore.curve.RunningCurve`, the documented name of `btcore.metrics.curve.RunningCurve`."""

from .metrics.curve import RunningCurve

__all__ = ["RunningCurve"]
