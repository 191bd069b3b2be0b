"""Where data are cut, and how later rows are altered."""

import numpy as np
import pytest
from lookahead_data import DAY, HOUR, MINUTE, SECOND, START, markets, rising

import btcore as bt
from btcore.audit.truncate import altered, begun, choose_cuts, delivered, span_of


def test_most_cuts_are_decisions_and_all_leave_every_stream_a_row():
    data = {"A": rising(100), "B": rising(60, HOUR), "C": rising(30).slice(START + 10 * DAY)}
    span = span_of(data, {})
    sent = START + DAY * np.arange(5, 90, 5) + 7
    for seed in range(20):
        cuts = choose_cuts(span, sent, 8, seed)
        assert len(set(cuts)) == 8
        assert sum(cut in sent for cut in cuts) == 6
        assert all(START + 11 * DAY <= cut < START + 100 * DAY for cut in cuts)
        for cut in cuts:
            assert all(len(stream) for stream in delivered(data, cut).values())
    assert len(choose_cuts(span, sent[:0], 8, 0)) == 8
    every = choose_cuts(span, sent, 10_000, 0)
    assert len(every) == 84 + 15  # days 16 to 99, and decisions from day 15 to 85


@pytest.mark.parametrize("way", [1, -1])
def test_altered_rows_are_valid_and_all_differ_and_earlier_rows_are_equal(way):
    data = markets()["all kinds"]
    cut = int(data["B"].timestamp[9]) + MINUTE + 7 * SECOND
    other = altered(data, cut, [0, 1], way)
    past, open_now = delivered(data, cut), begun(data, cut)
    assert delivered(other, cut) == past
    assert (len(past["B"]), len(open_now["B"])) == (10, 11)
    for symbol, market in data.items():
        pairs = zip(market, other[symbol], strict=True) if symbol == "A" else [(market, other[symbol])]
        for was, now in pairs:
            type(now)(**now.columns, **now._meta())  # raises DataError if the rows are invalid
            first = len(was.slice(None, cut + 1 - getattr(was, "interval", 0)))
            assert np.array_equal(was.timestamp, now.timestamp)
            for name in set(was.columns) - {"timestamp", "side"}:
                assert np.all(was.columns[name][first:] != now.columns[name][first:]), name


@pytest.mark.parametrize("way", [1, -1])
def test_prices_below_zero_are_altered_to_valid_ones(way):
    price, times = np.linspace(-5.0, 5.0, 40), START + MINUTE * np.arange(40)
    columns = {
        bt.Bars: (price, price + 1, price - 1, price),
        bt.Quotes: (price, price + 1),
        bt.Trades: (price,),
    }
    for kind, prices in columns.items():
        was = kind(times, *prices, negative_prices=True)
        now = altered({"A": was}, START + 5 * MINUTE, [0], way)["A"]
        assert now.negative_prices
        assert now != was
        assert delivered({"A": now}, START + 5 * MINUTE) == delivered({"A": was}, START + 5 * MINUTE)
