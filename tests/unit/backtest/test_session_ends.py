"""With a calendar, bars of regular hours end at session closes, in both engines and in every kind of run."""

import numpy as np
import pytest
from engines import ENGINES, Case, assert_same
from hand_cases import planned
from log_lines import said

import btcore as bt
from btcore.backtest.inputs import time_span
from btcore.backtest.session_ends import session_ends
from btcore.times.sessions import Sessions, sessions

MINUTE, HOUR, DAY = 60 * 10**9, 3600 * 10**9, 86400 * 10**9


def ns(*texts: str) -> np.ndarray:
    return np.array(texts, "datetime64[ns]").astype(np.int64)


def bars(times, interval="1h", **more):
    price = 100.0 + np.arange(len(times))
    return bt.Bars(times, price, price, price, price, interval=interval, **more)


class Ends(bt.Strategy):
    """Records when each bar is delivered."""

    def on_start(self, ctx: bt.Context) -> None:
        self.times: list[int] = []

    def on_bar(self, ctx: bt.Context, bar: bt.BarEvent) -> None:
        self.times.append(ctx.now)


def ends(data, calendar="XNYS", **terms):
    strategy = Ends()
    result = bt.run({"A": data}, strategy, calendar=calendar, progress=False, **terms)
    return result.strategy.times, result


HOURS = bars(np.concatenate([ns(f"2024-01-{day}T14:30") + HOUR * np.arange(7) for day in ("03", "04", "05")]))


def test_the_last_hour_of_a_session_is_half_an_hour():
    times, result = ends(HOURS)
    assert times[6::7] == ns("2024-01-03T21:00", "2024-01-04T21:00", "2024-01-05T21:00").tolist()
    assert times[:6] == (HOURS.timestamp[:6] + HOUR).tolist()
    assert said(result) == ["3 of 21 bars of A end at a session close of XNYS"]
    assert result.metrics["periods"] == 3


def test_a_short_session_ends_early():
    # 2024-07-03 closed at 13:00 in New York, 17:00 UTC.
    times, _ = ends(bars(np.r_[ns("2024-07-02T19:30"), ns("2024-07-03T13:30") + HOUR * np.arange(4)]))
    assert times[-1] == ns("2024-07-03T17:00")[0]


def test_part_of_one_session_does_not_show_that_there_are_no_other_hours():
    """Of bars from 13:30 to 23:30 UTC a run sees two; the second goes on for half an hour after the close."""
    extended = bars(np.concatenate([ns(f"2024-01-0{day}T13:30") + HOUR * np.arange(10) for day in (3, 4)]))
    times, result = ends(extended, start="2024-01-03T19:30", end="2024-01-03T21:00")
    assert times == ns("2024-01-03T20:30", "2024-01-03T21:30").tolist()
    assert said(result) == []
    one_day = {"start": "2024-01-03", "end": "2024-01-04"}
    assert ends(HOURS, **one_day)[0][-1] == ns("2024-01-03T21:30")[0]
    cut = bt.leakcheck(
        {"A": extended}, Ends, calendar="XNYS", start="2024-01-03T14:30", end="2024-01-03T21:00"
    )
    assert cut.runs > 1


def test_without_a_calendar_nothing_changes():
    times, result = ends(HOURS, None)
    assert times == (HOURS.timestamp + HOUR).tolist()
    assert said(result) == []


KEPT = {
    "other hours too": np.r_[ns("2024-01-03T13:30"), HOURS.timestamp],
    "at the close, which is no part of the session": np.r_[HOURS.timestamp[:-1], ns("2024-01-05T21:00")],
    "days from midnight": ns("2024-01-03", "2024-01-04", "2024-01-05"),
}


@pytest.mark.parametrize("name", KEPT)
def test_other_bars_keep_their_ends(name):
    data = bars(KEPT[name], "1d" if "days" in name else "1h")
    times, result = ends(data)
    assert times == data.end.tolist()
    assert not any("session close" in line for line in result.logs)


def test_bars_with_ends_of_their_own_keep_them():
    own = HOURS.timestamp + 20 * MINUTE
    times, result = ends(bars(HOURS.timestamp, end=own))
    assert times == own.tolist()
    assert said(result) == []


