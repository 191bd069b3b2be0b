"""Times given in any way are instants of the run's timezone: timers, expiries, start and end."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import btcore as bt

ZONES = ("UTC", "America/New_York", "Europe/Berlin", "Asia/Kolkata", "Australia/Lord_Howe", "Pacific/Apia")
FIRST = datetime(2023, 1, 1)
HOURS = 24 * 365
MOMENTS = st.datetimes(FIRST, FIRST + timedelta(days=364), timezones=st.none())


def nanoseconds(moment: datetime) -> int:
    """The instant, by integers alone."""
    since = moment - datetime(1970, 1, 1, tzinfo=UTC)
    return (since.days * 86_400 + since.seconds) * 10**9 + since.microseconds * 1000


def instant(local: datetime, zone: str) -> int:
    """The instant at which clocks of the zone show `local`, if they show it exactly once."""
    aware = local.replace(tzinfo=ZoneInfo(zone))
    assume(aware.utcoffset() == aware.replace(fold=1).utcoffset())  # neither skipped nor shown twice
    return nanoseconds(aware)


def forms(local: datetime, zone: str) -> st.SearchStrategy[object]:
    """The same instant as people write it."""
    aware = local.replace(tzinfo=ZoneInfo(zone))
    ways: list[object] = [local, aware, aware.astimezone(UTC), local.isoformat(), local.isoformat(" ")]
    ways += [aware.isoformat(), nanoseconds(aware)]
    if local.time() == datetime.min.time():
        ways += [local.date(), local.date().isoformat()]
    return st.sampled_from(ways)


class Timed(bt.Strategy):
    """One timer, and one order that expires and never fills."""

    def __init__(self, timer: Any, expires: Any) -> None:
        self.timer, self.expires = timer, expires
        self.called: list[int] = []

    def on_start(self, ctx: bt.Context) -> None:
        ctx.set_timer(self.timer)
        ctx.buy("A", 1, limit=0.5, time_in_force="GTD", expires=self.expires)

    def on_timer(self, ctx: bt.Context) -> None:
        self.called.append(ctx.now)


def bars() -> bt.Bars:
    start = np.datetime64(FIRST, "ns").astype(np.int64) - 2 * 86_400 * 10**9
    times = start + 3_600 * 10**9 * np.arange(HOURS + 4 * 24, dtype=np.int64)
    price = np.full(len(times), 10.0)
    return bt.Bars(times, price, price, price, price, interval="1h")


BARS = bars()


@settings(max_examples=150, deadline=None)
@given(st.data(), st.sampled_from(ZONES), MOMENTS | st.dates(date(2023, 1, 1), date(2023, 12, 30)))
def test_a_time_is_an_instant_of_the_zone(drawn: st.DataObject, zone: str, moment: date) -> None:
    local = moment if isinstance(moment, datetime) else datetime.combine(moment, datetime.min.time())
    due = instant(local, zone)
    strategy = Timed(drawn.draw(forms(local, zone)), drawn.draw(forms(local, zone)))
    result = bt.run({"A": BARS}, strategy, timezone=zone, progress=False)
    assert result.strategy.called == [due]
    assert result.orders["expires_at"].tolist() == [due]
    assert result.orders["status"].tolist() == ["expired"]


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(ZONES), MOMENTS, st.sampled_from(["start", "end"]))
def test_the_span_of_a_run_is_read_alike(zone: str, local: datetime, name: str) -> None:
    due = instant(local, zone)
    result = bt.run({"A": BARS}, Timed(0, "2023-06-01"), timezone=zone, progress=False, **{name: local})
    times = result.equity_curve["timestamp"].astype(np.int64)
    ends = BARS.timestamp + 3_600 * 10**9
    kept = ends[BARS.timestamp >= due] if name == "start" else ends[BARS.timestamp < due]
    assert times[-len(kept) :].tolist() == kept.tolist()
    assert len(times) - len(kept) <= 1
