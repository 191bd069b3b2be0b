"""One time or a column of times (texts, dates, datetimes, numbers) -> int64 ns UTC.

Begin with `gate.read_times`, which converts every column of times; `moment` converts one time. The other
modules each convert one kind of values.
"""

from btcore.times.rules import ReadTimes, TimeRules

from .gate import read_times, refuse_pieces
from .moment import Moment, moment_ns

__all__ = ["Moment", "ReadTimes", "TimeRules", "moment_ns", "read_times", "refuse_pieces"]
