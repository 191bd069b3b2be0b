"""Several resolutions of a symbol: which bars trade, what is built, and what strategies see of it."""

from typing import Any

import numpy as np
import pytest

import btcore as bt
from btcore.backtest import prepare
from btcore.data.other_bars import records_of

MINUTE = 60 * 10**9
MINUTES = bt.sample_bars("AAPL", "2024-01-02", "2024-01-12", "1min")
DAYS = bt.resample(MINUTES, "1d", calendar="XNYS")
TRADES = bt.sample_trades("AAPL", "2024-01-02", "2024-01-03")


class Watcher(bt.Strategy):
    """Records, at each callback, the time and what it sees of the days."""

    kind: str = "day"

    def on_start(self, ctx: bt.Context) -> None:
        self.mean = ctx.indicator("sma", "AAPL", 2, kind=self.kind)
        self.seen: list[tuple[int, int, float]] = []
        self.others: list[tuple[int, str, int]] = []

    def look(self, ctx: bt.Context) -> None:
        self.seen.append((ctx.now, len(ctx.history("AAPL", "close", kind=self.kind)), self.mean.value))

    def on_bar(self, ctx: bt.Context, bar: bt.BarEvent) -> None:
        assert bar.resolution == "minute"
        self.look(ctx)

    def on_other_bar(self, ctx: bt.Context, bar: bt.BarEvent) -> None:
        self.others.append((ctx.now, bar.resolution, bar.timestamp))
        self.look(ctx)


def watched(result: bt.Result) -> Watcher:
    strategy = result.strategy
    assert isinstance(strategy, Watcher)
    return strategy


def test_a_callback_sees_the_bars_that_have_ended() -> None:
    found = watched(bt.run({"AAPL": (MINUTES, DAYS)}, Watcher))
    means = bt.indicators.sma(DAYS.close, 2)
    for now, count, mean in found.seen:
        assert count == np.searchsorted(DAYS.end, now, "right")
        assert mean == pytest.approx(means[count - 1], nan_ok=True) if count else np.isnan(mean)
    assert found.others == [
        (end, "day", ts) for end, ts in zip(DAYS.end.tolist(), DAYS.timestamp.tolist(), strict=True)
    ]


def test_days_before_the_run_are_seen_from_the_beginning() -> None:
    start = int(DAYS.timestamp[4])
    result = bt.run({"AAPL": (MINUTES, DAYS)}, Watcher, start=start)
    found = watched(result)
    assert found.seen[0][1] == 4
    assert [day for _, _, day in found.others] == DAYS.timestamp[4:].tolist()
    assert len(result.indicators["sma_2_day", "AAPL"]) == len(DAYS)


def test_built_days_equal_given_ones() -> None:
    given = watched(bt.run({"AAPL": (MINUTES, DAYS)}, Watcher, calendar="XNYS"))
    built = watched(bt.run({"AAPL": MINUTES}, Watcher, calendar="XNYS", build_bars=["1d"]))
    assert given.others == built.others
    assert np.array_equal(given.seen, built.seen, equal_nan=True)


