"""`bt.sweep`: parameter sets, the table of metrics, progress, errors."""

import numpy as np
import pytest
from sweeps import COSTS, GRID, START, STEP, assert_same, bars, swept

import btcore as bt
from btcore.contract import Handler


class Fade(bt.Strategy):
    period: int = 3
    size: float = 1.0

    def on_bar(self, ctx, bar):
        if ctx.now // STEP["1min"] % self.period == 0:
            (ctx.buy if bar.close < bar.open else ctx.sell)(bar.symbol, self.size)


def test_a_grid_is_played_in_order_and_refused_sets_are_listed():
    result = swept({"A": bars(50)}, "ma_crossover", {"short_period": [3, 9], "long_period": range(8, 10)})
    assert [run.params for run in result] == [
        {"short_period": 3, "long_period": 8},
        {"short_period": 3, "long_period": 9},
    ]
    assert [refusal.params for refusal in result.refused] == [
        {"short_period": 9, "long_period": 8},
        {"short_period": 9, "long_period": 9},
    ]
    assert "short_period: 9 is not below long_period 8" in result.refused[0].reason
    assert result.params["long_period"].tolist() == [8, 9]


def test_a_sequence_of_sets_is_completed_with_defaults():
    result = swept({"A": bars(50)}, "ma_crossover", [{"short_period": 3}, {"weight": 1, "long_period": 12}])
    assert result[0].params == {"short_period": 3, "weight": 1.0, "long_period": 30}
    assert result[-1].params == {"short_period": 10, "weight": 1.0, "long_period": 12}
    assert_same(result, {"A": bars(50)}, "ma_crossover")


def test_a_single_value_is_a_list_of_one():
    result = swept({"A": bars(50)}, "momentum", {"lookback_period": np.arange(2, 4), "allow_short": True})
    assert result.params["allow_short"].tolist() == [True, True]
    assert result[0].params == {"lookback_period": 2, "allow_short": True}


@pytest.mark.parametrize(
    ("strategy", "params", "message"),
    [
        ("ma_crossover", {"short": [2]}, r"params\.short: the strategy has no such parameter"),
        ("ma_crossover", [{"short_period": 2}, {"span": 1}], "params.span: the strategy has no such"),
        ("ma_crossover", {"short_period": [50], "long_period": [20]}, "every parameter set is refused"),
        ("ma_crossover", {"short_period": []}, "params.short_period: the list of values is empty"),
        ("ma_crossover", [], "params: the sequence of parameter sets is empty"),
        ("ma_crossover", [3], r"params\[0\]: 3 is not a mapping"),
        ("ma_crossover", "short_period", "params: 'short_period' is not a mapping"),
        ("no_such", {"a": [1]}, "strategy.name: 'no_such' is unknown"),
        (bt.Orders([START], "A", "buy", 1.0), {"a": [1]}, "cannot be swept"),
        (Handler(), {"a": [1]}, "cannot be swept"),
    ],
)
def test_invalid_input_is_refused_before_anything_runs(strategy, params, message):
    with pytest.raises(bt.ConfigError, match=message):
        swept({"A": bars(20)}, strategy, params)


@pytest.mark.parametrize("strategy", ["ma_crossover", Fade])
@pytest.mark.parametrize(
    ("params", "message"),
    [
        (5, "params: 5 is not a mapping of names to values or a sequence of parameter sets"),
        (None, "params: names and values are needed; only a list of strategies has none"),
        ({1: [2]}, "params: the name 1 is not a string"),
        ([{}, 5], r"params\[1\]: 5 is not a mapping of names to values"),
        ([{}, {1: 2}], r"params\[1\]: the name 1 is not a string"),
        ({"on_bar": [1]}, "params.on_bar: the strategy has no such parameter, only "),
    ],
)
def test_params_are_a_grid_or_a_sequence_of_mappings(strategy, params, message):
    with pytest.raises(bt.ConfigError, match=f"^{message}"):
        swept({"A": bars(20)}, strategy, params)


@pytest.mark.parametrize("workers", [0, -1, 1.5, True, "2"])
def test_workers_must_be_a_positive_whole_number(workers):
    with pytest.raises(bt.ConfigError, match="workers"):
        swept({"A": bars(20)}, "ma_crossover", {"short_period": [2]}, workers=workers)


def test_best_and_order():
    result = swept({"A": bars()}, "ma_crossover", GRID, execution=COSTS)
    sharpe = result.metrics["sharpe_ratio"]
    assert result.best().row == int(np.nanargmax(sharpe))
    assert result.best("max_drawdown", highest=False).row == int(np.argmin(result.metrics["max_drawdown"]))
    assert np.array_equal(sharpe[result.order()], np.sort(sharpe)[::-1])
    with pytest.raises(bt.ConfigError, match="'luck' is not a numeric metric"):
        result.best("luck")
    with pytest.raises(bt.ConfigError, match="'period' is not a numeric metric"):
        result.best("period")


