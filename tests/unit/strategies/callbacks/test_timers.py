"""The clock of a strategy: local time, named and repeating timers, their order beside bars; closing."""

from datetime import UTC, datetime, time, timedelta
from typing import Any

import numpy as np
import pytest

import btcore as bt

SECOND, MINUTE, HOUR, DAY = 10**9, 60 * 10**9, 3600 * 10**9, 86_400 * 10**9
NY = "America/New_York"


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * SECOND


def minutes(begin: str, n: int, step: int = MINUTE) -> bt.Bars:
    p = np.full(n, 100.0)
    return bt.Bars(at(begin) + step * np.arange(n), p, p, p, p, interval=step)


def calls(start: Any, data: bt.Bars, **terms: Any) -> list[tuple[str, str | None]]:
    """What the hooks of a run saw: (time in UTC, name of the timer or "bar")."""

    class Clock(bt.Strategy):
        def on_start(self, ctx: bt.Context) -> None:
            self.seen: list[tuple[str, str | None]] = []
            start(ctx)

        def on_timer(self, ctx: bt.Context, name: str | None) -> None:
            self.seen.append((text_of(ctx.now), name))

        def on_bar(self, ctx: bt.Context, bar: bt.BarEvent) -> None:
            self.seen.append((text_of(ctx.now), "bar"))

    result = bt.run({"A": data}, Clock, **terms)
    assert isinstance(result.strategy, Clock)
    return result.strategy.seen


def text_of(ns: int) -> str:
    whole, rest = divmod(ns, SECOND)
    return f"{datetime.fromtimestamp(whole, UTC):%m-%d %H:%M}" + (f" +{rest}" if rest else "")


def timers(seen: list[tuple[str, str | None]]) -> list[str]:
    return [when for when, name in seen if name != "bar"]


def test_time_is_local_and_aware() -> None:
    found = []

    class Reads(bt.Strategy):
        def on_bar(self, ctx: bt.Context, bar: bt.BarEvent) -> None:
            found.append(ctx.time)

    bars = minutes("2024-07-01T13:30", 1, 1_500_000_000)
    bt.run({"A": bars}, Reads, timezone=NY)
    assert found == [datetime(2024, 7, 1, 13, 30, 1, 500_000, tzinfo=UTC)]
    assert found[0].isoformat() == "2024-07-01T09:30:01.500000-04:00"


def test_steps_count_from_local_midnight() -> None:
    # Kolkata is 5:30 ahead: its midnight is 18:30 UTC. 28 * 50 minutes are 23:20 hours, which is 17:50 UTC.
    seen = calls(lambda ctx: ctx.every("50min"), minutes("2024-01-02T17:00", 150), timezone="Asia/Kolkata")
    assert timers(seen) == ["01-02 17:50", "01-02 18:30", "01-02 19:20"]


def test_steps_over_a_change_of_clocks() -> None:
    # 2024-03-10 has 23 hours in New York, from 05:00 UTC to 04:00 UTC; each midnight begins a new count.
    seen = calls(lambda ctx: ctx.every("10h"), minutes("2024-03-10T04:00", 40, HOUR), timezone=NY)
    assert timers(seen) == ["03-10 05:00", "03-10 15:00", "03-11 01:00", "03-11 04:00", "03-11 14:00"]


def test_periods_begin_at_local_midnights() -> None:
    days = minutes("2024-01-29T00:00", 60, DAY)
    seen = {
        p: timers(calls(lambda ctx, p=p: ctx.every(p), days, timezone=NY))
        for p in ("week", "month", "quarter")
    }
    assert seen["month"] == ["02-01 05:00", "03-01 05:00"]
    assert seen["week"][:2] == ["01-29 05:00", "02-05 05:00"]
    assert seen["week"][-1] == "03-25 04:00"
    assert seen["quarter"] == []


