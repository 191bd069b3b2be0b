"""Event arrays of hftbacktest: trades, and the best bid and ask of books worked out by hand."""

import numpy as np
import pytest

import btcore as bt

FIELDS = ["ev:u8", "exch_ts:i8", "local_ts:i8", "px:f8", "qty:f8", "order_id:u8", "ival:i8", "fval:f8"]
DTYPE = np.dtype([(name, kind) for name, _, kind in (field.partition(":") for field in FIELDS)], align=True)
EXCH, LOCAL, BUY, SELL = 1 << 31, 1 << 30, 1 << 29, 1 << 28
DEPTH, TRADE, CLEAR, SNAPSHOT, BEST, ADD = 1, 2, 3, 4, 5, 10
START = 1_704_067_200_000_000_000  # 2024-01-01


def saved(path, events):
    """A file of (seconds, kind, side, price, quantity)."""
    flags = EXCH | LOCAL
    rows = [
        (
            kind | side | flags,
            START + seconds * 10**9,
            START + seconds * 10**9 + 5,
            price,
            quantity,
            0,
            0,
            0.0,
        )
        for seconds, kind, side, price, quantity in events
    ]
    np.savez(path, data=np.array(rows, DTYPE))
    return path


def quotes_of(path, events, **options):
    quotes = bt.read_npz(saved(path / "book.npz", events), "quotes", **options)
    seconds = (quotes.timestamp - START) // 10**9
    columns = (quotes.bid, quotes.ask, quotes.bid_size, quotes.ask_size)
    return list(zip(seconds.tolist(), *(column.tolist() for column in columns), strict=True)), quotes.notes


def test_trades_with_their_sides(tmp_path):
    sides = ((0, BUY, 10.0, 1.0), (2, SELL, 9.5, 2.0), (3, 0, 9.0, 3.0))
    events = [(second, TRADE, side, price, quantity) for second, side, price, quantity in sides]
    file = saved(tmp_path / "a.npz", [*events[:1], (1, DEPTH, BUY, 9.0, 5.0), *events[1:]])
    trades = bt.read_npz(file, "trades", format="hftbacktest")
    np.testing.assert_array_equal(trades.timestamp, START + np.array([0, 2, 3]) * 10**9)
    assert trades.price.tolist() == [10, 9.5, 9]
    assert trades.size.tolist() == [1, 2, 3]
    assert trades.side.tolist() == [1, -1, 0]
    assert trades.notes[:2] == (
        "format: hftbacktest events, as given",
        "times: those of the exchange; the times of arrival are not kept",
    )


def test_the_format_is_found_by_the_fields(tmp_path):
    file = saved(tmp_path / "a.npz", [(0, TRADE, BUY, 10.0, 1.0)])
    assert bt.read_npz(file, "trades").notes[0] == "format: hftbacktest events, by its columns"
    np.savez(tmp_path / "other.npz", data=np.zeros(3))
    with pytest.raises(bt.DataError, match="no column for timestamp"):
        bt.read_npz(tmp_path / "other.npz", "trades")
    with pytest.raises(bt.DataError, match="format 'hftbacktest' has trades with the columns data"):
        bt.read_npz(tmp_path / "other.npz", "trades", format="hftbacktest")


def test_only_what_the_exchange_saw_counts(tmp_path):
    rows = [(TRADE | BUY | flag, START, START + 5, 10.0, n, 0, 0, 0.0) for n, flag in ((1, EXCH), (2, LOCAL))]
    np.savez(tmp_path / "a.npz", data=np.array(rows, DTYPE))
    assert bt.read_npz(tmp_path / "a.npz", "trades").size.tolist() == [1.0]


def test_the_best_bid_and_ask_after_all_events_of_a_time(tmp_path):
    rows, notes = quotes_of(
        tmp_path,
        [
            (0, SNAPSHOT, BUY, 9.0, 5.0),
            (0, SNAPSHOT, BUY, 8.0, 6.0),
            (0, SNAPSHOT, SELL, 11.0, 7.0),
            (1, DEPTH, BUY, 10.0, 1.0),  # a better bid
            (2, DEPTH, SELL, 12.0, 4.0),  # behind the best ask: no new quote
            (3, DEPTH, BUY, 10.0, 0.0),  # gone: the bid of 9 again
            (4, DEPTH, BUY, 9.0, 3.0),  # another size
            (5, DEPTH, SELL, 11.0, 0.0),
            (5, DEPTH, SELL, 10.5, 2.0),  # both at one time: one quote
            (6, DEPTH, BUY, 9.5, 0.0),  # a level that is not there
        ],
    )
    assert rows == [
        (0, 9, 11, 5, 7),
        (1, 10, 11, 1, 7),
        (3, 9, 11, 5, 7),
        (4, 9, 11, 3, 7),
        (5, 9, 10.5, 3, 2),
    ]
    assert not any("left out" in note for note in notes)