def test_a_day_from_the_open_ends_at_its_close_and_a_week_at_that_of_its_last_session():
    """A week cut at the close of its first day would be look-ahead."""
    days = bars(ns("2024-01-03T14:30", "2024-01-04T14:30", "2024-01-05T14:30"), "1d")
    assert ends(days)[0] == ns("2024-01-03T21:00", "2024-01-04T21:00", "2024-01-05T21:00").tolist()
    weeks = bars(ns("2024-01-08T14:30", "2024-01-16T14:30", "2024-01-22T14:30"), "5d")
    assert ends(weeks)[0][0] == ns("2024-01-12T21:00")[0]
    assert ends(weeks)[0][2] == ns("2024-01-26T21:00")[0]


def test_a_day_of_23_hours_does_not_reach_the_next_session():
    """Bars of a catalog of 0.1.0 may overlap by an hour where the clock is put forward."""
    starts = ns("2024-03-07T14:30", "2024-03-08T13:30")
    price = np.ones(2)
    columns = {"timestamp": starts} | dict.fromkeys(("open", "high", "low", "close"), price)
    old = bt.Bars._trusted(columns, {"interval": DAY, "source": "trade"})
    closes = ns("2024-03-07T21:00", "2024-03-08T20:00")
    assert session_ends(old, Sessions(starts, closes, "X")).tolist() == closes.tolist()


def test_the_hash_of_the_data_is_that_of_the_bars_given():
    _, with_calendar = ends(HOURS)
    _, without = ends(HOURS, None)
    hashes = [result.manifest["data"][0]["sha256"] for result in (with_calendar, without)]
    assert hashes == [HOURS.content_hash] * 2
    assert "end" not in HOURS.columns


def test_merged_streams_are_put_in_order_again():
    """The last bar of A, of half an hour, comes before the tick after the close."""
    late = bt.Trades(ns("2024-01-03T14:30", "2024-01-03T21:10"), [5.0, 6.0])
    heard = []

    class Hears(bt.Strategy):
        def on_bar(self, ctx, bar):
            heard.append("bar")

        def on_trade(self, ctx, trade):
            heard.append("trade")

    data = {"A": HOURS, "B": late}
    bt.run(bt.merge(data), Hears, calendar="XNYS", progress=False)
    assert heard == ["trade", *["bar"] * 7, "trade", *["bar"] * 14]


def test_excursions_and_orders_use_the_ends():
    class Buys(bt.Strategy):
        def on_bar(self, ctx, bar):
            if ctx.now == int(ns("2024-01-03T21:00")[0]):
                ctx.buy("A", 1)

    result = bt.run({"A": HOURS}, Buys, calendar="XNYS", progress=False)
    assert result.trades["timestamp"].tolist() == ns("2024-01-04T14:30").tolist()
    assert result.orders["sent_at"].tolist() == ns("2024-01-03T21:00").tolist()


@pytest.mark.parametrize("rows", [HOURS.timestamp, HOURS.timestamp[:7], KEPT["other hours too"]])
def test_the_second_engine_agrees(rows):
    data = bars(rows)
    found = sessions(*time_span([("A", (data,))]), "UTC", "XNYS")
    plan = {0: lambda ctx: ctx.buy("A", 1, time_in_force="CLS"), 1: lambda ctx: ctx.buy("A", 1)}
    stream = {
        "bars": [(int(ts), p, p, p, p, 1.0) for ts, p in zip(data.timestamp, data.close, strict=True)],
        "interval": HOUR,
    }
    case = Case({"A": stream}, calendar="XNYS", sessions=(found.opens.tolist(), found.closes.tolist()))
    one, two = (engine(case, planned(plan)) for engine in ENGINES.values())
    assert_same(one.strategy.calls, two.strategy.calls, 1e6)
    assert_same(one.fills, two.fills, 1e6)
    assert_same(one.equity, two.equity, 1e6)


def test_leakcheck_cuts_bars_as_they_are_in_the_whole_run():
    """The last rows have other hours too, so no bar ends at a close; on the first rows alone they would."""
    data = {"A": bars(np.r_[HOURS.timestamp, ns("2024-01-05T22:30") + HOUR * np.arange(3)])}

    class Often(bt.Strategy):
        def on_bar(self, ctx, bar):
            ctx.buy("A", 1)

    for given in (data, {"A": HOURS}):
        report = bt.leakcheck(given, Often, calendar="XNYS", cuts=20)
        assert report.orders_checked > 10


def test_leakcheck_gives_the_strategy_the_ends_of_the_run():
    def at_ends(data):
        return bt.Orders(data["A"].end, "A", "buy", np.ones(len(data["A"])))

    report = bt.leakcheck({"A": HOURS}, at_ends, calendar="XNYS", start="2024-01-03", end="2024-01-05")
    assert report.orders_checked > 3
