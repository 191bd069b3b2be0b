"""A name that a user misspells: the error names the near one, wherever names are looked up."""

import contextlib
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import btcore as bt
from btcore.cli import main
from btcore.errors import LONGEST_NAME, near_name, nearest

DAYS = bt.sample_bars("AAPL", "2024-01-02", "2024-03-01")
DATA = {"AAPL": DAYS}
TWO = {"AAPL": DAYS, "MSFT": bt.sample_bars("MSFT", "2024-01-02", "2024-03-01")}
TIMES = DAYS.timestamp
FRAME = {"timestamp": TIMES, "open": DAYS.open, "high": DAYS.high, "low": DAYS.low, "close": DAYS.close}
RESULT = bt.run(DATA, "rsi")
SWEPT = bt.sweep(DATA, "rsi", {"period": [5, 10]})


class Mine(bt.Strategy):
    period: int = 5

    def on_bar(self, ctx, bar):
        pass


def calling(act: Callable[[Any], Any], hook: str = "on_start") -> Callable[[], Any]:
    """A run whose strategy calls `act(ctx)` once, or `act(event)` for the name of an event."""
    methods = {
        "on_start": lambda self, ctx: act(ctx),
        "on_bar": lambda self, ctx, bar: act(bar),
        "on_fill": lambda self, ctx, fill: act(fill),
        "on_timer": lambda self, ctx: None,
    }
    if hook == "on_fill":
        methods["on_start"] = lambda self, ctx: ctx.buy("AAPL", 1)
    kept = {name: methods[name] for name in {"on_start", hook}} if hook != "on_bar" else {hook: methods[hook]}
    return lambda: bt.run(DATA, type("Calls", (bt.Strategy,), kept))


def with_method(*names: str, **others: Any) -> Callable[[], Any]:
    methods = dict.fromkeys(names, lambda self, ctx, *event: None)
    return lambda: bt.run(DATA, type("Named", (bt.Strategy,), methods | others))


