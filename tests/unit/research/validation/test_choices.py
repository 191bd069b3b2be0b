"""What is chosen on what: training sees its window alone; the choice of folds is computed again."""

import itertools
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from validations import COSTS, GRID, noise

import btcore as bt
from btcore.errors import ConfigError
from btcore.research.validation.folds import groups, label_ends, purged_train


def test_the_choice_is_the_best_of_a_sweep_over_the_training_window(
    forward: bt.WalkForward, bars: bt.Bars
) -> None:
    for fold in forward.folds:
        start, end = fold.train[0]
        assert end == fold.test[0][0]
        swept = bt.sweep(
            {"A": bars}, "ma_crossover", GRID, start=start, end=end, execution=COSTS, periods_per_year=252.0,
            progress=False,
        )  # fmt: skip
        assert fold.params == swept.best().params
        assert fold.in_sample == swept.best().metrics["sharpe_ratio"]
        assert fold.sets == len(swept)


def test_later_data_do_not_change_an_earlier_choice(bars: bt.Bars) -> None:
    """Every row after a window may be another one: choices, tests and their capital are the same."""
    early = bars.slice(None, 18_993 * 86_400 * 10**9)  # 2022-01-01
    late = bars.slice(18_993 * 86_400 * 10**9, None)
    other = bt.Bars(
        bars.timestamp,
        *(
            np.append(getattr(early, n), 3 * getattr(late, n)[::-1].max() - getattr(late, n))
            for n in ("open",)
        ),
        *(np.append(early.high, 3 * late.open.max() - late.low),),
        *(np.append(early.low, 3 * late.open.max() - late.high),),
        *(np.append(early.close, 3 * late.open.max() - late.close),),
        interval="1d",
    )
    terms: dict[str, Any] = {
        "train": "1y", "test": "6mo", "execution": COSTS, "progress": False, "periods_per_year": 252.0
    }  # fmt: skip
    one = bt.walk_forward({"A": bars}, "ma_crossover", GRID, **terms)
    two = bt.walk_forward({"A": other}, "ma_crossover", GRID, **terms)
    assert len(one.folds) == len(two.folds) == 3
    for a, b in zip(one.folds[:2], two.folds[:2], strict=True):
        assert (a.params, a.in_sample, a.out_of_sample, a.rank) == (
            b.params,
            b.in_sample,
            b.out_of_sample,
            b.rank,
        )
        assert a.result.equity_curve.tobytes() == b.result.equity_curve.tobytes()
    assert one.folds[2].out_of_sample != two.folds[2].out_of_sample


def objective(result: bt.Result, rows: np.ndarray) -> float:
    returns = result.period_returns["return"][rows] / 100
    return bt.metrics.sharpe_ratio(returns, periods=252.0)


@pytest.mark.parametrize("kind", ["folded", "crossed"])
def test_folds_choose_by_the_returns_of_whole_runs(
    kind: str, bars: bt.Bars, request: pytest.FixtureRequest
) -> None:
    found = request.getfixturevalue(kind)
    swept = bt.sweep({"A": bars}, "ma_crossover", GRID, execution=COSTS, progress=False)
    runs = [swept.run(i) for i in range(len(swept))]
    size = len(runs[0].period_returns)
    ranges = groups(size, 4)
    purge, embargo = (3, 2) if kind == "folded" else (0, 0)
    for fold in found.folds:
        tests = [ranges[g] for g in fold.groups]
        train = purged_train(np.arange(size), label_ends(size, purge), tests, embargo)
        inside = np.array([objective(run, train) for run in runs])
        rows = np.concatenate([np.arange(*each) for each in tests])
        outside = np.array([objective(run, rows) for run in runs])
        best = int(inside.argmax())
        assert fold.params == swept[best].params
        assert fold.in_sample == pytest.approx(inside[best])
        assert fold.out_of_sample == pytest.approx(outside[best])
        assert fold.rank == 1 + int((outside > outside[best]).sum())


