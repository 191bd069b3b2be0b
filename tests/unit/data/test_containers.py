"""Bars, Quotes and Trades: construction, settings, slices, equality and copies."""

import copy
import pickle
from datetime import timedelta

import numpy as np
import pytest
from three_bars import TIMES, bars

from btcore.data import Bars, Quotes, Trades
from btcore.errors import DataError


def test_positional_order_is_the_documented_one():
    made = Bars(TIMES, [1, 1, 1], [2, 2, 2], [0.5, 0.5, 0.5], [1, 1, 1], [7, 8, 9])
    assert made.volume.tolist() == [7, 8, 9]
    quotes = Quotes(TIMES, [1, 1, 1], [2, 2, 2], [3, 3, 3], [4, 4, 4])
    assert (quotes.bid_size.tolist(), quotes.ask_size.tolist()) == ([3, 3, 3], [4, 4, 4])
    trades = Trades(TIMES, [1, 1, 1], [3, 3, 3], [1, -1, 0])
    assert (trades.size.tolist(), trades.side.tolist()) == ([3, 3, 3], [1, -1, 0])


def test_optional_columns():
    assert bars(volume=None).volume is None
    quotes, trades = Quotes(TIMES, [1, 1, 1], [1, 1, 1]), Trades(TIMES, [1, 1, 1])
    assert quotes.bid_size is None
    assert quotes.ask_size is None
    assert trades.size is None
    assert trades.side is None
    assert list(quotes.columns) == ["timestamp", "bid", "ask"]
    assert list(trades.columns) == ["timestamp", "price"]
    with pytest.raises(DataError, match="both sizes or neither"):
        Quotes(TIMES, [1, 1, 1], [1, 1, 1], [1, 1, 1])


@pytest.mark.parametrize(
    ("interval", "expected"),
    [
        ("1s", 10**9),
        ("1min", 60 * 10**9),
        ("5min", 300 * 10**9),
        ("1h", 3600 * 10**9),
        ("1d", 86400 * 10**9),
        ("day", 86400 * 10**9),
        ("250ms", 250 * 10**6),
        (17, 17),
        (np.int64(10**9), 10**9),
        (timedelta(minutes=1, microseconds=1), 60 * 10**9 + 1000),
    ],
)
def test_intervals(interval, expected):
    assert Bars([0], [1], [1], [1], [1], interval=interval).interval == expected


@pytest.mark.parametrize(
    "interval",
    [
        "",
        "0s",
        "1 min",
        "min",
        "-1s",
        "1mon",
        "0mo",
        "1753mo",
        "147y",
        "1W",
        0,
        -5,
        True,
        1.5,
        None,
        timedelta(0),
        2**62,
    ],
)
def test_bad_intervals(interval):
    with pytest.raises(DataError, match="interval"):
        Bars([0], [1], [1], [1], [1], interval=interval)


@pytest.mark.parametrize("source", ["", "a b", "../x", "TRADE", 7])
def test_bad_source(source):
    with pytest.raises(DataError, match=r"bars\.source"):
        bars(source=source)


def test_sides_as_words():
    trades = Trades([1, 2, 3, 4], [1, 1, 1, 1], side=["buy", "SELL", "", 1])
    assert trades.side.tolist() == [1, -1, 0, 1]
    assert trades.side.dtype == np.int8
    with pytest.raises(
        DataError, match=r"trades\[1\]: side is not buy or sell, \+1, -1 or 0 \(side='long'\)"
    ):
        Trades([1, 2], [1, 1], side=["buy", "long"])
    with pytest.raises(DataError, match=r"trades\[0\]: side is not \+1, -1 or 0 \(side=2\)"):
        Trades([1, 2], [1, 1], side=[2, 1])
    with pytest.raises(DataError, match=r"trades\.side"):
        Trades([1, 2], [1, 1], side=[True, False])


def test_a_container_cannot_be_changed():
    made = bars()
    with pytest.raises(AttributeError, match="cannot be changed"):
        made.interval = 5
    with pytest.raises(AttributeError):
        made.open = None
    made.columns.clear()
    assert list(made.columns) == ["timestamp", "open", "high", "low", "close", "volume"]


def test_slices_share_memory_and_are_half_open():
    made = bars()
    part = made.slice(60 * 10**9, 120 * 10**9)
    assert part.timestamp.tolist() == [60 * 10**9]
    assert np.shares_memory(part.open, made.open)
    assert (part.interval, part.source) == (made.interval, made.source)
    assert made.row_range(1, 120 * 10**9 + 1) == (1, 3)
    assert made.row_range(None, None) == (0, 3)
    assert len(made.slice(500 * 10**9, 100)) == 0
    assert made.slice(0, None) is made