# What is looked up, how it is misspelt, and the near name.
ROWS: list[tuple[str, Callable[[], Any], str]] = [
    # parameters and names of strategies
    ("parameter of a class", lambda: bt.run(DATA, Mine, {"perod": 3}), "period"),
    ("parameter of an instance", lambda: Mine(perod=3), "period"),
    ("parameter of a built-in", lambda: bt.run(DATA, "rsi", {"perod": 3}), "period"),
    ("swept parameter of a class", lambda: bt.sweep(DATA, Mine, {"perod": [3]}), "period"),
    ("swept parameter of a built-in", lambda: bt.sweep(DATA, "rsi", {"perod": [3]}), "period"),
    ("swept argument", lambda: bt.sweep(DATA, lambda period: Mine(), {"perod": [3]}), "period"),
    ("built-in", lambda: bt.run(DATA, "ma_crosover"), "ma_crossover"),
    ("swept built-in", lambda: bt.sweep(DATA, "ma_crosover", {}), "ma_crossover"),
    ("built-in of a check", lambda: bt.leakcheck(DATA, "ma_crosover"), "ma_crossover"),
    # keywords
    ("keyword of run", lambda: bt.run(DATA, Mine, inital_capital=1.0), "initial_capital"),
    ("keyword of sweep", lambda: bt.sweep(DATA, Mine, {}, inital_capital=1.0), "initial_capital"),
    ("own keyword of sweep", lambda: bt.sweep(DATA, Mine, {}, worker=1), "workers"),
    ("keyword of leakcheck", lambda: bt.leakcheck(DATA, Mine, inital_capital=1.0), "initial_capital"),
    ("keyword of Bars", lambda: bt.Bars(*FRAME.values(), intervall="1d"), "interval"),
    ("keyword of Quotes", lambda: bt.Quotes(TIMES, TIMES, TIMES, bid_sze=TIMES), "bid_size"),
    ("keyword of Trades", lambda: bt.Trades(TIMES, TIMES, sise=TIMES), "size"),
    ("keyword of Orders", lambda: bt.Orders(TIMES, "AAPL", "buy", 1, limit_prise=1.0), "limit_price"),
    ("keyword of Signals", lambda: bt.Signals(DAYS, None, exit=None), "exits"),
    ("keyword of Targets", lambda: bt.Targets(TIMES, "AAPL", 1.0, drfit=0.1), "drift"),
    ("keyword of Compiled", lambda: bt.Compiled(0, event="bars"), "events"),
    ("keyword of Execution", lambda: bt.Execution(slipage_bps=1), "slippage_bps"),
    ("keyword of like", lambda: bt.Execution.like("lean", slipage_bps=1), "slippage_bps"),
    ("keyword of Instrument", lambda: bt.Instrument(tick_sze=1), "tick_size"),
    ("keyword of Commission", lambda: bt.Commission(makr_bps=1), "maker_bps"),
    ("keyword of CommissionTier", lambda: bt.CommissionTier(notionl=1), "notional"),
    ("keyword of Slippage", lambda: bt.Slippage(tick=1), "ticks"),
    ("keyword of TradingHours", lambda: bt.TradingHours(timezon="UTC", week={}), "timezone"),
    ("keyword of a request", lambda: bt.RunRequest(symbol=["A"]), "symbols"),
    ("option of from_frame", lambda: bt.Bars.from_frame(FRAME, intervall="1d"), "interval"),
    ("term of buy", calling(lambda ctx: ctx.buy("AAPL", 1, limt=1.0)), "limit"),
    ("term of a bracket", calling(lambda ctx: ctx.bracket("AAPL", 1, take_proft=1.0)), "take_profit"),
    ("parameter of an indicator", lambda: bt.indicators.sma(DAYS.close, perod=3), "period"),
    # symbols
    ("symbol to buy", calling(lambda ctx: ctx.buy("APPL", 1)), "AAPL"),
    ("symbol in small letters", calling(lambda ctx: ctx.buy("aapl", 1)), "AAPL"),
    ("symbol of a position", calling(lambda ctx: ctx.position("APPL")), "AAPL"),
    ("symbol of a history", calling(lambda ctx: ctx.history("APPL", "close")), "AAPL"),
    ("symbol of open orders", calling(lambda ctx: ctx.open_orders("APPL")), "AAPL"),
    ("symbol of a target", calling(lambda ctx: ctx.order_target("APPL", 1)), "AAPL"),
    ("symbols of weights", calling(lambda ctx: ctx.order_target_weights({"APPL": 1.0})), "AAPL"),
    ("symbol of an indicator", calling(lambda ctx: ctx.indicator("sma", "APPL", 3)), "AAPL"),
    ("symbol of orders", lambda: bt.run(DATA, bt.Orders(TIMES, "APPL", "buy", 1)), "AAPL"),
    ("symbol of targets", lambda: bt.run(DATA, bt.Targets(TIMES, "APPL", 1)), "AAPL"),
    ("symbol of signals", lambda: bt.run(TWO, bt.Signals({"APPL": DAYS}, None)), "AAPL"),
    ("column of signals", lambda: bt.Signals(TWO, {"APPL": TIMES > 0, "MSFT": TIMES > 0}), "AAPL"),
    ("symbol of weights", lambda: bt.run(DATA, "targets", {"weights": {"APPL": 1.0}}), "AAPL"),
    ("symbol of instruments", lambda: bt.run(DATA, Mine, instruments={"APPL": bt.Instrument()}), "AAPL"),
    ("symbol of a benchmark", lambda: bt.run(DATA, Mine, benchmark="APPL"), "AAPL"),
    ("symbol of a table", lambda: bt.Bars.from_frame(
        FRAME | {"symbol": np.full(len(TIMES), "AAPL")}, symbol="APPL"), "AAPL"),
    # hooks and other attributes of a strategy
    ("hook", with_method("on_br"), "on_bar"),
    ("hook without underscore", with_method("on_start", "onBar"), "on_bar"),
    ("hook in the plural", with_method("on_start", "on_trades"), "on_trade"),
    ("hook with a tail", with_method("on_start", "on_bars_"), "on_bars"),
    ("hook beside another", with_method("on_bar", "on_filled"), "on_fill"),
    ("hook, British", with_method("on_bar", "on_cancelled"), "on_cancel"),
    ("warm_up", with_method("on_bar", warmup=20), "warm_up"),
    # words
    ("time in force", calling(lambda ctx: ctx.buy("AAPL", 1, time_in_force="GTCC")), "GTC"),
    ("unit of a trail", calling(lambda ctx: ctx.sell("AAPL", 1, trail=1.0, trail_by="tick")), "ticks"),
    ("side", calling(lambda ctx: ctx.send("AAPL", "by", 1)), "buy"),
    ("leg", calling(lambda ctx: ctx.position("AAPL", "lng")), "long"),
    ("side of orders", lambda: bt.Orders(TIMES, "AAPL", "byu", 1), "buy"),
    ("time in force of orders", lambda: bt.Orders(TIMES, "AAPL", "buy", 1, time_in_force="day"), "DAY"),
    ("unit of a trail of orders", lambda: bt.Orders(
        TIMES, "AAPL", "buy", 1, trail=1.0, trail_by="tick"), "ticks"),
    ("word of execution", lambda: bt.run(DATA, Mine, execution=bt.Execution(limit_fill="tuoch")), "touch"),
    ("intrabar", lambda: bt.run(DATA, Mine, intrabar="pesimistic"), "pessimistic"),
    ("package of like", lambda: bt.Execution.like("vectrbt"), "vectorbt"),
    ("kind of targets", lambda: bt.Targets(TIMES, "AAPL", 1.0, kind="wieght"), "weight"),
    ("schedule of targets", lambda: bt.Targets(TIMES, "AAPL", 1.0, schedule="mnoth"), "month"),
    ("events of compiled code", lambda: bt.Compiled(0, events="bar"), "bars"),
    ("day of trading hours", lambda: bt.TradingHours(timezone="UTC", week={"mnday": []}), "monday"),
    ("what to do with rows", lambda: bt.Bars.from_frame(FRAME, duplicates="lst"), "last"),
    ("dst", lambda: bt.Bars.from_frame(FRAME, dst="latr"), "later"),
    ("format of a vendor", lambda: bt.Bars.from_frame(FRAME, format="binance_kline"), "binance_klines"),
    # columns, indicators and kinds
    ("column of a history", calling(lambda ctx: ctx.history("AAPL", "cloze")), "close"),
    ("kind of a history", calling(lambda ctx: ctx.history("AAPL", "close", kind="bar")), "bars"),
    ("column of an indicator", calling(lambda ctx: ctx.indicator("sma", "AAPL", 3, column="cloze")), "close"),
    ("indicator", calling(lambda ctx: ctx.indicator("smaa", "AAPL", 3)), "sma"),
    ("indicator of arrays", lambda: bt.indicators.bolinger(DAYS.close, 3), "bollinger"),
    ("parameter of ctx.indicator", calling(lambda ctx: ctx.indicator("sma", "AAPL", perod=3)), "period"),
    ("line of an indicator", calling(lambda ctx: ctx.indicator("macd", "AAPL").signl), "signal"),
    ("history of a line", calling(lambda ctx: ctx.indicator("macd", "AAPL").history("signl")), "signal"),
    ("column given", lambda: bt.Bars.from_frame(FRAME, columns={"clse": "close"}), "close"),
    ("column there", lambda: bt.Bars.from_frame(FRAME, columns={"close": "clse"}), "close"),
    # attributes within a strategy
    ("method of the context", calling(lambda ctx: ctx.byu("AAPL", 1)), "buy"),
    ("method of a ticket", calling(lambda ctx: ctx.buy("AAPL", 1).cancl()), "cancel"),
    ("field of a bar", calling(lambda bar: bar.closee, "on_bar"), "close"),
    ("field of a fill", calling(lambda fill: fill.quantty, "on_fill"), "quantity"),
    # times
    ("interval", calling(lambda ctx: ctx.every("5mn")), "5min"),
    ("interval of a grid", lambda: bt.run(DATA, Mine, mark_every="2 hours"), "2h"),
    ("length of bars", lambda: bt.resample(DAYS, "1wek"), "1w"),
    ("length in words", lambda: bt.Bars(*FRAME.values(), interval="dayy"), "day"),
    ("stamp", lambda: bt.Bars(*FRAME.values(), stamp="clos"), "close"),
    ("resolution", lambda: bt.run(bt.SampleMarket(), Mine, symbols=["A"], resolution="minut"), "minute"),
    ("length of a resolution", lambda: bt.Catalog("nowhere").read("A", "5m"), "5min"),
    ("time zone", lambda: bt.run(DATA, Mine, timezone="America/New_Yrok"), "America/New_York"),
    ("zone of a timer", calling(lambda ctx: ctx.at("15:55", timezone="europe/berln")), "Europe/Berlin"),
    ("calendar", lambda: bt.run(DATA, Mine, calendar="XNYSE"), "XNYS"),
    # results
    ("metric", lambda: RESULT.metrics["sharp_ratio"], "sharpe_ratio"),
    ("metric, in short", lambda: RESULT.metrics["sharpe"], "sharpe_ratio"),
    ("metric of a sweep", lambda: SWEPT.metrics["sharp_ratio"], "sharpe_ratio"),
    ("metric of a run of a sweep", lambda: SWEPT[0].metrics["sharp_ratio"], "sharpe_ratio"),
    ("parameter of a sweep", lambda: SWEPT.params["perod"], "period"),
    ("metric of best", lambda: SWEPT.best("sharp_ratio"), "sharpe_ratio"),
    ("attribute of a result", lambda: RESULT.round_trip, "round_trips"),
    ("attribute of a sweep", lambda: SWEPT.metric, "metrics"),
    ("table", lambda: RESULT.table("trade"), "trades"),
    ("group of profits", lambda: RESULT.profit_by("wekday"), "weekday"),
    ("package of metrics", lambda: RESULT.metrics_as("quantstat"), "quantstats"),
    ("name of the package", lambda: bt.Strtegy, "Strategy"),
]  # fmt: skip


