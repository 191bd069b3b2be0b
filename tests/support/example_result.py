"""A random journal of every kind of record, as a result."""

import numpy as np
from bookkeeper import DAY, START

MANIFEST = {"strategy": {"name": "test", "params": {"x": 0.1}}, "symbols": ["AAA", "B.B"], "none": None}


def prices_of(symbol):
    opens = START + np.arange(300) * DAY
    rng = np.random.default_rng(len(symbol))
    low = 50 + 40 * rng.random(300)
    return opens, opens + DAY, low, low + 10


def assert_same_bytes(ours, theirs):
    assert ours.dtype == theirs.dtype
    assert ours.tobytes() == theirs.tobytes()
