"""The kinds of period over which returns are taken."""

cpdef enum Period:
    DAY = 0        # local day
    SESSION = 1    # trading session of an exchange calendar
    HOUR = 2       # hours, minutes and seconds are those of UTC
    MINUTE = 3
    SECOND = 4
    POINT = 5      # from each point of the curve to the next
    WEEK = 6       # days or sessions that are a week apart, as of weekly bars; likewise the next two
    MONTH = 7
    QUARTER = 8
