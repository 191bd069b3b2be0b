"""Strategies that can do nothing are refused; the log names what may not be as its author expects."""

import numpy as np
import pytest

import btcore as bt

DAY = 86_400 * 10**9
START = 1_704_067_200 * 10**9  # 2024-01-01
CLOSE = 100.0 + np.cumsum(np.random.default_rng(0).normal(0, 1, 40))
OPEN = np.r_[100.0, CLOSE[:-1]]


def bars(days, n=40):
    ts = START + DAY * np.asarray(days)[:n]
    o, c = OPEN[:n], CLOSE[:n]
    return bt.Bars(ts, o, np.maximum(o, c), np.minimum(o, c), c, interval="1d")


EVERY_DAY = bars(np.arange(40))
WEEKDAYS = bars(np.flatnonzero(np.arange(70) % 7 < 5))
TICKS = bt.Quotes(START + 10**9 * np.arange(5), np.full(5, 99.0), np.full(5, 101.0))


def logs(data, strategy, params=None):
    return bt.run({"A": data}, strategy, params, progress=False).logs


# Rows dated at the open of a bar


@pytest.mark.parametrize("kind", [bt.Targets, bt.Orders])
def test_bars_date_the_rows_at_their_ends(kind):
    rest = {"value": 0.5} if kind is bt.Targets else {"side": "buy", "quantity": 1.0}
    assert kind(bars=WEEKDAYS, symbol="A", **rest).timestamp.tolist() == WEEKDAYS.end.tolist()


def test_weights_of_a_bar_earn_nothing_before_its_end():
    """With its own close known at the open of each bar, a strategy cannot lose."""
    weights = np.where(WEEKDAYS.close > WEEKDAYS.open, 0.9, 0.0)
    wrong = bt.run({"A": WEEKDAYS}, bt.Targets(WEEKDAYS.timestamp, "A", weights), progress=False)
    right = bt.run({"A": WEEKDAYS}, bt.Targets(bars=WEEKDAYS, symbol="A", value=weights), progress=False)
    assert wrong.metrics["total_return"] > 2 * max(right.metrics["total_return"], 0.0)
    again = bt.run({"A": WEEKDAYS}, bt.Targets(WEEKDAYS.end, "A", weights), progress=False)
    assert right.equity_curve.tobytes() == again.equity_curve.tobytes()
    assert not [line for line in right.logs if "dated" in line]


@pytest.mark.parametrize("make", ["numpy", "pandas", "polars"])
def test_the_log_counts_rows_at_opens_where_no_bar_ends(make):
    times = WEEKDAYS.timestamp.view("datetime64[ns]")
    if make != "numpy":
        table = pytest.importorskip(make)
        times = table.DatetimeIndex(times) if make == "pandas" else table.Series("t", times)
    lines = logs(WEEKDAYS, bt.Orders(times, "A", "buy", 1.0))
    assert [line for line in lines if "dated" in line] == [
        "8 of 40 orders of A are dated at the open of a bar, the first at 2024-01-01T00:00:00.000000000Z: "
        "what is computed from a bar is known at its end, at which Orders(bars=) dates its rows"
    ]
    lines = logs(EVERY_DAY, bt.Targets(EVERY_DAY.timestamp, "A", 0.5))
    assert [line.split(":")[0] for line in lines if "dated" in line] == [
        "1 of 40 targets of A are dated at the open of a bar, the first at 2024-01-01T00"
    ]


def test_times_between_bars_and_on_ticks_say_nothing():
    assert not [x for x in logs(EVERY_DAY, bt.Orders(EVERY_DAY.timestamp + 1, "A", "buy", 1)) if "dated" in x]
    assert not [x for x in logs(TICKS, bt.Orders(TICKS.timestamp, "A", "buy", 1)) if "dated" in x]


@pytest.mark.parametrize("kind", [bt.Targets, bt.Orders])
@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"timestamp": [START], "bars": EVERY_DAY}, "timestamp and bars are both given"),
        ({"bars": {"close": [1.0]}}, r"bars: dict is not a Bars, whose `end` dates the rows"),
        ({"bars": TICKS}, r"bars: Quotes is not a Bars"),
    ],
)
def test_what_dates_rows_is_clear(kind, given, message):
    rest = {"value": 0.5} if kind is bt.Targets else {"side": "buy", "quantity": 1.0}
    with pytest.raises(bt.OrderError, match=message):
        kind(symbol="A", **given, **rest)


def test_a_column_of_another_length_is_refused():
    with pytest.raises(bt.OrderError, match=r"targets\.value: not a column of 40 values but of 39"):
        bt.Targets(bars=EVERY_DAY, symbol="A", value=np.zeros(39))


def test_missing_columns_are_named():
    with pytest.raises(bt.OrderError, match="orders: timestamp, or bars, is missing"):
        bt.Orders(symbol="A", side="buy", quantity=1)
    with pytest.raises(bt.OrderError, match="orders: side is missing"):
        bt.Orders(bars=EVERY_DAY, symbol="A", quantity=1)
    with pytest.raises(bt.OrderError, match="targets: symbol is missing"):
        bt.Targets(bars=EVERY_DAY, value=1)


