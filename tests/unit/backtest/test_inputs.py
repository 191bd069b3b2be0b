"""`bt.run` and `bt.run_request`: inputs, errors, and equal results for equal inputs."""

import json
import math
import threading
from concurrent.futures import ThreadPoolExecutor

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import btcore as bt
from btcore.backtest.request import check_request
from btcore.config import fault
from btcore.contract import Handler

DAY = 86400 * 10**9
START = 1_704_067_200 * 10**9


def bars(n=30, seed=0, interval="1d", start=START) -> bt.Bars:
    rng = np.random.default_rng(seed)
    close = np.round(100.0 * np.exp(np.cumsum(rng.normal(0, 0.02, n))), 2)
    open_ = np.r_[100.0, close][:n]
    step = {"1d": DAY, "1min": 60 * 10**9}[interval]
    return bt.Bars(
        start + step * np.arange(n),
        open_,
        np.maximum(open_, close) + 0.5,
        np.minimum(open_, close) - 0.5,
        close,
        np.full(n, 1e5),
        interval=interval,
    )


def quotes(n=200, seed=0, step=10**9) -> bt.Quotes:
    rng = np.random.default_rng(seed)
    mid = 100.0 + 0.25 * np.cumsum(rng.integers(-1, 2, n))
    mid = np.maximum(mid, 10.0)
    return bt.Quotes(START + step * np.arange(n), mid - 0.25, mid + 0.25, np.full(n, 50.0), np.full(n, 50.0))


class Nothing(bt.Strategy):
    pass


def same(one: bt.Result, other: bt.Result) -> bool:
    return one.metrics == other.metrics and all(
        a.tobytes() == b.tobytes()
        for a, b in zip(one.tables().values(), other.tables().values(), strict=True)
    )


def test_the_curve_begins_with_the_capital_and_ends_with_the_final_account():
    result = bt.run({"A": bars(10)}, "buy_and_hold", initial_capital=5000.0)
    curve = result.equity_curve
    assert curve["timestamp"].tolist() == [START, *(START + DAY * np.arange(1, 11))]
    assert curve["equity"][0] == curve["cash"][0] == 5000.0
    assert curve["positions"][0] == 0.0
    assert curve["equity"][-1] == result.metrics["final_equity"]
    assert np.array_equal(curve["equity"], curve["cash"] + curve["positions"])


