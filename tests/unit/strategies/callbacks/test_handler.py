"""What the callbacks of a strategy receive, and what happens when one raises."""

import sys
import threading
from typing import Any

import numpy as np
import pytest

import btcore as bt

N = 50
TIMES = np.arange(N, dtype=np.int64) * 60 * 10**9
PRICES = 100.0 + np.arange(N) / 4.0


def market(symbol: str = "A", shift: float = 0.0) -> dict[str, Any]:
    close = PRICES + shift
    return {
        symbol: (
            bt.Quotes(TIMES, close - 0.125, close + 0.125, np.arange(N) + 1.0, np.arange(N) + 2.0),
            bt.Trades(TIMES + 1, close, np.arange(N) + 3.0, np.where(np.arange(N) % 2, 1, -1)),
            bt.Bars(TIMES, close, close + 1.0, close - 1.0, close, np.arange(N) + 4.0, interval="1min"),
        )
    }


def values(event: Any) -> dict[str, Any]:
    names = (name for name in dir(event) if not name.startswith("_"))
    return {name: value for name in names if not callable(value := getattr(event, name))}


class Keeper(bt.Strategy):
    """Keeps every `every`-th event and a copy of its values at that time."""

    every: int = 1

    def on_start(self, ctx: bt.Context) -> None:
        self.kept: list[Any] = []
        self.copies: list[dict[str, Any]] = []
        self.count = 0

    def receive(self, ctx: bt.Context, event: Any) -> None:
        if self.count % self.every == 0:
            self.kept.append(event)
            self.copies.append(values(event))
        self.count += 1

    on_trade = on_bar = on_fill = receive

    def on_quote(self, ctx: bt.Context, quote: bt.QuoteEvent) -> None:
        ctx.buy(quote.symbol, 1.0)
        self.receive(ctx, quote)


@pytest.mark.parametrize("every", [1, 3])
def test_an_event_that_is_kept_does_not_change(every: int) -> None:
    keeper = bt.run({**market(), **market("B", 7.0)}, Keeper(every=every)).strategy
    assert keeper.count == 2 * 4 * N
    assert [values(event) for event in keeper.kept] == keeper.copies
    assert len({id(event) for event in keeper.kept}) == len(keeper.kept)
    assert {type(event).__name__ for event in keeper.kept} == {
        "QuoteEvent", "TradeEvent", "BarEvent", "FillEvent"
    }  # fmt: skip


def test_events_have_the_values_of_the_data() -> None:
    keeper = bt.run(market(), Keeper()).strategy
    quotes = [e for e in keeper.kept if isinstance(e, bt.QuoteEvent)]
    trades = [e for e in keeper.kept if isinstance(e, bt.TradeEvent)]
    bars = [e for e in keeper.kept if isinstance(e, bt.BarEvent)]
    assert [(q.timestamp, q.bid, q.ask, q.mid, q.bid_size, q.ask_size) for q in quotes] == [
        (t, p - 0.125, p + 0.125, p, i + 1, i + 2) for i, (t, p) in enumerate(zip(TIMES, PRICES, strict=True))
    ]
    assert [(t.timestamp, t.price, t.size, t.side) for t in trades] == [
        (t + 1, p, i + 3, 1 if i % 2 else -1) for i, (t, p) in enumerate(zip(TIMES, PRICES, strict=True))
    ]
    assert [(b.timestamp, b.open, b.high, b.low, b.close, b.volume) for b in bars] == [
        (t, p, p + 1, p - 1, p, i + 4) for i, (t, p) in enumerate(zip(TIMES, PRICES, strict=True))
    ]


@pytest.mark.skipif(not getattr(sys, "_is_gil_enabled", lambda: True)(), reason="events are always new there")
def test_an_event_that_is_not_kept_is_used_again() -> None:
    class Careless(bt.Strategy):
        def on_start(self, ctx: bt.Context) -> None:
            self.seen: set[int] = set()

        def on_quote(self, ctx: bt.Context, quote: bt.QuoteEvent) -> None:
            self.seen.add(id(quote))

    careless = bt.run(market(), Careless()).strategy
    assert len(careless.seen) == 1


def test_a_callback_need_not_be_a_method() -> None:
    received = []
    strategy = bt.Strategy()
    strategy.on_quote = lambda ctx, quote: received.append((ctx.now, quote.bid))  # type: ignore[misc]
    bt.run(market(), strategy)
    assert received == list(zip(TIMES.tolist(), (PRICES - 0.125).tolist(), strict=True))


@pytest.mark.parametrize(
    "hook", ["on_start", "on_quote", "on_trade", "on_bar", "on_fill", "on_timer", "on_end"]
)
def test_what_a_callback_raises_ends_the_run(hook: str) -> None:
    def fails(self: Any, ctx: bt.Context, *event: Any) -> None:
        raise ZeroDivisionError(hook)

    def begins(self: Any, ctx: bt.Context) -> None:
        ctx.set_timer(int(TIMES[3]))
        ctx.buy("A", 1.0)

    failing = type("Failing", (bt.Strategy,), {"on_start": begins, hook: fails})
    with pytest.raises(bt.StrategyError, match=f"ZeroDivisionError: {hook}"):
        bt.run(market(), failing)


@pytest.mark.parametrize("failure", [KeyboardInterrupt, SystemExit])
def test_an_interrupt_is_not_turned_into_something_else(failure: type[BaseException]) -> None:
    class Interrupted(bt.Strategy):
        def on_quote(self, ctx: bt.Context, quote: bt.QuoteEvent) -> None:
            raise failure

    with pytest.raises(failure):
        bt.run(market(), Interrupted)


def test_runs_in_threads_do_not_mix() -> None:
    alone = bt.run(market(), Keeper()).strategy
    given, keepers = Keeper(), []  # one instance for all: each run plays a copy

    def play() -> None:
        keepers.append(bt.run(market(), given, progress=False).strategy)

    threads = [threading.Thread(target=play) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [k.copies for k in keepers] == [alone.copies] * 8


def test_required_and_optional_parameters() -> None:
    class Asking(bt.Strategy):
        period: int
        weight: float = 0.5

        def on_bar(self, ctx: bt.Context, bar: bt.BarEvent) -> None:
            ctx.order_target(bar.symbol, float(self.period))

    assert Asking(period=3).params == {"period": 3, "weight": 0.5}
    result = bt.run(market(), Asking, {"period": 3})
    assert result.manifest["run"]["strategy"]["params"] == {"period": 3, "weight": 0.5}
    with pytest.raises(bt.ConfigError, match="period"):
        bt.run(market(), Asking)