def test_an_undefined_metric_is_last_and_never_best():
    result = swept({"A": bars(60)}, "ma_crossover", {"short_period": [2, 3, 40], "long_period": [9, 59]})
    factor = result.metrics["profit_factor"]
    assert np.isnan(factor).any()
    assert not np.isnan(factor).all()
    assert np.isnan(factor[result.order("profit_factor", highest=False)[-1]])
    never = swept({"A": bars(20)}, "ma_crossover", {"long_period": [50, 60]})
    assert never[0].metrics["profit_factor"] is None
    with pytest.raises(bt.ConfigError, match="profit_factor is undefined in every run"):
        never.best("profit_factor")
    assert "2 runs of long_period" in repr(never)


def test_a_run_can_be_played_again_for_its_result():
    data = {"A": bars()}
    result = swept(data, "ma_crossover", GRID, execution=COSTS)
    alone = bt.run(data, "ma_crossover", result[-3].params, execution=COSTS, progress=False)
    again = result.run(-3)
    assert again.fingerprint == alone.fingerprint
    assert all(again.table(name).tobytes() == alone.table(name).tobytes() for name in alone.tables())
    with pytest.raises(bt.ConfigError, match="run 18: there are 18 runs"):
        result.run(len(result))


def test_the_table_converts_to_data_frames():
    result = swept({"A": bars(200)}, "rsi", {"period": [2, 5], "oversold": [20.0, 40.0]})
    frame = result.to_pandas()
    assert frame["param_period"].tolist() == [2, 2, 5, 5]
    assert frame["period"].tolist() == [run.metrics["period"] for run in result]
    assert result.to_polars()["total_trades"].to_list() == frame["total_trades"].tolist()
    assert result.to_arrow().column("oversold").to_pylist() == [20.0, 40.0, 20.0, 40.0]


def test_progress_is_reported_to_the_end():
    reports: list[bt.Progress] = []
    result = bt.sweep({"A": bars(500)}, "ma_crossover", GRID, progress=reports.append, workers=2)
    assert reports[-1].fraction == 1.0
    assert reports[-1].events == 500 * len(result)
    assert sorted(p.fraction for p in reports) == [p.fraction for p in reports]


def test_a_python_strategy_is_swept_by_its_class():
    data = {"A": bars(300)}
    result = swept(data, Fade, {"period": [2, 5], "size": [1, 2.5]})
    assert_same(result, data, Fade)
    assert result[1].params == {"period": 2, "size": 2.5}
    with pytest.raises(bt.ConfigError, match=r"params\.speed"):
        swept(data, Fade, {"speed": [1]})
    with pytest.raises(bt.ConfigError, match="cannot be swept"):
        swept(data, Fade(), {"period": [2]})


class Broken(bt.Strategy):
    period: int = 3

    def on_bar(self, ctx, bar):
        1 // (self.period - 3)


def test_a_failing_set_is_named():
    with pytest.raises(bt.StrategyError, match=r"'period': 3.*ZeroDivisionError"):
        swept({"A": bars(30)}, Broken, {"period": [2, 3, 4]})


@pytest.mark.parametrize("name", ["study", "out"])
@pytest.mark.parametrize("path", [5, b"trials.study", "", "/"])
def test_a_path_is_that_of_a_file(name, path):
    with pytest.raises(bt.ConfigError, match=f"^{name}: .* is not the path of a file"):
        bt.sweep({"A": bars(200)}, "momentum", {"lookback_period": [5]}, progress=False, **{name: path})


def test_whole_numbers_of_numpy_are_taken():
    def params(number, **more):
        found = bt.sweep(
            {"A": bars(200)}, "momentum", {"lookback_period": range(2, 90)}, method="random",
            trials=number(6), seed=number(3), workers=number(1), keep=number(4), progress=False,
        )  # fmt: skip
        return found.params["lookback_period"].tolist()

    assert params(np.int64) == params(int)
    with pytest.raises(bt.ConfigError, match=r"workers: np.float64\(1.0\) is not a whole number"):
        params(np.float64)


def test_a_function_without_parameters_has_none_to_sweep():
    with pytest.raises(bt.ConfigError, match=r"params\.k: the strategy has no such parameter; it has none"):
        bt.sweep({"A": bars(200)}, lambda: "momentum", {"k": [1]}, progress=False)
