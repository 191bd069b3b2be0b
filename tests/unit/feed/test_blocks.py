"""The next row that may concern an order: the same one as a plain loop finds, with and without an index."""

import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import btcore as bt
from btcore.feed.blocks import BLOCK_ROWS, block_extremes, first_reaching_of
from btcore.feed.tape import Tape

INF = float("inf")
LENGTHS = (1, 7, 127, 128, 300, BLOCK_ROWS - 1, BLOCK_ROWS, BLOCK_ROWS + 1, 3 * BLOCK_ROWS + 131)


def container(kind, rows, seed, flat):
    """Random prices, or with `flat` constant ones except in a few rows, so that some blocks are skipped."""
    random = np.random.default_rng(seed)
    steps = random.integers(-1, 2, rows) * 0.5
    if flat:
        steps = np.zeros(rows)
    mid = 1000.0 + np.cumsum(steps)
    lone = random.integers(0, rows, 2)
    mid[lone] += random.integers(-40, 41, 2) * 0.5
    times = np.arange(rows) * 60 * 10**9
    spread = random.integers(0, 3, rows) * 0.5
    if kind == "crossed":
        return bt.Quotes(times, mid, mid + spread - 0.5, crossed="keep")
    if kind == "quotes":
        return bt.Quotes(times, mid, mid + spread)
    if kind == "trades":
        return bt.Trades(times, mid)
    return bt.Bars(times, mid, mid + spread, mid - spread, mid, interval="1min")


def ranges(data):
    """What buys and what sells meet in each row: lowest and highest."""
    if data.kind == "quotes":
        return data.ask, data.ask, data.bid, data.bid
    if data.kind == "trades":
        return data.price, data.price, data.price, data.price
    return data.low, data.high, data.low, data.high


def plain(data, row, end, prices):
    buy_limit, sell_limit, buy_stop, sell_stop = prices
    buy_low, buy_high, sell_low, sell_high = ranges(data)
    for i in range(row, end):
        if (
            buy_low[i] <= buy_limit
            or sell_high[i] >= sell_limit
            or buy_high[i] >= buy_stop
            or sell_low[i] <= sell_stop
        ):
            return i
    return end


below = st.one_of(st.just(-INF), st.integers(-40, 4).map(lambda n: 1000 + n / 2), st.just(INF))
above = st.one_of(st.just(INF), st.integers(-4, 40).map(lambda n: 1000 + n / 2), st.just(-INF))


containers = st.builds(
    container,
    st.sampled_from(["quotes", "crossed", "trades", "bars"]),
    st.sampled_from(LENGTHS),
    st.integers(0, 50),
    st.booleans(),
)


@given(containers, st.tuples(below, above, above, below), st.booleans(), st.data())
def test_it_is_the_row_that_a_plain_loop_finds(data, prices, indexed, more):
    if indexed:
        data.build_index()
    first = more.draw(st.integers(0, len(data)))
    last = more.draw(st.integers(first, len(data)))
    part = data.slice(*(None if i == len(data) else int(data.timestamp[i]) for i in (first, last)))
    tape = Tape([("A", part)])
    start = more.draw(st.integers(0, len(part)))
    end = more.draw(st.integers(start, len(part)))
    assert first_reaching_of(tape, 0, start, end, *prices) == plain(part, start, end, prices)
    assert first_reaching_of(tape, 0, start, end, *prices, by_rows=True) == plain(part, start, end, prices)


@pytest.mark.parametrize("kind", ["quotes", "crossed", "trades", "bars"])
def test_blocks_that_cannot_wake_are_not_read(kind):
    """An index that says less than its rows hides them: only what it lets through is looked at."""
    data = container(kind, 4 * BLOCK_ROWS, 0, True)
    far = np.array([[1e9], [-1e9]] * (2 if kind in {"quotes", "crossed"} else 1)) * np.ones((1, 4))
    blind = type(data)._trusted(data.columns, data._meta(), index=(far, 0))
    tape = Tape([("A", blind)])
    arguments = (0, 0, len(data), 2000.0, INF, INF, -INF)
    assert first_reaching_of(tape, *arguments) == len(data)
    assert first_reaching_of(tape, *arguments, by_rows=True) == 0
    far[0, 2] = 0.0  # the least that a buy meets
    assert first_reaching_of(tape, *arguments) == 2 * BLOCK_ROWS
    part = blind.slice(int(data.timestamp[100]), int(data.timestamp[-100]))
    arguments = (0, 0, len(part), 2000.0, INF, INF, -INF)
    assert first_reaching_of(Tape([("A", part)]), *arguments) == 2 * BLOCK_ROWS - 100


def test_an_index_is_built_once_and_shared_by_slices():
    data = container("quotes", 3 * BLOCK_ROWS, 1, False)
    assert data.index is None
    assert data.slice(int(data.timestamp[5]), None).index is None
    extremes, row = data.build_index()
    assert (extremes.shape, extremes.dtype, row) == ((4, 3), np.float64, 0)
    assert not extremes.flags.writeable
    assert data.build_index() is data.index
    twice = data.slice(int(data.timestamp[5]), None).slice(int(data.timestamp[7]), None)
    assert twice.index[0] is extremes
    assert twice.index[1] == 7
    assert pickle.loads(pickle.dumps(data)) == data


def test_an_index_of_something_else_is_refused():
    data = container("trades", BLOCK_ROWS + 1, 1, False)
    for wrong in (np.zeros((4, 2)), np.zeros((2, 1))):
        other = type(data)._trusted(data.columns, data._meta(), index=(wrong, 0))
        with pytest.raises(ValueError, match="do not belong to its rows"):
            Tape([("A", other)])
    empty = data.slice(0, 0)
    assert empty.build_index()[0].shape == (2, 0)
    assert Tape([("A", empty)]).n_events == 0


@given(st.sampled_from((0, *LENGTHS)), st.integers(0, 50))
def test_the_extremes_of_blocks(rows, seed):
    random = np.random.default_rng(seed)
    lows, highs = random.normal(size=(2, rows))
    found = block_extremes(lows, highs)
    cuts = [slice(at, at + BLOCK_ROWS) for at in range(0, rows, BLOCK_ROWS)]
    assert found.dtype == np.float64
    assert found.shape == (2, len(cuts))
    assert found[0].tolist() == [lows[cut].min() for cut in cuts]
    assert found[1].tolist() == [highs[cut].max() for cut in cuts]


def test_columns_of_two_lengths_have_no_extremes():
    with pytest.raises(ValueError, match="highs: 2 values, but lows has 3"):
        block_extremes(np.ones(3), np.ones(2))


@pytest.mark.parametrize("arguments", [(1, 0, 1), (-1, 0, 1), (0, -1, 1), (0, 0, 3), (0, 2, 1)])
def test_rows_that_are_not_there(arguments):
    tape = Tape([("A", bt.Trades([1, 2], [1.0, 1.0]))])
    with pytest.raises(IndexError, match="not in the tape"):
        first_reaching_of(tape, *arguments, 1.0, 1.0, 1.0, 1.0)
