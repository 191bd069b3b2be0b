"""Sessions of time zones and of exchanges: what they cover, and known weeks of several calendars."""

import subprocess
import sys
import warnings
from datetime import datetime
from importlib.util import find_spec
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from btcore.errors import ConfigError
from btcore.times.clock import to_ns
from btcore.times.sessions import calendar_code, sessions

HOUR = 3600 * 10**9
ZONES = ["UTC", "America/New_York", "Asia/Kolkata", "Pacific/Apia", "America/Havana", "America/Sao_Paulo"]
needs_calendars = pytest.mark.skipif(
    find_spec("exchange_calendars") is None, reason="exchange_calendars is not installed: extra `calendars`"
)


def ns(text):
    return to_ns(datetime.fromisoformat(text))


def texts(found):
    """Each session as "2024-11-29 14:30/18:00" in UTC, with the date of its open."""
    opens = np.datetime_as_string(found.opens.astype("datetime64[ns]"), unit="m")
    closes = np.datetime_as_string(found.closes.astype("datetime64[ns]"), unit="m")
    return [f"{a[:10]} {a[11:]}/{b[11:]}" for a, b in zip(opens, closes, strict=True)]


def check_covers(found, first, last):
    opens, closes = found.opens, found.closes
    assert opens.dtype == closes.dtype == np.int64
    assert opens.flags.c_contiguous
    assert closes.flags.c_contiguous
    assert len(opens) == len(closes)
    assert (opens < closes).all()
    assert (closes[:-1] <= opens[1:]).all()
    assert opens[0] <= first
    assert (opens[1:] > first).all()
    assert closes[-1] > last


