"""`on_bars`, called once for all bars of a time, and `warm_up`, before which no callback is called."""

from typing import Any, ClassVar

import numpy as np
import pytest
from engines import ENGINES, Case
from hypothesis import given
from hypothesis import strategies as st

import btcore as bt

MINUTE = 60 * 10**9


def bars(ends: list[int], price: float = 100.0, length: int = 1) -> bt.Bars:
    """Bars that end at these minutes."""
    starts = (np.array(ends) - length) * MINUTE
    return bt.Bars(starts, *[np.full(len(ends), price)] * 4, interval=f"{length}min")


class Recorder(bt.Strategy):
    def on_start(self, ctx: bt.Context) -> None:
        self.calls: list[tuple[str, int, Any]] = []

    def on_bar(self, ctx: bt.Context, bar: bt.BarEvent) -> None:
        self.calls.append(("bar", ctx.now // MINUTE, bar.symbol))

    def on_bars(self, ctx: bt.Context, bars: dict[str, bt.BarEvent]) -> None:
        self.calls.append(("bars", ctx.now // MINUTE, list(bars)))


class TestOnBars:
    DATA: ClassVar = {"A": bars([1, 2, 4]), "B": bars([2, 3, 4])}

    def test_it_comes_after_the_last_bar_of_a_time(self) -> None:
        result = bt.run(self.DATA, Recorder)
        assert result.strategy.calls == [
            ("bar", 1, "A"), ("bars", 1, ["A"]),
            ("bar", 2, "A"), ("bar", 2, "B"), ("bars", 2, ["A", "B"]),
            ("bar", 3, "B"), ("bars", 3, ["B"]),
            ("bar", 4, "A"), ("bar", 4, "B"), ("bars", 4, ["A", "B"]),
        ]  # fmt: skip

    def test_ticks_between_bars_of_one_time_do_not_divide_them(self) -> None:
        quotes = bt.Quotes([MINUTE, 2 * MINUTE], [99.0, 99.0], [101.0, 101.0])
        result = bt.run({"A": bars([2]), "M": quotes, "Z": bars([2])}, Recorder)
        assert result.strategy.calls == [("bar", 2, "A"), ("bar", 2, "Z"), ("bars", 2, ["A", "Z"])]

    def test_each_event_is_an_object_of_its_own(self) -> None:
        class Keeps(bt.Strategy):
            def on_start(self, ctx: bt.Context) -> None:
                self.seen: list[dict[str, bt.BarEvent]] = []

            def on_bars(self, ctx: bt.Context, bars: dict[str, bt.BarEvent]) -> None:
                self.seen.append(bars)

        data = {"A": bars([1, 2], 10.0), "B": bars([1, 2], 20.0)}
        seen = bt.run(data, Keeps).strategy.seen
        assert [[(s, b.symbol, b.close, b.timestamp) for s, b in each.items()] for each in seen] == [
            [("A", "A", 10.0, at), ("B", "B", 20.0, at)] for at in (0, MINUTE)
        ]

    def test_an_order_of_it_fills_at_the_next_open_as_one_of_on_bar(self) -> None:
        class Buys(bt.Strategy):
            def on_bars(self, ctx: bt.Context, bars: dict[str, bt.BarEvent]) -> None:
                if ctx.position("A") == 0:
                    ctx.buy("A", 1)
                self.equity = ctx.equity

        class Same(bt.Strategy):
            def on_bar(self, ctx: bt.Context, bar: bt.BarEvent) -> None:
                if ctx.position("A") == 0:
                    ctx.buy("A", 1)

        data = {"A": bt.sample_bars("A", "2024-01-02", "2024-03-01")}
        one, other = bt.run(data, Buys), bt.run(data, Same)
        assert one.trades.tobytes() == other.trades.tobytes()
        assert len(one.trades) == 1
        assert bt.leakcheck(data, Buys).orders_checked == 1

    def test_marks_are_those_of_all_bars_of_the_time(self) -> None:
        class Holds(bt.Strategy):
            def on_bars(self, ctx: bt.Context, bars: dict[str, bt.BarEvent]) -> None:
                if ctx.now == MINUTE:
                    ctx.buy("A", 1)
                    ctx.buy("B", 1)
                self.equity = ctx.equity

        rises = [
            bt.Bars([0, MINUTE, 2 * MINUTE], *[[10.0, 10.0, x]] * 4, interval="1min") for x in (12.0, 15.0)
        ]
        result = bt.run({"A": rises[0], "B": rises[1]}, Holds, initial_capital=100.0)
        assert result.strategy.equity == 107.0

    @pytest.mark.parametrize("hook", ["on_bar", "on_bars"])
    def test_an_error_in_it_names_the_time(self, hook: str) -> None:
        def fails(self: Any, ctx: Any, bars: Any) -> None:
            raise KeyError("X")

        with pytest.raises(bt.StrategyError, match="at 1970-01-01T00:01:00"):
            bt.run(self.DATA, type("Fails", (bt.Strategy,), {hook: fails}))


ROWS = st.lists(st.integers(1, 12), min_size=1, max_size=8, unique=True).map(sorted)


@given(streams=st.lists(ROWS, min_size=1, max_size=3), latency=st.sampled_from([0.0, 60_000.0]))
def test_both_engines_call_it_alike(streams: list[list[int]], latency: float) -> None:
    def make(base: type) -> type:
        def on_start(self: Any, ctx: Any) -> None:
            self.calls = []

        def on_bar(self: Any, ctx: Any, bar: Any) -> None:
            self.calls.append((ctx.now, "bar", bar.symbol))
            ctx.buy(bar.symbol, 1)

        def on_fill(self: Any, ctx: Any, fill: Any) -> None:
            self.calls.append((ctx.now, "fill", fill.symbol))

        def on_bars(self: Any, ctx: Any, bars: Any) -> None:
            self.calls.append((ctx.now, sorted(bars), ctx.equity))
            ctx.sell(min(bars), 2)

        hooks = {"on_start": on_start, "on_bar": on_bar, "on_fill": on_fill, "on_bars": on_bars}
        return type("Records", (base,), hooks)

    rows = {
        "ABC"[i]: {
            "bars": [((end - 1) * MINUTE, *[100.0 + end] * 4, 9.0) for end in ends],
            "interval": MINUTE,
        }
        for i, ends in enumerate(streams)
    }
    case = Case(rows, execution=bt.Execution(latency_ms=latency))
    ours, theirs = (ENGINES[name](case, make) for name in ("btcore", "reference"))
    assert ours.strategy.calls == theirs.strategy.calls
    assert ours.fills == theirs.fills


class Warm(Recorder):
    warm_up = 3

    def on_start(self, ctx: bt.Context) -> None:
        super().on_start(ctx)
        self.mean = ctx.indicator("sma", "A", 3)
        ctx.every("1min")

    def on_timer(self, ctx: bt.Context) -> None:
        self.calls.append(("timer", ctx.now // MINUTE, None))


class TestWarmUp:
    def test_the_first_call_is_at_the_row_that_completes_it(self) -> None:
        result = bt.run({"A": bars([1, 2, 3, 4])}, Warm)
        first, *_, last = result.strategy.calls
        assert first == ("bar", 3, "A")
        assert last == ("bars", 4, ["A"])
        assert result.strategy.mean.value == 100.0

    def test_every_symbol_counts(self) -> None:
        data = {"A": bars([1, 2, 3, 4, 5]), "B": bars([2, 4, 5])}
        calls = bt.run(data, Warm).strategy.calls
        assert calls[0] == ("bar", 5, "B")
        assert calls[-1] == ("bars", 5, ["B"])  # the bar of A came before the third of B

    def test_history_and_indicators_are_complete(self) -> None:
        class Reads(bt.Strategy):
            warm_up = 20

            def on_start(self, ctx: bt.Context) -> None:
                self.mean, self.seen = ctx.indicator("sma", "A", 20), []

            def on_bar(self, ctx: bt.Context, bar: bt.BarEvent) -> None:
                self.seen.append((len(ctx.history("A", "close")), self.mean.ready))

        data = {"A": bt.sample_bars("A", "2024-01-02", "2024-03-01")}
        assert bt.run(data, Reads).strategy.seen[:2] == [(20, True), (21, True)]
        assert bt.leakcheck(data, Reads).cuts

    def test_ticks_are_counted_without_bars(self) -> None:
        class Counts(bt.Strategy):
            warm_up = 2

            def on_quote(self, ctx: bt.Context, quote: bt.QuoteEvent) -> None:
                ctx.log(str(quote.timestamp))

        quotes = bt.Quotes([1, 2, 3], [99.0] * 3, [101.0] * 3)
        assert [line for line in bt.run({"A": quotes}, Counts).logs if line in "123"] == ["2", "3"]

    def test_too_few_rows_are_logged(self) -> None:
        result = bt.run({"A": bars([1, 2])}, Warm)
        assert result.strategy.calls == []
        assert (
            "Warm.warm_up is 3 rows and A has 2 bars: no callback of the data or of timers is called"
            in result.logs
        )

    @pytest.mark.parametrize("rows", [-1, 2.5, "20", True])
    def test_what_is_no_number_of_rows_is_refused(self, rows: Any) -> None:
        wrong = type("Wrong", (Recorder,), {"warm_up": rows})
        with pytest.raises(
            bt.ConfigError, match=r"Wrong\.warm_up .* is not a whole number of rows from 0 on"
        ):
            bt.run({"A": bars([1, 2])}, wrong)