@pytest.mark.parametrize(("act", "near"), [row[1:] for row in ROWS], ids=[row[0] for row in ROWS])
def test_the_near_name_is_in_the_error(act: Callable[[], Any], near: str) -> None:
    with pytest.raises((bt.BtcoreError, TypeError, AttributeError, KeyError)) as caught:
        act()
    assert f"did you mean {near!r}?" in caught.value.args[0]


def test_names_of_a_catalog(tmp_path: Path) -> None:
    catalog = bt.Catalog(tmp_path / "catalog")
    catalog.write("AAPL", DAYS, "day")
    for act, near in (
        (lambda: catalog.read("APPL", "day"), "AAPL"),
        (lambda: bt.run(catalog, Mine, symbols=["APPL"]), "AAPL"),
        (lambda: catalog.describe("APPL"), "AAPL"),
        (lambda: catalog.rename("APPL", "A"), "AAPL"),
        (lambda: catalog.copy(tmp_path / "other", ["APPL"]), "AAPL"),
        (lambda: catalog.export(tmp_path / "files", symbols=["APPL"]), "AAPL"),
        (lambda: catalog.export(tmp_path / "files", format="parqet"), "parquet"),
        (lambda: catalog.read("AAPL", "dayy"), "day"),
        (lambda: catalog.read("AAPL", "day", kind="bar"), "bars"),
    ):
        with pytest.raises(bt.DataError, match=rf"did you mean '{near}'\?"):
            act()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("near")
    body = "    period: int = 5\n    def on_bar(self, ctx, bar): ...\n"
    (folder / "mine.py").write_text(f"import btcore as bt\nclass Dip(bt.Strategy):\n{body}")
    (folder / "a.csv").write_text("timestamp,open,high,low,close\n2024-01-02,1,1,1,1\n2024-01-03,1,1,1,1\n")
    return folder