def test_clears_of_a_side_up_to_a_price_and_of_the_whole_book(tmp_path):
    rows, notes = quotes_of(
        tmp_path,
        [
            *((0, SNAPSHOT, BUY, price, 1.0) for price in (7.0, 8.0, 9.0)),
            *((0, SNAPSHOT, SELL, price, 1.0) for price in (11.0, 12.0)),
            (1, CLEAR, BUY, 8.0, 0.0),  # bids of 8 and above
            (2, CLEAR, SELL, 11.0, 0.0),  # asks of 11 and below
            (3, CLEAR, 0, np.nan, 0.0),  # all
            (4, SNAPSHOT, BUY, 5.0, 1.0),
            (5, SNAPSHOT, SELL, 6.0, 1.0),
        ],
    )
    assert [row[:3] for row in rows] == [(0, 9, 11), (1, 7, 11), (2, 7, 12), (5, 5, 6)]
    assert "quotes: 2 times without both a bid and an ask, left out" in notes


def test_an_event_of_the_best_price_removes_better_ones(tmp_path):
    rows, _ = quotes_of(
        tmp_path,
        [
            (0, SNAPSHOT, BUY, 9.0, 1.0),
            (0, SNAPSHOT, SELL, 10.0, 1.0),
            (0, SNAPSHOT, SELL, 11.0, 1.0),
            (1, BEST, SELL, 10.5, 4.0),
            (2, BEST, BUY, 8.5, 2.0),
        ],
    )
    assert rows == [(0, 9, 10, 1, 1), (1, 9, 10.5, 1, 4), (2, 8.5, 10.5, 2, 4)]


def test_a_crossed_book_is_refused_kept_or_dropped(tmp_path):
    events = [
        (0, SNAPSHOT, BUY, 9.0, 1.0),
        (0, SNAPSHOT, SELL, 10.0, 1.0),
        (1, DEPTH, BUY, 10.5, 1.0),
        (2, DEPTH, BUY, 10.5, 0.0),
    ]
    with pytest.raises(bt.DataError, match="bid"):
        quotes_of(tmp_path, events)
    kept, _ = quotes_of(tmp_path, events, crossed="keep")
    assert [row[:3] for row in kept] == [(0, 9, 10), (1, 10.5, 10), (2, 9, 10)]
    rows, notes = quotes_of(tmp_path, events, crossed="drop")
    assert len(rows) == 2
    assert any("crossed" in note for note in notes)


def test_files_without_a_book_or_with_single_orders_are_refused(tmp_path):
    with pytest.raises(bt.DataError, match=r"book\.npz.*: it has no events of the order book"):
        quotes_of(tmp_path, [(0, TRADE, BUY, 10.0, 1.0)])
    with pytest.raises(bt.DataError, match=r"events of single orders \(L3\)"):
        quotes_of(tmp_path, [(0, ADD, BUY, 10.0, 1.0)])


def test_the_book_equals_a_plain_one_on_random_events(tmp_path):
    rng = np.random.default_rng(5)
    events, books, expected, last = [], ({}, {}), [], None
    for second in range(300):
        for _ in range(rng.integers(1, 4)):
            side, level, quantity = (int(rng.integers(*limits)) for limits in ((0, 2), (1, 6), (0, 3)))
            price = 100.0 - level if side == 0 else 100.0 + level
            events.append((second, DEPTH, (BUY, SELL)[side], price, float(quantity)))
            books[side].pop(price, None)
            if quantity:
                books[side][price] = float(quantity)
        state = None
        if books[0] and books[1]:
            bid, ask = max(books[0]), min(books[1])
            state = (bid, ask, books[0][bid], books[1][ask])
            if state != last:
                expected.append((second, *state))
        last = state
    assert quotes_of(tmp_path, events)[0] == expected
