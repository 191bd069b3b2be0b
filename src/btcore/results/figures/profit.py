"""The profit of round trips by symbol, hour, weekday, month or side."""

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from btcore.errors import ConfigError, near_name
from btcore.times.zones import utc_offsets

Table = NDArray[Any]
Group = Literal["symbol", "side", "hour", "weekday", "month"]
GROUPS = ("symbol", "side", "hour", "weekday", "month")
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
HOUR_NS, DAY_NS = 3600 * 10**9, 86_400 * 10**9


def profit_by(trips: Table, group: str, timezone: str) -> Table:
    """Round trips by the group of their exit: `group`, `round_trips`, `pnl`, `win_rate` (%), `commission`.

    "hour" (0 to 23), "weekday" and "month" (1 to 12) are those of the exit in the timezone of the run; a
    group without trips has no row. The groups are in their natural order. ConfigError for another group.
    """
    if group not in GROUPS:
        raise ConfigError(f"group: {group!r} is not one of {', '.join(GROUPS)}{near_name(group, GROUPS)}")
    keys, labels = _keys(trips, group, timezone)
    rows = [trips[keys == key] for key in range(len(labels))]
    found = [(label, part) for label, part in zip(labels, rows, strict=True) if len(part)]
    dtype = np.dtype(
        [
            ("group", np.array(labels if labels else [""]).dtype),
            ("round_trips", np.int64),
            ("pnl", np.float64),
            ("win_rate", np.float64),
            ("commission", np.float64),
        ]
    )
    return np.array(
        [
            (
                label,
                len(part),
                part["pnl"].sum(),
                100.0 * np.count_nonzero(part["pnl"] > 0.0) / len(part),
                part["commission"].sum(),
            )
            for label, part in found
        ],
        dtype,
    )


def _keys(trips: Table, group: str, timezone: str) -> tuple[NDArray[np.int64], list[Any]]:
    """The number of each trip's group, and the labels of the groups."""
    if group in ("symbol", "side"):
        labels = sorted(set(trips[group].tolist()))
        return np.searchsorted(np.array(labels or [""]), trips[group]), labels
    exits = trips["exit_timestamp"].astype(np.int64)
    local = exits + utc_offsets(exits, timezone) if len(exits) else exits
    if group == "hour":
        return local % DAY_NS // HOUR_NS, list(range(24))
    if group == "weekday":
        return (local // DAY_NS + 3) % 7, list(WEEKDAYS)  # 1970-01-01 was a Thursday
    months = local.astype("datetime64[ns]").astype("datetime64[M]").astype(np.int64)
    return months % 12, list(range(1, 13))