def test_mark_every_sets_the_step_of_the_curve():
    result = bt.run({"A": quotes(200)}, "buy_and_hold")
    # START is on the minute: 0, 60, 120, 180 s, and the last quote at 199 s
    assert ((result.equity_curve["timestamp"] - START) // 10**9).tolist() == [0, 60, 120, 180, 199]
    result = bt.run({"A": quotes(200)}, "buy_and_hold", mark_every="100s")
    assert ((result.equity_curve["timestamp"] - START) // 10**9).tolist() == [0, 100, 199]


def test_start_and_end_choose_the_rows():
    whole = bars(30)
    for start, end in (("2024-01-05", "2024-01-20"), (START + 4 * DAY, START + 19 * DAY)):
        part = bt.run({"A": whole}, "buy_and_hold", start=start, end=end)
        assert part.equity_curve["timestamp"][0] == START + 4 * DAY
        assert part.equity_curve["timestamp"][-1] == START + 19 * DAY  # the close of the bar of the 19th
        assert part.metrics["events"] == 15
    shifted = bt.run({"A": whole}, "buy_and_hold", start="2024-01-05", timezone="America/New_York")
    assert shifted.equity_curve["timestamp"][0] == START + 4 * DAY + 5 * 3600 * 10**9


def test_a_fill_never_precedes_its_decision():
    """Bars fill at the next open, quotes at the standing quote, trades at the next trade."""
    data = bars(5)

    class Once(bt.Strategy):
        def on_bar(self, ctx, bar):
            if bar.timestamp == START:
                ctx.buy("A", 1)

    trade = bt.run({"A": data}, Once()).trades[0]
    assert (trade["timestamp"], trade["price"]) == (START + DAY, data.open[1])


def test_repeated_runs_and_runs_in_threads_give_the_same_bytes():
    data = {
        "A": quotes(3000, 1),
        "B": (quotes(3000, 2), bt.Trades(quotes(3000, 2).timestamp, quotes(3000, 2).ask)),
    }

    def play(_=None):
        return bt.run(data, "ma_crossover", {"allow_short": True}, execution=bt.Execution(latency_ms=1500))

    first = play()
    assert len(first.trades) > 50
    with ThreadPoolExecutor(4) as pool:
        assert all(same(first, other) for other in pool.map(play, range(8)))
    assert {play().fingerprint for _ in range(2)} == {first.fingerprint}


def test_the_fingerprint_depends_on_settings_and_data():
    base = {"data": {"A": bars(30)}, "strategy": "ma_crossover", "params": {"short_period": 3}}
    prints = {bt.run(**base).fingerprint}
    other = bars(30, seed=1)
    for change in (
        {"params": {"short_period": 4}},
        {"strategy": "rsi", "params": {}},
        {"data": {"A": other}},
        {"data": {"B": bars(30)}},
        {"initial_capital": 1e5},
        {"timezone": "Asia/Tokyo"},
        {"execution": bt.Execution(slippage_bps=1)},
        {"end": START + 20 * DAY},
        {"instruments": {"A": bt.Instrument(lot_size=1)}},
    ):
        prints.add(bt.run(**{**base, **change}).fingerprint)
    assert len(prints) == 10
    assert bt.run(**base, progress=lambda p: None).fingerprint in prints


def test_the_manifest_describes_the_run():
    manifest = bt.run({"A": bars(30)}, "rsi", {"period": 5}).manifest
    assert manifest["btcore"] == bt.__version__
    assert manifest["run"]["strategy"]["params"] == {
        "period": 5, "oversold": 30.0, "overbought": 70.0, "allow_short": False, "weight": 1.0,
    }  # fmt: skip
    assert manifest["data"][0]["sha256"] == bars(30).content_hash
    assert json.loads(json.dumps(manifest)) == manifest


def test_progress_is_reported_and_never_decreases():
    seen: list[bt.Progress] = []
    bt.run({"A": quotes(200_000, step=10**7)}, "ma_crossover", progress=seen.append)
    assert len(seen) >= 2
    assert seen[-1].fraction == 1.0
    assert seen[-1].events == 200_000
    assert [p.fraction for p in seen] == sorted(p.fraction for p in seen)


def test_an_exception_in_progress_stops_the_run():
    def stop(_):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        bt.run({"A": quotes(200_000)}, "ma_crossover", progress=stop)


@given(st.integers(1, 4), st.integers(0, 10**6))
@settings(max_examples=50, deadline=None)
def test_the_order_of_symbols_only_breaks_ties(n, seed):
    """The order does not matter for symbols whose events never coincide."""
    rng = np.random.default_rng(seed)
    steps = 10**9 * (1 + rng.permutation(4 * 40))
    data = {}
    for i in range(n):
        times = START + np.sort(steps[i * 40 : (i + 1) * 40])
        mid = 100.0 + np.cumsum(rng.integers(-1, 2, 40)) * 0.5
        data[f"S{i}"] = bt.Quotes(times, mid - 0.25, mid + 0.25)
    params = {"short_period": 2, "long_period": 5, "weight": 0.5}
    one = bt.run(data, "ma_crossover", params)
    other = bt.run(dict(reversed(data.items())), "ma_crossover", params)
    assert np.array_equal(one.equity_curve["timestamp"], other.equity_curve["timestamp"])
    assert one.equity_curve["equity"] == pytest.approx(other.equity_curve["equity"], rel=1e-12)
    assert one.trades["timestamp"].tolist() == other.trades["timestamp"].tolist()


@given(st.integers(0, 10**6), st.integers(1, 79))
@settings(max_examples=50, deadline=None)
def test_later_data_do_not_change_earlier_results(seed, cut):
    whole = bars(80, seed)
    params = {"short_period": 2, "long_period": 5, "allow_short": True}
    full = bt.run({"A": whole}, "ma_crossover", params).equity_curve
    part = bt.run({"A": whole.slice(None, START + cut * DAY)}, "ma_crossover", params).equity_curve
    assert part.tobytes() == full[: cut + 1].tobytes()


def test_money_and_prices_scale_together():
    data = bars(60)
    scaled = bt.Bars(
        data.timestamp, 4 * data.open, 4 * data.high, 4 * data.low, 4 * data.close, data.volume, interval="1d"
    )
    one = bt.run({"A": data}, "ma_crossover", {"short_period": 2, "long_period": 5}, initial_capital=1e5)
    four = bt.run({"A": scaled}, "ma_crossover", {"short_period": 2, "long_period": 5}, initial_capital=4e5)
    assert np.array_equal(4 * one.equity_curve["equity"], four.equity_curve["equity"])


class TestRefusals:
    @pytest.mark.parametrize(
        ("change", "error", "message"),
        [
            ({"data": {}}, bt.ConfigError, "data: a mapping of at least one symbol"),
            ({"data": bars()}, bt.ConfigError, "data: a mapping of at least one symbol"),
            ({"data": {"A": [1, 2]}}, bt.ConfigError, "data['A']: int is not Bars, Quotes or Trades"),
            ({"data": {"../x": bars()}}, bt.DataError, "symbol: '../x' is not"),
            ({"data": {"A": (bars(), bars())}}, bt.ConfigError, "data['A']: two streams of bars"),
            ({"data": {"A": bars(0)}}, bt.DataError, "data['A']: no rows between start and end"),
            ({"start": "2030-01-01"}, bt.DataError, "data['A']: no rows between start and end"),
            ({"start": "2024-02-01", "end": "2024-01-01"}, bt.ConfigError, "end: not after start"),
            ({"start": "2024-01-01", "end": "2024-01-01"}, bt.ConfigError, "end: not after start"),
            ({"start": "yesterday"}, bt.DataError, "start: 'yesterday' is not an ISO 8601"),
            ({"timezone": "Mars/Olympus"}, bt.ConfigError, "timezone: 'Mars/Olympus' is not a known"),
            ({"timezone": "../etc/passwd"}, bt.ConfigError, "timezone: '../etc/passwd' is not a known"),
            ({"initial_capital": math.nan}, bt.ConfigError, "initial_capital: nan is not a finite number"),
            ({"initial_capital": math.inf}, bt.ConfigError, "initial_capital: inf is not a finite number"),
            ({"initial_capital": -1}, bt.ConfigError, "initial_capital: -1 is not above 0"),
            ({"initial_capital": 0}, bt.ConfigError, "initial_capital: 0 is not above 0"),
            ({"initial_capital": 1e13}, bt.ConfigError, "initial_capital: 10000000000000.0 is not at most 1"),
            ({"initial_capital": "1"}, bt.ConfigError, "initial_capital: '1' is not a number"),
            ({"currency": "usd"}, bt.ConfigError, "currency: 'usd' does not match"),
            ({"mark_every": "fortnight"}, bt.ConfigError, "mark_every: interval: 'fortnight'"),
            ({"mark_every": 0}, bt.ConfigError, "mark_every: interval: 0"),
            ({"instruments": {"B": bt.Instrument()}}, bt.ConfigError, "instruments: 'B' is not in this run"),
            ({"instruments": 5}, bt.ConfigError, "instruments: 5 is not a mapping"),
            (
                {"instruments": {"A": {"lot_size": "x"}}},
                bt.ConfigError,
                "instruments['A'].lot_size: 'x' is not",
            ),
            ({"fx": 5}, bt.ConfigError, "fx: 5 is not a mapping"),
            ({"execution": 5}, bt.ConfigError, "execution: 5 is not a mapping"),
            ({"intrabar": "x"}, bt.ConfigError, "execution.intrabar: 'x' is not one of optimistic, path, "),
            ({"strategy": 3}, bt.ConfigError, "strategy: 3 is not the name of a built-in"),
            (
                {"strategy": Nothing(), "params": {"a": 1}},
                bt.ConfigError,
                "params: only a strategy given by name",
            ),
            ({"strategy": Nothing, "params": {"a": 1}}, bt.ConfigError, "strategy.params.a: Nothing has no"),
        ],
    )
    def test_bad_input(self, change, error, message):
        inputs = {"data": {"A": bars()}, "strategy": "buy_and_hold", **change}
        with pytest.raises(error) as caught:
            bt.run(**inputs)
        assert str(caught.value).startswith(message)

    @pytest.mark.parametrize(
        ("terms", "message"),
        [
            ({"slippage_bps": -1.0}, "-1.0 is not at least 0"),
            ({"latency_ms": -1}, "-1 is not at least 0"),
            ({"volume_share": 0.0}, "0.0 is not above 0"),
            ({"volume_share": 1.5}, "1.5 is not at most 1"),
            ({"limit_fill": "maybe"}, "'maybe' is not one of through, touch"),
            (
                {"commission_min": 2.0, "commission_max": 1.0},
                "commission_min: 2.0 is above commission_max 1.0",
            ),
            ({"spread": 1}, "spread: unknown field; choose from slippage_bps, "),
        ],
    )
    def test_execution(self, terms, message):
        assert message in refusal(terms, bt.Execution)

    def test_execution_made_in_python(self):
        for terms, message in (
            ({"slippage_bps": -1.0}, r"^execution.slippage_bps: -1.0 is not at least 0$"),
            ({"latency_ms": "5"}, r"^execution.latency_ms: '5' is not a number or a list$"),
        ):
            with pytest.raises(bt.ConfigError, match=message):
                bt.run({"A": bars()}, "buy_and_hold", execution=bt.Execution(**terms))
        with pytest.raises(ValueError, match="leverage: nan is not a finite number"):
            bt.Execution(leverage=math.nan)

    def test_intrabar_replaces_the_field_of_settings_in_any_form(self):
        for execution in (None, bt.Execution(slippage_bps=1.0), {"slippage_bps": 1.0}):
            result = bt.run({"A": bars()}, "buy_and_hold", execution=execution, intrabar="path")
            assert result.manifest["run"]["execution"]["intrabar"] == "path"

    def test_instruments_made_in_python(self):
        for terms, message in (
            ({"lot_size": -1.0}, r"^instruments\['A'\].lot_size: -1.0 is not at least 0$"),
            ({"multiplier": 0.0}, r"^instruments\['A'\].multiplier: 0.0 is not above 0$"),
        ):
            with pytest.raises(bt.ConfigError, match=message):
                bt.run({"A": bars()}, "buy_and_hold", instruments={"A": bt.Instrument(**terms)})
        with pytest.raises(bt.ConfigError, match=r"^fx\['EUR'\]: 0 is not above 0$"):
            bt.run({"A": bars()}, "buy_and_hold", fx={"GBP": 1.0, "EUR": 0})
        with pytest.raises(bt.ConfigError, match=r"^fx\['EUR'\]\[0\]\[1\]: inf is not a finite number$"):
            bt.run({"A": bars()}, "buy_and_hold", fx={"EUR": [("2024-01-02", math.inf)]})
        with pytest.raises(bt.ConfigError, match=r"^strategy.params.weights\['A'\]: 'all' is not a number$"):
            bt.run({"A": bars()}, "targets", {"weights": {"A": "all"}})
        with pytest.raises(ValueError, match="tick_size: inf is not a finite number"):
            bt.Instrument(tick_size=math.inf)


def refusal(value, kind) -> str:
    """The error of decoding `value` from JSON, as the server reports it."""
    text = json.dumps(value)
    with pytest.raises(msgspec.ValidationError) as caught:
        msgspec.json.decode(text, type=kind)
    return fault(caught.value, msgspec.json.decode(text), kind)


def request(**fields) -> bt.RunRequest:
    base = {"symbols": ["AAPL"], "start_date": "2024-01-02", "end_date": "2024-03-01"}
    return msgspec.json.decode(json.dumps({**base, **fields}), type=bt.RunRequest)


class TestRequests:
    def test_a_request_equals_a_run(self):
        market = bt.SampleMarket()
        given = request(
            symbols=["AAPL", "MSFT"],
            strategy={"name": "ma_crossover", "params": {"short_period": 3, "long_period": 8}},
            execution={"slippage_bps": 1.0, "commission_bps": 0.5},
            timezone="America/New_York",
        )
        by_request = bt.run_request(given, market)
        window = (given.start_ns, given.end_ns)
        by_hand = bt.run(
            {s: market.load(s, "day", *window) for s in given.symbols},
            "ma_crossover",
            {"short_period": 3, "long_period": 8},
            execution=bt.Execution(slippage_bps=1.0, commission_bps=0.5),
            start="2024-01-02",
            end="2024-03-01",
            timezone="America/New_York",
        )
        assert same(by_request, by_hand)
        assert by_request.fingerprint == by_hand.fingerprint
        assert by_request.manifest["data_source"] == "synthetic sample data"
        assert "synthetic sample data" in by_request.logs

    def test_a_naive_date_is_read_in_the_timezone(self):
        assert request(timezone="America/New_York").start_ns == 1_704_171_600 * 10**9
        assert request(start_date="2024-01-02T00:00:00Z").start_ns == 1_704_153_600 * 10**9

    @pytest.mark.parametrize(
        ("fields", "message"),
        [
            ({"symbols": []}, "symbols: length 0 is not at least 1"),
            ({"symbols": [f"S{i}" for i in range(101)]}, "symbols: length 101 is not at most 100"),
            ({"symbols": ["A", "A"]}, "symbols: 'A' is given more than once"),
            ({"symbols": ["../../etc/passwd"]}, "symbols[0]: '../../etc/passwd' does not match ^"),
            ({"symbols": ["AAPL\n"]}, r"symbols[0]: 'AAPL\n' does not match ^"),
            ({"start_date": "2024-03-02"}, "end_date: '2024-03-01' is not after start_date '2024-03-02'"),
            ({"start_date": "soon"}, "start_date: 'soon' is not an ISO 8601 date or time"),
            ({"end_date": "9999-01-01"}, "end_date: '9999-01-01' is not between"),
            ({"timezone": "Nowhere/Here"}, "timezone: 'Nowhere/Here' is not a known IANA time zone"),
            ({"timezone": "x" * 65}, "timezone: length 65 is not at most 64"),
            ({"currency": "usd"}, "currency: 'usd' does not match ^[A-Z]{3,5}$"),
            ({"currency": "USD\n"}, r"currency: 'USD\n' does not match ^[A-Z]{3,5}$"),
            ({"resolution": "week"}, "resolution: 'week' is not one of day, hour, minute, second, tick"),
            ({"initial_capital": 0}, "initial_capital: 0 is not above 0"),
            ({"initial_capital": 1e12 + 1}, "initial_capital: 1000000000001.0 is not at most 1000000000000"),
            ({"initial_capital": True}, "initial_capital: True is not a number"),
            ({"strategy": {"name": "Buy"}}, "strategy.name: 'Buy' does not match ^[a-z0-9_]{1,128}$"),
            (
                {"strategy": {"name": "rsi", "parameters": {}}},
                "strategy.parameters: unknown field; choose",
            ),
            ({"leverage": 2}, "leverage: unknown field; choose from symbols, start_date, "),
            ({"instruments": {"B": {}}}, "instruments: 'B' is not among the symbols"),
            ({"mark_every": "0s"}, "mark_every: '0s' does not match ^[1-9]"),
            ({"fx": {"GBP": 1, "EUR": 0}}, "fx['EUR']: 0 is not above 0"),
            ({"fx": {"GBP": 1, "eur": 1}}, "fx['eur']: 'eur' does not match ^[A-Z]{3,5}$"),
            ({"fx": {"EUR": [["2024-01-02", 1], ["2024-01-03"]]}}, "fx['EUR'][1]: length 1 is not 2"),
            ({"fx": {"EUR": [["2024-01-02", "1"]]}}, "fx['EUR'][0][1]: '1' is not a number"),
            ({"instruments": {"AAPL": {"tick": 1}}}, "instruments['AAPL'].tick: unknown field; choose from"),
            (
                {"instruments": {"AAPL": {"tick_size": -1}}},
                "instruments['AAPL'].tick_size: -1 is not at least 0",
            ),
            (
                {"instruments": {"AAPL": {"splits": [["2024-01-09", 2], ["2024-01-10", 0]]}}},
                "instruments['AAPL'].splits[1]: 0.0 is not above 0",
            ),
            (
                {"execution": {"latency_ms": [["2024-01-02", -1]]}},
                "execution.latency_ms[0]: -1.0 is not between",
            ),
            (
                {"execution": {"commission_tiers": [{}]}},
                "execution.commission_tiers[0].notional: is required",
            ),
        ],
    )
    def test_refused_when_read(self, fields, message):
        base = {"symbols": ["AAPL"], "start_date": "2024-01-02", "end_date": "2024-03-01"}
        assert refusal({**base, **fields}, bt.RunRequest).startswith(message)

    @pytest.mark.parametrize(
        ("fields", "message"),
        [
            ({"strategy": {"name": "hodl"}}, "strategy.name: 'hodl' is unknown"),
            (
                {"strategy": {"name": "rsi", "params": {"window": 3}}},
                "strategy.params.window: rsi has no such",
            ),
            (
                {"strategy": {"name": "rsi", "params": {"period": "3"}}},
                "strategy.params.period: '3' is not a whole number",
            ),
        ],
    )
    def test_refused_before_it_runs(self, fields, message):
        with pytest.raises(bt.ConfigError) as error:
            check_request(request(**fields), bt.SampleMarket())
        assert str(error.value).startswith(message)

    def test_an_unknown_symbol_lists_the_known_ones(self, tmp_path):
        catalog = bt.Catalog(tmp_path)
        catalog.write("MSFT", bars())
        with pytest.raises(bt.DataError, match=r"symbols\[0\]: .*MSFT"):
            check_request(request(), catalog)


class TestStrategies:
    def test_only_defined_callbacks_are_called(self):
        called = []

        class Some(bt.Strategy):
            def on_trade(self, ctx, trade):
                called.append(trade)

        both = (
            quotes(5),
            bt.Trades(quotes(5).timestamp, quotes(5).ask, np.full(5, 2.0), np.full(5, -1, np.int8)),
        )
        bt.run({"A": both}, Some())
        assert [(t.symbol, t.price, t.size, t.side) for t in called] == [
            ("A", float(px), 2.0, -1) for px in quotes(5).ask
        ]

    def test_parameters_are_annotations(self):
        class Cross(bt.Strategy):
            period: int = 3
            name: str = "x"
            _hidden: int = 0

        assert Cross(period=5).params == {"period": 5, "name": "x"}
        assert bt.run({"A": bars()}, Cross, {"period": np.int64(7)}).manifest["run"]["strategy"][
            "params"
        ] == {
            "period": 7,
            "name": "x",
        }
        for params, message in (
            ({"period": "5"}, "strategy.params.period: '5' is not a whole number"),
            ({"periods": 5}, "strategy.params.periods: Cross has no such parameter"),
        ):
            with pytest.raises(bt.ConfigError, match=message):
                Cross(**params)

    def test_a_parameter_without_default_is_required(self):
        class Needs(bt.Strategy):
            period: int

        with pytest.raises(bt.ConfigError, match=r"^strategy\.params\.period: is required$"):
            Needs()

    def test_an_exception_names_the_time_and_keeps_its_cause(self):
        class Bad(bt.Strategy):
            def on_bar(self, ctx, bar):
                raise ZeroDivisionError("oops")

        with pytest.raises(
            bt.StrategyError, match=r"at 2024-01-02T00:00:00.*ZeroDivisionError: oops"
        ) as error:
            bt.run({"A": bars()}, Bad())
        assert isinstance(error.value.__cause__, ZeroDivisionError)

    def test_an_interrupt_is_raised_as_it_is(self):
        class Impatient(bt.Strategy):
            def on_bar(self, ctx, bar):
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            bt.run({"A": bars()}, Impatient())

    def test_a_strategy_that_orders_without_end_is_stopped(self):
        class Runaway(bt.Strategy):
            def on_quote(self, ctx, quote):
                ctx.buy("A", 1e-6)

            def on_fill(self, ctx, fill):
                ctx.buy("A", 1e-6)

        with pytest.raises(bt.StrategyError, match="10000 rounds of requests within one event"):
            bt.run({"A": quotes(5)}, Runaway())

    def test_the_context_works_inside_callbacks_only(self):
        class Keeps(bt.Strategy):
            def on_start(self, ctx):
                self.ctx = ctx

        strategy = Keeps()
        bt.run({"A": bars()}, strategy)
        for use in (lambda c: c.cash, lambda c: c.buy("A", 1), lambda c: c.now, lambda c: c.log("x")):
            with pytest.raises(bt.OrderError, match="only inside the strategy's callbacks"):
                use(strategy.ctx)

    @pytest.mark.parametrize(
        ("act", "message"),
        [
            (lambda c: c.buy("B", 1), "'B' is not in this run; its symbols are A"),
            (lambda c: c.buy("A", -1), "A: quantity -1.0 is not a positive number"),
            (lambda c: c.sell("A", math.nan), "A: quantity nan is not a positive number"),
            (lambda c: c.buy("A", 1, limit=0), "A: limit price 0 is not a positive number"),
            (lambda c: c.buy("A", 1, stop=math.inf), "A: stop price inf is not a positive number"),
            (
                lambda c: c.buy("A", 1, time_in_force="GTX"),
                "A: time_in_force 'GTX' is not one of GTC, DAY, IOC, FOK, GTD, OPG, CLS",
            ),
            (lambda c: c.buy("A", 1, time_in_force="GTD"), "A: time_in_force GTD needs expires"),
            (lambda c: c.buy("A", 1, expires=START), "A: expires is for time_in_force GTD"),
            (
                lambda c: c.buy("A", 1, stop=99, touch=98),
                "A: a stop price and a touch price",
            ),
            (
                lambda c: c.buy("A", 1, trail=2, limit=98),
                "A: a trailing stop has neither a limit",
            ),
            (lambda c: c.buy("A", 1, trail=2, trail_by="points"), "A: trail_by 'points' is not one of"),
            (lambda c: c.buy("A", 1, limit_offset=1), "A: limit_offset is for trailing stops"),
            (
                lambda c: c.buy("A", 1, stop=99, time_in_force="OPG"),
                "A: time_in_force OPG and CLS are for",
            ),
            (lambda c: c.buy("A", 1, post_only=True), "A: post_only is for limit orders"),
            (lambda c: c.buy("A", 1, parent=9), "order 9: no order with this id was sent"),
            (lambda c: c.bracket("A", 1, side="long"), "A: side 'long' is not 'buy' or 'sell'"),
            (lambda c: c.buy("A", 1, latency_ms=-1), "A: latency_ms -1 is not between 0 and 86400000, a day"),
            (lambda c: c.buy("A", 1, oco=-1), "A: oco -1 is not 0 or a positive group"),
            (lambda c: c.cancel(7), "order 7: no order with this id was sent"),
            (lambda c: c.amend(c.buy("A", 1), limit=3.0), "order 1: a market order has no limit"),
            (lambda c: c.amend(c.buy("A", 1, limit=1.0), stop=3.0), "order 1: a limit order has no stop"),
            (lambda c: c.amend(c.buy("A", 1, stop=1.0), touch=3.0), "order 1: a stop order has no touch"),
            (lambda c: c.amend(c.buy("A", 1), quantity=0), "order 1: quantity 0 is not a positive number"),
            (lambda c: c.order_target("A", math.nan), "A: target nan is not a finite number"),
        ],
    )
    def test_invalid_orders(self, act, message):
        class Acts(bt.Strategy):
            def on_bar(self, ctx, bar):
                act(ctx)

        with pytest.raises(bt.StrategyError) as error:
            bt.run({"A": bars()}, Acts())
        assert isinstance(error.value.__cause__, bt.OrderError)
        assert str(error.value.__cause__).startswith(message)

    def test_order_target_counts_orders_in_flight(self):
        class Targets(bt.Strategy):
            def on_bar(self, ctx, bar):
                ctx.order_target("A", 10)
                assert ctx.order_target("A", 10) is None

        result = bt.run({"A": bars(10)}, Targets(), execution=bt.Execution(latency_ms=2.5 * 86_400_000 / 4))
        assert result.trades["quantity"].tolist() == [10.0]

    def test_timers(self):
        class Clock(bt.Strategy):
            def on_start(self, ctx):
                self.rang = []
                ctx.set_timer(START + 5 * 10**9 + 1)
                ctx.set_timer(START + 2 * 10**9)

            def on_timer(self, ctx):
                self.rang.append(ctx.now - START)

        clock = Clock()
        bt.run({"A": quotes(10)}, clock)
        assert clock.rang == [2 * 10**9, 5 * 10**9 + 1]

    def test_a_compiled_handler_is_a_strategy(self):
        from btcore.strategies import check_params, make_handler

        handler = make_handler("rsi", check_params("rsi", {"period": 4}), 1)
        assert isinstance(handler, Handler)
        by_name = bt.run({"A": bars(60)}, "rsi", {"period": 4})
        played = bt.run({"A": bars(60)}, handler)
        with pytest.raises(bt.ConfigError, match="has already been used for a run"):
            bt.run({"A": bars(60)}, handler)
        assert played.tables()["trades"].tobytes() == by_name.trades.tobytes()


class TestOrders:
    def test_rows_are_sent_at_their_times(self):
        data = bars(10)
        asked = bt.Orders(
            [START + 5 * DAY, START + DAY], "A", ["sell", "buy"], [3.0, 5.0], time_in_force="GTC"
        )
        result = bt.run({"A": data}, asked)
        assert result.trades["timestamp"].tolist() == [START + DAY, START + 5 * DAY]
        assert result.trades["price"].tolist() == [data.open[1], data.open[5]]
        assert result.trades["side"].tolist() == ["buy", "sell"]

    def test_orders_equal_the_same_orders_from_a_callback(self):
        rng = np.random.default_rng(5)
        data = quotes(400, 3)
        rows = np.sort(rng.choice(400, 60, replace=False))
        sides = rng.choice([-1, 1], 60)
        limits = np.where(rng.random(60) < 0.5, np.nan, np.round(100 + rng.normal(0, 2, 60), 1))
        stops = np.where(rng.random(60) < 0.7, np.nan, np.round(100 + rng.normal(0, 2, 60), 1))
        kinds = rng.choice(["GTC", "DAY", "IOC", "FOK"], 60)
        asked = bt.Orders(
            data.timestamp[rows] + 1, "A", sides, np.ones(60), limit_price=limits, stop_price=stops,
            time_in_force=kinds,
        )  # fmt: skip

        class Timed(bt.Strategy):
            def on_start(self, ctx):
                self.at = 0
                for row in rows:
                    ctx.set_timer(int(data.timestamp[row]) + 1)

            def on_timer(self, ctx):
                i = self.at
                self.at += 1
                send = ctx.buy if sides[i] > 0 else ctx.sell
                limit = None if np.isnan(limits[i]) else limits[i]
                stop = None if np.isnan(stops[i]) else stops[i]
                send("A", 1.0, time_in_force=str(kinds[i]), limit=limit, stop=stop)

        execution = bt.Execution(latency_ms=700, slippage_bps=3, commission_bps=1)
        one = bt.run({"A": data}, asked, execution=execution)
        other = bt.run({"A": data}, Timed(), execution=execution)
        assert same(one, other)
        assert len(one.trades) > 10

    @pytest.mark.parametrize(
        ("change", "message"),
        [
            ({"quantity": [1.0, -1.0]}, r"orders\[1\]: quantity -1.0 is not a positive number"),
            ({"quantity": [1.0, math.nan]}, r"orders\[1\]: quantity nan is not a positive number"),
            ({"side": ["buy", "hold"]}, r"orders\[1\]: side 'hold' is not 'buy' or 'sell'"),
            ({"side": [1, 0]}, r"orders\[1\]: side 0 is not 1 or -1"),
            ({"limit_price": [0.0, 1.0]}, r"orders\[0\]: limit_price 0.0 is not a finite number"),
            ({"time_in_force": ["GTC", "gtc"]}, r"orders\[1\]: time_in_force 'gtc' is not one of GTC"),
            ({"latency_ms": -1}, r"orders\[0\]: latency_ms -1.0 is not between 0 and"),
            ({"oco": [-2, 0]}, r"orders\[0\]: oco -2 is not 0 or a positive"),
            ({"parent": [-1, 2]}, r"orders\[1\]: parent 2 is not a row from 0 to 1"),
            ({"parent": [-1, 0]}, r"orders\[1\]: parent 0 is not the row of an order that is sent before"),
            ({"trail": 0.0}, r"orders\[0\]: trail 0.0 is not a positive number"),
            ({"trail": 1.0, "trail_by": "points"}, r"orders\[0\]: trail_by 'points' is not one of price"),
            (
                {"stop_price": 1.0, "touch_price": 1.0},
                r"orders\[0\]: a stop price and a touch price",
            ),
            ({"limit_offset": 1.0}, r"orders\[0\]: limit_offset is for trailing stops"),
            ({"post_only": [False, True]}, r"orders\[1\]: post_only is for limit orders"),
            ({"quantity": [1.0, 1.0, 1.0]}, r"orders.quantity: not a column of 2 values"),
            ({"timestamp": [1.5, 2.5]}, r"orders.timestamp: not a column of int64"),
            ({"timestamp": np.array(["2024-01-01", "NaT"], "M8[ns]")}, r"orders\[1\]: timestamp is NaT"),
        ],
    )
    def test_refusals_name_the_row(self, change, message):
        base = {"timestamp": [START + DAY, START], "symbol": "A", "side": "buy", "quantity": [1.0, 1.0]}
        with pytest.raises(bt.OrderError, match=message):
            bt.Orders(**{**base, **change})

    def test_an_unknown_symbol(self):
        with pytest.raises(bt.OrderError, match="orders: 'B' is not in this run; its symbols are A"):
            bt.run({"A": bars()}, bt.Orders([START], "B", "buy", 1))


def test_nothing_runs_before_everything_is_checked():
    """An error is raised before any callback is called."""
    called = threading.Event()

    class Hears(bt.Strategy):
        def on_start(self, ctx):
            called.set()

    with pytest.raises(bt.ConfigError):
        bt.run({"A": bars()}, Hears(), mark_every="never")
    assert not called.is_set()
