"""`bt.run_request`: equals `bt.run`; invalid requests."""

import json

import msgspec
import pytest
from decoding import decoding_error
from random_walks import bars, same_results

import btcore as bt
from btcore.backtest.request import check_request


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
        assert same_results(by_request, by_hand)
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
            ({"symbols": ["../../etc/passwd"]}, "symbols[0]: '../../etc/passwd' is not 1 to 32 letters"),
            ({"symbols": ["AAPL\n"]}, r"symbols[0]: 'AAPL\n' is not 1 to 32 letters"),
            ({"start_date": "2024-03-02"}, "end_date: '2024-03-01' is not after start_date '2024-03-02'"),
            ({"start_date": "soon"}, "start_date: 'soon' is not an ISO 8601 date or time"),
            ({"end_date": "9999-01-01"}, "end_date: '9999-01-01' is not between"),
            ({"timezone": "Nowhere/Here"}, "timezone: 'Nowhere/Here' is not a known IANA time zone"),
            ({"timezone": "x" * 65}, "timezone: length 65 is not at most 64"),
            ({"currency": "usd"}, "currency: 'usd' does not match ^[A-Z]{3,5}$"),
            ({"currency": "USD\n"}, r"currency: 'USD\n' does not match ^[A-Z]{3,5}$"),
            ({"resolution": "week"}, "resolution: 'week' is not tick, second, minute, hour, day"),
            ({"initial_capital": 0}, "initial_capital: 0 is not above 0"),
            ({"initial_capital": 1e12 + 1}, "initial_capital: 1000000000001.0 is not at most 1000000000000"),
            ({"initial_capital": True}, "initial_capital: True is not a number"),
            ({"strategy": {"name": "Buy"}}, "strategy.name: 'Buy' does not match ^[a-z0-9_]{1,128}$"),
            (
                {"strategy": {"name": "rsi", "parameters": {}}},
                "strategy.parameters: unknown field (did you mean 'params'?); choose",
            ),
            ({"leverage": 2}, "leverage: unknown field; choose from symbols, start_date, "),
            ({"instruments": {"B": {}}}, "instruments: 'B' is not among the symbols"),
            (
                {"instruments": {f"S{i}": {} for i in range(101)}},
                "instruments: length 101 is not at most 100",
            ),
            ({"mark_every": "0s"}, "mark_every: '0s' does not match ^[1-9]"),
            ({"fx": {"GBP": 1, "EUR": 0}}, "fx['EUR']: 0 is not above 0"),
            ({"fx": {"GBP": 1, "eur": 1}}, "fx['eur']: 'eur' does not match ^[A-Z]{3,5}$"),
            ({"fx": {"EUR": [["2024-01-02", 1], ["2024-01-03"]]}}, "fx['EUR'][1]: length 1 is not 2"),
            ({"fx": {"EUR": [["2024-01-02", "1"]]}}, "fx['EUR'][0][1]: '1' is not a number"),
            (
                {"instruments": {"AAPL": {"tick": 1}}},
                "instruments['AAPL'].tick: unknown field (did you mean 'tick_size'?)",
            ),
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
        assert decoding_error({**base, **fields}, bt.RunRequest).startswith(message)

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

    @pytest.mark.parametrize(
        ("fields", "message"),
        [
            ({"symbols": "AAPL"}, "symbols: 'AAPL' is not a list"),
            ({"symbols": [None]}, "symbols[0]: None is not a string"),
            ({"start_date": None}, "start_date: None is not a string"),
            ({"instruments": None}, "instruments: None is not a mapping"),
            ({"strategy": "rsi"}, "strategy: 'rsi' is not a StrategySpec"),
            ({"timezone": None}, "timezone: None is not the IANA name"),
        ],
    )
    def test_wrong_types_of_a_request_made_in_python(self, fields, message):
        base = {"symbols": ["AAPL"], "start_date": "2024-01-02", "end_date": "2024-03-01"}
        with pytest.raises(bt.ConfigError) as error:
            bt.run_request(bt.RunRequest(**{**base, **fields}), bt.SampleMarket())
        assert str(error.value).startswith(message)

    @pytest.mark.parametrize("run", [bt.run_request, bt.sweep_request])
    def test_arguments_of_another_type(self, run):
        with pytest.raises(bt.ConfigError, match="request: None is not a RunRequest"):
            run(None, bt.SampleMarket())
        with pytest.raises(bt.ConfigError, match="source: None is not a Catalog or a SampleMarket"):
            run(request(), None)
