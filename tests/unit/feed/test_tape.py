"""Many streams as one: the merge equals a stable sort by delivery, symbol, kind and row."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import btcore as bt
from btcore.feed.tape import Tape

KINDS = {"quotes": 0, "trades": 1, "bars": 2}
times = st.lists(st.integers(0, 12), max_size=12).map(sorted)


def container(kind: str, stamps: list[int], interval: int):
    ones = np.ones(len(stamps))
    if kind == "quotes":
        return bt.Quotes(np.array(stamps, np.int64), ones, ones)
    if kind == "trades":
        return bt.Trades(np.array(stamps, np.int64), ones)
    spaced = np.array(sorted(set(stamps)), np.int64) * interval
    ends = spaced + 1 + spaced // interval % interval  # 1 to `interval` ns later, in turn
    own = {"end": ends} if interval == 3 else {}
    return bt.Bars(spaced, *[np.ones(len(spaced))] * 4, interval=interval, **own)


@st.composite
def markets(draw):
    found = []
    for i in range(draw(st.integers(1, 4))):
        kinds = draw(st.permutations(["bars", "quotes", "trades"]))[: draw(st.integers(1, 3))]
        streams = tuple(container(kind, draw(times), draw(st.integers(1, 3))) for kind in kinds)
        found.append((f"S{i}", streams))
    return found


class Listens(bt.Strategy):
    def on_start(self, ctx):
        self.events = []

    def receive(self, ctx, kind, event):
        self.events.append((ctx.now, int(event.symbol[1:]), KINDS[kind], event.timestamp))

    def on_quote(self, ctx, quote):
        self.receive(ctx, "quotes", quote)

    def on_trade(self, ctx, trade):
        self.receive(ctx, "trades", trade)

    def on_bar(self, ctx, bar):
        self.receive(ctx, "bars", bar)


@given(markets())
def test_the_order_of_events(found):
    rows = [
        (int(end), s, KINDS[c.kind], int(ts))
        for s, (_, streams) in enumerate(found)
        for c in streams
        for ts, end in zip(c.timestamp, c.end if c.kind == "bars" else c.timestamp, strict=True)
    ]
    tape = Tape(found)
    assert tape.n_events == len(rows)
    if not all(any(len(c) for c in streams) for _, streams in found):
        return  # a run refuses a symbol without rows
    listens = bt.run(dict(found), Listens()).strategy
    assert listens.events == sorted(rows)
    assert tape.last_time() == max(rows)[0]


def test_the_columns_are_borrowed():
    """No copy of the data is made, whatever its size."""
    stamps = np.arange(1000)
    quotes = bt.Quotes(stamps, np.ones(1000), np.ones(1000))
    tape = Tape([("A", (quotes,))])
    assert tape.containers == (quotes,)
    assert np.shares_memory(quotes.timestamp, stamps)


def test_too_many_streams():
    quotes = bt.Quotes([1], [1.0], [1.0])
    with pytest.raises(ValueError, match="at most 65535"):
        Tape([(f"S{i}", (quotes,)) for i in range(65536)])
