"""Three bars of a minute, any column of which a test may replace."""

import numpy as np

from btcore.data import Bars

TIMES = np.array([0, 60, 120], np.int64) * 10**9


def bars(**changes):
    columns = {
        "timestamp": TIMES,
        "open": [1.0, 2.0, 3.0],
        "high": [2.0, 3.0, 4.0],
        "low": [0.5, 1.5, 2.5],
        "close": [1.5, 2.5, 3.5],
        "volume": [10.0, 0.0, 5.0],
    }
    return Bars(**{**columns, **changes})