def test_content_hash_depends_on_the_content():
    made = bars()
    assert made.content_hash == bars().content_hash
    assert len(made.content_hash) == 64
    others = [
        bars(close=[1.5, 2.5, 3.6]),
        bars(interval="30s"),
        made.slice(0, 10**9),
        Trades(TIMES, [1, 1, 1]),
        Trades(TIMES, [1, 1, 1], [1, 1, 1]),
        Trades([], []),
    ]
    assert len({other.content_hash for other in [made, *others]}) == len(others) + 1


def test_equality_and_copies():
    made = bars()
    assert made == bars()
    assert hash(made) == hash(bars())
    assert made != bars(close=[1.5, 2.5, 3.6])
    assert made != bars(interval="1s")
    assert made != bars(source="mid")
    assert made != Trades(TIMES, [1, 1, 1])
    assert made != 5
    assert Trades(TIMES, [1, 1, 1]) != Trades(TIMES, [1, 1, 1], [1, 1, 1])
    for twin in (pickle.loads(pickle.dumps(made)), copy.deepcopy(made)):
        assert twin == made
        assert twin.interval == made.interval
        assert not twin.open.flags.writeable


def test_repr():
    assert repr(bars()) == "Bars(3 rows, 1min, 1970-01-01T00:00:00Z .. 1970-01-01T00:02:00Z)"
    assert repr(Trades([], [])) == "Trades(0 rows)"


def test_empty_containers():
    for made in (Bars([], [], [], [], [], interval="1min"), Quotes([], [], []), Trades([], [], [], [])):
        assert len(made) == 0
        assert made.timestamp.dtype == np.int64
        assert made.content_hash


ONES = [[1, 1]] * 4


class TestTimesOfBars:
    """What `btcore.times.lengths` finds is in the container; the rules are tested there."""

    def test_months_have_ends_of_their_own(self):
        made = Bars(np.array(["2024-01-01", "2024-02-01"], "datetime64[ns]"), *ONES)
        assert made.interval == 0
        assert made.end.view("datetime64[ns]").astype("datetime64[D]").astype(str).tolist() == [
            "2024-02-01",
            "2024-03-01",
        ]
        assert list(made.columns)[-1] == "end"
        assert not made.columns["end"].flags.writeable
        assert "interval: 1mo, inferred from the gaps between the bars" in made.notes
        assert Bars(**made.columns, interval=0) == made

    def test_bars_without_a_length_infer_one_or_refuse(self):
        assert Bars([0, 10**9], *ONES).interval == 10**9
        assert Bars([0, 10**9], *ONES, interval="1s").notes == ()
        with pytest.raises(DataError, match="interval: it cannot be inferred from fewer than two bars"):
            Bars([0], [1], [1], [1], [1])

    def test_the_content_hash_of_a_fixed_length_does_not_depend_on_how_it_was_given(self):
        day = 24 * 3600 * 10**9
        made = Bars([0, day], *ONES, interval="1d")
        for other in (
            Bars([0, day], *ONES),
            Bars([day, 2 * day], *ONES, interval="1d", stamp="close"),
            Bars([0, day], *ONES, end=[day, 2 * day]),
            Bars([0, day], *ONES, interval="1d", timezone="America/New_York"),
        ):
            assert other == made
            assert other.content_hash == made.content_hash
        assert "end" not in made.columns

    def test_naive_times_are_local_in_the_time_zone(self):
        made = Bars(
            np.array(["2024-03-09", "2024-03-10"], "datetime64[s]"),
            *ONES,
            interval="1d",
            timezone="Europe/Paris",
        )
        assert (made.end - made.timestamp).tolist() == [24 * 3600 * 10**9] * 2
        spring = Bars(
            np.array(["2024-03-31"], "datetime64[s]"), *[[1]] * 4, interval="1d", timezone="Europe/Paris"
        )
        assert (spring.end - spring.timestamp).tolist() == [23 * 3600 * 10**9]

    def test_slices_and_copies_keep_ends_and_notes(self):
        made = Bars(np.array(["2024-01-01", "2024-02-01", "2024-03-01"], "datetime64[ns]"), *[[1, 1, 1]] * 4)
        part = made.slice(int(made.timestamp[1]))
        assert part.end.tolist() == made.end[1:].tolist()
        assert part.notes == made.notes
        copied = pickle.loads(pickle.dumps(made))
        assert copied == made
        assert copied.notes == made.notes

    def test_the_ends_decide_whether_bars_are_equal(self):
        one, two = (Bars([0, 10], *ONES, end=[5, end]) for end in (15, 16))
        assert one != two
        assert one.content_hash != two.content_hash