def test_own_sessions_anchor_built_bars() -> None:
    hours = bt.TradingHours(timezone="America/New_York", week={"tuesday": [("09:35", "16:00")]})
    instruments = {"AAPL": bt.Instrument(sessions=hours)}
    one_day = MINUTES.slice(None, int(DAYS.timestamp[1]))
    result = bt.run({"AAPL": one_day}, Watcher, {"kind": "1h"}, build_bars=["1h"], instruments=instruments)
    begins = [(ts - int(DAYS.timestamp[0])) // MINUTE for _, _, ts in watched(result).others]
    assert begins == [5, 65, 125, 185, 245, 305, 365]
    assert any(
        "5 rows outside the sessions of its trading hours are left out" in line for line in result.logs
    )


class Kinds(bt.Strategy):
    """Records the bars that the run builds."""

    def on_start(self, ctx: bt.Context) -> None:
        self.bars: dict[str, list[tuple[float, ...]]] = {}

    def on_other_bar(self, ctx: bt.Context, bar: bt.BarEvent) -> None:
        row = (bar.timestamp, bar.open, bar.high, bar.low, bar.close, bar.volume, ctx.now)
        self.bars.setdefault(bar.resolution, []).append(row)


BUILT: dict[str, dict[str, Any]] = {
    "5min": {"to": "5min"},
    "100 ticks": {"ticks": 100},
    "5000 volume": {"volume": 5000},
    "1000000 value": {"value": 1e6},
    "0.1 range": {"range": 0.1},
    "0.2 renko": {"renko": 0.2},
}


def test_bars_are_built_while_ticks_come() -> None:
    specs = ["5min", "100 ticks", "5e3 volume", "1e6 value", {"range": 0.1}, "0.2 renko"]
    found = bt.run({"AAPL": TRADES}, Kinds, build_bars=specs).strategy.bars
    assert set(found) == set(BUILT)
    for name, options in BUILT.items():
        expected = bt.resample(TRADES, **options)
        over = expected.end <= TRADES.timestamp[-1]
        rows = zip(*(expected.columns[c][over].tolist() for c in list(expected.columns)[:6]), strict=True)
        ends = expected.end[over].tolist()
        assert found[name] == [(*row, end) for row, end in zip(rows, ends, strict=True)]


def test_the_source_of_built_bars_can_be_chosen() -> None:
    quotes = bt.sample_quotes("AAPL", "2024-01-02", "2024-01-03")
    data = {"AAPL": (quotes, TRADES)}
    by_default = bt.run(data, Kinds, build_bars=["1h"]).strategy.bars["hour"]
    of_quotes = bt.run(data, Kinds, build_bars=[{"to": "1h", "source": "quotes"}]).strategy.bars["hour"]
    assert by_default[0][1] == bt.resample(TRADES, "1h").open[0]
    assert of_quotes[0][1] == bt.resample(quotes, "1h").open[0]


def test_a_first_bar_that_begins_before_the_run_is_left_out() -> None:
    start = int(MINUTES.timestamp[7])
    result = bt.run({"AAPL": MINUTES}, Kinds, start=start, build_bars=["5min"])
    assert result.strategy.bars["5min"][0][0] == MINUTES.timestamp[10]
    assert "AAPL 5min: the first bar begins before the run and is left out" in result.logs


class OwnMean:
    """An indicator of one's own, fed with each day."""

    def __init__(self) -> None:
        self.closes: list[float] = []

    def update(self, bar: bt.BarEvent) -> float:
        assert bar.resolution == "day"
        self.closes.append(bar.close)
        return sum(self.closes) / len(self.closes)


class Fed(bt.Strategy):
    def on_start(self, ctx: bt.Context) -> None:
        self.mean = ctx.indicator(OwnMean(), "AAPL", kind="day", name="own")
        self.two = ctx.indicator("correlation", ("AAPL", "MSFT"), 3, kind="day")
        self.seen: dict[int, float] = {}

    def on_other_bar(self, ctx: bt.Context, bar: bt.BarEvent) -> None:
        self.seen[ctx.now] = self.mean.value


def test_indicators_of_ones_own_and_of_two_symbols() -> None:
    other = bt.sample_bars("MSFT", "2024-01-02", "2024-01-12", "1min")
    their_days = bt.resample(other, "1d", calendar="XNYS")
    result = bt.run({"AAPL": (MINUTES, DAYS), "MSFT": (other, their_days)}, Fed)
    means = np.cumsum(DAYS.close) / np.arange(1, len(DAYS) + 1)
    assert list(result.strategy.seen.values()) == pytest.approx(means.tolist())
    table = result.indicators["correlation_3_day", "AAPL,MSFT"]
    expected = bt.indicators.correlation(DAYS.close, their_days.close, 3)
    assert np.array_equal(table["value"], expected, equal_nan=True)


def test_a_replay_builds_them_again() -> None:
    result = bt.run({"AAPL": MINUTES}, Watcher, {"kind": "1h"}, build_bars=[{"to": "1h", "anchor": "00:30"}])
    assert result.manifest["run"]["build_bars"] == [{"to": "1h", "anchor": "00:30"}]
    assert bt.replay(result, {"AAPL": MINUTES}, Watcher).is_equal
    given = bt.run({"AAPL": (MINUTES, DAYS)}, Watcher)
    assert [entry.get("resolution") for entry in given.manifest["data"]] == [None, "day"]
    assert bt.replay(given, {"AAPL": (MINUTES, DAYS)}, Watcher).is_equal
    changed = bt.replay(given, {"AAPL": (MINUTES, DAYS.slice(None, int(DAYS.timestamp[-1])))}, Watcher)
    assert any(line.startswith("data: AAPL day differ") for line in changed.differences)


@pytest.mark.parametrize(
    ("data", "options", "message"),
    [
        ((DAYS, MINUTES), {}, "day bars come before minute bars; the first bars given fill orders"),
        ((MINUTES, DAYS, DAYS), {}, "two streams of day bars; join them first"),
        ((MINUTES, DAYS), {"build_bars": ["1d"]}, "the data of AAPL have bars of day already"),
        (
            MINUTES,
            {"build_bars": "5min"},
            r"build_bars: '5min' is not a list, such as \['5min', '1000 ticks'\]",
        ),
        (MINUTES, {"build_bars": ["5min", "5min"]}, r"build_bars\[1\]: bars of 5min are given twice"),
        (MINUTES, {"build_bars": ["often"]}, "or a number and one of ticks, volume, value, range, renko"),
        (MINUTES, {"build_bars": [5]}, "is not a text such as '5min', or a mapping"),
        (MINUTES, {"build_bars": ["x ticks"]}, r"build_bars\[0\]: 'x' is not a number"),
        (MINUTES, {"build_bars": [{"ticks": "x"}]}, r"build_bars\[0\].ticks: 'x' is not a number"),
        (MINUTES, {"build_bars": [{"to": "5min", "ankor": "09:30"}]}, "'ankor' is not one of to, anchor"),
        (MINUTES, {"build_bars": [{"to": "5min", "ticks": 3}]}, r"one of to, ticks, .* is needed, not 2"),
        (MINUTES, {"build_bars": [{"to": "5min", "source": "depth"}]}, "source: 'depth' is not one of"),
    ],
)
def test_what_cannot_be_meant_is_refused(data: Any, options: dict[str, Any], message: str) -> None:
    with pytest.raises(bt.ConfigError, match=message):
        bt.run({"AAPL": data}, Kinds, **options)


@pytest.mark.parametrize(
    ("data", "spec", "message"),
    [
        (MINUTES, "100 ticks", r"build_bars\[0\] of AAPL: bars of ticks are made of trades or quotes"),
        (MINUTES, "1min", "minute is the resolution of its bars"),
        (MINUTES, "90s", "90s is not a multiple of the bars' interval"),
        (TRADES, "0.5 ticks", "ticks: 0.5 is not a whole number"),
        (TRADES, {"to": "1h", "source": "quotes"}, "it has no quotes, but trades"),
    ],
)
def test_what_cannot_be_built_is_refused(data: Any, spec: Any, message: str) -> None:
    with pytest.raises(bt.DataError, match=message):
        bt.run({"AAPL": data}, Kinds, build_bars=[spec])


def test_a_callback_without_such_bars_is_named() -> None:
    only = type("Only", (bt.Strategy,), {"on_other_bar": Kinds.on_other_bar})
    with pytest.raises(bt.ConfigError, match="on_other_bar would never be called"):
        bt.run({"AAPL": MINUTES}, only)


def test_the_order_is_that_of_lengths_also_where_another_symbol_has_fewer() -> None:
    hours, quarters = bt.resample(MINUTES, "1h"), bt.resample(MINUTES, "15min")
    seen: list[tuple[int, str, str]] = []

    class Ordered(bt.Strategy):
        def on_other_bar(self, ctx: bt.Context, bar: bt.BarEvent) -> None:
            seen.append((ctx.now, bar.symbol, bar.resolution))

    bt.run({"A": (MINUTES, hours), "B": (MINUTES, quarters, hours)}, Ordered)
    together = [row[1:] for row in seen if row[0] == int(hours.end[0])]
    assert together == [("A", "hour"), ("B", "15min"), ("B", "hour")]


def test_bars_that_never_end_in_the_run_are_named() -> None:
    later = bt.sample_bars("AAPL", "2025-01-02", "2025-02-01", "1d")
    assert (
        "AAPL day: no bar of it ends by the end of the run" in bt.run({"AAPL": (MINUTES, later)}, Kinds).logs
    )


def test_the_runs_of_a_sweep_share_the_records_of_the_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    made = []
    monkeypatch.setattr(prepare, "records_of", lambda *given: made.append(records_of(*given)) or made[-1])
    swept = bt.sweep({"AAPL": (MINUTES, DAYS)}, Watcher, {"kind": ["day", "minute"]}, progress=False)
    assert len(swept) == 2
    assert len(made) == 1


def test_an_unknown_resolution_is_refused() -> None:
    with pytest.raises(bt.StrategyError, match="AAPL: kind 'hour' is not one of bars, day"):
        bt.run({"AAPL": (MINUTES, bt.resample(MINUTES, "1d"))}, Watcher, {"kind": "hour"})


class Daily(bt.Strategy):
    def on_start(self, ctx: bt.Context) -> None:
        self.mean = ctx.indicator("sma", "AAPL", 2, kind="day")

    def on_bar(self, ctx: bt.Context, bar: bt.BarEvent) -> None:
        if self.mean.ready:
            ctx.order_target("AAPL", 10 if bar.close > self.mean.value else -10)


def test_leakcheck_finds_nothing_in_days_that_end_in_time() -> None:
    for options in ({}, {"calendar": "XNYS"}):
        assert bt.leakcheck(
            {"AAPL": (MINUTES, bt.resample(MINUTES, "1d"))}, Daily, cuts=3, **options
        ).orders_checked
    assert bt.leakcheck({"AAPL": MINUTES}, Daily, cuts=3, build_bars=["1d"], calendar="XNYS").orders_checked


def early_days() -> dict[str, bt.Bars]:
    prices = [DAYS.columns[name] for name in ("open", "high", "low", "close", "volume")]
    return {
        "an end of two hours": bt.Bars(DAYS.timestamp, *prices, interval="2h"),
        "the day after": bt.Bars(DAYS.timestamp[:-1], *(p[1:] for p in prices), end=DAYS.end[:-1]),
    }


@pytest.mark.parametrize("name", early_days())
def test_leakcheck_finds_bars_that_end_too_early(name: str) -> None:
    early = early_days()[name]

    def strategy(data: Any) -> Any:
        return type("Early", (bt.Strategy,), {"on_bar": lambda self, ctx, bar: None})

    with pytest.raises(
        bt.LookaheadError, match=r"bars that end too early: .* of AAPL: row 0 ends at 2024-01-02T"
    ):
        bt.leakcheck({"AAPL": (MINUTES, early)}, strategy, cuts=2)
    logs = bt.run({"AAPL": (MINUTES, early)}, strategy(None)).logs
    assert sum("bars that end too early" in line for line in logs) == 1
