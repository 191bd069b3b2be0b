"""Data to store in a catalog."""

import numpy as np

from btcore.data import Bars

ROWS = 10


def bars(price=1.0, interval="1min", source="trade", rows=ROWS):
    length = Bars([], [], [], [], [], interval=interval).interval
    column = np.full(rows, price)
    return Bars(np.arange(rows) * length, column, column, column, column, interval=interval, source=source)