def test_the_parts_of_folds_are_separate_runs(folded: bt.PurgedKFold, bars: bt.Bars) -> None:
    execution = bt.Execution(slippage_bps=1.0, commission_bps=0.5, close_at_end=True)
    rows = max(
        int(((bars.timestamp >= a) & (bars.timestamp < b)).sum())
        for ((a, b),) in (f.test for f in folded.folds)
    )
    capital = 1_000_000.0
    for fold in folded.folds:
        start, end = fold.test[0]
        alone = bt.run(
            {"A": bars}, "ma_crossover", fold.params, start=start, end=end, warm_up=rows, execution=execution,
            initial_capital=capital, periods_per_year=252.0, progress=False,
        )  # fmt: skip
        assert alone.fingerprint == fold.result.fingerprint
        assert alone.trades.tobytes() == fold.result.trades.tobytes()
        capital = float(alone.metrics["final_equity"])
    assert folded.result.metrics["final_equity"] == capital
    assert folded.result.reconcile().is_exact


def test_each_path_takes_each_group_from_the_split_of_the_table(crossed: bt.CPCV) -> None:
    assert len(crossed.folds) == 6
    assert len(crossed.paths) == 3
    parts_of_manifests = [path.manifest["parts"] for path in crossed.paths]
    for j, parts in enumerate(parts_of_manifests):
        for group, part in enumerate(parts):
            fold = crossed.folds[int(crossed.path_splits[j, group])]
            assert group in fold.groups
            chosen = {name: part["run"]["strategy"]["params"][name] for name in fold.params}
            assert chosen == fold.params
            assert (part["run"]["start"], part["run"]["end"]) == fold.test[fold.groups.index(group)]
    assert all(path.reconcile().is_exact for path in crossed.paths)
    sharpe = [path.metrics["sharpe_ratio"] for path in crossed.paths]
    assert crossed.path_objectives.tolist() == sharpe
    found = crossed.distribution()
    assert found["median"] == np.median(sharpe)
    assert found["std"] == pytest.approx(np.std(sharpe, ddof=1))
    assert found["share_above_zero"] == np.mean(np.array(sharpe) > 0)


@pytest.mark.parametrize(
    "name",
    ["sharpe_ratio", "sortino_ratio", "total_return", "annual_return", "annual_volatility", "max_drawdown",
     "calmar_ratio"],
)  # fmt: skip
def test_objectives_of_all_periods_equal_the_metrics_of_the_run(name: str, bars: bt.Bars) -> None:
    from btcore.research.validation.objectives import OBJECTIVES, Returns, value_of

    for risk_free in (0.0, 0.03):
        run = bt.run({"A": bars}, "ma_crossover", risk_free=risk_free, progress=False)
        simple = run.period_returns["return"] / 100
        rate = (1 + risk_free) ** (1 / 252) - 1
        returns = Returns(simple, simple - rate, 252.0)
        found = value_of(OBJECTIVES[name], returns, np.arange(len(simple)))
        # The drawdown of the run is that of its points, which are days here.
        assert found == pytest.approx(run.metrics[name], rel=1e-9)


def test_the_direction_chooses_the_lowest(bars: bt.Bars) -> None:
    terms: dict[str, Any] = {"objective": "max_drawdown", "progress": False, "folds": 3}
    low = bt.purged_kfold({"A": bars}, "ma_crossover", GRID, direction="minimize", **terms)
    high = bt.purged_kfold({"A": bars}, "ma_crossover", GRID, direction="maximize", **terms)
    assert all(a.in_sample < b.in_sample for a, b in zip(low.folds, high.folds, strict=True))


@pytest.mark.parametrize("function", [bt.purged_kfold, bt.cpcv])
def test_an_objective_that_is_not_one_of_returns_is_refused_with_the_list(
    function: Any, bars: bt.Bars
) -> None:
    with pytest.raises(
        ConfigError, match=r"'win_rate' is not computed from returns alone.*sharpe_ratio, sortino"
    ):
        function({"A": bars}, "ma_crossover", GRID, objective="win_rate", progress=False)
    with pytest.raises(ConfigError, match="direction: 'up' is not 'maximize' or 'minimize'"):
        function({"A": bars}, "ma_crossover", GRID, direction="up", progress=False)
    with pytest.raises(ConfigError, match="purge"):
        function({"A": bars}, "ma_crossover", GRID, purge=-1, progress=False)
    with pytest.raises(ConfigError, match="learns from runs over all data"):
        function({"A": bars}, "ma_crossover", GRID, method="optuna", progress=False)


