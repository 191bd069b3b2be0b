"""`bt.Targets`: its rows and settings, invalid ones, and the built-in strategy `targets`."""

import json
import math
from typing import Any, ClassVar

import numpy as np
import pytest
from target_runs import FEBRUARY, SIXTY_FORTY, START, play, traded

import btcore as bt
from btcore.backtest.request import check_request, run_request
from btcore.cli.commands import main
from btcore.data import SampleMarket


class TestArguments:
    def test_a_targets_can_be_played_again(self):
        targets = bt.Targets(None, **SIXTY_FORTY, schedule="day")
        one, other = play(targets), play(targets)
        assert one.fingerprint == other.fingerprint
        assert one.trades.tobytes() == other.trades.tobytes()
        assert len(one.trades) > 2

    def test_the_manifest_tells_them(self):
        document = play(bt.Targets(None, **SIXTY_FORTY, drift=0.01)).manifest["run"]["strategy"]
        assert document["kind"] == "targets"
        assert document["params"] == {
            "kind": "weight", "schedule": None, "drift": 0.01, "max_weight": None, "max_turnover": None,
            "cash_floor": 0.0, "lot": None, "close_others": False,
        }  # fmt: skip
        assert json.loads(json.dumps(document)) == document
        variants = [
            bt.Targets(None, **SIXTY_FORTY),
            bt.Targets(None, **SIXTY_FORTY, drift=0.01),
            bt.Targets(START, **SIXTY_FORTY),
            bt.Targets(None, ["A", "B"], [0.5, 0.4]),
            bt.Targets(None, ["B", "A"], [0.6, 0.4]),
        ]
        assert len({play(targets).fingerprint for targets in variants}) == len(variants)

    def test_rows_come_in_any_order_and_the_last_of_one_moment_counts(self):
        targets = bt.Targets([9, 3, 9], ["A", "B", "A"], [0.1, 0.2, 0.3])
        assert targets.timestamp.tolist() == [3, 9, 9]
        assert targets.value.tolist() == [0.2, 0.1, 0.3]
        assert [t[2] for t in traded(play(targets))] == [30.0, 40.0]

    def test_datetimes_are_nanoseconds(self):
        targets = bt.Targets(np.array(["2024-01-26", "2024-02-01"], "M8[D]"), "A", 0.5)
        assert targets.timestamp.tolist() == [START, FEBRUARY]

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            (([3, 1], "A", [1.0, math.nan]), "targets[1]: value nan is not a finite number"),
            (([3, 1], "A", [-math.inf, math.nan]), "targets[0]: value -inf is not a finite number"),
            (([3, 1], "A", [1.0, 2.0, 3.0]), "targets.value: not a column of 2 values but of 3"),
            ((1, ["A", "B"], [1.0, 2.0, 3.0]), "targets.value: not a column of 2 values but of 3"),
            (
                (1, "A", "much"),
                "targets.value: not a column of 1 values (could not convert string to float: 'much')",
            ),
            ((1, "A", [[1.0]]), "targets.value: not a column but an array of 2 dimensions"),
            ((1.5, "A", 1.0), "targets.timestamp: not a column of int64 nanoseconds or datetime64"),
            (("2024-01-01", "A", 1.0), "targets.timestamp: not a column of int64 nanoseconds or datetime64"),
            ((np.array(["2024", "NaT"], "M8[D]"), "A", 1.0), "targets[1]: timestamp is NaT, not a time"),
        ],
    )
    def test_invalid_rows(self, arguments: tuple[Any, ...], message: str):
        with pytest.raises(bt.OrderError) as error:
            bt.Targets(*arguments)
        assert str(error.value) == message

    @pytest.mark.parametrize(
        ("settings", "message"),
        [
            ({"kind": "percent"}, "targets.kind: 'percent' is not one of weight, value, units"),
            (
                {"schedule": "fortnight"},
                "targets.schedule: 'fortnight' is not one of day, week, month, quarter",
            ),
            ({"schedule": 60}, "targets.schedule: 60 is not a string"),
            ({"drift": -0.1}, "targets.drift: -0.1 is not at least 0"),
            ({"drift": math.nan}, "targets.drift: nan is not a finite number"),
            ({"max_weight": 0}, "targets.max_weight: 0 is not above 0"),
            ({"max_turnover": -1.0}, "targets.max_turnover: -1.0 is not above 0"),
            ({"cash_floor": 1.0}, "targets.cash_floor: 1.0 is not below 1"),
            ({"lot": 0}, "targets.lot: 0.0 is not above 0"),
            ({"close_others": 1}, "targets.close_others: 1 is not a boolean"),
        ],
    )
    def test_invalid_settings(self, settings: dict[str, Any], message: str):
        with pytest.raises(bt.ConfigError) as error:
            bt.Targets(None, "A", 1.0, **settings)
        assert str(error.value).startswith(message)

    def test_what_does_not_fit_the_run(self):
        with pytest.raises(bt.OrderError, match=r"^targets: 'C' is not in this run; its symbols are A, B$"):
            play(bt.Targets(None, ["A", "C"], 0.5))
        with pytest.raises(
            bt.OrderError, match=r"^targets\.lot: 1\.5 is not a multiple of A's lot_size 1\.0"
        ):
            play(bt.Targets(None, "A", 0.5, lot=1.5))
        hedged = bt.Execution(position_mode="hedging")
        with pytest.raises(bt.OrderError, match=r"^targets: a target is a net position; position_mode must"):
            play(bt.Targets(None, "A", 0.5), execution=hedged)
        cash = bt.Execution(account="cash")
        with pytest.raises(
            bt.OrderError, match=r"^targets: B has a target below 0; a cash account cannot sell short$"
        ):
            play(bt.Targets(None, ["A", "B"], [0.5, -0.5]), execution=cash)
        with pytest.raises(bt.ConfigError, match=r"^params: only a strategy given by name or class"):
            play(bt.Targets(None, "A", 0.5), params={"drift": 1})


