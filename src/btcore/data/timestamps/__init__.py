"""One time or a column of times (texts, dates, datetimes, numbers) -> int64 ns UTC.

Begin with `gate`, which every column of times passes; `moment` reads one time. The other modules each read
one kind of values.
"""

from btcore.times.rules import ReadTimes, TimeRules

from .gate import detect_notation, moments_column, read_times, refuse_pieces, time_column
from .moment import Moment, moment_ns

__all__ = [
    "Moment",
    "ReadTimes",
    "TimeRules",
    "detect_notation",
    "moment_ns",
    "moments_column",
    "read_times",
    "refuse_pieces",
    "time_column",
]
