"""The order of many streams: that of a sort by delivery, then stream, then row."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import btcore as bt
from btcore.feed.tape import Tape

MINUTE = 60 * 10**9


def plain(tape):
    """The stream of each event, by a sort of all of them."""
    delays = [getattr(c, "interval", 0) for c in tape.containers]
    times = np.concatenate([c.timestamp + d for c, d in zip(tape.containers, delays, strict=True)])
    streams = np.repeat(np.arange(tape.n_streams), [len(c) for c in tape.containers])
    return streams[np.lexsort((streams, times))]


def tape_of(streams, intervals=None):
    markets = []
    for i, moments in enumerate(streams):
        times = np.array(moments, "datetime64[ns]")  # integers of 1970 could be taken for another unit
        ones = np.ones(len(times))
        if intervals and intervals[i]:
            data = bt.Bars(times, ones, ones, ones, ones, interval=intervals[i])
        else:
            data = bt.Trades(times, ones)
        markets.append((f"S{i}", (data,)))
    return Tape(markets)


def clustered(random, rows, ticks):
    """Bursts of ticks at the full minute: most of them in the same bucket of any even division."""
    return np.sort(random.integers(0, rows // 50 + 1, rows) * MINUTE + random.integers(0, ticks, rows))


SHAPES = {
    "random": lambda random, rows: np.sort(random.integers(0, 1000 * rows, rows)),
    "ties": lambda random, rows: np.sort(random.integers(0, max(rows // 5, 1), rows)),
    "in step": lambda random, rows: np.arange(rows) * MINUTE,
    "in turn": lambda random, rows: random.integers(0, 50) * 10**15 + np.arange(rows) * 10,
    "bursts": lambda random, rows: clustered(random, rows, 10**6),
    "moments": lambda random, rows: np.sort(random.integers(0, 3, rows) * MINUTE),
    "crowds": lambda random, rows: np.sort(random.integers(0, 3, rows)),
    "gaps": lambda random, rows: np.cumsum(2 ** random.integers(0, 45, rows)),
}


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("n_streams", [2, 3, 10, 255, 256, 257, 1000])
def test_it_is_the_order_of_a_sort(shape, n_streams):
    random = np.random.default_rng(n_streams)
    rows = 120_000 // n_streams
    sizes = random.integers(0, 2 * rows, n_streams)
    tape = tape_of([SHAPES[shape](random, n) if n else [] for n in sizes])
    assert tape.order.dtype == (np.uint8 if n_streams <= 256 else np.uint16)
    assert not tape.order.flags.writeable
    np.testing.assert_array_equal(tape.order, plain(tape))


def test_bars_are_ordered_by_their_ends():
    random = np.random.default_rng(5)
    intervals = [None, "1min", "5min", "1h", None, "1d"]
    starts = [np.sort(random.choice(3000, 500, replace=False)) for _ in intervals]
    lengths = [tape_of([[]], [i]).containers[0].interval if i else MINUTE for i in intervals]
    tape = tape_of([s * length for s, length in zip(starts, lengths, strict=True)], intervals)
    np.testing.assert_array_equal(tape.order, plain(tape))


@given(
    st.lists(st.lists(st.integers(-(2**62), 2**62), max_size=5).map(sorted), min_size=2, max_size=5),
    st.lists(st.sampled_from([0, 1, 2, 10**9, 2**40]), min_size=5, max_size=5),
)
def test_any_times(streams, steps):
    times = [
        np.unique(np.array(s, np.int64) // (i or 1)) * (i or 1) for s, i in zip(streams, steps, strict=False)
    ]
    tape = tape_of(times, steps)
    np.testing.assert_array_equal(tape.order, plain(tape))


def test_the_last_moment_there_is():
    last = np.iinfo(np.int64).max
    tape = tape_of([[last, last], [last - 1, last], [-last, last]])
    assert tape.order.tolist() == [2, 1, 0, 0, 1, 2]


def test_streams_without_rows():
    assert tape_of([[], []]).order.tolist() == []
    assert tape_of([[], [5, 6], []]).order.tolist() == [1, 1]
    assert tape_of([[5, 6]]).order is None


@pytest.mark.parametrize("n_streams", [3, 300])
def test_an_order_is_taken_over(n_streams):
    random = np.random.default_rng(1)
    tape = tape_of([np.sort(random.integers(0, 99, 20)) for _ in range(n_streams)])
    again = Tape([(f"S{i}", (c,)) for i, c in enumerate(tape.containers)], tape.order)
    assert again.order is tape.order


def test_an_order_of_other_streams_is_refused():
    tape = tape_of([[1, 2], [1]])
    markets = [(f"S{i}", (c,)) for i, c in enumerate(tape.containers)]
    for order in ([0, 1, 1], [0, 0, 2], [0, 0, 255], [0, 0, 0]):
        with pytest.raises(ValueError, match="order: belongs to streams with other numbers of rows"):
            Tape(markets, np.array(order, np.uint8))
    for order in (np.zeros(4, np.uint8), np.zeros(3, np.uint16), np.zeros((3, 1), np.uint8)):
        with pytest.raises(ValueError, match=r"order: .*, not \(3,\) of uint8"):
            Tape(markets, order)
    with pytest.raises(ValueError, match="contiguous"):
        Tape(markets, np.array([0, 9, 0, 9, 1], np.uint8)[::2])