class TestBuiltIn:
    PARAMS: ClassVar[dict[str, Any]] = {
        "weights": {"AAPL": 0.6, "MSFT": 0.4}, "schedule": "month", "drift": 0.02, "max_weight": 0.58,
        "max_turnover": 0.9, "cash_floor": 0.05, "close_others": False,
    }  # fmt: skip
    REQUEST: ClassVar[dict[str, Any]] = {
        "symbols": ["AAPL", "MSFT"], "start_date": "2023-01-01", "end_date": "2023-07-01",
    }  # fmt: skip

    def test_three_doors_one_result(self, capsys: pytest.CaptureFixture[str]):
        data = {s: bt.sample_bars(s, "2023-01-01", "2023-07-01") for s in ("AAPL", "MSFT")}
        rest = {name: value for name, value in self.PARAMS.items() if name != "weights"}
        by_name = bt.run(data, "targets", self.PARAMS)
        by_rows = bt.run(data, bt.Targets(None, ["AAPL", "MSFT"], [0.6, 0.4], **rest))
        spec = bt.StrategySpec(name="targets", params=self.PARAMS)
        by_request = run_request(bt.RunRequest(**self.REQUEST, strategy=spec), SampleMarket())
        assert len(by_name.trades) > 4
        assert by_name.trades.tobytes() == by_rows.trades.tobytes() == by_request.trades.tobytes()
        assert by_name.manifest["run"]["strategy"] == {
            "kind": "built-in", "name": "targets", "params": self.PARAMS,
        }  # fmt: skip

        flags = [f"--param={name}={json.dumps(value)}" for name, value in self.PARAMS.items()]
        times = ["--start", "2023-01-01", "--end", "2023-07-01"]
        assert main(["run", "AAPL", "MSFT", *times, "--strategy", "targets", *flags, "--json"]) == 0
        document = json.loads(capsys.readouterr().out)
        assert document["trades"] == by_name.rows("trades")

    def test_without_weights_all_are_equal(self):
        data = {s: bt.sample_bars(s, "2023-01-01", "2023-03-01") for s in ("AAPL", "MSFT", "IBM")}
        result = bt.run(data, "targets")
        by_rows = bt.run(data, bt.Targets(None, list(data), 1 / 3, schedule="month"))
        assert result.trades.tobytes() == by_rows.trades.tobytes()
        assert len(result.trades) >= 3

    @pytest.mark.parametrize(
        ("params", "message"),
        [
            (
                {"weights": {"IBM": 1.0}},
                "strategy.params.weights: 'IBM' is not in this run; its symbols are AAPL",
            ),
            ({"weights": {"AAPL": "all"}}, "strategy.params.weights['AAPL']: 'all' is not a number"),
            ({"weights": {"AAPL": math.nan}}, "strategy.params.weights['AAPL']: nan is not a finite number"),
            ({"weights": [0.6, 0.4]}, "strategy.params.weights: [0.6, 0.4] is not a mapping"),
            (
                {"weight": 1.0},
                "strategy.params.weight: targets has no such parameter (did you mean 'weights'?); it has ",
            ),
            ({"schedule": "1ns"}, "strategy.params.schedule: '1ns' does not match ^"),
            ({"schedule": "month\n"}, r"strategy.params.schedule: 'month\n' does not match ^"),
            ({"cash_floor": 1.0}, "strategy.params.cash_floor: 1.0 is not below 1"),
        ],
    )
    def test_parameters_are_checked_before_anything_is_loaded(self, params: dict[str, Any], message: str):
        spec = bt.StrategySpec(name="targets", params=params)
        with pytest.raises(bt.ConfigError) as error:
            check_request(bt.RunRequest(**self.REQUEST, strategy=spec), SampleMarket())
        assert str(error.value).startswith(message)

    def test_it_is_no_compiled_handler(self):
        from btcore.strategies import check_params, make_handler

        with pytest.raises(bt.ConfigError, match="'targets' is not compiled"):
            make_handler("targets", check_params("targets", {}), 1)


@pytest.mark.parametrize("column", ["timestamp", "symbol", "value"])
def test_lists_of_different_lengths_are_refused(column):
    given = {"timestamp": None, "symbol": ["A"], "value": [1.0], column: [["1"], ["1", "2"]]}
    with pytest.raises(bt.OrderError, match=f"targets.{column}: not a column"):
        bt.Targets(**given)