PERIOD = ("AAPL", "--start", "2024-01-02", "--end", "2024-03-01")


@pytest.mark.parametrize(
    ("arguments", "near"),
    [
        (("rnu",), "run"),
        (("data", "improt"), "import"),
        (("run", *PERIOD, "--strateg", "rsi"), "--strategy"),
        (("run", *PERIOD, "--strategy", "rsii"), "rsi"),
        (("run", *PERIOD, "--strategy", "mine.py:Dipp"), "Dip"),
        (("run", *PERIOD, "--strategy", "rsi", "--param", "perod=5"), "period"),
        (("run", *PERIOD, "--strategy", "mine.py", "--param", "perod=5"), "period"),
        (("sweep", *PERIOD, "--strategy", "rsi", "--param", "perod=5:7"), "period"),
        (
            ("sweep", *PERIOD, "--strategy", "rsi", "--param", "period=5:7", "--metric", "sharp"),
            "sharpe_ratio",
        ),
        (("run", *PERIOD, "--execution", "slipage_ticks=1"), "slippage_ticks"),
        (("run", *PERIOD, "--execution", "limit_fill=tuoch"), "touch"),
        (("run", *PERIOD, "--instrument", 'AAPL={"tick_sze": 1}'), "tick_size"),
        (("run", *PERIOD, "--instrument", 'APPL={"tick_size": 1}'), "AAPL"),
        (("run", *PERIOD, "--resolution", "minut"), "minute"),
        (("run", *PERIOD, "--timezone", "Europe/Berln"), "Europe/Berlin"),
        (("run", *PERIOD, "--calendar", "XNYSE"), "XNYS"),
        (("data", "import", "--into", "c", "--format", "binance_kline", "a.csv"), "binance_klines"),
        (("data", "import", "--into", "c", "--kind", "bar", "a.csv"), "bars"),
        (("data", "import", "--into", "c", "--columns", "close=clse", "a.csv"), "close"),
        (("data", "import", "--into", "c", "--symbol", "AAPL", "--intervall", "1d", "a.csv"), "--interval"),
    ],
)
def test_names_of_the_command_line(
    arguments: tuple[str, ...], near: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    shown = io.StringIO()
    with contextlib.redirect_stderr(shown):
        assert main(list(arguments)) != 0
    assert f"did you mean {near!r}?" in shown.getvalue()


class TestNearest:
    def test_case_and_other_words(self) -> None:
        assert nearest("AAPl", ["MSFT", "AAPL"]) == "AAPL"
        assert nearest("length", ["period", "width"], {"length": "period"}) == "period"
        assert nearest("length", ["width"], {"length": "period"}) == ""

    def test_the_beginning_of_a_name(self) -> None:
        assert nearest("tick", ["lot_size", "tick_size"]) == "tick_size"
        assert nearest("ti", ["tick_size"]) == ""

    @pytest.mark.parametrize("name", ["", "x", "spread", "z" * 40, 5, None, ("a",)])
    def test_no_near_name(self, name: object) -> None:
        assert near_name(name, ["seed", "latency_ms"]) == ""

    def test_a_long_text_is_compared_with_nothing(self) -> None:
        name = "a" * LONGEST_NAME
        assert nearest(name + "b", [name]) == ""
        assert nearest("b" + name[1:], [name]) == name


class TestHooks:
    """A name like that of a hook is the user's own if code of the class has it, or if it begins with _."""

    def test_a_method_that_the_class_calls(self) -> None:
        class Calls(bt.Strategy):
            calls = 0

            def on_bar(self, ctx, bar):
                self.on_trades(3)

            def on_trades(self, n):
                self.calls += n

        assert bt.run(DATA, Calls).strategy.calls == 3 * len(DAYS)

    def test_a_method_that_the_class_names_or_passes_on(self) -> None:
        class Named(bt.Strategy):
            def on_start(self, ctx):
                self.handlers = [getattr(self, "on_quotes")]  # noqa: B009 - by its name in a text

            def on_bar(self, ctx, bar):
                def call():
                    for each in self.handlers:
                        each(bar)

                call()

            def on_quotes(self, bar):
                pass

        class Below(Named):  # code of a class above counts too
            pass

        for cls in (Named, Below):
            assert bt.run(DATA, cls).metrics["events"] == len(DAYS)

    def test_a_private_method_and_a_name_far_from_a_hook(self) -> None:
        with_method("on_bar", "_on_brs", "on_rebalance", "on_open", "on_signal", "only")()

    def test_a_class_below_inherits_the_mistake(self) -> None:
        class Base(bt.Strategy):
            def on_start(self, ctx):
                pass

            def on_br(self, ctx, bar):
                pass

        class Below(Base):
            pass

        with pytest.raises(bt.ConfigError, match=r"Below\.on_br is not a hook \(did you mean 'on_bar'\?\)"):
            bt.sweep(DATA, Below, {})

    def test_code_that_a_call_would_not_run(self) -> None:
        class Yields(bt.Strategy):
            def on_bar(self, ctx, bar):
                yield ctx.buy("AAPL", 1)

        class Waits(bt.Strategy):
            async def on_bar(self, ctx, bar):
                ctx.buy("AAPL", 1)

        for cls, words in ((Yields, "has a yield"), (Waits, "is async")):
            with pytest.raises(bt.ConfigError, match=rf"\.on_bar {words}, so a call would not run its code"):
                bt.run(DATA, cls)
