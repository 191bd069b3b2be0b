"""`ctx.indicator`: values as of the latest row at each callback, own objects, errors, the result."""

import numpy as np
import pytest

import btcore as bt
from btcore import indicators
from btcore.errors import StrategyError

MINUTE = 60 * 10**9


def minute_bars(symbol="AAPL", day="2024-01-02", until="2024-01-03"):
    return bt.sample_bars(symbol, day, until, interval="1min")


class Collecting(bt.Strategy):
    """Asks for what `make(ctx)` makes, and keeps at each bar what `read` returns."""

    def __init__(self, make, read):
        self.make, self.read = make, read

    def on_start(self, ctx):
        self.seen = []
        self.made = self.make(ctx)

    def on_bar(self, ctx, bar):
        self.seen.append(self.read(self.made, bar))


def collect(data, make, read=lambda made, bar: made.value, **settings):
    result = bt.run(data, Collecting(make, read), **settings)
    return result.strategy.seen, result


def test_the_value_is_that_of_the_latest_bar():
    bars = minute_bars()
    seen, result = collect({"AAPL": bars}, lambda ctx: ctx.indicator("rsi", "AAPL", 14))
    expected = indicators.rsi(bars.close, 14)
    assert np.array(seen).tobytes() == expected.tobytes()
    (key,) = result.indicators
    assert key == ("rsi_14", "AAPL")
    table = result.indicators[key]
    assert table.dtype == np.dtype([("timestamp", np.int64), ("value", np.float64)])
    np.testing.assert_array_equal(table["timestamp"], bars.end)
    assert table["value"].tobytes() == expected.tobytes()


def test_several_values_are_fields():
    bars = minute_bars()
    seen, result = collect(
        {"AAPL": bars},
        lambda ctx: ctx.indicator("macd", "AAPL", signal=5),
        lambda macd, bar: (macd.line, macd.signal, macd.histogram, macd.ready),
    )
    expected = indicators.macd(bars.close, signal=5)
    np.testing.assert_array_equal([row[:3] for row in seen], np.column_stack(expected))
    assert [row[3] for row in seen] == np.isfinite(expected.line).tolist()
    table = result.indicators["macd_12_26_5", "AAPL"]
    assert table.dtype.names == ("timestamp", "line", "signal", "histogram")
    np.testing.assert_array_equal(table["signal"], expected.signal)

    rows = result.table("indicators")
    assert rows.dtype.names == ("timestamp", "indicator", "symbol", "field", "value")
    assert rows["field"][:4].tolist() == ["line", "signal", "histogram", "line"]
    np.testing.assert_array_equal(rows["timestamp"], np.repeat(bars.end, 3))
    np.testing.assert_array_equal(rows["value"].reshape(-1, 3), np.column_stack(expected))
    assert result.document()["indicators"] == result.rows("indicators")
    assert set(zip(rows["indicator"].tolist(), rows["symbol"].tolist(), strict=True)) == set(
        result.indicators
    )


def test_a_result_without_indicators_has_no_rows_of_them():
    result = bt.run({"AAPL": minute_bars()}, "buy_and_hold")
    assert len(result.table("indicators")) == 0
    assert "indicators" not in result.document()


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("atr", (5,)),
        ("mfi", (5,)),
        ("obv", ()),
        ("supertrend", (5, 2.0)),
        ("donchian", (5, 1)),
        ("adx", (5,)),
    ],
)
def test_indicators_of_bars(name, parameters):
    bars = minute_bars()
    _, result = collect(
        {"AAPL": bars}, lambda ctx: ctx.indicator(name, "AAPL", *parameters), lambda m, bar: 0
    )
    (table,) = result.indicators.values()
    expected = getattr(indicators, name)(bars, *parameters)
    for field, values in zip(table.dtype.names[1:], np.atleast_2d(expected), strict=True):
        np.testing.assert_array_equal(table[field], values)


def test_vwap_starts_with_each_local_day_of_the_run():
    bars = minute_bars("AAPL", "2024-01-02", "2024-01-05")
    asked = {"AAPL": bars}, lambda ctx: ctx.indicator("vwap", "AAPL"), lambda vwap, bar: 0
    _, result = collect(*asked, timezone="Asia/Tokyo")
    expected = indicators.vwap(bars, timezone="Asia/Tokyo")
    np.testing.assert_array_equal(result.indicators["vwap", "AAPL"]["value"], expected)
    assert not np.array_equal(expected, indicators.vwap(bars, timezone="UTC"))


