"""The sample market is one market: every range is a slice, every resolution an aggregate of its trades."""

import pickle
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from btcore.data import (
    Bars,
    Quotes,
    SampleMarket,
    Source,
    Trades,
    resample,
    sample_bars,
    sample_quotes,
    sample_trades,
)
from btcore.errors import DataError

DAY = 86400 * 10**9


def ns(text):
    return int(np.datetime64(text, "ns").astype(int))


WEEK = ("2024-03-04", "2024-03-11")
SPAN = (ns(WEEK[0]), ns(WEEK[1]))


@pytest.mark.parametrize("symbol", ["SAMPLE", "AAPL", "x"])
def test_every_resolution_is_the_exact_aggregate_of_the_trades(symbol):
    trades = sample_trades(symbol, *WEEK)
    market = SampleMarket()
    for resolution in ("second", "minute", "hour", "day"):
        (bars,) = market.load(symbol, resolution, *SPAN)
        assert bars == resample(trades, resolution)
        Bars(*bars.columns.values(), interval=bars.interval)  # valid, though not checked when built
    Trades(*trades.columns.values())


@given(st.text("ABCDEFGHIJ", min_size=1, max_size=5), st.integers(0, 2**40), st.integers(0, 28000))
@settings(max_examples=30, deadline=None)
def test_any_day_of_any_symbol_agrees(symbol, seed, day):
    start = ns("1990-01-01") + day * DAY
    market = SampleMarket(seed)
    days, minutes = (
        market.bars(symbol, "day", start, start + 3 * DAY),
        market.bars(symbol, "minute", start, start + 3 * DAY),
    )
    Bars(*minutes.columns.values(), interval=minutes.interval)
    assert resample(minutes, "day") == days
    trades = market.trades(symbol, start, start + 3 * DAY)
    Trades(*trades.columns.values())
    assert resample(trades, "minute") == minutes


def test_trades_hit_the_last_quote():
    quotes, trades = SampleMarket().load("SAMPLE", "tick", *SPAN)
    Quotes(*quotes.columns.values())
    row = np.searchsorted(quotes.timestamp, trades.timestamp, "right") - 1
    bought = trades.side > 0
    assert np.array_equal(np.where(bought, quotes.ask[row], quotes.bid[row]), trades.price)
    assert np.all(np.where(bought, quotes.ask_size[row], quotes.bid_size[row]) >= trades.size)
    assert quotes == sample_quotes("SAMPLE", *WEEK)


@given(st.integers(0, 7 * 86400), st.integers(0, 7 * 86400))
@settings(max_examples=20, deadline=None)
def test_a_part_is_a_slice_of_the_whole(first, last):
    start, end = SPAN[0] + first * 10**9 + 123, SPAN[0] + last * 10**9 + 456
    market = SampleMarket(3)
    for resolution in ("minute", "hour", "day"):
        whole = market.bars("S", resolution, *SPAN)
        assert market.bars("S", resolution, start, min(end, SPAN[1])) == whole.slice(start, end)
    trades = market.trades("S", SPAN[0], SPAN[0] + 2 * DAY)
    assert market.trades("S", start, min(end, SPAN[0] + 2 * DAY)) == trades.slice(start, end)
    second = market.bars("S", "second", SPAN[0], SPAN[0] + DAY)
    assert market.bars("S", "second", start, min(end, SPAN[0] + DAY)) == second.slice(start, end)


def test_symbols_and_seeds_differ_and_repeat():
    closes = {tuple(sample_bars(s, seed=seed).close[:3]) for s in ("A", "B", "a", "BA") for seed in (0, 1)}
    assert len(closes) == 8
    assert sample_bars("A") == sample_bars("A")
    # The prices must never change: published results depend on them.
    assert sample_bars("SAMPLE").close[:3].tolist() == [663.01, 659.81, 665.46]


def test_prices_are_positive_whole_cents_until_2099():
    for symbol in ("A", "B", "C"):
        bars = sample_bars(symbol, "1990-01-01", "2100-01-01")
        assert bars.low.min() > 0.5
        assert np.array_equal(np.rint(bars.close * 100) / 100, bars.close)
        assert len(bars) == len(np.unique(bars.timestamp)) > 28000