class TestLocalDays:
    @pytest.mark.parametrize(
        ("day", "hours"), [("2024-03-10", 23), ("2024-11-03", 25), ("2024-11-04", 24)], ids=str
    )
    def test_days_have_the_length_of_local_days(self, day, hours):
        noon = ns(day) + 17 * HOUR
        found = sessions(noon, noon, "America/New_York")
        assert found.name == "America/New_York"
        assert found.opens[0] == to_ns(datetime.fromisoformat(day), "America/New_York")
        assert found.closes[0] - found.opens[0] == hours * HOUR

    def test_days_touch_and_begin_at_midnight(self):
        found = sessions(ns("2024-01-02"), ns("2024-01-03"), "UTC")
        assert texts(found)[:2] == ["2024-01-02 00:00/00:00", "2024-01-03 00:00/00:00"]
        assert (found.closes[:-1] == found.opens[1:]).all()
        assert sessions(ns("2024-01-02") - 1, ns("2024-01-03"), "UTC").opens[0] == ns("2024-01-01")

    def test_a_skipped_day_is_no_session(self):
        """Samoa skipped 2011-12-30."""
        found = sessions(ns("2011-12-29T12:00"), ns("2012-01-01"), "Pacific/Apia")
        assert texts(found)[:3] == [
            "2011-12-29 10:00/10:00",
            "2011-12-30 10:00/10:00",
            "2011-12-31 10:00/10:00",
        ]
        check_covers(found, ns("2011-12-29T12:00"), ns("2012-01-01"))

    @pytest.mark.parametrize("timezone", ZONES)
    @given(st.integers(0, 900 * 24 * 60), st.integers(0, 200 * 24 * 60))
    def test_each_day_is_one_local_date(self, timezone, start, length):
        first = ns("2010-11-01") + start * HOUR // 60
        last = first + length * HOUR // 60
        found = sessions(first, last, timezone)
        check_covers(found, first, last)

        def local_date(moment):
            return datetime.fromtimestamp(moment // 10**9, ZoneInfo(timezone)).date()

        for begin, end in zip(found.opens.tolist(), found.closes.tolist(), strict=True):
            assert local_date(begin) == local_date(end - 1) < local_date(end)
            assert local_date(begin - 1) < local_date(begin)

    def test_an_unknown_zone_is_refused(self):
        with pytest.raises(ConfigError, match="timezone: 'Mars/Olympus'"):
            sessions(0, 1, "Mars/Olympus")


@needs_calendars
class TestExchanges:
    def test_a_holiday_and_a_half_day(self):
        """Thanksgiving is no session; the Friday after it ends at 13:00."""
        assert texts(sessions(ns("2024-11-27T15:00"), ns("2024-11-29T18:00"), "UTC", "XNYS")) == [
            "2024-11-27 14:30/21:00",
            "2024-11-29 14:30/18:00",
            "2024-12-02 14:30/21:00",
        ]

    def test_the_clock_goes_forward_over_a_weekend(self):
        assert texts(sessions(ns("2024-03-08T15:00"), ns("2024-03-11T13:00"), "Asia/Tokyo", "XNYS")) == [
            "2024-03-08 14:30/21:00",
            "2024-03-11 13:30/20:00",
        ]

    def test_four_days_without_a_session(self):
        """After September 11, 2001, before the default range of a calendar."""
        found = sessions(ns("2001-09-10T14:00"), ns("2001-09-14T14:00"), "UTC", "XNYS")
        assert texts(found) == ["2001-09-10 13:30/20:00", "2001-09-17 13:30/20:00"]

    def test_the_sessions_before_and_after_a_year(self):
        found = sessions(ns("1998-01-01"), ns("1998-12-31T21:00"), "UTC", "XNYS")
        assert texts(found)[0] == "1997-12-31 14:30/21:00"
        assert texts(found)[-2:] == ["1998-12-31 14:30/21:00", "1999-01-04 14:30/21:00"]

    def test_sessions_across_midnight_that_touch(self):
        """Chicago futures trade from 17:00 to 17:00, Monday's from Sunday; Labor Day ends at noon."""
        found = sessions(ns("2024-03-07T23:00"), ns("2024-03-11T22:00"), "UTC", "CMES")
        assert texts(found) == [
            "2024-03-07 23:00/23:00",
            "2024-03-10 22:00/22:00",
            "2024-03-11 22:00/22:00",
            "2024-03-12 22:00/22:00",
        ]
        assert found.opens[2] == found.closes[1]
        labor_day = sessions(ns("2024-09-02T12:00"), ns("2024-09-02T12:00"), "UTC", "CMES")
        assert texts(labor_day) == ["2024-09-01 22:00/17:00", "2024-09-02 22:00/22:00"]

    def test_a_break_at_noon_is_within_the_session(self):
        assert texts(sessions(ns("2024-06-03T02:00"), ns("2024-06-03T07:00"), "UTC", "XHKG")) == [
            "2024-06-03 01:30/08:00",
            "2024-06-04 01:30/08:00",
        ]

    def test_a_close_is_not_after_itself(self):
        close = ns("2024-06-03T20:00")
        assert sessions(close - 1, close, "UTC", "XNYS").closes.tolist() == [close, close + 24 * HOUR]
        assert sessions(close, close, "UTC", "XNYS").opens[0] == ns("2024-06-03T13:30")

    @pytest.mark.parametrize(("alias", "code"), [("NYSE", "XNYS"), ("NASDAQ", "XNYS"), ("CME", "CMES")])
    def test_an_alias_is_the_same_calendar(self, alias, code):
        first, last = ns("2024-06-03"), ns("2024-07-08")
        found, same = sessions(first, last, "UTC", alias), sessions(first, last, "UTC", code)
        assert found.name == same.name == code == calendar_code(alias)
        assert found.closes.tolist() == same.closes.tolist()

    def test_the_always_open_calendar_has_the_days_of_utc(self):
        first, last = ns("2023-12-30T05:00"), ns("2024-03-02T05:00")
        found, days = sessions(first, last, "Asia/Tokyo", "24/7"), sessions(first, last, "UTC")
        assert found.opens.tolist() == days.opens[: len(found.opens)].tolist()
        assert found.closes.tolist() == days.closes[: len(found.closes)].tolist()

    @pytest.mark.parametrize("calendar", ["XNYS", "CMES", "XHKG", "XASX", "24/5"])
    @given(st.integers(0, 3000 * 24 * 60), st.integers(0, 300 * 24 * 60))
    def test_sessions_cover_the_range(self, calendar, start, length):
        first = ns("2013-01-01") + start * HOUR // 60
        last = first + length * HOUR // 60
        check_covers(sessions(first, last, "UTC", calendar), first, last)

    def test_years_beyond_the_default_range_have_the_same_sessions(self):
        few = sessions(ns("2019-01-03"), ns("2021-01-05"), "UTC", "XNYS")
        many = sessions(ns("1980-01-03"), ns("2060-01-05"), "UTC", "XNYS")
        at = np.searchsorted(many.opens, few.opens[0])
        for some, every in zip(few[:2], many[:2], strict=True):
            assert every[at : at + len(some)].tolist() == some.tolist()

    def test_the_returned_arrays_may_be_changed(self):
        first = ns("2024-06-03T14:00")
        sessions(first, first, "UTC", "XNYS").closes[:] = 0
        assert sessions(first, first, "UTC", "XNYS").closes[0] == ns("2024-06-03T20:00")


@pytest.fixture
def register(request):
    """Registers a calendar class under a unique name, which is returned."""
    import exchange_calendars

    name = request.node.name

    def registered(kind):
        exchange_calendars.register_calendar_type(name, kind)
        return name

    yield registered
    exchange_calendars.deregister_calendar(name)


@needs_calendars
class TestOddCalendars:
    @pytest.mark.parametrize("name", ["XYZ", "xnys", ""])
    def test_an_unknown_name(self, name):
        with pytest.raises(ConfigError, match=f"calendar: '{name}' is not in exchange_calendars 4"):
            sessions(0, 1, "UTC", name)

    @pytest.mark.parametrize(("first", "last"), [("1984-05-01", "2024-05-01"), ("2200-05-01", "2200-06-01")])
    def test_before_and_after_the_coverage(self, first, last):
        begin = r"calendar: 'SSE' covers 1990-12-03 to \d{4}-12-31, but the times go from "
        with pytest.raises(
            ConfigError, match=f"{begin}{first}T00:00:00Z to {last}T00:00:00Z; a session must"
        ):
            sessions(ns(first), ns(last), "UTC", "SSE")

    def test_up_to_the_first_open_and_the_last_close(self, register):
        import pandas as pd
        from exchange_calendars.exchange_calendar_xnys import XNYSExchangeCalendar

        class Short(XNYSExchangeCalendar):
            @classmethod
            def bound_min(cls):
                return pd.Timestamp("2023-12-30")  # a Saturday; Monday is New Year

            @classmethod
            def bound_max(cls):
                return pd.Timestamp("2024-01-06")

        name = register(Short)
        first, last = ns("2024-01-02T14:30"), ns("2024-01-05T21:00")
        assert len(sessions(first, last - 1, "UTC", name).opens) == 4
        for begin, end in [(first - 1, last - 1), (first, last)]:
            with pytest.raises(ConfigError, match="covers 2023-12-30 to 2024-01-06"):
                sessions(begin, end, "UTC", name)

    @pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
    def test_any_unit_of_the_columns(self, register, unit):
        from exchange_calendars.exchange_calendar_xnys import XNYSExchangeCalendar

        class Coarse(XNYSExchangeCalendar):
            def __init__(self, *args, **kwargs):
                super().__init__(*args, **kwargs)
                self.schedule = self.schedule.astype(f"datetime64[{unit}, UTC]")

        found = sessions(ns("2024-11-29T15:00"), ns("2024-11-29T15:00"), "UTC", register(Coarse))
        assert texts(found)[0] == "2024-11-29 14:30/18:00"

    def test_deprecations_within_the_package_are_not_shown(self, register):
        from exchange_calendars.always_open import AlwaysOpenCalendar

        class Old(AlwaysOpenCalendar):
            @property
            def adhoc_holidays(self):
                warnings.warn("old", DeprecationWarning, stacklevel=1)
                return []

        assert len(sessions(0, 1, "UTC", register(Old)).opens) == 2

    def test_a_calendar_that_fails(self, register):
        from exchange_calendars.always_open import AlwaysOpenCalendar

        class Broken(AlwaysOpenCalendar):
            @property
            def adhoc_holidays(self):
                raise NotImplementedError("implemented by subclasses")

        name = register(Broken)
        with pytest.raises(
            ConfigError, match=f"calendar: '{name}' cannot be built: .* with pandas .*"
        ) as caught:
            sessions(0, 1, "UTC", name)
        assert str(caught.value).endswith("raises NotImplementedError")


def test_without_the_package_the_error_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "exchange_calendars", None)
    match = r"calendar: 'XNYS' needs the package exchange_calendars: pip install 'btcore\[calendars\]'"
    with pytest.raises(ConfigError, match=match):
        sessions(0, 1, "UTC", "XNYS")


def test_local_days_load_no_package():
    script = (
        "import sys; from btcore.times.sessions import sessions; sessions(0, 1, 'Asia/Tokyo');"
        "print([name for name in ('exchange_calendars', 'pandas') if name in sys.modules])"
    )
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"
