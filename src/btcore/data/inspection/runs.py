"""Runs of rows that are alike."""

from typing import Any

import numpy as np


def runs(same: Any) -> tuple[Any, Any]:
    """First row and row after the last of each run of two rows or more.

    `same[i]` says that row i + 1 is like row i.
    """
    edges = np.diff(np.concatenate(([False], same, [False])).astype(np.int8))
    return np.flatnonzero(edges == 1), np.flatnonzero(edges == -1) + 1