# Strategies that can do nothing


def strategy_of(*hooks):
    """A Strategy class with methods of these names."""
    return type("Mine", (bt.Strategy,), dict.fromkeys(hooks, lambda self, ctx, *event: None))


@pytest.mark.parametrize(
    ("hooks", "data", "message"),
    [
        ((), EVERY_DAY, "Mine has no hook, so it can do nothing \\(the hooks are on_start, on_bar"),
        (("next",), EVERY_DAY, "Mine has no hook.*Mine.next: not a hook; on_bar is"),
        (("on_barz",), EVERY_DAY, r"Mine.on_barz is not a hook \(did you mean 'on_bar'\?\)"),
        (("on_bars",), TICKS, "of Mine, on_bars would never be called, as the data are quotes"),
        (("on_quote",), EVERY_DAY, "of Mine, on_quote would never be called, as the data are bars"),
        (("on_quote", "on_trade"), EVERY_DAY, "on_quote, on_trade would never be called"),
        (("on_bar", "on_fill"), TICKS, "on_bar, on_fill would never be called, as the data are quotes"),
        (("on_timer",), EVERY_DAY, "on_timer would never be called"),
    ],
)
def test_a_strategy_that_can_do_nothing_is_refused(hooks, data, message):
    for strategy in (strategy_of(*hooks), strategy_of(*hooks)()):
        with pytest.raises(bt.ConfigError, match=message):
            bt.run({"A": data}, strategy, progress=False)
    with pytest.raises(bt.ConfigError, match=message):
        bt.sweep({"A": data}, strategy_of(*hooks), [{}], progress=False)
    with pytest.raises(bt.ConfigError, match=message):
        bt.sweep({"A": data}, lambda n: strategy_of(*hooks)(), {"n": [1, 2]}, progress=False)


@pytest.mark.parametrize(
    ("hooks", "data", "lines"),
    [
        (("on_start", "on_quote"), EVERY_DAY, ["Mine: on_quote is never called, as the data have no quotes"]),
        (("on_bar", "on_trade"), EVERY_DAY, ["Mine: on_trade is never called, as the data have no trades"]),
        (("on_bar", "on_order_filled"), EVERY_DAY, ["Mine.on_order_filled: not a hook; on_fill is"]),
        (("on_bar", "next", "helper", "_next"), EVERY_DAY, []),  # on_bar is there, and may call them
        (("on_end",), EVERY_DAY, []),
    ],
)
def test_the_log_names_what_is_never_called(hooks, data, lines):
    assert [line for line in logs(data, strategy_of(*hooks)) if "Mine" in line] == lines


def test_timers_after_the_data_are_counted():
    class Late(bt.Strategy):
        def on_start(self, ctx):
            for days in (3, 400, 500):
                ctx.set_timer(START + days * DAY)

    assert [line for line in logs(EVERY_DAY, Late) if "timers" in line] == [
        "2 timers after the end of the data were not called, the first at 2025-02-04T00:00:00.000000000Z"
    ]


@pytest.mark.parametrize(
    ("name", "params", "needed"),
    [
        ("ma_crossover", {"long_period": 41}, 41),
        ("ema_crossover", {"long_period": 41}, 41),
        ("momentum", {"lookback_period": 40}, 41),
        ("mean_reversion", {"lookback_period": 41}, 41),
        ("rsi", {"period": 40}, 41),
    ],
)
def test_a_warm_up_longer_than_the_data_is_named(name, params, needed):
    text = f"{name} needs {needed} prices before it can act, and A has 40"
    assert text in logs(EVERY_DAY, name, params)
    shorter = {key: value - 1 for key, value in params.items()}
    assert not [line for line in logs(EVERY_DAY, name, shorter) if "before it can act" in line]


# Instances


class Counts(bt.Strategy):
    """Buys at the first bar that its instance sees."""

    def __init__(self):
        super().__init__()
        self.seen = []

    def on_bar(self, ctx, bar):
        if not self.seen:
            ctx.buy("A", 1)
        self.seen.append(bar.close)


def test_an_instance_plays_equal_runs():
    given = Counts()
    one, two = (bt.run({"A": EVERY_DAY}, given, progress=False) for _ in range(2))
    assert len(one.trades) == len(two.trades) == 1
    assert one.fingerprint == two.fingerprint
    assert given.seen == []
    assert one.strategy.seen == two.strategy.seen == EVERY_DAY.close.tolist()
    assert bt.run({"A": EVERY_DAY}, "buy_and_hold", progress=False).strategy is None


def test_an_instance_that_cannot_be_copied_is_refused():
    given = Counts()
    given.lines = (line for line in "abc")
    with pytest.raises(bt.ConfigError, match=r"strategy: Counts\.lines cannot be copied for the run"):
        bt.run({"A": EVERY_DAY}, given, progress=False)