@pytest.mark.parametrize(
    ("terms", "text"),
    [
        ({"train": "9y"}, "have no room for '9y' of training"),
        ({"purge": "2y"}, "window 0: its training, .* has no rows"),
        ({"objective": "sharp_ratio"}, "did you mean 'sharpe_ratio'"),
        ({"direction": "max"}, "direction"),
        ({"warm_up": -1}, "warm_up"),
        ({"test": "0d"}, "test: '0d' is not"),
        ({"step": "1mo"}, "step: it is shorter than test"),
    ],
)
def test_wrong_terms_of_a_walk_forward(terms: dict[str, Any], text: str, bars: bt.Bars) -> None:
    given = {"train": "1y", "test": "6mo", "progress": False, **terms}
    with pytest.raises(ConfigError, match=text):
        bt.walk_forward({"A": bars}, "ma_crossover", GRID, **given)


@pytest.mark.parametrize("name", ["anchored", "keep_short", "close_at_end", "check_leaks", "ranks"])
def test_a_switch_is_a_boolean(name: str, bars: bt.Bars) -> None:
    with pytest.raises(ConfigError, match=f"{name}: 'no' is not a boolean"):
        bt.walk_forward({"A": bars}, "ma_crossover", GRID, train="1y", test="6mo", **{name: "no"})
    if name in ("close_at_end", "check_leaks"):
        with pytest.raises(ConfigError, match=f"{name}: 'no' is not a boolean"):
            bt.purged_kfold({"A": bars}, "ma_crossover", GRID, progress=False, **{name: "no"})


@pytest.mark.parametrize("test", ["1s", timedelta(microseconds=1)])
def test_tests_between_the_rows_are_refused_at_once(test: Any, bars: bt.Bars) -> None:
    with pytest.raises(ConfigError, match=r"window 1: its test, .* has no rows"):
        bt.walk_forward({"A": bars}, "ma_crossover", GRID, train="1y", test=test)


@pytest.mark.parametrize("option", [{"keep": 2}, {"out": "all.parquet"}], ids=["keep", "out"])
@pytest.mark.parametrize("validate", [bt.purged_kfold, bt.cpcv, bt.walk_forward])
def test_sets_that_are_best_over_all_data_are_not_the_choice(
    validate: Any, option: dict[str, Any], bars: bt.Bars
) -> None:
    spans = {"train": "1y", "test": "6mo"} if validate is bt.walk_forward else {}
    with pytest.raises(ConfigError, match=f"{next(iter(option))}: parameters are chosen among all sets"):
        validate({"A": bars}, "ma_crossover", GRID, **spans, **option)


@pytest.mark.parametrize("validate", [bt.purged_kfold, bt.walk_forward])
def test_a_stopped_search_chooses_nothing(validate: Any, bars: bt.Bars) -> None:
    spans = {"train": "2y", "test": "11mo"} if validate is bt.walk_forward else {}
    calls = itertools.count()
    params = {"percent": np.linspace(0.1, 2.0, 40)}
    with pytest.raises(
        bt.BtcoreError,
        match=r"stopped (after [0-9]+ trials, before all had|before the first window had) ended",
    ):
        validate(
            {"A": bars}, EveryDip, params, stop=lambda: next(calls) > 20, workers=1, progress=False, **spans
        )


class EveryDip(bt.Strategy):
    """Buys a fall of `percent`; fails in 2022 if `fails`."""

    percent: float = 1.0
    fails: float = -1.0

    def on_bar(self, ctx, bar):  # type: ignore[no-untyped-def]
        if self.percent == self.fails and ctx.now > 1_640_995_200 * 10**9:
            raise ValueError("no data")
        ctx.order_target(bar.symbol, 100.0 if bar.close < bar.open * (1 - self.percent / 100) else 0.0)


def test_a_set_that_fails_in_a_test_only_is_recorded_too(bars: bt.Bars) -> None:
    terms: dict[str, Any] = {"train": "2y", "test": "11mo", "progress": False}
    params = {"percent": [0.2, 0.5, 1.0]}
    plain = bt.walk_forward({"A": bars}, EveryDip, params, **terms)
    (chosen,) = (fold.params["percent"] for fold in plain.folds)
    other = next(percent for percent in params["percent"] if percent != chosen)
    walk = bt.walk_forward({"A": bars}, EveryDip, params | {"fails": other}, on_error="record", **terms)
    assert walk.folds[0].params["percent"] == chosen
    assert walk.folds[0].rank is None  # not all sets have a value
    with pytest.raises(bt.StrategyError, match="no data"):
        bt.walk_forward({"A": bars}, EveryDip, params | {"fails": other}, **terms)


