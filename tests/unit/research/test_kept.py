"""Which trials a sweep keeps: all, the best, or the best in memory and all in a file; goals; lists."""

import math
import sys

import numpy as np
import pytest
from swept_kinds import BARS, EveryNth, market, orders, signals

import btcore as bt

GRID = {"short_period": range(2, 30), "long_period": range(31, 61)}


def swept(strategy, params=None, **options) -> bt.SweepResult:
    return bt.sweep({"A": BARS}, strategy, params, progress=False, **options)


@pytest.fixture(scope="module")
def whole() -> bt.SweepResult:
    return swept("ma_crossover", GRID)


@pytest.mark.parametrize(
    ("objective", "metric", "highest"),
    [
        ("sharpe_ratio", "sharpe_ratio", True),
        ({"max_drawdown": "minimize"}, "max_drawdown", False),
        (["total_return", "sharpe_ratio"], "total_return", True),
    ],
)
def test_the_best_are_those_of_the_whole(objective, metric, highest, whole, monkeypatch):
    monkeypatch.setattr("btcore.research.sweeps.running.PART", 100)  # several parts
    found = swept("ma_crossover", GRID, keep=7, objective=objective)
    best = np.sort(whole.order(metric, highest)[:7])
    assert found.numbers.tolist() == best.tolist()
    assert found.metrics["final_equity"].tolist() == whole.metrics["final_equity"][best].tolist()
    assert found.params["short_period"].tolist() == whole.params["short_period"][best].tolist()
    assert (len(found), found.n_trials) == (7, len(whole))
    assert "the best of 840" in repr(found)
    assert found.returns is None
    i = int(found.order(metric, highest)[0])
    assert found.run(i).metrics["final_equity"] == found.metrics["final_equity"][i]


def test_the_odds_count_what_was_not_kept(whole):
    few = swept("ma_crossover", GRID, keep=3)
    assert few.odds.trials == whole.odds.trials == 840
    assert few.odds.deflated_sharpe is not None
    assert few.odds.deflated_sharpe.probability == pytest.approx(whole.odds.deflated_sharpe.probability)
    assert few.odds.pbo is None
    assert "are at hand" in few.odds.missing["pbo"]
    assert 0.0 <= whole.odds.pbo.pbo <= 1.0


def test_all_trials_go_to_a_file(whole, tmp_path, monkeypatch):
    polars = pytest.importorskip("polars")
    monkeypatch.setattr("btcore.research.sweeps.running.PART", 100)
    path = tmp_path / "trials.parquet"
    found = swept("ma_crossover", GRID, out=path, keep=5)
    table = polars.read_parquet(path)
    assert table["trial"].to_list() == list(range(840))
    assert table["sharpe_ratio"].to_numpy().tobytes() == whole.metrics["sharpe_ratio"].tobytes()
    assert table["period"].to_list() == whole.metrics["period"].tolist()
    assert table["short_period"].to_list() == whole.params["short_period"].tolist()
    assert len(found) == 5
    assert [each.name for each in tmp_path.iterdir()] == ["trials.parquet"]


def test_a_sweep_that_fails_leaves_no_file(tmp_path):
    pytest.importorskip("pyarrow")
    with pytest.raises(bt.StrategyError):
        swept(EveryNth, {"n": [3, 0]}, out=tmp_path / "trials.parquet")
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(bt.ConfigError, match=r"does not end in \.parquet"):
        swept(EveryNth, {"n": [3]}, out=tmp_path / "trials.csv")


def test_a_million_sets_take_bounded_memory(tmp_path):
    """Two hundred thousand sets over few bars, in a process of its own: its memory hardly grows with them."""
    import subprocess

    script = (
        "import resource, sys\n"
        "sys.path[:0] = sys.argv[2:]\n"
        "import btcore as bt\n"
        "from swept_kinds import market\n"
        "data, n = {'A': market(30)}, int(sys.argv[1])\n"
        "grid = {'short_period': range(1, n), 'long_period': range(1, 1001), 'weight': 1.0}\n"
        "found = bt.sweep(data, 'ma_crossover', grid, keep=10, progress=False,"
        " constraints='short_period < long_period')\n"
        "print(found.n_trials, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)\n"
    )
    found = []
    for n in (41, 221):
        text = subprocess.run(
            [sys.executable, "-c", script, str(n), *sys.path], capture_output=True, text=True, check=True
        ).stdout
        found.append([int(word) for word in text.split()])
    (few, small), (many, large) = found
    assert many > 4 * few > 150_000
    assert large - small < 40_000  # kB; a record of metrics alone would take 0.5 kB a trial


class TestGoals:
    def test_the_front_of_several_goals(self, whole):
        found = swept(
            "ma_crossover", GRID, objective={"total_return": "maximize", "max_drawdown": "minimize"}
        )
        points = list(zip(found.metrics["total_return"], -found.metrics["max_drawdown"], strict=True))
        expected = [
            i for i, p in enumerate(points)
            if not any(q[0] >= p[0] and q[1] >= p[1] and q != p for q in points)
        ]  # fmt: skip
        assert 1 < len(expected) < 100
        assert [run.row for run in found.pareto()] == expected

    def test_objectives_are_checked(self):
        for objective, message in [
            ("sharpe", "objective: 'sharpe' is not a numeric metric .did you mean 'sharpe_ratio'"),
            (
                "max_drawdown",
                "objective: max_drawdown is better when it is low; {'max_drawdown': 'minimize'}",
            ),
            ({"total_return": "max"}, "objective.total_return: 'max' is not one of maximize, minimize"),
            ([], "objective: the name of a metric is needed"),
            (5, "objective: 5 is not the name of a metric, or several"),
        ]:
            with pytest.raises(bt.ConfigError, match=message):
                swept("ma_crossover", GRID, objective=objective)