@pytest.mark.parametrize(
    ("column", "of"), [(None, lambda b: b.close), ("high", lambda b: b.high), ("volume", lambda b: b.volume)]
)
def test_columns_of_bars(column, of):
    bars = minute_bars()
    seen, result = collect({"AAPL": bars}, lambda ctx: ctx.indicator("sma", "AAPL", 5, column=column))
    np.testing.assert_array_equal(seen, indicators.sma(of(bars), 5))
    assert list(result.indicators) == [(f"sma_5_{column}" if column else "sma_5", "AAPL")]


class OfTicks(bt.Strategy):
    def on_start(self, ctx):
        self.mean = ctx.indicator("ema", "AAPL", 5)
        self.bid = ctx.indicator("rolling_max", "AAPL", 5, column="bid" if "bid" in self.columns else "size")
        self.seen = []

    def on_quote(self, ctx, quote):
        self.seen.append((self.mean.value, self.bid.value))

    on_trade = on_quote


def test_of_quotes_it_is_the_mid_and_of_trades_the_price():
    quotes = bt.sample_quotes("AAPL", "2024-01-02", "2024-01-03")
    trades = bt.sample_trades("AAPL", "2024-01-02", "2024-01-03")
    for ticks, price, other in (
        (quotes, 0.5 * (quotes.bid + quotes.ask), quotes.bid),
        (trades, trades.price, trades.size),
    ):
        strategy = OfTicks()
        strategy.columns = list(ticks.columns)
        result = bt.run({"AAPL": ticks}, strategy)
        expected = np.column_stack([indicators.ema(price, 5), indicators.rolling_max(other, 5)])
        np.testing.assert_array_equal(result.strategy.seen, expected)
        np.testing.assert_array_equal(result.indicators["ema_5", "AAPL"]["timestamp"], ticks.timestamp)


def test_it_is_current_in_callbacks_other_than_those_of_its_rows():
    """Only timers and fills: the engine passes over most bars."""
    bars = minute_bars()

    class Timed(bt.Strategy):
        def on_start(self, ctx):
            self.mean = ctx.indicator("sma", "AAPL", 3)
            self.seen = [(ctx.now, self.mean.value)]
            ctx.set_timer(int(bars.timestamp[0]) + 10 * MINUTE)

        def on_timer(self, ctx):
            self.seen.append((ctx.now, self.mean.value))
            ctx.buy("AAPL", 1)
            ctx.set_timer(ctx.now + 7 * MINUTE)

        def on_fill(self, ctx, fill):
            self.seen.append((ctx.now, self.mean.value))

    seen = bt.run({"AAPL": bars}, Timed).strategy.seen
    means = indicators.sma(bars.close, 3)
    assert len(seen) > 50
    assert np.isnan(seen[0][1])
    for now, value in seen[1:]:
        rows = np.searchsorted(bars.end, now, "right")  # a timer comes after the bars of its time, or before
        assert value in means[max(rows - 2, 0) : rows]


def test_history_has_the_values_so_far():
    bars = minute_bars()
    seen, _ = collect(
        {"AAPL": bars},
        lambda ctx: ctx.indicator("sma", "AAPL", 3),
        lambda mean, bar: (mean.history(), mean.history(rows=2)),
    )
    expected = indicators.sma(bars.close, 3)
    for row in (0, 1, 10, 100):
        np.testing.assert_array_equal(seen[row][0], expected[: row + 1])
        np.testing.assert_array_equal(seen[row][1], expected[max(0, row - 1) : row + 1])
    with pytest.raises(ValueError, match="read-only"):
        seen[9][0][0] = 1.0