def test_an_unknown_keyword_is_refused_and_those_of_sweep_are_passed_on(bars: bt.Bars) -> None:
    terms: dict[str, Any] = {"train": "1y", "test": "6mo", "progress": False}
    with pytest.raises(TypeError, match=r"unknown keyword 'worker'.*workers"):
        bt.walk_forward({"A": bars}, "ma_crossover", GRID, worker=2, **terms)
    one = bt.walk_forward({"A": bars}, "ma_crossover", GRID, workers=1, **terms)
    two = bt.walk_forward({"A": bars}, "ma_crossover", GRID, workers=2, **terms)
    assert one.result.fingerprint == two.result.fingerprint
    with pytest.raises(ConfigError, match="workers"):
        bt.walk_forward({"A": bars}, "ma_crossover", GRID, workers=0, **terms)


def test_a_fold_of_intraday_bars_has_the_returns_of_days() -> None:
    minutes = bt.sample_bars("A", "2024-01-02", "2024-02-10", "5min")
    found = bt.purged_kfold(
        {"A": minutes}, "ma_crossover", {"long_period": [20, 40]}, folds=3, progress=False
    )
    starts = [fold.test[0][0] for fold in found.folds]
    first_rows = {
        int(t) for t in minutes.timestamp[np.append(True, np.diff(minutes.timestamp) > 3600 * 10**9)]
    }
    assert set(starts) <= first_rows
    days = {int(t) // (86_400 * 10**9) for t in minutes.timestamp}
    assert "groups of returns by day" in found.notes[0]
    assert len(days) == len(found.result.period_returns)


def test_ticks_and_bars_of_several_symbols_are_walked_through() -> None:
    quotes = bt.sample_quotes("Q", "2024-01-02", "2024-01-06")
    minutes = bt.sample_bars("M", "2024-01-02", "2024-01-06", "1min")
    found = bt.walk_forward(
        {"Q": quotes, "M": minutes}, "ma_crossover", {"long_period": [20, 40]}, train="1d", test="1d",
        execution=COSTS, progress=False,
    )  # fmt: skip
    assert len(found.folds) >= 2
    assert (np.diff(found.result.equity_curve["timestamp"]) > 0).all()
    assert found.result.reconcile().is_exact


def test_a_source_is_read_and_its_rows_before_the_test_are_seen(tmp_path: Path, bars: bt.Bars) -> None:
    catalog = bt.Catalog(tmp_path / "catalog")
    catalog.write("A", bars)
    terms: dict[str, Any] = {"train": "1y", "test": "6mo", "execution": COSTS, "progress": False}
    of_catalog = bt.walk_forward(catalog, "ma_crossover", GRID, symbols=["A"], **terms)
    of_memory = bt.walk_forward({"A": bars}, "ma_crossover", GRID, **terms)
    assert of_catalog.result.trades.tobytes() == of_memory.result.trades.tobytes()
    alone = bt.walk_forward(bars, "ma_crossover", GRID, symbol="A", **terms)
    assert alone.result.fingerprint == of_memory.result.fingerprint


def test_a_bar_that_straddles_the_end_of_a_window_is_in_neither() -> None:
    """A day of B begins at 12:00: a window that ends at midnight does not have the one that ends after it."""
    half = 43_200 * 10**9
    a, b = noise(1, 60), noise(2, 60)
    later = bt.Bars(b.timestamp + half, b.open, b.high, b.low, b.close, interval="1d")
    found = bt.walk_forward(
        {"A": a, "B": later}, "buy_and_hold", {"weight": [0.5, 1.0]}, train="20d", test="10d", progress=False
    )
    curve = found.result.equity_curve["timestamp"]
    assert (np.diff(curve) > 0).all()
    for fold in found.folds:
        assert fold.train[0][1] <= fold.test[0][0] - half
        assert int(fold.result.equity_curve["timestamp"][-1]) <= fold.test[0][1] + half


def test_the_walk_ends_when_the_capital_is_lost() -> None:
    price = np.append(np.full(30, 100.0), 100.0 * 0.5 ** np.arange(1, 31))
    times = (18_262 + np.arange(60)) * 86_400 * 10**9
    bars = bt.Bars(times, price, price, price, price, interval="1d")
    found = bt.walk_forward(
        {"A": bars}, "buy_and_hold", {"weight": [4.0, 5.0]}, train=20, test=10,
        objective="total_return", execution=bt.Execution(leverage=5.0), progress=False,
    )  # fmt: skip
    assert found.result.metrics["final_equity"] < 0
    assert len(found.folds) == 2
    assert any("and later ones are not played: the capital is -" in note for note in found.notes)