class TestLists:
    def test_each_strategy_of_a_list_is_played(self):
        listed = [signals(1), orders(2), EveryNth(n=3)]
        found = swept(listed)
        assert found.params["strategy"].tolist() == [0, 1, 2]
        for i, strategy in enumerate(listed):
            alone = bt.run({"A": BARS}, strategy, progress=False)
            assert found.metrics["final_equity"][i] == alone.metrics["final_equity"]
            assert found.run(i).fingerprint == alone.fingerprint

    def test_names_of_a_mapping(self):
        found = swept({"falls": signals(1), "times": orders(2)})
        assert found.params["strategy"].tolist() == ["falls", "times"]

    def test_a_list_has_no_parameters(self):
        with pytest.raises(bt.ConfigError, match="params: a list of strategies has none"):
            swept([signals(1)], {"k": [1]})
        with pytest.raises(bt.ConfigError, match="strategy: the list of strategies is empty"):
            swept([])
        with pytest.raises(bt.ConfigError, match="params: names and values are needed"):
            swept("ma_crossover")


def test_returns_are_those_of_the_runs(whole):
    assert whole.returns.shape[0] == 840
    for i in (0, 100, 839):
        assert whole.returns[i].tolist() == pytest.approx(
            (whole.run(i).period_returns["return"] / 100.0).tolist(), abs=1e-15
        )
    slow = swept(EveryNth, {"n": [3, 7]})
    assert slow.returns[1].tolist() == pytest.approx(
        (slow.run(1).period_returns["return"] / 100.0).tolist(), abs=1e-15
    )


def test_wrong_options():
    for options, message in [
        ({"keep": 0}, "keep: 0 is not a whole number above 0"),
        ({"on_error": "ignore"}, "on_error: 'ignore' is not one of raise, record"),
        ({"stop": 5}, "stop: 5 is not a function or a threading.Event"),
        ({"workers": True}, "workers: True is not a whole number above 0"),
        ({"method": "gird"}, "method: 'gird' is not one of .*did you mean 'grid'"),
    ]:
        with pytest.raises(bt.ConfigError, match=message):
            swept("ma_crossover", GRID, **options)
    assert market(10).interval


def test_every_name_of_a_list_of_sets_is_a_column(monkeypatch, tmp_path):
    monkeypatch.setattr("btcore.research.sweeps.running.PART", 2)
    sets = [{"lookback_period": 5}, {"lookback_period": 6}, {"weight": 0.5}]
    found = swept("momentum", sets, out=tmp_path / "all.parquet")
    assert [each.params for each in found] == [
        {"lookback_period": 5, "weight": 1.0},
        {"lookback_period": 6, "weight": 1.0},
        {"lookback_period": 20, "weight": 0.5},
    ]
    table = pytest.importorskip("polars").read_parquet(tmp_path / "all.parquet")
    assert table["weight"].to_list() == [1.0, 1.0, 0.5]
    with pytest.raises(bt.ConfigError, match=r"params\.weigth: the strategy has no such parameter"):
        swept("momentum", [*sets, {"weigth": 0.5}])


@pytest.mark.parametrize(
    ("values", "column"),
    [
        ([0, 0.5, 1], [0.0, 0.5, 1.0]),
        ([None, 0.5, 1.0], [math.nan, 0.5, 1.0]),
        (["a", None, "b"], ["'a'", "None", "'b'"]),
        ([1, None, 2], ["1", "None", "2"]),
        ([True, "a", 3], ["True", "'a'", "3"]),
    ],
)
def test_a_column_of_the_file_has_one_type_in_all_parts(values, column, monkeypatch, tmp_path):
    monkeypatch.setattr("btcore.research.sweeps.running.PART", 2)

    def make(kind, k):
        return signals(k)

    found = swept(make, {"kind": values, "k": [1, 2]}, out=tmp_path / "all.parquet", keep=1)
    assert found.n_trials == 6
    table = pytest.importorskip("polars").read_parquet(tmp_path / "all.parquet")
    np.testing.assert_equal(table["kind"].to_list(), np.repeat(np.array(column), 2).tolist())


def test_a_parameter_with_the_name_of_a_column_keeps_both(tmp_path):
    def make(trial, sharpe_ratio):
        return signals(trial)

    swept(make, {"trial": [3, 5], "sharpe_ratio": [7]}, out=tmp_path / "all.parquet")
    table = pytest.importorskip("polars").read_parquet(tmp_path / "all.parquet")
    assert table.columns[:3] == ["trial", "param_trial", "param_sharpe_ratio"]
    assert table["trial"].to_list() == [0, 1]
    assert table["param_trial"].to_list() == [3, 5]