def test_a_pair_has_a_value_once_both_have_a_row():
    """B lacks every third bar. In the callback of the first of two bars of a time, the pair is incomplete."""
    a, other = minute_bars("A"), minute_bars("B")
    kept = np.arange(len(other)) % 3 != 0
    b = bt.Bars(
        *(getattr(other, name)[kept] for name in ("timestamp", "open", "high", "low", "close", "volume")),
        interval="1min",
    )
    seen, result = collect(
        {"A": a, "B": b},
        lambda ctx: ctx.indicator("correlation", ("A", "B"), 5),
        lambda pair, bar: (bar.symbol, bar.timestamp, pair.value),
    )
    expected = indicators.correlation(a.close[kept], b.close, 5)
    table = result.indicators["correlation_5", "A,B"]
    np.testing.assert_array_equal(table["value"], expected)
    np.testing.assert_array_equal(table["timestamp"], b.end)
    at_b = [value for symbol, _, value in seen if symbol == "B"]
    np.testing.assert_array_equal(at_b, expected)
    at_a = [value for symbol, _, value in seen if symbol == "A"]
    known = np.concatenate([[np.nan], expected])
    np.testing.assert_array_equal(at_a, known[np.concatenate([[0], np.cumsum(kept)[:-1]])])


def test_an_own_object_has_each_row_before_the_callback():
    bars = minute_bars()

    class Half:
        def __init__(self):
            self.rows = []

        def update(self, bar):
            self.rows.append((bar.symbol, bar.timestamp, bar.open, bar.high, bar.low, bar.close, bar.volume))
            return bar.close / 2 if len(self.rows) > 1 else None

    def make(ctx):
        mine = Half()
        return mine, ctx.indicator(mine, "AAPL")

    def read(made, bar):
        mine, view = made
        last = (bar.symbol, bar.timestamp, bar.open, bar.high, bar.low, bar.close, bar.volume)
        return len(mine.rows), mine.rows[-1] == last, view.value

    seen, result = collect({"AAPL": bars}, make, read)
    expected = np.concatenate([[np.nan], bars.close[1:] / 2])
    assert [row[0] for row in seen] == list(range(1, len(bars) + 1))
    assert all(row[1] for row in seen)
    np.testing.assert_array_equal([row[2] for row in seen], expected)
    np.testing.assert_array_equal(result.indicators["Half", "AAPL"]["value"], expected)


def test_an_own_object_has_all_rows_without_a_callback_for_them():
    bars, quotes = minute_bars("A"), bt.sample_quotes("Q", "2024-01-02", "2024-01-03")

    class Quiet(bt.Strategy):
        def on_start(self, ctx):
            ctx.indicator(lambda bar, share: bar.close * share, "A", 0.5, name="half")
            ctx.indicator(lambda quote: quote.ask - quote.bid, "Q", name="spread")

    result = bt.run({"A": bars, "Q": quotes}, Quiet)
    np.testing.assert_array_equal(result.indicators["half", "A"]["value"], bars.close * 0.5)
    np.testing.assert_array_equal(result.indicators["spread", "Q"]["value"], quotes.ask - quotes.bid)


def test_an_indicator_is_an_own_object_too():
    bars = minute_bars()
    make = lambda ctx: ctx.indicator(indicators.Indicator("atr", 5), "AAPL", name="atr")  # noqa: E731
    seen, _ = collect({"AAPL": bars}, make)
    assert np.array(seen).tobytes() == indicators.atr(bars, 5).tobytes()


def test_arrays_have_a_value_for_each_row():
    bars = minute_bars()
    values = np.arange(len(bars)) * 2.0
    seen, result = collect({"AAPL": bars}, lambda ctx: ctx.indicator(values, "AAPL", name="mine"))
    np.testing.assert_array_equal(seen, values)
    np.testing.assert_array_equal(result.indicators["mine", "AAPL"]["value"], values)


def test_the_same_request_is_the_same_view():
    bars = minute_bars()
    seen, result = collect(
        {"AAPL": bars},
        lambda ctx: (ctx.indicator("sma", "AAPL", 5), ctx.indicator("sma", "AAPL", period=5)),
        lambda pair, bar: pair[0] is pair[1],
    )
    assert all(seen)
    assert len(result.indicators) == 1


