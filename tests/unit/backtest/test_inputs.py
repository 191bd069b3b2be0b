"""Invalid arguments of `bt.run`, and settings in each form that it accepts."""

import math
import threading

import pytest
from decoding import decoding_error
from random_walks import bars

import btcore as bt
from btcore.strategies import check_params


class Nothing(bt.Strategy):
    pass


class TestInvalidInput:
    @pytest.mark.parametrize(
        ("change", "error", "message"),
        [
            ({"data": {}}, bt.ConfigError, "data: a mapping of at least one symbol"),
            ({"data": 5}, bt.ConfigError, "data: a mapping of at least one symbol"),
            ({"data": bars()}, bt.ConfigError, "data: its symbol is missing"),
            ({"data": {"A": [1, 2]}}, bt.ConfigError, "data['A'][0]: int is not Bars, Quotes or Trades, "),
            ({"data": {"../x": bars()}}, bt.DataError, "symbol: '../x' is not"),
            ({"data": {"A": (bars(), bars())}}, bt.ConfigError, "data['A']: two streams of day bars; join"),
            ({"data": {"A": bars(0)}}, bt.DataError, "data['A']: no rows between start and end"),
            ({"start": "2030-01-01"}, bt.DataError, "data['A']: no rows between start and end"),
            (
                {"start": "2024-02-01", "end": "2024-01-01"},
                bt.ConfigError,
                "end: '2024-01-01' is not after start '",
            ),
            (
                {"start": "2024-01-01", "end": "2024-01-01"},
                bt.ConfigError,
                "end: '2024-01-01' is not after start '",
            ),
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
            ({"intrabar": "x"}, bt.ConfigError, "execution.intrabar: 'x' is not one of bounds, optimistic"),
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
        assert message in decoding_error(terms, bt.Execution)

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

    @pytest.mark.parametrize(
        "strategy",
        ["ma_crossover", Nothing, Nothing(), bt.Orders([0], "A", "buy", 1.0), bt.Targets(None, "A", 0.5)],
        ids=["name", "class", "object", "orders", "targets"],
    )
    @pytest.mark.parametrize(
        ("params", "message"),
        [
            (5, "5 is not a mapping of names to values"),
            (0, "0 is not a mapping of names to values"),
            ([], r"\[\] is not a mapping of names to values"),
            ("period", "'period' is not a mapping of names to values"),
            ([("period", 5)], r"\[\('period', 5\)\] is not a mapping of names to values"),
            ({1: 2}, "the name 1 is not a string"),
        ],
        ids=["int", "zero", "list", "text", "pairs", "number as name"],
    )
    def test_params_are_a_mapping_of_names(self, strategy, params, message):
        with pytest.raises(bt.ConfigError, match=f"^params: {message}$"):
            bt.run({"A": bars()}, strategy, params)

    def test_params_of_a_strategy_made_in_python(self):
        for check in (lambda: check_params("rsi", 5), lambda: Nothing.check_params(5)):
            with pytest.raises(bt.ConfigError, match=r"^strategy\.params: 5 is not a mapping of names"):
                check()


def test_nothing_runs_before_everything_is_checked():
    """An error is raised before any callback is called."""
    called = threading.Event()

    class Hears(bt.Strategy):
        def on_start(self, ctx):
            called.set()

    with pytest.raises(bt.ConfigError):
        bt.run({"A": bars()}, Hears(), mark_every="never")
    assert not called.is_set()
