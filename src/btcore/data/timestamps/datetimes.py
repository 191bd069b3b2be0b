"""Times that are dates or datetimes, of numpy, pandas, polars, pyarrow or Python."""

from datetime import UTC, date, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from btcore.errors import ConfigError, DataError, RowError, reject_rows
from btcore.times.clock import FIRST_YEAR, LAST_YEAR, to_ns, zone
from btcore.times.zones import Times

from .found import Found


def from_datetimes(values: Any, array: NDArray[Any], kind: str, name: str) -> Found:
    """Times of a datetime64 array; `values` is the column that it was made of, which may have a zone."""
    reject_rows(kind, np.isnat(array), lambda _: f"{name} is NaT, not a time")
    unit = np.datetime_data(array.dtype)[0]
    if unit == "generic":
        raise DataError(f"{kind}.{name}: datetime64 without a unit; give it one, such as datetime64[ns]")
    if unit in {"ps", "fs", "as"}:
        raise DataError(f"{kind}.{name}: {array.dtype} is finer than nanoseconds; pass datetime64[ns]")
    if unit != "ns":
        years = array.astype("datetime64[Y]").astype(np.int64) + 1970
        beyond = (years < FIRST_YEAR) | (years > LAST_YEAR)  # numpy would wrap around silently
        allowed = f"the years {FIRST_YEAR} to {LAST_YEAR}"
        reject_rows(kind, beyond, lambda row: f"{name} is outside {allowed} ({name}={array[row]})")
    times: Times = array.astype("datetime64[ns]", copy=False).view(np.int64)
    aware, own = _zone_of(values)
    return Found(times, local=not aware, notation="datetime", what="datetimes", zone=own)


def from_objects(array: NDArray[Any], kind: str, name: str) -> Found:
    """Times of Python datetimes and dates, all with a zone or all without."""
    times = np.zeros(len(array), np.int64)
    zones = set()
    for row, value in enumerate(array):
        if isinstance(value, datetime) and value == value:  # noqa: PLR0124 - NaT differs from itself
            zones.add(_name_of(value.tzinfo))
            moment = value
            if value.tzinfo is not None and value.astimezone(UTC).astimezone(value.tzinfo) != value:
                raise RowError(kind, row, f"{name} {value} does not exist: the clock jumped over it")
        elif isinstance(value, date) and not isinstance(value, datetime):
            zones.add("")
            moment = datetime(value.year, value.month, value.day)
        else:
            raise RowError(kind, row, f"{name} is {value!r}, not a date or a datetime")
        if "" in zones and len(zones) > 1:
            raise RowError(kind, row, f"{name} {value}: some times have a time zone, others have none")
        ns = to_ns(moment) + int(getattr(value, "nanosecond", 0))
        if not -(2**63) < ns < 2**63:
            raise RowError(kind, row, f"{name} {value} is outside the years {FIRST_YEAR} to {LAST_YEAR}")
        times[row] = ns
    own = zones.pop() if len(zones) == 1 else None
    return Found(times, local=own == "", notation="datetime", what="datetimes", zone=own or None)


def _zone_of(values: Any) -> tuple[bool, str | None]:
    """Whether a pandas, polars or pyarrow column has a time zone, and its name if that is an IANA one."""
    dtype = getattr(values, "dtype", None)
    zones = (
        getattr(dtype, "tz", None),
        getattr(dtype, "time_zone", None),
        getattr(getattr(values, "type", None), "tz", None),
    )
    found = next((x for x in zones if x is not None), None)
    return found is not None, _name_of(found) or None


def _name_of(timezone: Any) -> str | None:
    """The IANA name of a zone, "" for no zone, None for one without a name, such as an offset."""
    if timezone is None:
        return ""
    try:
        return str(zone(str(timezone)))
    except ConfigError:
        return None