def test_vwap_of_other_sessions_is_another_view():
    bars = minute_bars("AAPL", "2024-01-02", "2024-01-05")
    _, result = collect(
        {"AAPL": bars},
        lambda ctx: [ctx.indicator("vwap", "AAPL", **zone) for zone in ({}, {"timezone": "Asia/Tokyo"})],
        lambda views, bar: 0,
    )
    assert list(result.indicators) == [("vwap", "AAPL"), ("vwap_Asia/Tokyo", "AAPL")]
    tokyo = indicators.vwap(bars, timezone="Asia/Tokyo")
    np.testing.assert_array_equal(result.indicators["vwap_Asia/Tokyo", "AAPL"]["value"], tokyo)


def test_the_rows_are_those_of_the_run():
    bars = minute_bars()
    start = int(bars.timestamp[50])
    seen, result = collect({"AAPL": bars}, lambda ctx: ctx.indicator("sma", "AAPL", 5), start=start)
    np.testing.assert_array_equal(seen, indicators.sma(bars.close[50:], 5))
    assert result.indicators["sma_5", "AAPL"]["timestamp"][0] == bars.end[50]


def test_a_strategy_can_be_run_again():
    bars = minute_bars()
    strategy = Collecting(lambda ctx: ctx.indicator("sma", "AAPL", 5), lambda mean, bar: mean.value)
    first = bt.run({"AAPL": bars}, strategy)
    again = bt.run({"AAPL": bars}, first.strategy)
    assert np.array(again.strategy.seen).tobytes() == np.array(first.strategy.seen).tobytes()
    assert first.strategy.made.value == first.strategy.seen[-1]  # after the run: the last value
    assert repr(first.strategy.made) == f"<sma_5 of AAPL: value={first.strategy.seen[-1]}>"
    assert bt.run({"AAPL": bars}, "buy_and_hold").indicators == {}


@pytest.mark.parametrize("suffix", [".npz", ".parquet"])
def test_a_saved_result_keeps_its_indicators(suffix, tmp_path):
    bars = minute_bars()
    make = lambda ctx: (ctx.indicator("macd", "AAPL"), ctx.indicator("sma", "AAPL", 5))  # noqa: E731
    _, result = collect({"AAPL": bars}, make, lambda made, bar: 0)
    result.save(tmp_path / f"run{suffix}")
    back = bt.load_result(tmp_path / f"run{suffix}")
    assert list(back.indicators) == [("macd_12_26_9", "AAPL"), ("sma_5", "AAPL")]
    for key, table in result.indicators.items():
        assert back.indicators[key].dtype == table.dtype
        assert back.indicators[key].tobytes() == table.tobytes()


class Trend(bt.Strategy):
    period: int = 20

    def on_start(self, ctx):
        self.mean = ctx.indicator("ema", "AAPL", self.period)
        strength = indicators.Indicator("rsi", 5)
        self.strength = ctx.indicator(lambda bar: strength.update(bar.close), "AAPL", name="strength")

    def on_bar(self, ctx, bar):
        if self.mean.ready:
            ctx.order_target("AAPL", 10 if bar.close > self.mean.value and self.strength.value > 40 else 0)


def test_an_indicator_does_not_look_ahead():
    bars = minute_bars()
    report = bt.leakcheck({"AAPL": bars}, Trend)
    assert report.orders_checked > 10
    swept = bt.sweep({"AAPL": bars}, Trend, {"period": [5, 20]})
    assert len(swept) == 2


def test_functions_of_columns_plug_in():
    pandas = pytest.importorskip("pandas")
    bars = minute_bars()

    def mean(close, period):
        return pandas.Series(close).rolling(period).mean()

    def spread(high, low):
        return high - low

    seen, result = collect(
        {"AAPL": bars},
        lambda ctx: (
            ctx.indicator(mean, "AAPL", 5, column="close"),
            ctx.indicator(spread, "AAPL", column=("high", "low")),
        ),
        lambda made, bar: (made[0].value, made[1].value),
    )
    expected = np.column_stack([indicators.sma(bars.close, 5), bars.high - bars.low])
    np.testing.assert_allclose(seen, expected)
    assert list(result.indicators) == [("mean", "AAPL"), ("spread", "AAPL")]


def test_talib_plugs_in():
    talib = pytest.importorskip("talib")
    bars = minute_bars()
    seen, _ = collect({"AAPL": bars}, lambda ctx: ctx.indicator(talib.RSI, "AAPL", 5, column="close"))
    np.testing.assert_allclose(seen, indicators.rsi(bars.close, 5))


