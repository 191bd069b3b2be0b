"""Clean data of each kind, in which an inspection finds nothing."""

import numpy as np
import pytest

import btcore as bt

DAY, HOUR, MINUTE, SECOND = 86400 * 10**9, 3600 * 10**9, 60 * 10**9, 10**9
MONDAY = int(np.datetime64("2024-01-01", "ns").astype(int))


class Make:
    """Columns of clean data, which a test changes before it makes the container."""

    @staticmethod
    def weekdays(rows=500, start="2022-01-03"):
        """Dates, ns UTC, of weekdays."""
        days = np.arange(np.datetime64(start), np.datetime64(start) + np.timedelta64(2 * rows, "D"))
        days = days[np.is_busday(days)][:rows]
        return days.astype("M8[ns]").astype(np.int64)

    @staticmethod
    def prices(rows, level=100.0):
        """A smooth price with changes of less than a percent."""
        return np.round(level * (1 + 0.1 * np.sin(np.arange(rows) / 20)) + 0.01 * (np.arange(rows) % 7), 2)

    @classmethod
    def days(cls, rows=500):
        """Columns of bars of a day."""
        close = cls.prices(rows)
        return {
            "timestamp": cls.weekdays(rows),
            "open": close.copy(),
            "high": close + 1,
            "low": close - 1,
            "close": close,
            "volume": np.full(rows, 1000.0),
        }

    @classmethod
    def minutes(cls, rows=3000, start=MONDAY):
        """Columns of bars of a minute in a market that never closes."""
        return cls.days(rows) | {"timestamp": start + MINUTE * np.arange(rows)}

    @classmethod
    def session_minutes(cls, days=5):
        """Columns of bars of a minute in the regular hours of New York's winter, 14:30 to 21:00 UTC."""
        dates = np.array(
            ["2024-01-08", "2024-01-09", "2024-01-10", "2024-01-11", "2024-01-12"][:days], "M8[ns]"
        )
        times = (dates.astype(np.int64)[:, None] + 14 * HOUR + 30 * MINUTE + MINUTE * np.arange(390)).ravel()
        return cls.days(len(times)) | {"timestamp": times}

    @classmethod
    def quotes(cls, rows=3000):
        """Columns of quotes, one a second."""
        bid = cls.prices(rows)
        sizes = {"bid_size": np.full(rows, 5.0), "ask_size": np.full(rows, 6.0)}
        return {"timestamp": MONDAY + SECOND * np.arange(rows), "bid": bid, "ask": bid + 0.02} | sizes

    @classmethod
    def trades(cls, rows=3000):
        """Columns of trades, one a second."""
        times = MONDAY + SECOND * np.arange(rows)
        return {"timestamp": times, "price": cls.prices(rows), "size": np.full(rows, 5.0)}

    @staticmethod
    def without(columns, rows):
        """The columns without these rows."""
        return {name: np.delete(column, rows) for name, column in columns.items()}


@pytest.fixture
def make():
    return Make


@pytest.fixture
def only():
    """The finding of that name, which must be there, with its `changes_results`."""

    def find(inspection, name, *, changes):
        found = [finding for finding in inspection.findings if finding.name == name]
        assert len(found) == 1, str(inspection)
        assert found[0].changes_results is changes
        assert inspection.ok is not any(f.changes_results for f in inspection.findings)
        return found[0]

    return find


@pytest.fixture
def names():
    """The names of all findings of an inspection."""
    return lambda inspection: {finding.name for finding in inspection.findings}


@pytest.fixture
def bars():
    return lambda columns, interval="1d", **more: bt.Bars(**columns, interval=interval, **more)