def test_a_daily_time_keeps_to_its_clock() -> None:
    days = minutes("2024-03-08T00:00", 5, DAY)
    in_new_york = calls(lambda ctx: ctx.at("15:55", timezone=NY), days)
    assert timers(in_new_york) == ["03-08 20:55", "03-09 20:55", "03-10 19:55", "03-11 19:55", "03-12 19:55"]
    # 02:30 does not exist on 2024-03-10: the clocks go forward at 07:00 UTC.
    skipped = calls(lambda ctx: ctx.at(time(2, 30)), days, timezone=NY)
    assert timers(skipped)[:4] == ["03-08 07:30", "03-09 07:30", "03-10 07:00", "03-11 06:30"]


def test_sessions_of_the_calendar() -> None:
    # 2024-07-03 closes at 13:00 in New York, and 2024-07-04 is a holiday.
    hours = minutes("2024-07-02T00:00", 24 * 5, HOUR)

    def start(ctx: bt.Context) -> None:
        ctx.at("open", "open")
        ctx.at("close", "near the close", offset="-5min")

    seen = [call for call in calls(start, hours, calendar="XNYS") if call[1] != "bar"]
    assert seen == [
        ("07-02 13:30", "open"), ("07-02 19:55", "near the close"),
        ("07-03 13:30", "open"), ("07-03 16:55", "near the close"),
        ("07-05 13:30", "open"), ("07-05 19:55", "near the close"),
    ]  # fmt: skip


def test_a_timer_comes_before_the_bars_of_its_moment_or_after_them() -> None:
    bars = minutes("2024-01-02T00:00", 2)

    def start(ctx: bt.Context) -> None:
        ctx.set_timer(at("2024-01-02T00:01"), "before")
        ctx.set_timer(at("2024-01-02T00:01"), "after", after_bars=True)
        ctx.every("2min", "every", after_bars=True)

    assert calls(start, bars) == [
        ("01-02 00:01", "before"),
        ("01-02 00:01", "bar"),
        ("01-02 00:01 +1", "after"),
        ("01-02 00:02", "bar"),
    ]
    # The last bar ends at 00:02; what comes later does not happen.


def test_timers_of_one_moment_are_called_in_the_order_of_setting() -> None:
    def start(ctx: bt.Context) -> None:
        for name in ("b", "a", None, "c"):
            ctx.set_timer(at("2024-01-02T00:01"), name)

    seen = calls(start, minutes("2024-01-02T00:00", 3))
    assert [name for _, name in seen][:4] == ["b", "a", None, "c"]


def test_a_hook_without_a_name_is_called_as_before() -> None:
    class Plain(bt.Strategy):
        def on_start(self, ctx: bt.Context) -> None:
            self.rang = 0
            ctx.every("1min", "named")

        def on_timer(self, ctx: bt.Context) -> None:
            self.rang += 1

    result = bt.run({"A": minutes("2024-01-02T00:00", 5)}, Plain)
    assert isinstance(result.strategy, Plain)
    assert result.strategy.rang == 5
    assert not any("timer" in line for line in result.logs)  # one that repeats is not left over


@pytest.mark.parametrize(
    ("start", "message"),
    [
        (lambda ctx: ctx.every("2d"), "every: '2d' is longer than a day; a longer one is one of week, month"),
        (lambda ctx: ctx.every("often"), "every: interval: 'often'"),
        (lambda ctx: ctx.every(0), "every: interval: 0"),
        (lambda ctx: ctx.every(60), "every: 60 is less than a microsecond; a number is one of nanoseconds"),
        (lambda ctx: ctx.every("wek"), "did you mean 'week'"),
        (lambda ctx: ctx.at("25:00"), "at: '25:00' is not a time of day such as '15:55', 'open' or 'close'"),
        (lambda ctx: ctx.at("15:55+01:00"), "has an offset; give the timezone= as a name"),
        (lambda ctx: ctx.at("15:55", timezone="Mars"), "Mars"),
        (lambda ctx: ctx.at("15:55", offset="5min"), "offset '5min' goes with 'open' and 'close'"),
        (lambda ctx: ctx.at("close"), "at: 'close' needs a calendar of the run"),
    ],
)
def test_what_is_no_time_is_refused(start: Any, message: str) -> None:
    with pytest.raises(bt.errors.StrategyError, match=message):
        calls(start, minutes("2024-01-02T00:00", 2))


