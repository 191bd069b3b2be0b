"""One time or a column of times (texts, dates, datetimes, numbers) -> int64 ns UTC.

Begin with `gate`, which every column of times passes; `moment` reads one time. The other modules each read
one kind of values.
"""

from btcore.times.rules import ReadTimes, TimeRules

from .gate import read_times, refuse_pieces
from .moment import Moment, moment_ns

__all__ = ["Moment", "ReadTimes", "TimeRules", "moment_ns", "read_times", "refuse_pieces"]