def test_opening_hours():
    bars = sample_bars(interval="1min", start="2024-03-01", end="2024-03-12")
    clock = bars.timestamp % DAY
    assert (clock.min(), clock.max()) == (ns("1970-01-01T14:30"), ns("1970-01-01T20:59"))
    days = np.unique(bars.timestamp // DAY)
    assert np.all((days + 3) % 7 < 5)  # 1970-01-01 was a Thursday
    assert len(bars) == len(days) * 390
    hours = sample_bars(interval="1h", start="2024-03-01", end="2024-03-02")
    assert (hours.timestamp % DAY // (3600 * 10**9)).tolist() == [14, 15, 16, 17, 18, 19, 20]


def test_other_intervals():
    for interval in ("5s", "5min", "2h", "7d"):
        start, end = "2024-03-05T15:00:01", "2024-03-14T16:01"
        if interval == "5s":
            end = "2024-03-05T15:10"
        bars = sample_bars("S", start, end, interval)
        assert len(bars)
        assert bars.timestamp[0] >= ns(start)
        assert bars.timestamp[-1] < ns(end)
        base = sample_bars("S", "2024-02-01", "2024-04-01", {"5s": "1s", "7d": "1d"}.get(interval, "1min"))
        assert bars == resample(base, interval).slice(ns(start), ns(end))
    with pytest.raises(DataError, match="no bars of 1500ms"):
        sample_bars(interval="1500ms")


def test_missing_data():
    market = SampleMarket()
    with pytest.raises(DataError, match="could be 61,050,600 rows; the limit is 20,000,000: choose"):
        sample_trades(end="2034-01-01", start="2024-01-02")
    with pytest.raises(DataError, match="open on weekdays from 14:30 to 21:00 UTC"):
        market.load("S", "day", ns("2024-03-09"), ns("2024-03-11"))
    with pytest.raises(DataError, match="open on weekdays"):
        market.load("S", "tick", ns("2024-03-11"), ns("2024-03-11T01:00"))
    with pytest.raises(DataError, match="open on weekdays"):
        market.load("S", "day", 0, DAY)
    with pytest.raises(DataError, match=r"symbol: '\.\./x'"):
        market.load("../x", "day", *SPAN)
    with pytest.raises(DataError, match="resolution: 'week' is not tick, second"):
        market.load("S", "week", *SPAN)
    for method in (market.check, market.read):
        with pytest.raises(DataError, match="resolution: 'week' is not tick, second"):
            method("S", "week", *SPAN)
    with pytest.raises(DataError, match="resolution: 'week' is not tick, second"):
        market.symbols("week")
    for resolution in ("week", "tick"):
        with pytest.raises(DataError, match=r"^resolution: ('week' is not tick, second|ticks are no bars)"):
            market.bars("S", resolution, *SPAN)
    assert len(market.read("S", "day", "2024-03-09", "2024-03-11")) == 0
    assert len(market.trades("S", ns("2024-03-09"), ns("2024-03-11"))) == 0


def test_it_is_a_source():
    market = SampleMarket(5)
    assert isinstance(market, Source)
    assert market.data_source == "synthetic sample data"
    assert market.symbols("day") == ["SAMPLE"]
    assert list(market.list()) == []
    assert pickle.loads(pickle.dumps(market)).seed == 5
    assert market.read("S", "tick", *WEEK).kind == "quotes"
    assert market.read("S", "tick", *WEEK, kind="trades") == market.trades("S", *SPAN)
    assert market.read("S", "day").timestamp[0] == ns("1990-01-01")
    with pytest.raises(DataError, match="no day quotes"):
        market.read("S", "day", kind="quotes")


def test_it_is_fast():
    begin = time.perf_counter()
    for i in range(100):
        sample_bars(f"S{i}")
    sample_bars(interval="1min")
    assert time.perf_counter() - begin < 5.0  # 0.1 s on an idle machine


@given(
    st.sampled_from(["tick", "second", "minute", "hour", "day"]),
    st.integers(0, 9 * 24 * 60),
    st.integers(1, 4 * 24 * 60),
)
@settings(max_examples=60, deadline=None)
def test_check_raises_what_load_raises(resolution, begin, length):
    """Ranges of ten days with a weekend, in steps of a minute."""
    start = 1_704_412_800 * 10**9 + begin * 60 * 10**9  # a Friday
    arguments = ("A", resolution, start, start + length * 60 * 10**9)
    verdicts = []
    for method in (SampleMarket().check, SampleMarket().load):
        try:
            method(*arguments)
            verdicts.append("")
        except DataError as error:
            verdicts.append(str(error))
    assert verdicts[0] == verdicts[1]


def test_check_refuses_too_many_rows():
    with pytest.raises(DataError, match="the limit is 20,000,000"):
        SampleMarket().check("A", "tick", 0, 4_000_000_000 * 10**9)


@pytest.mark.parametrize("seed", [None, "1", 1.5, True])
def test_a_seed_is_a_whole_number(seed):
    with pytest.raises(DataError, match=r"seed: .* is not a whole number"):
        SampleMarket(seed)