def test_sessions_have_the_timezone_of_their_calendar() -> None:
    with pytest.raises(
        bt.errors.StrategyError, match="timezone 'UTC' goes with a time of day, not with 'open'"
    ):
        calls(
            lambda ctx: ctx.at("open", timezone="UTC"), minutes("2024-07-02T00:00", 24, HOUR), calendar="XNYS"
        )


def test_a_length_may_be_a_timedelta() -> None:
    seen = calls(lambda ctx: ctx.every(timedelta(minutes=2)), minutes("2024-01-02T00:00", 5))
    assert timers(seen) == ["01-02 00:02", "01-02 00:04"]


def test_leakcheck_calls_hooks_with_names() -> None:
    class Named(bt.Strategy):
        def on_start(self, ctx: bt.Context) -> None:
            ctx.every("day", "rebalance")

        def on_timer(self, ctx: bt.Context, name: str | None) -> None:
            assert name == "rebalance"
            ctx.order_target("A", float(ctx.time.day % 3))

    report = bt.leakcheck({"A": minutes("2024-01-02T00:00", 40, DAY)}, Named, cuts=4)
    assert report.orders_checked > 10


class Trades(bt.Strategy):
    """Buys two units of A and sells one of B, then closes."""

    one_by_one: bool = False

    def on_start(self, ctx: bt.Context) -> None:
        self.bars, self.sent = 0, []

    def on_bar(self, ctx: bt.Context, bar: bt.BarEvent) -> None:
        self.bars += 1
        if self.bars == 2:
            ctx.buy("A", 2)
            ctx.sell("B", 1)
        if self.bars == 6 and self.one_by_one:
            self.sent = [ctx.close(symbol) for symbol in ("A", "B", "C")]
        elif self.bars == 6:
            self.sent = ctx.close_all()


@pytest.mark.parametrize(("one_by_one", "sent"), [(True, [3, 4, None]), (False, [3, 4])])
def test_positions_are_closed(one_by_one: bool, sent: list[int | None]) -> None:
    data = {symbol: minutes("2024-01-02T00:00", 6) for symbol in "ABC"}
    result = bt.run(data, Trades, {"one_by_one": one_by_one})
    assert result.strategy.sent == sent
    assert result.trades["side"].tolist() == ["buy", "sell", "sell", "buy"]
    assert result.trades["quantity"].tolist() == [2, 1, 2, 1]


def test_both_legs_of_a_hedging_account_are_closed() -> None:
    class Hedges(bt.Strategy):
        def on_start(self, ctx: bt.Context) -> None:
            ctx.buy("A", 2)
            ctx.sell("A", 1)

        def on_bar(self, ctx: bt.Context, bar: bt.BarEvent) -> None:
            if ctx.position("A", "long") and not ctx.open_orders():
                with pytest.raises(bt.errors.OrderError, match="close needs leg='long' or leg='short'"):
                    ctx.close("A")
                ctx.close_all()

    execution = bt.Execution(position_mode="hedging")
    result = bt.run({"A": minutes("2024-01-02T00:00", 4)}, Hedges, execution=execution)
    assert result.orders["reduce_only"].tolist() == [False, False, True, True]
    assert result.trades["side"].tolist() == ["buy", "sell", "sell", "buy"]
    assert result.equity_curve["positions"][-1] == 0.0


def test_a_target_value_is_a_quantity_worth_it() -> None:
    class Values(bt.Strategy):
        value: float = 0.0

        def on_bar(self, ctx: bt.Context, bar: bt.BarEvent) -> None:
            ctx.order_target_value("A", self.value)

    data = {"A": minutes("2024-01-02T00:00", 4)}
    lots = {"A": bt.Instrument(lot_size=1)}
    costs = bt.Execution(commission_bps=100)
    # 1,050 / (100 * 1.01) is 10.4, in whole units 10; beyond the capital of 2,000 it is 2,000 / 101, 19.8.
    for value, quantity in ((1050.0, 10), (-1050.0, -10), (5000.0, 19), (0.0, 0)):
        result = bt.run(
            data, Values, {"value": value}, instruments=lots, execution=costs, initial_capital=2000.0
        )
        held = (result.trades["quantity"] * np.where(result.trades["side"] == "buy", 1, -1)).sum()
        assert held == quantity
