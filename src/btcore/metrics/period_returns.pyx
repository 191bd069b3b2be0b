"""The returns of an equity curve by trading session."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from btcore.times.zones import distinct

from .api import returns


def session_returns(timestamp: ArrayLike, equity: ArrayLike, closes: ArrayLike) -> NDArray[np.float64]:
    """Returns from one session's last equity to the next's; the first point is only the base.

    `closes` are sorted. A point belongs to the session with the first close at or after it, so between two
    sessions it counts for the later, and after the last close for one that is still open. Sessions without
    points are no periods. With local midnights for closes these are `metrics.daily_returns`.
    """
    points = np.ascontiguousarray(equity, dtype=np.float64)
    clock = np.ascontiguousarray(timestamp, dtype=np.int64)
    if points.ndim != 1 or clock.shape != points.shape:
        raise ValueError(f"timestamp: {clock.shape} does not match {points.shape} points")
    if len(points) < 2:
        return np.empty(0)
    past = np.searchsorted(clock[1:], np.asarray(closes, dtype=np.int64), side="right")
    ends = distinct(np.append(past, len(points) - 1))  # how many points there are until each end
    return returns(points[np.append(0, ends[ends > 0])])