@pytest.mark.parametrize(
    "ahead",
    [
        lambda close: np.append(close[1:], close[-1]),
        lambda close: close - close.mean(),
        lambda close: np.where(np.arange(len(close)) == 0, close[-1], close),
    ],
)
def test_a_function_that_looks_ahead_is_refused(ahead):
    message = raised(lambda ctx: ctx.indicator(ahead, "AAPL", column="close", name="mine"))
    assert "ConfigError: mine: looks ahead: its value at row" in message


def raised(make, data=None):
    with pytest.raises(StrategyError) as caught:
        collect({"AAPL": minute_bars()} if data is None else data, make)
    return str(caught.value)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda ctx: ctx.indicator("rzi", "AAPL", 14), "'rzi' is not one (did you mean 'rsi'?)"),
        (lambda ctx: ctx.indicator("rsi", "APPL", 14), "'APPL' is not in this run (did you mean 'AAPL'?)"),
        (lambda ctx: ctx.indicator("rsi", "aapl", 14), "(did you mean 'AAPL'?); its symbols are AAPL"),
        (
            lambda ctx: ctx.indicator("rsi", "AAPL", length=14),
            "unknown parameter 'length' (did you mean 'period'?)",
        ),
        (lambda ctx: ctx.indicator("rsi", "AAPL", 0), "rsi.period: 0 is not from 1"),
        (
            lambda ctx: ctx.indicator("rsi", "AAPL", column="clos"),
            "AAPL.clos: no such column of bars (did you mean 'close'?); choose from open",
        ),
        (
            lambda ctx: ctx.indicator("atr", "AAPL", column="close"),
            "atr.column: it takes high, low, close, not one",
        ),
        (lambda ctx: ctx.indicator("rsi", "AAPL", kind="quotes"), "AAPL: kind 'quotes' is not one of bars"),
        (
            lambda ctx: ctx.indicator("beta", "AAPL", 5),
            "beta: 'AAPL' is not a pair of symbols, asset and benchmark",
        ),
        (
            lambda ctx: ctx.indicator([1.0, 2.0], "AAPL"),
            "an array of shape (2,) has no value for each of the",
        ),
        (
            lambda ctx: ctx.indicator(5, "AAPL"),
            "indicator: 5 is not the name of one, an array, an object with update",
        ),
        (
            lambda ctx: ctx.indicator(bt.indicators.Indicator, "AAPL"),
            "is not the name of one, an array, an object",
        ),
        (lambda ctx: ctx.indicator(lambda bar: "x", "AAPL"), "TypeError: must be real number, not str"),
        (
            lambda ctx: [ctx.indicator(lambda bar: 1.0, "AAPL", name="a") for _ in "12"],
            "'a' of AAPL exists already",
        ),
    ],
)
def test_what_is_refused(make, message):
    assert message in raised(make)


def test_bars_are_needed_and_volume_where_it_counts():
    trades = bt.sample_trades("AAPL", "2024-01-02", "2024-01-03")

    class Ask(bt.Strategy):
        what: str = "atr"

        def on_start(self, ctx):
            ctx.indicator(self.what, "AAPL")

    with pytest.raises(StrategyError, match="atr: needs bars, and AAPL has trades"):
        bt.run({"AAPL": trades}, Ask)
    flat = bt.Bars([0, MINUTE], [1, 1], [1, 1], [1, 1], [1, 1], interval="1min")
    with pytest.raises(StrategyError, match="mfi: the bars have no volume"):
        bt.run({"AAPL": flat}, Ask, {"what": "mfi"})
    both = {"AAPL": (trades, minute_bars())}
    with pytest.raises(StrategyError, match="AAPL: an indicator needs a kind, one of trades, bars"):
        bt.run(both, Ask, {"what": "rsi"})


def test_an_own_object_that_fails_at_the_end_of_the_run_fails_the_run():
    bars = minute_bars()

    def fails(bar):
        raise KeyError(bar.symbol)

    class Quiet(bt.Strategy):
        def on_start(self, ctx):
            ctx.indicator(fails, "AAPL")

    with pytest.raises(StrategyError, match="the strategy failed: KeyError: 'AAPL'"):
        bt.run({"AAPL": bars}, Quiet)
