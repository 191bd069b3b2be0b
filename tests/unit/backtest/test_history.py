"""`warm_up`: which rows before the start a strategy can read, and what it is told of them."""

from typing import Any

import numpy as np
import pytest

import btcore as bt
from btcore.errors import ConfigError

DAY = 86_400 * 10**9
START = 19_723 * DAY  # 2024-01-01


def daily(n: int, first: int = START) -> bt.Bars:
    close = 100.0 + np.arange(n)
    return bt.Bars(first + DAY * np.arange(n), close, close, close, close, interval="1d")


class Reads(bt.Strategy):
    """Records what it can read at the start and at each bar."""

    def on_start(self, ctx: bt.Context) -> None:
        self.mean = ctx.indicator("sma", "A", 3)
        self.first = ctx.history("A", "close").tolist()
        self.seen: list[tuple[int, float, int]] = []

    def on_bar(self, ctx: bt.Context, bar: bt.BarEvent) -> None:
        self.seen.append((bar.timestamp, self.mean.value, len(ctx.history("A", "close"))))


def played(rows: int, **terms: Any) -> bt.Result:
    given = {"start": START + 5 * DAY, "progress": False, **terms}
    return bt.run({"A": daily(8)}, Reads, warm_up=rows, **given)


def test_the_last_rows_before_the_start_are_read_and_bring_no_callback() -> None:
    strategy = played(4).strategy
    assert strategy.first == [101.0, 102.0, 103.0, 104.0]
    assert strategy.seen == [
        (START + 5 * DAY, 104.0, 5),
        (START + 6 * DAY, 105.0, 6),
        (START + 7 * DAY, 106.0, 7),
    ]


def test_without_warm_up_the_indicator_begins_at_the_start() -> None:
    assert [value for _, value, _ in played(0).strategy.seen][2] == 106.0
    assert np.isnan(played(0).strategy.seen[0][1])


def test_fewer_rows_than_asked_for_are_said() -> None:
    assert "warm_up: A has 5 of 9 bars before 2024-01-06T00:00:00Z" in played(9).logs
    assert not [line for line in played(5).logs if "warm_up" in line]


def test_a_bar_that_ends_after_the_start_is_left_out() -> None:
    """At noon the bar of the fifth day is not over: neither the run nor the strategy knows it."""
    warm = played(3, start=START + 4 * DAY + DAY // 2)
    assert warm.strategy.first == [101.0, 102.0, 103.0]
    assert warm.strategy.seen[0] == (START + 5 * DAY, (102 + 103 + 105) / 3, 4)
    assert len(warm.equity_curve) == 4


def test_the_rows_are_part_of_manifest_fingerprint_and_replay() -> None:
    warm, cold = played(2), played(0)
    assert warm.manifest["run"]["warm_up"] == 2
    assert "warm_up" not in cold.manifest["run"]
    assert warm.fingerprint != cold.fingerprint
    assert warm.manifest["data"][0]["rows"] == 5
    assert bt.replay(warm, {"A": daily(8)}, Reads).differences == []


def test_the_warm_up_of_a_class_counts_these_rows() -> None:
    class Late(Reads):
        warm_up = 5

    data = {"A": daily(8)}
    late = bt.run(data, Late, start=START + 5 * DAY, warm_up=3, progress=False)
    assert [time for time, *_ in late.strategy.seen] == [START + 6 * DAY, START + 7 * DAY]


def test_several_symbols_and_kinds() -> None:
    times = START + DAY // 2 + DAY * np.arange(8)
    price = 50.0 + np.arange(8)
    data = {"A": daily(8), "B": (bt.Trades(times, price), bt.Quotes(times, price - 1, price + 1))}

    class Both(bt.Strategy):
        def on_start(self, ctx: bt.Context) -> None:
            self.first = [
                ctx.history("A", "close").tolist(),
                ctx.history("B", "price", kind="trades").tolist(),
                ctx.history("B", "bid", kind="quotes").tolist(),
            ]

    warm = bt.run(data, Both, start=START + 5 * DAY, warm_up=2, progress=False)
    assert warm.strategy.first == [[103.0, 104.0], [53.0, 54.0], [52.0, 53.0]]
    assert warm.metrics["events"] == 9


def test_the_rows_of_a_catalog_before_the_start_are_read(tmp_path: Any) -> None:
    catalog = bt.Catalog(tmp_path / "catalog")
    catalog.write("A", daily(8))
    warm = bt.run(catalog, Reads, symbols=["A"], start="2024-01-06", warm_up=4, progress=False)
    assert warm.strategy.first == [101.0, 102.0, 103.0, 104.0]


def test_bars_of_regular_hours_before_the_start_end_at_their_closes() -> None:
    pytest.importorskip("exchange_calendars")
    opens = np.array(["2024-01-02T14:30", "2024-01-03T14:30", "2024-01-04T14:30"], "M8[ns]").astype(np.int64)
    close = np.array([100.0, 101.0, 102.0])
    bars = bt.Bars(opens, close, close, close, close, interval="1d")
    warm = bt.run(
        {"A": bars},
        Reads,
        start="2024-01-04",
        warm_up=2,
        calendar="XNYS",
        progress=False,
        periods_per_year=252,
    )
    assert warm.strategy.first == [100.0, 101.0]


def test_built_bars_are_those_of_the_rows_before_the_start_too() -> None:
    class Weeks(bt.Strategy):
        def on_bar(self, ctx: bt.Context, bar: bt.BarEvent) -> None:
            self.weeks = ctx.history("A", "close", kind="1w").tolist()

    data = {"A": daily(20)}
    warm = bt.run(data, Weeks, start=START + 14 * DAY, warm_up=14, build_bars=["1w"], progress=False)
    assert warm.strategy.weeks == [106.0, 113.0]


@pytest.mark.parametrize("rows", [-1, 1.5, "10", True])
def test_a_wrong_number_of_rows_is_refused(rows: Any) -> None:
    with pytest.raises(ConfigError, match="warm_up"):
        played(rows)


def test_a_run_without_a_start_has_no_rows_before_it() -> None:
    with pytest.raises(ConfigError, match=r"warm_up: 3 rows before `start`"):
        bt.run({"A": daily(8)}, Reads, warm_up=3)


@pytest.mark.parametrize("start", [START + 5 * DAY, START + 5 * DAY - 1000])
def test_orders_of_on_start_meet_the_first_bar_of_the_run(start: int) -> None:
    class Early(bt.Strategy):
        def on_start(self, ctx: bt.Context) -> None:
            ctx.buy("A", 1)
            ctx.buy("A", 1, limit=200.0)
            ctx.buy("A", 1, time_in_force="CLS")
            ctx.buy("A", 1, time_in_force="OPG")
            ctx.buy("A", 1, time_in_force="DAY", latency_ms=0.0005)

    runs = [
        bt.run({"A": daily(8)}, Early, start=start, warm_up=rows, progress=False, timezone="America/New_York")
        for rows in (0, 3)
    ]
    assert runs[0].trades.tobytes() == runs[1].trades.tobytes()
    assert runs[0].orders.tobytes() == runs[1].orders.tobytes()
    assert len(runs[0].trades) >= 3


def test_a_cancel_inside_the_first_bar_of_the_run_waits_for_its_end() -> None:
    """The order was there when that bar opened: it fills, although its cancel comes at noon."""

    class Regrets(bt.Strategy):
        def on_start(self, ctx: bt.Context) -> None:
            self.order = ctx.buy("A", 1, limit=200.0)
            ctx.set_timer(ctx.now + DAY // 2)

        def on_timer(self, ctx: bt.Context) -> None:
            ctx.cancel(self.order)

    data, start = {"A": daily(8)}, START + 5 * DAY
    for rows in (0, 3):
        result = bt.run(data, Regrets, start=start, warm_up=rows, progress=False)
        assert result.orders["status"].tolist() == ["filled"]
